"""Refusals: what the business says no to, as a code and facts.

A `DomainError` is not a mistake of the program. Its code names a sentence of `assets/messages`, its facts fill the
sentence's placeholders. Programming mistakes stay ordinary exceptions and crash.
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal with a permanent `code` and the facts that explain it."""

    code = "refused"

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.code, facts)

    def __str__(self) -> str:
        return f"{self.code} {self.facts}"


class Invalid(DomainError):
    """Input that is malformed: every fault names its field and what is allowed."""

    code = "invalid"

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__(faults=faults)


class IdempotencyConflict(DomainError):
    """The same business key came again with other content."""

    code = "conflict.same_key"
