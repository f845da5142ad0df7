// What the workers did and why candidates failed.

import { h, replace, s, setText } from "../dom.js";
import { count, duration, percent, plural } from "../format.js";
import { paced } from "./paced.js";
import { panel, table } from "./panel.js";

const EVERY_MS = 5000;
const BINS = 60;
const MOST = 64; // workers shown
const WIDTH = 180; // pixels, as the next
const HEIGHT = 22;

export function activityPanel({ api, candidate, signal }) {
  const said = h("p", { class: "hint" }, "Nobody has scored anything yet.");
  const workers = h("div");
  const failures = h("div");
  let live = null;
  const read = paced(
    async () => {
      const found = await api.get(`${live.path}/activity?bins=${BINS}`, { signal });
      setText(said, sentence(found));
      replace(workers, found.workers.length === 0 ? null : workersTable(found));
      replace(failures, failed(found.failures, candidate));
    },
    { signal, leastMs: EVERY_MS },
  );
  const update = (now) => {
    live = now;
    return read();
  };
  const body = [said, workers, h("h3", null, "Failures by reason"), failures];
  return { element: panel("Workers", { name: "activity" }, body), update, stop: () => {} };
}

function sentence({ workers, utilisation, unattributed }) {
  const other = unattributed === 0 ? "" : ` ${plural(unattributed, "outcome")} cannot be said to be one worker's.`;
  if (workers.length === 0) return `Nobody has scored anything yet.${other}`;
  return `${plural(workers.length, "worker")}, busy ${percent(utilisation, 0)} of the time they were there.${other}`;
}

function workersTable({ workers, bin_seconds: seconds }) {
  const rows = workers.slice(0, MOST).map((each) => [
    each.name,
    busyLine(each, seconds),
    percent(each.utilisation, 0),
    count(each.candidates),
    count(each.failed),
  ]);
  const more = workers.length > MOST ? `, the first ${MOST} of ${count(workers.length)}` : "";
  return table(`What each worker did${more}`, ["worker", "busy", "share", "candidates", "failed"], rows);
}

/** How busy a worker was in each part of the search's time, as an area. */
function busyLine({ name, busy, utilisation }, seconds) {
  const step = WIDTH / busy.length;
  const tops = busy.map((share, bin) => `L${bin * step} ${HEIGHT * (1 - share)}H${(bin + 1) * step}`);
  const label = `${name} was busy ${percent(utilisation, 0)}; each step is ${duration(seconds)}`;
  const path = s("path", { d: `M0 ${HEIGHT}${tops.join("")}V${HEIGHT}Z` });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, class: "busy", role: "img" };
  return s("svg", { ...box, "aria-label": label, preserveAspectRatio: "none" }, path);
}

function failed(found, candidate) {
  if (found.length === 0) return h("p", { class: "hint" }, "None.");
  const rows = found.map((each) => [
    each.kind,
    count(each.count),
    h("span", { class: "long" }, each.example),
    h("a", { href: candidate(each.candidate) }, `${each.candidate}`),
  ]);
  return table("Failures by reason", ["reason", "candidates", "example", "first"], rows);
}
