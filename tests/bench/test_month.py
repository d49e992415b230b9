"""The floor of a month's bonuses finds what the rules find, so that the product is measured against the same work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench import month
from bench import scratch as scratches
from bench.fill import fill
from domain.periods import month_of
from domain.plan import parse
from services.replay.facts import Span
from services.replay.run import replay
from tests.conftest import refuse

PLAN = """
name: 月度
rules:
  - {id: team, kind: team, title: 团队, window: month, depth: 2, steps: {"500.00": 100%}}
  - {id: rank, kind: ranking, title: 榜, window: month, by: sales, prizes: [{cash: "3.00"}, {cash: "2.00"}]}
"""


def test_the_floor_finds_what_the_rules_find() -> None:
    if fault := scratches.unanswered("postgresql"):
        refuse(f"postgresql: {fault}")
    with scratches.database("postgresql") as scratch:
        past = fill(scratch, orders=200, distributors=20)
        period = month_of((datetime.now(UTC) - timedelta(days=30)).date())
        found = month.floor(scratch, period, least_fen=50_000)
        runtime = scratch.runtime()
        try:
            with runtime.sessions.reading() as session:
                whole = Span(period.first, period.until - timedelta(days=1))
                expected = replay(session, parse(PLAN), whole)
        finally:
            runtime.stop()
    team, rank = (row.sum for row in expected.rules)
    assert (len(found.teams), sum(found.teams.values())) == (team.awards, team.stands.fen)
    assert team.awards > 5
    prizes = {past.codes[who]: 300 - 100 * place for place, (who, _) in enumerate(found.ranked[:2])}
    paid = {person.code: person.simulated.fen for person in expected.compared.winners}
    teams = {past.codes[who]: sales for who, sales in found.teams.items()}
    assert rank.awards == len(prizes) == 2
    assert [code for code, fen in paid.items() if fen != teams.get(code, 0) + prizes.get(code, 0)] == []
