// Words of messages as DOM: links, the few tags of textcards, and the platform's small markdown.

import { h, webAddress } from "./dom.js";

let openLink = () => {};
export const setLinkOpener = (opener) => { openLink = opener; };

// A link that says its words when it is tapped, as the 公众号's chats have it; the window that shows it listens.
function saying(address, children) {
  const query = new URLSearchParams(address.split("?")[1]);
  return h("button", { class: "saying", type: "button", "data-say": query.get("msgmenucontent") || "", "data-menu": query.get("msgmenuid") || "" }, ...children);
}

export function link(address, ...children) {
  if (address.startsWith("weixin://bizmsgmenu?")) return saying(address, children);
  const safe = webAddress(address);
  if (!safe) return h("span", {}, ...children);
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (openLink(safe)) event.preventDefault();
  };
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer", onclick: open }, ...children);
}

const TOKENS = /<a\s+href="([^"]*)"[^>]*>([\s\S]*?)<\/a>|<@([\w.\-@]+)>|(https?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+)/gi;

// A text message: `<a href="…">` and bare addresses are links, `<@userid>` a name where `nameOf` is given (in a group),
// everything else is what was written.
export function richText(text, nameOf) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(TOKENS)) {
    if (found.index > last) nodes.push(text.slice(last, found.index));
    const [whole, address, words, called, bare] = found;
    if (bare) {
      const clean = bare.replace(/[).,;:!?']+$/, "");
      nodes.push(link(clean, clean), bare.slice(clean.length));
    } else if (called) nodes.push(nameOf ? h("span", { class: "at" }, `@${nameOf(called.toLowerCase())}`) : whole);
    else nodes.push(link(address, words));
    last = found.index + found[0].length;
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}

// A textcard's description: <br> and <div class="gray|highlight|normal"> only.
export function cardText(text) {
  const nodes = [];
  const pattern = /<div class="(gray|highlight|normal)">([\s\S]*?)<\/div>|<br\s*\/?>/gi;
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > last) nodes.push(text.slice(last, found.index));
    nodes.push(found[1] ? h("div", { class: found[1].toLowerCase() }, found[2]) : h("br"));
    last = found.index + found[0].length;
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}

const INLINE = /\*\*([^*\n]+)\*\*|`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|<font color="(info|comment|warning)">([\s\S]*?)<\/font>|<@([\w.\-@]+)>/gi;

function inline(text, nameOf) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > last) nodes.push(text.slice(last, found.index));
    const [whole, bold, code, words, address, colour, coloured, called] = found;
    if (bold !== undefined) nodes.push(h("strong", {}, inline(bold, nameOf)));
    else if (code !== undefined) nodes.push(h("code", {}, code));
    else if (words !== undefined) nodes.push(link(address, words));
    else if (colour) nodes.push(h("span", { class: colour.toLowerCase() }, inline(coloured, nameOf)));
    else nodes.push(h("span", { class: "at" }, `@${nameOf(called)}`));
    last = found.index + whole.length;
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}

const cells = (line) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function table(rows, nameOf) {
  const body = rows.filter((row) => !/^[\s|:-]+$/.test(row));
  return h("table", {}, body.map((row, index) =>
    h("tr", {}, cells(row).map((cell) => h(index ? "td" : "th", {}, inline(cell, nameOf))))));
}

// Headings, quotes, lists, code and tables, line by line.
export function markdown(text, nameOf = (id) => id) {
  const nodes = [];
  const lines = text.split("\n");
  const take = (test) => {
    const rows = [];
    while (lines.length && test.test(lines[0])) rows.push(lines.shift());
    return rows;
  };
  while (lines.length) {
    const heading = /^(#{1,6})\s+(.*)/.exec(lines[0]);
    if (heading) {
      lines.shift();
      nodes.push(h(`h${heading[1].length}`, {}, inline(heading[2], nameOf)));
    } else if (/^>/.test(lines[0])) {
      const rows = take(/^>/).map((row) => row.replace(/^>\s?/, ""));
      nodes.push(h("blockquote", {}, rows.map((row, index) => [index ? h("br") : null, inline(row, nameOf)])));
    } else if (/^```/.test(lines[0])) {
      lines.shift();
      const rows = take(/^(?!```)/);
      lines.shift();
      nodes.push(h("pre", {}, rows.join("\n")));
    } else if (/^\s*[-*]\s+/.test(lines[0])) {
      nodes.push(h("ul", {}, take(/^\s*[-*]\s+/).map((row) => h("li", {}, inline(row.replace(/^\s*[-*]\s+/, ""), nameOf)))));
    } else if (/^\|.*\|\s*$/.test(lines[0])) {
      nodes.push(table(take(/^\|.*\|\s*$/), nameOf));
    } else if (lines[0].trim() === "") {
      lines.shift();
    } else {
      const rows = take(/^(?!#{1,6}\s|>|```|\s*[-*]\s+|\|.*\|\s*$)\s*\S/);
      nodes.push(h("p", {}, rows.map((row, index) => [index ? h("br") : null, inline(row, nameOf)])));
    }
  }
  return nodes;
}
