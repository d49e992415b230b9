// Building the page: every text goes in as a text node, so nothing that a person or the app wrote can become markup.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  app: "M4.5 11.4c0-3.7 3.3-6.4 7.5-6.4s7.5 2.7 7.5 6.4-3.3 6.4-7.5 6.4c-.8 0-1.6-.1-2.3-.3L6 19.3l.7-2.9c-1.4-1.2-2.2-3-2.2-5M9 11.4h.01M12 11.4h.01M15 11.4h.01",
  official: "M5 5h14v10H9l-4 4zM9 9h6M9 12h4",
  robot: "M6 9h12v9H6zM12 5v4M9.5 13h.01M14.5 13h.01M4 12v3M20 12v3",
  group: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M3.5 19a5.5 5.5 0 0 1 11 0M16 11a2.5 2.5 0 1 0-1-4.800M16.5 14a5 5 0 0 1 4 5",
  service: "M5 13v-1a7 7 0 0 1 14 0v1M5 13h2v5H5zM17 13h2v5h-2zM19 18c0 2-2 3-5 3",
  phone: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1M11 18h2",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  caret: "M6 9l6 6 6-6",
  back: "M15 5l-7 7 7 7",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  bag: "M5 8h14l-1 12H6zM9 8a3 3 0 0 1 6 0",
  list: "M6 4h12v16l-3-2-3 2-3-2-3 2zM9 9h6M9 13h6",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  pin: "M12 21s7-6.5 7-11a7 7 0 0 0-14 0c0 4.5 7 11 7 11M12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4",
  mic: "M12 14a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3M6 11a6 6 0 0 0 12 0M12 17v4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  out: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  wave: "M5 10v4M9 7v10M13 9v6M17 5v14",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const COLOURS = [
  ["#5b9bf3", "#3571d6"], ["#f0947a", "#d9664a"], ["#9b8cf0", "#6f5bd6"], ["#45b8ac", "#1f8f86"],
  ["#f2b357", "#d98a1f"], ["#e07aa8", "#c04d82"], ["#7fae5b", "#568a33"], ["#7d93ad", "#566c88"],
];

export function colours(text) {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return COLOURS[sum % COLOURS.length];
}

// The last two characters of a name on a square of its own colour, as WeChat Work draws people without a photo.
export function avatar(name, letters = [...name].slice(-2).join("")) {
  const [from, to] = colours(name);
  return h("span", { class: "avatar", style: { "--from": from, "--to": to }, "aria-hidden": "true" }, letters);
}

export function markAvatar(kind) {
  return h("span", { class: `avatar is-${kind}`, "aria-hidden": "true" }, icon(kind));
}

// Only addresses of the web become links or pictures; anything else (javascript:, file: …) is shown as text.
export function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

export function toast(text, bad = false) {
  const node = h("div", { class: bad ? "toast bad" : "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), bad ? 5200 : 3200);
}

export function showPicture(source, name) {
  const box = document.getElementById("lightbox");
  box.replaceChildren(
    h("img", { src: source, alt: name || "图片" }),
    h("button", { type: "button", "aria-label": "关闭", onclick: () => box.close() }, icon("close")),
  );
  box.onclick = (event) => event.target === box && box.close();
  box.showModal();
}

// Close an open popup when a person taps elsewhere or presses Escape.
export function closeElsewhere(node, close) {
  const done = () => {
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", escape, true);
    close();
  };
  const outside = (event) => !node.contains(event.target) && done();
  const escape = (event) => event.key === "Escape" && done();
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  return done;
}

const SHANGHAI = "Asia/Shanghai";
const dayOf = (date) => date.toLocaleDateString("sv-SE", { timeZone: SHANGHAI });
export const timeOf = (date, seconds = false) =>
  date.toLocaleTimeString("zh-CN", { timeZone: SHANGHAI, hour12: false, hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });

// The line between messages: the time today, 昨天 and the time, else the date too.
export function momentOf(seconds, now) {
  const date = new Date(seconds * 1000);
  if (dayOf(date) === dayOf(now)) return timeOf(date);
  if (dayOf(date) === dayOf(new Date(now.getTime() - 86400000))) return `昨天 ${timeOf(date)}`;
  const words = date.toLocaleDateString("zh-CN", { timeZone: SHANGHAI, month: "long", day: "numeric" });
  return `${words} ${timeOf(date)}`;
}
