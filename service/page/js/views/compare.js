// Two or more searches beside each other: their fronts, their progress, what they cost, in what they differ.

import { h, replace } from "../dom.js";
import { climbsPanel, frontsPanel, MOST } from "../search/compared_plots.js";
import { complaints } from "../search/complaints.js";
import { differences, found, warning } from "../search/compared_tables.js";
import { paced } from "../search/paced.js";
import { panel } from "../search/panel.js";
import { named } from "../search/names.js";
import { load, Points } from "../search/points.js";
import { ENDED } from "../status.js";

const EVERY_MS = 4000;
const OFFERED = 200; // searches to choose from
const CROSS = { class: "icon-button", type: "button" };

export async function show(root, { ids = "" }, context) {
  const { api, navigate, announce, signal } = context;
  const wanted = [...new Set(ids.split(",").filter((each) => each !== ""))].slice(0, MOST);
  const compared = wanted.map((id) => ({ id, search: null, points: new Points() }));
  await Promise.all(compared.map((each) => read(api, each, signal)));
  named(compared);
  const body = h("div", { class: "search-panels" });
  replace(root, h("div", { class: "view-head" }, h("h1", null, "Compare"), await chooser(compared, context)), body);
  if (compared.length === 0) return void replace(body, h("p", { class: "hint" }, "Choose the searches to compare."));
  const open = ([id, index]) => navigate(`#/candidate/${id}/${index}`);
  const parts = [foundPanel(), frontsPanel({ open, signal }), climbsPanel({ signal }), differencesPanel()];
  replace(body, parts.map((each) => each.element));
  const failed = complaints(announce);
  const update = () => parts.forEach((each) => Promise.resolve().then(() => each.update(compared)).catch(failed));
  update();
  const again = paced(() => goOn(api, compared, { signal, update }), { signal, leastMs: EVERY_MS });
  const timer = setInterval(() => document.hidden || again().catch(failed), EVERY_MS);
  return () => {
    clearInterval(timer);
    parts.forEach((each) => each.stop());
  };
}

async function read(api, each, signal) {
  const path = `/v1/searches/${encodeURIComponent(each.id)}`;
  await load(api, path, each.points, { signal });
  each.search = await api.get(path, { signal });
}

/** What is new of those that go on. */
async function goOn(api, compared, { signal, update }) {
  const going = compared.filter(({ search }) => !ENDED.has(search.status));
  if (going.length === 0) return;
  await Promise.all(going.map((each) => read(api, each, signal)));
  update();
}

function foundPanel() {
  const alert = h("p", { class: "warning", role: "note" });
  const place = h("div");
  const update = (compared) => {
    alert.textContent = warning(compared);
    alert.hidden = warning(compared) === null;
    replace(place, found(compared));
  };
  return { element: panel("Found", { name: "found" }, alert, place), update, stop: () => {} };
}

function differencesPanel() {
  const place = h("div");
  const update = (compared) => void replace(place, differences(compared));
  return { element: panel("How they differ", { name: "differences" }, place), update, stop: () => {} };
}

/** Chips of those compared, each with a button that leaves it out, and a list to add from. */
async function chooser(compared, { api, navigate, signal }) {
  const ids = compared.map(({ id }) => id);
  const go = (chosen) => navigate(`#/compare?ids=${chosen.join(",")}`);
  const { items } = await api.get(`/v1/searches?limit=${OFFERED}`, { signal });
  const others = items.filter(({ id }) => !ids.includes(id));
  const select = h(
    "select",
    { "aria-label": "Add a search", disabled: compared.length >= MOST, onchange: () => go([...ids, select.value]) },
    h("option", { value: "", selected: true }, compared.length >= MOST ? `At most ${MOST}` : "Add a search …"),
    others.map(({ id, name, status }) => h("option", { value: id }, `${name} (${status}, ${id.slice(-6)})`)),
  );
  const chip = ({ id, name }) => {
    const leave = () => go(ids.filter((each) => each !== id));
    const button = h("button", { ...CROSS, "aria-label": `Leave out ${name}`, onclick: leave }, "×");
    return h("span", { class: "chip" }, name, button);
  };
  return h("div", { class: "row chooser" }, compared.map(chip), select);
}
