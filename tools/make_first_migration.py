"""Write migrations/versions/0001_tables.py anew from the models: `.venv/bin/python -m tools.make_first_migration`.

Only until the first release; from then on a change of the models is a revision of its own (migrations/README.md).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from models.base import new_engine
from models.schema import MIGRATIONS

FIRST = MIGRATIONS / "versions" / "0001_tables.py"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = new_engine(f"sqlite:///{folder}/empty.db")
        (Path(folder) / "versions").mkdir()
        with empty.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.set_main_option("version_locations", f"{folder}/versions")
            config.set_main_option("path_separator", "os")
            config.attributes |= {"connection": connection, "batch": False}
            command.revision(config, "all tables", autogenerate=True, rev_id="0001")
        empty.dispose()
        (made,) = (Path(folder) / "versions").glob("*.py")
        lines = made.read_text(encoding="utf-8").splitlines(keepends=True)
        # an index goes with its table; MariaDB refuses to drop one that a foreign key uses
        kept = [line for line in lines if "# ###" not in line and not line.startswith("    op.drop_index(")]
        FIRST.write_text("".join(kept), encoding="utf-8")
    for action in (["format", "--quiet"], ["check", "--fix", "--quiet", "--select=I,F401"]):
        subprocess.run([sys.executable, "-m", "ruff", *action, str(FIRST)], check=True)


if __name__ == "__main__":
    main()
