// `table`: the list as a table whose rows stay the same elements, so that focus and scroll do too.

import { h, replace } from "../dom.js";
import { COLUMNS } from "./order.js";
import { row } from "./row.js";

const HEADS = {
  state: "State",
  name: "Search",
  progress: "Progress",
  owner: "Owner",
  submitted: "Submitted",
  ended: "Ended",
};

/** `acts` has chosen(id, yes), label(name) and sort(column). */
export function table(acts) {
  const heads = Object.keys(COLUMNS).map((column) => head(column, acts));
  const body = h("tbody");
  const first = h("th", { class: "col-choice" }, h("span", { class: "hidden-text" }, "Chosen"));
  const element = h(
    "table",
    { class: "searches" },
    h("caption", { class: "hidden-text" }, "Searches"),
    h("thead", null, h("tr", null, first, heads.map((each) => each.element))),
    body,
  );
  const rows = new Map();
  body.addEventListener("keydown", (event) => move(event, body, acts));
  const show = (searches, { sort, chosen }) => {
    for (const each of heads) each.mark(sort);
    const kept = new Set(searches.map((search) => search.id));
    for (const id of rows.keys()) if (!kept.has(id)) rows.delete(id);
    const shown = searches.map((search) => rows.get(search.id) ?? added(rows, search, acts));
    shown.forEach((each, place) => {
      each.update(searches[place]);
      each.check.checked = chosen.has(searches[place].id);
    });
    if (shown.some((each, place) => body.children[place] !== each.element) || body.children.length !== shown.length) {
      const focused = document.activeElement;
      replace(body, shown.map((each) => each.element));
      if (focused?.isConnected && body.contains(focused)) focused.focus({ preventScroll: true });
    }
  };
  const focusFirst = () => body.querySelector(".search-link")?.focus();
  return { element, show, focusFirst };
}

function added(rows, search, acts) {
  const made = row(search, acts);
  rows.set(search.id, made);
  return made;
}

function head(column, acts) {
  const button = h("button", { type: "button", onclick: () => acts.sort(column) }, HEADS[column]);
  const element = h("th", { class: `col-${column}`, scope: "col" }, button);
  const mark = (sort) => {
    const sorted = sort.replace("-", "") === column;
    if (sorted) element.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
    else element.removeAttribute("aria-sort");
  };
  return { element, mark };
}

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

function move(event, body, acts) {
  const here = event.target.closest("tr");
  if (here === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "x") {
    const check = here.querySelector("input");
    check.checked = !check.checked;
    acts.chosen(here.dataset.id, check.checked);
  } else if (event.key in STEPS || event.key === "Home" || event.key === "End") {
    target(event.key, here, body)?.querySelector(".search-link").focus();
  } else {
    return;
  }
  event.preventDefault();
}

function target(key, here, body) {
  if (key === "Home") return body.firstElementChild;
  if (key === "End") return body.lastElementChild;
  return STEPS[key] > 0 ? here.nextElementSibling : here.previousElementSibling;
}
