"""The chapters of docs/plans.zh-CN.md: which preset, which worked stories, what the law says.

What somebody earns is not written here: the engine gives it when the document and its pictures are made
(tools/make_plans_doc.py, tools/draw_plans.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.money import Money
from domain.plan import Plan, parse
from domain.plan.reward import reward_of
from tests.domain.stories import Story

PRESETS = Path(__file__).parent.parent / "assets" / "plans"
PRODUCTS = {"hybrid": ["GIFT-BOX"], "coding-course": ["TRIAL", "PACK"]}


@dataclass(frozen=True)
class Example:
    """`said` is what happened, in words. `show`: every award, sums by person, or these orders whatever they pay."""

    said: str
    story: Story
    show: str | tuple[str, ...] = "awards"


@dataclass(frozen=True)
class Chapter:
    """The first example is also the picture's; `sold` are the words under those who sell in it.

    legal   what the compliance check finds of the preset, gravest first, each with a sentence for merchants
    """

    preset: str
    title: str
    examples: tuple[Example, ...]
    sold: dict[str, str]
    legal: tuple[tuple[str, str], ...] = ()
    more: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return parse(source(self.preset))


def source(preset: str) -> str:
    return (PRESETS / f"{preset}.yaml").read_text(encoding="utf-8")


def story(preset: str, chain: str) -> Story:
    found = Story(source(preset), chain)
    for sku in PRODUCTS.get(preset, []):
        found.product(sku)
    return found


def many(found: Story, count: int, **facts: Any) -> Story:
    """So many orders of customers of their own, an hour apart."""
    for number in range(1, count + 1):
        day, hour = divmod(number, 24)
        found.sold(f"O{number:03}", at=f"2026-03-{day + 1:02}T{hour:02}:00:00+08:00", **facts)
    return found


def gains(found: Story) -> dict[str, list[tuple[str, str]]]:
    """What each has in the end, by rule: (title, 「10.00 元」 or the reward in words)."""
    titles = {rule.id: rule.title for rule in parse(found.plan).rules}
    cash: Counter[tuple[str, str]] = Counter()
    kind: Counter[tuple[str, str, str]] = Counter()
    order: dict[str, dict[str, None]] = {}
    for award in found.awards():
        if award["state"] == "reversed":
            continue
        order.setdefault(award["to"], {})[award["rule"]] = None
        if award["reward"] is None:
            cash[award["to"], award["rule"]] += award["amount_fen"]
        else:
            kind[award["to"], award["rule"], reward_of(award["reward"])] += 1
    told: dict[str, list[tuple[str, str]]] = {}
    for who, rules in order.items():
        told[who] = []
        for rule in rules:
            if fen := cash[who, rule]:
                told[who].append((titles[rule], f"{Money(fen).spoken} 元"))
            told[who] += [
                (titles[rule], said if count == 1 else f"{said} × {count}")
                for (to, of, said), count in kind.items()
                if (to, of) == (who, rule)
            ]
    return told


TP_1 = (
    "TP-1 提醒",
    "出单人之外还有一位上级分到钱，就是通常说的二级分销。法规没有写「两级以内合法」，微信也曾点名按下级业绩计酬；发布前要逐条勾选「已知悉」。",
)
TX_3 = ("TX-3 提醒", "礼品和课时要写明价值，价值计入个人所得；没有写明的，报税时无法申报。")
TWO, THREE = "小丽>老王", "小丽>老王>阿美"

CHAPTERS = (
    Chapter(
        "single",
        "单级分销：谁卖出，谁拿佣金",
        (Example("小丽邀请了老王。老王卖出 100.00 元。", story("single", TWO).sold("O1", "老王")),),
        {"老王": "卖出 100.00 元"},
    ),
    Chapter(
        "two-level-from-seller",
        "二级分销（一）：从出单人算起",
        (
            Example(
                "小丽邀请老王，老王邀请阿美。阿美卖出 100.00 元。",
                story("two-level-from-seller", THREE).sold("O1"),
            ),
        ),
        {"阿美": "卖出 100.00 元"},
        (TP_1,),
        ("「一级」是出单人自己，「二级」是邀请他的人。签约前先和对方确认说的是哪一种。",),
    ),
    Chapter(
        "two-level-above-seller",
        "二级分销（二）：从上级算起",
        (
            Example(
                "小丽邀请老王，老王邀请阿美。阿美卖出 100.00 元。",
                story("two-level-above-seller", THREE).sold("O1"),
            ),
        ),
        {"阿美": "卖出 100.00 元"},
        (
            (
                "TP-2 需要特批",
                "出单人往上有两个人分钱，连同出单人已是三级，落在团队计酬的范围里，刑事追诉的起点（三级、三十人）也从这里开始数。",
            ),
        ),
        ("出单人自己不拿佣金：适合他已经享受会员价，或者领工资的情形。",),
    ),
    Chapter(
        "five-level",
        "多级分销（五级）",
        (
            Example(
                "从上到下六个人，一个邀请一个，最下面的小满卖出 100.00 元。",
                story("five-level", "大刘>陈晨>阿美>老王>小丽>小满").sold("O1"),
            ),
        ),
        {"小满": "卖出 100.00 元"},
        (
            (
                "TP-3 需要特批、法律意见和第二位审批人",
                "出单人往上有五个人分钱。引擎算得出，不等于可以用：这是团队计酬中风险最高的一档。",
            ),
        ),
    ),
    Chapter(
        "team",
        "团队分红",
        (
            Example(
                "小丽邀请了老王和阿美。一个月里小丽自己卖出 1,000.00 元，老王 6,000.00 元，阿美 5,000.00 元，"
                "团队合计 12,000.00 元。",
                story("team", "小丽>老王, 小丽>阿美")
                .sold("O1", "小丽", "1000.00")
                .sold("O2", "老王", "6000.00")
                .sold("O3", "阿美", "5000.00"),
            ),
        ),
        {"小丽": "卖出 1,000.00 元", "老王": "卖出 6,000.00 元", "阿美": "卖出 5,000.00 元"},
        (("TP-4 需要特批", "按往下两层的团队业绩分红属于团队计酬；单纯的团队计酬不按犯罪处理，但仍是行政违法。"),),
        ("团队含队长本人和往下两级；分红在月末加上售后期之后一次算定，之后的退款不再改动。",),
    ),
    Chapter(
        "chain-2plus1",
        "链动2+1",
        (
            Example(
                "小丽邀请老王和阿美；老王邀请陈晨，阿美邀请苏苏。四个人各有第一单 100.00 元。",
                story("chain-2plus1", "小丽>老王>陈晨, 小丽>阿美>苏苏")
                .sold("O1", "老王", at="2026-03-01")
                .sold("O2", "阿美", at="2026-03-02")
                .sold("O3", "陈晨", at="2026-03-03")
                .sold("O4", "苏苏", at="2026-03-04"),
            ),
            Example(
                "换一种情形：老王带出陈晨和苏苏两个人，阿美一个也没有带出。双双带出才算一组，小丽没有链动奖励。",
                story("chain-2plus1", "小丽>老王>陈晨, 老王>苏苏, 小丽>阿美")
                .sold("O1", "老王", at="2026-03-01")
                .sold("O2", "阿美", at="2026-03-02")
                .sold("O3", "陈晨", at="2026-03-03")
                .sold("O4", "苏苏", at="2026-03-04"),
            ),
        ),
        dict.fromkeys(("老王", "阿美", "陈晨", "苏苏"), "首单 100.00 元"),
        (
            (
                "HC-2 禁止",
                (
                    "奖励以「带出几个人」为条件，又从下级的下级的销售里付钱，人数就成了计酬依据，任何人都不能放行。"
                    "样板放在这里，是为了看清它怎么算、为什么不能用。常见的讲法「两个人各带出两个人就给钱」是按人头计酬（HC-1，禁止）；"
                    "收 499 元礼包才能参加是入门费（EF-2，禁止）；"
                    "「走人」会改动上下级（MX-2，需要特批），本产品不提供。想奖励带新，用每笔订单金额的比例。"
                ),
            ),
        ),
        ("这里说的是「双双带出」：两位直接下级都各自带出一位出过单的新人，四单首销合计的 5% 归邀请人。",),
    ),
    Chapter(
        "three-for-one",
        "推X返一（推三返一）",
        (
            Example(
                "小丽带来七位不同的顾客，各买 100.00 元：第三位、第六位各送一张券，第七位算进下一张。",
                many(story("three-for-one", "小丽"), 7),
            ),
            Example(
                "其中一位全额退款：还剩六位，两张券都保留；再退一位，剩五位，第二张收回。",
                many(story("three-for-one", "小丽"), 6)
                .refund("100.00", at="2026-04-01")
                .sold("O007", at="2026-03-02")
                .refund("100.00", at="2026-04-02"),
            ),
        ),
        {"小丽": "7 位顾客各买 100.00 元"},
        (),
        (
            (
                "返的是券，数的是不同顾客的真实成交，所以没有提醒。"
                "若改成「买了自己那单，带来三位就退回自己的货款」，就是 MX-4（需要特批）。"
            ),
        ),
    ),
    Chapter(
        "video-channel",
        "视频号阶梯",
        (
            Example(
                "小丽卖出一百单，每单 100.00 元。第 10 单起 10%，第 50 单起 15%，第 100 单起 20%，之前的订单比例不变。",
                many(story("video-channel", "小丽"), 100),
                ("O009", "O010", "O049", "O050", "O100"),
            ),
        ),
        {"小丽": "100 单，每单 100.00 元"},
    ),
    Chapter(
        "group-leader",
        "团长（社区团购）",
        (
            Example(
                "小丽是团长，群里一天成交 25 单，每单 100.00 元。",
                many(story("group-leader", "小丽").person("小丽", role="leader"), 25),
                "sums",
            ),
        ),
        {"小丽": "25 单，每单 100.00 元"},
        roles={"小丽": "团长"},
    ),
    Chapter(
        "creator",
        "达人带货",
        (
            Example(
                "小丽是达人，老王是普通分销员，各带来一单 100.00 元。",
                story("creator", "小丽, 老王").person("小丽", role="creator").sold("O1", "小丽").sold("O2", "老王"),
                ("O1", "O2"),
            ),
        ),
        {"小丽": "卖出 100.00 元", "老王": "卖出 100.00 元"},
        roles={"小丽": "达人", "老王": "分销员"},
    ),
    Chapter(
        "members-only",
        "会员分销",
        (
            Example(
                "老王是会员，邀请他的小丽不是。老王卖出 100.00 元。",
                story("members-only", TWO).person("老王", member=True).sold("O1"),
                ("O1",),
            ),
        ),
        {"老王": "卖出 100.00 元"},
        (TP_1,),
        ("会员资格必须能免费取得。先付费才能推广，就是入门费（EF-1，禁止），任何金额都不放行。",),
        roles={"老王": "会员", "小丽": "不是会员"},
    ),
    Chapter(
        "by-role",
        "按角色分佣",
        (
            Example(
                "达人、团长、导购、普通分销员各卖出一单 100.00 元，导购那单有 3 件。",
                story("by-role", "小丽, 老王, 阿美, 陈晨")
                .person("小丽", role="creator")
                .person("老王", role="leader")
                .person("阿美", role="guide")
                .sold("O1", "小丽")
                .sold("O2", "老王")
                .sold("O3", "阿美", qty=3)
                .sold("O4", "陈晨"),
            ),
        ),
        dict.fromkeys(("小丽", "老王", "陈晨"), "卖出 100.00 元") | {"阿美": "3 件共 100.00 元"},
        roles={"小丽": "达人", "老王": "团长", "阿美": "导购", "陈晨": "分销员"},
    ),
    Chapter(
        "hybrid",
        "混合方案",
        (
            Example(
                "小丽邀请了老王。老王卖出 10,000.00 元，这是他的第一单。小丽本月自己没有订单，所以没有上级那 5%。",
                story("hybrid", TWO).sold("O1", paid="10000.00"),
            ),
        ),
        {"老王": "卖出 10,000.00 元"},
        (TP_1,),
        ("每一项单独列出、单独解释；单行商品的佣金有 20% 的上限，奖励和分红不在上限里。",),
    ),
    Chapter(
        "fruit-shop",
        "行业：水果店",
        (
            Example(
                "小丽邀请了老王。老王的第一单 68.00 元，过了售后期。",
                story("fruit-shop", TWO).sold("O1", paid="68.00"),
            ),
        ),
        {"老王": "首单 68.00 元"},
        (
            (
                "HC-3 禁止",
                (
                    "「带出一位新人送 10 元券」不随订单金额增长，次数也没有上限，数的是人头。"
                    "改成那一单的百分比就没有问题；"
                    "或者让奖励不超过那一单的 20%、每人每月不超过 10 次，才可以走特批（HC-4）。"
                ),
            ),
            TP_1,
        ),
        ("只要两级佣金、不要奖励的版本是 `assets/plans/fruit.yaml`，每单的佣金完全一样，提醒只有 TP-1。",),
    ),
    Chapter(
        "coding-course",
        "行业：编程课",
        (
            Example(
                "小丽推荐两位家长，各买一份 999.00 元的课包。",
                many(story("coding-course", "小丽"), 2, sku="PACK", paid="999.00"),
            ),
            Example(
                "两节免费体验课（0.00 元 × 2），每节照付 10.00 元。",
                story("coding-course", "小丽").sold("O1", paid="0.00", sku="TRIAL", qty=2),
            ),
            Example(
                "体验课卖 9.90 元时，固定 10.00 元会超过单行上限 50%，削到 4.95 元；检查会提醒。",
                story("coding-course", "小丽").sold("O1", paid="9.90", sku="TRIAL"),
                ("O1",),
            ),
            Example(
                "卖出 4,300.00 元课程，每满 2,000.00 元返 100.00 元。",
                story("coding-course", "小丽").sold("O1", paid="4300.00", sku="PACK"),
            ),
        ),
        {"小丽": "2 位家长各买 999.00 元"},
        (
            (
                "HC-5 提醒",
                "「体验课每报一人 10 元」按线索付费，只给一层、不看下级，可以做；但微信可能当作诱导，要有上限。",
            ),
            TX_3,
        ),
    ),
    Chapter(
        "skin-care",
        "行业：护肤",
        (
            Example(
                "小丽邀请了老王。老王卖出 3 瓶，共 897.00 元。",
                story("skin-care", TWO).sold("O1", paid="897.00", qty=3),
            ),
            Example(
                "老王一个月卖出 20 瓶。19 瓶没有销量奖，41 瓶也只奖一次。",
                story("skin-care", TWO).sold("O1", paid="5980.00", qty=20),
            ),
        ),
        {"老王": "3 瓶，共 897.00 元"},
        (TP_1, TX_3),
    ),
)
