"""Customer groups (客户群): what is known of them, whose each was at a moment, what was sold in it."""

from __future__ import annotations

from domain.group import NotALeader, UnknownGroup
from services.group.codes import join_ways, new_join_way, way_of
from services.group.known import Told, due, failed, happened, note, take_in, unheard_of
from services.group.leader import (
    assign,
    find,
    led_by,
    listed,
    now_known,
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
    "due",
    "failed",
    "find",
    "happened",
    "join_ways",
    "led_by",
    "listed",
    "new_join_way",
    "note",
    "now_known",
    "of_leader",
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
