"""Pin what this virtual environment holds: `make pins` writes requirements.txt and requirements-dev.txt.

The packages named in pyproject.toml, each with all that it needs, at the installed versions. What is installed and
needed by none of them is left out; what is named and not installed is an error.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Written by `make pins` from pyproject.toml and the virtual environment.\n"


def closure(names: list[str]) -> dict[str, str]:
    """Name → pinned version of `names` and of everything they need on this platform."""
    found: dict[str, str] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in done:
            continue
        done.add((name, frozenset(wanted.extras)))
        package = distribution(name)
        found[name] = package.version
        for line in package.requires or []:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in (wanted.extras or {""})):
                waiting.append(needed)
    return found


def text_of(pins: dict[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        runtime = closure(project["dependencies"])
        every = closure(project["dependencies"] + project["optional-dependencies"]["dev"])
    except PackageNotFoundError as missing:
        print(f"{missing.name} is named in pyproject.toml and not installed; install it, then pin.", file=sys.stderr)
        return 1
    dev = {name: version for name, version in every.items() if name not in runtime}
    (ROOT / "requirements.txt").write_text(HEAD + text_of(runtime), encoding="utf-8")
    (ROOT / "requirements-dev.txt").write_text(HEAD + "-r requirements.txt\n" + text_of(dev), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
