"""Phrases as data: `assets/phrases/*.toml`, which a merchant extends without code.

Form      [intents] INTENT = ["phrase", …]; [[phrase]] text, intent; [[typos]] from, to; [homophones] words
Use       a sentence that equals a phrase has its intent, and the classifier learns from all of them: from ours when it
          is built, from a merchant's own when it is loaded. Never to withdraw or confirm: similar is not enough there.
Raises    PhraseError for an unknown intent or a file that is not of this form, with the file's name
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.understanding.normalise import characters, plain

_TRAILING = re.compile(r"[吧呀啊哈哦啦嘛呗呢，?]+$")
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

    def put_right(self, text: str) -> str:
        """A plain text with its typos put right."""
        for pattern, right in self.typos:
            text = pattern.sub(right, text)
        return text


def read_files(files: Iterable[Path], known: Iterable[str]) -> Phrases:
    """Read these files in their order; a later one adds to an earlier one. Raises PhraseError"""
    phrases, allowed = Phrases(), set(known)
    for file in files:
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
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
    for entry in document.get("phrase", []):
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str) or entry.get("intent") not in allowed:
            raise PhraseError(f"{name}: a [[phrase]] has `text` and one of our intents as `intent`: {entry!r}")
        phrases.by_intent.setdefault(entry["intent"], []).append(entry["text"])
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


def prepared(phrase: str) -> str:
    """A phrase of the file in plain form; its marks (⟨期⟩ ⟨单⟩ ⟨码⟩ ⟨品⟩) may be written as they are."""
    return plain(phrase)


def add(file: Path, text: str, intent: str) -> bool:
    """Write one more phrase into a merchant's own file, which is made where there is none; False where it has it.

    What he wrote into it himself stays as it is; the new file takes the old one's place in one step.
    """
    before = file.read_text(encoding="utf-8") if file.exists() else _OWN_HEADER
    entry = f"\n[[phrase]]\ntext = {json.dumps(text, ensure_ascii=False)}\nintent = {json.dumps(intent)}\n"
    if entry in before:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(before.rstrip("\n") + "\n" + entry, encoding="utf-8")
    fresh.replace(file)
    return True


_OWN_HEADER = "# 商家自己的说法。改过之后重启生效；flask bot unknown label 会在后面追加。\n"
