"""What the 公众号's errcodes ask for. HTTP is 200 whatever happened, and an errcode that is missing is 0.

Source   reference/official-account.md §6.2, §7, §17. As for WeCom, FIX is only what concerns the account as a whole:
         a message that is wrong by itself is CONTENT.
"""

from __future__ import annotations

from bot.wecom.errors import Kind, by_code

NO_MENU, NOT_IN_LIST = 46003, 40164

KINDS = by_code(
    {
        Kind.RETRY: (-1, 44990, 45011),
        Kind.REFRESH: (40001, 40014, 42001),
        Kind.QUOTA: (45009,),
        Kind.WINDOW: (43004, 43101, 45015, 45047, 48002, 50005),
        Kind.FIX: (
            40013, 40125, 40164, 40243, 41001, 41002, 41004, 48001, 48004, 50001, 50002, range(61000, 62000),
        ),
        Kind.DROP: (40003,),
        Kind.CONTENT: (
            *range(40004, 40007), 40008, 40009, *range(40015, 40030), 40037, 40163, 41005, 41006, 41008, 41030,
            *range(44001, 44005), *range(45001, 45009), 45072, 46001, 46002, 46003, 47001, 47003,
        ),
        Kind.REUPLOAD: (40007,),
    }
)  # fmt: skip
