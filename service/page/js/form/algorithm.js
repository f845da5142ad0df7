// The settings of an algorithm as fields, from the JSON schema that the service has of them.

/** Descriptions for `field` of what an algorithm of the catalogue can be told besides its name. */
export function settingsOf(algorithm) {
  const { properties = {}, $defs = {} } = algorithm.settings;
  return Object.entries(properties)
    .filter(([name]) => name !== "name")
    .map(([name, schema]) => ({ path: `algorithm.${name}`, label: titled(name), ...shape(schema, $defs) }));
}

/** The first sentence of what an algorithm says of itself, on one line. */
export function inShort(algorithm) {
  return algorithm.description.split("\n\n")[0].replaceAll(/\s+/g, " ").replaceAll("`", "");
}

function shape(schema, defs) {
  const forms = (schema.anyOf ?? [schema]).map((form) => (form.$ref ? { ...defs[form.$ref.split("/").pop()] } : form));
  const nullable = forms.some((form) => form.type === "null");
  const form = forms.find((each) => each.type !== "null") ?? {};
  const hint = schema.description ?? "";
  if (form.enum === undefined) return { kind: KINDS[form.type] ?? "text", hint };
  const options = form.enum.map((value) => [value, value]);
  return { kind: "select", options: nullable ? [["", "none"], ...options] : options, nullable, hint };
}

const KINDS = { integer: "integer", number: "number", boolean: "switch" };

function titled(name) {
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

const ONE = ["genetic", "steady", "das", "ranked", "greedy"];
const SEVERAL = ["nsga2", "nsga3"];

/** The objectives that go with an algorithm: the ones chosen where they do, else the usual ones. */
export function fitting(algorithm, objectives) {
  if (ONE.includes(algorithm)) return ["accuracy"];
  return SEVERAL.includes(algorithm) && objectives.length < 2 ? ["accuracy", "macs"] : objectives;
}
