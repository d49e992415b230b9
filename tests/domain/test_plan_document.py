"""The plan file: what is accepted, what is refused and with which line and key, and the canonical form."""

import json
from dataclasses import replace

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from domain.money import Money
from domain.plan import (
    Attribution,
    CommissionRule,
    PayRow,
    Plan,
    PlanRefused,
    Scope,
    Terms,
    canonical,
    digest,
    parse,
)

FULL = """\
name: 生鲜水果店
terms:
  attribution: {rule: first_touch, window_days: 0}
  own_orders: upline
  hold_days: 15
  max_share: 12.5%
  members_only: true
rules:
  - id: direct
    title: 推广佣金
    kind: commission
    scope: {categories: [水果], skus: [APPLE], exclude: [GIFT-BOX]}
    base: profit
    pay:
      - {to: seller,   rate: 10%}
      - {to: upline-1, amount: "30.5", per: line}
      - {to: upline-12, amount: '3'}
"""


def refusal(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(PlanRefused) as refused:
        parse(text)
    for fault in refused.value.faults:
        assert fault.zh, fault
        assert fault.en.isascii(), fault
    return [(fault.line, fault.key) for fault in refused.value.faults]


def with_rule(*lines: str) -> str:
    """A plan whose one rule has these lines from line 5 on; line 3 is its start."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"name: x\nrules:\n  - id: a\n    kind: commission\n{body}"


def with_row(row: str) -> str:
    """A plan whose one row stands on line 7."""
    return with_rule("title: t", "pay:", f"  - {row}")


def test_a_whole_plan_is_read() -> None:
    assert parse(FULL) == Plan(
        name="生鲜水果店",
        terms=Terms(Attribution("first_touch", 0), "upline", 15, 1250, True),
        rules=(
            CommissionRule(
                id="direct",
                title="推广佣金",
                scope=Scope(frozenset({"水果"}), frozenset({"APPLE"}), frozenset({"GIFT-BOX"})),
                base="profit",
                pay=(
                    PayRow(up=0, rate_bp=1000),
                    PayRow(up=1, amount=Money(3050), per="line"),
                    PayRow(up=12, amount=Money(300)),
                ),
            ),
        ),
    )


def test_what_is_left_out_has_the_defaults_of_the_contract() -> None:
    plan = parse("name: x\nrules: []\n")
    assert plan.terms == Terms(
        attribution=Attribution("last_touch", 30),
        own_orders="none",
        hold_days=7,
        max_share_bp=5000,
        members_only=False,
    )


@pytest.mark.parametrize("word", ["NO", "on", "yes", "null", "1e3", "012", "0x1F", "2026-03-01", "1_000", "~", ".5"])
def test_text_is_never_taken_for_something_else(word: str) -> None:
    plan = parse(f"name: {word}\nrules:\n- {{id: {word}, kind: commission, title: {word}, scope: {{skus: [{word}]}}, "
                 "pay: [{to: seller, rate: 1%}]}\n")  # fmt: skip
    (rule,) = plan.commission_rules
    assert (plan.name, rule.id, rule.title, rule.scope.skus) == (word, word, word, {word})


# What is refused, with line and key


REFUSED = {
    "an unknown key": ("name: x\nrules: []\ncolour: red\n", 3, "colour"),
    "an unknown key in terms": ("name: x\nrules: []\nterms:\n  hold_day: 7\n", 4, "terms.hold_day"),
    "a misspelt default": (with_rule("title: t", "bas: net", "pay: [{to: seller, rate: 1%}]"), 6, "rules[0].bas"),
    "an unknown key in a row": (with_row("{to: seller, rate: 1%, cap: 1%}"), 7, "rules[0].pay[0].cap"),
    "a merge key": (with_row("{to: seller, rate: 1%, <<: {per: unit}}"), 7, "rules[0].pay[0].<<"),
    "a repeated key": ("name: x\nrules: []\nname: y\n", 3, "name"),
    "a repeated key in other quotes": ("name: x\nrules: []\n'name': y\n", 3, "name"),
    "a repeated key deep inside": (with_row("{to: seller, to: seller, rate: 1%}"), 7, "rules[0].pay[0].to"),
    "no name": ("rules: []\n", 1, "name"),
    "no rules": ("name: x\n", 1, "rules"),
    "rules that are no list": ("name: x\nrules: {}\n", 2, "rules"),
    "a rule that is text": ("name: x\nrules:\n  - direct\n", 3, "rules[0]"),
    "a rule without kind": ("name: x\nrules:\n  - {id: a}\n", 3, "rules[0].kind"),
    "a kind nobody knows": ("name: x\nrules:\n  - id: a\n    kind: bonus\n", 4, "rules[0].kind"),
    "no title": (with_rule("pay: [{to: seller, rate: 1%}]"), 3, "rules[0].title"),
    "no pay": (with_rule("title: t"), 3, "rules[0].pay"),
    "an empty pay": (with_rule("title: t", "pay: []"), 6, "rules[0].pay"),
    "an empty value": (with_rule("title:", "pay: [{to: seller, rate: 1%}]"), 5, "rules[0].title"),
    "a title of two lines": (with_rule('title: "a\\nb"', "pay: [{to: seller, rate: 1%}]"), 5, "rules[0].title"),
    "both rate and amount": (with_row('{to: seller, rate: 1%, amount: "1.00"}'), 7, "rules[0].pay[0]"),
    "neither rate nor amount": (with_row("{to: seller}"), 7, "rules[0].pay[0]"),
    "per beside rate": (with_row("{to: seller, rate: 1%, per: unit}"), 7, "rules[0].pay[0].per"),
    "an unknown per": (with_row('{to: seller, amount: "1.00", per: order}'), 7, "rules[0].pay[0].per"),
    "an unknown base": (with_rule("title: t", "base: gross", "pay: [{to: seller, rate: 1%}]"), 6, "rules[0].base"),
    "a scope as a list": (with_rule("title: t", "scope: [A]", "pay: [{to: seller, rate: 1%}]"), 6, "rules[0].scope"),
    "a SKU that is a list": (
        with_rule("title: t", "scope: {skus: [[A]]}", "pay: [{to: seller, rate: 1%}]"),
        6,
        "rules[0].scope.skus[0]",
    ),
    "hold_days in quotes": ('name: x\nrules: []\nterms: {hold_days: "7"}\n', 3, "terms.hold_days"),
    "negative hold_days": ("name: x\nrules: []\nterms: {hold_days: -1}\n", 3, "terms.hold_days"),
    "hold_days with decimals": ("name: x\nrules: []\nterms: {hold_days: 7.0}\n", 3, "terms.hold_days"),
    "full-width hold_days": ("name: x\nrules: []\nterms: {hold_days: ７}\n", 3, "terms.hold_days"),
    "yes for true": ("name: x\nrules: []\nterms: {members_only: yes}\n", 3, "terms.members_only"),
    "true in quotes": ('name: x\nrules: []\nterms: {members_only: "true"}\n', 3, "terms.members_only"),
    "an unknown touch": ("name: x\nrules: []\nterms: {attribution: {rule: any}}\n", 3, "terms.attribution.rule"),
    "own_orders: no": ("name: x\nrules: []\nterms: {own_orders: no}\n", 3, "terms.own_orders"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key"), REFUSED.values(), ids=REFUSED)
def test_a_fault_names_its_line_and_key(text: str, line: int, key: str) -> None:
    assert refusal(text) == [(line, key)]


@pytest.mark.parametrize(
    "to", ["upline-0", "upline-00", "upline-01", "upline-100", "upline", "Seller", "upline-１", "1"]
)
def test_a_payee_is_the_seller_or_an_upline_from_1_on(to: str) -> None:
    assert refusal(with_row(f"{{to: {to}, rate: 1%}}")) == [(7, "rules[0].pay[0].to")]


@pytest.mark.parametrize(
    "rate",
    ["100.01%", "101%", "0.125%", "0.1", "10", "-1%", "10 %", "１０%", "10％", "1e1%", ".5%", "5.%", "[5%]", "true"],
)
def test_a_rate_is_a_percentage_of_at_most_100_and_no_finer_than_a_hundredth(rate: str) -> None:
    assert refusal(with_row(f"{{to: seller, rate: {rate}}}")) == [(7, "rules[0].pay[0].rate")]


@pytest.mark.parametrize(("text", "bp"), [("0%", 0), ("0.01%", 1), ("0.75%", 75), ("12.5%", 1250), ("'100%'", 10000)])
def test_a_rate_is_kept_in_basis_points(text: str, bp: int) -> None:
    assert parse(with_row(f"{{to: seller, rate: {text}}}")).commission_rules[0].pay[0].rate_bp == bp


@pytest.mark.parametrize(
    "amount",
    [
        "30.00",
        "30",
        "30元",
        '"-30.00"',
        '"30.000"',
        '"３０.00"',
        '"30.00元"',
        '"1,000.00"',
        '""',
        '".50"',
        '"30."',
        '" 1"',
    ],
)
def test_money_stands_in_quotes_with_at_most_two_decimals(amount: str) -> None:
    assert refusal(with_row(f"{{to: seller, amount: {amount}}}")) == [(7, "rules[0].pay[0].amount")]


def test_money_of_a_block_of_text_is_refused() -> None:
    assert refusal(with_row("to: seller\n        amount: |\n          1.00")) == [(8, "rules[0].pay[0].amount")]


def test_two_rules_of_one_id_are_refused_at_the_second() -> None:
    text = "name: x\nrules:\n" + "  - {id: a, kind: commission, title: t, pay: [{to: seller, rate: 1%}]}\n" * 2
    assert refusal(text) == [(4, "rules[1].id")]


def test_all_faults_are_reported_at_once_by_line() -> None:
    text = "name: x\nterms: {hold_days: x}\nrules:\n  - id: a\n    kind: commission\n    pay: [{to: me, rate: 1}]\n"
    assert refusal(text) == [
        (2, "terms.hold_days"),
        (4, "rules[0].title"),
        (6, "rules[0].pay[0].to"),
        (6, "rules[0].pay[0].rate"),
    ]


def test_a_fault_says_what_is_allowed_in_both_languages() -> None:
    with pytest.raises(PlanRefused) as refused:
        parse("name: x\nrules: []\nterms: {own_order: none}\n")
    keys = "attribution, own_orders, hold_days, max_share, members_only"
    assert str(refused.value) == (
        f"第 3 行 terms.own_order：不认识的键；可用的键：{keys} / "
        f"line 3 terms.own_order: unknown key; allowed here: {keys}"
    )


# What is no plan at all


BOMB = "a: &a [x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
HOSTILE = {
    "nothing": "",
    "a comment": "# nothing\n",
    "a list": "- a\n",
    "text": "hello\n",
    "null": "null\n",
    "an anchor": "name: &a x\nrules: []\n",
    "an alias bomb": BOMB,
    "a tag": "name: !!str x\nrules: []\n",
    "a python tag": "name: !!python/object/apply:os.system ['true']\nrules: []\n",
    "a bare tag": "name: ! x\nrules: []\n",
    "two documents": "name: x\nrules: []\n---\nname: y\n",
    "a list as a key": "? [a]\n: b\n",
    "an open bracket": "name: [x\n",
    "a tab as indent": "name: x\nterms:\n\thold_days: 7\n",
    "a control character": "name: x\x00\nrules: []\n",
    "a lone surrogate": "name: '\ud800'\nrules: []\n",
    "deep nesting": "rules: " + "[" * 10_000,
    "too large": "name: x\nrules: []\n#" + "x" * 256 * 1024,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_plan_is_refused_without_a_traceback(text: str) -> None:
    assert refusal(text)


@examples(st.text(alphabet=st.sampled_from("ab:{}[]-#&*!|>'\"%@`,? \n\t0.水\u2028"), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except PlanRefused as refused:
        assert str(refused)  # noqa: PT017 — to be refused is as good as to be read


# The canonical form


def test_the_canonical_form_spells_out_every_default() -> None:
    plan = parse(with_row('{to: upline-1, amount: "30"}'))
    assert json.loads(canonical(plan)) == {
        "name": "x",
        "terms": {
            "attribution": {"rule": "last_touch", "window_days": 30},
            "own_orders": "none",
            "hold_days": 7,
            "max_share": "50%",
            "members_only": False,
        },
        "rules": [
            {
                "id": "a",
                "kind": "commission",
                "title": "t",
                "scope": {"categories": [], "skus": [], "exclude": []},
                "base": "net",
                "pay": [{"to": "upline-1", "amount": "30.00", "per": "unit"}],
            }
        ],
    }


def test_spelling_and_order_of_keys_do_not_change_the_digest() -> None:
    one = with_rule("title: t", "scope: {skus: [B, A]}", "pay: [{to: seller, rate: 5%}]")
    other = (
        "# the same\nterms: {hold_days: 7}\nrules:\n- pay:\n  - rate: '5.00%'\n    to: seller\n"
        '  scope: {exclude: [], skus: [A, B, A]}\n  title: "t"\n  kind: commission\n  id: a\n  base: net\nname: x\n'
    )
    assert digest(parse(one)) == digest(parse(other))


def test_another_meaning_is_another_digest() -> None:
    plan = parse(FULL)
    assert digest(plan) != digest(replace(plan, terms=replace(plan.terms, hold_days=16)))


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda s: s.isprintable() and s.strip())
rows = st.builds(PayRow, up=st.integers(0, 99), rate_bp=st.integers(0, 10000)) | st.builds(
    PayRow,
    up=st.integers(0, 99),
    amount=st.builds(Money, st.integers(0, 99_999_999_999)),
    per=st.sampled_from(["unit", "line"]),
)
plans = st.builds(
    Plan,
    name=names,
    terms=st.builds(
        Terms,
        attribution=st.builds(Attribution, st.sampled_from(["last_touch", "first_touch"]), st.integers(0, 3650)),
        own_orders=st.sampled_from(["none", "seller", "upline"]),
        hold_days=st.integers(0, 3650),
        max_share_bp=st.integers(0, 10000),
        members_only=st.booleans(),
    ),
    rules=st.lists(
        st.builds(
            CommissionRule,
            id=names,
            title=names,
            scope=st.builds(Scope, *[st.frozensets(names, max_size=2)] * 3),
            base=st.sampled_from(["net", "profit"]),
            pay=st.lists(rows, min_size=1, max_size=2).map(tuple),
        ),
        max_size=2,
        unique_by=lambda rule: rule.id,
    ).map(tuple),
)


@examples(plans)
@settings(max_examples=60, deadline=None)
def test_reading_the_canonical_form_gives_the_same_plan(plan: Plan) -> None:
    assert parse(canonical(plan)) == plan
    assert canonical(parse(canonical(plan))) == canonical(plan)
