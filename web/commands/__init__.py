"""The `flask …` commands of the merchant's house. Each module gives a click command or group from what it needs:

    for command in (plan.group(deps), ledger.group(deps), explain.command(deps), operator.group(deps),
                    demo.group(deps), db.group(deps)):
        app.cli.add_command(command)

The commands of the clock are in jobs/commands.py, those of the chat in bot/commands.py, the doctor in web/doctor.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models.base import Sessions
from services.copy import library
from services.copy.library import Library
from services.message import Catalogue
from services.vault import Vault


@dataclass(frozen=True)
class CommandDeps:
    """What the commands need, plugged in by app.py and by tests.

    clock      "now" of the business; CLOCK_FILE shifts it in a demo
    assets     the folder with plans/ and demo/
    operators  userids of the first operators (WECOM_OPERATORS)
    base_url   what every written address begins with
    vault, catalogue   for override records: names are sealed, codes are sent as messages
    library    the copy that ships
    ready      brings the database up to date, under the lock that several processes share; called by every command
               that uses it and by no other
    """

    sessions: Sessions
    clock: Callable[[], datetime]
    assets: Path
    operators: tuple[str, ...]
    ready: Callable[[], None]
    vault: Vault | None = None
    catalogue: Catalogue | None = None
    base_url: str = ""
    library: Library = field(default_factory=library.shipped)
