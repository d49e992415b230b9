"""API errors: HTTP 200 with errcode, errmsg, a hint and the caller's address, as the platform writes them."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

MESSAGES = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid UserID",
    40004: "invalid media type",
    40005: "invalid type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40011: "invalid video size",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub button level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40031: "invalid userid list",
    40032: "invalid user list size",
    40035: "invalid parameter",
    40054: "invalid sub button url",
    40055: "invalid button url",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40074: "news does not support safe mode",
    40096: "invalid external userid",
    40098: "user not verified",
    40123: "invalid image",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "secret missing",
    41006: "media_id missing",
    41009: "userid missing",
    41010: "url missing",
    41011: "agentid missing",
    41016: "title missing",
    41035: "external_userid missing",
    41037: "contact way type missing",
    41038: "contact way scene missing",
    41039: "invalid contact way type",
    41040: "invalid contact way scene",
    41041: "contact way user list size out of limit",
    41042: "invalid contact way style",
    41043: "config_id missing",
    41044: "invalid config_id",
    41045: "contact way size out of limit",
    41046: "msgid missing",
    41047: "invalid msgid",
    41048: "no customer to send",
    41049: "welcome_code missing",
    41050: "invalid welcome code",
    41051: "externaluser has started chatting",
    41054: "user not activated",
    41056: "invalid external_userid type",
    41063: "groupmsg is being dispatched",
    41064: "attachments size out of limit",
    41065: "invalid attachments msgtype",
    41088: "attachments empty",
    41091: "chat_id_list size out of limit",
    41093: "groupmsg has been cancelled",
    41094: "remind times out of limit",
    41096: "welcome msg is being distributed",
    42001: "access_token expired",
    42014: "invalid task_id",
    42031: "invalid card_type",
    42052: "message recall time limit exceeded",
    43012: "require callback url",
    44001: "empty media data",
    44004: "empty content",
    45001: "media size out of limit",
    45008: "article size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    45034: "url without scheme",
    46003: "menu not exist",
    48002: "api forbidden",
    49008: "group has been dismissed",
    50100: "invalid cursor",
    50003: "app disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60140: "invalid response_code",
    84061: "not external contact",
    84074: "no permission of external contact",
    81012: "user & party & tag all empty",
    81013: "user & party & tag all invalid",
    81017: "request count out of limit",
    82002: "party list size out of limit",
    82003: "tag list size out of limit",
    90207: "invalid miniprogram appid",
    90501: "not a customer group",
    93000: "invalid webhook url",
    93017: "empty content",
    93018: "image size out of limit",
    95000: "invalid open_kfid",
    95001: "message count out of limit",
    95002: "customer has not written within 48 hours",
    95007: "invalid token",
    95008: "msgmenu item count out of limit",
    95009: "invalid msgmenu item type",
    95014: "user is not a servicer",
    95016: "service state transition not allowed",
    95018: "service state does not allow sending",
    95019: "servicer is not receiving",
    95033: "duplicate msgid",
    301002: "agentid does not belong to this access_token",
    301019: "md5 not match",
}

_number = itertools.count(1)


class ApiError(Exception):
    """An errcode that the API answers; `message` replaces the usual words."""

    def __init__(self, code: int, message: str | None = None) -> None:
        super().__init__(f"{code} {message or ''}".strip())
        self.code = code
        self.message = message or MESSAGES.get(code, "invalid Request Parameter")


def body(code: int, message: str, *, ip: str, now: float) -> dict[str, Any]:
    """The failure body; the hint is what the platform's support asks for."""
    hint = f"[{int(now)}_{next(_number)}_{secrets.token_hex(16)}]"
    more = f"https://open.work.weixin.qq.com/devtool/query?e={code}"
    return {"errcode": code, "errmsg": f"{message}, hint: {hint}, from ip: {ip}, more info at {more}"}
