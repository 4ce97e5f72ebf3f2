// The story's card: play, next step, fast-forward, by hand; what happens now, in plain words; how far it is.

import { h, icon } from "./dom.js";
import { act } from "./live.js";
import { own, t } from "./texts.js";

export class Story {
  constructor(live, root) {
    Object.assign(this, { live, root });
    this.isByHand = false;
    this.isFast = false;
    this.isPausing = false;
    this.hasStumbled = false;
    this.main = h("button.play", { type: "button", onclick: () => this._main() });
    this.count = h("span.count");
    this.title = h("h2", { id: "story-title" });
    this.caption = h("p.caption", { "aria-live": "polite" });
    this.next = this._control("next", () => this._wish("step"));
    this.fast = this._control("fast", () => { this.isFast = true; this._wish("fast_forward"); });
    this.hand = this._control("hand", () => this._byHand());
    this.rail = h("ol.rail");
    root.replaceChildren(
      this.main,
      h("div.telling", {}, this.count, this.title, this.caption),
      h("div.controls", {}, this.next, this.fast, this.hand),
      this.rail,
    );
    this.show();
  }

  show() {
    const { position, playing } = this.live.story;
    if (playing) this.hasStumbled = false;
    if (!playing) this.isFast = this.isPausing = false;
    this._labels(playing);
    const [count, title, caption] = this._words(position, playing);
    this._say(count, title, caption);
    this._showRail(position, playing);
    this.root.classList.toggle("is-playing", playing);
    this.root.classList.toggle("is-fresh", position < 0 && !playing);
  }

  _words(position, playing) {
    const step = this.live.steps[position];
    const count = step ? t("step_of", { n: position + 1, all: this.live.steps.length }) : "";
    if (this.hasStumbled) return [count, t("hand"), t("stumbled")];
    if (this.isByHand && !playing) return [count, t("hand"), t("hand_text")];
    if (this.live.isOver) return [count, t("story_end"), t("story_end_text")];
    return step ? [count, own(step.title), own(step.caption)] : ["", t("story_start"), t("story_start_text")];
  }

  _say(count, title, caption) {
    const isNew = this.title.textContent !== title;
    for (const [element, words] of [[this.count, count], [this.title, title], [this.caption, caption]]) {
      if (element.textContent !== words) element.textContent = words;
    }
    if (!isNew) return;
    for (const element of [this.title, this.caption]) {
      element.classList.remove("is-turning");
      requestAnimationFrame(() => element.classList.add("is-turning"));
    }
  }

  _labels(playing) {
    const word = playing ? "pause" : this.live.story.position < 0 ? "play" : "resume";
    this.main.disabled = this.live.isOver || this.isPausing;
    this._label(this.main, playing ? "pause" : "play", t(word), true);
    this._label(this.next, "next", t("next"));
    this._label(this.fast, "fast", t("fast"));
    this._label(this.hand, "hand", t("by_hand"));
    this.next.disabled = playing || this.live.isOver;
    this.fast.disabled = this.live.isOver;
    this.fast.setAttribute("aria-pressed", String(this.isFast));
    this.hand.setAttribute("aria-pressed", String(this.isByHand && !playing));
  }

  _label(button, iconName, words, isMain = false) {
    const signature = iconName + words;
    if (button.dataset.shown === signature) return;
    button.dataset.shown = signature;
    button.replaceChildren(icon(iconName), h("span", {}, words));
    if (isMain) button.setAttribute("aria-label", words);
  }

  _control(name, onclick) { return h("button.control", { type: "button", onclick, data: { control: name } }); }

  _showRail(position, playing) {
    const { steps } = this.live;
    if (this.rail.children.length !== steps.length) {
      this.rail.replaceChildren(...steps.map(() => h("li")));
    }
    [...this.rail.children].forEach((item, index) => {
      const isNow = index === position;
      item.className = index < position || (isNow && !playing) ? "is-told" : isNow ? "is-now" : "";
      item.title = own(steps[index].title);
      item.ariaCurrent = isNow ? "step" : null;
    });
  }

  _main() { this._wish(this.live.story.playing ? "pause" : "play"); }

  _byHand() {
    this.isByHand = true;
    this._wish("pause");
  }

  async _wish(wish) {
    if (wish !== "pause") this.isByHand = false;
    this.isPausing = wish === "pause" && this.live.story.playing;
    this.show();
    this.wasPaused = wish === "pause";
    const before = this.live.story.position;
    const answer = await act("story", { do: wish });
    if (!answer.problem) this.live.story = answer;
    this.hasStumbled = Boolean(answer.problem) || (!this.wasPaused && this._stoppedShort(wish, before, answer));
    this.show();
  }

  /** The telling ended, nobody paused it, and it did not come as far as it should have. */
  _stoppedShort(wish, before, { position, playing }) {
    if (playing) return false;
    return wish === "step" ? position <= before : position < this.live.steps.length - 1;
  }
}
