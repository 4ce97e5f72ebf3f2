// Below the messages: the bot's reply keyboard, what one is replying to, the input field.

import { h, icon, iconButton, refill } from "./dom.js";
import { t } from "./texts.js";

const MOST_CHARACTERS = 4_096;
const PHOTO_SIDE_PIXELS = 1_280;

export class Composer {
  /** `does`: say(text, replyTo), key(key), photo(jpeg, caption), start(), problem(words); `writes(chat)` may one write;
   * `suggestions()` are sentences to try, `commands()` the bot's menu. */
  constructor({ does, writes, suggestions, commands }) {
    Object.assign(this, { does, writes, suggestions, commands });
    this.replyTo = null;
    this.isKeyboardOpen = true;
    this.keys = h("div.reply-keyboard", { hidden: true });
    this.hints = h("div.hints", { hidden: true });
    this.menu = h("div.commands", { hidden: true });
    this.replying = h("div.replying", { hidden: true });
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, onchange: () => this._sendPhoto() });
    this.field = h("textarea", { rows: 1, maxLength: MOST_CHARACTERS, oninput: () => this._grow() });
    this.field.addEventListener("keydown", (event) => this._key(event));
    this.before = h("div.tools");
    this.after = h("div.tools");
    this.sendButton = h("button.send", { type: "submit", disabled: true }, icon("send"));
    const onsubmit = (event) => { event.preventDefault(); this._send(); };
    this.line = h("form.line", { onsubmit }, this.before, this.field, this.after, this.sendButton);
    this.notice = h("p.read-only", { hidden: true });
    this.startButton = h("button.start", { type: "button", hidden: true, onclick: () => this.does.start() });
    this.element = h(
      "footer.composer", {},
      this.replying, this.hints, this.menu, this.line, this.keys, this.notice, this.startButton, this.file,
    );
  }

  show(chat) {
    if (this.chat?.id !== chat.id) {
      this._leaveReply();
      this.menu.hidden = true;
    }
    this.chat = chat;
    const isFresh = chat.bot !== null && !chat.messages.length;
    const writes = this.writes(chat);
    this.line.hidden = !writes || isFresh;
    this.notice.hidden = writes;
    this.startButton.hidden = !isFresh;
    this._label();
    this._showKeys(chat.keyboard);
    this.showHints();
  }

  /** Ready-made sentences to send, while there is neither a keyboard nor a text. */
  showHints() {
    const hints = this.chat?.bot != null && !this.line.hidden && this.keys.hidden && !this.field.value
      ? this.suggestions() : [];
    this.hints.hidden = !hints.length;
    refill(this.hints, hints, () => hints.map((hint) =>
      h("button.hint", { type: "button", title: hint, onclick: () => this._take(hint) }, hint)));
  }

  reply(message) {
    this.replyTo = message.id;
    this.replying.hidden = false;
    this.replying.replaceChildren(
      icon("reply"),
      h("span", {}, h("strong", {}, t("replying", { name: message.from.name })), h("span", {}, message.text.slice(0, 80))),
      iconButton("close", t("cancel"), () => this._leaveReply()),
    );
    this.field.focus({ preventScroll: true });
  }

  _label() {
    this.field.placeholder = t("message");
    this.field.setAttribute("aria-label", t("message"));
    this.notice.textContent = t("read_only");
    this.startButton.textContent = t("start");
    this.sendButton.ariaLabel = this.sendButton.title = t("send");
    const hasMenu = this.chat.bot !== null && this.commands().length > 0;
    const hasKeys = this.chat.keyboard.length > 0;
    refill(this.before, [hasMenu, t("photo")], () => [
      hasMenu && iconButton("menu", t("commands"), () => this._toggleMenu()),
      iconButton("clip", t("photo"), () => this.file.click()),
    ]);
    refill(this.after, [hasKeys, t("show_keys")], () => [
      hasKeys && iconButton("keys", t("show_keys"), () => this._toggleKeys()),
    ]);
  }

  _toggleMenu() {
    this.menu.hidden = !this.menu.hidden;
    const say = (name) => { this.menu.hidden = true; this.does.say(`/${name}`, null); };
    this.menu.replaceChildren(...this.commands().map(({ command, description }) => h(
      "button", { type: "button", onclick: () => say(command) },
      h("strong", {}, `/${command}`), h("span", {}, description),
    )));
  }

  _showKeys(rows) {
    const signature = JSON.stringify(rows);
    if (signature !== this.keysShown) this.isKeyboardOpen = true;
    this.keysShown = signature;
    this.keys.hidden = !rows.length || this.line.hidden || !this.isKeyboardOpen;
    refill(this.keys, rows, () => rows.map((row) => h(
      "div.key-row", {},
      row.map((key) => h("button.key", { type: "button", onclick: () => this.does.key(key) }, key.label)),
    )));
  }

  _toggleKeys() {
    this.isKeyboardOpen = !this.isKeyboardOpen;
    this._showKeys(this.chat.keyboard);
    this.showHints();
  }

  _take(hint) {
    this.field.value = hint;
    this._grow();
    this.field.focus({ preventScroll: true });
  }

  _key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this._send();
    }
    if (event.key === "Escape") this._leaveReply();
  }

  _grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 110)}px`;
    this.sendButton.disabled = !this.field.value.trim();
    this.showHints();
  }

  async _send() {
    const text = this.field.value.trim();
    if (!text) return;
    const replyTo = this.replyTo;
    this.field.value = "";
    this._leaveReply();
    this._grow();
    if (!(await this.does.say(text, replyTo))) {
      this.field.value = text;
      this._grow();
    }
  }

  _leaveReply() {
    this.replyTo = null;
    this.replying.hidden = true;
  }

  async _sendPhoto() {
    const file = this.file.files[0];
    this.file.value = "";
    if (!file) return;
    const jpeg = await asJpeg(file).catch(() => null);
    if (!jpeg) { this.does.problem(t("photo_bad")); return; }
    const caption = this.field.value.trim();
    if (await this.does.photo(jpeg, caption)) { this.field.value = ""; this._grow(); }
  }
}

/** A picture file as a JPEG of bounded size, in base64. */
async function asJpeg(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, PHOTO_SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.86).split(",")[1];
}
