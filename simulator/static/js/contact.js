// 微信 on the customer's phone: the members he has added, what they sent him, and the codes that he can scan.

import { get, mediaUrl, post } from "./api.js";
import { avatar, h, icon, momentOf, showPicture, toast } from "./dom.js";
import { richText } from "./text.js";

const GAP_SECONDS = 300;

export class Friends {
  constructor(phone) {
    this.phone = phone;
    this.desk = phone.desk;
    this.open = "";
    this.seen = new Map();
  }

  get contact() { return this.desk.contact; }
  get customer() { return this.phone.customer[0]; }
  get mine() { return this.contact.relations.filter((row) => row.customer === this.customer && !row.customer_left); }
  get unread() { return this.mine.reduce((sum, row) => sum + this.fresh(row.chat), 0); }
  get title() { return this.desk.nameOf(this.relation?.userid || ""); }
  get relation() { return this.mine.find((row) => row.chat === this.open); }

  fresh(chat) {
    const seen = this.seen.get(chat) || 0;
    return this.desk.entriesOf(chat).filter((entry) => entry.side === "app" && entry.id > seen).length;
  }

  // The state has changed: somebody has come or gone, or there are other codes.
  async refresh() {
    this.desk.contact = await get("contact");
    this.redraw();
  }

  // Something was said in one of the chats.
  put(entry) {
    if (entry.chat.startsWith("contact:")) this.redraw();
  }

  redraw() {
    const view = this.phone.view;
    if (view === "chat" && this.relation) this.chat();
    else if (view === "chats" || view === "scan") this.phone.show(view);
    this.phone.drawTabs();
  }

  // the list of chats

  list() {
    const rows = this.mine.map((row) => this.line(row));
    this.phone.body.replaceChildren(h("div", { class: "friends" },
      h("button", { class: "sheet-box scan", type: "button", onclick: () => this.phone.show("scan") },
        h("span", { class: "thumb" }, icon("scan")), h("span", {}, h("h5", {}, "扫一扫"), h("p", {}, "扫分销员发来的客服码，像顾客一样加上客服")), icon("back")),
      rows.length ? h("div", { class: "sheet-box lines" }, rows) : h("div", { class: "blank" }, h("strong", {}, "还没有加过客服"), "先扫一个码试试。")));
  }

  line(row) {
    const last = this.desk.entriesOf(row.chat).at(-1);
    const count = this.fresh(row.chat);
    return h("button", { type: "button", "data-chat": row.chat, onclick: () => { this.open = row.chat; this.phone.show("chat"); } },
      avatar(this.desk.nameOf(row.userid)), h("span", { class: "what" }, h("b", {}, this.desk.nameOf(row.userid)), h("small", {}, last ? wordsOf(last) : "")),
      count ? h("span", { class: "badge" }, String(count)) : null);
  }

  // scanning

  scan() {
    const codes = this.contact.codes.map((code) => this.choice(code.id, h("img", { src: `/sim/contact/qr/${code.key}.png`, alt: "二维码" }), code.remark || "联系我", `加 ${code.user.map((userid) => this.desk.nameOf(userid)).join("、")}`));
    const links = this.contact.links.map((link) => this.choice(link.url, icon("out"), link.name, "获客链接，不带渠道"));
    const members = this.contact.members.filter((member) => member.permitted).map((member) => this.choice(member.userid, avatar(this.desk.nameOf(member.userid)), this.desk.nameOf(member.userid), "他自己的名片，没有推荐人"));
    const part = (title, rows) => rows.length ? h("div", { class: "sheet-box" }, h("h5", {}, title), h("div", { class: "codes" }, rows)) : null;
    this.phone.body.replaceChildren(h("div", { class: "friends" },
      codes.length ? part("客服码", codes) : h("div", { class: "sheet-box" }, h("h5", {}, "还没有客服码"), h("p", {}, "让分销员在聊天里说「我的链接」，他专属的客服码就会出现在这里。")),
      part("获客链接", links), part("名片", members)));
  }

  choice(code, face, title, words) {
    return h("button", { type: "button", "data-code": code, onclick: () => this.come(code) }, face, h("span", { class: "what" }, h("b", {}, title), h("small", {}, words)));
  }

  // Scan a code, or open a 获客链接: the chat opens, and what comes, comes.
  async come(code) {
    const before = new Set(this.mine.map((row) => row.chat));
    try {
      await post("contact/scan", { customer: this.customer, code });
      await this.refresh();
    } catch (error) {
      toast(error.message, true);
      return;
    }
    this.open = this.mine.find((row) => !before.has(row.chat))?.chat || this.mine.at(-1)?.chat || "";
    this.phone.show(this.open ? "chat" : "chats");
  }

  // one chat

  chat() {
    const relation = this.relation;
    if (!relation) {
      this.phone.show("chats");
      return;
    }
    const entries = this.desk.entriesOf(this.open);
    this.seen.set(this.open, this.desk.lastId(this.open));
    const rows = entries.flatMap((entry, index) => {
      const gap = index === 0 || entry.at - entries[index - 1].at > GAP_SECONDS;
      return [gap ? h("div", { class: "time" }, momentOf(entry.at, this.desk.now())) : null, this.row(entry, relation)];
    });
    const talk = h("div", { class: "talk", role: "log", "aria-label": `和${this.title}的聊天` }, rows);
    const draft = this.phone.body.querySelector(".writer input")?.value || "";
    const box = h("input", { type: "text", value: draft, placeholder: "发消息", "aria-label": `对${this.title}说`, enterkeyhint: "send" });
    box.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && this.say(box));
    this.phone.body.replaceChildren(h("div", { class: "friend-chat" }, talk,
      h("div", { class: "writer" }, box, h("button", { class: "send", type: "button", onclick: () => this.say(box) }, "发送"),
        h("button", { class: "plain-button", type: "button", onclick: () => this.leave() }, "删除好友"))));
    talk.scrollTop = talk.scrollHeight;
  }

  row(entry, relation) {
    if (entry.side === "note") return h("div", { class: "note" }, h("span", {}, entry.content.text));
    const mine = entry.side === "me";
    const face = avatar(mine ? this.phone.customer[1] : this.desk.nameOf(relation.userid));
    return h("div", { class: `row ${mine ? "me" : "app"}`, "data-id": entry.id, "data-type": entry.type }, face, h("div", { class: "said" }, this.body(entry)));
  }

  body(entry) {
    const content = entry.content;
    if (entry.type === "text") return h("div", { class: "bubble" }, richText(content.content, null));
    if (entry.type === "image") {
      const source = mediaUrl(content.media_id);
      return h("button", { class: "picture", type: "button", "aria-label": "查看大图", onclick: () => showPicture(source, content.filename) }, h("img", { src: source, alt: "图片" }));
    }
    if (entry.type === "link") {
      return h("button", { class: "linkbox", type: "button", onclick: () => this.phone.open(content.url) },
        h("b", {}, content.title), h("small", {}, content.description || content.url));
    }
    return h("div", { class: "bubble" }, `[${entry.type}]`);
  }

  async say(box) {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    await this.act("contact/say", { text });
  }

  async leave() {
    await this.act("contact/leave", {});
    this.open = "";
    this.phone.show("chats");
  }

  async act(path, more) {
    try {
      await post(path, { customer: this.customer, userid: this.relation.userid, ...more });
      await this.refresh();
    } catch (error) {
      toast(error.message, true);
    }
  }
}

function wordsOf(entry) {
  return { text: entry.content.content, note: entry.content.text, link: `[链接] ${entry.content.title}`, image: "[图片]" }[entry.type] || `[${entry.type}]`;
}
