"""What understanding costs: loading it, and a sentence. `python -m bench.understanding`

Goals    load < 1 s, a sentence < 2 ms (issue C); memory is a part of a web worker's 160 MB
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOW = datetime.fromisoformat("2026-11-21T15:00:00+08:00")
ROUNDS = 5
CATALOGUE_SIZE = 200

# In a process of its own: what is imported before would hide the cost.
_LOAD = """
import json, resource, time
from pathlib import Path
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak_mb(), time.perf_counter()
from bot.understanding import Understanding
imported = time.perf_counter()
Understanding.load(Path("assets"))
loaded = time.perf_counter()
cost = {"import_ms": (imported - start) * 1e3, "load_ms": (loaded - imported) * 1e3, "memory_mb": peak_mb() - before}
print(json.dumps(cost))
"""


def measure() -> dict[str, Any]:
    """Milliseconds and megabytes: import_ms, load_ms, memory_mb, sentence_ms (mean, p99, worst), phrases, sentences."""
    from bot.understanding import ProductName, Understanding

    done = subprocess.run([sys.executable, "-c", _LOAD], cwd=ROOT, capture_output=True, text=True, check=True)
    cost: dict[str, Any] = {name: round(value, 1) for name, value in json.loads(done.stdout).items()}

    understanding = Understanding.load(ROOT / "assets")
    catalogue = tuple(
        ProductName(f"SKU-{n}", f"{n}号果园鲜果礼盒{chr(0x4E00 + n)}果", "水果") for n in range(CATALOGUE_SIZE)
    )
    document = tomllib.loads((ROOT / "assets/phrases/zh_CN.toml").read_text(encoding="utf-8"))
    sentences = [phrase for listed in document["intents"].values() for phrase in listed]
    understanding.understand(sentences[0], now=NOW, catalogue=catalogue)

    took = []
    for _ in range(ROUNDS):
        for sentence in sentences:
            start = time.perf_counter()
            understanding.understand(sentence, now=NOW, catalogue=catalogue)
            took.append((time.perf_counter() - start) * 1e3)
    took.sort()
    cost["sentence_ms"] = {
        "mean": round(statistics.fmean(took), 3),
        "p99": round(took[int(len(took) * 0.99)], 3),
        "worst": round(took[-1], 3),
    }
    return cost | {"phrases": len(sentences), "sentences": len(took), "catalogue": CATALOGUE_SIZE}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
