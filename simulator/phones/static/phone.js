// One phone on the wall: its chat list and its open chat, what arrives on it, and what its holder does.

import { ChatList } from "./chatlist.js";
import { Composer } from "./composer.js";
import { chooseChat, showLink, tell } from "./dialogs.js";
import { avatar, h, icon, iconButton } from "./dom.js";
import { act } from "./live.js";
import { isCopy, oneLine, Pane } from "./pane.js";
import { clock, t } from "./texts.js";

const BANNER_MILLISECONDS = 4_500;
const HANDS_OFF_MILLISECONDS = 12_000;
const BOT_LINK = /^(https?:\/\/)?(t\.me|telegram\.me|telegram\.dog)\/|^tg:\/\/resolve\b/i;

export class Phone {
  constructor(live, holder) {
    Object.assign(this, { live, user: holder.user, holder });
    this.seen = new Map();
    this.openId = null;
    this.touchedAt = -Infinity;
    this.list = new ChatList((id) => this.open(id));
    this.composer = new Composer({
      does: {
        say: (text, replyTo) => this._do("say", { chat: this.openId, text, reply_to: replyTo }),
        key: (key) => (key.asks ? this._share(key) : this._do("say", { chat: this.openId, text: key.label })),
        photo: (jpeg, caption) => this._do("photo", { chat: this.openId, jpeg, caption }),
        start: () => this._follow(`https://t.me/${live.bot.username}`),
        problem: (words) => this.toast(words),
      },
      writes: (chat) => this._entry(chat.id)?.writes ?? false,
      suggestions: () => this._suggestions(),
      commands: () => this.holder.commands,
    });
    this.pane = new Pane({
      owner: this.user, bot: live.bot, composer: this.composer, onBack: () => this.showList(),
      does: {
        press: (message, button, key) => this._press(message, button, key),
        follow: (link) => this._clicked(link),
        forward: (message) => this.forward(this.openId, message),
        reply: (message) => this.composer.reply(message),
      },
    });
    this._build();
    this._update();
    this._openFirst();
  }

  _build() {
    this.title = h("div.titles");
    this.enlargeButton = iconButton("grow", "", () => this.enlarge(), "icon-button.enlarge");
    this.statusTime = h("span");
    this.banner = h("button.banner", { type: "button", hidden: true, onclick: () => this.open(this.bannerChat) });
    this.toastLine = h("p.toast", { role: "status" });
    this.panes = h("div.panes", {}, this.list.element, this.pane.element);
    const status = h("div.statusbar", { "aria-hidden": "true" }, this.statusTime, h("i.island"), h("span.signs", {}, icon("signs")));
    const screen = h("div.screen", {}, status, this.panes, this.banner, this.toastLine);
    this.element = h(
      "article.phone", { data: { user: this.user, role: this.holder.role } },
      h("header.holder", {}, avatar(this.user, this.holder.name), this.title, this.enlargeButton),
      h("div.device", {}, screen),
    );
    this.element.addEventListener("pointerdown", () => this._touch());
    this.element.addEventListener("keydown", () => this._touch());
    this.relabel();
  }

  relabel() {
    const role = t(`role_${this.holder.role}`);
    this.title.replaceChildren(
      h("strong", {}, this.holder.name), h("span.role", {}, role), h("span.acting", {}, t("acting")),
    );
    this.element.setAttribute("aria-label", t("phone_of", { name: this.holder.name, role }));
    this._labelEnlarge();
    this.list.show(this._entries());
    this.pane.relabel();
  }

  // --- what arrives ---------------------------------------------------------------------------------

  take(change) {
    this.holder = this.live.phoneOf(this.user) ?? this.holder;
    const isActing = this.live.story.playing && this.live.actors.includes(this.user);
    this.element.classList.toggle("is-acting", isActing);
    for (const chat of change.chats ?? []) {
      if (this._entry(chat.id)) this._arrive(chat, change.before.get(chat.id), isActing && !change.whole);
    }
    for (const id of change.typing ?? []) if (id === this.openId) this.pane.typing();
    for (const answer of change.answers ?? []) if (answer.user === this.user) this._answered(answer, isActing);
    this._update();
  }

  _arrive(chat, before, isActing) {
    const last = before?.messages.at(-1)?.id ?? 0;
    const fresh = before ? chat.messages.filter((message) => message.id > last && !message.service) : [];
    if (chat.id === this.openId) return;
    const isOwn = fresh.some((message) => message.from.id === this.user);
    const isMeantForThem = isActing && (chat.bot !== null || this.openId === null);
    const isShown = isMeantForThem || (this._isReader() && hasCopy(fresh, chat, this.live.bot));
    if (fresh.length && (isOwn || isShown) && this._isHandsOff()) {
      this.open(chat.id);
      if (!isOwn) this.pane.toNews(fresh[0].id);
    } else if (fresh.length) this._announce(chat, fresh.at(-1));
  }

  _isHandsOff() { return performance.now() - this.touchedAt > HANDS_OFF_MILLISECONDS; }

  /** Those for whom bulletins are meant look at them when they come; moderators have work to do. */
  _isReader() { return this.holder.role !== "moderator"; }

  _announce(chat, message) {
    this.bannerChat = chat.id;
    this.banner.replaceChildren(
      avatar(chat.id, chat.title, chat.bot !== null),
      h("span", {}, h("strong", {}, chat.title), h("span", {}, oneLine(message))),
    );
    this.banner.hidden = false;
    clearTimeout(this.bannerTimer);
    this.bannerTimer = setTimeout(() => { this.banner.hidden = true; }, BANNER_MILLISECONDS);
  }

  /** A button was pressed and the bot answers; when the story pressed it, the phone shows where. */
  _answered(answer, isActing) {
    if (isActing && this._isHandsOff() && answer.chat !== this.openId && this._entry(answer.chat)) this.open(answer.chat);
    this.element.querySelectorAll(".key.is-waiting").forEach((key) => key.classList.remove("is-waiting"));
    if (answer.url) this._follow(answer.url);
    else if (answer.alert) tell(answer.text, "");
    else if (answer.text) this.toast(answer.text);
  }

  toast(words) {
    this.toastLine.textContent = words;
    this.toastLine.classList.add("is-shown");
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => this.toastLine.classList.remove("is-shown"), 3_200);
  }

  _update() {
    this.statusTime.textContent = clock(this.live.now);
    const open = this.live.chats.get(this.openId);
    if (open && this._entry(open.id)) {
      this.pane.show(open);
      this._markSeen(open);
    }
    this.list.show(this._entries());
  }

  _entry(id) { return this.holder.chats.find((chat) => chat.id === id); }

  _entries() {
    const chats = this.holder.chats.map(({ id }) => this.live.chats.get(id)).filter(Boolean);
    for (const chat of chats) if (!this.seen.has(chat.id)) this._markSeen(chat);
    return chats
      .map((chat) => ({ chat, last: chat.messages.at(-1), unread: this._unread(chat) }))
      .sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0));
  }

  _unread(chat) {
    const seen = this.seen.get(chat.id) ?? 0;
    return chat.messages.filter((message) => message.id > seen && message.from.id !== this.user && !message.service).length;
  }

  _markSeen(chat) { this.seen.set(chat.id, chat.messages.at(-1)?.id ?? 0); }

  // --- where the phone is -----------------------------------------------------------------------------

  _openFirst() {
    const talk = this.live.chats.get(this.user);
    if (talk.messages.length || this.holder.chats.length === 1) this.open(talk.id);
    else this.showList();
  }

  open(id) {
    this.openId = id;
    this.banner.hidden = true;
    this.panes.classList.add("is-chat");
    this.list.element.inert = true;
    this.pane.element.inert = false;
    this._update();
  }

  showList() {
    this.openId = null;
    this.panes.classList.remove("is-chat");
    this.list.element.inert = false;
    this.pane.element.inert = true;
    this._update();
  }

  enlarge() {
    const isLarge = this.element.classList.toggle("is-large");
    document.body.classList.toggle("has-large-phone", isLarge);
    this._labelEnlarge();
    this._update();
  }

  /** The phone stands on the wall now: bring its open chat to the end, which needs a height. */
  settle() { this.pane.toEndNow(); }

  _labelEnlarge() {
    const isLarge = this.element.classList.contains("is-large");
    const label = isLarge ? t("shrink") : t("enlarge", { name: this.holder.name });
    this.enlargeButton.setAttribute("aria-label", label);
    this.enlargeButton.title = label;
    this.enlargeButton.replaceChildren(icon(isLarge ? "close" : "grow"));
    this.enlargeButton.setAttribute("aria-expanded", String(isLarge));
  }

  // --- what its holder does ---------------------------------------------------------------------------

  _touch() { this.touchedAt = performance.now(); }

  /** Shows where it was done, unless its holder has gone elsewhere while we waited for the answer. */
  async _do(name, fields) {
    const openBefore = this.openId;
    const answer = await act(name, { user: this.user, ...fields });
    if (answer.problem) this.toast(t(answer.problem));
    else if (answer.chat && answer.chat !== this.openId && this.openId === openBefore) this.open(answer.chat);
    return !answer.problem;
  }

  forward(fromChat, message) { return this._do("forward", { from_chat: fromChat, message: message.id }); }

  async _press(message, button, key) {
    if (button.url) return this._follow(button.url);
    if (button.copy) return this._copy(button.copy);
    if (!button.data) return undefined;
    key.classList.add("is-waiting");
    setTimeout(() => key.classList.remove("is-waiting"), 5_000);
    const fields = { user: this.user, chat: this.openId, message: message.id, data: button.data };
    const answer = await act("press", fields);
    if (answer.problem) { key.classList.remove("is-waiting"); this.toast(t(answer.problem)); }
    return undefined;
  }

  async _copy(text) {
    try { await navigator.clipboard.writeText(text); this.toast(t("copied")); } catch { this.toast(t("failed")); }
  }

  _clicked(link) {
    if (link.kind === "bot_command") return this._do("say", { chat: this.openId, text: link.text });
    if (link.kind === "mention") {
      const isBot = link.text.toLowerCase() === `@${this.live.bot.username.toLowerCase()}`;
      return isBot ? this.open(this.user) : undefined;
    }
    return link.kind === "url" || link.kind === "text_link" ? this._follow(link.url) : undefined;
  }

  /** Follow a link: one to the bot inside the world, any other is shown and explained. */
  async _follow(url) {
    if (BOT_LINK.test(url)) return this._choosing("open_link", { url });
    showLink(url);
    return undefined;
  }

  _share(key) { return this._choosing("share", { label: key.label }); }

  /** Do something that may first need one of the holder's groups to be chosen. */
  async _choosing(name, fields) {
    const answer = await act(name, { user: this.user, ...fields });
    if (answer.choices) {
      const chosen = await chooseChat(answer.choices, this.holder.name);
      return chosen === null ? false : this._do(name, { ...fields, chosen });
    }
    if (answer.problem) this.toast(t(answer.problem));
    else this.open(answer.chat);
    return !answer.problem;
  }

  _suggestions() {
    if (this.live.story.playing) return [];
    return this.holder.role === "citizen" ? t("samples") : [];
  }
}

function hasCopy(messages, chat, bot) { return messages.some((message) => isCopy(message, chat, bot)); }
