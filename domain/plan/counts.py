"""Counts (orders, units, sales, …) wherever a plan asks for one: in `when`, in `if`, and in tables of rates.

What a count is worth for somebody at a moment is no matter of the document: whoever evaluates hands in `Results`.

Units    a threshold is a whole number; of `sales` it is yuan in quotes in the file and fen here
Source   plans.md §2, Counts; §2.1, tables and steps
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from domain.document import Form, Leaf, Node, Read, Wrong, one_of, text, whole, yuan
from domain.money import Money
from domain.periods import Window

T = TypeVar("T")

Count: TypeAlias = Literal["orders", "units", "sales", "buyers", "recruits", "team_size"]
COUNTS: tuple[Count, ...] = ("orders", "units", "sales", "buyers", "recruits", "team_size")
PAID_COUNTS: tuple[Count, ...] = ("orders", "units", "sales")  # steps by these move while people sell
WINDOWS: tuple[Window, ...] = ("lifetime", "day", "week", "month")
ROLES = ("member", "leader", "creator", "guide")
MOST = 1_000_000_000


class Results(Protocol):
    """What somebody has brought about when the order that is evaluated is paid, in the window of that moment.

    settled  of orders paid in the window and settled by then, the evaluated order never among them; people if active
    paid     of orders paid in the window, the evaluated order included if it is his own; orders, units, sales only
    """

    def settled(self, code: str, of: Count, window: Window) -> int: ...

    def paid(self, code: str, of: Count, window: Window) -> int: ...


# ---------------------------------------------------------------------------------------------------------------
# Thresholds


def threshold(of: str, low: int = 0) -> Read[int]:
    """A whole number; for `sales` yuan in quotes, given in fen."""

    def read(node: Node) -> int:
        if of != "sales":
            return whole(low, MOST)(node)
        amount = yuan(node)
        if amount.fen < low:
            raise Wrong("必须大于 0", "must be above 0")
        return amount.fen

    return read


def threshold_data(of: str, value: int) -> int | str:
    """The way back into the file."""
    return Money(value).yuan if of == "sales" else value


def rising(node: Node, values: list[int]) -> None:
    if any(later <= earlier for earlier, later in pairwise(values)):
        node.wrong("必须一个比一个大", "must rise strictly")


def read_steps(of: str, worth: Read[T]) -> Read[tuple[tuple[int, T], ...]]:
    """`{10: 10%, 50: 15%}`: at each threshold what holds from it on."""

    def read(node: Node) -> tuple[tuple[int, T], ...]:
        found = []
        for name, child in entries(node):
            # A key of JSON always stands in quotes, so quotes say nothing about a whole number; money needs them.
            key = Node(Leaf(name, quoted=of == "sales" and child.quoted_key), child.key, child.line, child.faults)
            found.append((_or_fault(threshold(of), key), _or_fault(worth, child)))
        steps = tuple((at, value) for at, value in found if at is not None and value is not None)
        rising(node, [at for at, _ in steps])
        return steps

    return read


def steps_data(of: str, steps: tuple[tuple[int, T], ...], worth: Callable[[T], Any]) -> dict[str, Any]:
    return {str(threshold_data(of, at)): worth(value) for at, value in steps}


def step_at(steps: tuple[tuple[int, T], ...], value: int) -> tuple[int, T] | None:
    """The highest step that `value` reaches; a step holds its own threshold."""
    place = bisect_right(steps, value, key=lambda step: step[0])
    return steps[place - 1] if place else None


def entries(node: Node) -> list[tuple[str, Node]]:
    """The entries of a mapping that has at least one."""
    if not isinstance(node.value, dict) or not node.value:
        raise Wrong("这里要写「键: 值」，至少一项", "a mapping of at least one key to its value is expected here")
    return list(node.value.items())


def _or_fault(read: Read[T], node: Node) -> T | None:
    """So that one wrong step does not hide what is wrong with the next."""
    try:
        return read(node)
    except Wrong as wrong:
        node.wrong(wrong.zh, wrong.en)
        return None


# ---------------------------------------------------------------------------------------------------------------
# Conditions and levels


@dataclass(frozen=True, slots=True)
class Condition:
    """`{of: orders, window: month, at_least: 1}`: a count that somebody must meet."""

    of: Count
    window: Window
    at_least: int

    @classmethod
    def read(cls, node: Node) -> Condition:
        form = Form(node)
        of: Count = form.need("of", one_of(*COUNTS))
        return form.done(
            cls(
                of=of,
                window=form.may("window", one_of(*WINDOWS), "lifetime"),
                at_least=form.need("at_least", threshold(of)),
            )
        )

    def data(self) -> dict[str, Any]:
        return {"of": self.of, "window": self.window, "at_least": threshold_data(self.of, self.at_least)}

    def met(self, code: str, results: Results) -> bool:
        return results.settled(code, self.of, self.window) >= self.at_least


@dataclass(frozen=True, slots=True)
class Level:
    """分销员等级. Without `when` everybody has it."""

    id: str
    title: str
    when: Condition | None = None

    @classmethod
    def read(cls, node: Node) -> Level:
        form = Form(node)
        return form.done(
            cls(
                id=form.need("id", text(64)),
                title=form.need("title", text(40)),
                when=form.may("when", Condition.read, None),
            )
        )

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"id": self.id, "title": self.title}
        return data if self.when is None else data | {"when": self.when.data()}


def level_of(levels: tuple[Level, ...], code: str, results: Results) -> Level | None:
    """The last in the list whose condition he meets, or none."""
    return next((level for level in reversed(levels) if level.when is None or level.when.met(code, results)), None)


# ---------------------------------------------------------------------------------------------------------------
# Tables: a rate or an amount that depends on the payee


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """`{by: level, table: {bronze: 10%}, else: 5%}`, or by role. No entry and no `else`: nothing."""

    by: Literal["level", "role"]
    entries: tuple[tuple[str, T], ...]
    otherwise: T | None = None

    def value(self, name: str | None) -> T | None:
        return next((value for key, value in self.entries if key == name), self.otherwise)

    def data(self, worth: Callable[[T], Any]) -> dict[str, Any]:
        data = {"by": self.by, "table": {name: worth(value) for name, value in self.entries}}
        return data if self.otherwise is None else data | {"else": worth(self.otherwise)}


@dataclass(frozen=True, slots=True)
class Steps(Generic[T]):
    """`{by: orders, window: lifetime, steps: {10: 10%, 50: 15%}}`: on the payee's own results."""

    by: Count
    window: Window
    steps: tuple[tuple[int, T], ...]

    def count(self, code: str, results: Results) -> int:
        """Of orders, units and sales what is paid counts, so that tiers move while people sell."""
        return (results.paid if self.by in PAID_COUNTS else results.settled)(code, self.by, self.window)

    def data(self, worth: Callable[[T], Any]) -> dict[str, Any]:
        return {"by": self.by, "window": self.window, "steps": steps_data(self.by, self.steps, worth)}


def read_table(node: Node, worth: Read[T]) -> Table[T] | Steps[T]:
    """Either table. Whether the levels that it names exist is known to the plan only."""
    form = Form(node)
    by = form.need("by", one_of("level", "role", *COUNTS))
    if by in COUNTS:
        return form.done(
            Steps(
                by=by,
                window=form.may("window", one_of(*WINDOWS), "lifetime"),
                steps=form.need("steps", read_steps(by, worth)),
            )
        )
    return form.done(
        Table(
            by=by,
            entries=form.need("table", _read_entries(by, worth)),
            otherwise=form.may("else", worth, None),
        )
    )


def _read_entries(by: str, worth: Read[T]) -> Read[tuple[tuple[str, T], ...]]:
    def read(node: Node) -> tuple[tuple[str, T], ...]:
        found = []
        for name, child in entries(node):
            if by == "role" and name not in ROLES:
                child.wrong(f"没有这个角色；可用：{'、'.join(ROLES)}", f"no such role; allowed: {', '.join(ROLES)}")
            found.append((name, _or_fault(worth, child)))
        return tuple((name, value) for name, value in found if value is not None)

    return read
