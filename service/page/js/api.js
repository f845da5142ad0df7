// `Api`: the REST interface. Paths are the server's own, from /v1 on. What is refused is thrown as a `Problem`.

import { sleep } from "./connection.js";
import { stream } from "./event_stream.js";
import { isAbort, Problem } from "./problem.js";

const AWAY = "The service does not answer. This page keeps asking and goes on by itself.";
const RETRY_SECONDS = 2;
const TOO_MANY = 429;
const UNAVAILABLE = 503;
const PAGE = 200; // the most that a list answers with

export class Api {
  #connection;
  #keys;

  /** `keys` has `value` (a key or null) and `ask(problem, key)`, which resolves to whether there is another one. */
  constructor(connection, keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** JSON. Looks until there is an answer, however long the service is away; `signal` ends it. */
  get(path, { signal } = {}) {
    return this.#looked(path, { signal }, (response) => response.json());
  }

  /** `key` names this submission: sent again under it, it makes nothing twice. */
  async post(path, body, { key, signal } = {}) {
    const headers = key === undefined ? {} : { "Idempotency-Key": key };
    return parsed(await this.request("POST", path, { body, headers, signal }));
  }

  /** A POST that changes nothing, such as an estimate: asked again as a GET is. */
  query(path, body, { signal } = {}) {
    return this.#looked(path, { signal, method: "POST", body }, (response) => response.json());
  }

  async patch(path, body) {
    return parsed(await this.request("PATCH", path, { body }));
  }

  async del(path) {
    return parsed(await this.request("DELETE", path));
  }

  /** Each item of all pages, as they come; `path` may have a query of its own. */
  async *pages(path, { limit = PAGE, signal } = {}) {
    for (let after = null; ; ) {
      const page = await this.get(withQuery(path, { limit, after }), { signal });
      yield* page.items;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /**
   * Server-sent events until they end or `signal` does; a lost stream goes on behind the last event that came.
   * onEvent({event, data, id}); onState("open" | "lost" | "ended"). `lastId` begins behind an event.
   */
  events(path, { onEvent, onState = () => {}, signal, lastId = null }) {
    const open = (headers, inner) => this.#looked(path, { headers, signal: inner }, (response) => response);
    return stream(open, { onEvent, onState, signal, lastId, lost: () => this.#connection.lost(AWAY) });
  }

  /** The bytes of a picture or file, which may need the key that an <img> cannot send. */
  blob(path, { signal } = {}) {
    return this.#looked(path, { signal }, (response) => response.blob());
  }

  /** Fetches a file and hands it to the browser's downloads as `name`. */
  async download(path, name) {
    const address = URL.createObjectURL(await this.blob(path));
    const link = document.createElement("a");
    Object.assign(link, { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  /** One request; asks for a key where one is missing. Throws a Problem, of status 0 where no answer came. */
  async request(method, path, { body, headers = {}, signal } = {}) {
    for (;;) {
      const key = this.#keys.value;
      const response = await this.#sent(method, path, { body, headers: { ...headers, ...authorization(key) }, signal });
      if (response.ok) return response;
      const problem = await Problem.of(response);
      if (problem.status !== 401 || !(await this.#keys.ask(problem, key))) throw problem;
    }
  }

  async #sent(method, path, { body, headers, signal }) {
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    try {
      return await fetch(path, { method, headers: { ...headers, ...json }, body: text, signal, cache: "no-store" });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /** What `take` makes of the answer to a look, which waits for a service that is away or busy. */
  async #looked(path, { headers, signal, method = "GET", body }, take) {
    for (;;) {
      try {
        return await this.#taken(await this.request(method, path, { headers, signal, body }), take);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        await this.#recovered(error, signal);
      }
    }
  }

  async #taken(response, take) {
    try {
      return await take(response);
    } catch (error) {
      throw this.#unreachable(error); // broken off in the middle
    }
  }

  /** Until it is worth while to ask again; throws what asking again would not change. */
  async #recovered(problem, signal) {
    const pause = 1000 * (problem.retryAfter ?? RETRY_SECONDS);
    if (problem.status === 0) {
      await this.#connection.back(signal);
    } else if (problem.status === TOO_MANY) {
      await sleep(pause, signal);
    } else if (problem.status === UNAVAILABLE) {
      const release = this.#connection.held(problem.detail);
      await sleep(pause, signal).finally(release);
    } else {
      throw problem;
    }
  }

  #unreachable(error) {
    if (isAbort(error) || !(error instanceof TypeError)) return error;
    this.#connection.lost(AWAY);
    return Problem.unreachable();
  }
}

/** `path` with more in its query; what is null, undefined or empty is left out. */
export function withQuery(path, parameters) {
  const said = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (said.length === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams(said)}`;
}

/** A fresh name for one submission. */
export function submissionKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function authorization(key) {
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

async function parsed(response) {
  return response.status === 204 ? null : response.json();
}
