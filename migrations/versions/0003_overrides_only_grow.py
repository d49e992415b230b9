"""Triggers that refuse to change or delete override records of the compliance check.

The ORM refuses first (models/override.py); these hold for whoever writes SQL.

Revision 0003, after 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "override_record"
ACTIONS = ("UPDATE", "DELETE")
REFUSAL = "override records only grow"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION overrides_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
        )
    for action in ACTIONS:
        name = f"{TABLE}_no_{action.lower()}"
        if dialect == "sqlite":
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END")
        elif dialect == "postgresql":
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {action} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION overrides_only_grow()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {action} ON {TABLE} "
                f"FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{REFUSAL}'"
            )


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for action in ACTIONS:
        where = f" ON {TABLE}" if dialect == "postgresql" else ""
        op.execute(f"DROP TRIGGER {TABLE}_no_{action.lower()}{where}")
    if dialect == "postgresql":
        op.execute("DROP FUNCTION overrides_only_grow()")
