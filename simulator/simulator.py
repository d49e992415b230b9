"""All parts of one simulated enterprise, wired together; the only place that knows them all."""

from __future__ import annotations

from .aibot import Bot
from .api import Api
from .callbacks import Courier
from .cards import Cards
from .contact import Contact
from .content import Contents
from .crypto import Crypto
from .directory import Directory
from .faults import Faults
from .groupmsg import MassMessages
from .groups import CustomerGroups
from .kf import Service
from .mall import Mall
from .media import MediaShelf
from .menu import Menu
from .messages import Messages
from .official import Account
from .options import Options
from .people import People
from .probes import Probes
from .replies import Replies
from .robot import Robots
from .state import World
from .tokens import Tokens


class Simulator:
    """A running enterprise. Threads start with the first callback; `stop` ends them and every waiting request."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.world = World(options)
        self.faults = Faults(self.world)
        self.tokens = Tokens(self.world, self.faults)
        self.api = Api(self.world, self.faults, self.tokens)
        self.api.add("gettoken", self.tokens.give, method="GET", token=False)
        crypto = Crypto(options.token, options.aes_key, options.corp_id)
        self.media = MediaShelf(self.world)
        self.media.register(self.api)
        self.menu = Menu(self.world, self.api)
        self.cards = Cards(self.world, self.api)
        self.messages = Messages(self.world, self.api, Contents(self.media), self.cards)
        self.robots = Robots(self.world, self.api, self.media)
        self.directory = Directory(self.world, self.api)
        replies = Replies(crypto, options.corp_id, self.media)
        self.courier = Courier(self.world, self.faults, crypto, replies, self.cards)
        self.people = People(self.world, self.courier, self.menu, self.cards, self.media)
        self.probes = Probes(self.world, crypto)
        self.mall = Mall(self.world)
        self.official = Account(self.world, self.faults, self.media) if options.official else None
        self.kf = Service(self.world, self.api, self.tokens, self.courier, self.media) if options.kf else None
        self.contact = Contact(self.world, self.api, self.tokens, self.media, self.people) if options.contact else None
        if self.contact is not None:
            self.mall.known_as = self.contact.identities
        self.groups = CustomerGroups(self.world, self.people, self.contact) if self.contact else None
        self.groupmsg = MassMessages(self.world, self.contact, self.groups) if self.contact and self.groups else None

        self.aibot = Bot(self.world, self.api, self.faults, self.media) if options.robot else None

    def couriers(self) -> list[Courier]:
        return [self.courier, *(part.courier for part in (self.official, self.aibot) if part is not None)]

    def reset(self) -> None:
        """Forget chats, media, menu, codes, tokens, faults and orders; the clock is left as it is."""
        with self.world.changed:
            for courier in self.couriers():
                courier.forget()
            self.world.reset()
            self.faults.clear()
            self.tokens.invalidate()
            self.tokens.unban()
            self.api.clear()
            if self.official is not None:
                self.official.forget()
            if self.kf is not None:
                self.kf.forget()
            if self.contact is not None:
                self.contact.forget()
            for later in (self.groups, self.groupmsg):
                if later is not None:
                    later.load()
            if self.aibot is not None:
                self.aibot.clear()
            for part in (self.media, self.messages, self.robots, self.people):
                part.forget()
            for kept in (self.menu, self.cards, self.mall):
                kept.load()
            self.world.publish({"type": "reset"})

    def stop(self) -> None:
        """End the delivery threads and let waiting requests return; harmless when called twice."""
        self.world.stop()
        for courier in self.couriers():
            courier.stop()
        self.world.store.close()
