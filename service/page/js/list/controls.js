// The line above the list: what to show of it.

import { h } from "../dom.js";
import { STATUSES } from "../status.js";

/** `state` is {text, status, label}; `changed(part)` hears what somebody changed of it. */
export function controls(state, changed) {
  const filter = h("input", {
    type: "search",
    class: "list-filter",
    placeholder: "Filter by name, owner, label …",
    "aria-label": "Filter",
    value: state.text,
    dataset: { filter: "" },
    oninput: (event) => changed({ text: event.target.value }),
  });
  const states = h(
    "fieldset",
    { class: "tabs states" },
    h("legend", { class: "hidden-text" }, "State"),
    ["", ...STATUSES].map((status) => stateTab(status, state.status, changed)),
  );
  const place = h("div", { class: "row list-controls" }, filter, states);
  if (state.label !== "") {
    const clear = { type: "button", class: "chip is-active", "aria-label": `Without the label ${state.label}` };
    place.append(h("button", { ...clear, onclick: () => changed({ label: "" }) }, `${state.label} ×`));
  }
  return place;
}

function stateTab(status, chosen, changed) {
  const given = { type: "radio", name: "state", value: status, checked: status === chosen };
  return h("label", null, h("input", { ...given, onchange: () => changed({ status }) }), status || "all");
}
