// How a search's state and progress look everywhere: never by colour alone.

import { h, s, setText } from "./dom.js";
import { count, percent } from "./format.js";

export const STATUSES = ["queued", "running", "paused", "succeeded", "failed", "cancelled"];
export const ENDED = new Set(["succeeded", "failed", "cancelled"]);

const SHAPES = {
  queued: [["circle", { cx: 8, cy: 8, r: 4.5, fill: "none", "stroke-width": 1.8, "stroke-dasharray": "2.6 2" }]],
  running: [
    ["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", "stroke-width": 1.6, opacity: 0.35 }],
    ["path", { d: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5", fill: "none", "stroke-width": 2, class: "turning" }],
  ],
  paused: [["path", { d: "M5.7 4v8M10.3 4v8", "stroke-width": 2.4 }]],
  succeeded: [["path", { d: "M3.5 8.6 6.6 11.6 12.5 4.8", fill: "none", "stroke-width": 2.2 }]],
  failed: [["path", { d: "M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6", "stroke-width": 2.2 }]],
  cancelled: [["path", { d: "M3.8 8h8.4", "stroke-width": 2.4 }]],
};

/** The state as a word with a sign. */
export function statusBadge(status) {
  const shapes = (SHAPES[status] ?? []).map(([tag, attributes]) => s(tag, attributes));
  const sign = s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "sign", stroke: "currentColor" }, shapes);
  return h("span", { class: `badge is-${status}` }, sign, status);
}

/** A bar of how much of a budget is done; `update(told, budget)` moves it. */
export function progressBar(label) {
  const fill = h("span", { class: "bar-fill" });
  const text = h("span", { class: "bar-text numbers" });
  const track = h("span", { class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": 0 }, fill);
  const element = h("span", { class: "progress" }, track, text);
  const update = (told, budget) => {
    const share = budget > 0 ? Math.min(1, told / budget) : 0;
    fill.style.inlineSize = `${100 * share}%`;
    track.setAttribute("aria-valuemax", budget);
    track.setAttribute("aria-valuenow", Math.min(told, budget));
    setText(text, budget > 0 ? `${count(told)} / ${count(budget)}` : NO_BUDGET);
    track.title = budget > 0 ? percent(share, 0) : NO_BUDGET;
  };
  return { element, update };
}

const NO_BUDGET = "no search";
