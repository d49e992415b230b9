"""企业群发 on your desk: tasks that nobody gets anything of before a member confirms them."""

from __future__ import annotations

from .desk import MassMessages

__all__ = ["MassMessages"]
