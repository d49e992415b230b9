"""Settings: one typed object, read once from the environment and `.env`.

Only `app.py` and `migrations/env.py` read it; everything else is given the values that it needs. The environment wins
over `.env`, and a variable that is set and empty counts as unset. All faults are reported together (`ConfigFault`).

With DEMO=1 keys that are not set are made once and kept in `var/keys.json`, and without WECOM_CORP_ID the simulator's
enterprise is used. Without DEMO nothing is made up: a key that is missing is a fault, and there is no simulator unless
SIMULATOR_PORT asks for one.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import re
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from domain import notice
from domain.broadcast import Cap
from domain.cron import Cron
from domain.money import Money
from domain.notice import Template
from domain.periods import SHANGHAI
from domain.push import Hours

ROOT = Path(__file__).resolve().parent
WECOM_API_BASE = "https://qyapi.weixin.qq.com/cgi-bin"
OFFICIAL_API_BASE = "https://api.weixin.qq.com/cgi-bin"

# Known, for what comes later (WeChat Pay); .env.example explains them.
RESERVED = (*("WXPAY_MERCHANT_ID", "WXPAY_SERIAL", "WXPAY_KEY_FILE", "WXPAY_API_V3_KEY"),)

MOST_SERVERS = 100
LONGEST_WELCOME = 3600  # bytes, of 4,000: the nickname comes in
T = TypeVar("T")


class ConfigFault(Exception):
    """Everything that is wrong with the settings: (variable, what is wrong; what to do)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(f"{name}: {said}" for name, said in self.faults)


@dataclass(frozen=True, slots=True)
class Wecom:
    """The app of an enterprise, as 企业微信's admin console shows it; `simulated`: the simulator's own enterprise."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    api_base: str
    operators: tuple[str, ...]
    robot_keys: tuple[str, ...] = field(repr=False)
    seats: int  # 账号上限: the platform takes 200 messages a day for each
    simulated: bool
    contact_secret: str | None = field(default=None, repr=False)  # 客户联系; None: it is not used
    broadcast_cap: Cap = "month"  # how the enterprise limits what a customer or a group may get of 群发


@dataclass(frozen=True, slots=True)
class Contact:
    """客户联系 (its secret is the enterprise's): who serves customers, how they come and what they are told.

    own      distributors who are members with customer permission serve their customers themselves
    link     a 获客链接; None: codes are made
    welcome  None: the text of assets/messages; empty: nobody is welcomed
    """

    users: tuple[str, ...]
    own: bool
    link: str | None
    welcome: str | None


@dataclass(frozen=True, slots=True)
class Official:
    """The 公众号, as mp.weixin.qq.com shows it; `templates` by notice (domain.notice); `simulated`: the simulator's."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    api_base: str
    templates: Mapping[str, Template]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Robot:
    """The 智能机器人 with a callback address; `simulated`: the simulator's own."""

    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    simulated: bool


@dataclass(frozen=True, slots=True)
class Kf:
    """A service account of 微信客服 (open_kfid) and the secret that may call it; `simulated`: the simulator's."""

    account: str
    secret: str = field(repr=False)
    simulated: bool


@dataclass(frozen=True, slots=True)
class Llm:
    """A model service that is asked about sentences nobody understood; it speaks OpenAI's chat/completions."""

    api_base: str
    key: str = field(repr=False)  # empty: a service of one's own that asks for none
    model: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Settings:
    """What product.md §2 lists. `None`: not there, and the part that needs it is off."""

    demo: bool
    host: str
    port: int
    simulator_port: int | None
    base_url: str  # without a slash at its end
    var: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)  # Fernet, newest first
    order_api_secret: str | None = field(repr=False)  # None: order intake is closed
    timezone: ZoneInfo
    wecom: Wecom | None
    contact: Contact | None
    official: Official | None
    robot: Robot | None
    kf: Kf | None
    llm: Llm | None
    merchant_name: str  # who sells: stands on posters
    merchant_contact: str  # whom customers turn to: stands on posters
    join_mode: str  # open | review
    withdraw_minimum: Money
    withdraw_daily_limit: Money
    clock_file: Path | None
    settlement_cron: Cron
    leaderboard_cron: Cron
    daily_summary_cron: Cron | None  # None: no such summaries
    weekly_summary_cron: Cron | None
    quiet_hours: Hours | None

    @classmethod
    def load(cls, env: Mapping[str, str], dotenv: Path | None = None, *, var: Path = ROOT / "var") -> Settings:
        """Read and check everything; VAR_DIR goes before `var`. Raises ConfigFault with all faults."""
        given = {} if dotenv is None or not dotenv.is_file() else dotenv_values(dotenv, interpolate=False)
        merged = {**{name: value for name, value in given.items() if value is not None}, **env}
        reader = _Reader({name: value.strip() for name, value in merged.items() if value.strip()})
        values = _read(reader, Path(reader.text("VAR_DIR", str(var))).absolute())
        if reader.faults:
            raise ConfigFault(reader.faults)
        return cls(**values)

    @classmethod
    def of_process(cls) -> Settings:
        """From this process's environment and the `.env` beside app.py."""
        return cls.load(os.environ, ROOT / ".env")


class _Reader:
    """Takes values by name and collects what is wrong with them."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.faults: list[tuple[str, str]] = []

    def fault(self, name: str, said: str) -> None:
        if name not in {known for known, _ in self.faults}:
            self.faults.append((name, said))

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def parsed(self, name: str, default: str, parse: Callable[[str], T], remedy: str) -> T:
        """`parse(text)`; where that raises ValueError, a fault and the default's value."""
        try:
            return parse(self.text(name, default))
        except ValueError as wrong:
            self.fault(name, f"{wrong}; {remedy}")
            return parse(default)

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())


def _read(reader: _Reader, var: Path) -> dict[str, Any]:
    demo = reader.parsed("DEMO", "0", _flag, "write 1 for the demo merchant, or leave it out")
    host = reader.text("HOST", "127.0.0.1")
    port = reader.parsed("PORT", "8000", _port, "write a free port, such as 8000")
    remedy = "write a free port, such as 8001, or off"
    simulator_port = reader.parsed("SIMULATOR_PORT", "8001" if demo else "off", _port_or_off, remedy)
    if simulator_port == port:
        reader.fault("SIMULATOR_PORT", f"{port} is the app's own PORT; give the simulator another one, or off")
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    base_url = reader.parsed(
        "BASE_URL",
        f"http://{shown_host}:{port}",
        _web_address,
        "write the public address, such as https://tuike.example.com",
    )
    keys = _Keys(reader, var if demo or simulator_port else None)
    return {
        "demo": demo,
        "host": host,
        "port": port,
        "simulator_port": simulator_port,
        "base_url": base_url,
        "var": var,
        "database_url": reader.parsed("DATABASE_URL", f"sqlite:///{var / 'tuike.db'}", _database, _DATABASES),
        "redis_url": reader.parsed("REDIS_URL", "", _redis, "write redis://HOST:6379/0, or leave it empty") or None,
        "timezone": reader.parsed("TIMEZONE", "Asia/Shanghai", _timezone, "leave it out"),
        "merchant_name": reader.text("MERCHANT_NAME", "鲜果到家" if demo else ""),
        "merchant_contact": reader.text("MERCHANT_CONTACT", "微信客服" if demo else ""),
        "join_mode": reader.parsed("JOIN_MODE", "open", _join_mode, "write open or review"),
        "clock_file": _clock_file(reader, var, demo=demo),
        "settlement_cron": reader.parsed("SETTLEMENT_CRON", "0 3 * * *", Cron.parse, _CRON),
        "leaderboard_cron": reader.parsed("LEADERBOARD_CRON", "0 21 * * *", Cron.parse, _CRON),
        # Not on the hour: the platform asks for that. Sunday is told of on Monday, with its week.
        "daily_summary_cron": reader.parsed(
            "DAILY_SUMMARY_CRON", "off" if demo else "10 9 * * 0,2-6", _cron_or_off, f"{_CRON}, or off"
        ),
        "weekly_summary_cron": reader.parsed(
            "WEEKLY_SUMMARY_CRON", "off" if demo else "10 9 * * 1", _cron_or_off, f"{_CRON}, or off"
        ),
        # A demo is played at any hour, and its clock jumps.
        "quiet_hours": reader.parsed("QUIET_HOURS", "off" if demo else "22:00-08:00", Hours.parse, _QUIET),
        **_withdrawals(reader, demo=demo),
        **_own_keys(reader, keys if demo else _Keys(reader, None)),
        "wecom": (wecom := _wecom(reader, keys, simulator_port)),
        "contact": _contact(reader),
        "official": _official(reader, keys, simulator_port),
        "robot": _robot(reader, keys, simulated=wecom is not None and wecom.simulated),
        "kf": _kf(reader, keys, wecom),
        "llm": _llm(reader),
    }


_CRON = "write cron's five fields in Shanghai time, such as '0 3 * * *' for every night at three"
_QUIET = "write hours of Shanghai such as 22:00-08:00, or off"
_DATABASES = (
    "write postgresql+psycopg://USER:PASSWORD@HOST/NAME, mysql+pymysql://USER:PASSWORD@HOST/NAME or sqlite:///FILE,"
    " or leave it out for a SQLite file in var/"
)


LLM_LONGEST_SECONDS = 2.0  # of the five that a platform waits for our answer


def _llm(reader: _Reader) -> Llm | None:
    seconds = reader.parsed("LLM_TIMEOUT", "1.5", _llm_seconds, "write seconds from 0.2 to 2, such as 1.5")
    api_base = reader.parsed("LLM_API_BASE", "", _llm_base, "write https://…/v1, or leave it out: then nobody is asked")
    model = reader.text("LLM_MODEL")
    if api_base and not model:
        reader.fault("LLM_MODEL", "it is not set, but LLM_API_BASE is; write the name of the model to ask")
    if not api_base and (model or reader.text("LLM_API_KEY")):
        reader.fault("LLM_API_BASE", "it is not set, but LLM_MODEL or LLM_API_KEY is; write where the service is")
    return Llm(api_base, reader.text("LLM_API_KEY"), model, seconds) if api_base and model else None


def _llm_seconds(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"\d(\.\d{1,2})?", text) else 0.0
    if not 0.2 <= seconds <= LLM_LONGEST_SECONDS:
        raise ValueError(f"{text!r} is not between 0.2 and 2 seconds")
    return seconds


def _llm_base(text: str) -> str:
    if not text:
        return ""
    address = _web_address(text)
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("sentences of people would go over the network unencrypted")
    return address


def _cron_or_off(text: str) -> Cron | None:
    return None if text == "off" else Cron.parse(text)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError(f"{text!r} is no port between 1 and 65535")
    return int(text)


def _port_or_off(text: str) -> int | None:
    return None if text == "off" else _port(text)


def _web_address(text: str) -> str:
    parts = urlsplit(text)  # raises ValueError by itself for a broken [IPv6] or port
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no web address")
    _ = parts.port
    return text.rstrip("/")


def _database(text: str) -> str:
    """The URL with its driver named: what people write for PostgreSQL and MySQL elsewhere is understood too."""
    scheme, found, rest = text.partition("://")
    scheme = {
        "postgres": "postgresql+psycopg",
        "postgresql": "postgresql+psycopg",
        "mysql": "mysql+pymysql",
        "mariadb": "mysql+pymysql",
        "mariadb+pymysql": "mysql+pymysql",
    }.get(scheme, scheme)
    if not found or scheme not in ("sqlite", "postgresql+psycopg", "mysql+pymysql"):
        raise ValueError("it names no database that is supported")  # the URL may hold a password: it is not repeated
    if rest in ("", "/", "/:memory:") or (scheme != "sqlite" and not urlsplit(f"{scheme}://{rest}").path.strip("/")):
        raise ValueError("it names no database file" if scheme == "sqlite" else "it names no database on the server")
    return f"{scheme}://{rest}"


def _redis(text: str) -> str:
    if text and urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("it does not begin with redis://, rediss:// or unix://")
    return text


def _timezone(text: str) -> ZoneInfo:
    if text != SHANGHAI.key:
        raise ValueError(f"{text!r} is not supported: days, weeks and months are counted in Asia/Shanghai")
    return ZoneInfo(text)


def _join_mode(text: str) -> str:
    if text not in ("open", "review"):
        raise ValueError(f"{text!r} is neither open nor review")
    return text


def _yuan(text: str) -> Money:
    amount = Money.of_yuan(text)
    if amount.fen <= 0:
        raise ValueError(f"{text!r} is not above 0.00")
    return amount


def _withdrawals(reader: _Reader, *, demo: bool) -> dict[str, Money]:
    remedy = "write yuan with two decimals, such as "
    minimum = reader.parsed("WITHDRAW_MINIMUM", "1.00" if demo else "10.00", _yuan, remedy + "10.00")
    limit = reader.parsed("WITHDRAW_DAILY_LIMIT", "2000.00", _yuan, remedy + "2000.00")
    if limit < minimum:
        reader.fault(
            "WITHDRAW_DAILY_LIMIT", f"{limit} is below WITHDRAW_MINIMUM {minimum}; nobody could withdraw: raise it"
        )
    return {"withdraw_minimum": minimum, "withdraw_daily_limit": limit}


def _clock_file(reader: _Reader, var: Path, *, demo: bool) -> Path | None:
    text = reader.text("CLOCK_FILE")
    if text and not demo:
        reader.fault("CLOCK_FILE", "it shifts the clock, and that is for trials only; remove it, or set DEMO=1")
    return (Path(text) if text else var / "clock") if demo else None


def _fernet(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _own_keys(reader: _Reader, keys: _Keys) -> dict[str, Any]:
    command = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
    signing = keys.get("SECRET_KEY", lambda: secrets.token_urlsafe(48), f"it is not set; make one: {command}")
    if 0 < len(signing) < 16:
        reader.fault(
            "SECRET_KEY", f"it is shorter than 16 characters, so sessions could be forged; make one: {command}"
        )

    fernet = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    keys.get("ENCRYPTION_KEYS", _new_fernet, f"it is not set; make one, and keep it with the backups: {fernet}")
    encryption = reader.listed("ENCRYPTION_KEYS")
    for place, key in enumerate(encryption, 1):
        if not _fernet(key):
            reader.fault("ENCRYPTION_KEYS", f"key {place} of {len(encryption)} is no Fernet key; make one: {fernet}")
    orders = keys.get("ORDER_API_SECRET", lambda: secrets.token_hex(32))
    return {"secret_key": signing, "encryption_keys": encryption, "order_api_secret": orders or None}


def _new_fernet() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def _wecom(reader: _Reader, keys: _Keys, simulator_port: int | None) -> Wecom | None:
    """The merchant's app; else the simulator's enterprise, whose credentials are made once; else None."""
    simulated = not reader.text("WECOM_CORP_ID") and simulator_port is not None
    if simulated:
        reader.values.setdefault("WECOM_AGENT_ID", "1000002")
        reader.values.setdefault("WECOM_API_BASE", f"http://127.0.0.1:{simulator_port}/cgi-bin")
        reader.values.setdefault("WECOM_OPERATORS", "boss")
        keys.get("WECOM_CORP_ID", lambda: "ww" + secrets.token_hex(8))
        keys.get("WECOM_SECRET", lambda: _letters(43))
        keys.get("WECOM_TOKEN", lambda: _letters(24))
        # 43 characters are 258 bits, two more than the 32 bytes: a last one that leaves those two at 0
        keys.get("WECOM_AES_KEY", lambda: _letters(42) + secrets.choice("AEIMQUYcgkosw048"))
        keys.get("WECOM_ROBOT_KEYS", lambda: str(uuid.uuid4()))
        keys.get("WECOM_CONTACT_SECRET", lambda: _letters(43))
        reader.values.setdefault("WECOM_CONTACT_USERS", "wangfang")
    elif not any(reader.text(name) for name in _WECOM_PLACES):
        return None
    for name, place in _WECOM_PLACES.items():
        if not reader.text(name):
            reader.fault(name, f"it is not set; copy it from 企业微信's admin console, {place}, into .env")
    if reader.text("WECOM_AES_KEY") and not re.fullmatch(r"[A-Za-z0-9+/]{43}", reader.text("WECOM_AES_KEY")):
        reader.fault("WECOM_AES_KEY", "it is not 43 letters and digits; copy it again from 应用管理 → 接收消息")
    remedy = "copy the number from 应用管理 → the app → AgentId"
    return Wecom(
        corp_id=reader.text("WECOM_CORP_ID"),
        agent_id=reader.parsed("WECOM_AGENT_ID", "0", _number, remedy),
        secret=reader.text("WECOM_SECRET"),
        token=reader.text("WECOM_TOKEN"),
        aes_key=reader.text("WECOM_AES_KEY"),
        api_base=reader.parsed("WECOM_API_BASE", WECOM_API_BASE, _api_base, f"write {WECOM_API_BASE}, or leave it out"),
        operators=tuple(userid.lower() for userid in reader.listed("WECOM_OPERATORS")),
        robot_keys=reader.listed("WECOM_ROBOT_KEYS"),
        seats=reader.parsed("WECOM_SEATS", "500", _seats, "write 账号上限 from 我的企业, such as 500"),
        simulated=simulated,
        contact_secret=reader.text("WECOM_CONTACT_SECRET") or None,
        broadcast_cap=reader.parsed("WECOM_BROADCAST_CAP", "month", _cap, "write month, week or day, or leave it out"),
    )


_WECOM_PLACES = {
    "WECOM_CORP_ID": "我的企业 → 企业ID",
    "WECOM_AGENT_ID": "应用管理 → the app → AgentId",
    "WECOM_SECRET": "应用管理 → the app → Secret",
    "WECOM_TOKEN": "应用管理 → the app → 接收消息",
    "WECOM_AES_KEY": "应用管理 → the app → 接收消息",
}


def _contact(reader: _Reader) -> Contact | None:
    """客户联系 of the same enterprise; the simulator's is made with it. None: it is off."""
    names = ("WECOM_CONTACT_USERS", "WECOM_CONTACT_OWN", "WECOM_CONTACT_LINK", "WECOM_CONTACT_WELCOME")
    if not reader.text("WECOM_CONTACT_SECRET"):
        if any(reader.text(name) for name in names):
            place = "客户联系 → API → 可调用接口的应用, and that app's Secret"
            reader.fault("WECOM_CONTACT_SECRET", f"it is not set; copy it from 企业微信's admin console, {place}")
        return None
    if not reader.text("WECOM_CORP_ID"):
        reader.fault("WECOM_CONTACT_SECRET", "there is no enterprise; set WECOM_CORP_ID and the app's other values too")
    users = tuple(userid.lower() for userid in reader.listed("WECOM_CONTACT_USERS"))
    if len(users) > MOST_SERVERS:
        reader.fault("WECOM_CONTACT_USERS", f"{len(users)} members; a code leads to at most {MOST_SERVERS}")
    return Contact(
        users=users,
        own=reader.parsed("WECOM_CONTACT_OWN", "0", _flag, "write 1, or leave it out"),
        link=reader.parsed(
            "WECOM_CONTACT_LINK", "", _contact_link, "copy the 获客链接 from 客户联系 → 获客助手, or leave it out"
        ),
        welcome=reader.parsed(
            "WECOM_CONTACT_WELCOME", "", _welcome, "write a text that may hold {inviter}, or off, or leave it out"
        ),
    )


def _contact_link(text: str) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise ValueError(f"{text!r} is no web address")
    if "customer_channel" in parts.query:
        raise ValueError(f"{text!r} has a customer_channel already; that is each distributor's own")
    return text


def _welcome(text: str) -> str | None:
    """None: the usual text; empty: none at all."""
    if text in ("", "off"):
        return None if not text else ""
    told = text.replace("\\n", "\n")
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(told) if name is not None}
    except ValueError as fault:
        raise ValueError(f"its braces do not fit ({fault})") from None
    if names - {"inviter"}:
        raise ValueError(f"{{{min(names - {'inviter'})}}} is no fact of it")
    if len(told.encode()) > LONGEST_WELCOME:
        raise ValueError(f"it has {len(told.encode())} bytes, more than {LONGEST_WELCOME}")
    return told


def _official(reader: _Reader, keys: _Keys, simulator_port: int | None) -> Official | None:
    """The merchant's 公众号; else the simulator's, whose credentials are made once; else None."""
    simulated = not reader.text("OFFICIAL_APP_ID") and simulator_port is not None
    if simulated:
        reader.values.setdefault("OFFICIAL_API_BASE", f"http://127.0.0.1:{simulator_port}/official/cgi-bin")
        keys.get("OFFICIAL_APP_ID", lambda: "wx" + secrets.token_hex(8))
        keys.get("OFFICIAL_SECRET", lambda: secrets.token_hex(16))
        keys.get("OFFICIAL_TOKEN", lambda: _letters(24))
        keys.get("OFFICIAL_AES_KEY", lambda: _letters(42) + secrets.choice("AEIMQUYcgkosw048"))
    elif not any(reader.text(name) for name in _OFFICIAL_PLACES):
        return None
    for name, place in _OFFICIAL_PLACES.items():
        if not reader.text(name):
            reader.fault(name, f"it is not set; copy it from mp.weixin.qq.com, {place}, into .env")
    if reader.text("OFFICIAL_AES_KEY") and not re.fullmatch(r"[A-Za-z0-9+/]{43}", reader.text("OFFICIAL_AES_KEY")):
        reader.fault("OFFICIAL_AES_KEY", "it is not 43 letters and digits; copy EncodingAESKey again from 服务器配置")
    base = f"write {OFFICIAL_API_BASE}, or leave it out"
    return Official(
        app_id=reader.text("OFFICIAL_APP_ID"),
        secret=reader.text("OFFICIAL_SECRET"),
        token=reader.text("OFFICIAL_TOKEN"),
        aes_key=reader.text("OFFICIAL_AES_KEY"),
        api_base=reader.parsed("OFFICIAL_API_BASE", OFFICIAL_API_BASE, _api_base, base),
        templates=reader.parsed("OFFICIAL_TEMPLATES", "", notice.read, "see .env.example for the form"),
        simulated=simulated,
    )


_OFFICIAL_PLACES = {
    "OFFICIAL_APP_ID": "设置与开发 → 基本配置 → 开发者ID(AppID)",
    "OFFICIAL_SECRET": "设置与开发 → 基本配置 → 开发者密码(AppSecret)",
    "OFFICIAL_TOKEN": "设置与开发 → 基本配置 → 服务器配置 → 令牌(Token)",
    "OFFICIAL_AES_KEY": "设置与开发 → 基本配置 → 服务器配置 → 消息加解密密钥",
}


def _cap(text: str) -> Cap:
    for cap in get_args(Cap):
        if cap == text:
            return cap  # type: ignore[no-any-return]
    raise ValueError(f"{text!r} is none of month, week, day")


def _robot(reader: _Reader, keys: _Keys, *, simulated: bool) -> Robot | None:
    """The merchant's 智能机器人; else, in the simulator's enterprise, the simulator's; else None."""
    names = ("ROBOT_TOKEN", "ROBOT_AES_KEY")
    simulated = simulated and not any(map(reader.text, names))
    if simulated:
        keys.get("ROBOT_TOKEN", lambda: _letters(24))
        keys.get("ROBOT_AES_KEY", lambda: _letters(42) + secrets.choice("AEIMQUYcgkosw048"))
    elif not any(map(reader.text, names)):
        return None
    for name in names:
        if not reader.text(name):
            reader.fault(name, f"it is not set; copy it from 企业微信's admin console, {_ROBOT_PLACE}, into .env")
    if reader.text("ROBOT_AES_KEY") and not re.fullmatch(r"[A-Za-z0-9+/]{43}", reader.text("ROBOT_AES_KEY")):
        reader.fault("ROBOT_AES_KEY", f"it is not 43 letters and digits; copy it again from {_ROBOT_PLACE}")
    return Robot(reader.text("ROBOT_TOKEN"), reader.text("ROBOT_AES_KEY"), simulated)


_ROBOT_PLACE = "管理工具 → 智能机器人 → API 模式 → 接收消息"


def _kf(reader: _Reader, keys: _Keys, wecom: Wecom | None) -> Kf | None:
    """The merchant's service account; else the simulator's, where its enterprise is used; else None."""
    simulated = wecom is not None and wecom.simulated and not reader.text("KF_ACCOUNT")
    if simulated:
        keys.get("KF_ACCOUNT", lambda: "wk" + secrets.token_hex(12))
        keys.get("KF_SECRET", lambda: _letters(43))
    account = reader.text("KF_ACCOUNT")
    if not account:
        if reader.text("KF_SECRET"):
            reader.fault("KF_ACCOUNT", "it is not set although KF_SECRET is; write the account's open_kfid (wk…)")
        return None
    if not re.fullmatch(r"wk[0-9A-Za-z_-]{1,62}", account):
        reader.fault("KF_ACCOUNT", "it is no open_kfid, which begins with wk; `flask kf accounts` lists them")
    if wecom is None:
        reader.fault("KF_ACCOUNT", "it needs the app, to which its events come; set WECOM_CORP_ID and the others")
        return None
    return Kf(account=account, secret=reader.text("KF_SECRET") or wecom.secret, simulated=simulated)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _seats(text: str) -> int:
    if not (number := _number(text)):
        raise ValueError("0 seats send no message at all")
    return number


def _api_base(text: str) -> str:
    address = _web_address(text)
    if not address.endswith("/cgi-bin"):
        raise ValueError(f"{text!r} does not end with /cgi-bin")
    return address


class _Keys:
    """Keys that are made once and kept in `var/keys.json`, for the demo and the simulator; elsewhere a fault."""

    def __init__(self, reader: _Reader, var: Path | None) -> None:
        self._reader, self._var = reader, var

    def get(self, name: str, make: Callable[[], str], missing: str | None = None) -> str:
        """The value that was given, else the one that is kept, else a new one; without `var` a fault, if `missing`."""
        if not self._reader.text(name) and self._var is not None:
            try:
                self._reader.values[name] = keep(self._var / "keys.json", name, make)
            except (OSError, ValueError) as fault:
                self._reader.fault(name, f"it cannot be kept in var/keys.json ({fault}); make var/ writable, or set it")
        elif not self._reader.text(name) and missing:
            self._reader.fault(name, missing)
        return self._reader.text(name)


def keep(file: Path, name: str, make: Callable[[], str]) -> str:
    """What `file` holds for `name`; the first process that asks makes it. Only the owner can read the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if name not in kept:
            kept[name] = make()
            written = file.with_suffix(".new")
            written.unlink(missing_ok=True)
            with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
                json.dump(kept, new, indent=1)
                new.flush()
                os.fsync(new.fileno())
            written.replace(file)
        return str(kept[name])
