// `placed`: which field of the form each thing is about that the service says is wrong.

/** {fields: Map(path -> message), rest: [message]} of a Problem, for fields with these paths. */
export function placed(problem, paths) {
  const fields = new Map();
  const rest = [];
  const errors = problem.errors?.length > 0 ? problem.errors : [{ field: "", message: problem.detail }];
  for (const { field, message } of errors) {
    const said = message.replace(/^Value error, /, "");
    const path = known(field, paths) ?? mentioned(said, paths);
    if (path === null) rest.push(field === "" || field === "spec" ? said : `${field}: ${said}`);
    else if (!fields.has(path)) fields.set(path, said);
  }
  return { fields, rest };
}

/** The field at a place of the spec or around it: "algorithm.genetic.population", "space.modules.0". */
function known(place, paths) {
  const names = place.split(".");
  if (names[0] === "algorithm" && names.length > 2) names.splice(1, 1); // which of the algorithms it is
  for (let length = names.length; length > 0; length -= 1) {
    const path = names.slice(0, length).join(".");
    if (paths.includes(path)) return path;
  }
  return place.startsWith("algorithm") && paths.includes("algorithm.name") ? "algorithm.name" : null;
}

/** The field that a sentence names first; a path of one word is one only where the sentence begins with it. */
function mentioned(text, paths) {
  let first = null;
  for (const path of paths) {
    const single = !path.includes(".") && path !== "objectives";
    const written = path.replaceAll(".", "\\.");
    const pattern = single ? `^${written}:` : `(?<![\\w.])${written}(?!\\w|\\.\\w)`;
    const index = text.search(new RegExp(pattern));
    if (index >= 0 && (first === null || index < first.index)) first = { index, path };
  }
  return first?.path ?? null;
}
