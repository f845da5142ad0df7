// Fitness over evaluations: each proxy in the order in which it was told, and the best by then.

import { h, setText } from "../dom.js";
import { count, percent } from "../format.js";
import { plot, unplot } from "../plot.js";
import { dots, opening } from "./dots.js";
import { onceFor, stateOf } from "./once.js";
import { paced } from "./paced.js";
import { panel } from "./panel.js";
import { records } from "./pareto.js";
import { thinned } from "./thinning.js";

export function fitnessPanel({ open, signal }) {
  const figure = h("div", { class: "figure", role: "figure", hidden: true });
  const said = h("p", { class: "hint" }, "No proxy was measured yet.");
  let live = null;
  const isNew = onceFor();
  let listening = false;

  const draw = paced(async () => {
    const rows = live.points.rows("proxy", { measured: true });
    if (rows.length === 0 || !isNew(...stateOf(live))) return;
    const best = records(live.points, rows);
    const label = sentence(live.points, rows, best);
    setText(said, label);
    figure.hidden = false; // before it is measured
    figure.setAttribute("aria-label", label);
    await plot(figure, traces(live, rows, best), LAYOUT);
    if (!listening) opening(figure, open);
    listening = true;
  }, { signal });
  const update = (now) => {
    live = now;
    return draw();
  };
  return {
    element: panel("Fitness over evaluations", { name: "fitness" }, said, figure),
    update,
    stop: () => unplot(figure),
  };
}

const LAYOUT = {
  xaxis: { title: { text: "proxies told" }, rangemode: "tozero" },
  yaxis: { title: { text: "accuracy" }, tickformat: ".0%" },
  hovermode: "closest",
};

/** The best so far as a line of steps, over how many were told: [[...], [...]]. */
export function climb(points, rows, best) {
  const place = new Map(rows.map((row, order) => [row, order + 1]));
  const xs = best.map((row) => place.get(row));
  const ys = best.map((row) => points.accuracy[row]);
  return best.length === 0 ? [[], []] : [[...xs, rows.length], [...ys, ys.at(-1)]];
}

function sentence(points, rows, best) {
  if (best.length === 0) return `${count(rows.length)} proxies measured, none within the bounds.`;
  const last = best.at(-1);
  const since = rows.length - 1 - rows.indexOf(last);
  const found = `${percent(points.accuracy[last])}, by candidate ${points.index[last]}`;
  return `${count(rows.length)} proxies measured; the best has ${found}, and ${count(since)} came after it.`;
}

function traces({ points, search }, rows, best) {
  const orders = rows.map((_, order) => order + 1);
  const accuracies = rows.map((row) => points.accuracy[row]);
  const order = new Map(rows.map((row, place) => [row, place + 1]));
  const drawn = thinned(orders, accuracies).map((place) => rows[place]);
  const at = { x: (row) => order.get(row), y: (row) => points.accuracy[row], genes: search.genes };
  const marker = { size: 6, opacity: 0.45, color: "var(--series-1)" };
  const [xs, ys] = climb(points, rows, best);
  const line = { shape: "hv", width: 2, color: "var(--series-2)" };
  return [
    dots(points, drawn, { ...at, name: "each proxy", marker }),
    { type: "scatter", mode: "lines", name: "best within the bounds", x: xs, y: ys, line, hoverinfo: "skip" },
  ];
}
