// What people say in a dialog: more candidates, another search like this one, what they call and note.

import { submissionKey } from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { count } from "../format.js";
import { ENDED } from "../status.js";

export async function extend(search, { api, path, navigate }) {
  const { told, budget } = search.progress;
  const key = submissionKey();
  const why = `It measured ${count(told)} of ${count(budget)}. A new search takes them over and goes on from there.`;
  const body = [h("p", null, why), numberField("candidates", "Proxies in all", 2 * Math.max(budget, told))];
  const onYes = async (data) => {
    const made = await api.post(`${path}/extend`, { candidates: Number(data.get("candidates")) }, { key });
    navigate(`#/search/${made.id}`);
  };
  await ask({ title: "Extend this search", body, yes: "Queue it", onYes });
}

export async function clone(search, { api, path, navigate }) {
  const key = submissionKey();
  const body = [
    h("p", null, "The same spec is queued anew, under another name and seed if you like."),
    field("Name", h("input", { name: "name", value: search.name, required: true, maxlength: 64 })),
    numberField("seed", "Seed", search.spec.seed, { min: 0 }),
  ];
  const onYes = async (data) => {
    const patch = { name: data.get("name"), seed: Number(data.get("seed")) };
    navigate(`#/search/${(await api.post(`${path}/clone`, patch, { key })).id}`);
  };
  await ask({ title: "Clone this search", body, yes: "Queue it", onYes });
}

export async function edit(search, { api, path, changed }) {
  const going = !ENDED.has(search.status);
  const labels = h("input", { name: "labels", value: search.labels.join(", ") });
  const notes = h("textarea", { name: "notes", rows: 5, maxlength: 10_000, value: search.notes });
  const before = { labels: labels.value, notes: notes.value }; // as the browser gives them back
  const body = [
    field("Labels, a comma between them", labels),
    field("Notes", notes),
    going && numberField("workers", "Workers", search.workers),
    going && numberField("priority", "Priority among your searches", search.priority, { min: -100 }),
  ];
  const onYes = async (data) => {
    const said = { ...changedTexts(before, data), ...changedNumbers(search, data) };
    if (Object.keys(said).length > 0) await api.patch(path, said);
  };
  if (await ask({ title: "Edit this search", body, yes: "Save", onYes })) changed();
}

/** Only what is other than before: saying a text again would undo what somebody else wrote meanwhile. */
function changedTexts(before, data) {
  const said = {};
  if (data.get("labels") !== before.labels) said.labels = separated(data.get("labels"));
  if (data.get("notes") !== before.notes) said.notes = data.get("notes");
  return said;
}

function separated(labels) {
  return labels.split(",").map((each) => each.trim()).filter((each) => each !== "");
}

/** Only what is other than before: saying a number again would be noted as a change. */
function changedNumbers(search, data) {
  const given = ["workers", "priority"].filter((name) => data.has(name)).map((name) => [name, Number(data.get(name))]);
  return Object.fromEntries(given.filter(([name, value]) => value !== search[name]));
}

function field(label, input) {
  return h("label", { class: "field" }, label, input);
}

function numberField(name, label, value, { min = 1 } = {}) {
  return field(label, h("input", { name, type: "number", min, step: 1, required: true, value }));
}
