"""Phrases as data: `assets/phrases/*.toml`, which a merchant extends without code.

Form      [intents] INTENT = ["phrase", …]; [typos] wrong = "right"; [homophones] words = ["提现", …]
Use       a sentence that equals a phrase has its intent; what no rule knows goes to the intent of the most similar
          phrases, when they are similar enough. Never to withdraw or confirm: similar is not enough for money.
Raises    PhraseError for an unknown intent or a file that is not of this form, with the file's name
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.understanding.normalise import characters, plain

_TRAILING = re.compile(r"[吧呀啊哈哦啦嘛呗呢，?]+$")
_MARKED = re.compile(r"⟨.⟩")
# What acts or ends a question: similar is not enough for these.
EXACT_ONLY = frozenset({"withdraw", "confirm", "cancel", "approve", "reject", "paid"})


class PhraseError(Exception):
    """A phrase file that cannot be used; the message says which and why."""


@dataclass(slots=True)
class Phrases:
    """What the phrase files say, in plain form."""

    by_intent: dict[str, list[str]] = field(default_factory=dict)
    typos: list[tuple[re.Pattern[str], str]] = field(default_factory=list)
    homophones: tuple[str, ...] = ()


def load(folder: Path, known: Iterable[str]) -> Phrases:
    """Read every `*.toml` of `folder` in the order of their names; a later file adds to an earlier one."""
    phrases, allowed = Phrases(), set(known)
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise PhraseError(f"no phrase file in {folder}")
    for file in files:
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as fault:
            raise PhraseError(f"{file.name}: {fault}") from fault
        _add(phrases, document, file.name, allowed)
    return phrases


def _add(phrases: Phrases, document: dict[str, Any], name: str, allowed: set[str]) -> None:
    for intent, listed in document.get("intents", {}).items():
        if intent not in allowed:
            raise PhraseError(f"{name}: [intents] {intent}: no such intent; allowed are {', '.join(sorted(allowed))}")
        if not isinstance(listed, list) or not all(isinstance(phrase, str) for phrase in listed):
            raise PhraseError(f"{name}: [intents] {intent}: a list of texts is wanted")
        phrases.by_intent.setdefault(intent, []).extend(listed)
    for typo in document.get("typos", []):
        if not isinstance(typo, dict) or not {"from", "to"} <= typo.keys():
            raise PhraseError(f"{name}: a typo has `from` and `to`: {typo!r}")
        phrases.typos.append((_typo_pattern(typo), str(typo["to"])))
    phrases.homophones += tuple(document.get("homophones", {}).get("words", ()))


def _typo_pattern(typo: dict[str, str]) -> re.Pattern[str]:
    before = f"(?<![{re.escape(typo['not_after'])}])" if typo.get("not_after") else ""
    after = f"(?![{re.escape(typo['not_before'])}])" if typo.get("not_before") else ""
    return re.compile(before + re.escape(characters(typo["from"])) + after)


def stripped(text: str) -> str:
    """A plain text without what people hang on its end."""
    return _TRAILING.sub("", text) or text


class Similar:
    """Which intent's phrases a sentence resembles most: naive Bayes over character n-grams, learnt when it is loaded.

    Every intent weighs the same, however many phrases it has. The likeness is the share of the winner among all
    intents, times the share of the sentence's features that any phrase has: strange words are like nothing.
    """

    _SMOOTHING = 0.1
    _SHARPNESS = 3.0  # naive Bayes counts what hangs together twice and thrice; this takes it back

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        """phrases are (intent, plain and masked text)."""
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for intent, text in phrases:
            for feature, weight in _features(text).items():
                counts[intent][feature] += weight
        known = {feature for count in counts.values() for feature in count}
        self._scores: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._absent: dict[str, float] = {}
        for intent, count in counts.items():
            total = sum(count.values()) + self._SMOOTHING * len(known)
            self._absent[intent] = math.log(self._SMOOTHING / total)
            for feature, weight in count.items():
                score = math.log((weight + self._SMOOTHING) / total) - self._absent[intent]
                self._scores[feature].append((intent, score))

    def rank(self, text: str) -> list[tuple[str, float]]:
        """(intent, likeness from 0 to 1), the likeliest first."""
        features = _features(text)
        size = sum(features.values())
        if not size:
            return []
        total = {intent: absent * size for intent, absent in self._absent.items()}
        seen = 0.0
        for feature, weight in features.items():
            scores = self._scores.get(feature, ())
            seen += weight if scores else 0.0
            for intent, score in scores:
                total[intent] += weight * score
        best = max(total.values())
        shares = {intent: math.exp((score - best) / self._SHARPNESS) for intent, score in total.items()}
        every = sum(shares.values())
        ranked = [(intent, share / every * seen / size) for intent, share in shares.items()]
        return sorted(ranked, key=lambda item: (-item[1], item[0]))


def _features(text: str) -> dict[str, float]:
    """Characters, pairs and triples; a mark like ⟨期⟩ is one character."""
    units = re.findall(r"⟨.⟩|[0-9]+|[a-z]+|[^\s，?]", stripped(text))
    features: dict[str, float] = defaultdict(float)
    for size, weight in ((1, 0.5), (2, 1.0), (3, 1.0)):
        padded = ["^", *units, "$"] if size > 1 else units
        for at in range(len(padded) - size + 1):
            features["".join(padded[at : at + size])] = weight
    return features


def prepared(phrase: str) -> str:
    """A phrase of the file in plain form; its marks (⟨期⟩ ⟨单⟩ ⟨码⟩ ⟨品⟩) may be written as they are."""
    return plain(phrase)
