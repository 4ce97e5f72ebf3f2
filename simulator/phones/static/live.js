// The page's copy of the scene: filled by the stream of server-sent events, read by everybody else.

export class Live {
  constructor() {
    this.bot = null;
    this.phones = [];
    this.chats = new Map();
    this.tiles = new Map();
    this.channels = [];
    this.steps = [];
    this.story = { position: -1, playing: false };
    this.now = Date.now();
    this._listeners = [];
  }

  /** Call `listener(change)` after each change (`change.whole`: all is new); returns what ends it. */
  listen(listener) {
    this._listeners.push(listener);
    return () => { this._listeners = this._listeners.filter((one) => one !== listener); };
  }

  connect(onConnection) {
    const source = new EventSource("api/events");
    source.addEventListener("open", () => onConnection(true));
    source.addEventListener("error", () => onConnection(false));
    source.addEventListener("state", (event) => this._take(JSON.parse(event.data), true));
    source.addEventListener("patch", (event) => this._take(JSON.parse(event.data), false));
  }

  get actors() { return this.steps[this.story.position]?.actors ?? []; }
  get isOver() { return !this.story.playing && this.steps.length > 0 && this.story.position >= this.steps.length - 1; }

  phoneOf(user) { return this.phones.find((phone) => phone.user === user); }

  _take(data, whole) {
    for (const name of ["bot", "phones", "channels", "steps", "story", "now"]) {
      if (name in data) this[name] = data[name];
    }
    const before = new Map();
    for (const chat of data.chats ?? []) {
      before.set(chat.id, this.chats.get(chat.id));
      this.chats.set(chat.id, chat);
    }
    if (whole) this.tiles.clear();
    for (const tile of data.tiles ?? []) this.tiles.set(tile.id, tile);
    const change = { ...data, whole, before };
    for (const listener of this._listeners) listener(change);
  }
}

/** Do an act in a phone holder's name; resolves to the server's answer, or to {problem}. */
export async function act(name, fields) {
  try {
    const response = await fetch(`api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    });
    return response.ok ? await response.json() : { problem: "failed" };
  } catch {
    return { problem: "failed" };
  }
}

export async function fetchChat(id) {
  const response = await fetch(`api/chat/${encodeURIComponent(id)}`);
  return response.ok ? response.json() : null;
}
