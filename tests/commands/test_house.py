"""`flask ledger`, `flask operator`, `flask demo`, `flask db`."""

from __future__ import annotations

import threading

import click
import pytest
from sqlalchemy import func, select, text, update

from models import Sessions, new_engine, schema
from models.distributor import Operator
from models.ledger import LedgerAccount
from models.order import Product
from models.plan import PlanVersion
from tests.commands.conftest import ASSETS, Flask, runner
from tests.support.databases import Database
from tests.support.shop import START, Shop
from web.commands import CommandDeps, db, demo, ledger

# ledger


def test_books_that_add_up_are_said_to(flask: Flask, shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    assert flask("ledger", "verify", "--json").data == {"ok": True, "accounts": 4, "entries": 1, "differences": []}
    assert flask("ledger", "verify").text == "账本无误：4 个账户、1 笔凭证都对得上。\n"


def test_an_account_that_differs_from_its_postings_is_named(flask: Flask, shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    account = f"distributor:{shop.who('xiaoli').id}:pending"
    with shop.sessions.writing() as session:
        session.execute(update(LedgerAccount).where(LedgerAccount.name == account).values({"balance": text("681")}))
    data = flask("ledger", "verify", "--json", code=1).data
    assert data["differences"] == [{"what": account, "expected": "6.80", "found": "6.81"}]
    assert account in flask("ledger", "verify", code=1).text


# operator


def test_an_operator_is_added_and_then_changed(flask: Flask, shop: Shop) -> None:
    made = flask("operator", "create", "ZhangSan", "--name", "张三", "--role", "finance", "--json").data
    assert made == {"userid": "zhangsan", "name": "张三", "role": "finance", "created": True}
    changed = flask("operator", "create", "zhangsan", "--name", "张三丰", "--role", "owner")
    assert changed.text == "已更新操作员 zhangsan：张三丰（店主）。\n"
    with shop.sessions.reading() as session:
        row = session.scalars(select(Operator).where(Operator.userid == "zhangsan")).one()
    assert (row.name, row.role) == ("张三丰", "owner")


@pytest.mark.parametrize(
    "arguments",
    [
        ("zhangsan", "--name", "张三"),
        ("zhangsan", "--role", "owner"),
        ("zhangsan", "--name", "张三", "--role", "king"),
        ("张三", "--name", "张三", "--role", "owner"),
        ("zhangsan", "--name", "  ", "--role", "owner"),
        ("zhangsan", "--name", "三" * 65, "--role", "owner"),
    ],
)
def test_an_operator_described_wrongly_is_not_added(flask: Flask, shop: Shop, arguments: tuple[str, ...]) -> None:
    assert flask("operator", "create", *arguments, code=2).text == ""
    with shop.sessions.reading() as session:
        assert session.scalar(select(func.count()).select_from(Operator)) == 1


# demo and db


@pytest.fixture
def bare(database: Database) -> Flask:
    """The commands of an empty database that nobody has loaded."""
    return _commands(database.sessions)


def _commands(sessions: Sessions) -> Flask:
    deps = CommandDeps(sessions, lambda: START, ASSETS, ("Boss", "cashier"), lambda: schema.upgrade(sessions.engine))
    root = click.Group("flask")
    for group in (demo.group(deps), db.group(deps), ledger.group(deps)):
        root.add_command(group)
    return runner(root)


def test_the_demo_merchant_has_products_a_plan_and_operators(bare: Flask, database: Database) -> None:
    assert bare("demo", "load", "--json").data == {"products": 6, "plan": "水果店", "operators": 2, "coupons": 4}
    with database.sessions.reading() as session:
        assert session.scalar(select(func.count()).select_from(Product)) == 6
        assert session.scalars(select(Operator.role).order_by(Operator.id)).all() == ["owner", "service"]
        version = session.scalars(select(PlanVersion)).one()
        assert (START - version.starts_at).total_seconds() == 60
        strawberry = session.scalars(select(Product).where(Product.sku == "STRAWBERRY-3J")).one()
        assert (strawberry.price.yuan, strawberry.picture) == ("68.00", "strawberry.jpg")


def test_loading_again_changes_nothing_that_trade_has_changed(bare: Flask, database: Database) -> None:
    bare("demo", "load")
    with database.sessions.writing() as session:
        sold = session.scalars(select(Product).where(Product.sku == "GIFT-BOX")).one()
        sold.stock, sold.on_shelf = 3, False
        session.scalars(select(Operator).where(Operator.userid == "boss")).one().name = "陈店长"
    assert bare("demo", "load", "--json").data == {"products": 0, "plan": None, "operators": 0, "coupons": 0}
    with database.sessions.reading() as session:
        kept = session.scalars(select(Product).where(Product.sku == "GIFT-BOX")).one()
        assert (kept.stock, kept.on_shelf) == (3, False)
        assert session.scalars(select(Operator.name).where(Operator.userid == "boss")).one() == "陈店长"
        assert session.scalar(select(func.count()).select_from(PlanVersion)) == 1


def test_several_that_load_at_once_load_it_once(database: Database) -> None:
    printed: list[dict[str, object]] = []
    start = threading.Barrier(4)

    def load() -> None:
        engine = new_engine(database.url)
        start.wait(10)
        deps = CommandDeps(Sessions(engine), lambda: START, ASSETS, ("boss",), lambda: schema.upgrade(engine))
        with schema.locked(engine, "load"), deps.sessions.writing() as session:
            done = demo.demo.load(session, ASSETS, operators=("boss",), now=START)
        printed.append({"products": done.products, "plan": done.plan})
        engine.dispose()

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done["products"] for done in printed) == [0, 0, 0, 6]  # type: ignore[type-var]
    assert [done["plan"] for done in printed].count("水果店") == 1


def test_an_empty_file_becomes_a_database(tmp_path: object) -> None:
    engine = new_engine(f"sqlite:///{tmp_path}/new.db")
    flask = _commands(Sessions(engine))
    assert flask("db", "upgrade", "--json").data == {"upgraded": True}
    assert flask("db", "upgrade", "--json").data == {"upgraded": False}
    assert flask("db", "upgrade").text == "数据库已经是最新版本。\n"
    assert flask("ledger", "verify", "--json").data["ok"]
    engine.dispose()


def test_a_database_that_does_not_answer_is_said_in_a_sentence(tmp_path: object) -> None:
    engine = new_engine("postgresql+psycopg://u:hush@127.0.0.1:1/none", timeout_seconds=2)
    flask = _commands(Sessions(engine))
    error = flask("ledger", "verify", "--json", code=1).data["error"]
    assert error["code"] == "database.down"
    assert "DATABASE_URL" in error["message"]
    assert "hush" not in error["message"]
    engine.dispose()
