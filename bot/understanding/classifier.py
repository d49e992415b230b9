"""A linear classifier: multinomial logistic regression over the features of a sentence, in plain Python.

At run time it is two arrays, the keys of the features and a byte of weight for each feature and intent: no numerical
library has to be loaded, which would cost a web worker more than all that it holds. `Learner` makes the weights: all
of them when the model is built (training.py), and what a merchant's own phrases change when it is
loaded.

File      one line of JSON {"inputs", "intents", "scale", "features"}, then the keys (CRC-32 of the feature, sorted, 4
          bytes little-endian each), then the weights (one signed byte for each intent, in units of `scale`)
"""

from __future__ import annotations

import json
import math
import mmap
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


class ModelError(Exception):
    """A model file that cannot be read; the message says what is wrong and what makes it anew."""


def key_of(feature: str) -> int:
    return zlib.crc32(feature.encode())


class Classifier:
    """Weights of features for intents. Safe to use from several threads."""

    def __init__(self, intents: Sequence[str], keys: Sequence[int], weights: memoryview, scale: float) -> None:
        self.intents = tuple(intents)
        self._keys, self._weights, self._scale = keys, weights.cast("b"), scale
        self._own: dict[int, list[float]] = {}

    @classmethod
    def load(cls, file: Path) -> Classifier:
        """Map the file: what all processes of a machine read is in its memory once. Raises ModelError"""
        head, begins = read_head(file)
        count, size = int(head["features"]), len(head["intents"])
        if file.stat().st_size != begins + count * (4 + size):
            raise ModelError(f"{file.name}: is cut off; `make model` writes it anew")
        with file.open("rb") as opened:
            content = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
        keys: Sequence[int] = content[begins : begins + 4 * count].cast("I")
        if sys.byteorder == "big":
            keys = array("I", keys)
            keys.byteswap()
        return cls(head["intents"], keys, content[begins + 4 * count :], float(head["scale"]))

    def row(self, key: int) -> Sequence[float] | None:
        """The weights of a feature for each intent, or None of one that was never seen."""
        size, at = len(self.intents), bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            return self._own.get(key)
        row = self._weights[at * size : at * size + size]
        own = self._own.get(key)
        return [w + o for w, o in zip(row, own, strict=True)] if own else row

    def rank(self, features: Sequence[str]) -> list[tuple[str, float]]:
        """(intent, probability), the likeliest first."""
        total: list[float] = [0.0] * len(self.intents)
        for feature in features:
            if (row := self.row(key_of(feature))) is not None:
                total = [a + b for a, b in zip(total, row, strict=True)]
        factor = self._scale / math.sqrt(len(features) or 1)
        shares = softmax([score * factor for score in total])
        return sorted(zip(self.intents, shares, strict=True), key=lambda item: (-item[1], item[0]))

    def learn(self, examples: Iterable[tuple[Sequence[str], str]], rounds: int = 8) -> None:
        """Take in a merchant's own phrases: what the model says of them already changes nothing."""
        taught = [(features, intent) for features, intent in examples if self.rank(features)[0][0] != intent]
        if not taught:
            return
        learner = Learner(self.intents, base=self, rate=1.0)
        for _ in range(rounds):
            for features, intent in taught:
                learner.step(features, intent)
        self._own = {key: [w / self._scale for w in row] for key, row in learner.rows.items()}


def softmax(scores: Sequence[float]) -> list[float]:
    best = max(scores)
    shares = [math.exp(score - best) for score in scores]
    every = sum(shares)
    return [share / every for share in shares]


class Learner:
    """Learns one example after another, by AdaGrad; `rows` are the weights by the features' keys."""

    _SMALL = 0.002  # an intent whose share is off by less is left alone: most of them, in most steps

    def __init__(self, intents: Sequence[str], *, base: Classifier | None = None, rate: float, decay: float = 0.0):
        self.intents, self._base, self._rate, self._decay = tuple(intents), base, rate, decay
        self._number = {intent: number for number, intent in enumerate(intents)}
        self.rows: dict[int, list[float]] = {}
        self._squares: dict[int, list[float]] = {}

    def scores(self, keys: Sequence[int]) -> list[float]:
        total = [0.0] * len(self.intents)
        for key in keys:
            if (row := self.rows.get(key)) is not None:
                total = [a + b for a, b in zip(total, row, strict=True)]
        if self._base is not None:
            scale = self._base._scale
            for key in keys:
                if (stored := self._base.row(key)) is not None:
                    total = [a + scale * b for a, b in zip(total, stored, strict=True)]
        return [score / math.sqrt(len(keys) or 1) for score in total]

    def step(self, features: Sequence[str] | Sequence[int], intent: str, weight: float = 1.0) -> None:
        keys = [feature if isinstance(feature, int) else key_of(feature) for feature in features]
        shares = softmax(self.scores(keys))
        shares[self._number[intent]] -= 1.0
        value = weight / math.sqrt(len(keys) or 1)
        steps = [(number, share * value) for number, share in enumerate(shares) if abs(share) > self._SMALL]
        for key in keys:
            row = self.rows.setdefault(key, [0.0] * len(self.intents))
            squares = self._squares.setdefault(key, [0.0] * len(self.intents))
            for number, gradient in steps:
                gradient += self._decay * row[number]
                squares[number] += gradient * gradient
                row[number] -= self._rate * gradient / (math.sqrt(squares[number]) + 0.01)


def read_head(file: Path) -> tuple[dict[str, Any], int]:
    """The first line, and where what follows it begins. Raises ModelError"""
    try:
        with file.open("rb") as opened:
            line = opened.readline()
        return json.loads(line), len(line)
    except (OSError, ValueError) as fault:
        raise ModelError(f"{file.name}: {fault}; `make model` writes it anew") from fault


def write(file: Path, learner: Learner, inputs: str, smallest: float) -> None:
    """Store the weights as bytes; features none of whose weights reaches `smallest` are left out."""
    kept = sorted((k, row) for k, row in learner.rows.items() if max(map(abs, row)) >= smallest)
    scale = max(max(map(abs, row)) for _, row in kept) / 127
    keys = array("I", [key for key, _ in kept])
    if sys.byteorder == "big":
        keys.byteswap()
    weights = array("b", [round(weight / scale) for _, row in kept for weight in row])
    head = {"inputs": inputs, "intents": learner.intents, "scale": scale, "features": len(kept)}
    fresh = file.with_name(file.name + ".new")  # whoever has mapped the old one keeps it
    fresh.write_bytes(json.dumps(head).encode() + b"\n" + keys.tobytes() + weights.tobytes())
    fresh.replace(file)
