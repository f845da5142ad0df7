// A heat map, genes by generations: how often each sub-layer is kept as the search goes on.

import { h, setText } from "../dom.js";
import { plot, unplot } from "../plot.js";
import { isLayer } from "./chromosome.js";
import { choicesOf, cut, keepShares } from "./generations.js";
import { onceFor } from "./once.js";
import { paced } from "./paced.js";
import { panel } from "./panel.js";

const ROW = 15; // pixels
const FRAME = 90;
const SCALE = [["0", "var(--heat-none)"], ["0.5", "var(--heat-half)"], ["1", "var(--heat-full)"]];

export function heatPanel({ signal }) {
  const figure = h("div", { class: "figure", role: "figure", hidden: true });
  const said = h("p", { class: "hint" }, "No proxy was told yet.");
  const isNew = onceFor();
  let live = null;

  const draw = paced(async () => {
    const { points, search } = live;
    const rows = points.rows("proxy");
    if (rows.length === 0 || !isNew(points.length)) return;
    const names = namesOf(points.genome[rows[0]], search.genes);
    const layers = names.flatMap((name, gene) => (isLayer(name) ? [gene] : []));
    if (layers.length === 0) return void setText(said, "This search varies no layers.");
    const cutting = cut(search.spec);
    const found = keepShares(points, rows, cutting, layers);
    setText(said, sentence(found, layers.map((gene) => names[gene]), cutting));
    figure.style.blockSize = `${ROW * layers.length + FRAME}px`;
    const traces = [trace(found, layers.map((gene) => names[gene]), cutting)];
    figure.hidden = false; // before it is measured
    figure.setAttribute("aria-label", said.textContent);
    await plot(figure, traces, layout(cutting));
  }, { signal });
  const update = (now) => {
    live = now;
    return draw();
  };
  return {
    element: panel("Kept over generations", { name: "heat" }, said, figure),
    update,
    stop: () => unplot(figure),
  };
}

/** The genes' names; their places where the backbone is not known here. */
function namesOf(word, genes) {
  const choices = choicesOf(word);
  return genes.length === choices.length ? genes : choices.map((_, gene) => `gene.${gene}`);
}

function sentence({ shares, columns }, names, { word }) {
  const last = shares.map((row, gene) => [row.at(-1), names[gene]]).sort(([one], [other]) => one - other);
  const [least] = last;
  const most = last.at(-1);
  const text = ([share, name]) => `${name} (${Math.round(100 * share)} %)`;
  const extremes = `least often ${text(least)}, most often ${text(most)}`;
  return `Share of candidates that keep each layer. In ${word} ${columns.at(-1)}: ${extremes}.`;
}

function trace({ columns, shares, counts }, names, { word }) {
  return {
    type: "heatmap",
    x: columns,
    y: names,
    z: shares,
    text: shares.map(() => counts.map((count) => `${count} candidates`)),
    hovertemplate: `%{y}, ${word} %{x}<br>kept by %{z:.0%} of %{text}<extra></extra>`,
    zmin: 0,
    zmax: 1,
    colorscale: SCALE,
    xgap: columns.length > 60 ? 0 : 1,
    ygap: 1,
    colorbar: { tickformat: ".0%", thickness: 10, outlinewidth: 0, title: { text: "kept", side: "right" } },
  };
}

function layout({ word }) {
  return {
    xaxis: { title: { text: word }, type: "category", nticks: 8, tickangle: 0, showgrid: false },
    yaxis: { autorange: "reversed", type: "category", dtick: 1, showgrid: false, tickfont: { size: 10 } },
  };
}
