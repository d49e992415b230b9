// Template cards: what they show, what can be chosen on them, and what a tap sends.

import { post } from "./api.js";
import { closeElsewhere, h, toast, webAddress } from "./dom.js";
import { cardText, link } from "./text.js";

export function textCard(content) {
  const card = link(content.url,
    h("div", { class: "pad" }, h("h4", {}, content.title), h("div", { class: "body" }, cardText(content.description))),
    h("div", { class: "foot" }, content.btntxt));
  card.classList.add("textcard");
  return card;
}

export function news(articles, picture = (row) => webAddress(row.picurl || "")) {
  return h("div", { class: "news" }, articles.map((row, index) => {
    const image = picture(row);
    const inside = index === 0
      ? [image && h("img", { src: image, alt: "" }), h("div", {}, h("b", {}, row.title), h("span", {}, row.description || row.digest || ""))]
      : [h("b", {}, row.title), image && h("img", { src: image, alt: "" })];
    const node = webAddress(row.url || "") ? link(row.url, ...inside) : h("div", { class: "article" }, ...inside);
    node.classList.add(index === 0 ? "lead" : "item");
    return node;
  }));
}

const part = (condition, build) => (condition ? build(condition) : null);
const target = (row, node) => (row?.type === 1 && webAddress(row.url) ? link(row.url, node) : node);

function facts(card) {
  const rows = card.horizontal_content_list || [];
  if (!rows.length) return null;
  const value = (row) => (row.type === 1 && webAddress(row.url) ? link(row.url, row.value || row.url) : row.value || "");
  return h("dl", {}, rows.map((row) => [h("dt", {}, row.keyname), h("dd", {}, value(row))]));
}

function head(card) {
  const title = card.main_title || {};
  const named = title.title && h("h4", {}, title.title);
  return [
    part(card.source, (source) => h("div", { class: `source c${source.desc_color || 0}` },
      webAddress(source.icon_url || "") && h("img", { src: source.icon_url, alt: "" }), source.desc || "")),
    named && target(card.card_action, named),
    title.desc && h("div", { class: "desc" }, title.desc),
    part(card.emphasis_content, (row) => h("div", { class: "emphasis" }, h("strong", {}, row.title || ""), h("span", {}, row.desc || ""))),
    part(card.quote_area, (row) => target(row, h("div", { class: "quote" }, row.title && h("b", {}, row.title), row.quote_text || ""))),
    part(card.image_text_area, (row) => target(row, h("div", { class: "side" },
      webAddress(row.image_url || "") && h("img", { src: row.image_url, alt: "" }), h("div", {}, h("b", {}, row.title || ""), h("br"), h("span", {}, row.desc || ""))))),
    (card.vertical_content_list || []).map((row) => h("div", { class: "vertical" }, h("b", {}, row.title), h("span", {}, row.desc || ""))),
    card.sub_title_text && h("div", { class: "subtitle" }, card.sub_title_text),
    facts(card),
  ];
}

function dropdown(row) {
  return h("label", { class: "ask" }, h("span", {}, row.title || "请选择"),
    h("select", { "data-question": row.question_key, disabled: row.disable },
      (row.option_list || []).map((option) => h("option", { value: option.id, selected: option.id === row.selected_id }, option.text))));
}

function choices(box, name) {
  const kind = box.mode === 1 ? "checkbox" : "radio";
  return h("div", { class: "ask", "data-question": box.question_key }, (box.option_list || []).map((option) =>
    h("label", { class: "choice" }, h("input", { type: kind, name, value: option.id, checked: option.is_checked, disabled: box.disable }), option.text)));
}

function chosen(node) {
  const found = {};
  for (const asked of node.querySelectorAll("[data-question]")) {
    const values = asked.tagName === "SELECT"
      ? [asked.value]
      : [...asked.querySelectorAll("input:checked")].map((input) => input.value);
    if (values.length) found[asked.dataset.question] = values;
  }
  return found;
}

function buttonRows(card) {
  if (card.submit_button) return [{ text: card.submit_button.text || "提交", key: card.submit_button.key, style: 1 }];
  return card.button_list || [];
}

// The card of an entry. `userid` is whose chat it stands in; without one (a group) nothing can be tapped.
export function templateCard(entry, userid) {
  const card = entry.content;
  const state = entry.card || { off: false, replace: "" };
  const node = h("article", { class: "card", "data-task": card.task_id || "" });
  const press = async (key, button) => {
    button?.classList.add("waiting");
    try {
      await post("card", { userid, id: entry.id, key, selected: chosen(node) });
    } catch (error) {
      toast(error.message, true);
    } finally {
      setTimeout(() => button?.classList.remove("waiting"), 400);
    }
  };
  const buttons = state.off
    ? h("div", { class: "buttons" }, h("button", { type: "button", disabled: true }, state.replace))
    : buttonBar(buttonRows(card), press);
  const image = webAddress(card.card_image?.url || "");
  node.append(...[
    image && h("img", { class: "wide", src: image, alt: "", style: { "aspect-ratio": String(card.card_image.aspect_ratio || 1.3) } }),
    h("div", { class: "pad" }, head(card),
      part(card.button_selection, dropdown),
      part(card.checkbox, (box) => choices(box, `vote-${entry.id}`)),
      (card.select_list || []).map(dropdown),
      buttons,
      (card.jump_list || []).map((row) => jump(row))),
    part(card.action_menu, (menu) => corner(menu, press)),
  ].filter(Boolean));
  if (state.off) for (const field of node.querySelectorAll("select, input")) field.disabled = true;
  return node;
}

function jump(row) {
  const node = row.type === 1 && webAddress(row.url) ? link(row.url, row.title) : h("div", {}, row.title);
  node.classList.add("jump");
  return node;
}

function buttonBar(rows, press) {
  if (!rows.length) return null;
  return h("div", { class: rows.length === 2 ? "buttons two" : "buttons" }, rows.map((row) => {
    if (row.type === 1) return link(row.url, row.text);
    const button = h("button", { type: "button", class: `s${row.style || 1}`, "data-key": row.key }, row.text);
    button.addEventListener("click", () => press(row.key, button));
    return button;
  }));
}

function corner(menu, press) {
  const box = h("div", { class: "corner" });
  const toggle = h("button", { type: "button", "aria-label": menu.desc || "更多操作" }, "···");
  toggle.addEventListener("click", () => {
    const list = h("div", { class: "popup" }, (menu.action_list || []).map((row) =>
      h("button", { type: "button", onclick: () => { done(); press(row.key); } }, row.text)));
    box.append(list);
    const done = closeElsewhere(box, () => list.remove());
  });
  box.append(toggle);
  return box;
}
