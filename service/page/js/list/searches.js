// `Searches`: the searches that the list holds, brought up to date from the API.

import { withQuery } from "../api.js";

const PAGE = 100;

export class Searches {
  #api;
  #signal;
  #selection = {};
  #wanted = PAGE;
  #asked = 0;
  items = [];
  more = false; // older ones that were not fetched

  constructor(api, signal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** What the API shall leave out: {status, label}; begins with the newest again. */
  select(selection) {
    this.#selection = selection;
    this.#wanted = PAGE;
    return this.reload();
  }

  older() {
    this.#wanted += PAGE;
    return this.reload();
  }

  /** Everything that is shown, anew; of several that overlap the last one counts. */
  async reload() {
    const turn = ++this.#asked;
    const found = [];
    let after = null;
    do {
      const page = await this.#api.get(this.#path({ after }), { signal: this.#signal });
      found.push(...page.items);
      after = page.next;
    } while (after !== null && found.length < this.#wanted);
    if (turn !== this.#asked) return false;
    this.items = found;
    this.more = after !== null;
    return true;
  }

  /** Progress alone, of those that run; false where one began or ended meanwhile, so that all have to be read. */
  async progress() {
    const known = new Map(this.items.filter((each) => each.status === "running").map((each) => [each.id, each]));
    if (known.size === 0) return true;
    const page = await this.#api.get(this.#path({ status: "running", after: null }), { signal: this.#signal });
    for (const each of page.items) {
      const shown = known.get(each.id);
      if (shown !== undefined) Object.assign(shown, each);
      known.delete(each.id);
    }
    return known.size === 0;
  }

  #path(more) {
    return withQuery("/v1/searches", { limit: PAGE, ...this.#selection, ...more });
  }
}
