// What stands where no search does.

import { h } from "../dom.js";

/** Nothing was ever submitted. */
export function firstTime() {
  return h(
    "section",
    { class: "empty" },
    h("h2", null, "Nothing was searched here yet"),
    h("p", null, "A search takes a vision-language model and a task, and finds which layers it can do without."),
    h("p", { class: "row" }, h("a", { class: "button primary", href: "#/new" }, "Begin with the embedded world")),
    h("p", { class: "hint" }, "It needs no download, and a first result is there in about five minutes."),
  );
}

/** Nothing is as somebody wants it; `clear` shows everything again. */
export function noneLikeThat(clear) {
  const button = h("button", { class: "button", type: "button", onclick: clear }, "Show all");
  return h("section", { class: "empty" }, h("h2", null, "No search is like that"), button);
}
