// `row`: one search in the list, kept up to date in place.

import { h, replace, setText } from "../dom.js";
import { ago, when } from "../format.js";
import { progressBar, statusBadge } from "../status.js";

/** `acts` has chosen(id, yes) and label(name). */
export function row(search, acts) {
  const choice = { type: "checkbox", onchange: (event) => acts.chosen(search.id, event.target.checked) };
  const check = h("input", { ...choice, "aria-label": `Choose ${search.name} for a comparison` });
  const state = h("td", { class: "col-state" });
  const link = h("a", { href: `#/search/${search.id}`, class: "search-link" });
  const about = h("div", { class: "search-about" });
  const progress = progressBar(`Progress of ${search.name}`);
  const submitted = h("td", { class: "col-submitted numbers" });
  const ended = h("td", { class: "col-ended numbers" });
  const owner = h("td", { class: "col-owner" });
  const cells = [
    h("td", { class: "col-choice" }, check),
    state,
    h("td", { class: "col-name" }, link, about),
    h("td", { class: "col-progress" }, progress.element),
    owner,
    submitted,
    ended,
  ];
  const element = h("tr", { dataset: { id: search.id } }, cells);
  let before = null;
  const update = (now) => {
    if (before?.status !== now.status) replace(state, statusBadge(now.status));
    setText(link, now.name);
    if (String(before?.labels) !== String(now.labels)) replace(about, described(now, acts));
    progress.update(now.told, now.budget);
    setText(owner, now.owner);
    time(submitted, now.created_at);
    time(ended, now.finished_at);
    before = { ...now };
  };
  update(search);
  return { element, link, check, update };
}

function described(search, acts) {
  const facts = h("span", null, `${search.backbone} · ${search.task} · ${search.algorithm}`);
  const labels = search.labels.map((label) => {
    const named = { type: "button", class: "chip", title: `Only searches with the label ${label}` };
    return h("button", { ...named, onclick: () => acts.label(label) }, label);
  });
  return [facts, labels];
}

function time(cell, value) {
  setText(cell, ago(value));
  cell.title = value === null ? "" : when(value);
}
