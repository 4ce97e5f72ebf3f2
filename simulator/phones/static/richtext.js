// A message's text and its entities as DOM nodes. Offsets are UTF-16 units, as in a browser's strings.
// Text becomes text nodes only; an address from a message never becomes an href.

import { h } from "./dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
const LINKS = new Set(["url", "text_link", "bot_command", "mention", "email", "phone_number"]);

/** Nodes for the text. `follow({kind, text, url})` is called for what can be clicked; without it nothing can. */
export function richText(text, entities, follow) {
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nodesBetween({ text, ordered, follow }, 0, text.length, 0).nodes;
}

function nodesBetween(source, start, end, index) {
  const { text, ordered } = source;
  const nodes = [];
  let at = start;
  while (index < ordered.length && ordered[index].offset < end) {
    const entity = ordered[index];
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    index += 1;
    if (to <= from) continue;
    if (from > at) nodes.push(document.createTextNode(text.slice(at, from)));
    const inner = nodesBetween(source, from, to, index);
    nodes.push(elementFor(entity, text.slice(from, to), inner.nodes, source.follow));
    index = inner.index;
    at = to;
  }
  if (at < end) nodes.push(document.createTextNode(text.slice(at, end)));
  return { nodes, index };
}

function elementFor(entity, text, children, follow) {
  if (entity.kind === "spoiler") {
    const onclick = (event) => event.currentTarget.classList.add("is-open");
    return h("button.spoiler", { type: "button", onclick }, children);
  }
  if (follow && LINKS.has(entity.kind)) {
    const onclick = () => follow({ kind: entity.kind, text, url: entity.url ?? text });
    return h("button.link", { type: "button", onclick }, children);
  }
  return h(TAGS[entity.kind] ?? "span", {}, children);
}
