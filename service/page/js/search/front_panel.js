// The Pareto front: every candidate of one stage, accuracy against a cost, and those that no other beats.

import { h, replace, setText } from "../dom.js";
import { count, percent } from "../format.js";
import { plot, unplot } from "../plot.js";
import { keeps } from "./chromosome.js";
import { dots, opening } from "./dots.js";
import { COSTS, STAGES } from "./measures.js";
import { onceFor, stateOf } from "./once.js";
import { paced } from "./paced.js";
import { choice, panel, table } from "./panel.js";
import { front } from "./pareto.js";
import { thinned } from "./thinning.js";

const FAINT = { size: 6, opacity: 0.45, color: "var(--series-1)" };

export function frontPanel({ candidate, open, signal }) {
  const chosen = { stage: null, cost: null };
  const stage = choice("Stage", (value) => pick({ stage: value }));
  const cost = choice("Cost", (value) => pick({ cost: value }));
  const figure = h("div", { class: "figure", role: "figure", hidden: true });
  const said = h("p", { class: "hint" });
  const list = h("div");
  const details = h("details", null, h("summary", null, "The front as a table"), list);
  let live = null;
  const isNew = onceFor();
  const isNewFront = onceFor();
  let listening = false;

  const draw = paced(async () => {
    const view = shown(live, chosen);
    if (!isNew(view.stage, view.cost, ...stateOf(live))) return;
    if (view.rows.length === 0) return void setText(said, "Nothing was measured at this stage yet.");
    setText(said, view.sentence);
    figure.hidden = false; // before it is measured
    figure.setAttribute("aria-label", view.sentence);
    if (isNewFront(view.stage, view.cost, view.best)) replace(list, listed(live, view, candidate));
    await plot(figure, traces(live, view), layout(view));
    if (!listening) opening(figure, open);
    listening = true;
  }, { signal });
  const pick = (said) => {
    Object.assign(chosen, said);
    refresh({ now: true });
  };
  const refresh = (how) => {
    const { stages, costs, ...view } = shown(live, chosen);
    stage.fill(stages.map((each) => [each, STAGES[each]]), view.stage);
    cost.fill(costs.map((each) => [each, COSTS[each].brief]), view.cost);
    return draw(how);
  };
  const update = (now) => {
    live = now;
    return refresh();
  };
  const controls = [stage.element, cost.element];
  return {
    element: panel("Pareto front", { name: "front", controls }, said, figure, details),
    update,
    stop: () => unplot(figure),
  };
}

/** What is drawn: the stage and cost that were chosen as far as they were measured, their rows, and the front. */
function shown({ points }, chosen) {
  const there = points.stages();
  const stages = Object.keys(STAGES).filter((each) => there.includes(each) && points.rows(each, MEASURED).length > 0);
  const stage = stages.includes(chosen.stage) ? chosen.stage : stages.includes("proxy") ? "proxy" : stages.at(-1);
  const all = points.rows(stage, MEASURED);
  const costs = Object.keys(COSTS).filter((each) => all.some((row) => points[each][row] !== null));
  const cost = costs.includes(chosen.cost) ? chosen.cost : costs[0];
  const rows = cost === undefined ? [] : all.filter((row) => points[cost][row] !== null);
  const best = cost === undefined ? [] : front(points, rows, cost);
  return { stages, stage, costs, cost, rows, best, sentence: sentence(points, { stage, cost, rows, best }) };
}

const MEASURED = { measured: true };

function sentence(points, { stage, cost, rows, best }) {
  const many = `${count(rows.length)} measured at stage ${STAGES[stage]}`;
  if (best.length === 0) return `${many}, none within the bounds.`;
  const what = `${count(best.length)} on the front of accuracy against ${COSTS[cost].brief}`;
  const end = (row) => `${percent(points.accuracy[row])} at ${COSTS[cost].text(points[cost][row])}`;
  return `${many}, ${what}, from ${end(best[0])} to ${end(best.at(-1))}.`;
}

function traces({ points, search }, { cost, rows, best }) {
  const at = { x: (row) => points[cost][row], y: (row) => points.accuracy[row], genes: search.genes };
  const inside = rows.filter((row) => points.within[row]);
  const beyond = rows.filter((row) => !points.within[row]);
  const line = { mode: "lines+markers", line: { shape: "hv", width: 1.5, color: "var(--series-2)" } };
  return [
    dots(points, sparse(inside, at), { ...at, name: "candidates", marker: FAINT }),
    ...(beyond.length === 0 ? [] : [dots(points, sparse(beyond, at), { ...at, ...BEYOND })]),
    dots(points, best, { ...at, name: "front", ...line, marker: DIAMOND }),
    ...starred(points, rows, search, at),
  ];
}

const CROSS = { size: 6, symbol: "x-thin", line: { width: 1.5, color: "var(--ink-faint)" } };
const BEYOND = { name: "beyond a bound", marker: CROSS };
const DIAMOND = { size: 9, symbol: "diamond", color: "var(--series-2)" };
const STAR = { size: 15, symbol: "star", color: "var(--series-5)", line: { width: 1, color: "var(--ink)" } };

/** The rows of those dots that are not hidden behind others. */
function sparse(rows, { x, y }) {
  return thinned(rows.map(x), rows.map(y)).map((place) => rows[place]);
}

/** The winner's chromosome at this stage; the best so far where nothing has won yet. */
function starred(points, rows, search, at) {
  const won = search.chosen === null ? -1 : points.index.indexOf(search.chosen);
  const best = (row) => points.index[row] === search.best?.index;
  const found = rows.filter(won < 0 ? best : (row) => points.genome[row] === points.genome[won]);
  const name = won < 0 ? "best so far" : "chosen";
  return found.length === 0 ? [] : [dots(points, found, { ...at, name, marker: STAR })];
}

function layout({ stage, cost }) {
  return {
    uirevision: `${stage} ${cost}`, // a zoom is into one pair of axes
    xaxis: { title: { text: COSTS[cost].name }, tickformat: COSTS[cost].tick },
    yaxis: { title: { text: "accuracy" }, tickformat: ".0%" },
    hovermode: "closest",
  };
}

function listed({ points, search }, { best }, candidate) {
  const costs = Object.keys(COSTS).filter((each) => best.some((row) => points[each][row] !== null));
  const head = ["candidate", "accuracy", ...costs.map((each) => COSTS[each].brief), "keeps"];
  const rows = best.map((row) => [
    h("a", { href: candidate(points.index[row]) }, `${points.index[row]}`),
    percent(points.accuracy[row]),
    ...costs.map((each) => COSTS[each].text(points[each][row])),
    keeps(points.genome[row], search.genes),
  ]);
  return table("Candidates on the front, cheapest first", head, rows);
}
