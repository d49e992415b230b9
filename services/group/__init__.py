"""Customer groups (客户群): what is known of them, whose each was at a moment, what was sold in it."""

from __future__ import annotations

from domain.group import NotALeader, UnknownGroup
from services.group.codes import join_ways, made, new_join_way, way_of
from services.group.known import Told, due, failed, failing, happened, look_again, note, take_in, unheard_of
from services.group.leader import (
    assign,
    changes,
    exists,
    find,
    history,
    led_by,
    listed,
    names,
    now_known,
    of_leaders,
    reconsider,
    release,
    set_role,
    succeed,
)
from services.group.place import Place, place
from services.group.sales import GroupSales, of_leader, orders

__all__ = [
    "GroupSales",
    "NotALeader",
    "Place",
    "Told",
    "UnknownGroup",
    "assign",
    "changes",
    "due",
    "exists",
    "failed",
    "failing",
    "find",
    "happened",
    "history",
    "join_ways",
    "led_by",
    "listed",
    "look_again",
    "made",
    "names",
    "new_join_way",
    "note",
    "now_known",
    "of_leader",
    "of_leaders",
    "orders",
    "place",
    "reconsider",
    "release",
    "set_role",
    "succeed",
    "take_in",
    "unheard_of",
    "way_of",
]
