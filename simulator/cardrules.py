"""What a template card must look like: one function per part, each with the errcode of the platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .errors import ApiError

NOTICES = ("text_notice", "news_notice")
INTERACTIVE = ("button_interaction", "vote_interaction", "multiple_interaction")
WITH_MENU = ("text_notice", "news_notice", "button_interaction")
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
Card = dict[str, Any]


def check(card: Card, *, kinds: Iterable[str] = (*NOTICES, *INTERACTIVE), interactive: bool = True) -> None:
    """Refuse a card with the first errcode that applies. `interactive` is off where nobody listens to clicks."""
    kind = str(card.get("card_type", ""))
    if kind not in kinds:
        raise ApiError(42031)
    _titles(card, kind)
    _lists(card)
    _actions(card, kind)
    _picture(card, kind)
    if interactive:
        _questions(card, kind)
        _menu(card, kind)


def needs_task(card: Card) -> bool:
    return card.get("card_type") in INTERACTIVE or bool(card.get("action_menu"))


def check_task_id(card: Card) -> str:
    task_id = card.get("task_id", "")
    if not isinstance(task_id, str) or not TASK_ID.fullmatch(task_id):
        raise ApiError(42014)
    return task_id


def _part(card: Card, name: str) -> Card:
    part = card.get(name) or {}
    if not isinstance(part, dict):
        raise ApiError(40058, f"template_card.{name}: invalid Request Parameter")
    return part


def _rows(card: Card, name: str, least: int, most: int, code: int) -> list[Card]:
    rows = card.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(40058, f"template_card.{name}: invalid Request Parameter")
    if not least <= len(rows) <= most:
        raise ApiError(code, f"template_card.{name} size out of limit")
    return rows


def _need(row: Card, name: str, code: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(code, f"{name} missing")
    return value


def _target(row: Card, *, url: str = "url") -> None:
    """A jump: type 1 needs an address, type 2 a mini program."""
    kind = row.get("type", 0)
    if kind == 1:
        _need(row, url, 42028)
    elif kind == 2:
        _need(row, "appid", 42030)


def _titles(card: Card, kind: str) -> None:
    title = _part(card, "main_title").get("title")
    if kind == "text_notice":
        title = title or card.get("sub_title_text")
    if not isinstance(title, str) or not title:
        raise ApiError(42033, "main_title.title missing")
    for name in ("source", "emphasis_content"):
        _part(card, name)
    _target(_part(card, "quote_area"))


def _lists(card: Card) -> None:
    for row in _rows(card, "horizontal_content_list", 0, 6, 42035):
        _need(row, "keyname", 42027)
        row_kind = row.get("type", 0)
        if row_kind in (1, 2, 3):
            name, code = {1: ("url", 42028), 2: ("media_id", 42029), 3: ("userid", 42050)}[row_kind]
            _need(row, name, code)
    for row in _rows(card, "vertical_content_list", 0, 4, 42036):
        _need(row, "title", 42033)
    for row in _rows(card, "jump_list", 0, 3, 42042):
        _need(row, "title", 42033)
        _target(row)


def _actions(card: Card, kind: str) -> None:
    action = _part(card, "card_action")
    allowed = (1, 2) if kind in NOTICES else (0, 1, 2)
    if kind in NOTICES and not action:
        raise ApiError(42045, "card_action missing")
    if action and action.get("type", 0) not in allowed:
        raise ApiError(42045, "card_action.type invalid")
    _target(action)


def _picture(card: Card, kind: str) -> None:
    if kind != "news_notice":
        return
    image, area = _part(card, "card_image"), _part(card, "image_text_area")
    if not image and not area:
        raise ApiError(42044, "card_image.url missing")
    if image:
        _need(image, "url", 42044)
        ratio = image.get("aspect_ratio", 1.3)
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 1.3 <= ratio <= 2.25:
            raise ApiError(40058, "card_image.aspect_ratio: invalid Request Parameter")
    if area:
        _need(area, "image_url", 42044)
        _target(area)


def _options(row: Card, most: int) -> None:
    _key(row, "question_key", 42043)
    seen: set[str] = set()
    for option in _rows(row, "option_list", 1, most, 42037):
        number = _need(option, "id", 42040)
        if number in seen or len(number.encode()) > 128:
            raise ApiError(42040, "option id invalid")
        seen.add(number)
        _need(option, "text", 42041)


def _key(row: Card, name: str, code: int) -> str:
    key = _need(row, name, code)
    if len(key.encode()) > 1024:
        raise ApiError(code, f"{name} too long")
    return key


def _buttons(card: Card) -> None:
    seen: set[str] = set()
    for row in _rows(card, "button_list", 1, 6, 40058):
        _need(row, "text", 42038)
        if row.get("type", 0) == 1:
            _need(row, "url", 42028)
            continue
        key = _key(row, "key", 42039)
        if key in seen:
            raise ApiError(42039, "button key duplicate")
        seen.add(key)
    if selection := _part(card, "button_selection"):
        _options(selection, 10)


def _vote(card: Card) -> None:
    _options(_part(card, "checkbox"), 20)
    _submit(card)


def _multiple(card: Card) -> None:
    for row in _rows(card, "select_list", 1, 3, 42047):
        _options(row, 10)
    _submit(card)


def _submit(card: Card) -> None:
    button = _part(card, "submit_button")
    _key(button, "key", 42046)
    if not isinstance(button.get("text", "提交"), str):
        raise ApiError(42049)


QUESTIONS: dict[str, Callable[[Card], None]] = {
    "button_interaction": _buttons,
    "vote_interaction": _vote,
    "multiple_interaction": _multiple,
}


def _questions(card: Card, kind: str) -> None:
    if kind in QUESTIONS:
        QUESTIONS[kind](card)


def _menu(card: Card, kind: str) -> None:
    menu = _part(card, "action_menu")
    if not menu or kind not in WITH_MENU:
        return
    seen: set[str] = set()
    for row in _rows(menu, "action_list", 1, 3, 40058):
        _need(row, "text", 42020)
        key = _need(row, "key", 42019)
        if len(key.encode()) > 1024:
            raise ApiError(42018)
        if key in seen:
            raise ApiError(42051, "action_menu key duplicate")
        seen.add(key)
