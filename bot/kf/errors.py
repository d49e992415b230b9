"""What the errcodes of 微信客服 ask for, beside those of WeCom.

Source   reference/wecom.md §9.9
"""

from __future__ import annotations

from bot.wecom import errors
from bot.wecom.errors import Kind, Refused, by_code

TOO_MANY, TOO_LATE, BAD_TOKEN, BARRED, NO_TRANSITION = 95001, 95002, 95007, 95018, 95016
BAD_PARAMETER = 40058

KINDS = errors.KINDS | by_code(
    {
        Kind.WINDOW: (TOO_MANY, TOO_LATE, 95013, BARRED, 95031),
        Kind.FIX: (95000, 95003, 95004, 95011, 95012, 95017, 95026, 95027),
        Kind.DROP: (95014, NO_TRANSITION, 95019, 95020),
        Kind.CONTENT: (95005, 95006, BAD_TOKEN, 95008, 95009),
    }
)


class Barred(Refused):
    """The session's state forbids the message; `state` is what the platform says that it is."""

    def __init__(self, fault: Refused, state: int) -> None:
        super().__init__(fault.path, fault.errcode, fault.errmsg, KINDS)
        self.state = state
