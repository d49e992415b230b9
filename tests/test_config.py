"""Settings: defaults, the order of sources, what is wrong said all at once, keys that a demo makes for itself."""

from __future__ import annotations

import base64
import json
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest

import config
from config import ConfigFault, Settings, keep
from domain.money import Money

ROOT = Path(config.__file__).parent
FERNET = base64.urlsafe_b64encode(bytes(range(32))).decode()
PRODUCTION = {"SECRET_KEY": "s" * 40, "ENCRYPTION_KEYS": FERNET}
WECOM = {
    "WECOM_CORP_ID": "ww1234567890abcdef",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "the-app-secret",
    "WECOM_TOKEN": "the-callback-token",
    "WECOM_AES_KEY": "a" * 43,
}


def faults(env: dict[str, str], var: Path) -> dict[str, str]:
    with pytest.raises(ConfigFault) as caught:
        Settings.load(env, var=var)
    return dict(caught.value.faults)


def test_the_defaults_of_a_demo(tmp_path: Path) -> None:
    settings = Settings.load({"DEMO": "1"}, var=tmp_path)
    assert (settings.host, settings.port, settings.simulator_port) == ("127.0.0.1", 8000, 8001)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{tmp_path}/tuike.db"
    assert settings.redis_url is None
    assert settings.clock_file == tmp_path / "clock"
    assert settings.join_mode == "open"
    assert (settings.withdraw_minimum, settings.withdraw_daily_limit) == (Money(100), Money(200000))


def test_the_defaults_of_production_make_nothing_up(tmp_path: Path) -> None:
    settings = Settings.load(PRODUCTION, var=tmp_path / "var")
    assert settings.simulator_port is None
    assert settings.wecom is None
    assert settings.clock_file is None
    assert settings.order_api_secret is None
    assert settings.withdraw_minimum == Money(1000)
    assert not (tmp_path / "var").exists()


def test_production_without_keys_is_told_how_to_make_them(tmp_path: Path) -> None:
    said = faults({}, tmp_path)
    assert said.keys() == {"SECRET_KEY", "ENCRYPTION_KEYS"}
    assert all("it is not set; make one" in sentence for sentence in said.values())


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('PORT=9001\nHOST="0.0.0.0"  # all\nJOIN_MODE=review\nDEMO=1\n', encoding="utf-8")
    settings = Settings.load({"PORT": "9002", "JOIN_MODE": ""}, tmp_path / ".env", var=tmp_path)
    assert (settings.port, settings.host) == (9002, "0.0.0.0")
    assert settings.join_mode == "open"  # set and empty wins as well, and means the default
    assert settings.base_url == "http://127.0.0.1:9002"  # 0.0.0.0 is no address to visit


def test_three_wrong_values_give_three_sentences(tmp_path: Path) -> None:
    said = faults({"DEMO": "1", "PORT": "eighty", "JOIN_MODE": "closed", "WITHDRAW_MINIMUM": "10"}, tmp_path)
    assert said == {
        "PORT": "'eighty' is no port between 1 and 65535; write a free port, such as 8000",
        "JOIN_MODE": "'closed' is neither open nor review; write open or review",
        "WITHDRAW_MINIMUM": (
            "not an amount in yuan with two decimals: '10'; write yuan with two decimals, such as 10.00"
        ),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "70000"),
        ("LLM_TIMEOUT", "3"),
        ("LLM_TIMEOUT", "soon"),
        ("LLM_API_BASE", "http://llm.example.com/v1"),
        ("LLM_API_BASE", "llm"),
        ("SIMULATOR_PORT", "none"),
        ("SIMULATOR_PORT", "8000"),
        ("BASE_URL", "tuike.example.com"),
        ("BASE_URL", "https://tuike.example.com/?a=b"),
        ("BASE_URL", "http://[::1"),
        ("DATABASE_URL", "oracle://u:hidden@h/n"),
        ("DATABASE_URL", "postgresql+psycopg://u:hidden@h/"),
        ("DATABASE_URL", "sqlite://"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("SECRET_KEY", "short"),
        ("ENCRYPTION_KEYS", f"{FERNET},hidden"),
        ("TIMEZONE", "Europe/Berlin"),
        ("WITHDRAW_MINIMUM", "0.00"),
        ("WITHDRAW_DAILY_LIMIT", "0.50"),
        ("SETTLEMENT_CRON", "0 3 * *"),
        ("LEADERBOARD_CRON", "0 3 30 2 *"),
        ("WECOM_AES_KEY", "a" * 42),
        ("WECOM_AGENT_ID", "the app"),
        ("WECOM_API_BASE", "https://qyapi.weixin.qq.com"),
        ("WECOM_BROADCAST_CAP", "monthly"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_do(tmp_path: Path, name: str, value: str) -> None:
    said = faults({"DEMO": "1", name: value}, tmp_path)
    assert list(said) == [name]
    assert re.fullmatch(r"[^;]+; .+", said[name])
    assert "hidden" not in said[name]


def test_a_demo_is_wanted_or_not(tmp_path: Path) -> None:
    said = faults({"DEMO": "yes", **PRODUCTION}, tmp_path)
    assert said == {"DEMO": "'yes' is neither 0 nor 1; write 1 for the demo merchant, or leave it out"}


def test_an_enterprise_that_is_half_set_names_what_is_missing_and_where_it_is_found(tmp_path: Path) -> None:
    said = faults({**PRODUCTION, "WECOM_CORP_ID": "ww1", "WECOM_AGENT_ID": "1000002", "WECOM_SECRET": "s"}, tmp_path)
    assert said.keys() == {"WECOM_TOKEN", "WECOM_AES_KEY"}
    assert "接收消息" in said["WECOM_TOKEN"]


def test_the_merchants_own_enterprise_is_used_where_it_is_set(tmp_path: Path) -> None:
    own = {"WECOM_OPERATORS": "Boss, LiSi,", "WECOM_ROBOT_KEYS": "k1,k2"}
    wecom = Settings.load({"DEMO": "1", **WECOM, **own}, var=tmp_path).wecom
    assert wecom is not None
    assert (wecom.corp_id, wecom.agent_id, wecom.simulated) == ("ww1234567890abcdef", 1000002, False)
    assert wecom.api_base == "https://qyapi.weixin.qq.com/cgi-bin"
    assert wecom.operators == ("boss", "lisi")  # WeCom's userids do not distinguish case
    assert wecom.robot_keys == ("k1", "k2")


def test_without_an_enterprise_a_demo_uses_the_simulators(tmp_path: Path) -> None:
    wecom = Settings.load({"DEMO": "1", "SIMULATOR_PORT": "8123"}, var=tmp_path).wecom
    assert wecom is not None
    assert wecom.simulated
    assert wecom.agent_id == 1000002
    assert wecom.api_base == "http://127.0.0.1:8123/cgi-bin"
    assert wecom.operators == ("boss",)
    assert len(wecom.robot_keys) == 1
    assert len(base64.b64decode(wecom.aes_key + "=", validate=True)) == 32


def test_without_an_enterprise_and_a_simulator_there_is_none(tmp_path: Path) -> None:
    assert Settings.load({"DEMO": "1", "SIMULATOR_PORT": "off"}, var=tmp_path).wecom is None


OFFICIAL = {
    "OFFICIAL_APP_ID": "wx0123456789abcdef",
    "OFFICIAL_SECRET": "the-account-secret",
    "OFFICIAL_TOKEN": "the-account-token",
    "OFFICIAL_AES_KEY": "a" * 43,
}


def test_a_service_account_goes_with_the_app(tmp_path: Path) -> None:
    kf = Settings.load({**PRODUCTION, **WECOM, "KF_ACCOUNT": "wkAbc-1", "KF_SECRET": "its own"}, var=tmp_path).kf
    assert kf is not None
    assert (kf.account, kf.secret, kf.simulated) == ("wkAbc-1", "its own", False)
    assert Settings.load({**PRODUCTION, **WECOM}, var=tmp_path).kf is None
    apps = Settings.load({**PRODUCTION, **WECOM, "KF_ACCOUNT": "wkAbc-1"}, var=tmp_path).kf
    assert apps is not None
    assert apps.secret == WECOM["WECOM_SECRET"]  # one secret for all, since 2023
    simulated = Settings.load({"DEMO": "1"}, var=tmp_path).kf
    assert simulated is not None
    assert simulated.simulated
    assert simulated.account.startswith("wk")


def test_a_service_account_that_cannot_work_is_a_fault(tmp_path: Path) -> None:
    assert "KF_SECRET is" in faults({**PRODUCTION, **WECOM, "KF_SECRET": "s"}, tmp_path)["KF_ACCOUNT"]
    assert "begins with wk" in faults({**PRODUCTION, **WECOM, "KF_ACCOUNT": "kf1"}, tmp_path)["KF_ACCOUNT"]
    assert "WECOM_CORP_ID" in faults({**PRODUCTION, "KF_ACCOUNT": "wk1"}, tmp_path)["KF_ACCOUNT"]


def test_an_official_account_beside_the_app_or_without_it(tmp_path: Path) -> None:
    settings = Settings.load({**PRODUCTION, **OFFICIAL}, var=tmp_path)
    assert settings.wecom is None
    assert settings.official is not None
    assert settings.official.api_base == "https://api.weixin.qq.com/cgi-bin"
    assert not settings.official.simulated
    assert "the-account" not in repr(settings)


def test_a_half_configured_account_is_told_what_is_missing(tmp_path: Path) -> None:
    found = faults({**PRODUCTION, "OFFICIAL_APP_ID": "wx1", "OFFICIAL_AES_KEY": "short"}, tmp_path)
    assert set(found) == {"OFFICIAL_SECRET", "OFFICIAL_TOKEN", "OFFICIAL_AES_KEY"}
    assert "mp.weixin.qq.com" in found["OFFICIAL_TOKEN"]
    assert (
        "/cgi-bin"
        in faults({**PRODUCTION, **OFFICIAL, "OFFICIAL_API_BASE": "https://a.example"}, tmp_path)["OFFICIAL_API_BASE"]
    )


def test_a_demos_account_is_the_simulators(tmp_path: Path) -> None:
    official = Settings.load({"DEMO": "1", "SIMULATOR_PORT": "8123"}, var=tmp_path).official
    assert official is not None
    assert official.simulated
    assert official.api_base == "http://127.0.0.1:8123/official/cgi-bin"
    assert Settings.load({"DEMO": "1", "SIMULATOR_PORT": "off"}, var=tmp_path).official is None


def test_templates_say_which_fact_goes_into_which_field(tmp_path: Path) -> None:
    good = '{"paid": {"id": "TPL", "fields": {"amount2": "{amount}元", "time4": "{time}"}}}'
    official = Settings.load({**PRODUCTION, **OFFICIAL, "OFFICIAL_TEMPLATES": good}, var=tmp_path).official
    assert official is not None
    assert official.templates["paid"].id == "TPL"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "no JSON object"),
        ("{", "no JSON"),
        ('{"sold": {"id": "T", "fields": {"thing1": "a"}}}', "'sold' is none of settled, approved, rejected, paid"),
        ('{"paid": {"fields": {"thing1": "a"}}}', "there is no id"),
        ('{"paid": {"id": "T", "fields": {}}}', "fields is no object of texts"),
        ('{"paid": {"id": "T", "fields": {"what": "a"}}}', "'what' is no field of a template"),
        ('{"paid": {"id": "T", "fields": {"thing1": "{orders}"}}}', "orders is none of amount, reference, time"),
        ('{"paid": {"id": "T", "fields": {"thing1": "{"}}}', "thing1"),
    ],
)
def test_a_wrong_template_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults({**PRODUCTION, **OFFICIAL, "OFFICIAL_TEMPLATES": text}, tmp_path)["OFFICIAL_TEMPLATES"]


def test_a_model_service_is_off_until_it_is_named_with_its_model(tmp_path: Path) -> None:
    assert Settings.load(PRODUCTION, var=tmp_path).llm is None
    named = {"LLM_API_BASE": "https://llm.example.com/v1/", "LLM_MODEL": "small", "LLM_API_KEY": "sk-1"}
    settings = Settings.load(PRODUCTION | named, var=tmp_path)
    assert settings.llm == config.Llm("https://llm.example.com/v1", "sk-1", "small", 1.5)
    assert "sk-1" not in repr(settings)
    assert set(faults(PRODUCTION | {"LLM_API_BASE": "http://localhost:1/v1"}, tmp_path)) == {"LLM_MODEL"}
    assert set(faults(PRODUCTION | {"LLM_API_KEY": "sk-1"}, tmp_path)) == {"LLM_API_BASE"}


def test_the_clock_is_shifted_in_a_demo_only(tmp_path: Path) -> None:
    assert "DEMO=1" in faults({**PRODUCTION, "CLOCK_FILE": "clock"}, tmp_path)["CLOCK_FILE"]
    assert Settings.load({"DEMO": "1", "CLOCK_FILE": "my-clock"}, var=tmp_path).clock_file == Path("my-clock")


def test_a_demo_keeps_its_keys(tmp_path: Path) -> None:
    first, again = (Settings.load({"DEMO": "1"}, var=tmp_path) for _ in range(2))
    assert first == again
    assert first.secret_key
    assert first.order_api_secret
    assert len(first.encryption_keys) == 1
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_keys_that_are_given_are_neither_kept_nor_replaced(tmp_path: Path) -> None:
    settings = Settings.load({"DEMO": "1", "SECRET_KEY": "given" * 8}, var=tmp_path)
    assert settings.secret_key == "given" * 8
    assert "SECRET_KEY" not in json.loads((tmp_path / "keys.json").read_text(encoding="utf-8"))


def test_a_key_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{", encoding="utf-8")
    assert "var/keys.json" in faults({"DEMO": "1"}, tmp_path)["SECRET_KEY"]


def test_var_dir_says_where_everything_lies_that_the_app_makes(tmp_path: Path) -> None:
    settings = Settings.load({"DEMO": "1", "VAR_DIR": str(tmp_path / "elsewhere")}, var=tmp_path / "default")
    assert settings.var == tmp_path / "elsewhere"
    assert settings.database_url == f"sqlite:///{tmp_path}/elsewhere/tuike.db"
    assert settings.clock_file == tmp_path / "elsewhere" / "clock"
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    load = "Settings.load({'DEMO': '1'}, var=Path(sys.argv[1]))"
    script = f"import sys; from pathlib import Path; from config import Settings; print({load}.secret_key)"
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
        for _ in range(3)
    ]
    printed = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(printed) == 1
    assert len(printed.pop()) == 64


def test_threads_that_ask_for_one_key_get_one(tmp_path: Path) -> None:
    made = iter(range(100))
    with ThreadPoolExecutor(8) as pool:
        got = set(pool.map(lambda _: keep(tmp_path / "keys.json", "K", lambda: str(next(made))), range(16)))
    assert got == {"0"}


def test_secrets_never_print(tmp_path: Path) -> None:
    hidden = {
        "DATABASE_URL": "postgresql://u:hidden@h/n",
        "REDIS_URL": "redis://:hidden@h/0",
        "SECRET_KEY": "hidden" * 4,
    }
    settings = Settings.load({"DEMO": "1", **hidden}, var=tmp_path)
    assert settings.wecom
    printed = repr(settings)
    kept = json.loads((tmp_path / "keys.json").read_text(encoding="utf-8"))
    assert "hidden" not in printed
    shown = [name for name, value in kept.items() if value in printed]
    assert shown == ["WECOM_CORP_ID", "OFFICIAL_APP_ID", "KF_ACCOUNT"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgresql://u@h/n", "postgresql+psycopg://u@h/n"),
        ("postgres://u@h/n", "postgresql+psycopg://u@h/n"),
        ("mysql://u@h/n", "mysql+pymysql://u@h/n"),
        ("mariadb+pymysql://u@h/n", "mysql+pymysql://u@h/n"),
        ("sqlite:///some.db", "sqlite:///some.db"),
    ],
)
def test_a_database_is_reached_by_the_driver_that_is_installed(tmp_path: Path, written: str, read: str) -> None:
    assert Settings.load({"DEMO": "1", "DATABASE_URL": written}, var=tmp_path).database_url == read


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = Settings.load({"DEMO": "1"}, var=tmp_path)
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]


def test_every_variable_is_explained_in_the_example() -> None:
    source = (ROOT / "config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z0-9]+)*)"', source)) - {"T"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert read == explained
    assert len(read) > len(fields(Settings))


def test_the_example_itself_is_sound(tmp_path: Path) -> None:
    assert Settings.load({"DEMO": "1"}, ROOT / ".env.example", var=tmp_path).port == 8000


def test_customers_are_served_by_whom_the_merchant_names(tmp_path: Path) -> None:
    own = {
        "WECOM_CONTACT_SECRET": "s", "WECOM_CONTACT_USERS": "WangFang, lisi", "WECOM_CONTACT_OWN": "1",
        "WECOM_CONTACT_LINK": "https://work.weixin.qq.com/ca/cafe", "WECOM_CONTACT_WELCOME": "你好\\n{inviter}",
    }  # fmt: skip
    found = Settings.load(PRODUCTION | WECOM | own, var=tmp_path).contact
    assert found is not None
    assert (found.users, found.own, found.link) == (("wangfang", "lisi"), True, "https://work.weixin.qq.com/ca/cafe")
    assert found.welcome == "你好\n{inviter}"
    plain = Settings.load(PRODUCTION | WECOM | {"WECOM_CONTACT_SECRET": "s"}, var=tmp_path).contact
    assert plain is not None
    assert (plain.users, plain.own, plain.link, plain.welcome) == ((), False, None, None)
    quiet = Settings.load(
        PRODUCTION | WECOM | {"WECOM_CONTACT_SECRET": "s", "WECOM_CONTACT_WELCOME": "off"}, var=tmp_path
    )
    assert quiet.contact is not None
    assert quiet.contact.welcome == ""
    assert Settings.load(PRODUCTION | WECOM, var=tmp_path).contact is None


@pytest.mark.parametrize(
    ("change", "variable", "said"),
    [
        ({"WECOM_CONTACT_SECRET": "", "WECOM_CONTACT_USERS": "a"}, "WECOM_CONTACT_SECRET", "可调用接口的应用"),
        ({"WECOM_CORP_ID": ""}, "WECOM_CONTACT_SECRET", "no enterprise"),
        ({"WECOM_CONTACT_USERS": ",".join(f"u{n}" for n in range(101))}, "WECOM_CONTACT_USERS", "at most 100"),
        ({"WECOM_CONTACT_OWN": "yes"}, "WECOM_CONTACT_OWN", "write 1"),
        ({"WECOM_CONTACT_LINK": "work.weixin.qq.com/ca/x"}, "WECOM_CONTACT_LINK", "no web address"),
        (
            {"WECOM_CONTACT_LINK": "https://w.cn/ca/x?customer_channel=a"},
            "WECOM_CONTACT_LINK",
            "each distributor's own",
        ),
        ({"WECOM_CONTACT_WELCOME": "{name}你好"}, "WECOM_CONTACT_WELCOME", "{name} is no fact"),
        ({"WECOM_CONTACT_WELCOME": "{你好"}, "WECOM_CONTACT_WELCOME", "braces"),
        ({"WECOM_CONTACT_WELCOME": "好" * 1300}, "WECOM_CONTACT_WELCOME", "3900 bytes"),
    ],
)
def test_what_is_wrong_with_the_customers_settings_is_said(
    tmp_path: Path, change: dict[str, str], variable: str, said: str
) -> None:
    assert said in faults(PRODUCTION | WECOM | {"WECOM_CONTACT_SECRET": "s"} | change, tmp_path)[variable]
