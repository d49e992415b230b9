"""How far somebody is towards a milestone: the counts of `kind: milestone`, kept up change by change.

    counting = counting_of("buyers", …)
    for key in counting.take(change): counting.value(key), counting.base(key)

A key is a person and a window label. A count only grows by settlements and joinings and only falls by refunds.

Units    `sales` in fen
Source   plans.md §2.2, `count.of`
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from domain.history import BEGINNING, NOTHING, Change, Distributor, Happening, History, Part, Sale
from domain.periods import Window

if TYPE_CHECKING:
    from domain.plan.model import Scope

Key: TypeAlias = tuple[str, str | None]


class Counting(Protocol):
    """`take` gives whose counts a change may have moved; `base` what counts now, each sale with its net in fen."""

    def take(self, change: Change) -> list[Key]: ...

    def value(self, key: Key) -> int: ...

    def base(self, key: Key, at: datetime) -> Iterator[tuple[Sale, int]]: ...


# ---------------------------------------------------------------------------------------------------------------
# orders, buyers, units, sales: of the settled orders of the person himself


@dataclass(slots=True)
class Own:
    """The settled sales of one key by the order in which they settled, each with what is left of it in scope.

    By identity: two sources may use one number.
    """

    parts: dict[int, tuple[Sale, Part]] = field(default_factory=dict)
    buyers: Counter[str] = field(default_factory=Counter)
    distinct: int = 0
    orders: int = 0
    units: int = 0
    sales: int = 0

    def hold(self, sale: Sale, part: Part) -> None:
        _, before = self.parts.get(id(sale), (sale, NOTHING))
        self.parts[id(sale)] = sale, part
        more = (part is not NOTHING) - (before is not NOTHING)
        had = self.buyers[sale.buyer] > 0
        self.buyers[sale.buyer] += more
        self.distinct += (self.buyers[sale.buyer] > 0) - had
        self.orders += more
        self.units += part.units - before.units
        self.sales += part.net.fen - before.net.fen


class OwnSales:
    """An order belongs to the window in which it was paid, whenever it settles."""

    def __init__(
        self, of: Literal["orders", "buyers", "units", "sales"], scope: Scope, window: Window, history: History
    ) -> None:
        self._of, self._scope, self._window, self._history = of, scope, window, history
        self._own: dict[Key, Own] = defaultdict(Own)

    def take(self, change: Change) -> list[Key]:
        sale = change.sale
        if sale is None or not sale.counts or change.what is Happening.PAYMENT:
            return []
        key = sale.seller, self._history.label(self._window, sale.paid_at)
        if change.what is Happening.REFUND and id(sale) not in self._own[key].parts:
            return []  # not settled yet
        self._own[key].hold(sale, sale.part(self._scope, change.at))
        return [key]

    def value(self, key: Key) -> int:
        own = self._own[key]
        return {"orders": own.orders, "buyers": own.distinct, "units": own.units, "sales": own.sales}[self._of]

    def base(self, key: Key, at: datetime) -> Iterator[tuple[Sale, int]]:
        """Every order that counts; of buyers each one's first that has a net."""
        seen: set[str] = set()
        for sale, part in self._own[key].parts.values():
            if part is not NOTHING and not (self._of == "buyers" and sale.buyer in seen):
                seen.add(sale.buyer)
                yield sale, part.net.fen


# ---------------------------------------------------------------------------------------------------------------
# recruits and chain: of the people whom somebody invited


@dataclass(slots=True)
class Standing:
    """A recruit: his first sale that settled with a net, and how many of his settled sales have one."""

    joined: bool = False
    first: Sale | None = None
    settled: dict[int, bool] = field(default_factory=dict)
    with_net: int = 0


class Invited:
    """Who counts as a recruit, and in which order his inviter's recruits first qualified."""

    def __init__(self, qualify: Literal["sold", "joined"], scope: Scope, history: History) -> None:
        self.qualify, self._scope, self.history = qualify, scope, history
        self.standing: dict[str, Standing] = defaultdict(Standing)
        self.qualified: dict[str, list[str]] = defaultdict(list)
        self.place: dict[str, int] = {}

    def take(self, change: Change) -> Distributor | None:
        """Bring the one whom a change concerns up to date; None where it concerns nobody's recruit."""
        sale = change.sale
        if sale is not None and not (sale.counts and self._sold(sale, change)):
            return None
        who = self.history.people[sale.seller] if sale is not None else change.who
        if who is None or who.upline is None:
            return None
        if sale is None:
            self.standing[who.code].joined = True
        if who.code not in self.place and self.counts(who.code):
            self.place[who.code] = len(self.qualified[who.upline])
            self.qualified[who.upline].append(who.code)
        return who

    def counts(self, code: str) -> bool:
        standing = self.standing[code]
        return standing.joined if self.qualify == "joined" else standing.with_net > 0

    def _sold(self, sale: Sale, change: Change) -> bool:
        """Note a settlement, or a refund of what had settled."""
        standing = self.standing[sale.seller]
        if change.what is Happening.PAYMENT or (change.what is Happening.REFUND and id(sale) not in standing.settled):
            return False
        has_net = sale.part(self._scope, change.at) is not NOTHING
        standing.with_net += has_net - standing.settled.get(id(sale), False)
        standing.settled[id(sale)] = has_net
        if has_net and standing.first is None:
            standing.first = sale
        return True

    def first_sale(self, code: str, at: datetime) -> Iterator[tuple[Sale, int]]:
        """His first settled sale with its net now."""
        sale = self.standing[code].first
        if sale is not None:
            yield sale, sale.part(self._scope, at).net.fen


class Recruits:
    """A recruit belongs to the window in which his first settled sale was paid, or in which he joined."""

    def __init__(self, invited: Invited, window: Window) -> None:
        self._invited, self._window = invited, window
        self._keys: dict[str, Key] = {}
        self._counting: dict[Key, dict[str, None]] = defaultdict(dict)  # in the order in which they came to count

    def take(self, change: Change) -> list[Key]:
        who = self._invited.take(change)
        if who is None or who.code not in self._invited.place:
            return []
        if who.code not in self._keys:
            self._keys[who.code] = who.upline or "", self._label(who)
        key = self._keys[who.code]
        if self._invited.counts(who.code):
            self._counting[key][who.code] = None
        else:
            self._counting[key].pop(who.code, None)
        return [key]

    def _label(self, who: Distributor) -> str | None:
        """Who was there from the beginning joined in no window."""
        first = self._invited.standing[who.code].first
        since = who.joined_at or BEGINNING if self._invited.qualify == "joined" or first is None else first.paid_at
        return (
            ""
            if since is BEGINNING and self._window != "lifetime"
            else self._invited.history.label(self._window, since)
        )

    def value(self, key: Key) -> int:
        return 0 if key[1] == "" else len(self._counting[key])

    def base(self, key: Key, at: datetime) -> Iterator[tuple[Sale, int]]:
        for code in self._counting[key]:
            yield from self._invited.first_sale(code, at)


class Chain:
    """链动2+1: complete pairs. Pairs are formed once, 1st+2nd, 3rd+4th, …, in the order of first qualifying."""

    def __init__(self, invited: Invited) -> None:
        self._invited = invited
        self._complete: dict[str, dict[int, None]] = defaultdict(dict)

    def take(self, change: Change) -> list[Key]:
        """His own pair may have become complete, and that of his inviter, who now has a recruit, or has none."""
        who = self._invited.take(change)
        return [] if who is None else [*self._look_at(who.code), *self._look_at(who.upline)]

    def _look_at(self, code: str | None) -> list[Key]:
        place = self._invited.place.get(code or "")
        if code is None or place is None or (inviter := self._invited.history.people[code].upline) is None:
            return []
        if self._is_complete(inviter, place // 2):
            self._complete[inviter][place // 2] = None
        else:
            self._complete[inviter].pop(place // 2, None)
        return [(inviter, None)]

    def _pair(self, inviter: str, pair: int) -> list[str]:
        return self._invited.qualified[inviter][2 * pair : 2 * pair + 2]

    def _is_complete(self, inviter: str, pair: int) -> bool:
        both = self._pair(inviter, pair)
        return len(both) == 2 and all(
            self._invited.counts(code) and self._first_counting(code) is not None for code in both
        )

    def _first_counting(self, code: str) -> str | None:
        return next((recruit for recruit in self._invited.qualified[code] if self._invited.counts(recruit)), None)

    def value(self, key: Key) -> int:
        return len(self._complete[key[0]])

    def base(self, key: Key, at: datetime) -> Iterator[tuple[Sale, int]]:
        """The first settled sales of the two of each complete pair and of the first counting recruit of each."""
        for pair in sorted(self._complete[key[0]]):
            for code in self._pair(key[0], pair):
                yield from self._invited.first_sale(code, at)
                yield from self._invited.first_sale(self._first_counting(code) or "", at)
