// `onceFor`: nothing is drawn anew that would look the same.

/** Whether what `key` says is other than at the last call. */
export function onceFor() {
  let last = null;
  return (...key) => {
    const said = JSON.stringify(key);
    const other = said !== last;
    last = said;
    return other;
  };
}

/** What every plot of a search depends on. */
export function stateOf({ points, search }) {
  return [points.length, search.best?.index ?? null, search.chosen];
}
