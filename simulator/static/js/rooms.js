// A customer group's window: what members and customers see there, and what they do: come, go, hand over, dismiss.

import { post } from "./api.js";
import { closeElsewhere, h, icon, markAvatar, toast } from "./dom.js";

export const NOWHERE = "rooms"; // the seat while there is no group

async function act(path, body) {
  try {
    return await post(`rooms/${path}`, body);
  } catch (error) {
    toast(error.message, true);
    return null;
  }
}

const choice = (label, options, chosen) => h("select", { "aria-label": label }, options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));

export function roomHead(panel) {
  const { desk, room } = panel;
  const select = h("select", { class: "seat", "aria-label": "看另一个客户群", title: "看另一个客户群" },
    [...desk.rooms.values()].map((item) => h("option", { value: item.chat, selected: item === room }, `${item.name || "未命名的群"} · ${item.seats.length} 人`)));
  select.addEventListener("change", () => desk.reseat(panel, select.value));
  return h("header", { class: "panel-head" }, markAvatar("group"),
    h("div", { class: "who" }, h("div", { class: "name" }, `${panel.title}（${room ? room.seats.length : 0}）`, h("span", { class: "role" }, "客户群"), room && icon("caret")), panel.under),
    panel.badge, room && select);
}

export function roomUnder(panel) {
  return panel.room ? `群主 ${panel.desk.nameOf(panel.room.owner)} · 群发要他确认后才会出现` : "客户和员工在微信里的群";
}

export function roomEmpty(panel) {
  if (!panel.room) return h("div", { class: "empty" }, markAvatar("group"), h("strong", {}, "还没有客户群"), "在下面用「+」建一个，群主选团长。");
  return h("div", { class: "empty" }, markAvatar("group"), h("strong", {}, panel.title), "还没有人说话。团长确认群发后，消息会出现在这里。");
}

// Who comes and goes, below the talk; a plus opens the rest.
export function roomControls(panel) {
  const { desk, room } = panel;
  const box = h("div", { class: "more" });
  const open = () => {
    const list = h("div", { class: "popup room-acts" }, [creating(panel), room && handing(panel), room && dismissing(panel)]);
    box.append(list);
    const done = closeElsewhere(box, () => list.remove());
    list.addEventListener("submit", done);
  };
  box.append(h("button", { type: "button", "aria-label": "建群、换群主、解散", onclick: open }, icon("plus")));
  if (!room) return h("div", { class: "writer room" }, box, h("span", { class: "hint" }, "建一个客户群"));
  const inside = new Set(room.seats.map((seat) => seat.id));
  const people = desk.contact.customers;
  const who = choice("顾客", people.map((person) => [person.id, person.name]));
  const words = h("input", { type: "text", placeholder: "他在群里说…", "aria-label": "顾客在群里说", autocomplete: "off" });
  const go = h("button", { class: "plain-button", type: "button" });
  const send = h("button", { class: "send", type: "button", onclick: () => say() }, "发送");
  const show = () => {
    const here = inside.has(who.value);
    go.textContent = here ? "退群" : "进群";
    words.hidden = send.hidden = !here;
  };
  const say = async () => {
    const text = words.value.trim();
    if (text && (await act("say", { chat_id: room.chat_id, who: who.value, text }))) words.value = "";
  };
  go.addEventListener("click", () => act(inside.has(who.value) ? "leave" : "invite", { chat_id: room.chat_id, who: who.value }));
  words.addEventListener("keydown", (event) => event.key === "Enter" && say());
  who.addEventListener("change", show);
  show();
  return h("div", { class: "writer room" }, box, who, go, words, send);
}

const form = (label, fields, done) => h("form", { onsubmit: (event) => { event.preventDefault(); done(); } }, fields, h("button", { class: "plain-button", type: "submit" }, label));

function owners(desk) {
  return desk.contact.members.filter((member) => member.permitted).map((member) => [member.userid, desk.nameOf(member.userid)]);
}

function creating({ desk }) {
  const name = h("input", { type: "text", placeholder: "群名", "aria-label": "群名", maxlength: 40 });
  const owner = choice("群主", owners(desk));
  return form("建群", [name, owner], () => act("create", { owner: owner.value, name: name.value.trim() || "福利群", customers: [] }));
}

function handing({ desk, room }) {
  const owner = choice("新群主", owners(desk), room.owner);
  return form("换群主", [owner], () => act("owner", { chat_id: room.chat_id, to: owner.value }));
}

function dismissing({ room }) {
  return form("解散这个群", [], () => act("dismiss", { chat_id: room.chat_id }));
}
