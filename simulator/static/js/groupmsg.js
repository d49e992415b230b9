// 待发送的群发: what waits for a member in his client. Nobody gets any of it before he taps 发送.

import { mediaUrl, post } from "./api.js";
import { h, toast } from "./dom.js";

const SHOWN = 3;

function preview({ type, content }) {
  if (type === "text") return h("p", {}, content.content);
  if (type === "image") return h("img", { src: mediaUrl(content.media_id), alt: "图片", loading: "lazy" });
  return h("p", { class: "attached" }, `[链接] ${content.title || content.url || type}`);
}

function names(task) {
  if (!task.chosen) return "由他选群";
  const shown = task.recipients.slice(0, SHOWN).map((one) => one.name).join("、");
  return task.recipients.length > SHOWN ? `${shown} 等 ${task.recipients.length} ${task.group ? "个群" : "位客户"}` : shown;
}

async function confirm(event, task) {
  event.target.disabled = true;
  try {
    const done = await post("groupmsg/confirm", { userid: task.userid, msgid: task.msgid });
    const missed = done.over + done.no_friend;
    toast(`已发给 ${done.sent} ${task.group ? "个群" : "位客户"}${missed ? `，${missed} 个没有收到` : ""}`);
  } catch (error) {
    toast(error.message, true);
    event.target.disabled = false;
  }
}

function card(task) {
  return h("div", { class: "mass-card", "data-msgid": task.msgid },
    h("div", { class: "what" }, task.messages.map(preview)),
    h("div", { class: "to" }, h("span", {}, `发给：${names(task)}`), task.reminded > 0 && h("em", {}, `企业提醒了 ${task.reminded} 次`)),
    h("button", { class: "main-button", type: "button", onclick: (event) => confirm(event, task) }, "发送"));
}

// The strip above the writer of a member who has something to confirm; hidden where nothing waits.
export function massStrip(desk, userid) {
  const waiting = desk.mass.filter((task) => task.userid === userid && !task.sent && !task.cancelled);
  const strip = h("details", { class: "mass", hidden: waiting.length === 0 },
    h("summary", {}, "待发送的群发", h("b", {}, String(waiting.length))), h("div", { class: "mass-list" }, waiting.map(card)));
  return strip;
}
