// 客服聊天: somebody in WeChat opens the account's link, chats and taps its menus; whoever sits here may answer as the
// servicer too.

import { post } from "./api.js";
import { avatar, h, icon, markAvatar, toast } from "./dom.js";
import { Panel } from "./panel.js";

const [NEW, BOT, WAITING, PERSON, ENDED] = [0, 1, 2, 3, 4];
const SCENE = "tuike";

export class ServicePanel extends Panel {
  get guest() { return this.desk.guests.get(this.chat); }
  get title() { return this.guest.name; }

  seat(chat) {
    this.asServicer = false;
    super.seat(chat);
    this.door = this.drawDoor();
    this.bar = h("div", { class: "service-bar" });
    this.node.querySelector(".writer").before(this.door, this.bar);
    this.refresh();
  }

  head() {
    return h("header", { class: "panel-head" }, avatar(this.title),
      h("div", { class: "who" }, h("div", { class: "name" }, this.title, h("span", { class: "role" }, "微信客服"), icon("caret")), this.under),
      this.badge, this.guestChooser());
  }

  guestChooser() {
    const select = h("select", { class: "seat", "aria-label": "换一个人坐这里", title: "换一个人坐这里" },
      [...this.desk.guests.values()].map((guest) => h("option", { value: guest.id, selected: guest.id === this.chat }, `${guest.name} · 微信`)));
    select.addEventListener("change", () => this.desk.reseat(this, select.value));
    return select;
  }

  // The link: with a distributor's code behind it, or without.
  drawDoor() {
    const box = h("input", { type: "text", placeholder: "分销员的邀请码（可不填）", "aria-label": "链接里的邀请码", autocomplete: "off", maxlength: "64" });
    const go = async () => {
      try {
        const { url } = await post("kf/link", { scene: SCENE });
        const code = box.value.trim();
        await this.act("enter", { url: code ? `${url}&scene_param=${encodeURIComponent(code)}` : url });
        box.value = "";
      } catch (error) {
        toast(error.message, true);
      }
    };
    box.addEventListener("keydown", (event) => event.key === "Enter" && go());
    return h("div", { class: "gate" }, box, h("button", { class: "main-button", type: "button", onclick: go }, "打开客服链接"));
  }

  // Who writes below, and what a servicer may do now.
  drawBar() {
    const side = (words, servicer) => h("button", {
      type: "button", role: "radio", "aria-checked": String(this.asServicer === servicer), onclick: () => { this.asServicer = servicer; this.refresh(); },
    }, words);
    const act = (words, path) => h("button", { class: "plain-button", type: "button", onclick: () => this.act(path, {}) }, words);
    const acts = { [NEW]: [act("接入", "take")], [BOT]: [act("接入", "take")], [WAITING]: [act("接入", "take")], [PERSON]: [act("结束", "end")], [ENDED]: [act("重新打开", "reopen")] };
    this.bar.replaceChildren(h("div", { class: "sides", role: "radiogroup", "aria-label": "谁在说话" }, side(this.title, false), side(`客服${this.servicerName}`, true)),
      ...(this.asServicer ? acts[this.guest.state] : []));
  }

  get servicerName() {
    const servicer = this.guest.servicer || this.desk.service.servicers[0]?.userid || "";
    return this.desk.nameOf(servicer);
  }

  // The session's state has changed, or another person sits here.
  refresh() {
    this.drawBar();
    this.quiet();
    this.box.placeholder = this.asServicer ? "作为客服回复，回车发送" : "输入消息，回车发送";
    this.node.classList.toggle("as-servicer", this.asServicer);
  }

  async act(path, body) {
    const chosen = path === "say" && this.asServicer ? "reply" : path;
    try {
      await post(`kf/${chosen}`, { userid: this.chat, ...body });
    } catch (error) {
      toast(chosen === "reply" && this.guest.state !== PERSON ? "先点「接入」，才能作为客服回复" : error.message, true);
    }
  }

  drawMenu() { this.menu.hidden = true; }

  empty() {
    return h("div", { class: "empty" }, markAvatar("service"), h("strong", {}, `微信客服「${this.desk.service.name}」`),
      `${this.title}在微信里点开客服链接，不用加好友就能聊。链接里带着分销员的邀请码，加入时邀请人就是他。`);
  }

  quiet() {
    this.dots?.remove();
    this.under.classList.remove("typing");
    const words = { [NEW]: "助手接待中", [BOT]: "助手接待中", [WAITING]: "在等人工接入", [PERSON]: `客服${this.servicerName}接待中`, [ENDED]: "没有进行中的会话" };
    this.under.textContent = `「${this.desk.service.name}」 · ${words[this.guest.state]}`;
  }
}
