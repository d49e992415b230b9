"""A replay (试算): what a draft would have cost on the orders that the database holds. It changes nothing.

    span = Span(date(2026, 10, 1), date(2026, 10, 31))
    found = replay(session, plan, span, progress=lambda done, of: …)     # Replay: sums per rule, level and person
    found.data()                                                         # what --json prints
    chart.draw(found, assets / "fonts")                                  # PNG, 1080 pixels wide

The plan is evaluated by the same engine as on the live path and in `flask plan evaluate`, as if it had always been in
force, on the orders paid in the span: their sellers, chains, costs, refunds and completions as they are stored. What is
known counts as having happened, hold days included.

Units    Money in fen; dates are Shanghai's and both are included
Raises   NothingToReplay, domain.plan.PlanRefused
Source   plans.md §3, `flask plan simulate`
"""

from services.replay.facts import NothingToReplay, Span
from services.replay.found import Compared, Person, Replay, Share, Sum
from services.replay.run import replay

__all__ = ["Compared", "NothingToReplay", "Person", "Replay", "Share", "Span", "Sum", "replay"]
