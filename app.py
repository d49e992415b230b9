"""Wiring: settings → engine → clients → blueprints → queue → scheduler; and the entry points of every process.

    python app.py                      everything in one process (what `make run` starts)
    gunicorn "app:create_app()"        the web
    dramatiq app                       the queue's workers, with REDIS_URL
    python -m jobs.scheduler           the clock
    flask …                            commands

No route, no rule, no query stands here.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from bot import commands as bot_commands
from bot import doctor as bot_doctor
from bot import webhook
from bot.adviser import Adviser, Service
from bot.broadcast import Broadcaster
from bot.broadcast import commands as broadcast_commands
from bot.broadcast.prepare import Prepare
from bot.broadcast.worker import House as BroadcastHouse
from bot.commands import menu_body
from bot.contact import commands as contact_commands
from bot.contact import doctor as contact_doctor
from bot.contact import setup as contacts
from bot.contact.client import ContactClient
from bot.contact.listing import Listing
from bot.drawing import Drawer
from bot.groups import GroupSync
from bot.groups import commands as group_commands
from bot.groups import wiring as group_wiring
from bot.kf import commands as kf_commands
from bot.kf import doctor as kf_doctor
from bot.kf import wiring as kf_wiring
from bot.kf.client import KfClient
from bot.kf.puller import Puller
from bot.naming import Person
from bot.official import commands as official_commands
from bot.official import doctor as official_doctor
from bot.official import errors as official_errors
from bot.official.client import OfficialClient, StableToken
from bot.outbox import Gate, Sender, Spending
from bot.outbox import Limits as SpendingLimits
from bot.outbox.chats import Chats
from bot.outbox.contact import Contacts
from bot.outbox.feeder import Feeder
from bot.outbox.official import Official as OfficialChats
from bot.outbox.pauses import ACCOUNT, CUSTOMERS, SERVICE, Stopped
from bot.robot.streams import Streams
from bot.understanding import Understanding
from bot.wecom.client import Client
from bot.wecom.crypto import Envelope
from bot.wecom.errors import WeComFault
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from bot.worker import Assistant
from config import ROOT, ConfigFault, Settings
from domain.conversation import Reply, Sentence
from domain.cron import Cron
from domain.withdrawal import Limits
from handlers import House
from jobs import commands as job_commands
from jobs.contacts import CannotAsk, ContactsJob, CursorGone
from jobs.lawful import LawfulJob
from jobs.leaderboard import LeaderboardJob, lane_of_robot
from jobs.queue import Queue, Sweeper, announce_worker
from jobs.reconcile import ReconcileJob
from jobs.scheduler import Job, Scheduler, serve
from jobs.settlement import SettlementJob
from jobs.summary import SummaryJob
from models import Sessions, new_engine, schema
from services import demo, distributor, metrics, nonce, person, unknown
from services.clock import Clock
from services.customer.terms import Terms
from services.log import configure_logging, redact
from services.message import Catalogue
from services.poster import PosterStudio
from services.vault import Vault
from simulator import ContactOptions, KfOptions, OfficialOptions, Options, RobotOptions, create_simulator
from simulator.server import Server as SimulatorServer
from web import Deps, api, coupon, doctor, errors, health, pages, shop
from web.commands import CommandDeps, db, entitlement, explain, ledger, operator, plan, push
from web.commands import copy as copy_commands
from web.commands import coupon as coupon_commands
from web.commands import demo as demo_commands
from web.commands import distributor as distributor_commands
from web.commands import person as person_commands
from web.commands import rollup as rollup_commands
from web.commands import words as word_commands
from web.server import Server

log = logging.getLogger("app")

ASSETS = ROOT / "assets"
SWEEP_SECONDS = 2.0
EXIT_WITHIN_SECONDS = 8.0  # with a margin to the ten that are promised


@dataclass
class Runtime:
    """Everything a process of ours is made of. `start` begins background work, `stop` ends it."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    clock: Clock
    vault: Vault
    catalogue: Catalogue
    assistant: Assistant
    queue: Queue
    sender: Sender | None
    client: Client | None
    official: OfficialClient | None
    drawer: Drawer
    contact: ContactClient | None
    kf: KfClient | None
    puller: Puller | None
    jobs: list[Job]
    wake: Callable[[Iterable[str]], None]
    groups: GroupSync | None = None
    broadcaster: Broadcaster | None = None
    closing: list[Callable[[], None]] = field(default_factory=list)

    def ready(self) -> None:
        """Migrate and, for the demo, load the merchant: the first process does it, others wait."""
        schema.upgrade(self.engine)
        with schema.locked(self.engine, "load"), self.sessions.writing() as session:
            if self.settings.demo:
                demo.load(session, ASSETS, operators=self._operators(), now=self.clock())
            else:
                for userid in self._operators():
                    if distributor.find_operator(session, userid) is None:
                        distributor.add_operator(session, userid, name=userid, role="owner", now=self.clock())

    def _operators(self) -> tuple[str, ...]:
        return self.settings.wecom.operators if self.settings.wecom else ()

    def work(self) -> None:
        """Work the queue in this process, and sweep for what a lost task left."""
        self.queue.start()
        self.closing.append(self.queue.stop)
        self.sweep()

    def sweep(self) -> None:
        sweepers = [Sweeper("inbox", SWEEP_SECONDS, self._sweep_inbox)]
        if self.sender is not None:
            sweepers.append(Sweeper("outbox", SWEEP_SECONDS, Feeder(self.sender, self.queue.enqueue)))
        if self.groups is not None:
            sweepers.append(Sweeper("groups", SWEEP_SECONDS, self.groups.pull_due))
        if self.puller is not None:
            self.closing.append(self.puller.stop)
            sweepers.append(Sweeper("kf", SWEEP_SECONDS, self._sweep_kf))
        for sweeper in sweepers:
            sweeper.start()
            self.closing.append(sweeper.stop)

    def _sweep_inbox(self) -> None:
        for inbox_id in self.assistant.due():
            self.assistant.retry(inbox_id)

    def _sweep_kf(self) -> None:
        if self.puller is not None and self.puller.sweep():
            self.queue.enqueue("pull_kf")

    def stop(self) -> None:
        for close in reversed(self.closing):
            close()
        self.closing.clear()
        self.engine.dispose()


def build(settings: Settings) -> Runtime:
    """Plug everything together; nothing runs yet and nothing has been asked of database or network."""
    engine = new_engine(settings.database_url)
    sessions, clock = Sessions(engine), Clock(settings.clock_file)
    vault = Vault(settings.encryption_keys, settings.secret_key)
    catalogue = Catalogue.load(ASSETS / "messages" / "zh_CN.toml")
    client = _client(settings, sessions, clock, vault)
    official = _official_client(settings, sessions, clock, vault)
    contact, terms = _contact_client(settings, sessions, clock, vault), _terms(settings)
    drawer = _drawer(settings, sessions, client, contacts.code_of(contact, terms) if contact and terms else None)
    kf = _kf_client(settings, sessions, clock, vault)
    chats = _chats(settings, clock, vault, catalogue, official, kf)
    customers = Contacts(contact, vault, terms, contacts.remark(catalogue)) if contact and terms else None
    sender = _sender(settings, sessions, clock, vault, catalogue, client, chats, drawer, customers)
    puller: Puller | None = None

    def pull() -> None:
        if puller is not None:
            puller.pull()

    queue = Queue(settings.redis_url, {**_sending(sender), "pull_kf": pull})

    def wake(lanes: Iterable[str]) -> None:
        for lane in dict.fromkeys(lanes):
            queue.enqueue("send_lane", lane)

    house = House(
        base_url=settings.base_url,
        join_mode="review" if settings.join_mode == "review" else "open",
        limits=Limits(settings.withdraw_minimum, settings.withdraw_daily_limit),
        vault=vault,
        catalogue=catalogue,
        below=secrets.randbelow,
        quiet=settings.quiet_hours,
        merchant=settings.merchant_name,
        contact=settings.merchant_contact,
        customers=terms,
    )
    desk = None
    if terms is not None:
        desk = contacts.desk(vault, catalogue, terms, merchant=settings.merchant_name, base_url=settings.base_url).take
    assistant = Assistant(sessions, house, _understanding(settings), clock, wake, desk, _adviser(settings))
    groups, broadcaster = _groups(settings, BroadcastHouse(sessions, vault, clock, catalogue, drawer, wake))
    jobs = [*_jobs(settings, sessions, clock, catalogue, wake), *_group_jobs(groups, broadcaster)]
    if contact is not None and terms is not None:
        listing = Listing(contact, refused=CannotAsk, cursor_gone=CursorGone)
        walk = ContactsJob(sessions, clock, vault, listing, wake, terms)
        jobs.append(Job("contacts", "核对客户联系的顾客", Cron.parse("20 4 * * *"), walk))
    if kf is not None:
        puller = kf_wiring.puller(
            kf, sessions, vault, clock, catalogue, assistant=assistant, wake=lambda: queue.enqueue("pull_kf")
        )
    return Runtime(
        settings=settings,
        engine=engine,
        sessions=sessions,
        clock=clock,
        vault=vault,
        catalogue=catalogue,
        assistant=assistant,
        queue=queue,
        sender=sender,
        client=client,
        official=official,
        drawer=drawer,
        contact=contact,
        kf=kf,
        puller=puller,
        jobs=jobs,
        wake=wake,
        groups=groups,
        broadcaster=broadcaster,
    )


def _own_phrases(settings: Settings) -> Path:
    return settings.var / "phrases.toml"


def _understanding(settings: Settings) -> Understanding:
    return Understanding.load(ASSETS, _own_phrases(settings))


def _adviser(settings: Settings) -> Adviser | None:
    if (llm := settings.llm) is None:
        return None
    return Adviser(Service(llm.api_base, llm.key, llm.model), llm.seconds)


def _client(settings: Settings, sessions: Sessions, clock: Clock, vault: Vault) -> Client | None:
    if (wecom := settings.wecom) is None:
        return None

    wire = Wire(wecom.api_base, _count_call)
    tokens = TokenProvider(sessions, wire, wecom.corp_id, wecom.secret, seal=vault.seal, unseal=vault.open, clock=clock)
    return Client(wire, tokens)


def _contact_client(settings: Settings, sessions: Sessions, clock: Clock, vault: Vault) -> ContactClient | None:
    wecom = settings.wecom
    if wecom is None or wecom.contact_secret is None:
        return None
    wire = Wire(wecom.api_base, _count_call)
    tokens = TokenProvider(
        sessions, wire, wecom.corp_id, wecom.contact_secret, seal=vault.seal, unseal=vault.open, clock=clock
    )
    return ContactClient(wire, tokens)


def _terms(settings: Settings) -> Terms | None:
    if (contact := settings.contact) is None:
        return None
    return Terms(contact.users, contact.own, contact.link, contact.welcome)


def _count_call(path: str, errcode: object) -> None:
    metrics.wecom_calls.labels(path=path, errcode=str(errcode)).inc()


def _official_client(settings: Settings, sessions: Sessions, clock: Clock, vault: Vault) -> OfficialClient | None:
    if (official := settings.official) is None:
        return None
    wire = Wire(official.api_base, _count_call, kinds=official_errors.KINDS, silent=True)
    tokens = StableToken(
        sessions, wire, official.app_id, official.secret, seal=vault.seal, unseal=vault.open, clock=clock
    )
    return OfficialClient(wire, tokens)


def _drawer(settings: Settings, sessions: Sessions, client: Client | None, code_of: contacts.CodeOf | None) -> Drawer:
    def name_of(userid: str) -> str | None:
        if client is None:
            return None
        try:
            return str(client.user_get(userid).get("name") or "").strip()[:64] or None
        except WeComFault:
            return None

    studio = PosterStudio(ASSETS, settings.var / "posters")
    images, merchant, contact = ASSETS / "images", settings.merchant_name, settings.merchant_contact
    return Drawer(sessions, studio, images, merchant, contact, name_of, code_of)


def _groups(settings: Settings, house: BroadcastHouse) -> tuple[GroupSync | None, Broadcaster | None]:
    wecom = settings.wecom
    if wecom is None or wecom.contact_secret is None:
        return None, None
    return group_wiring.build(
        house, api_base=wecom.api_base, corp_id=wecom.corp_id, secret=wecom.contact_secret, observe=_count_call
    )


def _group_jobs(groups: GroupSync | None, broadcaster: Broadcaster | None) -> list[Job]:
    if groups is None or broadcaster is None:
        return []
    return [
        Job("groups", "核对客户群和团长", Cron.parse("25 4 * * *"), groups.reconcile),
        Job("broadcasts", "建群发、看群发的结果", Cron.parse("3-59/10 * * * *"), broadcaster),
    ]


def _kf_client(settings: Settings, sessions: Sessions, clock: Clock, vault: Vault) -> KfClient | None:
    if (kf := settings.kf) is None or (wecom := settings.wecom) is None:
        return None
    return kf_wiring.client(
        sessions, vault, clock,
        api_base=wecom.api_base, corp_id=wecom.corp_id, account=kf.account, secret=kf.secret, observe=_count_call,
    )  # fmt: skip


def _chats(
    settings: Settings,
    clock: Clock,
    vault: Vault,
    catalogue: Catalogue,
    official: OfficialClient | None,
    kf: KfClient | None,
) -> list[Chats]:
    """The chats of people who are no members."""
    found: list[Chats] = [kf_wiring.chats(kf, vault, clock, catalogue)] if kf is not None else []
    if official is None or settings.official is None:
        return found
    account = OfficialChats(
        official,
        app_id=settings.official.app_id,
        unseal=vault.open,
        templates=settings.official.templates,
        home=f"{settings.base_url}/shop",
        on_union=lambda session, digest, sealed, unionid: person.learn_union(
            session, vault, "openid", digest, sealed, unionid, now=clock()
        ),
    )
    return [*found, account]


def _sender(
    settings: Settings,
    sessions: Sessions,
    clock: Clock,
    vault: Vault,
    catalogue: Catalogue,
    client: Client | None,
    chats: list[Chats],
    drawer: Drawer,
    customers: Contacts | None,
) -> Sender | None:
    if client is None and not chats:
        return None

    def say(stopped: Stopped) -> str:
        facts = {"scope": stopped.scope, "errcode": stopped.errcode, "reason": stopped.reason, "date": stopped.since}
        if stopped.scope == ACCOUNT:
            return catalogue.text(Reply.of("failure.official_stopped", **facts))
        if stopped.scope == CUSTOMERS:
            return catalogue.text(Reply.of("failure.contact_stopped", **facts))
        if stopped.scope == SERVICE:
            return catalogue.text(Reply.of("failure.kf_stopped", **facts))
        return catalogue.text(Reply.of("failure.sending_stopped", **facts))

    wecom = settings.wecom
    return Sender(
        sessions,
        clock=clock,
        client=client,
        agent_id=wecom.agent_id if wecom else 0,
        robots={lane_of_robot(key): key for key in wecom.robot_keys} if wecom else {},
        draw=drawer,
        on_name=lambda session, userid, name: distributor.learn_name(session, vault, userid, name),
        operators=lambda session: [row.userid for row in distributor.operators(session)],
        say=say,
        home=f"{settings.base_url}/shop",
        chats=chats,
        contacts=customers,
        gate=Gate(settings.quiet_hours, Spending("wecom", SpendingLimits.of_app(wecom.seats)) if wecom else None),
    )


def _sending(sender: Sender | None) -> dict[str, Callable[..., None]]:
    if sender is None:
        return {"send_lane": _nothing, "send_lanes": _nothing}
    return {"send_lane": sender.send_lane, "send_lanes": sender.send_lanes}


def _nothing(*lanes: str) -> None:
    """Without an enterprise nothing can be sent; the rows wait."""


def _jobs(
    settings: Settings,
    sessions: Sessions,
    clock: Clock,
    catalogue: Catalogue,
    wake: Callable[[Iterable[str]], None],
) -> list[Job]:
    lanes = [lane_of_robot(key) for key in settings.wecom.robot_keys] if settings.wecom else []

    def sweep_nonces(_: object) -> dict[str, int]:
        with sessions.writing() as session:
            return {"removed": nonce.sweep(session, now=Clock()())}

    def sweep_phrases(_: object) -> dict[str, int]:
        with sessions.writing() as session:
            return {"removed": unknown.sweep(session, now=clock())}

    return [
        Job("settlement", "结算到期的佣金", settings.settlement_cron, SettlementJob(sessions, clock, catalogue, wake)),
        Job(
            "leaderboard",
            "把销售榜发到群里",
            settings.leaderboard_cron,
            LeaderboardJob(sessions, clock, catalogue, lanes, wake),
        ),
        Job("lawful", "按今天的规则核对方案", Cron.parse("10 9 * * *"), LawfulJob(sessions, clock, catalogue, wake)),
        *_summaries(settings, sessions, clock, catalogue),
        Job("reconcile", "核对账本", Cron.parse("40 4 * * *"), ReconcileJob(sessions)),
        Job("nonces", "清理用过的随机数", Cron.parse("17 * * * *"), sweep_nonces),
        Job("phrases", "忘掉半年没人再说的听不懂的话", Cron.parse("50 4 * * *"), sweep_phrases),
    ]


def _summaries(settings: Settings, sessions: Sessions, clock: Clock, catalogue: Catalogue) -> list[Job]:
    told = (
        ("daily_summary", "把每天的收入告诉分销员", "day", settings.daily_summary_cron),
        ("weekly_summary", "把每周的收入和名次告诉分销员", "week", settings.weekly_summary_cron),
    )
    return [
        Job(name, title, cron, SummaryJob(sessions, clock, catalogue, span, settings.withdraw_minimum))
        for name, title, span, cron in told
        if cron is not None
    ]


def _read_settings() -> Settings:
    try:
        return Settings.of_process()
    except ConfigFault as fault:
        sys.stderr.write(f"{fault}\n")
        raise SystemExit(2) from None


def create_app(settings: Settings | None = None) -> Flask:
    """The web application of one process. Without REDIS_URL it works the queue itself, in threads."""
    settings = settings or _read_settings()
    runtime = build(settings)
    command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
    configure_logging("WARNING" if command else "INFO")
    app = web_of(runtime)
    if not command:
        _begin(runtime)
        if settings.redis_url is None:
            runtime.work()
    return app


def web_of(runtime: Runtime) -> Flask:
    """The Flask application on a runtime: routes and commands."""
    settings = runtime.settings
    app = Flask("tuike", template_folder=str(ROOT / "web" / "templates"), static_folder=None)
    wecom = settings.wecom
    envelope = Envelope(wecom.token, wecom.aes_key, wecom.corp_id) if wecom else None
    deps = Deps(
        sessions=runtime.sessions,
        vault=runtime.vault,
        clock=runtime.clock,
        base_url=settings.base_url,
        images=ASSETS / "images",
        order_api_secret=settings.order_api_secret,
        checks=_checks(runtime),
        metrics_directory=os.environ.get("PROMETHEUS_MULTIPROC_DIR"),
    )
    app_of: webhook.Channel | None = None
    if wecom and envelope:
        knock = runtime.puller.knock if runtime.puller is not None else None
        vault = runtime.vault
        outside = Person(lambda external: vault.digest("external_userid", external), vault.seal)
        app_of = webhook.wecom(
            envelope, wecom.corp_id, wecom.agent_id, runtime.clock, knock, outside if settings.contact else None
        )
    channels = {"wecom": app_of, "official": _official_channel(runtime), "robot": _robot_channel(runtime)}
    for name, channel in channels.items():
        app.register_blueprint(webhook.blueprint(runtime.assistant, name, channel))
    for module in (api, shop, coupon, pages, health):
        app.register_blueprint(module.blueprint(deps))
    errors.install(app)
    for command in _commands(runtime, envelope):
        app.cli.add_command(command)
    app.extensions["tuike"] = runtime
    return app


def _official_channel(runtime: Runtime) -> webhook.Channel | None:
    if (official := runtime.settings.official) is None:
        return None
    vault = runtime.vault
    person_of = Person(lambda openid: vault.digest("openid", openid), vault.seal)
    envelope = Envelope(official.token, official.aes_key, official.app_id)
    return webhook.official(envelope, official.token, person_of, runtime.clock)


def _robot_channel(runtime: Runtime) -> webhook.Channel | None:
    if (robot := runtime.settings.robot) is None:
        return None
    unpainted = runtime.catalogue.render(Sentence("failure.unpainted"))
    streams = Streams(runtime.sessions, runtime.drawer, runtime.clock, unpainted)
    return webhook.robot(Envelope(robot.token, robot.aes_key, ""), streams, runtime.clock)


def _commands(runtime: Runtime, envelope: Envelope | None) -> list[click.Command]:
    """The `flask …` commands; none of them asks the database before it is called."""
    settings, sessions, clock = runtime.settings, runtime.sessions, runtime.clock
    operators = settings.wecom.operators if settings.wecom else ()
    house = CommandDeps(
        sessions, clock, ASSETS, operators, runtime.ready, runtime.vault, runtime.catalogue, settings.base_url
    )
    settle = SettlementJob(sessions, clock, runtime.catalogue, runtime.wake)
    jobs = job_commands.JobDeps(
        sessions, clock, runtime.jobs, lambda as_of: settle(as_of, reason="command"), runtime.ready
    )
    bot = bot_commands.BotDeps(
        sessions,
        clock,
        ASSETS,
        runtime.catalogue,
        lambda: _understanding(settings),
        runtime.client,
        settings.wecom.agent_id if settings.wecom else None,
        _own_phrases(settings),
    )
    return [
        plan.group(house),
        ledger.group(house),
        entitlement.group(house),
        push.group(house),
        coupon_commands.group(house),
        explain.command(house),
        operator.group(house),
        distributor_commands.group(house),
        rollup_commands.group(house),
        copy_commands.group(house),
        word_commands.group(house, settings.official.templates if settings.official else None),
        demo_commands.group(house),
        db.group(house),
        job_commands.settle(jobs),
        job_commands.group(jobs),
        bot_commands.group(bot),
        official_commands.group(
            official_commands.OfficialDeps(sessions, clock, runtime.catalogue, runtime.official, runtime.ready)
        ),
        contact_commands.group(
            contact_commands.ContactDeps(sessions, runtime.contact, _terms(settings), runtime.ready)
        ),
        kf_commands.group(kf_commands.KfDeps(sessions, runtime.kf, runtime.ready)),
        person_commands.group(house),
        *_group_commands(runtime),
        doctor.command(
            [
                *doctor.checks(_doctor_deps(runtime)),
                *bot_doctor.checks(_wecom_house(runtime, envelope)),
                *contact_doctor.checks(_contact_house(runtime)),
                *official_doctor.checks(_official_house(runtime)),
                *kf_doctor.checks(_kf_house(runtime)),
            ]
        ),
    ]


def _group_commands(runtime: Runtime) -> list[click.Command]:
    settings, sessions, clock, vault = runtime.settings, runtime.sessions, runtime.clock, runtime.vault
    cap = settings.wecom.broadcast_cap if settings.wecom else "month"
    prepare = Prepare(sessions, vault, clock, settings.base_url, cap)
    return [
        group_commands.group(
            group_commands.GroupDeps(sessions, clock, vault, runtime.groups, secrets.randbelow, runtime.ready)
        ),
        broadcast_commands.group(
            broadcast_commands.BroadcastDeps(
                sessions, clock, runtime.catalogue, runtime.broadcaster, prepare, runtime.wake, runtime.ready
            )
        ),
    ]


def _doctor_deps(runtime: Runtime) -> doctor.DoctorDeps:
    settings = runtime.settings

    def listed() -> list[tuple[str, str, datetime]]:
        scheduler = Scheduler(runtime.sessions, runtime.jobs, runtime.clock)
        return [(job.name, job.title, job.next_at) for job in scheduler.list()]

    return doctor.DoctorDeps(
        sessions=runtime.sessions,
        vault=runtime.vault,
        clock=runtime.clock,
        clock_shift=runtime.clock.shift,
        clock_file=settings.clock_file,
        assets=ASSETS,
        base_url=settings.base_url,
        demo=settings.demo,
        order_api=settings.order_api_secret is not None,
        simulated=settings.wecom.simulated if settings.wecom else None,
        redis=_checks(runtime)["redis"] if settings.redis_url else None,
        jobs=listed,
    )


def _wecom_house(runtime: Runtime, envelope: Envelope | None) -> bot_doctor.WecomHouse | None:
    wecom = runtime.settings.wecom
    if wecom is None or envelope is None or runtime.client is None:
        return None
    return bot_doctor.WecomHouse(
        sessions=runtime.sessions,
        client=runtime.client,
        envelope=envelope,
        agent_id=wecom.agent_id,
        base_url=runtime.settings.base_url,
        api_base=wecom.api_base,
        simulated=wecom.simulated,
    )


def _contact_house(runtime: Runtime) -> contact_doctor.ContactHouse | None:
    wecom, terms = runtime.settings.wecom, _terms(runtime.settings)
    if wecom is None or terms is None or runtime.contact is None:
        return None
    return contact_doctor.ContactHouse(runtime.sessions, runtime.contact, terms, wecom.api_base, wecom.simulated)


def _official_house(runtime: Runtime) -> official_doctor.OfficialHouse | None:
    official = runtime.settings.official
    if official is None or runtime.official is None:
        return None
    return official_doctor.OfficialHouse(
        sessions=runtime.sessions,
        client=runtime.official,
        token=official.token,
        base_url=runtime.settings.base_url,
        api_base=official.api_base,
        templates=official.templates,
        simulated=official.simulated,
    )


def _kf_house(runtime: Runtime) -> kf_doctor.KfHouse | None:
    if (kf := runtime.settings.kf) is None or runtime.kf is None:
        return None
    return kf_doctor.KfHouse(runtime.sessions, runtime.kf, runtime.clock, simulated=kf.simulated)


def _checks(runtime: Runtime) -> dict[str, Callable[[], str | None]]:
    def ask_redis() -> str | None:
        if runtime.settings.redis_url is None:
            return None
        from jobs import redis_broker

        return redis_broker.ask(runtime.settings.redis_url)

    def ask_migrations() -> str | None:
        return "run: flask db upgrade" if schema.pending(runtime.engine) else None

    return {"redis": ask_redis, "migrations": ask_migrations}


# -----------------------------------------------------------------------------------------------------------------
# Entry points


def run_scheduler() -> int:
    """`python -m jobs.scheduler`: the clock of a production."""
    configure_logging()
    runtime = build(_read_settings())
    _begin(runtime)
    try:
        return serve(Scheduler(runtime.sessions, runtime.jobs, runtime.clock))
    finally:
        runtime.stop()


def _start_worker() -> Queue:
    """A worker process of `dramatiq app`: sends what the web queued, and sweeps."""
    configure_logging()
    runtime = build(_read_settings())
    _begin(runtime)
    runtime.sweep()
    runtime.queue.on_stop(runtime.stop)
    return runtime.queue


announce_worker(_start_worker)


def main() -> int:
    """`python app.py`: web, queue, clock and simulator in one process, until SIGTERM or SIGINT."""
    configure_logging()
    settings = _read_settings()
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    simulator = _simulator(settings)
    runtime = build(settings)
    _begin(runtime)
    try:
        web = Server(web_of(runtime), settings.host, settings.port)
    except OSError as fault:
        sys.stderr.write(
            f"PORT: {settings.port} cannot be used ({fault.strerror or fault}); stop what uses it, or set another\n"
        )
        return 2
    scheduler = Scheduler(runtime.sessions, runtime.jobs, runtime.clock)
    if simulator is not None:
        simulator.start()
    runtime.work()
    web.start()
    scheduler.start()
    _put_menu_up(runtime)
    _greet(settings)
    told.wait()
    _exit_at_the_latest()
    web.stop()
    scheduler.stop(timeout_seconds=2)
    runtime.stop()
    if simulator is not None:
        simulator.stop()
    logging.shutdown()
    return 0


def _exit_at_the_latest() -> None:
    """End in time also where a thread hangs on a database or a platform that does not answer: as after a kill, what is
    cut off is taken up again where it stood.
    """
    timer = threading.Timer(EXIT_WITHIN_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _begin(runtime: Runtime) -> None:
    """`ready`; a database that cannot be used is a fault of the configuration, in one line."""
    try:
        runtime.ready()
    except (OperationalError, InterfaceError, OSError) as fault:
        reason = redact(str(getattr(fault, "orig", fault)).splitlines()[0])
        sys.stderr.write(
            f"DATABASE_URL: the database does not answer ({reason}); start it, or correct address, name and password\n"
        )
        raise SystemExit(2) from None


def _simulator(settings: Settings) -> SimulatorServer | None:
    wecom = settings.wecom
    if settings.simulator_port is None or wecom is None:
        return None
    options = Options(
        corp_id=wecom.corp_id,
        agent_id=wecom.agent_id,
        secret=wecom.secret,
        token=wecom.token,
        aes_key=wecom.aes_key,
        callback_url=f"http://127.0.0.1:{settings.port}/callback/wecom",
        robot_keys=wecom.robot_keys,
        clock_file=settings.clock_file,
        state_path=settings.var / "simulator.db",
        mall_url=settings.base_url,
        mall_secret=settings.order_api_secret,
        official=_simulated_account(settings),
        contact=ContactOptions(wecom.contact_secret) if wecom.contact_secret else None,
        robot=_simulated_robot(settings),
        kf=KfOptions(settings.kf.account, settings.kf.secret) if settings.kf else None,
    )
    return SimulatorServer(create_simulator(options), host=settings.host, port=settings.simulator_port)


def _simulated_account(settings: Settings) -> OfficialOptions | None:
    if (official := settings.official) is None:
        return None
    return OfficialOptions(
        app_id=official.app_id,
        secret=official.secret,
        token=official.token,
        aes_key=official.aes_key,
        callback_url=f"http://127.0.0.1:{settings.port}/callback/official",
    )


def _simulated_robot(settings: Settings) -> RobotOptions | None:
    if (robot := settings.robot) is None:
        return None
    here = f"http://127.0.0.1:{settings.simulator_port}"
    return RobotOptions(robot.token, robot.aes_key, f"http://127.0.0.1:{settings.port}/callback/robot", here)


def _put_menu_up(runtime: Runtime) -> None:
    """The simulator's chats get their buttons at once; a merchant's own by `flask bot menu`, `flask official menu`."""
    wecom, official = runtime.settings.wecom, runtime.settings.official
    body = menu_body(runtime.catalogue)
    try:
        if runtime.client is not None and wecom is not None and wecom.simulated:
            runtime.client.menu_create(wecom.agent_id, body)
        if runtime.official is not None and official is not None and official.simulated:
            runtime.official.menu_create(body)
    except WeComFault as fault:
        log.warning("the menu is not up", extra={"event": "menu.missing", "reason": fault.reason})


def _greet(settings: Settings) -> None:
    """Say where it is and what to try."""
    lines = ["", f"  推客助手  {settings.base_url}/shop"]
    if settings.simulator_port is not None:
        lines += [
            f"  模拟器    http://{settings.host}:{settings.simulator_port}",
            "",
            "  打开模拟器，像在企业微信里一样试一遍：",
            "  1. 在李华的聊天里发「我要加入」，再发「草莓海报」；",
            "  2. 点他收到的推广链接，在右边顾客的手机上打开商城付款；",
            "  3. 问「我赚了多少」「为什么这单才6块8」；",
            "  4. 顾客确认收货，在控制台把时钟拨快 8 天，收到结算后发「提现」；",
            "  5. 在陈老板的聊天里发「待审核」「通过 1」「已打款 1 打款单号」。",
            "",
            "  Ctrl+C 结束。",
        ]
    sys.stdout.write("\n".join([*lines, ""]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    code = main()
    # Not by the interpreter's own end: it waits for a job's thread, and for ever for a thread that it has frozen while
    # it closed its connection to SQLite. What is cut off here is taken up again where it stood.
    os._exit(code)
