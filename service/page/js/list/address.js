// What the list shows, as its address says it, so that it can be kept and sent.

const DEFAULTS = { text: "", status: "", label: "", sort: "-submitted" };

/** {text, status, label, sort} of the parameters of an address. */
export function stateOf(params) {
  return Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, params[name] ?? value]));
}

/** Writes it into the address; going back leaves the list, and not a letter of the filter. */
export function remember(state) {
  const said = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  history.replaceState(null, "", said.length === 0 ? "#/" : `#/?${new URLSearchParams(said)}`);
}

/** Whether something is left out. */
export function isFiltered({ text, status, label }) {
  return text !== "" || status !== "" || label !== "";
}
