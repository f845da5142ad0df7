// One search: how far it is, what it has found, what happens inside, and what can be done about it.

import { h, replace, setText } from "../dom.js";
import { ago, when } from "../format.js";
import { actions } from "../search/actions.js";
import { activityPanel } from "../search/activity_panel.js";
import { complaints } from "../search/complaints.js";
import { fidelityPanel } from "../search/fidelity_panel.js";
import { fitnessPanel } from "../search/fitness_panel.js";
import { frontPanel } from "../search/front_panel.js";
import { heatPanel } from "../search/heat_panel.js";
import { Live } from "../search/live.js";
import { logPanel } from "../search/log_panel.js";
import { networkPanel, subLayersOf } from "../search/network_panel.js";
import { panel } from "../search/panel.js";
import { progressPanel } from "../search/progress_panel.js";
import { statusBadge } from "../status.js";

export async function show(root, { id }, context) {
  const { api, navigate, announce, signal } = context;
  const candidate = (index) => `#/candidate/${encodeURIComponent(id)}/${index}`;
  const open = (index) => navigate(candidate(index));
  const failed = complaints(announce);
  let parts = [];
  const onChange = (live) => {
    for (const part of parts) Promise.resolve().then(() => part.update(live)).catch(failed);
  };
  const live = new Live(api, id, { signal, onChange, onProblem: failed });
  await live.start();
  const shared = { api, candidate, open, signal, subLayers: await subLayersOf(api, live.search, signal) };
  const head = heading(context, live);
  const panels = PANELS.map((make) => make(shared));
  const grid = h("div", { class: "search-panels" }, panels.map((each) => each.element));
  replace(root, head.element, grid, spec(live.search));
  parts = [head, ...panels];
  onChange(live);
  return () => panels.forEach((each) => each.stop());
}

const PANELS = [
  progressPanel,
  networkPanel,
  frontPanel,
  fitnessPanel,
  heatPanel,
  activityPanel,
  fidelityPanel,
  logPanel,
];

/** Name, state, labels, notes, links and buttons. */
function heading(context, live) {
  const { id } = live.search;
  const name = h("h1");
  const badge = h("span");
  const about = h("p", { class: "about muted" });
  const labels = h("p", { class: "labels" });
  const notes = h("p", { class: "notes" });
  const links = h("p", { class: "links" });
  const buttons = actions(context, live.path, () => live.changed());
  const update = ({ search }) => {
    setText(name, search.name);
    document.title = `${search.name} · Twinsieve`;
    if (badge.textContent !== search.status) replace(badge, statusBadge(search.status));
    setText(about, aboutOf(search));
    about.title = `submitted ${when(search.created_at)}, version ${search.version}`;
    if (labels.textContent !== search.labels.join("")) replace(labels, chips(search.labels));
    setText(notes, search.notes);
    replaceOnce(links, linksOf(search, id));
    buttons.update(search);
  };
  const title = h("div", { class: "title" }, name, badge, labels);
  const head = h("div", null, title, about, notes, links);
  return { element: h("div", { class: "view-head" }, head, buttons.element), update };
}

function aboutOf({ spec, owner, created_at: created, id }) {
  const what = `${spec.backbone} on ${spec.data}, ${spec.task}, by ${spec.algorithm.name}`;
  return `${what}; ${owner}, ${ago(created)}; ${id}`;
}

function chips(labels) {
  return labels.map((each) => h("span", { class: "chip" }, each));
}

function linksOf(search, id) {
  return [
    [`#/patches/${id}`, "Patches"],
    [`#/compare?ids=${id}`, "Compare"],
    [`#/new?from=${id}`, "New search like this"],
    ...(search.extends === null ? [] : [[`#/search/${search.extends}`, "Extends an earlier search"]]),
    ...(search.dashboard === null ? [] : [[search.dashboard, "Ray dashboard"]]),
  ];
}

/** Links are made anew only where they change: who has the focus on one keeps it. */
function replaceOnce(place, links) {
  const said = JSON.stringify(links);
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  const outside = (href) => (href.startsWith("#") ? {} : { target: "_blank", rel: "noreferrer" });
  replace(place, links.map(([href, text]) => h("a", { href, ...outside(href) }, text)));
}

function spec(search) {
  const look = { class: "log", tabindex: "0", role: "region", "aria-label": "Spec as JSON" };
  const text = h("pre", look, JSON.stringify(search.spec, null, 2));
  return panel("Spec", { name: "spec" }, h("details", null, h("summary", null, "Everything it depends on"), text));
}
