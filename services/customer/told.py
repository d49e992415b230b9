"""What WeCom's API tells of customers, as values. Integers may come as text; what is missing stays None.

Source   reference/wecom.md §8.1: `externalcontact/get` and `batch/get_by_user`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LONGEST_NAME, LONGEST_STATE = 128, 64
WECHAT = 1


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who a customer is; `repr` shows nothing of him. kind: 1 with WeChat, 2 of another enterprise."""

    external_userid: str
    name: str | None
    kind: int | None
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Follow:
    """That he is a member's customer: since when, by which state."""

    userid: str
    at: datetime
    state: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a walk."""

    person: Person
    follow: Follow


@dataclass(frozen=True, slots=True)
class Page:
    """`unlicensed`: members of whom the platform tells nothing."""

    rows: tuple[Row, ...]
    next_cursor: str
    unlicensed: tuple[str, ...]


def person(told: dict[str, Any]) -> Person:
    """`external_contact`; KeyError without an id."""
    name, union = str(told.get("name") or "")[:LONGEST_NAME], str(told.get("unionid") or "")
    kind = told.get("type")
    return Person(str(told["external_userid"]), name or None, int(kind) if kind else None, union or None)


def follow(told: dict[str, Any]) -> Follow:
    """`follow_user[]` or `follow_info`; KeyError, ValueError without member or time."""
    at = datetime.fromtimestamp(int(told["createtime"]), UTC)
    return Follow(str(told["userid"]).lower(), at, state_of(told.get("state")))


def page(answer: dict[str, Any]) -> Page:
    """An answer of batch/get_by_user."""
    rows = tuple(
        Row(person(row["external_contact"]), follow(row["follow_info"])) for row in answer["external_contact_list"]
    )
    unlicensed = (answer.get("fail_info") or {}).get("unlicensed_userid_list") or []
    return Page(rows, str(answer.get("next_cursor") or ""), tuple(str(userid).lower() for userid in unlicensed))


def state_of(text: object) -> str | None:
    """A state as it is kept: cut to its column, None for none."""
    return str(text or "")[:LONGEST_STATE] or None
