"""A service account of 微信客服 on your desk: its calls under `/cgi-bin/kf/`, its log, its customers, its servicers."""

from __future__ import annotations

from .service import Service

__all__ = ["Service"]
