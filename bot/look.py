"""What `flask doctor` asks of every platform in the same way: its token, and our callback as it would verify it.

Raises   nothing of the network's: what does not answer is a finding
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from bot.wecom.errors import Refused, TokenRejected, WeComFault
from models.base import Sessions
from services.doctor import Finding, require_database

TIMEOUT_SECONDS = 5  # as long as a platform waits for us
SLOW_SECONDS = 1.0  # within which it wants the answer of a verification


@dataclass(frozen=True)
class Platform:
    """name       as a person calls it
    api_base   where its API is, and `variable` that says so
    simulated  the simulator's own: what does not answer is started with `make run`
    remedy     what to do about an errcode
    """

    name: str
    api_base: str
    variable: str
    simulated: bool
    remedy: Callable[[int], str]

    def do(self, fault: WeComFault) -> str:
        if isinstance(fault, Refused | TokenRejected):
            return self.remedy(fault.errcode)
        if self.simulated:
            return "模拟器没有应答：用 make run 启动"
        return f"检查本机能否访问 {self.api_base}（防火墙、代理、DNS），再看 {self.variable}"

    def silent(self, fault: WeComFault) -> str:
        if isinstance(fault, Refused):
            return f"{self.name}拒绝了调用：{fault.reason}"
        return f"{self.name}没有应答：{fault.reason}"


def token(
    name: str, title: str, platform: Platform, sessions: Sessions, check: Callable[[], object]
) -> Iterator[Finding]:
    """`check` asks for a token that the platform takes."""
    require_database(sessions)
    try:
        check()
    except WeComFault as fault:
        yield Finding(name, title, "wrong", f"取不到 access_token：{fault.reason}", platform.do(fault))
        return
    yield Finding(name, title, "ok", "有 access_token 可用")


def callback(
    name: str,
    title: str,
    target: str,
    query: Mapping[str, str],
    word: str,
    *,
    platform: Platform,
    how: str,
    why: Callable[[requests.Response], str],
) -> Iterator[Finding]:
    """A platform's verification, from here: for `query` the address must answer `word`.

    why, how   what an answer that is another one means, and what to do about it
    """
    began = time.monotonic()
    try:
        with loopback_session(target) as session:
            response = session.get(target, params=query, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as fault:
        do = "启动应用；已在运行时，让 BASE_URL 的域名指到它（DNS、反向代理、证书），本机也要能访问"
        yield Finding(name, title, "wrong", f"{target} 连不上（{type(fault).__name__}）", do)
        return
    seconds = time.monotonic() - began
    if response.status_code != 200 or response.text != word:
        yield Finding(name, title, "wrong", f"{target} 答了 HTTP {response.status_code}，{why(response)}", how)
    elif seconds > SLOW_SECONDS:
        do = f"{platform.name}要求一秒内应答：看应用和反向代理是否过载"
        yield Finding(name, title, "note", f"{target} 通过验证，但用了 {seconds:.1f} 秒", do)
    else:
        yield Finding(name, title, "ok", f"{target} 通过{platform.name}的验证，{seconds * 1000:.0f} 毫秒")


def loopback_session(target: str) -> requests.Session:
    """A company's proxy is used, but not for what runs on this machine."""
    session = requests.Session()
    session.trust_env = not is_loopback(target)
    return session


def is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
