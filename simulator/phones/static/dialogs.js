// What opens above the page: choosing a group, a link that leads out, an alert, the inside of a channel.

import { avatar, h, iconButton } from "./dom.js";
import { act, fetchChat } from "./live.js";
import { membersOf, Pane } from "./pane.js";
import { t } from "./texts.js";

function openDialog(className, label, ...content) {
  const dialog = h(`dialog.${className}`, { "aria-label": label }, content);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Let the visitor choose one of the chats; resolves to its id, or null. */
export function chooseChat(choices, name) {
  return new Promise((resolve) => {
    let chosen = null;
    const pick = (choice) => h(
      "button.choice", { type: "button", onclick: () => { chosen = choice.id; dialog.close(); } },
      avatar(choice.id, choice.title),
      h("span", {}, h("strong", {}, choice.title), h("span", {}, membersOf({ ...choice, kind: "group" }))),
    );
    const dialog = openDialog(
      "sheet", t("choose_group"),
      h("h2", {}, t("choose_group")),
      h("p", {}, t(choices.length ? "choose_text" : "no_group", { name })),
      h("div.choices", {}, choices.map(pick)),
      h("div.dialog-buttons", {}, h("button.quiet", { type: "button", onclick: () => dialog.close() }, t("cancel"))),
    );
    dialog.addEventListener("close", () => resolve(chosen));
  });
}

/** Words with an OK button. */
export function tell(title, words, extra = null) {
  const dialog = openDialog(
    "sheet", title,
    h("h2", {}, title), words && h("p.address", {}, words),
    h("div.dialog-buttons", {}, extra, h("button.firm", { type: "button", onclick: () => dialog.close() }, t("ok"))),
  );
}

/** A link out of the world is shown, never opened; a page on this machine can be opened in a new tab. */
export function showLink(url) {
  const address = httpAddress(url);
  if (!address || !["localhost", "127.0.0.1", "[::1]"].includes(address.hostname)) {
    tell(t("link_out"), `${t("link_out_text")}\n${url}`);
    return;
  }
  const open = h("a.firm", { href: address.href, target: "_blank", rel: "noopener noreferrer" }, t("open"));
  tell(t("link_in"), address.href, open);
}

function httpAddress(url) {
  try {
    const address = new URL(url);
    return ["http:", "https:"].includes(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

/** The inside of one channel, as large as a phone; the citizen can pass a message on to the bot. */
export async function lookInside(live, channelId, onForwarded) {
  const chat = await fetchChat(channelId);
  if (!chat) return;
  const citizen = live.phones.find((phone) => phone.role === "citizen");
  const forward = async (message) => {
    const answer = await act("forward", { user: citizen.user, from_chat: channelId, message: message.id });
    if (answer.problem) { tell(t(answer.problem), ""); return; }
    dialog.close();
    onForwarded(citizen.user, answer.chat);
  };
  const pane = new Pane({ owner: 0, bot: live.bot, does: { forward } });
  const close = iconButton("close", t("close"), () => dialog.close(), "icon-button.close-inside");
  const hint = h("p.inside-hint", {}, t("forward_as", { name: citizen.name }));
  const dialog = openDialog(
    "inside", t("look_inside", { title: chat.title }),
    h("div.device", {}, h("div.screen", {}, pane.element, hint)), close,
  );
  pane.show(chat);
  const stop = live.listen(async (change) => {
    const hasChanged = change.tiles?.some((tile) => tile.id === channelId);
    const fresh = hasChanged ? await fetchChat(channelId) : null;
    if (fresh) pane.show(fresh);
  });
  dialog.addEventListener("close", stop);
}
