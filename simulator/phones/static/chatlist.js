// The list of chats on a phone: newest on top, with the last message, its time and how many are unread.

import { avatar, h } from "./dom.js";
import { oneLine } from "./pane.js";
import { clock, t } from "./texts.js";

export class ChatList {
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.title = h("h3");
    this.rows = h("ul");
    this.shown = "";
    this.element = h("section.pane.list", {}, h("header.list-header", {}, this.title), this.rows);
  }

  show(entries) {
    const signature = JSON.stringify(entries.map(({ chat, last, unread }) => [chat.id, chat.title, last, unread]));
    this.title.textContent = t("chats");
    if (signature + t("chats") === this.shown) return;
    this.shown = signature + t("chats");
    this.rows.replaceChildren(...entries.map((entry) => this._row(entry)));
  }

  _row({ chat, last, unread }) {
    const isBot = chat.bot !== null;
    const badge = unread
      ? h("span.badge", { "aria-label": t("unread", { n: unread }) }, unread > 99 ? "99+" : String(unread)) : null;
    return h("li", {}, h(
      "button.chat-row", { type: "button", onclick: () => this.onOpen(chat.id) },
      avatar(chat.id, chat.title, isBot),
      h("span.words", {}, h("strong", {}, chat.title), h("span.last", {}, oneLine(last))),
      h("span.side", {}, last && h("time", {}, clock(last.at)), badge),
    ));
  }
}
