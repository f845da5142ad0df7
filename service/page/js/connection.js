// `Connection`: whether the API answers; it asks until it does again, and whoever waits goes on.

const PROBE = "/healthz"; // needs no key, touches no database, is never refused
const FIRST_MS = 500;
const MOST_MS = 4000;

export class Connection extends EventTarget {
  #down = null; // {reason, back: Promise}
  #held = new Map(); // who waits for a service that is busy -> what it said

  /** What is wrong, in words; null where nothing is. */
  get reason() {
    return this.#down?.reason ?? [...this.#held.values()].pop() ?? null;
  }

  /** It did not answer. */
  lost(reason) {
    if (this.#down !== null) return;
    this.#down = { reason, back: this.#probe() };
    this.#tell();
  }

  /** It answers, but cannot serve somebody, who calls what is returned once it can. */
  held(reason) {
    const who = Symbol("who waits");
    this.#held.set(who, reason);
    this.#tell();
    return () => {
      this.#held.delete(who);
      this.#tell();
    };
  }

  /** Until it answers, or `signal` ends the wait. */
  async back(signal) {
    if (this.#down !== null) await Promise.race([this.#down.back, aborted(signal)]);
  }

  async #probe() {
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, MOST_MS)) {
      await sleep(wait);
      if (await answers()) break;
    }
    this.#down = null;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

async function answers() {
  try {
    return (await fetch(PROBE, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** `ms` milliseconds, or less: `signal` ends the wait with an AbortError. */
export function sleep(ms, signal) {
  return new Promise((done, failed) => {
    const stop = () => {
      clearTimeout(timer);
      failed(nobodyWaits());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function aborted(signal) {
  return new Promise((_done, failed) => {
    const end = () => failed(nobodyWaits());
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

function nobodyWaits() {
  return new DOMException("nobody waits any more", "AbortError");
}
