// Making elements. Text always goes in as text nodes: nothing here or elsewhere parses markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M7 5h3.600v14H7zM13.400 5H17v14h-3.600z",
  next: "M6 5.500v13l9-6.500zM16 5.500h2.500v13H16z",
  fast: "M3.500 6v12l8.500-6zM12 6v12l8.500-6z",
  hand: "M9 11V4.800a1.300 1.300 0 0 1 2.600 0V10h.6l5 1.300c1 .3 1.600 1.200 1.500 2.200l-.7 5c-.1 1-.9 1.700-1.900 1.700h-5.600c-.6 0-1.100-.2-1.500-.6L4.500 15c.9-1 2-1.200 3-.6l1.500.9z",
  back: "M14.700 5.300 8 12l6.700 6.700 1.600-1.600L11.200 12l5.100-5.100z",
  send: "M3.500 20.500 21.500 12 3.500 3.500 5 10.300 14 12l-9 1.700z",
  clip: "M8.500 6.500v9.200a3.500 3.500 0 0 0 7 0V6a2.300 2.300 0 0 0-4.600 0v9.400a1.100 1.100 0 0 0 2.200 0V7h-1.500v8",
  menu: "M5 7h14v2H5zm0 4.500h14v2H5zM5 16h9v2H5z",
  forward: "M13 6v4c-5.500.5-8.500 3.700-9.500 9 2.300-3 5-4.300 9.500-4.300V19l7.500-6.500z",
  reply: "M11 6v4c5.500.5 8.500 3.700 9.500 9-2.300-3-5-4.300-9.500-4.300V19l-7.500-6.500z",
  pin: "m15 3 6 6-2 1-1.500 4.500-3 .5-3-3L4 20l-.500-.5 8-7.500-3-3 .5-3L13.500 5z",
  keys: "M3.500 6.500h17v11h-17zM6 9h2v2H6zm4 0h2v2h-2zm4 0h2v2h-2zM8 13.500h8v1.600H8z",
  signs: "M1 15h2.500v4H1zm4-3.500h2.500V19H5zM9 8h2.500v11H9zm5 2.500c0-.8.7-1.500 1.500-1.500h5c.8 0 1.500.7 1.500 1.500V11h1v5h-1v1.500c0 .8-.7 1.500-1.500 1.500h-5c-.8 0-1.500-.7-1.500-1.500z",
  grow: "M13.500 4H20v6.500h-2.200V7.800L14 11.500 12.500 10l3.700-3.800h-2.700zM4 13.500h2.200v2.700L10 12.500l1.500 1.500-3.700 3.800h2.700V20H4z",
  close: "m6.400 5 5.600 5.600L17.600 5 19 6.400 13.400 12l5.600 5.600-1.400 1.400-5.600-5.600L6.400 19 5 17.600l5.600-5.600L5 6.400z",
  down: "m6 9 6 6 6-6 1.400 1.400L12 17.800l-7.400-7.400z",
  group: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7m-6.500 7c0-3.500 3-5.500 6.500-5.500s6.500 2 6.500 5.500zM16.500 11a2.800 2.800 0 1 0-1-5.400 5 5 0 0 1-.6 5.200zm.6 2c.8 1 1.900 2.700 1.900 5.500h3c0-3.300-2-5.200-4.900-5.500",
  channel: "M4 10c0-.8.7-1.500 1.500-1.500H9l8-4.500v15l-8-4.500H5.500C4.700 14.500 4 13.800 4 13zm3 6h2.500l1 4H8z",
  checks: "m2.500 12.500 1.300-1.300 3.700 3.700 8-8 1.300 1.300-9.300 9.300zm9.700 2.400 1.300 1.300 8.500-8.500-1.300-1.300z",
  spark: "M12 3.500 13.800 10 20.500 12l-6.700 2L12 20.500 10.200 14l-6.700-2 6.700-2z",
};

/** An element: `h("p.note", {id: "x", onclick}, "text", child)`. */
export function h(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) setProperty(element, name, value);
  element.append(...children.flat().filter(Boolean));
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name in element && !name.startsWith("aria")) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  if (name === "clip") svg.classList.add("stroked");
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, className = "icon-button") {
  return h(`button.${className}`, { type: "button", "aria-label": label, title: label, onclick }, icon(name));
}

const HUES = [172, 205, 262, 330, 18, 38, 96, 230];

function hueOf(id) {
  let sum = 7;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return HUES[sum % HUES.length];
}

/** A round picture: the bot's sign, or first letters on a colour that stays the same for one id. */
export function avatar(id, name, isBot = false) {
  if (isBot) return h("span.avatar.is-bot", { "aria-hidden": "true" }, h("img", { src: "static/loa.svg", alt: "" }));
  const words = name.replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? "?").slice(0, 1);
  const element = h("span.avatar", { "aria-hidden": "true" }, letters.toUpperCase());
  element.style.setProperty("--hue", hueOf(id));
  return element;
}

export const hue = (element, id) => { element.style.setProperty("--hue", hueOf(id)); return element; };

/** Give `element` new children only when what they show has changed: focus and a click under way survive. */
export function refill(element, signature, make) {
  const words = JSON.stringify(signature);
  if (shown.get(element) === words) return;
  shown.set(element, words);
  element.replaceChildren(...make().flat().filter(Boolean));
}
const shown = new WeakMap();

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
