"""What a merchant added to the word lists of the compliance check. Rows are only ever inserted.

Source   compliance.md §7: an operator may add, never remove
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, Key


class AddedWord(Base):
    __tablename__ = "added_word"
    __table_args__ = (UniqueConstraint("list", "word"), MYSQL)

    id: Mapped[Key]
    list: Mapped[str] = mapped_column(String(32))  # the name of a file of assets/words
    word: Mapped[str] = mapped_column(String(64))
    operator: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class WordException(Base):
    """An absolute word may stand within `phrase`, for a written reason on one of the grounds of compliance.md §7."""

    __tablename__ = "word_exception"
    __table_args__ = (UniqueConstraint("phrase", "word"), MYSQL)

    id: Mapped[Key]
    word: Mapped[str] = mapped_column(String(64))
    phrase: Mapped[str] = mapped_column(String(64))
    ground: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(255))
    operator: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


def _refuse(mapper: Any, connection: Any, target: Any) -> None:
    raise RuntimeError(f"word lists only grow: {target.id} cannot be changed or deleted")


for _table in (AddedWord, WordException):
    event.listen(_table, "before_update", _refuse)
    event.listen(_table, "before_delete", _refuse)
