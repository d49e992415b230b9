// The customer's phone: he opens the link that a distributor sent him, and buys in the mall behind it.

import { get, post } from "./api.js";
import { Friends } from "./contact.js";
import { colours, h, icon, timeOf, toast, webAddress, avatar } from "./dom.js";

const CUSTOMERS = [["cust-zhou", "周女士"], ["cust-wu", "吴先生"], ["cust-zheng", "郑小姐"]];
const TITLES = { home: "微信", web: "网页", shop: "商城", orders: "我的订单", chats: "聊天", scan: "扫一扫", chat: "" };
const BACK = { chat: "chats", scan: "chats" };

export class Phone {
  constructor(desk) {
    this.desk = desk;
    this.chat = "phone";
    this.customer = CUSTOMERS[0];
    this.friends = desk.contact ? new Friends(this) : null;
    this.visited = [];
    this.code = "";
    this.coupon = "";
    this.products = [];
    this.chosen = "";
    this.qty = 1;
    this.orders = new Map(desk.orders.map((order) => [order.no, order]));
    this.clock = h("span", {}, timeOf(desk.now()));
    this.title = h("h3", {});
    this.bar = h("div", { class: "phone-bar" });
    this.body = h("div", { class: "phone-body" });
    this.tabs = h("div", { class: "phone-tabs", role: "tablist" });
    this.node = h("section", { class: "phone", "data-chat": "phone", "aria-label": "顾客的手机" },
      h("div", { class: "device" }, h("div", { class: "screen" },
        h("div", { class: "statusbar" }, this.clock, h("span", { class: "island" }), h("span", { class: "battery" })),
        this.bar, this.body, this.tabs)));
    this.node.addEventListener("pointerdown", () => desk.activate(this));
    this.show("home");
  }

  unread() {}
  typing() {}
  tick() { this.clock.textContent = timeOf(this.desk.now()); }

  show(view) {
    this.view = view;
    const draw = { home: () => this.home(), web: () => this.web(), shop: () => this.shop(), orders: () => this.drawOrders(), chats: () => this.friends.list(), scan: () => this.friends.scan(), chat: () => this.friends.chat() };
    this.title.textContent = TITLES[view] || this.friends.title;
    this.bar.replaceChildren(
      h("button", { type: "button", "aria-label": "返回", onclick: () => this.show(BACK[view] || "home"), style: { visibility: view === "home" ? "hidden" : "visible" } }, icon("back")),
      this.title,
      view === "web"
        ? h("button", { type: "button", "aria-label": "在新标签页打开", onclick: () => window.open(this.address, "_blank", "noopener") }, icon("out"))
        : h("button", { type: "button", tabindex: "-1", style: { visibility: "hidden" } }, icon("out")));
    this.drawTabs();
    draw[view]();
  }

  drawTabs() {
    const count = [...this.orders.values()].filter((order) => !order.completed && Number(order.refunded) < Number(order.paid)).length;
    const tab = (view, name, words, badge) => h("button", { type: "button", role: "tab", "aria-selected": String((BACK[this.view] || this.view) === view), onclick: () => this.show(view) },
      icon(name), words, badge ? h("span", { class: "badge" }, String(badge)) : null);
    this.tabs.replaceChildren(tab("home", "home", "首页"), ...(this.friends ? [tab("chats", "app", "聊天", this.friends.unread)] : []), tab("shop", "bag", "商城"), tab("orders", "list", "订单", count));
  }

  // links

  home() {
    const select = h("select", { "aria-label": "谁的手机" }, CUSTOMERS.map(([id, name]) => h("option", { value: id, selected: id === this.customer[0] }, name)));
    select.addEventListener("change", () => {
      this.customer = CUSTOMERS.find(([id]) => id === select.value);
      this.home();
      this.drawTabs();
    });
    const field = h("input", { type: "url", placeholder: "粘贴推广链接", "aria-label": "推广链接" });
    const go = () => this.open(field.value.trim()) || toast("这不像一个链接，要以 http:// 或 https:// 开头", true);
    field.addEventListener("keydown", (event) => event.key === "Enter" && go());
    this.body.replaceChildren(h("div", { class: "home" },
      h("div", { class: "hello" }, avatar(this.customer[1], this.customer[1][0]), h("div", {}, select, h("small", {}, "顾客的微信"))),
      h("div", { class: "sheet-box" }, h("h5", {}, "打开朋友发来的链接"),
        h("p", {}, "在左边的聊天里点推广链接，或粘贴到这里。"),
        h("div", { class: "paste" }, field, h("button", { type: "button", onclick: go }, "打开"))),
      h("button", { class: "sheet-box go-shop", type: "button", onclick: () => this.show("shop") },
        h("span", { class: "thumb" }, icon("bag")), h("span", {}, h("h5", {}, "逛逛商城"), h("p", {}, this.code ? `用推广码 ${this.code} 下单` : "挑一件商品，像顾客一样付款")), icon("back")),
      this.visited.length ? h("div", { class: "sheet-box" }, h("h5", {}, "最近打开"), h("div", { class: "visited" }, this.visited.map((item) =>
        h("button", { type: "button", onclick: () => this.open(item.address) }, h("span", {}, item.address.replace(/^https?:\/\//, "")), item.code && h("code", {}, item.code))))) : this.guide()));
  }

  guide() {
    const steps = [["让分销员在聊天里说", "「我要加入」，拿到推广链接"], ["点那个链接", "它会在这部手机里打开"], ["到商城付款", "再在聊天里问「我赚了多少」"], ["确认收货，把时钟拨快 8 天", "过了售后期就会结算，可以提现"]];
    return h("div", { class: "sheet-box" }, h("h5", {}, "走一遍试试"), h("ol", { class: "steps" }, steps.map(([what, then]) => h("li", {}, h("b", {}, what), h("span", {}, then)))));
  }

  // Open an address in the phone; false when it is none. A referral link's code is remembered for the next order.
  open(text) {
    const address = webAddress(text);
    if (!address) return false;
    const url = new URL(address);
    if (this.friends && url.host === "work.weixin.qq.com" && url.pathname.startsWith("/ca/")) {
      this.friends.come(address);
      return true;
    }
    const found = /^\/r\/([^/?#]+)/.exec(url.pathname);
    if (found) {
      this.code = decodeURIComponent(found[1]);
      this.chosen = url.searchParams.get("p") || this.chosen;
    }
    this.address = address;
    this.visited = [{ address, code: found ? this.code : "" }, ...this.visited.filter((item) => item.address !== address)].slice(0, 6);
    this.show("web");
    this.desk.focus(this);
    return true;
  }

  web() {
    this.title.textContent = new URL(this.address).host;
    const frame = h("iframe", {
      src: this.address, title: "打开的网页", referrerpolicy: "no-referrer-when-downgrade",
      sandbox: "allow-scripts allow-forms allow-same-origin allow-popups",
    });
    const hasCoupon = new URL(this.address).pathname.startsWith("/shop/c/");
    const bar = (this.code || hasCoupon) && this.desk.mall.open && h("div", { class: "paybar" },
      h("span", { class: "code" }, hasCoupon ? "领到后把券码填到商城里" : ["这个链接的推广码", h("b", {}, this.code)]),
      h("button", { class: "pay", type: "button", onclick: () => this.show("shop") }, "去购买"));
    this.body.replaceChildren(...[frame, bar].filter(Boolean));
  }

  // buying

  async shop() {
    if (!this.desk.mall.open) {
      this.body.replaceChildren(this.blank("商城还没接上", "启动模拟器时给出应用的地址和订单接口密钥，这里就能下单。"));
      return;
    }
    this.body.replaceChildren(this.blank("正在打开商城…", ""));
    try {
      const { status, answer } = await get("mall/products");
      if (status !== 200) throw new Error(answer.error?.message || `商城回答 HTTP ${status}`);
      this.products = answer.products.filter((item) => item.on_shelf !== false);
    } catch (error) {
      if (this.view === "shop") this.body.replaceChildren(this.blank("商城打不开", error.message));
      return;
    }
    if (!this.products.some((item) => item.sku === this.chosen)) this.chosen = this.products[0]?.sku || "";
    if (this.view === "shop") this.goods();
  }

  goods() {
    const code = h("input", { value: this.code, placeholder: "没有推广码也能买", "aria-label": "推广码" });
    code.addEventListener("input", () => { this.code = code.value.trim(); });
    const coupon = h("input", { value: this.coupon, placeholder: "没有券也能买", "aria-label": "券码" });
    coupon.addEventListener("input", () => { this.coupon = coupon.value.trim(); });
    const list = h("div", { class: "goods" }, h("label", { class: "ref" }, "推广码", code), h("label", { class: "ref" }, "券码", coupon), this.products.map((item) => this.good(item)));
    this.total = h("span", {});
    this.payButton = h("button", { class: "pay", type: "button", onclick: () => this.buy() }, this.total);
    this.body.replaceChildren(list, h("div", { class: "paybar" }, this.stepper(), this.payButton));
    this.sum();
  }

  good(item) {
    const [from, to] = colours(item.category || item.sku);
    return h("button", { class: "good", type: "button", "aria-pressed": String(item.sku === this.chosen), "data-sku": item.sku, onclick: () => this.choose(item.sku) },
      h("span", { class: "thumb", style: { "--from": from, "--to": to } }, [...item.name][0]),
      h("span", { class: "what" }, h("b", {}, item.name), h("small", {}, `${item.category || "商品"} · 库存 ${item.stock ?? "充足"}`)),
      h("span", { class: "price" }, item.price));
  }

  choose(sku) {
    this.chosen = sku;
    for (const node of this.body.querySelectorAll(".good")) node.setAttribute("aria-pressed", String(node.dataset.sku === sku));
    this.sum();
  }

  stepper() {
    const field = h("input", { type: "number", min: 1, max: 99, value: this.qty, "aria-label": "数量" });
    const set = (value) => {
      this.qty = Math.min(99, Math.max(1, Math.round(value) || 1));
      field.value = this.qty;
      this.sum();
    };
    field.addEventListener("change", () => set(Number(field.value)));
    return h("div", { class: "stepper" },
      h("button", { type: "button", "aria-label": "少一件", onclick: () => set(this.qty - 1) }, "−"), field,
      h("button", { type: "button", "aria-label": "多一件", onclick: () => set(this.qty + 1) }, "+"));
  }

  // Prices are texts like "39.90"; the sum is of fen, so that 3 × 0.10 is 0.30.
  sum() {
    const item = this.products.find((row) => row.sku === this.chosen);
    this.payButton.disabled = !item;
    const [yuan, fen = ""] = String(item?.price ?? "0").split(".");
    const total = (Number(yuan) * 100 + Number(fen.padEnd(2, "0").slice(0, 2))) * this.qty;
    this.total.textContent = item ? `付款 ¥${(total / 100).toFixed(2)}` : "请选择商品";
  }

  async buy() {
    this.payButton.disabled = true;
    try {
      const { status, answer } = await post("mall/orders", { sku: this.chosen, qty: this.qty, code: this.code, coupon: this.coupon, buyer: this.customer[0] });
      if (status !== 200 && status !== 201) {
        toast(`没有买成：${wordsOf(answer.error) || `HTTP ${status}`}`, true);
        this.payButton.disabled = false;
        return;
      }
      toast(`付款成功，订单 ${answer.no}`);
      this.qty = 1;
      this.coupon = "";
      this.show("orders");
    } catch (error) {
      toast(error.message, true);
      this.payButton.disabled = false;
    }
  }

  // orders

  takeOrder(order) {
    this.orders.set(order.no, order);
    this.drawTabs();
    if (this.view === "orders") this.drawOrders();
  }

  drawOrders() {
    const orders = [...this.orders.values()].sort((a, b) => b.at - a.at);
    this.body.replaceChildren(orders.length
      ? h("div", { class: "orders" }, orders.map((order) => this.order(order)))
      : this.blank("还没有订单", "到商城里挑一件吧。"));
  }

  order(order) {
    const line = order.lines[0];
    const left = (Number(order.paid) * 100 - Number(order.refunded) * 100) / 100;
    const state = left <= 0 ? "已退款" : order.completed ? "已完成" : "待收货";
    const name = CUSTOMERS.find(([id]) => id === order.buyer)?.[1] || order.buyer;
    const footer = h("footer", {});
    if (!order.completed && left > 0) footer.append(h("button", { class: "plain-button", type: "button", onclick: (event) => this.act(event, order, "complete", {}, "已确认收货") }, "确认收货"));
    if (left > 0) footer.append(h("button", { class: "plain-button", type: "button", onclick: () => this.askRefund(footer, order, left) }, "退款"));
    return h("article", { class: "order", "data-no": order.no },
      h("header", {}, h("span", {}, `${order.no} · ${name}`), h("span", { class: left > 0 ? "state" : "state off" }, state)),
      h("div", { class: "line" }, h("b", {}, `${line.name} × ${line.qty}`), h("span", {}, `¥${order.paid}`)),
      Number(order.refunded) > 0 && h("div", { class: "line" }, h("span", {}, "已退"), h("span", {}, `−¥${order.refunded}`)),
      h("div", { class: "told" }, attribution(order.answer)),
      footer.childElementCount ? footer : null);
  }

  askRefund(footer, order, left) {
    const amount = h("input", { inputmode: "decimal", placeholder: `全部 ${left.toFixed(2)}`, "aria-label": "退款金额" });
    const go = (event) => this.act(event, order, "refund", { amount: amount.value.trim() || null }, "退款已受理");
    amount.addEventListener("keydown", (event) => event.key === "Enter" && go(event));
    footer.replaceChildren(h("div", { class: "refund" }, amount, h("button", { class: "main-button", type: "button", onclick: go }, "退款"),
      h("button", { class: "plain-button", type: "button", onclick: () => this.drawOrders() }, "不退了")));
    amount.focus();
  }

  async act(event, order, path, body, done) {
    event.target.disabled = true;
    try {
      const { status, answer } = await post(`mall/orders/${encodeURIComponent(order.no)}/${path}`, body);
      if (status >= 400) toast(wordsOf(answer.error) || `商城回答 HTTP ${status}`, true);
      else toast(status === 202 ? `${done}，商城先记下了` : done);
    } catch (error) {
      toast(error.message, true);
    }
    event.target.disabled = false;
  }

  blank(title, words) {
    return h("div", { class: "blank" }, h("strong", {}, title), words);
  }
}

function wordsOf(error) {
  if (!error) return "";
  if (typeof error === "string") return error;
  const fields = (error.fields || []).map((item) => `${item.field} ${item.message}`).join("；");
  return [error.message, fields].filter(Boolean).join("：");
}

// What the mall answered about the order, in one sentence for a person.
function attribution(answer = {}) {
  if (!answer.distributor) return `没有推荐人${answer.reason?.text ? `（${answer.reason.text}）` : ""}`;
  const awards = answer.awards || [];
  const fen = awards.reduce((sum, award) => sum + Math.round(Number(award.amount) * 100), 0);
  return `推荐人 ${answer.distributor.name} · ${awards.length} 笔佣金，共 ${(fen / 100).toFixed(2)} 元`;
}
