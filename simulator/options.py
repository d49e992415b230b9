"""What the simulator is told at its start: the app's credentials, the enterprise's people, the limits.

Nothing here is read from the environment; `python -m simulator` does that in `__main__`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

DAY = 86400


@dataclass(frozen=True)
class Member:
    """A member (成员) of the enterprise.

    `visible` is the app's visible range (outside it: `invaliduser`, no callbacks); `licensed` is the
    接口许可 licence (without it: `unlicenseduser`); `role` only decides where the page seats him.
    """

    userid: str
    name: str
    role: str = "colleague"  # distributor, operator, colleague
    position: str = ""
    departments: tuple[int, ...] = (1,)
    visible: bool = True
    licensed: bool = True


@dataclass(frozen=True)
class Limits:
    """Every limit and every undocumented choice of the platform, changeable while it runs.

    Seconds are of the simulator's clock, except `callback_timeout`, `verify_timeout` and `retry_delays`,
    which are real ones: they measure a real HTTP exchange.
    """

    member_per_minute: int = 30
    member_per_hour: int = 1000
    account_limit: int = 500  # seats; message/send allows 200 person-times a day for each
    robot_per_minute: int = 20
    api_per_minute: int = 10_000
    api_per_hour: int = 150_000
    send_counted: bool = False  # whether message/send is part of it; one source says that it is not
    token_seconds: int = 7200
    expired_errcode: int = 42001  # some gateways answer 40014 instead
    wrong_secret_limit: int = 20  # within wrong_secret_seconds, then the IP is banned
    wrong_secret_seconds: int = 600
    ban_seconds: int = 3600
    ip_list_covers_gettoken: bool = False
    media_seconds: int = 3 * DAY
    image_bytes: int = 10 * 1024 * 1024
    uploadimg_per_day: int = 1000
    uploadimg_per_month: int = 3000
    response_code_seconds: int = 3 * DAY
    recall_seconds: int = DAY
    duplicate_seconds: int = 1800
    callback_timeout: float = 5.0
    verify_timeout: float = 1.0
    retries: int = 3
    retry_delays: tuple[float, ...] = (1.0, 2.0, 4.0)
    retry_on_non_200: bool = True  # the two official pages disagree
    passive_card_update: bool = True  # a hidden note says that the server ignores it
    misspelt_option_ids: bool = False  # OpitonIds/OpitonId, as some fixtures have it
    official_deliveries: int = 3  # of one callback of the 公众号 altogether
    official_newest_act_only: bool = False  # how grants add up is not documented: each by itself, or the newest alone
    official_templates_per_day: int = 100_000
    stream_interval: float = 1.0  # real seconds between two questions for the rest of a robot's answer
    robot_hides_userids: bool = False  # the 智能机器人 was not made by a super admin
    kf_messages: int = 5  # for one of the customer's, within kf_window_seconds
    kf_window_seconds: int = 2 * DAY
    kf_history_seconds: int = 3 * DAY  # of the log
    kf_token_seconds: int = 600
    kf_bare_per_minute: int = 6  # sync_msg without a token: "strict", and nobody says how
    kf_welcome_seconds: int = 20
    kf_event_names_account: bool = True  # deliveries without OpenKfId were seen in 2022
    kf_may_end_early: bool = True  # by the API from 0, 1 and 2: the edges stand in a picture only
    contact_granted: bool = True  # off: the app is not listed under 可调用接口的应用
    contact_unionid: bool = True  # off: no 微信开发者ID is bound, customers have no unionid
    contact_codes: int = 500_000  # 联系我 and 加入群聊 together
    contact_get_page: int = 500  # followers in one answer of externalcontact/get
    welcome_seconds: int = 20
    acquisition_total: int = 1000  # customers paid for by 获客链接
    group_lag_seconds: float = 2.0  # how far groupchat/get is behind what happened
    group_capacity: int = 200  # of a group that is joined by code; then the next one is made
    group_list_members: int = 1000  # visible members beyond which groupchat/list asks for owner_filter (81017)
    groupmsg_dispatch_seconds: float = 5.0  # for so long a new 群发 cannot be asked about (41063)
    groupmsg_days: int = 0  # what a customer or group may get: 0 the days of the month a month, 7 a week, 1 a day
    groupmsg_reminders: int = 3  # of one task within 24 hours

    def changed(self, patch: dict[str, Any]) -> Limits:
        """A copy with some fields changed; ValueError names an unknown field or a wrong type."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        clean: dict[str, Any] = {}
        for name, value in patch.items():
            if name not in known:
                raise ValueError(f"{name}: no such setting; there are {', '.join(sorted(known))}")
            clean[name] = _like(name, known[name], value)
        return replace(self, **clean)


def _like(name: str, sample: Any, value: Any) -> Any:
    if isinstance(sample, bool):
        good = isinstance(value, bool)
    elif isinstance(sample, int):
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    elif isinstance(sample, float):
        good = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    else:
        good = isinstance(value, list | tuple) and all(isinstance(item, int | float) for item in value)
        value = tuple(float(item) for item in value) if good else value
    if not good:
        raise ValueError(f"{name}: {value!r} is not like {sample!r}")
    return value


DEFAULT_MEMBERS = (
    Member("lihua", "李华", "distributor", "社群推广"),
    Member("zhangmin", "张敏", "distributor", "门店导购"),
    Member("boss", "陈老板", "operator", "店主"),
    Member("wangfang", "王芳", position="客服"),
    Member("zhaolei", "赵磊", position="仓库"),
    Member("liuyang", "刘洋", position="视频号主播"),
    Member("sunli", "孙丽", position="财务", visible=False),
    Member("zhoujie", "周杰", position="实习生", licensed=False),
)


@dataclass(frozen=True)
class Fan:
    """Somebody with WeChat who may follow the 公众号; `id` is his chat on the page and in the control API."""

    id: str
    name: str
    follows: bool = False


DEFAULT_FANS = (Fan("oa-linxia", "林夏"), Fan("oa-zhouyu", "周宇"))


@dataclass(frozen=True)
class OfficialOptions:
    """A 公众号 (认证服务号) as the app was told about it; `callback_url` is where the app listens for it."""

    app_id: str
    secret: str
    token: str
    aes_key: str
    callback_url: str
    original_id: str = "gh_5e6f0c1d2b3a"
    name: str = "云朵优选"
    fans: tuple[Fan, ...] = DEFAULT_FANS

    def __repr__(self) -> str:
        return f"OfficialOptions(app_id={self.app_id!r}, callback_url={self.callback_url!r})"


@dataclass(frozen=True)
class Guest:
    """Somebody in WeChat who opens the 微信客服; `person`: who he is in the 公众号 or among the customers."""

    id: str
    name: str
    person: str = ""


DEFAULT_GUESTS = (
    Guest("kf-songyu", "宋雨"),
    Guest("kf-linxia", "林夏", "oa-linxia"),
    Guest("kf-zhou", "周女士", "cust-zhou"),
)


@dataclass(frozen=True)
class KfOptions:
    """A service account (open_kfid) of the enterprise and the secret of the app that may call it."""

    account: str
    secret: str
    name: str = "云朵优选客服"
    servicers: tuple[str, ...] = ("wangfang",)
    guests: tuple[Guest, ...] = DEFAULT_GUESTS

    def __repr__(self) -> str:
        return f"KfOptions(account={self.account!r})"


@dataclass(frozen=True)
class Customer:
    """Somebody outside the enterprise; kind 1: with WeChat, 2: a member of another enterprise with WeCom."""

    id: str
    name: str
    kind: int = 1


DEFAULT_CUSTOMERS = (
    Customer("cust-zhou", "周女士"),
    Customer("cust-wu", "吴先生"),
    Customer("cust-zheng", "郑小姐"),
    Customer("cust-qian", "钱经理", 2),
)


@dataclass(frozen=True)
class ContactOptions:
    """客户联系: the secret that may call it, the members in its usage range, the people outside.

    The secret may be the app's own; another one acts as an app of its own.
    """

    secret: str = field(repr=False)
    members: tuple[str, ...] = ("lihua", "zhangmin", "wangfang", "boss")
    customers: tuple[Customer, ...] = DEFAULT_CUSTOMERS


@dataclass(frozen=True)
class RobotOptions:
    """The 智能机器人 as the app was told about it; `media_base` is where the simulator itself answers."""

    token: str
    aes_key: str
    callback_url: str
    media_base: str = ""
    name: str = "分销助手"
    bot_id: str = "aibSIMULATOR1"

    def __repr__(self) -> str:
        return f"RobotOptions(callback_url={self.callback_url!r})"


@dataclass(frozen=True)
class Options:
    """The enterprise as the app was told about it.

    `callback_url` is where the app listens. `clock_file` holds the seconds that are added to the system's
    clock. `state_path` is a SQLite file in which chats survive a restart; None keeps them in memory.
    `mall_url` and `mall_secret` are for the customer's phone: links of that address open in it, and it buys
    through the order API there.
    """

    corp_id: str
    agent_id: int
    secret: str
    token: str
    aes_key: str
    callback_url: str
    robot_keys: tuple[str, ...] = ()
    clock_file: Path | None = None
    state_path: Path | None = None
    mall_url: str | None = None
    mall_secret: str | None = None
    members: tuple[Member, ...] = DEFAULT_MEMBERS
    limits: Limits = field(default_factory=Limits)
    app_name: str = "推客助手"
    corp_name: str = "云朵优选"
    callback_workers: int = 8
    official: OfficialOptions | None = None
    kf: KfOptions | None = None
    contact: ContactOptions | None = None
    robot: RobotOptions | None = None

    def __repr__(self) -> str:
        return f"Options(corp_id={self.corp_id!r}, agent_id={self.agent_id}, callback_url={self.callback_url!r})"
