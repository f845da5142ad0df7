// The end of the log of the search's driver.

import { h, setText } from "../dom.js";
import { ago } from "../format.js";
import { paced } from "./paced.js";
import { panel } from "./panel.js";

const EVERY_MS = 3000;
const LINES = 100;

export function logPanel({ api, signal }) {
  const said = h("p", { class: "hint" }, "No driver has written anything yet.");
  const text = h("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Log of the driver" });
  let live = null;
  const read = paced(
    async () => {
      const { lines, written_at: written } = await api.get(`${live.path}/log?lines=${LINES}`, { signal });
      if (lines.length === 0) return;
      const below = text.scrollHeight - text.scrollTop - text.clientHeight < 4; // it follows whoever is at its end
      setText(text, lines.join("\n"));
      setText(said, `The last ${lines.length} lines, written down ${ago(written)}.`);
      if (below) text.scrollTop = text.scrollHeight;
    },
    { signal, leastMs: EVERY_MS },
  );
  const update = (now) => {
    live = now;
    return read();
  };
  return { element: panel("Log", { name: "log" }, said, text), update, stop: () => {} };
}
