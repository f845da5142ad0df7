// Numbers and times as people read them. What is not known is an en dash.

const NOTHING = "–";
const LOCALE = "en-GB";
const PREFIXES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const STEPS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** 12345 as "12,345". */
export function count(value) {
  return known(value) ? value.toLocaleString(LOCALE, { maximumFractionDigits: 0 }) : NOTHING;
}

/** 23900000 as "23.9 M"; three digits that matter. */
export function short(value) {
  if (!known(value)) return NOTHING;
  const [size, prefix] = PREFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  const number = (value / size).toLocaleString(LOCALE, { maximumSignificantDigits: 3 });
  return prefix === "" ? number : `${number} ${prefix}`;
}

/** 0.783 as "78.3 %". */
export function percent(value, digits = 1) {
  if (!known(value)) return NOTHING;
  return `${(100 * value).toLocaleString(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits })} %`;
}

/** A number with so many decimals. */
export function fixed(value, digits = 2) {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return known(value) ? value.toLocaleString(LOCALE, style) : NOTHING;
}

/** Seconds as "1 h 4 min", "12 s" or "0.35 s": two units at most. */
export function duration(seconds) {
  if (!known(seconds)) return NOTHING;
  if (seconds < 60) return `${seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`;
  const place = STEPS.findIndex(([size]) => seconds >= size);
  const [size, unit] = STEPS[place];
  const [below, small] = STEPS[place + 1] ?? [1, "s"];
  const rest = Math.floor((seconds % size) / below);
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}

/** Seconds between two times of the API; up to now where there is no end yet. */
export function elapsed(start, end) {
  if (start === null || start === undefined) return null;
  return Math.max(0, (Date.parse(end ?? new Date().toISOString()) - Date.parse(start)) / 1000);
}

/** A time of the API as "just now", "5 min ago", or its date once that says more. */
export function ago(time) {
  const seconds = elapsed(time, null);
  if (seconds === null) return NOTHING;
  if (seconds < 45) return "just now";
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString(LOCALE, { day: "numeric", month: "short", year: "numeric" });
}

/** A time of the API to the second, in the reader's own time zone. */
export function when(time) {
  if (time === null || time === undefined) return NOTHING;
  return new Date(time).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "medium" });
}

/** "1 search", "2 searches". */
export function plural(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}
