// The network of the best candidate, drawn as its blocks.

import { h, replace } from "../dom.js";
import { COSTS, said } from "./measures.js";
import { network } from "./network.js";
import { panel } from "./panel.js";

/** What the signs of a drawing mean. */
export function legend() {
  const item = (name, text) => h("span", { class: `key key-${name}` }, text);
  return h(
    "p",
    { class: "legend" },
    item("kept", "kept"),
    item("dropped", "dropped"),
    item("module", "trainable module, beside what is kept or in place of what is dropped"),
  );
}

/** The backbone's sub-layers in gene order; null where it is not registered here. */
export async function subLayersOf(api, search, signal) {
  const found = (await api.get("/v1/backbones", { signal })).find((each) => each.name === search.spec.backbone);
  return found === undefined || found.sub_layers.length === 0 ? null : found.sub_layers;
}

const UNKNOWN = "The backbone is not registered here as this search knew it, so nothing is drawn.";

/** The drawing of a candidate, or why there is none. */
export function drawn(subLayers, architecture) {
  if (subLayers === null || architecture === null || architecture.choices.length !== subLayers.length) {
    return h("p", { class: "hint" }, UNKNOWN);
  }
  const box = { class: "scrolled", tabindex: "0", role: "region", "aria-label": "The network" };
  return h("div", null, h("div", box, network(subLayers, architecture)), legend());
}

export function networkPanel({ candidate, subLayers }) {
  const place = h("div");
  const who = h("p", { class: "hint" }, "Nothing is the best yet.");
  let shown = null;
  const update = ({ search: { best, chosen } }) => {
    const state = `${best?.index} ${chosen}`;
    if (best === null || shown === state) return;
    shown = state;
    const link = (text, index) => h("a", { href: candidate(index) }, text);
    const won = chosen === null ? "." : ["; after the final fine-tune ", link(`candidate ${chosen}`, chosen), " won."];
    replace(who, link(`Candidate ${best.index}`, best.index), ` at the ${best.fidelity} stage`, won);
    replace(place, drawn(subLayers, best.architecture), measured(best.measurement));
  };
  return { element: panel("Best so far", { name: "network" }, who, place), update, stop: () => {} };
}

function measured(measurement) {
  const names = ["accuracy", ...Object.keys(COSTS)].filter((name) => name in (measurement ?? {}));
  const value = (name) => h("dd", null, said(name, measurement[name]));
  const figures = names.map((name) => h("div", null, h("dt", null, COSTS[name]?.brief ?? name), value(name)));
  return h("dl", { class: "figures numbers" }, figures);
}
