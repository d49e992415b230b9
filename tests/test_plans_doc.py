"""docs/plans.zh-CN.md and its pictures tell what the engine gives, and every preset has its place in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from domain.compliance import check
from tools import draw_plans, make_plans_doc
from tools.plan_chapters import CHAPTERS, PRESETS, Chapter

ROOT = Path(__file__).parent.parent


def test_the_document_is_what_the_engine_and_the_presets_make_of_it() -> None:
    written = make_plans_doc.DOCUMENT.read_text(encoding="utf-8")
    assert written == make_plans_doc.document(), "run: python -m tools.make_plans_doc"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.preset)
def test_a_picture_tells_what_the_engine_gives(chapter: Chapter) -> None:
    with Image.open(draw_plans.OUT / f"{chapter.preset}.png") as picture:
        kept = json.loads(picture.text[draw_plans.KEPT])  # type: ignore[attr-defined]
    now = json.loads(json.dumps(draw_plans.facts(chapter)))
    assert kept == now, f"run: python -m tools.draw_plans --only {chapter.preset}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.preset)
def test_the_document_names_what_the_compliance_check_finds(chapter: Chapter) -> None:
    words = {"BLOCK": "禁止", "OVERRIDE": "需要特批", "WARN": "提醒"}
    found = [(finding.rule_id, words[finding.severity]) for finding in check(chapter.plan)]
    told = [tuple(name.split("、")[0].split(" ", 1)) for name, _ in chapter.legal]
    assert told == found


def test_every_preset_is_in_the_document_and_every_link_leads_somewhere() -> None:
    text = make_plans_doc.DOCUMENT.read_text(encoding="utf-8")
    assert [path.stem for path in PRESETS.glob("*.yaml") if f"assets/plans/{path.name}" not in text] == []
    anchors = set(re.findall(r'<a id="([\w-]+)">', text))
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.removeprefix("#") in anchors or (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize(
    "number",
    [
        "6.80 元",
        "3.40 元",
        "10.00 元",
        "149.85 元",
        "4.95 元",
        "240.00 元",
        "90.00 元",
        "30.00 元",
        "300.00 元",
        "20.00 元",
    ],
)
def test_the_worked_numbers_of_the_presets_are_told(number: str) -> None:
    assert f"**{number}**" in make_plans_doc.document()
