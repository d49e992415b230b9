"""The refusal of a copy file, and its tree."""

from __future__ import annotations

from domain.document import Node, Refused, from_yaml


class CopyRefused(Refused):
    """A file of copy is not accepted; `faults` say where, what and why."""

    code = "copy.refused"


def root_of(source: str) -> Node:
    try:
        return from_yaml(source)
    except Refused as refused:
        raise CopyRefused(refused.faults) from None
