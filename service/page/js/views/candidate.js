// One candidate: what it is, what was measured of it, and its chromosome at other stages of its search.

import { h, replace } from "../dom.js";
import { duration, percent, plural, when } from "../format.js";
import { Problem } from "../problem.js";
import { isLayer, squares } from "../search/chromosome.js";
import { STAGES, said } from "../search/measures.js";
import { described } from "../search/network.js";
import { drawn, subLayersOf } from "../search/network_panel.js";
import { panel, table } from "../search/panel.js";
import { load, Points } from "../search/points.js";

export async function show(root, { id, index }, { api, signal }) {
  const path = `/v1/searches/${encodeURIComponent(id)}`;
  const place = Number(index);
  const [search, found] = await Promise.all([api.get(path, { signal }), one(api, path, place, signal)]);
  const subLayers = await subLayersOf(api, search, signal);
  document.title = `Candidate ${place} of ${search.name} · Twinsieve`;
  const elsewhere = h("div", null, h("p", { class: "hint" }, "Looking …"));
  const panels = [
    panel("Network", { name: "network" }, summary(subLayers, found), drawn(subLayers, found.architecture)),
    panel("Measured", { name: "measured" }, measured(found)),
    panel("Chromosome", { name: "chromosome" }, chromosome(found, search.genes)),
    panel("The same chromosome at every stage", { name: "elsewhere" }, elsewhere),
  ];
  replace(root, heading(search, found), h("div", { class: "search-panels" }, panels));
  const points = new Points();
  await load(api, path, points, { signal });
  replace(elsewhere, stages(points, wordOf(found.genome), search.id));
}

/** The candidate of that index. */
async function one(api, path, index, signal) {
  const some = Number.isInteger(index) && index >= 0;
  const query = `${path}/candidates?after=${index - 1}&limit=1`;
  const items = some ? (await api.get(query, { signal })).items : [];
  if (items[0]?.index !== index) {
    const detail = `This search has no candidate ${index} so far.`;
    throw new Problem({ status: 404, title: "No such candidate", detail });
  }
  return items[0];
}

function heading(search, { index, fidelity }) {
  const near = (place, name) => h("a", { class: "button quiet", href: `#/candidate/${search.id}/${place}` }, name);
  const whole = h("a", { href: `#/search/${search.id}` }, search.name);
  const about = h("p", { class: "about muted" }, `${STAGES[fidelity] ?? fidelity}, of `, whole);
  return h(
    "div",
    { class: "view-head" },
    h("div", null, h("h1", null, `Candidate ${index}`), about),
    h("div", { class: "actions" }, index > 0 && near(index - 1, "← Before"), near(index + 1, "After →")),
  );
}

function measured(found) {
  const rows = Object.entries(found.measurement ?? {}).map(([name, value]) => [name, said(name, value)]);
  const facts = [
    ["Asked", when(found.asked_at)],
    ["Told", found.told_at === null ? "not yet" : when(found.told_at)],
    ["Scoring", duration(found.seconds)],
    ["Taken over from", takenOver(found.reused_from)],
  ];
  return [
    found.failure !== null && h("p", { class: "failure" }, `Failed: ${found.failure}`),
    rows.length > 0 && table(plural(rows.length, "value"), ["name", "value"], rows),
    h("dl", { class: "facts numbers" }, facts.filter(([, value]) => value !== null).map(fact)),
  ];
}

function fact([name, value]) {
  return [h("dt", null, name), h("dd", null, value)];
}

function takenOver(id) {
  return id === null ? null : h("a", { href: `#/search/${id}` }, id);
}

function chromosome({ genome }, genes) {
  const rows = genome.map((choice, place) => {
    const name = genes[place] ?? `gene ${place}`;
    return [`${place}`, name, isLayer(name) ? (choice === 1 ? "kept" : "dropped") : `choice ${choice + 1}`];
  });
  return [
    h("p", { class: "squares", "aria-hidden": "true" }, squares(wordOf(genome), genes)),
    h("details", null, h("summary", null, plural(genome.length, "gene")), genesTable(rows)),
  ];
}

function genesTable(rows) {
  return table("Genes", ["gene", "of", "choice"], rows);
}

/** A genome as the points have it. */
function wordOf(genome) {
  return genome.every((choice) => choice < 10) ? genome.join("") : genome.map((choice) => `${choice},`).join("");
}

function stages(points, word, id) {
  const rows = points.genome.flatMap((genome, row) => (genome === word ? [row] : []));
  if (rows.length === 0) return h("p", { class: "hint" }, "Nothing was told of it yet.");
  const cells = rows.map((row) => [
    h("a", { href: `#/candidate/${id}/${points.index[row]}` }, `${points.index[row]}`),
    STAGES[points.fidelity[row]] ?? points.fidelity[row],
    points.failure[row] ?? percent(points.accuracy[row]),
    duration(points.seconds[row]),
  ]);
  return table("Scores of different stages are not compared", ["candidate", "stage", "accuracy", "scoring"], cells);
}

function summary(subLayers, { architecture }) {
  const known = subLayers !== null && architecture?.choices.length === subLayers.length;
  return known && h("p", { class: "hint" }, described(subLayers, architecture));
}
