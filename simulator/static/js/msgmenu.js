// Menus that the 微信客服 sends into a chat.

import { post } from "./api.js";
import { h, toast } from "./dom.js";
import { link } from "./text.js";

// Each entry says its words for the person who taps it, or leads to its address.
export function menuMessage(content, entry) {
  const item = (part) => {
    if (part.type === "view") return link(part.view.url, part.view.content);
    if (part.type !== "click") return h("div", {}, part[part.type].content);
    const tap = () => post("kf/tap", { userid: entry.chat, id: entry.id, item: part.click.id }).catch((error) => toast(error.message, true));
    return h("button", { type: "button", onclick: tap }, part.click.content);
  };
  return h("div", { class: "bubble msgmenu" }, content.head_content, h("div", { class: "items" }, content.list.map(item)), content.tail_content);
}
