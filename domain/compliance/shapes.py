"""The shapes in which people stand above each other while a plan is tried: star 30, chain 12, binary depth 5, random.

    trees() -> {"star-30": (None, 0, 0, …), "chain-12": (None, 0, 1, …), …}     # whose recruit each one is, by place

Seeds are fixed: the same rule set sees the same trees for ever.

Source   compliance.md §2
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

Tree: TypeAlias = tuple[int | None, ...]

RANDOM_TREES = 200
SEED = 202611


def star(recruits: int) -> Tree:
    return (None, *(0 for _ in range(recruits)))


def chain(people: int) -> Tree:
    return (None, *range(people - 1))


def binary(depth: int) -> Tree:
    return tuple((place - 1) // 2 if place else None for place in range(2 ** (depth + 1) - 1))


def grown(dice: random.Random) -> Tree:
    """5 to 60 people, each invited by anybody who came before."""
    return (None, *(dice.randrange(place) for place in range(1, dice.randint(5, 60))))


@cache
def fixed() -> Mapping[str, Tree]:
    return {"star-30": star(30), "chain-12": chain(12), "binary-5": binary(5)}


@cache
def trees() -> Mapping[str, Tree]:
    """All of them, the fixed ones first."""
    dice = random.Random(SEED)  # noqa: S311 - the same trees every time are the point
    return {**fixed(), **{f"random-{number}": grown(dice) for number in range(1, RANDOM_TREES + 1)}}


@cache
def few() -> Mapping[str, Tree]:
    """The fixed shapes and the smallest of the random ones, for probes in which everybody sells."""
    small = [(name, tree) for name, tree in trees().items() if name.startswith("random") and len(tree) <= 12]
    return {**fixed(), **dict(small[:6])}
