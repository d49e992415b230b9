"""The signature of the order API: three headers over the raw body.

    X-Signature = hex(HMAC-SHA256(ORDER_API_SECRET, X-Timestamp + "\\n" + X-Nonce + "\\n" + body))

Raises   Unsigned, which says what is wrong with which header
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.errors import DomainError

FRESH_SECONDS = 300
TIMESTAMP, NONCE, SIGNATURE = "X-Timestamp", "X-Nonce", "X-Signature"

_FORMS = {
    TIMESTAMP: (re.compile(r"[0-9]{1,12}"), "Unix 时间，整数秒"),
    NONCE: (re.compile(r"[!-~]{1,128}"), "1 到 128 个可见的 ASCII 字符，每次请求都不同"),
    SIGNATURE: (re.compile(r"[0-9a-fA-F]{64}"), "64 位十六进制的 HMAC-SHA256"),
}


class Unsigned(DomainError):
    """A request that is not proven to be the mall's; `fields` are the headers that are at fault."""

    def __init__(self, code: str, message: str, fields: list[tuple[str, str]]) -> None:
        self.code, self.message, self.fields = code, message, fields
        super().__init__()


@dataclass(frozen=True, slots=True)
class Signed:
    timestamp: str
    nonce: str
    signature: str

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Signed:
        missing = [(name, f"缺少请求头：{form}") for name, (_, form) in _FORMS.items() if not headers.get(name)]
        if missing:
            raise Unsigned("missing_header", "缺少签名请求头：" + "、".join(name for name, _ in missing), missing)
        wrong = [
            (name, f"要写：{form}") for name, (pattern, form) in _FORMS.items() if not pattern.fullmatch(headers[name])
        ]
        if wrong:
            raise Unsigned("malformed_header", "签名请求头的格式不对：" + "、".join(name for name, _ in wrong), wrong)
        return cls(headers[TIMESTAMP], headers[NONCE], headers[SIGNATURE])

    def check(self, body: bytes, secret: str, clocks: Iterable[datetime]) -> None:
        """Refuse a stale timestamp, judged by each of `clocks`, and a signature that is not that of `body`."""
        off = min((int(self.timestamp) - int(now.timestamp()) for now in clocks), key=abs)
        if abs(off) > FRESH_SECONDS:
            said = f"时间戳过期：与服务器时间相差 {abs(off)} 秒，最多允许 {FRESH_SECONDS} 秒"
            raise Unsigned("stale_timestamp", said, [(TIMESTAMP, said)])
        if not hmac.compare_digest(sign(secret, self.timestamp, self.nonce, body), self.signature.lower()):
            said = "签名不对：请核对 ORDER_API_SECRET，并对发出的原始请求体签名（GET 用空请求体）"
            raise Unsigned("wrong_signature", said, [(SIGNATURE, said)])


def sign(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Lower-case hex."""
    return hmac.new(secret.encode(), f"{timestamp}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()
