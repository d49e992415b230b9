"""What a person typed → an Intent with its slots. No network, no model service; words, patterns and similar phrases.

The way of a sentence: plain form → the gates (confirm, cancel, withdraw: nothing is guessed) → rules → the same again
with homophones put right → similar phrases → unknown with the three nearest. A stronger classifier takes the place of
`phrases.Similar`; the gates stay in front of it, so that it can never move money.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.understanding import (
    gates,
    normalise,
    products,
    rules,
    slots,
    tokens,
)
from bot.understanding import (
    operator as operators,
)
from bot.understanding import (
    phrases as phrasebook,
)
from bot.understanding.amounts import find_amounts
from bot.understanding.dates import find_periods
from bot.understanding.homophones import Homophones
from bot.understanding.phrases import PhraseError
from bot.understanding.products import ProductName
from domain.conversation import INTENTS, OPERATOR_INTENTS, Intent
from domain.periods import shanghai_date

__all__ = [
    "ALL_INTENTS",
    "PhraseError",
    "ProductName",
    "Understanding",
    "as_json",
    "describe",
    "json_line",
    "order_candidates",
]

ALL_INTENTS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *INTENTS,
            "copy",
            "parcel",
            "tasks",
            "coupon",
            "profile",
            "privacy",
            "mute",
            "unmute",
            "appeal",
            "human",
        )
    )
)
ALL_OPERATOR_INTENTS: tuple[str, ...] = tuple(dict.fromkeys((*OPERATOR_INTENTS, "alerts")))

_SIMILAR = 0.3  # likeness from which the intent of a similar phrase is taken
_NEVER_OFFERED = frozenset({"unknown", "confirm", "cancel", "greet", "thanks", *ALL_OPERATOR_INTENTS})
_USUAL = ("earnings", "link", "help")


class Understanding:
    """Understands sentences; loaded once, safe to use from several threads."""

    def __init__(self, phrases: phrasebook.Phrases) -> None:
        self._typos = phrases.typos
        self._homophones = Homophones(phrases.homophones)
        self._exact: dict[str, str] = {}
        for intent, listed in phrases.by_intent.items():
            for phrase in listed:
                text = phrasebook.prepared(phrase)
                self._exact.setdefault(text if intent in phrasebook.EXACT_ONLY else phrasebook.stripped(text), intent)
        similar = [(i, phrasebook.prepared(p)) for i, listed in phrases.by_intent.items() for p in listed]
        self._phrases = phrasebook.Similar(similar)

    @classmethod
    def load(cls, assets: Path) -> Understanding:
        """From `assets/phrases/*.toml`; PhraseError says what is wrong with a file."""
        normalise.prepare()
        rules.prepare()
        return cls(phrasebook.load(assets / "phrases", (*ALL_INTENTS, *ALL_OPERATOR_INTENTS)))

    def understand(
        self,
        text: str,
        *,
        now: datetime,
        catalogue: Sequence[ProductName] = (),
        operator: bool = False,
        pending: str | None = None,
        order_numbers: Collection[str] = (),
    ) -> Intent:
        """The intent of `text`.

        now            an aware instant; periods are Shanghai's
        catalogue      what 草莓 may mean; give the same tuple again and it is indexed once
        operator       whether the writer is one; operators' words of anybody else are unknown
        pending        the state of the open dialogue (`withdraw.confirm`), None when nothing was asked
        order_numbers  the writer's own orders where the caller has them at hand: a word that is one of them is `order`
        """
        sentence = _Sentence(self._put_right(normalise.plain(text)), text, now, catalogue, order_numbers)
        return self._read(sentence, operator=operator, pending=pending)

    def period(self, text: str, *, now: datetime) -> dict[str, str] | None:
        """The first period that `text` names, as a slot; also where its intent has none (昨天那单怎么没佣金)."""
        named = find_periods(self._put_right(normalise.plain(text)), shanghai_date(now))
        return named[0].slot if named else None

    def _put_right(self, text: str) -> str:
        for pattern, right in self._typos:
            text = pattern.sub(right, text)
        return text

    def _read(self, sentence: _Sentence, *, operator: bool, pending: str | None) -> Intent:
        if not sentence.plain:
            return self._unknown(sentence)
        if operator and (decided := operators.decide(sentence.typed)):
            return Intent(decided[0], dict(decided[1]), 0.98)
        heard = self._homophones.correct(sentence.plain)
        spoken = sentence if heard == sentence.plain else sentence.as_heard(heard)
        for reading in dict.fromkeys((sentence, spoken)):
            if found := self._decided(reading, operator=operator, pending=pending):
                if found.name != "unknown":
                    return found
                return self._unknown(reading, withdrawal=gates.mentions_withdrawal(reading.plain))
        return self._similar(spoken, operator)

    def _decided(self, sentence: _Sentence, *, operator: bool, pending: str | None) -> Intent | None:
        """What the gates or a rule say. `unknown` is their word too: a withdrawal that cannot be understood."""
        if gated := _gate(sentence, pending):
            return gated
        if exact := self._phrase(sentence, operator):
            return Intent(exact, slots.fill(exact, sentence.facts), 1.0)
        if operator and (operators_word := rules.of_operator(sentence.masked)):
            return Intent(operators_word, confidence=0.95)
        if not operator and rules.is_operators_alone(sentence.plain):
            return Intent("unknown", confidence=0.0)
        if gates.mentions_withdrawal(sentence.plain):
            named = rules.about_withdrawal(sentence.masked)
            if named != "unknown" or "提" in sentence.plain:
                return Intent(named, slots.fill(named, sentence.facts), 0.9)
        named_by_rule = rules.of_anybody(sentence.masked)
        return Intent(named_by_rule, slots.fill(named_by_rule, sentence.facts), 0.9) if named_by_rule else None

    def _phrase(self, sentence: _Sentence, operator: bool) -> str | None:
        """The intent of the phrase that the sentence equals. Money's phrases count to the letter and without an amount,
        which only the gate reads; an operator's are for operators."""
        intent = self._exact.get(sentence.plain)
        if intent in phrasebook.EXACT_ONLY:
            exactly = not find_amounts(sentence.plain) and not normalise.is_hesitant(sentence.raw)
            return intent if exactly else None
        intent = intent or self._exact.get(phrasebook.stripped(sentence.plain))
        if intent in phrasebook.EXACT_ONLY or (intent in ALL_OPERATOR_INTENTS and not operator):
            return None
        return intent

    def _similar(self, sentence: _Sentence, operator: bool) -> Intent:
        ranked = [
            (intent, likeness)
            for intent, likeness in self._phrases.rank(sentence.masked)
            if intent not in phrasebook.EXACT_ONLY and (operator or intent not in ALL_OPERATOR_INTENTS)
        ]
        if ranked and ranked[0][1] >= _SIMILAR and ranked[0][0] != "unknown":
            intent, likeness = ranked[0]
            return Intent(intent, slots.fill(intent, sentence.facts), round(min(likeness, 0.89), 2))
        return self._unknown(sentence)

    def _unknown(self, sentence: _Sentence, *, withdrawal: bool = False) -> Intent:
        """Unknown, with the three nearest of what the assistant acts on; money stands first only where it was named."""
        likely = [i for i, _ in self._phrases.rank(sentence.masked) if i in INTENTS and i not in _NEVER_OFFERED]
        if withdrawal:
            likely = ["withdraw", "withdraw_status", "rules"]
        elif likely[:1] == ["withdraw"]:
            likely = [*likely[1:2], "withdraw", *likely[2:]]
            likely = likely if likely[0] != "withdraw" else [_USUAL[0], *likely]
        return Intent("unknown", confidence=0.0, nearest=tuple(dict.fromkeys((*likely, *_USUAL)))[:3])


class _Sentence:
    """A plain text with what was found in it; marks stand in `masked` for what is a thing or a time."""

    def __init__(
        self, plain: str, raw: str, now: datetime, catalogue: Sequence[ProductName], order_numbers: Collection[str]
    ) -> None:
        self.plain, self.raw, self._now = plain, raw, now
        self._catalogue, self._order_numbers = catalogue, order_numbers
        self.typed = normalise.halfwidth(raw)
        periods = find_periods(plain, shanghai_date(now))
        order = _own_order(self.typed, order_numbers) or tokens.best_order(self.typed)
        code = tokens.find_code(self.typed)
        if order and code and code == order.upper():
            code, order = (code, None) if order not in order_numbers else (None, order)
        found = products.find(plain, catalogue)
        self.facts = slots.Facts(plain, periods, order, code, found)
        self.masked = self._mask()

    def as_heard(self, plain: str) -> _Sentence:
        return _Sentence(plain, self.raw, self._now, self._catalogue, self._order_numbers)

    def _mask(self) -> str:
        text, facts = self.plain, self.facts
        for named in reversed(facts.periods):
            text = text[: named.start] + rules.PERIOD + text[named.end :]
        if facts.order:
            text = text.replace(facts.order.lower(), rules.ORDER)
        if facts.code:
            text = tokens.mask_code(text, facts.code, rules.CODE)
        if facts.found:
            text = text.replace(facts.found.words, rules.PRODUCT)
        return text


def _own_order(typed: str, order_numbers: Collection[str]) -> str | None:
    own = {number.casefold(): number for number in order_numbers}
    return next((own[word.casefold()] for word in tokens.order_candidates(typed) if word.casefold() in own), None)


def _gate(sentence: _Sentence, pending: str | None) -> Intent | None:
    text = sentence.plain
    if gates.is_confirm(text, pending=pending is not None) and not normalise.is_hesitant(sentence.raw):
        return Intent("confirm", confidence=0.98)
    if asked := gates.read_withdrawal(text, pending=pending):
        said: dict[str, Any] = {"amount": asked.amount} if asked.amount else {"all": True} if asked.everything else {}
        return Intent("withdraw", said, 0.98)
    if gates.is_cancel(text):
        return Intent("cancel", confidence=0.95)
    return None


def order_candidates(text: str) -> list[str]:
    """The words of `text` that may be order numbers, the likeliest first, as they were typed (half-width)."""
    return tokens.order_candidates(normalise.halfwidth(text))


def describe(
    understanding: Understanding, text: str, *, now: datetime, catalogue: Sequence[ProductName] = ()
) -> Intent:
    """What `flask bot understand` shows: nobody in particular writes, so an operator's words are known as well."""
    found = understanding.understand(text, now=now, catalogue=catalogue)
    if found.name != "unknown":
        return found
    decided = understanding.understand(text, now=now, catalogue=catalogue, operator=True)
    return decided if decided.name in ALL_OPERATOR_INTENTS else found


def as_json(intent: Intent) -> dict[str, Any]:
    """What `flask bot understand --json` prints: intent, slots, confidence."""
    return {"intent": intent.name, "slots": intent.slots, "confidence": intent.confidence}


def json_line(intent: Intent) -> str:
    """One line of `--stdin`."""
    return json.dumps(as_json(intent), ensure_ascii=False)
