// `announce`: says in a word what was done or went wrong; seen for some seconds, and read out.

import { h } from "./dom.js";

const SECONDS = { info: 5, problem: 12 };

/** `kind` is "info" or "problem"; what was said stays as long as the pointer rests on it. */
export function announce(text, kind = "info") {
  const place = document.getElementById(kind === "problem" ? "alerts" : "notices");
  const note = h("div", { class: `toast is-${kind}` }, h("span", null, text));
  const close = h("button", { class: "icon-button", "aria-label": "Dismiss", onclick: () => note.remove() }, "×");
  note.append(close);
  place.append(note);
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : note.remove());
  setTimeout(leave, 1000 * SECONDS[kind]);
}
