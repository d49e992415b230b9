"""Write docs/plans.zh-CN.md: every preset with its picture, its numbers and what the law says of it.

    python -m tools.make_plans_doc          # writes the document; tools.draw_plans draws the pictures

All numbers and the sentences under them come of the engine and the presets, so the document cannot tell others; a test
fails where it differs from what this writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.money import Money
from domain.plan.reward import reward_of
from services.explanation import SKIPPED, seat
from tools.plan_chapters import CHAPTERS, Chapter, Example, source

DOCUMENT = Path(__file__).parent.parent / "docs" / "plans.zh-CN.md"

HEAD = """<!-- python -m tools.make_plans_doc 写成；要改内容，改 tools/plan_chapters.py 和 assets/plans。 -->

# 分销方案：每种模式怎么算、谁拿多少

一份方案就是一个 YAML 文件：卖什么、给谁、给多少、什么时候给。下面每一种模式都有一份样板放在 `assets/plans`，
复制一份改成自己的数字就能用。表里的每个数字和每句「为什么」，都由结算所用的同一个引擎算出。

## 先用一分钟看懂

- **出单人**（`seller`）是订单归属的分销员；**上级**（`upline-1`）是邀请他的人，再往上是 `upline-2`、`upline-3`……
  「一级」「二级」在市面上有两种说法，方案里不用这两个词。
- 佣金按**实付金额**算（不含运费，扣掉退款），舍到分；一行商品的佣金合计不超过 `max_share`。
- 佣金付款时记为**待结算**，订单完成再过**售后期**后变为**可提现**；退款按同样的比例收回，收不回的从可提现里扣。
- 奖励（首单、推X返一、链动）在订单过了售后期时计数；团队分红和排行榜在周期结束再加售后期后一次算定。

## 从想法到生效

| 做什么 | 命令 |
|---|---|
| 用几笔假想的订单试算 | `flask plan evaluate 方案.yaml 场景.json` |
| 放到过去的订单上，看花多少、谁多得谁少得 | `flask plan simulate 方案.yaml --from 2026-10-01 --to 2026-10-31` |
| 看合规风险 | `flask plan check 方案.yaml` |
| 和正在用的方案比，改了什么、影响多少人 | `flask plan diff 旧.yaml 新.yaml` |
| 发布，从某一刻起生效 | `flask plan publish 方案.yaml --from 2026-12-01T00:00` |
| 看所有版本和草案 | `flask plan list` |
| 方案还没定，先存成草案，之后用 D1 代替文件名 | `flask plan draft 方案.yaml` |

试算加上 `--chart 成本.png`，另得一张手机上看的条形图。发布后的版本永远不变；
付款时生效的是哪一版，那笔订单就一直按哪一版算。

## 合规提醒怎么读

**禁止**：法律不允许，任何人都不能放行。**需要特批**：有严重风险，要按记录在案的流程逐条承担责任后才能发布。
**提醒**：发布时逐条勾选「已知悉」。引擎什么模式都算得出，能不能发布由检查决定；下面每种模式写的是样板原样会碰到的条目，
改了数字结果可能不同，以 `flask plan check` 为准。这是产品的防护，不是法律意见，发布前请专业人士确认。
"""


def document() -> str:
    return "\n".join([HEAD, *_contents(), *(line for chapter in CHAPTERS for line in _chapter(chapter))]) + "\n"


def _contents() -> Iterator[str]:
    yield "## 目录\n"
    yield "| 模式 | 样板 | 合规 |"
    yield "|---|---|---|"
    for chapter in CHAPTERS:
        legal = "；".join(name for name, _ in chapter.legal) or "没有提醒"
        yield f"| [{chapter.title}](#{chapter.preset}) | `{chapter.preset}.yaml` | {legal} |"
    yield ""


def _chapter(chapter: Chapter) -> Iterator[str]:
    lines = source(chapter.preset).splitlines()
    opening = [line.removeprefix("# ") for line in lines[:2]]
    yield f'<a id="{chapter.preset}"></a>\n'
    yield f"## {chapter.title}\n"
    yield from (f"{line}  " for line in opening[:-1])
    yield f"{opening[-1]}\n"
    yield f"![{chapter.title}](images/plans/{chapter.preset}.png)\n"
    for example in chapter.examples:
        yield f"{example.said}\n"
        yield from _table(example)
        yield ""
    yield from (f"{note}\n" for note in chapter.more)
    yield f"样板 [`assets/plans/{chapter.preset}.yaml`](../assets/plans/{chapter.preset}.yaml)：\n"
    yield "```yaml"
    yield from lines[2:]
    yield "```\n"
    yield "**合规**\n"
    if not chapter.legal:
        yield "样板原样没有碰到任何条目。\n"
    for name, said in chapter.legal:
        yield f"- **{name}**：{said}"
    if chapter.legal:
        yield ""


def _table(example: Example) -> Iterator[str]:
    result = example.story.result()
    if example.show == "sums":
        yield from _sums(result["awards"])
        return
    yield "| 谁 | 拿到 | 为什么 |"
    yield "|---|---|---|"
    if isinstance(example.show, tuple):
        for order in example.show:
            yield from _of_order(result, order)
    else:
        for award in result["awards"]:
            yield _row(award["to"], award["as"], _worth(award), award["why"])


def _sums(awards: list[dict[str, Any]]) -> Iterator[str]:
    """Of many equal awards the first tells why."""
    total: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], dict[str, Any]] = {}
    count: Counter[tuple[str, str]] = Counter()
    for award in awards:
        key = award["to"], award["as"]
        total[key] += award["amount_fen"]
        count[key] += 1
        first.setdefault(key, award)
    yield "| 谁 | 笔数 | 合计 | 每一笔，例如 |"
    yield "|---|---|---|---|"
    for key, fen in total.items():
        yield f"| {key[0]}（{seat(key[1])}） | {count[key]} 笔 | **{Money(fen).spoken} 元** | {first[key]['why']} |"


def _of_order(result: dict[str, Any], order: str) -> Iterator[str]:
    """What an order pays, and who gets nothing of it and why."""
    for award in result["awards"]:
        if award["order"] == order:
            yield _row(award["to"], award["as"], _worth(award), award["why"])
    paid = {(award["to"], award["as"]) for award in result["awards"] if award["order"] == order}
    for skip in result["skips"]:
        if skip["order"] == order and skip["to"] is not None and (skip["to"], skip["as"]) not in paid:
            yield _row(skip["to"], skip["as"], "0.00 元", f"订单 {order}：{SKIPPED[skip['reason']]}")


def _row(who: str, as_: str, worth: str, why: str) -> str:
    return f"| {who}（{seat(as_)}） | **{worth}** | {why} |"


def _worth(award: dict[str, Any]) -> str:
    if award["reward"] is not None:
        said = reward_of(award["reward"])
        return f"已收回：{said}" if award["state"] == "reversed" else said
    return f"{Money(award['amount_fen']).spoken} 元"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
