// What searches are called where several stand together: by name, and by the end of the id where names repeat.

/** Gives each of a list of {search, ...} its `name`. */
export function named(compared) {
  const times = new Map();
  for (const { search } of compared) times.set(search.name, (times.get(search.name) ?? 0) + 1);
  for (const each of compared) {
    const { name, id } = each.search;
    each.name = times.get(name) > 1 ? `${name} (${id.slice(-4)})` : name;
  }
  return compared;
}
