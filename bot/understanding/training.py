"""Builds the classifier from the phrases: `python -m bot.understanding.training`, or `make model`.

`--check` says whether the stored model belongs to the phrases and to the code that reads them; `make check` asks it.
Learnt from   assets/phrases/zh_CN.toml, people*.txt and patterns.txt; never from tests/
Changed       phrases, or what is seen of them: build it again and commit it with them
The same inputs give the same file on one machine; another machine's logarithms may turn a weight by one of 127 steps.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.understanding import (
    ALL_INTENTS,
    ALL_OPERATOR_INTENTS,
    MODEL,
    homophones,
    normalise,
    patterns,
    people,
    phrases,
    rules,
)
from bot.understanding.classifier import Learner, key_of, read_head, write
from bot.understanding.patterns import Patterns
from bot.understanding.sentence import Sentence

ROOT = Path(__file__).resolve().parent.parent.parent
PHRASES = ROOT / "assets" / "phrases"
LEARNT = (*ALL_INTENTS, *ALL_OPERATOR_INTENTS)
ROUNDS = 10
RATE, DECAY, SMALLEST = 0.5, 2e-4, 0.8
LEFT_OUT = 0.3  # share of a sentence's features that a step does not see: none must carry an intent alone
EACH = 60  # sentences of every intent that a round makes from the patterns
PATTERN_WEIGHT = 0.6  # of such a sentence, against 1 of one that somebody wrote
# What people put around a wish; it says nothing about which one.
BEFORE = (
    "孩子睡了我来问问，",
    "刚下班，",
    "客户在等，",
    "昨天太忙了，",
    "我朋友问我，",
    "不好意思打扰了，",
    "在吗，",
    "那什么，",
    "话说，",
    "我这边，",
    "我想",
    "给我",
    "我要",
    "快点，",
    "哈喽，",
    "想知道",
    "看看",
    "查一下",
    "你好，",
    "请问",
    "麻烦",
    "老板，",
    "亲，",
    "那个，",
    "我想问一下",
    "帮我",
    "不好意思，",
    "哎，",
    "问一下，",
    "嗯，",
)
AFTER = (
    "，在线等",
    "，着急",
    "，等你回复",
    "，我不太懂",
    "，好不好",
    "，麻烦了",
    "，多谢",
    "给我",
    "，你看看",
    "😂",
    "呀",
    "啊",
    "呢",
    "吧",
    "谢谢",
    "，谢谢",
    "呗",
    "哈",
    "啦",
    "一下",
    "?",
    "了",
    "，急",
    "哦",
    "行吗",
    "给我看看",
    "嘛",
)

TIMED = frozenset({"earnings", "earnings_detail", "orders", "team", "rank"})  # any of these may name a period

Example = tuple[str, str]  # (plain text, intent)


def inputs_digest(told: Sequence[tuple[Sentence, str]], ways: Patterns) -> str:
    """Of all that the model is made of: every phrase as the classifier sees it, and how it is learnt."""
    how = (LEARNT, ROUNDS, RATE, DECAY, SMALLEST, LEFT_OUT, EACH, PATTERN_WEIGHT, BEFORE, AFTER, ways)
    digest = hashlib.sha256(repr(how).encode())
    made = ((_made(text), intent) for text, intent in ways.some(random.Random(1), EACH))
    for sentence, intent in (*told, *made):
        digest.update("\t".join((intent, *sentence.features())).encode() + b"\n")
    return digest.hexdigest()


def examples() -> list[tuple[Sentence, str]]:
    """Every phrase with its intent, read as a sentence is read."""
    book = phrases.read_files([PHRASES / "zh_CN.toml"], LEARNT)
    told = [(text, intent, ()) for intent, listed in book.by_intent.items() for text in listed]
    for spoken in map(people.load, sorted(PHRASES.glob("people*.txt"))):
        told += [(said.text, said.intent, spoken.catalogue) for said in spoken.said if said.intent in LEARNT]
    return [
        (Sentence(book.put_right(normalise.plain(text)), text, people.NOW, catalogue), intent)
        for text, intent, catalogue in told
    ]


def varied(sentence: Sentence, intent: str, chance: random.Random, spelt: dict[str, str]) -> Sentence:
    """The sentence as somebody else might have typed it: with more words around it, or a wrong character."""
    text, kind = sentence.masked, chance.random()
    if kind < 0.15 and intent in TIMED and not sentence.facts.periods:
        text = rules.PERIOD + text
    elif kind < 0.35:
        text = (chance.choice(BEFORE) if chance.random() < 0.5 else "") + text
        text += chance.choice(AFTER) if chance.random() < 0.6 else ""
    if kind > 0.55:
        at = [number for number, unit in enumerate(text) if unit in spelt and text[max(0, number - 1)] != "⟨"]
        if at:
            number = chance.choice(at)
            text = text[:number] + (chance.choice(spelt[text[number]]) if kind < 0.92 else "") + text[number + 1 :]
    return Sentence(text, text, people.NOW, ())


def spellings() -> dict[str, str]:
    """Character → the common characters of the same sound, which a pinyin keyboard offers."""
    by_sound: dict[tuple[str, ...], list[str]] = {}
    for character in homophones.characters():
        if len(character.encode("gb2312")) == 2 and character.encode("gb2312")[0] < 0xD8:  # GB 2312's common half
            by_sound.setdefault(homophones.readings(character)[0], []).append(character)
    return {c: "".join(same[:8]) for same in by_sound.values() if len(same) > 1 for c in same}


def noise(chance: random.Random) -> Iterable[Example]:
    """Letters and characters that mean nothing: they are unknown."""
    common = [c for c in homophones.characters() if c.encode("gb2312")[0] < 0xD8]
    for _ in range(150):
        yield "".join(chance.choice(common) for _ in range(chance.randint(1, 10))), "unknown"
    for _ in range(40):
        yield "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(chance.randint(1, 9))), "unknown"


def _made(text: str) -> Sentence:
    """A sentence of the patterns, in which what the catalogue or the day decides is a mark already."""
    plain = normalise.plain(text)
    return Sentence(plain, plain, people.NOW, ())


def train(told: Sequence[tuple[Sentence, str]], ways: Patterns, rounds: int = ROUNDS) -> Learner:
    chance = random.Random(20261121)
    spelt = spellings()
    told = [*told, *((Sentence(text, text, people.NOW, ()), intent) for text, intent in noise(chance))]
    counts = Counter(intent for _, intent in told)
    usual = sum(counts.values()) / len(counts)
    learner = Learner(sorted({*LEARNT}), rate=RATE, decay=DECAY)
    known = [[key_of(feature) for feature in sentence.features()] for sentence, _ in told]
    weights = {intent: min(2.0, max(0.7, (usual / count) ** 0.5)) for intent, count in counts.items()}
    for _ in range(rounds):
        made = [(_made(text), intent) for text, intent in ways.some(chance, EACH)]
        order = list(range(len(told) + len(made)))
        chance.shuffle(order)
        for number in order:
            written = number < len(told)
            sentence, intent = told[number] if written else made[number - len(told)]
            varies = chance.random() < 0.5
            if written and not varies:
                keys = known[number]
            else:
                seen = varied(sentence, intent, chance, spelt) if varies else sentence
                keys = [key_of(feature) for feature in seen.features()]
            weight = weights[intent] if written else PATTERN_WEIGHT
            learner.step([key for key in keys if chance.random() > LEFT_OUT] or keys, intent, weight)
    return learner


def main() -> int:
    told, ways, file = examples(), patterns.load(PHRASES / "patterns.txt"), PHRASES / MODEL
    digest = inputs_digest(told, ways)
    if "--check" in sys.argv:
        if file.exists() and read_head(file)[0].get("inputs") == digest:
            return 0
        sys.stdout.write(
            f"{file.relative_to(ROOT)} was not built from these phrases and this code: run `make model`" + "\n"
        )
        return 1
    write(file, train(told, ways), digest, SMALLEST)
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
