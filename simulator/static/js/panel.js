// One person's window: his chat with the app, the app's menu, and the box he writes in. A group's window only listens.

import { post } from "./api.js";
import { row } from "./bubbles.js";
import { avatar, closeElsewhere, h, icon, markAvatar, momentOf, toast } from "./dom.js";
import { massStrip } from "./groupmsg.js";
import { NOWHERE, roomControls, roomEmpty, roomHead, roomUnder } from "./rooms.js";

const ROLES = { distributor: "分销员", operator: "商家运营", colleague: "同事" };
const HINTS = { operator: ["帮助", "今日", "待审核"], other: ["帮助", "加入", "我的收益"] };
const GAP_SECONDS = 300;
const TYPING_AT_LEAST = 450;

export class Panel {
  constructor(desk, chat) {
    this.desk = desk;
    this.node = h("section", { class: "panel", tabindex: "-1" });
    this.node.addEventListener("focusin", () => desk.activate(this));
    this.node.addEventListener("pointerdown", () => desk.activate(this));
    this.seat(chat);
  }

  // Let another person sit down at this window.
  seat(chat) {
    this.chat = chat;
    this.node.dataset.chat = chat;
    this.room = this.desk.rooms.get(chat);
    this.ofRooms = Boolean(this.room) || chat === NOWHERE;
    this.group = this.desk.groups.get(chat) || (this.ofRooms ? this.room || { name: "客户群", members: [] } : undefined);
    this.member = this.desk.members.get(chat);
    this.fan = this.desk.fans.get(chat);
    this.node.classList.toggle("official", Boolean(this.fan));
    this.typingUntil = 0;
    this.dots = this.gate = null;
    this.under = h("div", { class: "under" });
    this.badge = h("span", { class: "badge", hidden: true });
    this.talk = h("div", { class: "talk", role: "log", "aria-label": this.title });
    this.menu = h("div", { class: "menu", hidden: true });
    this.node.setAttribute("aria-label", this.title);
    this.talk.addEventListener("click", (event) => this.tapLink(event));
    this.mass = this.member ? massStrip(this.desk, chat) : null;
    this.node.replaceChildren(...[this.head(), this.talk, this.mass, this.menu, this.group ? this.listener() : this.writer()].filter(Boolean));
    if (this.fan) this.follow();
    this.quiet();
    this.drawMenu();
    this.draw();
  }

  get title() { return this.group ? this.group.name || "未命名的群" : (this.member || this.fan).name; }

  // What waits for this member to be sent has changed.
  refreshMass() {
    if (!this.mass) return;
    const fresh = massStrip(this.desk, this.chat);
    fresh.open = this.mass.open;
    this.mass.replaceWith(fresh);
    this.mass = fresh;
  }

  head() {
    if (this.ofRooms) return roomHead(this);
    const face = this.group ? markAvatar("group") : avatar(this.title);
    const words = this.group ? `${this.title}（${this.group.members.length + 1}）` : this.title;
    const role = this.fan ? h("span", { class: "role" }, "公众号") : this.member && h("span", { class: "role" }, ROLES[this.member.role] || "同事");
    return h("header", { class: "panel-head" }, face,
      h("div", { class: "who" }, h("div", { class: "name" }, words, role, this.member && icon("caret")), this.under),
      this.badge, this.member && this.chooser(), this.fan && this.fanChooser());
  }

  fanChooser() {
    const select = h("select", { class: "seat", "aria-label": "换一个人坐这里", title: "换一个人坐这里" },
      [...this.desk.fans.values()].map((fan) => h("option", { value: fan.id, selected: fan === this.fan }, `${fan.name} · 微信`)));
    select.addEventListener("change", () => this.desk.reseat(this, select.value));
    return select;
  }

  // Following and leaving: who does not follow can only follow, or scan a distributor's code.
  follow() {
    this.fan = this.desk.fans.get(this.chat);
    this.gate ??= h("div", { class: "gate" });
    const box = h("input", { type: "text", placeholder: "分销员的邀请码（可不填）", "aria-label": "分销员的邀请码", autocomplete: "off", maxlength: "64" });
    const go = () => this.act(box.value.trim() ? "scan" : "subscribe", box.value.trim() ? { scene: box.value.trim() } : {});
    box.addEventListener("keydown", (event) => event.key === "Enter" && go());
    this.gate.replaceChildren(box, h("button", { class: "main-button", type: "button", onclick: go }, "扫码关注"));
    const writer = this.node.querySelector(".writer");
    if (!this.gate.isConnected) writer.before(this.gate);
    this.gate.hidden = this.fan.follows;
    writer.hidden = !this.fan.follows;
    this.drawMenu();
    this.quiet();
  }

  // A link in one of the account's texts that says something for the person who taps it.
  tapLink(event) {
    const words = event.target.closest("[data-say]");
    if (words && this.fan) this.act("say", { text: words.dataset.say, menu_id: words.dataset.menu });
  }

  chooser() {
    const people = [...this.desk.members.values()].filter((item) => item.visible);
    const select = h("select", { class: "seat", "aria-label": "换一个人坐这里", title: "换一个人坐这里" },
      people.map((item) => h("option", { value: item.userid.toLowerCase(), selected: item === this.member }, `${item.name} · ${item.position || ROLES[item.role]}`)));
    select.addEventListener("change", () => this.desk.reseat(this, select.value));
    return select;
  }

  listener() {
    if (this.ofRooms) return roomControls(this);
    return this.desk.aibot ? this.asker() : h("div", { class: "listen" }, "群机器人在这里播报榜单和通知");
  }

  // In a group inside the enterprise a member names the robot, and everybody reads its answer.
  asker() {
    const people = [...this.desk.members.values()].filter((item) => item.visible);
    const who = h("select", { "aria-label": "谁来问" }, people.map((item) => h("option", { value: item.userid }, item.name)));
    const words = h("input", { type: "text", placeholder: `@${this.desk.aibot.name} 排行榜`, "aria-label": "在群里 @ 机器人", autocomplete: "off" });
    const ask = async () => {
      const text = words.value.trim();
      if (!text) return;
      words.value = "";
      try {
        await post("aibot/say", { userid: who.value, group: this.chat, text });
      } catch (error) {
        toast(error.message, true);
      }
    };
    words.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && ask());
    return h("div", { class: "writer room" }, who, words, h("button", { class: "send", type: "button", onclick: ask }, "发送"));
  }

  // writing

  writer() {
    this.box = h("textarea", { rows: 1, placeholder: "输入消息，回车发送", "aria-label": `${this.title} 说`, enterkeyhint: "send" });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.say();
      }
    });
    this.box.addEventListener("input", () => this.grow());
    return h("div", { class: "writer" }, this.extras(), this.box,
      h("button", { class: "send", type: "button", onclick: () => this.say() }, "发送"));
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
  }

  extras() {
    const box = h("div", { class: "more" });
    const choose = h("input", { type: "file", accept: "image/png,image/jpeg", hidden: true });
    choose.addEventListener("change", () => choose.files[0] && this.sendPicture(choose.files[0]));
    const open = () => {
      const item = (name, words, act) => h("button", { type: "button", onclick: () => { done(); act(); } }, icon(name), words);
      const list = h("div", { class: "popup" },
        item("image", "图片", () => choose.click()),
        item("pin", "位置", () => this.act("location", {})),
        item("mic", "语音", () => this.act("voice", { seconds: 4 })),
        this.fan && item("out", "取消关注", () => this.act("unsubscribe", {})));
      box.append(list);
      const done = closeElsewhere(box, () => list.remove());
    };
    box.append(h("button", { type: "button", "aria-label": "更多", onclick: open }, icon("plus")), choose);
    return box;
  }

  async sendPicture(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    await this.act("image", { base64: btoa(binary), filename: file.name });
  }

  async say() {
    const text = this.box.value.trim();
    if (!text) return;
    this.box.value = "";
    this.grow();
    this.box.focus();
    await this.act("say", { text });
  }

  async act(path, body) {
    try {
      await post(this.fan ? `official/${path}` : path, { userid: this.chat, ...body });
    } catch (error) {
      toast(error.message, true);
    }
  }

  // the menu

  drawMenu() {
    const own = this.fan ? (this.fan.follows ? this.desk.official.menu : []) : this.desk.menu;
    const buttons = this.group ? [] : own;
    this.menu.hidden = buttons.length === 0;
    this.menu.replaceChildren(...buttons.map((button) => this.menuButton(button)));
  }

  menuButton(button) {
    const box = h("div", {});
    const tap = () => (button.sub_button ? this.openSub(box, button.sub_button) : this.tapMenu(button));
    box.append(h("button", { type: "button", class: button.sub_button ? "has-sub" : "", onclick: tap }, button.name));
    return box;
  }

  openSub(box, buttons) {
    if (box.querySelector(".sub")) return;
    const list = h("div", { class: "sub" }, buttons.map((button) =>
      h("button", { type: "button", onclick: () => { done(); this.tapMenu(button); } }, button.name)));
    box.append(list);
    const done = closeElsewhere(box, () => list.remove());
  }

  tapMenu(button) {
    if (button.type === "view") this.desk.openLink(button.url) || window.open(button.url, "_blank", "noopener");
    return this.act("click", { key: button.key || button.url });
  }

  // what is said

  draw() {
    this.rows = new Map();
    this.last = 0;
    this.talk.replaceChildren();
    const entries = this.desk.entriesOf(this.chat);
    if (!entries.length) this.talk.append(this.empty());
    for (const entry of entries) this.add(entry, false);
    this.bottom();
  }

  empty() {
    if (this.ofRooms) return roomEmpty(this);
    if (this.group) {
      return h("div", { class: "empty" }, markAvatar("robot"), h("strong", {}, this.title), "榜单和喜报会由机器人发到这里");
    }
    if (this.fan) {
      return h("div", { class: "empty" }, markAvatar("official"), h("strong", {}, `公众号「${this.desk.official.name}」`),
        `${this.title}在微信里打开它。扫分销员的二维码关注，加入时邀请人就是他。`);
    }
    return h("div", { class: "empty" }, markAvatar("app"), h("strong", {}, this.desk.appName),
      `${this.title}还没有和它说过话，试试：`,
      h("div", { class: "hints" }, HINTS[this.member.role === "operator" ? "operator" : "other"].map((words) =>
        h("button", { class: "plain-button", type: "button", onclick: () => this.act("say", { text: words }) }, words))));
  }

  put(entry) {
    if (this.rows.has(entry.id)) {
      const fresh = row(entry, this.desk);
      this.rows.get(entry.id).replaceWith(fresh);
      this.rows.set(entry.id, fresh);
      return;
    }
    const near = this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 160;
    this.add(entry, true);
    if (near || entry.side === "me") this.bottom();
  }

  add(entry, fresh) {
    this.talk.querySelector(".empty")?.remove();
    if (entry.at - this.last > GAP_SECONDS || entry.at < this.last - GAP_SECONDS) {
      this.insert(h("div", { class: "time" }, momentOf(entry.at, this.desk.now())));
    }
    this.last = entry.at;
    const node = row(entry, this.desk);
    if (fresh) node.classList.add("fresh");
    this.rows.set(entry.id, node);
    for (const image of node.querySelectorAll("img")) image.addEventListener("load", () => this.bottomIfNear(), { once: true });
    this.insert(node);
  }

  insert(node) {
    if (this.dots?.isConnected) this.dots.before(node);
    else this.talk.append(node);
  }

  bottom() { this.talk.scrollTop = this.talk.scrollHeight; }

  bottomIfNear() {
    if (this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 420) this.bottom();
  }

  // typing and unread

  typing(on) {
    if (this.group) return;
    clearTimeout(this.typingTimer);
    if (!on) {
      this.typingTimer = setTimeout(() => this.quiet(), Math.max(0, this.typingUntil - Date.now()));
      return;
    }
    this.typingUntil = Date.now() + TYPING_AT_LEAST;
    this.under.textContent = `${this.fan ? this.desk.official.name : this.desk.appName} 正在输入…`;
    this.under.classList.add("typing");
    this.dots ??= h("div", { class: "row app dots-row" }, markAvatar(this.fan ? "official" : "app"), h("div", { class: "bubble dots" }, h("i"), h("i"), h("i")));
    if (!this.dots.isConnected) {
      this.talk.append(this.dots);
      this.bottomIfNear();
    }
  }

  quiet() {
    this.dots?.remove();
    this.under.classList.remove("typing");
    if (this.fan) {
      this.under.textContent = this.fan.follows ? `公众号「${this.desk.official.name}」` : "还没有关注公众号";
      return;
    }
    if (this.ofRooms) {
      this.under.textContent = roomUnder(this);
      return;
    }
    this.under.textContent = this.group ? "内部群 · 群机器人" : `${this.member.position ? `${this.member.position} · ` : ""}与「${this.desk.appName}」的对话`;
  }

  unread(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 99 ? "99+" : String(count);
  }
}
