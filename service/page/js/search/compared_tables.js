// Several searches side by side: what each found and cost, and in what their specs differ.

import { h } from "../dom.js";
import { count, duration, elapsed, percent, short } from "../format.js";
import { statusBadge } from "../status.js";
import { table } from "./panel.js";

const SAME = ["backbone", "data", "task"]; // else scores are of different things

/** What each search found and what it cost; `compared` is a list of {search, points}. */
export function found(compared) {
  const searches = compared.map(({ search }) => search);
  const row = (name, of) => [h("span", { class: "muted" }, name), ...searches.map(of)];
  const scoring = ({ progress }) => Object.values(progress.stages).reduce((sum, each) => sum + each.seconds, 0);
  return table("What each found and what it cost", ["of each", ...compared.map(linked)], [
    row("state", (each) => statusBadge(each.status)),
    row("algorithm", (each) => each.spec.algorithm.name),
    row("proxies", (each) => `${count(each.progress.told)} of ${count(each.progress.budget)}`),
    row("best accuracy (proxy)", (each) => percent(each.best?.measurement?.accuracy)),
    row("its MACs", (each) => short(each.best?.measurement?.macs)),
    row("its parameters", (each) => short(each.best?.measurement?.parameters)),
    row("on the front", (each) => count(each.front_size)),
    row("failed", (each) => count(each.progress.failures)),
    row("scoring", (each) => duration(scoring(each))),
    row("from start to end", (each) => duration(elapsed(each.started_at, each.finished_at))),
  ]);
}

function linked({ name, search }) {
  return h("a", { href: `#/search/${search.id}` }, name);
}

/** In what the specs differ, key by key. */
export function differences(compared) {
  const flat = compared.map(({ search }) => new Map(leaves(search.spec)));
  const keys = [...new Set(flat.flatMap((each) => [...each.keys()]))].filter((key) => key !== "name");
  const rows = keys
    .map((key) => [key, ...flat.map((each) => each.get(key) ?? "–")])
    .filter(([, ...values]) => new Set(values).size > 1);
  if (rows.length === 0) return h("p", { class: "hint" }, "In nothing but their names.");
  const names = compared.map(({ name }) => name);
  return table("Keys of the specs that differ", ["key", ...names], rows);
}

/** Why scores of these searches may not be compared; null where they may. */
export function warning(compared) {
  const differ = SAME.filter((key) => new Set(compared.map(({ search }) => search.spec[key])).size > 1);
  if (differ.length === 0) return null;
  const keys = differ.join(" and ");
  return `These searches differ in ${keys}: their accuracies are of different things, so do not rank them.`;
}

function* leaves(value, name = "") {
  if (value === null || typeof value !== "object" || Array.isArray(value)) yield [name, JSON.stringify(value)];
  else for (const [key, each] of Object.entries(value)) yield* leaves(each, name === "" ? key : `${name}.${key}`);
}
