// `bound`: the bound on MACs, as a share of the no-skip adapter model's or as a count, or none.

import { h } from "../dom.js";
import { number } from "./values.js";

const RATIO = "budget.macs_ratio";
const COUNT = "budget.macs";
const WAYS = { ratio: "share", count: "count", none: "none" };
const USUAL = 75; // percent, before anybody chose

/** A control of `field`; `outlook()` is what the service last said, or null. */
export function bound(named, { changed, outlook }) {
  const parts = controls({
    ratio: (typed) => {
      const share = number(typed);
      changed(RATIO, typeof share === "number" ? share / 100 : share);
    },
    count: (typed) => changed(COUNT, number(typed)),
    turn: (way) => {
      const macs = outlook()?.macs;
      changed(COUNT, way === "count" ? (macs?.bound ?? macs?.full) : undefined);
      changed(RATIO, way === "none" ? null : undefined);
      reveal(parts, way);
    },
  });
  const share = parts.share;
  const tabs = h("div", { class: "tabs" }, Object.values(parts.ways).map((way) => way.label));
  const element = h("div", { ...named, role: "group", class: "row bound" }, tabs, share, parts.count);
  const show = (_draft, _resolved, whole) => {
    const { macs = null, macs_ratio: ratio = null } = whole.budget ?? {};
    reveal(parts, macs !== null ? "count" : ratio !== null ? "ratio" : "none");
    const percent = typeof ratio === "number" ? Math.round(1000 * ratio) / 10 : (ratio ?? USUAL);
    for (const each of [parts.slider, parts.percent]) write(each, percent);
    write(parts.count, macs ?? "");
  };
  return { element, show, group: true, focus: parts.percent };
}

function controls({ ratio, count, turn }) {
  const said = { type: "text", autocomplete: "off" };
  const slide = { type: "range", min: 1, max: 100, step: 1, "aria-label": "Share of the MACs in percent" };
  const slider = h("input", {
    ...slide,
    oninput: () => {
      write(percent, slider.value);
      ratio(slider.value);
    },
  });
  const percent = h("input", {
    ...said,
    class: "percent",
    inputmode: "decimal",
    "aria-label": "The same in figures",
    oninput: () => {
      write(slider, percent.value);
      ratio(percent.value);
    },
  });
  const named = { ...said, inputmode: "numeric", "aria-label": "MACs of one example" };
  const macs = h("input", { ...named, oninput: () => count(macs.value) });
  const ways = Object.fromEntries(Object.entries(WAYS).map(([way, text]) => [way, radio(way, text, turn)]));
  const share = h("span", { class: "row share" }, slider, percent, "%");
  return { slider, percent, share, ways, count: macs };
}

function radio(way, text, turn) {
  const input = h("input", { type: "radio", name: "macs-bound", value: way, onchange: () => turn(way) });
  return { input, label: h("label", null, input, text) };
}

function reveal({ ways, share, count }, way) {
  for (const [each, { input }] of Object.entries(ways)) input.checked = each === way;
  share.hidden = way !== "ratio";
  count.hidden = way !== "count";
}

/** Where nobody is typing. */
function write(input, value) {
  if (input !== document.activeElement) input.value = value;
}
