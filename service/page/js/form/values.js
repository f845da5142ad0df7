// What is typed, as a value of a spec, and back.

/** By kind: `read` of what was typed, undefined where it says nothing; `write` of a value, whatever it is. */
export const VALUES = {
  text: { read: (typed) => typed.trim() || undefined, write: text },
  integer: { read: number, write: text },
  number: { read: number, write: text },
  texts: { read: parts, write: list },
  numbers: { read: (typed) => parts(typed).map((part) => number(part) ?? part), write: list },
};

/** A number; what is none goes to the service as it is, which says what is wrong with it. */
export function number(typed) {
  const said = typed.replaceAll(/\s|(?<=\d),(?=\d{3}\b)/g, ""); // 20,000,000 too
  if (said === "") return undefined;
  return Number.isFinite(Number(said)) ? Number(said) : said;
}

function parts(typed) {
  return typed.split(/[\s,;]+/).filter(Boolean);
}

function text(value) {
  return value === null || value === undefined ? "" : String(value);
}

function list(value) {
  return Array.isArray(value) ? value.join(", ") : text(value);
}
