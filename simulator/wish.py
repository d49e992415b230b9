"""Reading the bodies of the control API."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import request

from .media import sniff
from .samples import picture

LONGEST_WAIT = 120.0


class BadRequest(Exception):
    """The body is not what this address takes; the text says what is."""


class Wish:
    """The JSON body of a request, field by field."""

    def __init__(self) -> None:
        data = request.get_json(silent=True) if request.is_json else None
        if request.content_length and not isinstance(data, dict):
            raise BadRequest("send a JSON object as application/json")
        self.data: dict[str, Any] = data or {}

    def text(self, name: str, default: str | None = None) -> str:
        value = self.data.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise BadRequest(f"{name}: a text is needed")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self.data.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name}: a number is needed")
        return float(value)

    def flag(self, name: str) -> bool:
        return bool(self.data.get(name, False))

    def objects(self, name: str) -> dict[str, Any]:
        value = self.data.get(name) or {}
        if not isinstance(value, dict):
            raise BadRequest(f"{name}: an object is needed")
        return value

    def picture(self, name: str = "base64") -> bytes:
        """A PNG or JPEG; where none is given, one of ours."""
        try:
            data = base64.b64decode(self.text(name, ""), validate=True) or picture()
        except binascii.Error:
            raise BadRequest(f"{name}: not base64") from None
        if not sniff(data).startswith("image/"):
            raise BadRequest(f"{name}: not a PNG or JPEG")
        return data
