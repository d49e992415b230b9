// One entry of a chat as a row: avatar, and what was said in the form of its type.

import { mediaUrl } from "./api.js";
import { news, templateCard, textCard } from "./cards.js";
import { avatar, h, icon, markAvatar, showPicture, webAddress } from "./dom.js";
import { menuMessage } from "./msgmenu.js";
import { link, markdown, richText } from "./text.js";

// A link with its title, as customers get it from a member; only an address of the web can be opened.
function linkCard(content) {
  const image = webAddress(content.picurl || "");
  const inside = [h("b", {}, content.title), h("span", {}, content.description || ""), image ? h("img", { src: image, alt: "" }) : h("i", { class: "thumb" }, icon("out"))];
  const node = webAddress(content.url || "") ? link(content.url, ...inside) : h("div", {}, ...inside);
  node.classList.add("linkbox");
  return node;
}

function picture(content) {
  const source = mediaUrl(content.media_id);
  return h("button", { class: "picture", type: "button", "aria-label": "查看大图", onclick: () => showPicture(source, content.filename) },
    h("img", { src: source, alt: content.filename || "图片", loading: "lazy" }));
}

function file(content) {
  const size = content.size > 1048576 ? `${(content.size / 1048576).toFixed(1)} MB` : `${Math.ceil((content.size || 0) / 1024)} KB`;
  return h("a", { class: "filebox", href: mediaUrl(content.media_id), target: "_blank", rel: "noopener" },
    icon("file"), h("span", {}, content.title || content.filename || "文件", h("br"), h("small", {}, size)));
}

const bubble = (...children) => h("div", { class: "bubble" }, ...children);

const KINDS = {
  text: (content, entry, desk) => bubble(content.mentioned?.length ? h("div", { class: "at" }, content.mentioned.map((name) => `@${name} `)) : null, richText(content.content, desk.person(entry.chat) ? null : desk.nameOf)),
  image: picture,
  voice: (content) => bubble(h("span", { class: "sound" }, icon("wave"), content.seconds ? `${content.seconds}″` : "语音")),
  video: file,
  file,
  location: (content) => h("div", { class: "place" }, h("strong", {}, content.label), h("div", { class: "map" })),
  link: linkCard,
  textcard: textCard,
  news: (content) => news(content.articles),
  mpnews: (content) => news(content.articles, (row) => mediaUrl(row.media_id)),
  template: (content) => h("div", { class: "notice" }, h("strong", {}, content.title),
    content.rows.map(([label, value]) => h("div", {}, h("span", {}, label), value)), content.url ? link(content.url, "详情") : null),
  msgmenu: menuMessage,
  stream: (content) => bubble(richText(content.content || "…")),
  template_card: (_, entry, desk) => templateCard(entry, desk.person(entry.chat) && entry.chat),
};

function body(entry, desk) {
  if (entry.type === "markdown" || entry.type === "markdown_v2") {
    return h("div", { class: "bubble markdown" }, markdown(entry.content.content, desk.nameOf));
  }
  const build = KINDS[entry.type];
  return build ? build(entry.content, entry, desk) : bubble(`[${entry.type}]`);
}

export function noteRow(entry) {
  return h("div", { class: "note", "data-id": entry.id }, h("span", {}, entry.content.text));
}

// In a customer group each stands under his own name, whoever he is.
function saidBy(entry, desk) {
  return h("div", { class: `row ${entry.side === "app" ? "app staff" : "app"}`, "data-id": entry.id, "data-type": entry.type, "data-via": entry.via },
    avatar(entry.by), h("div", { class: "said" }, h("div", { class: "by" }, entry.by), body(entry, desk)));
}

export function row(entry, desk) {
  if (entry.side === "note" || entry.type === "note") return noteRow(entry);
  if (entry.by) return saidBy(entry, desk);
  const mine = entry.side === "me";
  const group = !desk.person(entry.chat);
  const face = mine ? avatar(desk.nameOf(entry.chat)) : entry.servicer ? avatar(entry.servicer) : markAvatar(group ? "robot" : desk.fans.has(entry.chat) ? "official" : desk.guests.has(entry.chat) ? "service" : "app");
  const failed = entry.undelivered && h("span", { class: "failed", title: entry.undelivered === "lost" ? "这条消息在路上丢了（故障演练）" : "应用没有收到这条消息" }, "!");
  return h("div", { class: `row ${mine ? "me" : "app"}`, "data-id": entry.id, "data-type": entry.type, "data-via": entry.via },
    face, h("div", { class: "said" }, group && h("div", { class: "by" }, `${desk.appName} 机器人`), failed, body(entry, desk)));
}
