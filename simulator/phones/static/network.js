// The network: one tile a channel, lighting up as copies arrive; how many, how many people, what the colours mean.

import { h, icon } from "./dom.js";
import { clock, number, rounded, t } from "./texts.js";

const STATES = ["absent", "idle", "queued", "delivered", "drill", "corrected", "withdrawn", "refused"];
const REACHED = new Set(["delivered", "drill", "corrected", "withdrawn"]);
const LEAST_ROW_PIXELS = 26;
const MOST_ROW_PIXELS = 52;
const SMALLEST_PITCH = 8;
const LIVELY_MILLISECONDS = 1_600;

export class Network {
  constructor(live, root, onOpen) {
    Object.assign(this, { live, root, onOpen });
    this.tiles = new Map();
    this.title = h("h2", { id: "network-title" });
    this.figure = h("p.figure");
    this.people = h("p.people");
    this.bar = h("i");
    this.grid = h("div.tiles", { role: "group", "aria-labelledby": "network-title" });
    this.legend = h("ul.legend");
    this.hint = h("p.network-hint");
    this.tip = h("div.tip", { hidden: true, "aria-hidden": "true" });
    this.waves = h("div.waves", { "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("img", { src: "static/loa.svg", alt: "" }));
    root.replaceChildren(
      h("header", {}, this.waves, h("div", {}, this.title, this.figure, this.people)),
      h("div.bar", { "aria-hidden": "true" }, this.bar), this.grid, this.legend, this.hint, this.tip,
    );
    this._listen();
    this.relabel();
  }

  _listen() {
    this.grid.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (tile) this.onOpen(Number(tile.dataset.id));
    });
    this.grid.addEventListener("pointerover", (event) => this._tipFor(event.target.closest(".tile")));
    this.grid.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.grid.addEventListener("focusin", (event) => {
      if (event.target.matches(":focus-visible")) this._tipFor(event.target.closest(".tile"));
    });
    this.grid.addEventListener("focusout", () => { this.tip.hidden = true; });
    this.grid.addEventListener("keydown", (event) => this._move(event));
    new ResizeObserver(() => this._layOut()).observe(this.grid);
  }

  relabel() {
    this.title.textContent = t("network");
    this.hint.textContent = t("network_hint");
    this.tiles.forEach((entry) => { entry.signature = ""; });
    this.take({ whole: true, tiles: [...this.live.tiles.values()] });
  }

  take(change) {
    if (change.whole || change.channels) this._arrange();
    for (const tile of change.tiles ?? []) this._paint(tile);
    if (change.whole || change.channels || change.tiles) this._count();
    if (change.tiles?.length && !change.whole) this._enliven();
  }

  _arrange() {
    const wanted = new Set(this.live.channels);
    for (const [id, entry] of this.tiles) {
      if (!wanted.has(id)) { entry.node.remove(); this.tiles.delete(id); }
    }
    this.live.channels.forEach((id, index) => {
      if (!this.tiles.has(id)) this._addTile(id);
      const { node } = this.tiles.get(id);
      if (this.grid.children[index] !== node) this.grid.insertBefore(node, this.grid.children[index] ?? null);
    });
    this._layOut();
    for (const id of this.live.channels) this._paint(this.live.tiles.get(id));
    const current = this.grid.querySelector('[tabindex="0"]') ?? this.grid.firstElementChild;
    if (current) current.tabIndex = 0;
  }

  _addTile(id) {
    const node = h("button.tile", { type: "button", tabIndex: -1, data: { id } });
    this.tiles.set(id, { node, signature: "" });
  }

  _paint(tile) {
    const entry = tile && this.tiles.get(tile.id);
    if (!entry) return;
    const signature = JSON.stringify(tile) + this.size;
    if (entry.signature === signature) return;
    entry.signature = signature;
    entry.node.dataset.state = tile.state;
    entry.node.dataset.kind = tile.kind;
    entry.node.setAttribute("aria-label", `${tile.title}, ${t(`st_${tile.state}`)}`);
    entry.node.replaceChildren(...this._face(tile));
  }

  _face(tile) {
    const counter = tile.copies > 1 || (tile.copies && this.size === "rows")
      ? h("b.counter", { "aria-hidden": "true" }, String(tile.copies)) : null;
    if (this.size === "rows") {
      const kind = icon(tile.kind === "channel" ? "channel" : "group");
      const state = `${number(tile.members)} · ${t(`st_${tile.state}`)}`;
      return [kind, h("span.names", {}, h("strong", {}, tile.title), h("span", {}, state)), counter].filter(Boolean);
    }
    const sign = this.size === "large" ? icon(tile.kind === "channel" ? "channel" : "group") : null;
    return [sign, this.size === "small" ? null : counter].filter(Boolean);
  }

  /** As many tiles as there are into the room there is: rows with names, tiles with signs, or bare lights. */
  _layOut() {
    const count = this.live.channels.length;
    const { clientWidth: width, clientHeight: height } = this.grid;
    if (!count || !width || !height) return;
    const row = Math.min(MOST_ROW_PIXELS, Math.floor(height / count));
    const pitch = row >= LEAST_ROW_PIXELS ? 0 : pitchFor(count, width, height);
    const size = !pitch ? "rows" : pitch >= 30 ? "large" : pitch >= 17 ? "middle" : "small";
    this.columns = pitch ? Math.floor(width / pitch) : 1;
    const style = this.grid.style;
    style.setProperty("--row", `${row - 4}px`);
    this.grid.classList.toggle("is-tight", row < 44);
    style.setProperty("--pitch", `${pitch}px`);
    style.setProperty("--columns", this.columns);
    if (size === this.size) return;
    this.size = size;
    this.grid.dataset.size = size;
    for (const tile of this.live.tiles.values()) this._paint(tile);
  }

  _count() {
    const counts = new Map();
    let reached = 0, people = 0, everybody = 0;
    for (const id of this.live.channels) {
      const tile = this.live.tiles.get(id);
      everybody += tile.members;
      counts.set(tile.state, (counts.get(tile.state) ?? 0) + 1);
      if (REACHED.has(tile.state)) { reached += 1; people += tile.members; }
    }
    const all = this.live.channels.length;
    this.figure.replaceChildren(h("strong", {}, number(reached)), ` ${t("of", { n: number(all) })}`);
    this.people.textContent = people ? t("people", { n: rounded(people) }) : t("everybody", { n: rounded(everybody) });
    this.bar.style.transform = `scaleX(${all ? reached / all : 0})`;
    this.legend.replaceChildren(...STATES.filter((state) => counts.has(state)).map((state) =>
      h("li", { data: { state } }, h("i"), t(`st_${state}`), h("b", {}, number(counts.get(state))))));
  }

  _enliven() {
    this.root.classList.add("is-lively");
    clearTimeout(this.livelyTimer);
    this.livelyTimer = setTimeout(() => this.root.classList.remove("is-lively"), LIVELY_MILLISECONDS);
  }

  _tipFor(node) {
    const tile = node && this.live.tiles.get(Number(node.dataset.id));
    if (!tile || this.size === "rows") { this.tip.hidden = true; return; }
    const kind = t(tile.kind === "channel" ? "subscribers" : "members", { n: number(tile.members) });
    this.tip.replaceChildren(...[
      h("strong", {}, tile.title),
      h("span", {}, kind),
      h("span.tip-state", { data: { state: tile.state } }, h("i"), t(`st_${tile.state}`), tile.last && ` · ${clock(tile.last.at)}`),
      tile.last && h("span.tip-last", {}, tile.last.text),
    ].filter(Boolean));
    this.tip.hidden = false;
    this._placeTip(node);
  }

  _placeTip(node) {
    const frame = this.root.getBoundingClientRect();
    const box = node.getBoundingClientRect();
    const left = Math.min(Math.max(box.left - frame.left + box.width / 2 - this.tip.offsetWidth / 2, 10), frame.width - this.tip.offsetWidth - 10);
    const above = box.top - frame.top - this.tip.offsetHeight - 8;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${above > 8 ? above : box.bottom - frame.top + 8}px`;
  }

  /** Arrow keys walk over the tiles; only one of them is in the tab order. */
  _move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
    const index = [...this.grid.children].indexOf(event.target);
    const target = step && this.grid.children[index + step];
    if (!target) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }
}

/** The largest square step with which so many tiles fit into a field. */
function pitchFor(count, width, height) {
  let pitch = Math.min(60, Math.floor(Math.sqrt((width * height) / count)) + 2);
  while (pitch > SMALLEST_PITCH && Math.floor(width / pitch) * Math.floor(height / pitch) < count) pitch -= 0.5;
  return pitch;
}
