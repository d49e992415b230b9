"""Pushes to distributors: what each wants of them, telling him, and the merchant's own to many.

    push.tell(session, catalogue, reply, key=…, to=distributor_id, now=now)     the lane, or None

Whether it goes, waits or is dropped is decided when it is about to be sent (`judge`, asked by bot.outbox alone), so
that 「别再推送了」 counts for what waits already.
"""

from services.push.choice import choice_of, choices_of, choose, judge
from services.push.tell import tell

__all__ = ["choice_of", "choices_of", "choose", "judge", "tell"]
