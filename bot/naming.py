"""How people who are no members are named inside: by a keyed hash of their id at the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`digest(id)` finds them, `seal(id)` keeps the id."""

    digest: Callable[[str], str]
    seal: Callable[[str], str]
