"""客户联系 on your desk: members with customers, the codes and links by which these come, and the welcome message."""

from __future__ import annotations

from .desk import Contact

__all__ = ["Contact"]
