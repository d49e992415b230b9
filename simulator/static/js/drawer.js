// The control drawer: clock, faults, the log of callbacks and calls, people who come and go.

import { del, get, post } from "./api.js";
import { avatar, h, icon, timeOf, toast } from "./dom.js";

const PAGES = [["clock", "时钟"], ["faults", "故障"], ["log", "记录"], ["people", "成员"]];
const STATES = { queued: "排队", held: "扣住", delivering: "投递中", retrying: "等待重试", answered: "已应答", failed: "没送到", lost: "丢失" };
const EFFECTS = {
  errcode: "返回 errcode", http_502: "网关 502 页面", slow: "变慢", reset_before: "处理前断开", reset_after: "处理后断开",
  concurrency: "并发超限 45033",
};
const ATTACKS = {
  bad_signature: "签名不对", wrong_receiveid: "企业 ID 不对", swapped_key: "别的应用的密钥", truncated: "密文截断", bad_padding: "填充不对",
  not_base64: "不是 base64", non_xml: "不是 XML", no_encrypt: "没有密文", entity_bomb: "实体炸弹", inner_entity_bomb: "密文里的实体炸弹",
  old_timestamp: "一天前的时间戳", huge: "10 MB 的正文",
};

export class Drawer {
  constructor(desk) {
    this.desk = desk;
    this.node = document.getElementById("drawer");
    this.page = "clock";
    this.callbacks = new Map(desk.callbacks.map((item) => [item.id, item]));
    this.calls = [...desk.calls];
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get open() { return !this.node.hidden; }

  toggle() { this.open ? this.close() : this.show(); }

  close() { this.node.hidden = true; this.desk.drawerChanged(); }

  show(page = this.page) {
    this.page = page;
    this.node.hidden = false;
    this.body = h("div", { class: "page" });
    this.node.replaceChildren(
      h("header", {}, h("h2", {}, "控制台"), h("button", { class: "close", type: "button", "aria-label": "关闭控制台", onclick: () => this.close() }, icon("close"))),
      h("div", { class: "tabs", role: "tablist" }, PAGES.map(([name, words]) =>
        h("button", { type: "button", role: "tab", "aria-selected": String(name === page), onclick: () => this.show(name) }, words))),
      this.body);
    this.draw();
    this.desk.drawerChanged();
  }

  draw() {
    const draw = { clock: () => this.drawClock(), faults: () => this.drawFaults(), log: () => this.drawLog(), people: () => this.drawPeople() };
    draw[this.page]();
  }

  // the clock

  drawClock() {
    this.time = h("b", {});
    this.date = h("span", {});
    const move = (words, body) => h("button", { type: "button", onclick: () => this.send("clock", body) }, words);
    const day = 86400;
    this.body.replaceChildren(
      h("section", {}, h("div", { class: "clock" }, this.time, this.date)),
      h("section", {}, h("h3", {}, "往前走"), h("div", { class: "grid" },
        move("+1 分钟", { advance: 60 }), move("+1 小时", { advance: 3600 }), move("+1 天", { advance: day }),
        move("+7 天", { advance: 7 * day }), move("+30 天", { advance: 30 * day }), move("回到现在", { reset: true })),
        h("p", {}, "应用和这里用同一个时钟：售后期、结算、令牌和素材的期限都跟着走。")),
      h("section", {}, h("h3", {}, "重新开始"),
        h("button", { class: "plain-button", type: "button", onclick: () => this.startOver() }, "清空聊天、菜单、素材和故障"),
        h("p", {}, "只清空模拟器这一边；应用的数据库不受影响。")));
    this.tick();
  }

  async startOver() {
    if (window.confirm("清空模拟器里的聊天、菜单、素材和故障？")) await this.send("reset", {});
  }

  tick() {
    if (!this.open || this.page !== "clock") return;
    const now = this.desk.now();
    this.time.textContent = timeOf(now, true);
    const words = now.toLocaleDateString("zh-CN", { timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric", weekday: "long" });
    const days = this.desk.offset / 86400;
    this.date.textContent = Math.abs(this.desk.offset) < 1 ? words : `${words} · 快了 ${days >= 1 ? `${days.toFixed(1)} 天` : `${(days * 24).toFixed(1)} 小时`}`;
  }

  // faults

  drawFaults() {
    const faults = this.desk.faults;
    const quick = (words, body) => h("button", { type: "button", onclick: () => this.send("faults", body, `已安排：${words}`) }, words);
    this.body.replaceChildren(
      h("section", {}, h("h3", {}, "正在生效"), this.rules(faults),
        h("button", { class: "plain-button", type: "button", onclick: () => this.clear() }, "全部恢复正常")),
      h("section", {}, h("h3", {}, "接口"), h("div", { class: "grid two" },
        quick("下一条消息：系统繁忙", { path: "message/send", errcode: -1, times: 1 }),
        quick("下一条：处理后断开", { path: "message/send", effect: "reset_after", times: 1 }),
        quick("限频一分钟 45009", { path: "*", errcode: 45009, seconds: 60 }),
        quick("IP 不可信 60020", { ip_list: ["203.0.113.9"] }),
        quick("停用应用", { app_disabled: true }),
        h("button", { type: "button", onclick: () => this.send("tokens/invalidate", {}, "令牌已全部作废") }, "令牌全部作废")), this.form()),
      h("section", {}, h("h3", {}, "回调"), h("div", { class: "grid" },
        quick("丢一条", { callbacks: { lose: 1 } }), quick("重复一条", { callbacks: { duplicate: 1 } }), quick("颠倒两条", { callbacks: { reorder: 2 } }))),
      h("section", {}, h("h3", {}, "检查应用的回调地址"), this.verifier(), this.attacker()));
  }

  rules(faults) {
    const rows = faults.rules.map((rule) => this.rule(
      `${rule.path} · ${EFFECTS[rule.effect]}${rule.effect === "errcode" ? ` ${rule.errcode}` : ""}${rule.times ? ` · 还有 ${rule.times} 次` : ""}`,
      () => this.remove(rule.id)));
    if (faults.ip_list) rows.push(this.rule(`只信任 IP ${faults.ip_list.join("、")}`, () => this.send("faults", { ip_list: null })));
    if (faults.app_disabled) rows.push(this.rule("应用已停用", () => this.send("faults", { app_disabled: false })));
    const names = { lose: "丢失", duplicate: "重复", reorder: "颠倒" };
    for (const [name, count] of Object.entries(faults.callbacks)) {
      if (count) rows.push(this.rule(`回调${names[name]} · 还有 ${count} 次`, () => this.send("faults", { callbacks: { [name]: 0 } })));
    }
    return rows.length ? rows : h("p", {}, "没有故障，一切照常。");
  }

  rule(words, remove) {
    return h("div", { class: "rule" }, h("span", {}, words), h("button", { type: "button", "aria-label": "撤销", onclick: remove }, icon("close")));
  }

  form() {
    const field = (name, words, node) => h("label", {}, words, Object.assign(node, { name }));
    const form = h("form", {},
      field("path", "接口", h("input", { value: "message/send" })),
      field("effect", "怎样", h("select", {}, Object.entries(EFFECTS).map(([value, words]) => h("option", { value }, words)))),
      field("errcode", "errcode", h("input", { type: "number", value: -1 })),
      field("times", "几次（空：一直）", h("input", { type: "number", value: 1, min: 1 })),
      h("button", { class: "main-button wide", type: "submit" }, "安排这个故障"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = new FormData(form);
      const times = data.get("times");
      this.send("faults", { path: data.get("path"), effect: data.get("effect"), errcode: Number(data.get("errcode")), times: times ? Number(times) : null }, "已安排");
    });
    return form;
  }

  verifier() {
    const result = h("div", { class: "result", hidden: true });
    const check = async () => this.told(result, async () => {
      const found = await post("verify", {});
      return [found.ok, found.ok ? `通过：${found.ms} 毫秒内原样返回` : `没有通过：${found.reason}`];
    });
    return [h("button", { class: "plain-button", type: "button", onclick: check }, "验证 URL（像管理后台点「保存」那样）"), result];
  }

  attacker() {
    const result = h("div", { class: "result", hidden: true });
    const kind = h("select", { class: "plain-button", "aria-label": "哪一种坏请求" }, this.desk.attacks.map((name) => h("option", { value: name }, ATTACKS[name] || name)));
    const send = async () => this.told(result, async () => {
      const found = await post("attack", { kind: kind.value });
      const refused = found.status >= 400 && found.status < 500;
      const words = found.status ? `应用回答 ${found.status}，${found.bytes} 字节，${found.ms} 毫秒` : "应用没有回答";
      return [refused || kind.value === "old_timestamp", words];
    });
    return [h("div", { class: "person" }, kind, h("button", { class: "plain-button", type: "button", onclick: send }, "发一个坏请求")), result];
  }

  async told(node, ask) {
    node.hidden = false;
    node.className = "result";
    node.textContent = "请稍等…";
    try {
      const [good, words] = await ask();
      node.classList.toggle("bad", !good);
      node.textContent = words;
    } catch (error) {
      node.classList.add("bad");
      node.textContent = error.message;
    }
  }

  async remove(id) { this.desk.takeFaults(await del(`faults/${id}`)); }

  async clear() {
    this.desk.takeFaults(await del("faults"));
    toast("已恢复正常");
  }

  async send(path, body, done) {
    try {
      await post(path, body);
      if (done) toast(done);
    } catch (error) {
      toast(error.message, true);
    }
  }

  // the log

  drawLog() {
    this.callbackLog = h("div", { class: "log" });
    this.callLog = h("div", { class: "log" });
    this.body.replaceChildren(
      h("section", {}, h("h3", {}, "发给应用的回调"), this.callbackLog),
      h("section", {}, h("h3", {}, "应用调用的接口"), this.callLog));
    this.fillLog();
  }

  fillLog() {
    const callbacks = [...this.callbacks.values()].slice(-40).reverse();
    this.callbackLog.replaceChildren(...(callbacks.length ? callbacks.map((item) => this.callback(item)) : [h("div", {}, h("span"), "还没有回调")]));
    const calls = this.calls.slice(-40).reverse();
    this.callLog.replaceChildren(...(calls.length ? calls.map((item) => this.call(item)) : [h("div", {}, h("span"), "还没有调用")]));
  }

  callback(item) {
    const last = item.attempts.at(-1);
    const kind = item.state === "answered" ? "ok" : ["failed", "lost"].includes(item.state) ? "bad" : "busy";
    const tries = item.attempts.length > 1 ? `，第 ${item.attempts.length} 次` : "";
    const result = last ? `${last.status ?? (last.outcome === "timeout" ? "超时" : "连不上")} · ${last.ms} ms${tries}` : STATES[item.state];
    return h("div", { class: kind }, h("span", { class: "dot" }), h("span", {}, `${item.label} · ${this.desk.nameOf(item.userid.toLowerCase())}${item.repeats ? "（重复）" : ""}`), h("small", {}, result),
      h("span", { class: "more" }, `${timeOf(new Date(item.at * 1000), true)} · ${STATES[item.state]}${item.reply ? ` · 被动回复 ${item.reply.msgtype}` : ""}`),
      item.problem && h("span", { class: "more bad-words" }, `被动回复没有显示：${item.problem}`));
  }

  call(item) {
    const kind = item.errcode === 0 ? "ok" : "bad";
    const result = item.errcode === null ? "已断开" : item.http !== 200 ? `HTTP ${item.http}` : `errcode ${item.errcode}`;
    return h("div", { class: kind }, h("span", { class: "dot" }), h("span", {}, item.path), h("small", {}, `${result} · ${item.ms} ms`),
      h("span", { class: "more" }, [timeOf(new Date(item.at * 1000), true), item.msgtype, (item.to || []).map((id) => this.desk.nameOf(id.toLowerCase())).join("、"), item.fault && `故障：${EFFECTS[item.fault]}`].filter(Boolean).join(" · ")));
  }

  takeCallback(item) {
    this.callbacks.set(item.id, item);
    if (this.callbacks.size > 200) this.callbacks.delete(this.callbacks.keys().next().value);
    this.later();
  }

  takeCall(item) {
    this.calls.push(item);
    if (this.calls.length > 200) this.calls.shift();
    this.later();
  }

  later() {
    if (!this.open || this.page !== "log" || this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      if (this.page === "log") this.fillLog();
    });
  }

  // people

  drawPeople() {
    this.body.replaceChildren(
      h("section", {}, h("h3", {}, "企业成员"), [...this.desk.members.values()].map((member) => this.person(member))),
      h("section", {}, h("h3", {}, "来了新同事"), this.joiner()));
  }

  person(member) {
    const path = member.visible ? "unsubscribe" : "subscribe";
    return h("div", { class: "person" }, avatar(member.name),
      h("div", { class: "who" }, `${member.name} `, h("small", {}, [member.position, member.visible ? "" : "看不到应用", member.licensed ? "" : "没有接口许可"].filter(Boolean).join(" · ") || member.userid)),
      h("button", { class: "plain-button", type: "button", onclick: () => this.send(path, { userid: member.userid }) }, member.visible ? "移出可见范围" : "加入可见范围"));
  }

  joiner() {
    const form = h("form", {},
      h("label", {}, "姓名", h("input", { name: "name", required: true, maxlength: 32 })),
      h("label", {}, "账号", h("input", { name: "userid", required: true, pattern: "[A-Za-z0-9][A-Za-z0-9._@-]{0,63}" })),
      h("button", { class: "main-button wide", type: "submit" }, "加入企业"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const data = new FormData(form);
      await this.send("members", { name: data.get("name").trim(), userid: data.get("userid").trim() }, "已加入，点窗口上方的名字就能换他坐下");
    });
    return form;
  }

  async refreshFaults() {
    this.desk.takeFaults(await get("faults"));
  }
}
