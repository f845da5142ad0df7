// Which of the searches that are there are shown, and in which order.

import { STATUSES } from "../status.js";

/** The columns that can be sorted by: what of a search counts. */
export const COLUMNS = {
  state: (search) => STATUSES.indexOf(search.status),
  name: (search) => search.name.toLowerCase(),
  progress: (search) => (search.budget > 0 ? search.told / search.budget : 1),
  owner: (search) => search.owner.toLowerCase(),
  submitted: (search) => search.created_at,
  ended: (search) => search.finished_at ?? "",
};

/** Those that have every word of `text` somewhere, by a column; "-name" is the other way round. */
export function arranged(searches, { text, sort }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = searches.filter((search) => words.every((word) => said(search).includes(word)));
  const down = sort.startsWith("-");
  const by = COLUMNS[sort.replace("-", "")] ?? COLUMNS.submitted;
  return shown.sort((a, b) => (down ? -1 : 1) * compared(by(a), by(b)) || compared(b.id, a.id));
}

function compared(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function said(search) {
  const { id, name, owner, backbone, task, algorithm, status, labels } = search;
  return [id, name, owner, backbone, task, algorithm, status, ...labels].join("\n").toLowerCase();
}
