"""Do the migrations make what the models say? `python -m tools.check_migrations`

On SQLite always, on PostgreSQL and MariaDB where they answer (at TEST_POSTGRES_URL and TEST_MYSQL_URL, as for the
tests); with REQUIRE_SERVICES=1 they must.
"""

from __future__ import annotations

import os
import sys

from models import migrating
from tests.support import databases


def main() -> int:
    faults: list[str] = []
    for backend in databases.BACKENDS:
        if missing := databases.unanswered(backend):
            print(f"not compared: {missing}", file=sys.stderr)
            if os.environ.get("REQUIRE_SERVICES") == "1":
                faults.append(missing)
            continue
        started = databases.start(backend)
        try:
            with started.fresh() as database:
                faults += [f"{backend}: {difference}" for difference in migrating.differences(database.engine)]
        finally:
            started.close()
    if faults:
        print("\n".join(faults), file=sys.stderr)
        print("Migrations and models differ: `make migration`, see migrations/README.md.", file=sys.stderr)
        return 1
    print("migrations are in step with the models")
    return 0


if __name__ == "__main__":
    sys.exit(main())
