"""A replay (试算): what a draft would have cost on the orders that the database holds. It changes nothing.

    span = Span(date(2026, 10, 1), date(2026, 10, 31))                      # services.replay.facts
    found = replay(session, plan, span, progress=lambda done, of: …)        # services.replay.run → found.Replay
    found.data()                                                            # what --json prints
    chart.draw(found, letters)                                              # PNG, 1080 pixels wide

The plan is evaluated by the same engine as on the live path and in `flask plan evaluate`, as if it had always been in
force, on the orders paid in the span: their sellers, chains, costs, refunds and completions as they are stored. What is
known counts as having happened, hold days included.

Where there are many orders a second process takes half of them: the people fall into trees of who invited whom, nothing
but rankings reaches from one tree into another, and of rankings everybody's value is put together. The orders are read
once, in one snapshot, by the first process. Nothing is imported here, so that the second one starts quickly.

Units    Money in fen; dates are Shanghai's and both are included
Raises   NothingToReplay, domain.plan.PlanRefused
Source   plans.md §3, `flask plan simulate`
"""
