"""What a person typed → an Intent with its slots. No network, no model service; words, patterns and similar phrases.

The way of a sentence: plain form → the gates (confirm, cancel, withdraw: nothing is guessed) → a phrase that it equals
→ both again with homophones put right → the classifier, to which the rules are hints → unknown with the three nearest.
The gates stand in front of the classifier, and it may not say what they decide: it can never move money.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.understanding import gates, normalise, pushes, rules, slots, tokens
from bot.understanding import operator as operators
from bot.understanding import phrases as phrasebook
from bot.understanding.amounts import find_amounts
from bot.understanding.classifier import Classifier, ModelError
from bot.understanding.dates import find_periods
from bot.understanding.homophones import Homophones
from bot.understanding.phrases import EXACT_ONLY, PhraseError
from bot.understanding.products import ProductName
from bot.understanding.sentence import Sentence, people_left_out
from domain.conversation import INTENTS, OPERATOR_INTENTS, Intent
from domain.periods import shanghai_date
from domain.push import Wish

__all__ = [
    "ALL_INTENTS",
    "ALL_OPERATOR_INTENTS",
    "EXACT_ONLY",
    "MODEL",
    "OURS",
    "ModelError",
    "PhraseError",
    "ProductName",
    "Understanding",
    "as_json",
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

OURS, MODEL = "zh_CN.toml", "zh_CN.model"
_SOME_DAY = datetime(2026, 11, 21, tzinfo=UTC)  # a merchant's phrases are read as said on it
# What the classifier may not decide: similar is not enough for money, nor for an operator's decision.
_GATED = frozenset({"withdraw", "confirm", "approve", "reject", "paid"})
_SURE = 0.2  # share from which the classifier is believed; it says `unknown` by itself as well
_SURE_ALONE = 0.3  # … where no rule knows a word of it
_SURE_OF = {"cancel": 0.6, "greet": 0.55, "thanks": 0.5}
_SURE_OF_OPERATORS = 0.6  # below, what only an operator asks is taken for its neighbour when somebody else says it
_NEAR = 0.02  # what is farther away is not offered; then the usual things are
_ADVISED = 0.3
_OF_ALL_ORDERS = frozenset({"earnings", "earnings_detail", "rules"})  # … but of one that is named: its explanation
_NEVER_OFFERED = frozenset({"unknown", "confirm", "cancel", "greet", "thanks", *ALL_OPERATOR_INTENTS})
_USUAL = ("earnings", "link", "help")


class Understanding:
    """Understands sentences; loaded once, safe to use from several threads."""

    def __init__(self, phrases: phrasebook.Phrases, classifier: Classifier, own: phrasebook.Phrases) -> None:
        self._put_right, self._classifier = phrases.put_right, classifier
        self._homophones = Homophones(phrases.homophones)
        self._exact: dict[str, str] = {}
        for book in (own, phrases):  # what a merchant says of a phrase counts more
            for intent, listed in book.by_intent.items():
                for phrase in listed:
                    text = phrasebook.prepared(phrase)
                    self._exact.setdefault(text if intent in EXACT_ONLY else phrasebook.stripped(text), intent)
        classifier.learn(
            (Sentence(text, text, _SOME_DAY, ()).features(), intent)
            for intent, listed in own.by_intent.items()
            if intent not in EXACT_ONLY
            for text in map(phrasebook.prepared, listed)
        )

    @classmethod
    def load(cls, assets: Path, own: Path | None = None) -> Understanding:
        """From `assets/phrases`, and the merchant's own phrases: other files there, and the file `own` if it is there.

        Raises   PhraseError, ModelError, which say what is wrong with a file
        """
        normalise.prepare()
        rules.prepare()
        folder, known = assets / "phrases", (*ALL_INTENTS, *ALL_OPERATOR_INTENTS)
        ours = folder / OURS
        others = [file for file in sorted(folder.glob("*.toml")) if file != ours]
        if own is not None and own.exists():
            others.append(own)
        phrases, theirs = phrasebook.read_files([ours], known), phrasebook.read_files(others, known)
        phrases.typos += theirs.typos
        phrases.homophones += theirs.homophones
        return cls(phrases, Classifier.load(folder / MODEL), theirs)

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
        sentence = Sentence(self._put_right(normalise.plain(text)), text, now, catalogue, order_numbers)
        return self._read(sentence, operator=operator, pending=pending)

    def period(self, text: str, *, now: datetime) -> dict[str, str] | None:
        """The first period that `text` names, as a slot; also where its intent has none (昨天那单怎么没佣金)."""
        named = find_periods(self._put_right(normalise.plain(text)), shanghai_date(now))
        return named[0].slot if named else None

    def told_outside(self, text: str) -> str:
        """What a model service may be told of `text`: its plain form without numbers, addresses and names of people."""
        return people_left_out(self._put_right(normalise.plain(text)))

    def advised(
        self, text: str, intent: str, words: Mapping[str, str], *, now: datetime, catalogue: Sequence[ProductName] = ()
    ) -> Intent:
        """`intent`, which somebody else proposes, with the slots that our own readers find in `text`.

        words   parts of the text that are said to name a slot: where it names several, the reader is given that part
        """
        plain = self._put_right(normalise.plain(text))
        found = slots.fill(intent, Sentence(plain, text, now, catalogue).facts)
        for name, part in words.items():
            if part in plain:
                read = slots.fill(intent, Sentence(part, part, now, catalogue).facts)
                found |= {name: read[name]} if name in read else {}
        return Intent(intent, found, confidence=_ADVISED, guessed=True)

    def pushes(self, text: str, *, wants: bool, now: datetime) -> Wish:
        """What a sentence of `mute` (or, where it `wants` them, `unmute`) asks for."""
        return pushes.read(self._put_right(normalise.plain(text)), wants=wants, today=shanghai_date(now))

    def _read(self, sentence: Sentence, *, operator: bool, pending: str | None) -> Intent:
        if not sentence.plain:
            return self._unknown(sentence, [])
        if operator and (decided := operators.decide(sentence.typed)):
            return Intent(decided[0], dict(decided[1]), 0.98)
        heard = self._homophones.correct(sentence.plain)
        readings = [sentence] if heard == sentence.plain else [sentence, sentence.as_heard(heard)]
        for reading in readings:
            if gated := _gate(reading, pending):
                return gated
            exact = self._phrase(reading)
            operators_word = exact in ALL_OPERATOR_INTENTS or rules.is_operators_alone(reading.plain)
            if exact == "unknown" or (operators_word and not operator):
                return self._unknown(reading, self._classifier.rank(reading.features()))
            if exact:
                return Intent(exact, slots.fill(exact, reading.facts), 1.0)
        return self._classified(readings, operator)

    def _phrase(self, sentence: Sentence) -> str | None:
        """The intent of the phrase that the sentence equals. Money's phrases count to the letter and without an amount,
        which only the gate reads."""
        intent = self._exact.get(sentence.plain)
        if intent in EXACT_ONLY:
            exactly = not find_amounts(sentence.plain) and not normalise.is_hesitant(sentence.raw)
            return intent if exactly else None
        intent = intent or self._exact.get(phrasebook.stripped(sentence.plain))
        intent = intent or self._exact.get(phrasebook.stripped(sentence.coarse))
        return None if intent in EXACT_ONLY else intent

    def _classified(self, readings: Sequence[Sentence], operator: bool) -> Intent:
        shares: dict[str, float] = {}
        for reading in readings:
            for intent, share in self._classifier.rank(reading.features()):
                shares[intent] = shares.get(intent, 0.0) + share / len(readings)
        ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        best, share = ranked[0]
        if best in ALL_OPERATOR_INTENTS and not operator and ("我" in readings[-1].plain or share < _SURE_OF_OPERATORS):
            best, share = next(found for found in ranked if found[0] not in ALL_OPERATOR_INTENTS)
        if best in _GATED:  # it speaks of what the gates did not let through, and does not ask for it
            best, share = _about_what_is_gated(readings[-1], operator=operator), 0.5
        if best == "unknown" or (best in ALL_OPERATOR_INTENTS and not operator):
            return self._unknown(readings[-1], ranked)
        if best in _OF_ALL_ORDERS and readings[-1].facts.order:  # 「O1001赚了多少」
            best = "explain"
        by_rule = any(rules.of_anybody(reading.masked) for reading in readings)
        if share < _SURE_OF.get(best, _SURE if by_rule else _SURE_ALONE):
            return self._unknown(readings[-1], ranked)
        return Intent(best, slots.fill(best, readings[-1].facts), round(min(share, 0.95), 2))

    def _unknown(self, sentence: Sentence, ranked: Sequence[tuple[str, float]]) -> Intent:
        """Unknown, with the three nearest of what the assistant acts on; money stands first only where it was named."""
        likely = [i for i, share in ranked if share >= _NEAR and i in INTENTS and i not in _NEVER_OFFERED]
        if gates.mentions_withdrawal(sentence.plain):
            likely = ["withdraw", "withdraw_status", "rules"]
        elif likely[:1] == ["withdraw"]:
            likely = [*likely[1:2], "withdraw", *likely[2:]]
        nearest = tuple(dict.fromkeys((*likely, *_USUAL)))[:3]
        return Intent("unknown", confidence=0.0, nearest=nearest, heard=sentence.anonymous)


def _about_what_is_gated(sentence: Sentence, *, operator: bool) -> str:
    if gates.mentions_withdrawal(sentence.plain):
        return rules.about_withdrawal(sentence.masked)
    return (rules.of_operator(sentence.masked) if operator else None) or "unknown"


def _gate(sentence: Sentence, pending: str | None) -> Intent | None:
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


def as_json(intent: Intent) -> dict[str, Any]:
    """What `flask bot understand --json` prints: intent, the slots of conversation.md §1, confidence."""
    named = slots.NAMED.get(intent.name, ())
    said = {name: value for name, value in intent.slots.items() if name in named}
    return {"intent": intent.name, "slots": said, "confidence": intent.confidence}


def json_line(intent: Intent) -> str:
    """One line of `--stdin`."""
    return json.dumps(as_json(intent), ensure_ascii=False)
