// Puts the page together: the live copy of the scene, the story, the phones, the network, the language switch.

import { lookInside } from "./dialogs.js";
import { calm } from "./dom.js";
import { Live } from "./live.js";
import { Network } from "./network.js";
import { Phone } from "./phone.js";
import { Story } from "./story.js";
import { currentLanguage, onLanguage, setLanguage, t } from "./texts.js";

const byId = (id) => document.getElementById(id);
const live = new Live();
const phones = new Map();
let story = null;
let network = null;

function begin() {
  for (const holder of live.phones) {
    const phone = new Phone(live, holder);
    phones.set(holder.user, phone);
    byId(holder.role === "moderator" ? "publishing" : "receiving").append(phone.element);
    phone.settle();
  }
  story = new Story(live, byId("story"));
  network = new Network(live, byId("network"), (id) => lookInside(live, id, showOn));
  document.body.classList.add("is-ready");
}

function showOn(user, chat) {
  const phone = phones.get(user);
  phone.open(chat);
  phone.element.scrollIntoView({ block: "nearest", inline: "center", behavior: calm() ? "auto" : "smooth" });
}

function admin() { return live.phones.find((phone) => phone.role === "admin"); }

function label() {
  document.documentElement.lang = currentLanguage();
  document.title = t("page_title");
  const names = { name: admin()?.name ?? "Hoa" };
  document.querySelectorAll("[data-t]").forEach((element) => { element.textContent = t(element.dataset.t, names); });
  document.querySelectorAll("[data-t-label]").forEach((element) => element.setAttribute("aria-label", t(element.dataset.tLabel)));
  document.querySelectorAll("[data-language]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.language === currentLanguage())));
  phones.forEach((phone) => phone.relabel());
  story?.show();
  network?.relabel();
}

function connection(isOpen) {
  const line = byId("connection");
  line.dataset.t = isOpen ? "simulated" : "lost";
  line.classList.toggle("is-lost", !isOpen);
  line.textContent = t(line.dataset.t);
}

/** On a narrow screen, bring the phone that acts into view when a step begins. */
function followStory(change) {
  const actor = change.story?.playing ? phones.get(live.actors[0]) : null;
  const row = actor?.element.parentElement;
  if (!row || row.scrollWidth <= row.clientWidth + 4) return;
  row.scrollTo({ left: actor.element.offsetLeft - row.offsetLeft - 24, behavior: calm() ? "auto" : "smooth" });
}

live.listen((change) => {
  if (change.whole && story && live.phones.some((phone) => !phones.has(phone.user))) { location.reload(); return; }
  if (!story) { begin(); label(); }
  phones.forEach((phone) => phone.take(change));
  network.take(change);
  if (change.story || change.whole) { story.show(); followStory(change); }
});

document.querySelectorAll("[data-language]").forEach((button) =>
  button.addEventListener("click", () => setLanguage(button.dataset.language)));
byId("join").addEventListener("click", () => { const { user } = admin(); showOn(user, user); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".phone.is-large .enlarge")?.click();
});
document.addEventListener("click", (event) => {
  if (event.target === document.body) document.querySelector(".phone.is-large .enlarge")?.click();
});

onLanguage(label);
live.connect(connection);
