// The told candidates of one search as columns that grow: what plots and tables read.

const COLUMNS = [
  "index", "fidelity", "told_order", "told_at", "genome", "accuracy", "macs", "parameters", "latency_ms",
  "peak_memory_mb", "seconds", "within", "failure", "reused",
];

export class Points {
  constructor() {
    for (const name of COLUMNS) this[name] = [];
  }

  get length() {
    return this.index.length;
  }

  /** The `told_order` behind which the next page begins. */
  get after() {
    return this.told_order.at(-1) ?? -1;
  }

  /** Put a page of the API behind what is there. */
  append(page) {
    for (const name of COLUMNS) for (const value of page[name]) this[name].push(value);
  }

  /** The rows of one stage in the order of the tells; `measured` ones alone if asked for. */
  rows(stage, { measured = false } = {}) {
    const found = [];
    for (let row = 0; row < this.length; row += 1) {
      if (this.fidelity[row] === stage && !(measured && this.accuracy[row] === null)) found.push(row);
    }
    return found;
  }

  /** Whether any row has a value in this column. */
  has(column) {
    return this[column].some((value) => value !== null);
  }

  /** The stages that have rows, in the order in which they came. */
  stages() {
    return [...new Set(this.fidelity)];
  }
}

/** Read into `points` all that was told since; `path` is that of the search. */
export async function load(api, path, points, { signal } = {}) {
  for (let more = true; more; ) {
    const page = await api.get(`${path}/points?after=${points.after}`, { signal });
    points.append(page);
    more = page.next !== null;
  }
}
