// Dots of a plot, each a candidate: its words when the pointer is on it, its page when it is clicked.

import { percent } from "../format.js";
import { keeps, lines, squares } from "./chromosome.js";
import { COSTS } from "./measures.js";

const HOVER = "%{text}<extra></extra>";

/** A trace of `rows`; `x` and `y` give the value of a row. */
export function dots(points, rows, { x, y, genes, name, ...look }) {
  return {
    type: "scatter",
    mode: "markers",
    name,
    x: rows.map(x),
    y: rows.map(y),
    text: rows.map((row) => words(points, row, genes)),
    customdata: rows.map((row) => points.index[row]),
    hovertemplate: HOVER,
    ...look,
  };
}

/** Opens the candidate that is clicked; `open` is called with the dot's customdata. To be said once of an element. */
export function opening(element, open) {
  element.on("plotly_click", ({ points }) => {
    const [{ customdata }] = points.filter((each) => each.customdata !== undefined).concat([{}]);
    if (customdata !== undefined) open(customdata);
  });
}

function words(points, row, genes) {
  const costs = Object.entries(COSTS).filter(([cost]) => points[cost][row] !== null);
  return [
    `<b>candidate ${points.index[row]}</b>, accuracy ${percent(points.accuracy[row])}`,
    costs.map(([cost, { brief, text }]) => `${brief} ${text(points[cost][row])}`).join(" · "),
    `keeps ${keeps(points.genome[row], genes)}${points.within[row] ? "" : ", beyond a bound"}`,
    ...lines(squares(points.genome[row], genes)),
  ].join("<br>");
}
