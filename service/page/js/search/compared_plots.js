// Several searches in one picture: their fronts, and how fast each found its best.

import { h, setText } from "../dom.js";
import { plot, unplot } from "../plot.js";
import { dots, opening } from "./dots.js";
import { climb } from "./fitness_panel.js";
import { COSTS } from "./measures.js";
import { paced } from "./paced.js";
import { choice, panel } from "./panel.js";
import { front, records } from "./pareto.js";

export const MOST = 7; // searches: as many as there are colours that everybody can tell apart

const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid"];

/** What every trace of the search at this place shares, so that it is known without its colour, too. */
function look(place) {
  const color = `var(--series-${place + 1})`;
  return { color, symbol: SYMBOLS[place], line: { color, width: 2, dash: DASHES[place], shape: "hv" } };
}

/** `compared` is a list of {search, points}. */
export function frontsPanel({ open, signal }) {
  const figure = h("div", { class: "figure", role: "figure", hidden: true });
  const said = h("p", { class: "hint" }, "No proxy was measured yet.");
  let compared = [];
  let cost = "macs";
  let listening = false;
  const select = choice("Cost", (value) => {
    cost = value;
    draw({ now: true });
  });
  const draw = paced(async () => {
    const costs = Object.keys(COSTS).filter((each) => compared.some(({ points }) => points.has(each)));
    if (costs.length === 0) return;
    if (!costs.includes(cost)) cost = costs[0];
    select.fill(costs.map((each) => [each, COSTS[each].brief]), cost);
    const label = `Fronts of the proxy stage, accuracy against ${COSTS[cost].name}, of ${everyName(compared)}.`;
    setText(said, label);
    figure.hidden = false; // before it is measured
    figure.setAttribute("aria-label", label);
    await plot(figure, compared.map((each, place) => frontTrace(each, place, cost)), frontLayout(cost));
    if (!listening) opening(figure, open);
    listening = true;
  }, { signal });
  const update = (now) => {
    compared = now;
    return draw();
  };
  const element = panel("Fronts", { name: "front", controls: [select.element] }, said, figure);
  return { element, update, stop: () => unplot(figure) };
}

function frontTrace({ name, search, points }, place, cost) {
  const { color, symbol, line } = look(place);
  const rows = front(points, points.rows("proxy", { measured: true }), cost);
  const at = { x: (row) => points[cost][row], y: (row) => points.accuracy[row], genes: search.genes };
  const trace = dots(points, rows, { ...at, name, mode: "lines+markers", line, marker: { size: 9, color, symbol } });
  return { ...trace, customdata: rows.map((row) => [search.id, points.index[row]]) };
}

function frontLayout(cost) {
  return {
    uirevision: cost, // a zoom is into one pair of axes
    xaxis: { title: { text: COSTS[cost].name }, tickformat: COSTS[cost].tick },
    yaxis: { title: { text: "accuracy" }, tickformat: ".0%" },
    hovermode: "closest",
    showlegend: true,
  };
}

export function climbsPanel({ signal }) {
  const figure = h("div", { class: "figure", role: "figure", hidden: true });
  const said = h("p", { class: "hint" }, "No proxy was measured yet.");
  let compared = [];
  const draw = paced(async () => {
    const label = `The best accuracy within the bounds, by proxies measured, of ${everyName(compared)}.`;
    setText(said, label);
    figure.hidden = false; // before it is measured
    figure.setAttribute("aria-label", label);
    await plot(figure, compared.map(climbTrace), CLIMB);
  }, { signal });
  const update = (now) => {
    compared = now;
    return draw();
  };
  return { element: panel("Best so far", { name: "fitness" }, said, figure), update, stop: () => unplot(figure) };
}

const CLIMB = {
  xaxis: { title: { text: "proxies told" }, rangemode: "tozero" },
  yaxis: { title: { text: "best accuracy" }, tickformat: ".0%" },
  showlegend: true,
};

function climbTrace({ name, points }, place) {
  const rows = points.rows("proxy", { measured: true });
  const [x, y] = climb(points, rows, records(points, rows));
  const hovertemplate = `${"%{y:.1%} after %{x} proxies"}<extra>%{fullData.name}</extra>`;
  return { type: "scatter", mode: "lines", name, x, y, line: look(place).line, hovertemplate };
}

function everyName(compared) {
  return compared.map(({ name }) => name).join(", ");
}
