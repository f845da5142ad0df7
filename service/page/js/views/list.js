// The list of searches: what there is, how far each one is, as it happens.

import { h, replace, setText } from "../dom.js";
import { plural } from "../format.js";
import { isFiltered, remember, stateOf } from "../list/address.js";
import { controls } from "../list/controls.js";
import { firstTime, noneLikeThat } from "../list/nothing.js";
import { arranged } from "../list/order.js";
import { Searches } from "../list/searches.js";
import { table } from "../list/table.js";
import { isAbort } from "../problem.js";

const PROGRESS_MS = 2000;
const SETTLE_MS = 250; // several things happen to a search at once
const CHOOSE = "Choose two searches or more by their boxes, or with x";

/** Shows it; `params` are text, status, label and sort. */
export async function show(root, params, context) {
  const view = new ListView(root, stateOf(params), context);
  await view.begin();
  return () => view.stop();
}

class ListView {
  #context;
  #state;
  #searches;
  #chosen = new Set();
  #timers = new Map();

  constructor(root, state, context) {
    this.#context = context;
    this.#state = state;
    this.#searches = new Searches(context.api, context.signal);
    this.#build(root);
  }

  async begin() {
    document.addEventListener("keydown", this.#keys);
    this.#controls();
    await this.#select();
    this.#live();
  }

  stop() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    document.removeEventListener("keydown", this.#keys);
  }

  #build(root) {
    this.count = h("p", { class: "hint", role: "status" });
    this.compare = h("a", { class: "button", role: "link" }, "Compare");
    this.place = h("div");
    this.table = table({
      chosen: (id, yes) => this.#choose(id, yes),
      label: (label) => this.#change({ label }),
      sort: (column) => this.#change({ sort: this.#state.sort === column ? `-${column}` : column }),
    });
    this.below = h("div", { class: "below-list" });
    const fresh = h("a", { class: "button primary", href: "#/new" }, "New search");
    const acts = h("div", { class: "row" }, this.compare, fresh);
    const head = h("div", { class: "view-head" }, h("h1", null, "Searches"), acts);
    this.panel = h("div", { class: "panel table-panel" }, this.table.element);
    replace(root, head, this.place, this.count, this.panel, this.below);
  }

  #live() {
    const { api, signal, announce } = this.#context;
    const onEvent = () => this.#later("reload", SETTLE_MS, () => this.#reload());
    const onState = (state) => state === "open" && this.#reload().catch(quiet);
    api.events("/v1/events", { onEvent, onState, signal }).catch((error) => announce(error.detail, "problem"));
    this.#tick();
  }

  #tick() {
    this.#later("progress", PROGRESS_MS, async () => {
      try {
        if (!document.hidden && !(await this.#searches.progress())) await this.#searches.reload();
        this.#draw();
      } finally {
        if (!this.#context.signal.aborted) this.#tick();
      }
    });
  }

  #later(name, ms, act) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => act().catch(quiet), ms));
  }

  async #reload() {
    if (await this.#searches.reload()) this.#draw();
  }

  async #select() {
    const { status, label } = this.#state;
    if (await this.#searches.select({ status, label })) this.#draw();
  }

  #change(part) {
    Object.assign(this.#state, part);
    remember(this.#state);
    if ("label" in part) this.#controls();
    if ("status" in part || "label" in part) this.#select().catch(this.#refused);
    else this.#draw();
  }

  #choose(id, yes) {
    if (yes) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#offer();
  }

  #offer() {
    const number = this.#chosen.size;
    const ready = number > 1;
    setText(this.compare, number === 0 ? "Compare" : `Compare ${number}`);
    this.compare.setAttribute("aria-disabled", String(!ready));
    this.compare.title = ready ? "" : CHOOSE;
    if (ready) this.compare.href = `#/compare?ids=${[...this.#chosen].join(",")}`;
    else this.compare.removeAttribute("href");
  }

  #controls() {
    replace(this.place, controls(this.#state, (part) => this.#change(part)));
  }

  #draw() {
    const { items, more } = this.#searches;
    const shown = arranged(items, this.#state);
    for (const id of this.#chosen) if (!items.some((each) => each.id === id)) this.#chosen.delete(id);
    this.table.show(shown, { sort: this.#state.sort, chosen: this.#chosen });
    this.panel.hidden = shown.length === 0;
    setText(this.count, counted(shown, more));
    this.#offer();
    this.#under(shown.length, more);
  }

  /** Only where something is other than before: a button that is being pressed stays. */
  #under(number, more) {
    const kind = `${number === 0} ${more} ${isFiltered(this.#state)}`;
    if (this.below.dataset.kind === kind) return;
    this.below.dataset.kind = kind;
    const clear = () => this.#change({ text: "", status: "", label: "" });
    const none = isFiltered(this.#state) ? noneLikeThat(clear) : firstTime();
    const older = { class: "button", type: "button", onclick: () => this.#older() };
    replace(this.below, number === 0 && none, more && h("button", older, "Fetch older searches"));
  }

  #older() {
    this.#searches.older().then(() => this.#draw(), this.#refused);
  }

  #refused = (error) => {
    if (!isAbort(error)) this.#context.announce(error.detail ?? error.message, "problem");
  };

  #keys = (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea, dialog") !== null;
    if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (["ArrowDown", "j"].includes(event.key)) this.table.focusFirst();
    else if (event.key === "c" && this.#chosen.size > 1) this.compare.click();
    else return;
    event.preventDefault();
  };
}

function counted(shown, more) {
  const running = shown.filter((each) => each.status === "running").length;
  const all = `${plural(shown.length, "search", "searches")}${more ? " of those fetched" : ""}`;
  return running > 0 ? `${all}, ${running} running` : all;
}

/** What a later look makes good. */
function quiet(error) {
  if (!isAbort(error)) console.warn(error);
}
