// The inside of one chat: header, pinned bar, messages, and below them the keyboard and the input field.
// Messages are kept as nodes by id; only what changed is made anew, so nothing flickers.

import { bubble, oneLine } from "./bubble.js";
import { avatar, calm, h, icon, iconButton, refill } from "./dom.js";
import { number, t } from "./texts.js";

const NEAR_THE_END_PIXELS = 90;
const HAND_MILLISECONDS = 900;
const TYPING_MILLISECONDS = 4_000;
const HAS_CODE = /LOA-[0-9A-Z]{4,8}-[0-9A-Z]/;

export class Pane {
  /** `owner` is the user whose phone this is; `does` what can be done here; `onBack` shows a back button. */
  constructor({ owner, bot, does, onBack = null, composer = null }) {
    Object.assign(this, { owner, bot, does, onBack, composer });
    this.nodes = new Map();
    this.chat = null;
    this.header = h("header.chat-header");
    this.pinned = h("button.pinned", { type: "button", hidden: true, onclick: () => this._showPinned() });
    this.list = h("div.messages", { tabIndex: 0, role: "log", "aria-live": "off" });
    this.newer = h("button.newer", { type: "button", hidden: true, onclick: () => { this.follows = true; this._toEnd(); } }, icon("down"));
    this.follows = true;
    this.handAt = -Infinity;
    for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      this.list.addEventListener(kind, () => { this.handAt = performance.now(); }, { passive: true });
    }
    new ResizeObserver(() => { if (this.follows) this._stay(); }).observe(this.list);
    this.list.addEventListener("scroll", () => this._scrolled(), { passive: true });
    this.welcome = h("div.welcome", { hidden: true });
    const middle = h("div.middle", {}, this.list, this.welcome, this.newer);
    this.element = h("section.pane.chat", {}, this.header, this.pinned, middle, composer?.element);
  }

  /** Show this chat: another one than before is shown at its end at once, the same one is brought up to date. */
  show(chat) {
    const isOther = this.chat?.id !== chat.id;
    if (isOther) this._clear();
    const lastBefore = this.chat?.messages.at(-1)?.id ?? 0;
    this.chat = chat;
    this._head();
    this._pin();
    this._fill(isOther);
    this.composer?.show(chat);
    if (isOther) this.toEndNow();
    else this._follow(lastBefore);
  }

  /** The words of the page changed: make everything anew, where it stands. */
  relabel() {
    if (!this.chat) return;
    const top = this.list.scrollTop;
    this.nodes.clear();
    this.list.replaceChildren();
    this.show(this.chat);
    this.list.scrollTop = top;
  }

  toEndNow() { this.list.scrollTop = this.list.scrollHeight; }

  /** For whoever opens the chat because of news: to where that begins. */
  toNews(messageId) {
    this.news = messageId;
    this.followed = this._signature();
    this._stay();
  }

  _stay() {
    const node = this.nodes.get(this.news)?.node;
    if (node) this.list.scrollTop = node.offsetTop - 10;
    else this.toEndNow();
  }

  typing() {
    this.isTyping = true;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => { this.isTyping = false; this._head(); }, TYPING_MILLISECONDS);
    this._head();
  }

  reveal(messageId) {
    const node = this.nodes.get(messageId)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    node.classList.remove("is-found");
    requestAnimationFrame(() => node.classList.add("is-found"));
  }

  _clear() {
    this.nodes.clear();
    this.list.replaceChildren();
    this.news = null;
    this.newer.hidden = true;
    this.follows = true;
    this.isTyping = false;
  }

  _head() {
    const chat = this.chat;
    const isBot = chat.bot !== null;
    const status = this.isTyping ? t("typing") : isBot ? t("bot") : membersOf(chat);
    refill(this.header, [chat.id, chat.title, status, t("back")], () => [
      this.onBack && iconButton("back", t("back"), this.onBack, "icon-button.back"),
      avatar(chat.id, chat.title, isBot),
      h("div.titles", {}, h("strong", {}, chat.title), h(`span${this.isTyping ? ".is-typing" : ""}`, {}, status)),
    ]);
  }

  _pin() {
    const pinned = this.chat.pinned.at(-1);
    this.pinned.hidden = !pinned;
    if (!pinned) return;
    refill(this.pinned, [pinned, t("pinned")], () => [
      icon("pin"),
      h("span", {}, h("strong", {}, t("pinned")), h("span", {}, pinned.text.replace(/\s+/g, " "))),
    ]);
  }

  _showPinned() { this.reveal(this.chat.pinned.at(-1)?.id); }

  _fill(isOther) {
    const place = {
      chat: this.chat, owner: this.owner, does: this._doesHere(), isCopy: (message) => isCopy(message, this.chat, this.bot),
    };
    const present = new Set(this.chat.messages.map((message) => message.id));
    for (const [id, entry] of this.nodes) {
      if (!present.has(id)) { entry.node.remove(); this.nodes.delete(id); }
    }
    let previous = null;
    for (const message of this.chat.messages) {
      const node = this._nodeOf(message, place, isOther);
      const next = previous ? previous.nextSibling : this.list.firstChild;
      if (node !== next) this.list.insertBefore(node, next);
      previous = node;
    }
    this._greet();
  }

  /** What an app shows in a conversation that has not begun. */
  _greet() {
    const isFresh = !this.chat.messages.length;
    this.welcome.hidden = !isFresh;
    if (!isFresh) return;
    const isBot = this.chat.bot !== null;
    this.welcome.replaceChildren(
      avatar(this.chat.id, this.chat.title, isBot),
      h("strong", {}, this.chat.title), h("p", {}, t(isBot ? "start_hint" : "no_messages")),
    );
  }

  _nodeOf(message, place, isOther) {
    const signature = JSON.stringify(message);
    const known = this.nodes.get(message.id);
    if (known?.signature === signature) return known.node;
    const node = bubble(message, place);
    if (known) {
      const hasNewWords = known.text !== message.text;
      known.node.replaceWith(node);
      if (hasNewWords) node.classList.add("is-changed");
    } else if (!isOther) {
      node.classList.add("is-new");
    }
    this.nodes.set(message.id, { node, signature, text: message.text });
    return node;
  }

  /** In a group one can pass a message on; in the chat with the bot it is there already. */
  _doesHere() {
    const { forward, ...others } = this.does;
    const does = this.chat.bot === null && forward ? { ...others, forward } : others;
    return { ...does, show: (id) => this.reveal(id) };
  }


  _isNearEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_THE_END_PIXELS;
  }

  /** After a change: go along unless the reader went back to read; then offer to. */
  _follow(lastBefore) {
    const fresh = this.chat.messages.filter((message) => message.id > lastBefore);
    if (fresh.some((message) => message.from.id === this.owner)) this.follows = true;
    if (this.follows && this._signature() !== this.followed) this._toEnd(fresh);
    else if (fresh.length && !this.follows) this.newer.hidden = false;
    this.followed = this._signature();
  }

  /** Whether anything at the end changed, so that an edit far above does not move the reader. */
  _signature() {
    const last = this.chat.messages.at(-1);
    return last ? `${last.id} ${last.text.length} ${last.buttons?.length ?? 0}` : "";
  }

  /** To the end; but when the news is taller than the screen and asks for nothing, to where it begins. */
  _toEnd(fresh = []) {
    this.news = null;
    const first = fresh.length ? this.nodes.get(fresh[0].id)?.node : null;
    const end = this.list.scrollHeight - this.list.clientHeight;
    const asks = fresh.at(-1)?.buttons?.length;
    const top = first && !asks ? Math.min(end, first.offsetTop - 10) : end;
    this.list.scrollTo({ top, behavior: calm() ? "auto" : "smooth" });
    this.newer.hidden = true;
  }

  /** Only the reader's own hand decides whether to go along; scrolling by the page does not. */
  _scrolled() {
    const isNearEnd = this._isNearEnd();
    if (performance.now() - this.handAt < HAND_MILLISECONDS) this.follows = isNearEnd;
    if (isNearEnd) this.newer.hidden = true;
  }
}

/** Whether a message is a bulletin that the bot posted into a group or channel, or a word about one. */
export function isCopy(message, chat, bot) {
  const isPosted = message.from.id === bot.id || message.from.id === chat.id;
  return chat.bot === null && isPosted && HAS_CODE.test(message.text);
}

export function membersOf(chat) {
  return t(chat.kind === "channel" ? "subscribers" : "members", { n: number(chat.members) });
}

export { oneLine };
