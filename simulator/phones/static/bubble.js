// One message as a bubble: sender, forward header, quote, picture, text, time, and its buttons.

import { h, hue, icon, iconButton } from "./dom.js";
import { richText } from "./richtext.js";
import { clock, t } from "./texts.js";

/** What a bubble needs to know about where it stands. `does` holds the pane's acts; absent ones are not offered. */
export function bubble(message, place) {
  if (message.service) return serviceLine(message);
  const isOwn = message.from.id === place.owner;
  const body = h(
    "div.bubble", {},
    nameLine(message, place, isOwn),
    message.forwarded && h("p.forwarded", {}, icon("forward"), t("forwarded", { name: message.forwarded })),
    message.reply && quote(message.reply, place),
    message.photo && picture(message.photo),
    message.document && h("p.document", {}, `📎 ${message.document.name}`),
    message.text && h("div.text", {}, richText(message.text, message.entities, place.does.follow)),
    metaLine(message, isOwn),
  );
  const state = copyState(message, place);
  const row = h(
    `div.message${isOwn ? ".own" : ""}${state ? `.copy.${state}` : ""}`,
    { data: { message: message.id } },
    h("div.bubble-line", {}, body, actions(message, place)),
    keyboard(message, place),
  );
  return row;
}

function nameLine(message, place, isOwn) {
  if (isOwn || place.chat.kind === "private") return null;
  return hue(h("p.sender", {}, message.from.name), message.from.id);
}

function metaLine(message, isOwn) {
  return h(
    "p.meta", {},
    message.pinned && icon("pin"),
    message.edited && h("span.edited", {}, `${t("edited")} ${clock(message.edited)}`),
    !message.edited && h("time", {}, clock(message.at)),
    isOwn && icon("checks"),
    message.reactions && h("span.reactions", {}, message.reactions.join(" ")),
  );
}

function quote(reply, place) {
  const onclick = () => place.does.show?.(reply.id);
  return h(
    "button.quote", { type: "button", onclick },
    h("strong", {}, reply.name),
    h("span", {}, reply.text || (reply.photo ? t("picture") : "")),
  );
}

function picture(photo) {
  const image = h("img.picture", {
    src: `api/photo/${photo.key}`, alt: t("picture"), width: photo.width, height: photo.height, loading: "lazy",
  });
  return image;
}

/** A bulletin's copy that was changed after it arrived looks changed, for as long as it stands. */
function copyState(message, place) {
  if (!place.isCopy?.(message)) return "";
  const opening = message.text.split("\n", 4);
  if (opening.some((line) => line.startsWith("⛔"))) return "withdrawn";
  return message.edited || opening.some((line) => line.startsWith("✏️")) ? "corrected" : "";
}

function actions(message, place) {
  const { forward, reply } = place.does;
  if (!forward && !reply) return null;
  return h(
    "div.actions", {},
    reply && iconButton("reply", t("reply"), () => reply(message)),
    forward && iconButton("forward", t("forward_to_bot"), () => forward(message)),
  );
}

function keyboard(message, place) {
  if (!message.buttons || !place.does.press) return null;
  const rows = message.buttons.map((row) =>
    h("div.key-row", {}, row.map((button) => inlineButton(message, button, place))));
  return h("div.inline-keyboard", {}, rows);
}

function inlineButton(message, button, place) {
  const onclick = (event) => place.does.press(message, button, event.currentTarget);
  const className = `button.key${button.style ? `.${button.style.replace(/[^a-z]/g, "")}` : ""}`;
  const leads = button.url ? h("span.leads", { "aria-hidden": "true" }, "↗") : null;
  return h(className, { type: "button", onclick }, button.label, leads);
}

function serviceLine(message) {
  const { kind, what } = message.service;
  const who = message.from.name;
  const hasJoined = kind === "new_chat_members" && what === who;
  const words = kind === "other" ? message.text : t(hasJoined ? "srv_joined" : `srv_${kind}`, { who, what });
  return h("div.message.service", { data: { message: message.id } }, words && h("span", {}, words));
}

/** A message in one line, for lists and pinned bars. */
export function oneLine(message) {
  if (!message) return t("no_messages");
  if (message.service) return serviceLine(message).textContent;
  const text = message.text.replace(/\s+/g, " ").trim();
  return message.photo ? `🖼 ${text || t("picture")}` : text;
}
