"""How Alembic reaches the database: over a connection that models/migrating.py hands in, else by the settings."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, BigInteger, Column, Connection
from sqlalchemy.types import TypeEngine

import models
from models.base import BigId, LongText, MoneyFen, UtcDateTime


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Write our column types as what the database stores, so that a revision never depends on today's code."""
    if kind != "type":
        return False
    if isinstance(item, MoneyFen):
        return "sa.BigInteger()"
    if isinstance(item, UtcDateTime):
        return "INSTANT"
    if item is BigId:
        return "ID"
    if item is LongText:
        return "LONG_TEXT"
    return False


def compare_type(
    ctx: Any, inspected: Column[Any], ours: Column[Any], found: TypeEngine[Any], wanted: TypeEngine[Any]
) -> bool | None:
    """True where a column's type differs; None leaves the answer to Alembic.

    MariaDB keeps JSON as LONGTEXT with a check, SQLite every whole number as INTEGER or BIGINT: no differences.
    """
    dialect = ctx.dialect.name
    if isinstance(wanted, JSON) and dialect in ("mysql", "mariadb"):
        return "TEXT" not in str(found).upper() and "JSON" not in str(found).upper()
    if isinstance(wanted, BigInteger) and dialect == "sqlite":
        return "INT" not in str(found).upper()
    return None


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=models.Base.metadata,
        render_as_batch=context.config.attributes.get("batch", True),
        render_item=render_item,
        compare_type=compare_type,
        user_module_prefix="sa.",
        transactional_ddl=connection.dialect.name != "mysql" and connection.dialect.name != "mariadb",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    # `alembic` by hand. Only here are the settings read: what is handed in above needs none.
    from config import Settings

    settings = Settings.of_process()
    with models.new_engine(settings.database_url).connect() as own:
        run(own)
        own.commit()
