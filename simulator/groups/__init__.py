"""客户群 on your desk: groups of members and customers, the codes by which customers join, and their events."""

from __future__ import annotations

from .desk import CustomerGroups

__all__ = ["CustomerGroups"]
