// `gauge`: the MACs budget in context: what a model costs at least, at most, and where the bound lies between.

import { h, replace } from "../dom.js";
import { percent, plural, short } from "../format.js";

/** An element for what the service says of a spec's MACs. */
export function gauge({ macs, layers, drops }) {
  const most = Math.max(macs.full, macs.backbone);
  const bound = macs.bound ?? macs.full;
  const room = [Math.min(macs.cheapest, bound), Math.min(bound, most)];
  const track = h(
    "div",
    { class: "gauge-track", role: "img", "aria-label": inWords({ macs, layers, drops }) },
    part("gauge-fixed", 0, room[0] / most),
    part("gauge-room", room[0] / most, room[1] / most),
    h("div", { class: "gauge-bound", style: { "inset-inline-start": `${(100 * Math.min(bound, most)) / most}%` } }),
  );
  const marks = h(
    "dl",
    { class: "gauge-marks" },
    mark("cheapest", "Cheapest chromosome", macs.cheapest),
    mark("bound", "Bound", macs.bound, macs.bound === null ? "none" : `${percent(macs.bound / macs.full, 0)} of all`),
    mark("backbone", "Backbone as it came", macs.backbone),
    mark("full", "All kept, with modules", macs.full),
  );
  return h("div", { class: "gauge" }, track, marks, h("p", { class: "gauge-says" }, sentence({ macs, layers, drops })));
}

const KINDS = { msa: "self-attention", ca: "cross-attention", ffn: "FFN" };

/** A bar for each layer gene: what dropping it saves. */
export function savings(layers) {
  const most = Math.max(...layers.map((layer) => Math.abs(layer.saves)), 1);
  const bars = layers.map((layer) =>
    h("span", {
      class: `saving is-${kind(layer)}`,
      style: { "block-size": `${Math.max(2, (100 * Math.max(layer.saves, 0)) / most)}%` },
      title: `${layer.name} saves ${short(layer.saves)} MACs`,
    }),
  );
  const label = `What dropping each of ${plural(layers.length, "layer")} saves; at most ${short(most)} MACs`;
  const kinds = Object.entries(KINDS).filter(([name]) => layers.some((layer) => kind(layer) === name));
  const key = kinds.map(([name, text]) => h("span", null, h("span", { class: `saving-key is-${name}` }), text));
  return [
    h("div", { class: "savings", role: "img", "aria-label": label }, bars),
    h("p", { class: "hint savings-key" }, "What dropping each one saves", key),
  ];
}

function kind(layer) {
  return layer.name.split(".").pop();
}

function part(name, from, to) {
  const style = { "inset-inline-start": `${100 * from}%`, "inline-size": `${100 * Math.max(0, to - from)}%` };
  return h("div", { class: name, style });
}

function mark(name, label, value, note = null) {
  const number = h("dd", { class: "numbers" }, value === null ? "–" : short(value), note && h("small", null, note));
  return h("div", { class: `gauge-mark is-${name}` }, h("dt", null, label), number);
}

function sentence({ macs, layers, drops }) {
  if (macs.bound === null) return "No bound: every chromosome may be measured.";
  if (drops === null) return "No number of dropped layers alone is enough for this bound.";
  if (drops.most === 0) return "Everything kept is within the bound.";
  const range = drops.fewest === drops.most ? `${drops.most}` : `${drops.fewest} to ${drops.most}`;
  return `About ${range} of ${plural(layers.length, "layer")} have to go, depending on which.`;
}

function inWords({ macs, layers, drops }) {
  const bound = macs.bound === null ? "no bound" : `a bound of ${short(macs.bound)}`;
  const ends = `The cheapest chromosome costs ${short(macs.cheapest)} MACs, everything kept ${short(macs.full)}`;
  return `${ends}; ${bound}. ${sentence({ macs, layers, drops })}`;
}

/** `place` with the gauge of what the service says; with a note where it says nothing. */
export function showGauge(place, outlook) {
  if (outlook === null) replace(place, h("p", { class: "hint" }, "Not known as long as the spec is refused."));
  else replace(place, gauge(outlook), outlook.layers.length > 0 && savings(outlook.layers));
}
