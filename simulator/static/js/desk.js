// The desk: who sits where, what the stream of events brings, and which window has the attention.

import { get, listen, post } from "./api.js";
import { avatar, h, icon, markAvatar, toast } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Panel } from "./panel.js";
import { Phone } from "./phone.js";
import { NOWHERE } from "./rooms.js";
import { ServicePanel } from "./service.js";
import { setLinkOpener } from "./text.js";

const UNDER_WAY = new Set(["queued", "delivering", "retrying"]);
const NARROW = window.matchMedia("(max-width: 600px)");

class Desk {
  async start() {
    this.take(await get("state"));
    this.place();
    this.drawRail();
    this.activate(this.seats[0], false);
    setLinkOpener((url) => this.openLink(url));
    document.getElementById("desk").setAttribute("aria-busy", "false");
    document.addEventListener("visibilitychange", () => this.read(this.active));
    setInterval(() => { this.phone.tick(); this.drawer.tick(); }, 1000);
    listen(this.event, (event) => this.happened(event));
  }

  // state

  take(state) {
    this.appName = state.app.name;
    this.members = new Map(state.members.map((member) => [member.userid.toLowerCase(), member]));
    this.groups = new Map(state.groups.map((group) => [group.id, group]));
    this.chats = new Map(Object.entries(state.chats).map(([chat, rows]) => [chat, new Map(rows.map((row) => [row.id, row]))]));
    this.menu = state.menu;
    this.official = state.official;
    this.aibot = state.aibot;
    this.fans = new Map((state.official?.fans || []).map((fan) => [fan.id, fan]));
    this.contact = state.contact;
    this.rooms = new Map((state.customer_groups?.rooms || []).map((room) => [room.chat, room]));
    this.mass = state.groupmsg || [];
    this.service = state.kf;
    this.guests = new Map((state.kf?.guests || []).map((guest) => [guest.id, guest]));
    this.mall = state.mall;
    this.orders = state.orders;
    this.faults = state.faults;
    this.callbacks = state.callbacks;
    this.calls = state.calls;
    this.attacks = state.attacks;
    this.event = state.event;
    this.busy = new Map();
    this.seen = new Map([...this.chats.keys()].map((chat) => [chat, this.lastId(chat)]));
    this.takeClock(state.clock);
  }

  takeClock(clock) {
    this.offset = clock.offset;
    this.ahead = Date.parse(clock.now) - Date.now();
  }

  takeFaults(faults) {
    this.faults = faults;
    if (this.drawer.open && this.drawer.page === "faults" && !this.drawer.body.contains(document.activeElement?.closest("form"))) this.drawer.draw();
  }

  now() { return new Date(Date.now() + this.ahead); }
  person(chat) { return this.members.has(chat) || this.fans.has(chat) || this.guests.has(chat); }
  nameOf = (chat) => (this.members.get(chat) || this.fans.get(chat) || this.guests.get(chat))?.name || chat;
  entriesOf(chat) { return [...(this.chats.get(chat)?.values() || [])]; }
  lastId(chat) { return Math.max(0, ...(this.chats.get(chat)?.keys() || [])); }

  // seats

  place() {
    const people = [...this.members.values()].filter((member) => member.visible);
    const distributors = people.filter((member) => member.role === "distributor").slice(0, 2);
    const operator = people.find((member) => member.role === "operator");
    const chosen = distributors.length ? distributors : people.slice(0, 2);
    const panel = (member) => new Panel(this, member.userid.toLowerCase());
    this.panels = chosen.map(panel);
    this.groupPanels = [...this.groups.keys()].slice(0, 1).map((id) => new Panel(this, id));
    const stacked = [...(operator ? [panel(operator)] : []), ...this.groupPanels];
    this.fanPanels = [...this.fans.keys()].slice(0, 1).map((id) => new Panel(this, id));
    this.roomPanels = this.contact ? [new Panel(this, [...this.rooms.keys()][0] || NOWHERE)] : [];
    this.phone = new Phone(this);
    this.drawer = new Drawer(this);
    this.seats = [...this.panels, ...this.roomPanels, ...this.fanPanels, ...stacked, this.phone];
    this.panels = this.seats.filter((seat) => seat !== this.phone);
    // Two columns hold two windows each, so that the customer's phone stays in sight.
    const column = (seats) => (seats.length > 1 ? h("div", { class: "stack" }, seats.map((seat) => seat.node)) : seats.map((seat) => seat.node));
    const alone = chosen.length > 1 ? this.panels.slice(0, chosen.length - 1) : [];
    const first = alone.length ? this.roomPanels : [];
    const second = this.panels.filter((seat) => !stacked.includes(seat) && !alone.includes(seat) && !first.includes(seat));
    const left = [...alone.slice(0, -1).map((seat) => seat.node), column([...alone.slice(-1), ...first])];
    document.getElementById("desk").replaceChildren(...[...left, column(second), column(stacked), this.phone.node].flat());
    this.servicePanels = [...this.guests.keys()].slice(0, 1).map((id) => new ServicePanel(this, id));
    for (const seat of this.servicePanels) {
      seat.node.classList.add("service");
      this.seats.splice(-1, 0, seat);
      this.panels.push(seat);
      document.getElementById("desk").append(seat.node);
    }
    for (const seat of this.panels) seat.bottom();
  }

  reseat(panel, chat) {
    const other = this.panels.find((seat) => seat !== panel && seat.chat === chat);
    if (other) other.seat(panel.chat);
    panel.seat(chat);
    this.drawRail();
    this.read(panel);
  }

  // the rail

  drawRail() {
    this.tabs = new Map();
    const tab = (seat, face, words) => {
      const badge = h("span", { class: "badge", hidden: true });
      const node = h("button", { class: "tab", type: "button", role: "tab", "aria-selected": "false", title: words, onclick: () => this.focus(seat) }, face, h("span", { class: "label" }, words), badge);
      this.tabs.set(seat, { node, badge });
      return node;
    };
    const rows = this.seats.map((seat) => {
      if (seat === this.phone) return tab(seat, markAvatar("phone"), "顾客");
      if (seat.guest) return tab(seat, markAvatar("service"), "客服");
      if (seat.fan) return tab(seat, markAvatar("official"), "公众号");
      if (seat.ofRooms) return tab(seat, markAvatar("group"), "客户群");
      return seat.group ? tab(seat, markAvatar("group"), "伙伴群") : tab(seat, avatar(seat.member.name), seat.member.name);
    });
    this.control = h("button", { class: "tab", type: "button", "aria-expanded": "false", title: "控制台", onclick: () => this.drawer.toggle() },
      h("span", { class: "avatar", style: { "--from": "transparent", "--to": "transparent" } }, icon("gear")), h("span", { class: "label" }, "控制台"));
    document.getElementById("rail").replaceChildren(
      h("span", { class: "logo" }, h("img", { src: "/static/icon.svg", alt: "企业微信模拟器" })), ...rows, h("span", { class: "spacer" }), this.control);
    this.markActive();
    this.count();
  }

  drawerChanged() {
    this.control.setAttribute("aria-expanded", String(this.drawer.open));
    this.control.setAttribute("aria-selected", String(this.drawer.open));
  }

  focus(seat) {
    this.activate(seat);
    seat.node.scrollIntoView({ inline: "nearest", block: "nearest", behavior: "smooth" });
    if (seat.box && !NARROW.matches) seat.box.focus();
    if (NARROW.matches && seat.bottom) seat.bottom();
  }

  activate(seat, opened = true) {
    if (this.active !== seat) {
      this.active = seat;
      this.markActive();
    }
    this.read(seat);
    if (opened && seat.member) this.opened(seat);
  }

  // A person who turns to his chat opens the app there; the simulator keeps that to once an hour.
  opened(seat) {
    this.entered ??= new Set();
    if (this.entered.has(seat.chat)) return;
    this.entered.add(seat.chat);
    post("enter", { userid: seat.chat, once: true }).catch((error) => toast(error.message, true));
  }

  markActive() {
    for (const seat of this.seats) {
      seat.node.classList.toggle("active", seat === this.active);
      this.tabs?.get(seat)?.node.setAttribute("aria-selected", String(seat === this.active));
    }
  }

  read(seat) {
    if (!seat || document.hidden) return;
    this.seen.set(seat.chat, this.lastId(seat.chat));
    this.count();
  }

  count() {
    let all = 0;
    for (const seat of this.panels) {
      const seen = this.seen.get(seat.chat) || 0;
      const count = this.entriesOf(seat.chat).filter((entry) => entry.id > seen && entry.side === "app").length;
      all += count;
      seat.unread(count);
      const tab = this.tabs?.get(seat);
      if (tab) {
        tab.badge.hidden = count === 0;
        tab.badge.textContent = count > 99 ? "99+" : String(count);
      }
    }
    document.title = `${all ? `(${all}) ` : ""}${this.appName} · 企业微信模拟器`;
  }

  // Links of the mall open in the customer's phone; true when that has happened.
  openLink(address) {
    const home = this.mall.url && new URL(this.mall.url).origin;
    const url = new URL(address);
    if (url.origin !== home && !url.pathname.startsWith("/r/")) return false;
    return this.phone.open(address);
  }

  // what happens

  happened(event) {
    const acts = {
      entry: () => this.takeEntry(event.entry),
      callback: () => this.takeCallback(event.callback),
      call: () => this.drawer.takeCall(event.call),
      menu: () => this.takeMenu(event.menu),
      official_menu: () => this.takeOfficialMenu(event.menu),
      fans: () => this.takeFans(event.fans),
      groups: () => this.refreshRooms(),
      groupmsg: () => this.refreshMass(),
      kf: () => this.takeSession(event),
      clock: () => { this.takeClock(event.clock); this.drawer.tick(); this.phone.tick(); },
      faults: () => this.drawer.refreshFaults(),
      order: () => this.phone.takeOrder(event.order),
      contact: () => this.refreshContact(),
      members: () => this.refreshMembers(),
      dropped: () => event.reason === "rate" && toast(`发给${this.nameOf(event.chat)}的消息超过了每分钟上限，企业微信悄悄丢掉了`, true),
      reset: () => window.location.reload(),
      reload: () => window.location.reload(),
    };
    acts[event.type]?.();
  }

  takeEntry(entry) {
    if (!this.chats.has(entry.chat)) this.chats.set(entry.chat, new Map());
    this.chats.get(entry.chat).set(entry.id, entry);
    this.panels.find((seat) => seat.chat === entry.chat)?.put(entry);
    this.phone.friends?.put(entry);
    if (this.active?.chat === entry.chat) this.read(this.active);
    else this.count();
  }

  takeCallback(item) {
    this.drawer.takeCallback(item);
    const chat = item.userid.toLowerCase();
    const busy = this.busy.get(chat) || new Set();
    this.busy.set(chat, busy);
    if (UNDER_WAY.has(item.state)) busy.add(item.id);
    else busy.delete(item.id);
    this.panels.find((seat) => seat.chat === chat)?.typing(busy.size > 0);
  }

  takeMenu(menu) {
    this.menu = menu;
    for (const seat of this.panels) seat.drawMenu();
  }

  takeOfficialMenu(menu) {
    this.official.menu = menu;
    for (const seat of this.panels) seat.drawMenu();
  }

  // Who follows and who has left: the window of a fan shows one button until he follows.
  takeFans(fans) {
    this.fans = new Map(fans.map((fan) => [fan.id, fan]));
    for (const seat of this.panels.filter((item) => item.fan)) seat.follow();
  }

  // A group came, went, or has other people in it; the window of one that is gone shows the next.
  async refreshRooms() {
    const { rooms } = await get("rooms");
    this.rooms = new Map(rooms.map((room) => [room.chat, room]));
    for (const seat of this.roomPanels) seat.seat(this.rooms.has(seat.chat) ? seat.chat : [...this.rooms.keys()].at(-1) || NOWHERE);
    this.drawRail();
  }

  // Several changes in a row are read once.
  refreshContact() {
    this.reading ??= setTimeout(async () => {
      this.reading = null;
      try {
        this.contact = await get("contact");
        this.phone.friends?.redraw();
      } catch (error) {
        toast(error.message, true);
      }
    }, 60);
  }

  async refreshMass() {
    this.mass = (await get("groupmsg")).tasks;
    for (const seat of this.panels) seat.refreshMass();
  }

  // Who serves a guest of the 微信客服 now.
  takeSession({ guest, state, servicer }) {
    this.guests.set(guest, { ...this.guests.get(guest), state, servicer });
    this.servicePanels.find((seat) => seat.chat === guest)?.refresh();
  }

  async refreshMembers() {
    const state = await get("state");
    this.members = new Map(state.members.map((member) => [member.userid.toLowerCase(), member]));
    for (const seat of this.panels.filter((item) => item.member && item !== this.active)) seat.seat(seat.chat);
    if (this.drawer.open && this.drawer.page === "people") this.drawer.draw();
  }
}

new Desk().start();
