"""Asks the service about one sentence, if it is worth asking."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.adviser import advice
from bot.adviser.advice import Advice
from bot.adviser.service import Service

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
LEAST_CHARACTERS, MOST_CHARACTERS = 4, 80


@dataclass(frozen=True)
class Adviser:
    """seconds   the longest that one message waits for the service"""

    service: Service
    seconds: float

    def on(self, sentence: str, *, within: float) -> Advice | None:
        """What it takes a sentence for, as `Understanding.told_outside` wrote it; None where it has nothing to say."""
        if not worth_asking(sentence):
            return None
        answer = self.service.ask(advice.messages(sentence), within=min(self.seconds, within))
        return None if answer is None else advice.read(answer, sentence)


def worth_asking(sentence: str) -> bool:
    """Whether it may be a request: no laugh, no noise, no essay."""
    return len(sentence) <= MOST_CHARACTERS and len(_CHINESE.findall(sentence)) >= LEAST_CHARACTERS
