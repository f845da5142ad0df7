// `paced`: what is asked for often and done seldom, so that the page has most of the time for people.

import { sleep } from "../connection.js";

const REST = 9; // times as long as it took the last time
const MOST_MS = 4000;

/**
 * A function that does `act` soon; asked while that goes on or rests, it does so once more when it is rested, or at
 * once if it is asked for `now`. `signal` ends it.
 */
export function paced(act, { signal, leastMs = 0 }) {
  let asked = false;
  let hurried = false;
  let busy = false;
  let wake = () => {};
  return async function ask({ now = false } = {}) {
    asked = true;
    hurried ||= now;
    if (now) wake();
    if (busy) return;
    busy = true;
    try {
      while (asked && !signal.aborted) {
        asked = hurried = false;
        const began = performance.now();
        await act();
        const took = performance.now() - began;
        const rest = Math.max(leastMs, Math.min(REST * took, MOST_MS));
        if (!hurried) await Promise.race([sleep(rest), new Promise((done) => (wake = done))]);
      }
    } finally {
      busy = false;
    }
  };
}
