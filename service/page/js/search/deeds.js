// What is done to a search as it is: let rest, go on, end, fetched, forgotten.

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { count } from "../format.js";

const REPORTS = [["html", "one HTML file"], ["md", "Markdown tables"], ["tex", "LaTeX tables"], ["json", "JSON"]];

export async function pause(search, { api, path, announce, changed }) {
  await api.post(`${path}/pause`);
  announce("Asked for a break. What is measured stays.");
  changed();
}

export async function resume(search, { api, path, announce, changed }) {
  await api.post(`${path}/resume`);
  announce("It goes on where it stopped.");
  changed();
}

export async function cancel(search, { api, path, changed }) {
  const told = count(search.progress.told);
  const asking = {
    title: "Cancel this search?",
    body: `${told} proxies are told. They stay, but nothing more is measured and no model is made.`,
    yes: "Cancel the search",
    no: "Let it go on",
    danger: true,
    onYes: () => api.post(`${path}/cancel`),
  };
  if (await ask(asking)) changed();
}

export async function download(search, { api, path, announce }) {
  announce("Fetching the model.");
  await api.download(`${path}/model`, `${search.name}-${search.id}.zip`);
}

export async function report(search, { api, path }) {
  const select = h("select", { name: "format" }, REPORTS.map(([value, name]) => h("option", { value }, name)));
  const body = h("label", { class: "field" }, "Form", select);
  const onYes = async (data) => {
    const form = data.get("format");
    await api.download(`${path}/report?format=${form}`, `${search.name}-report.${form}`);
  };
  await ask({ title: "Report of this search", body, yes: "Download", onYes });
}

export async function deleteModel(search, { api, path, changed }) {
  const asking = {
    title: "Delete the model?",
    body: "The exported model and what lies beside it are deleted. The measurements stay.",
    yes: "Delete the model",
    danger: true,
    onYes: () => api.del(`${path}/artifacts`),
  };
  if (await ask(asking)) changed();
}

export async function remove(search, { api, path, navigate, announce }) {
  const asking = {
    title: "Delete this search?",
    body: `“${search.name}”, its measurements and its model are deleted. Nobody can undo that.`,
    yes: "Delete it",
    danger: true,
    onYes: () => api.del(path),
  };
  if (!(await ask(asking))) return;
  announce(`${search.name} is deleted.`);
  navigate("#/");
}
