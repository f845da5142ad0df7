// `Live`: one search as it goes on: its view and its points, read on whenever the stream says that something happened.

import { sleep } from "../connection.js";
import { isAbort } from "../problem.js";
import { ENDED } from "../status.js";
import { load, Points } from "./points.js";

const PAUSE_MS = 1000; // between two readings, however many events come
const QUIET_MS = 10_000; // without any event: time goes on, and so do estimates and logs
const FOR_GOOD = new Set([401, 403, 404]); // no key, not for this one, not there: asking again would not help

export class Live {
  #api;
  #signal;
  #onChange;
  #onProblem;
  #due = false;
  #over = false; // a reading failed for good
  #busy = false;
  #following = false; // the stream

  search = null;
  points = new Points();
  stream = "closed"; // or "open", "lost", "ended"

  /** `onChange(live)` comes after each reading until `signal` ends it, `onProblem(error)` where one fails. */
  constructor(api, searchId, { signal, onChange, onProblem }) {
    this.path = `/v1/searches/${encodeURIComponent(searchId)}`;
    this.#api = api;
    this.#signal = signal;
    this.#onChange = onChange;
    this.#onProblem = onProblem;
  }

  get #done() {
    return this.#over || ENDED.has(this.search.status);
  }

  /** Read all there is, then follow the search as long as it goes on. */
  async start() {
    await this.#read();
    if (this.#done) return;
    this.#follow();
    const timer = setInterval(() => (this.#done ? clearInterval(timer) : document.hidden || this.#look()), QUIET_MS);
    this.#signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  /** Something is other than before: read it soon. */
  async changed() {
    this.#due = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#due && !this.#signal.aborted) {
        this.#due = false;
        await this.#read();
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#busy = false;
    }
  }

  #look() {
    if (!this.#following) this.#follow();
    this.changed();
  }

  async #read() {
    const signal = this.#signal;
    await load(this.#api, this.path, this.points, { signal });
    this.search = await this.#api.get(this.path, { signal });
    this.#onChange(this);
  }

  #follow() {
    const onState = (state) => {
      this.stream = state;
      this.changed();
    };
    this.#following = true;
    const place = { lastId: `0.${this.points.after + 1}`, signal: this.#signal };
    this.#api
      .events(`${this.path}/events`, { onEvent: () => this.changed(), onState, ...place })
      .catch((error) => this.#failed(error))
      .finally(() => (this.#following = false));
  }

  #failed(error) {
    if (isAbort(error)) return;
    this.#over ||= FOR_GOOD.has(error.status);
    this.#onProblem(error);
  }
}
