"""Temporary media: uploaded by the app, by a robot's key or by a person, fetched for three days, then gone."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Response, send_file

from .counters import Window
from .errors import ApiError

if TYPE_CHECKING:
    from .api import Api, Call
    from .state import World

MEGA = 1024 * 1024
SMALLEST = 6  # "more than 5 bytes"
APP = "app"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "audio/amr": "amr", "video/mp4": "mp4"}
# size, the errcode beyond it, formats by their first bytes
RULES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "image": (10 * MEGA, 40009, ("image/png", "image/jpeg")),
    "voice": (2 * MEGA, 40006, ("audio/amr",)),
    "video": (10 * MEGA, 40011, ("video/mp4",)),
    "file": (20 * MEGA, 40006, ()),
}


def sniff(data: bytes) -> str:
    """The content type by the first bytes, as far as the platform cares."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"#!AMR"):
        return "audio/amr"
    if data[4:8] == b"ftyp":
        return "video/mp4"
    return "application/octet-stream"


@dataclass(frozen=True)
class Media:
    """`owner`: "app", "uploadimg", "user", or "robot:" and a group's id; the app may send those of "app" and "user"."""

    media_id: str
    kind: str
    filename: str
    content_type: str
    size: int
    sha256: str
    owner: str
    created_at: float


class MediaShelf:
    def __init__(self, world: World) -> None:
        self._world = world
        self._blobs: dict[str, bytes] = {}
        self._uploadimg_day, self._uploadimg_month = Window(86400), Window(30 * 86400)
        self._items = {row["media_id"]: Media(**row) for row in world.store.load("media")}

    def register(self, api: Api) -> None:
        api.add("media/upload", self._upload, form=True)
        api.add("media/uploadimg", self._upload_picture, form=True)
        api.add("media/get", self._get, method="GET")

    def put(self, data: bytes, kind: str, filename: str, owner: str) -> Media:
        content_type = sniff(data)
        if kind == "file" and content_type == "application/octet-stream" and filename.lower().endswith(".pdf"):
            content_type = "application/pdf"
        media = Media(
            media_id="3" + secrets.token_urlsafe(48),
            kind=kind,
            filename=filename,
            content_type=content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            owner=owner,
            created_at=self._world.now(),
        )
        with self._world.lock:
            self._items[media.media_id] = media
            self._blobs[media.media_id] = data
            self._world.store.save("media", media.media_id, asdict(media))
            self._world.store.save_blob(media.media_id, data)
        return media

    def find(self, media_id: str) -> tuple[Media, bytes] | None:
        """For the page: expired ones too, since what stands in a chat stays visible."""
        with self._world.lock:
            media = self._items.get(media_id)
            if media is None:
                return None
            data = self._blobs.get(media_id)
            if data is None:
                data = self._world.store.load_blob(media_id) or b""
                self._blobs[media_id] = data
            return media, data

    def usable(self, media_id: str, owners: tuple[str, ...]) -> Media:
        """The medium if it is known, not expired and of one of these owners; ApiError 40007 otherwise."""
        media = self._items.get(media_id)
        age = self._world.now() - media.created_at if media else 0
        if media is None or media.owner not in owners or age >= self._world.limits.media_seconds:
            raise ApiError(40007)
        return media

    def reference(self, media_id: str, kind: str | None, owners: tuple[str, ...] = (APP, "user")) -> dict[str, Any]:
        """What a chat entry says about a medium; ApiError 41006, 40007 when it may not be sent."""
        if not media_id:
            raise ApiError(41006)
        media = self.usable(media_id, owners)
        if kind is not None and media.kind != kind:
            raise ApiError(40007)
        return {"media_id": media_id, "filename": media.filename, "size": media.size, "sha256": media.sha256}

    def forget(self) -> None:
        with self._world.lock:
            self._items.clear()
            self._blobs.clear()
            self._uploadimg_day.clear()
            self._uploadimg_month.clear()

    # API

    def accept(self, call: Call, kind: str, owner: str) -> Media:
        """Check an uploaded part by the rules of its kind and put it on the shelf."""
        filename, data = uploaded_part(call)
        if kind not in RULES:
            raise ApiError(40005)
        largest, too_large, formats = RULES[kind]
        if kind == "image":
            largest = self._world.limits.image_bytes
        if len(data) < SMALLEST:
            raise ApiError(40006)
        if len(data) > largest:
            raise ApiError(too_large)
        if formats and sniff(data) not in formats:
            raise ApiError(40004)
        call.note.update(type=kind, size=len(data))
        return self.put(data, kind, filename, owner)

    def _upload(self, call: Call) -> dict[str, Any]:
        media = self.accept(call, call.query.get("type", ""), APP)
        return {"type": media.kind, "media_id": media.media_id, "created_at": str(int(media.created_at))}

    def _upload_picture(self, call: Call) -> dict[str, Any]:
        filename, data = uploaded_part(call)
        limits, now = self._world.limits, self._world.now()
        if not SMALLEST <= len(data) <= 2 * MEGA:
            raise ApiError(40009)
        if sniff(data) not in RULES["image"][2]:
            raise ApiError(40123)
        day = self._uploadimg_day.count(APP, now) >= limits.uploadimg_per_day
        if day or self._uploadimg_month.count(APP, now) >= limits.uploadimg_per_month:
            raise ApiError(45009)
        self._uploadimg_day.take(APP, now)
        self._uploadimg_month.take(APP, now)
        media = self.put(data, "image", filename, "uploadimg")
        return {"url": f"{call.request.host_url}sim/media/{media.media_id}"}

    def _get(self, call: Call) -> Response:
        media_id = call.query.get("media_id", "")
        if not media_id:
            raise ApiError(41006)
        media = self.usable(media_id, (APP, "user"))
        found = self.find(media_id)
        return serve(media, found[1] if found else b"", attachment=True)


def serve(media: Media, data: bytes, *, attachment: bool) -> Response:
    """The bytes with their name; answers Range requests with 206."""
    response = send_file(BytesIO(data), mimetype=media.content_type, conditional=True, etag=media.sha256)
    disposition = "attachment" if attachment else "inline"
    response.headers["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(media.filename)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def uploaded_part(call: Call) -> tuple[str, bytes]:
    """Name and bytes of the multipart part `media`; 44001 when it is missing, empty or named the RFC 2231 way."""
    head = call.raw[:2000].split(b"\r\n\r\n", 1)[0]
    if re.search(rb"filename\*\s*=", head):
        raise ApiError(44001)
    part = call.request.files.get("media")
    data = part.read() if part is not None else b""
    if part is None or not data:
        raise ApiError(44001)
    name = part.filename or "file"
    return (name if "." in name else f"{name}.{EXTENSIONS.get(sniff(data), 'dat')}"), data
