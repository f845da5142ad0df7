// Keys of the whole page. Where somebody types, a letter is a letter.

import { ask } from "./dialog.js";
import { h } from "./dom.js";

const HELP = [
  ["/", "filter the list"],
  ["n", "new search"],
  ["l", "list of searches"],
  ["↑ ↓", "move in a list, also j and k"],
  ["Enter", "open"],
  ["x", "choose for a comparison"],
  ["c", "compare what is chosen"],
  ["t", "light or dark"],
  ["Esc", "leave a field or a dialog"],
  ["?", "this help"],
];

/** Listens; views listen for their own keys on their own elements. */
export function listen({ navigate, theme }) {
  const acts = {
    n: () => navigate("#/new"),
    l: () => navigate("#/"),
    t: () => theme.toggle(),
    "?": help,
    "/": () => (document.querySelector("[data-filter]") === null ? navigate("#/") : filter()),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (typing(event.target) || document.querySelector("dialog[open]") !== null) return;
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

/** What the keys do. */
export function help() {
  const rows = HELP.map(([key, what]) => h("div", null, h("dt", null, h("kbd", null, key)), h("dd", null, what)));
  return ask({ title: "Keys", body: h("dl", { class: "keys" }, rows), yes: "Close", no: null });
}

function filter() {
  document.querySelector("[data-filter]").focus();
}

function typing(element) {
  return element instanceof Element && element.matches("input:not([type=checkbox], [type=radio]), select, textarea");
}
