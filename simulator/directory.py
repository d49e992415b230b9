"""Small calls about the enterprise itself: members, and the platform's own addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError

if TYPE_CHECKING:
    from .api import Api, Call
    from .state import World

CALLBACK_IPS = ["127.0.0.1", "101.226.103.0/24", "182.254.11.176"]
API_IPS = ["182.254.88.0/24", "101.89.47.18"]


class Directory:
    def __init__(self, world: World, api: Api) -> None:
        self._world = world
        api.add("user/get", self._get, method="GET")
        api.add("getcallbackip", lambda _: {"ip_list": CALLBACK_IPS}, method="GET")
        api.add("get_api_domain_ip", lambda _: {"ip_list": API_IPS}, method="GET")

    def _get(self, call: Call) -> dict[str, Any]:
        userid = call.query.get("userid", "")
        if not userid:
            raise ApiError(41009)
        member = self._world.member(userid)
        if member is None:
            raise ApiError(60111)
        if not member.visible:
            raise ApiError(60011)
        return {
            "userid": member.userid,
            "name": member.name,
            "department": list(member.departments),
            "position": member.position,
            "status": 1,
            "enable": 1,
            "isleader": 0,
            "main_department": member.departments[0] if member.departments else 0,
            "alias": "",
            "telephone": "",
            "hide_mobile": 0,
        }
