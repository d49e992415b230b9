"""Make a virtual environment and install pinned packages into it: `python3 tools/set_up.py FOLDER REQUIREMENTS`.

Standard library only, and any Python from 3.11. Debian and Ubuntu ship Python without pip and `ensurepip` (they are in
python3-venv); where they are missing, pip itself is fetched from the package index and its digest compared.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from pathlib import Path
from urllib.parse import urljoin

PIP = "pip-25.3-py3-none-any.whl"
PIP_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything has chosen a Python
        print("Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3 …", file=sys.stderr)
        return 1
    folder, requirements = Path(sys.argv[1]), sys.argv[2]
    python = folder / "bin" / "python"
    if not works(python):
        has_ensurepip = importlib.util.find_spec("ensurepip") is not None
        venv.EnvBuilder(with_pip=has_ensurepip, symlinks=True, clear=folder.exists()).create(folder)
        if not has_ensurepip:
            try:
                fetch_pip(python)
            except (OSError, ValueError) as fault:
                print(f"pip could not be fetched ({fault}). Install it: apt install python3-venv", file=sys.stderr)
                return 1
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
    return subprocess.run(install, check=False).returncode


def works(python: Path) -> bool:
    """Is there an environment with pip, whose Python is still on this machine?"""
    command = [python, "-m", "pip", "--version"]
    return python.exists() and subprocess.run(command, check=False, capture_output=True).returncode == 0


def fetch_pip(python: Path) -> None:
    """Install pip into an environment that has none, by running its wheel. Raises ValueError for a wrong digest."""
    page = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(page, timeout=30) as answer:
        found = re.search(rf'href="([^"]*{re.escape(PIP)})', answer.read().decode())
    if not found:
        raise ValueError(f"{PIP} is not listed at {page}")
    with urllib.request.urlopen(urljoin(page, found[1]), timeout=120) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != PIP_SHA256:
        raise ValueError(f"{PIP} has another digest than expected")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / PIP
        file.write_bytes(wheel)
        subprocess.run([python, f"{file}/pip", "install", "--quiet", "--no-index", str(file)], check=True)


if __name__ == "__main__":
    sys.exit(main())
