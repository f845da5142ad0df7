// How far a search is, what it has spent, and when it will be done.

import { h, replace, setText } from "../dom.js";
import { count, duration, elapsed, percent, plural, when } from "../format.js";
import { progressBar } from "../status.js";
import { cut, generationOf } from "./generations.js";
import { STAGES } from "./measures.js";
import { panel, table } from "./panel.js";

export function progressPanel() {
  const bar = progressBar("Proxies told");
  const state = h("p", { class: "state" });
  const facts = h("dl", { class: "facts numbers" });
  const stages = h("div");
  const details = h("details", null, h("summary", null, "By stage"), stages);
  let live = null;
  const update = (now) => {
    live = now;
    const { search, stream } = live;
    bar.update(search.progress.told, search.progress.budget);
    setText(state, stateOf(search, stream));
    const rows = factsOf(search).filter(([, value]) => value !== null);
    replace(facts, rows.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
    if (details.open) replace(stages, staged(search.progress.stages));
  };
  details.addEventListener("toggle", () => live !== null && update(live));
  const element = panel("Progress", { name: "progress" }, bar.element, state, facts, details);
  return { element, update, stop: () => {} };
}

/** One line: what the search does at this moment. */
function stateOf(search, stream) {
  if (search.error !== null) return search.error;
  if (search.cancel_requested && search.status === "running") return "Stopping: the running candidates are let go.";
  if (search.pause_requested && search.status === "running") return "Taking a break as soon as its driver hears of it.";
  if (search.status === "queued") return queued(search);
  if (search.status === "paused") return "Paused: nothing is measured until somebody resumes it.";
  if (search.status === "running") return stream === "open" ? "Running; this page follows it." : "Running.";
  if (search.stopped_by !== null) return `Ended by the bound ${search.stopped_by} of its spec.`;
  return search.status === "succeeded" ? "Ended by itself." : "Ended before its time.";
}

function queued({ queue_position: position, starts_in_seconds: seconds }) {
  const before = position === null ? "" : `, about ${plural(position, "search", "searches")} before it`;
  return `Waiting${before}${seconds === null ? "" : `; starts in about ${duration(seconds)}`}.`;
}

function factsOf(search) {
  const { progress, started_at: started, finished_at: finished } = search;
  const running = search.status === "running";
  return [
    ["Time left", running ? timeLeft(search.eta_seconds) : null],
    ["Best so far", search.best === null ? null : percent(search.best.measurement?.accuracy)],
    generation(search),
    ["Finals", progress.finals_budget === 0 ? null : `${count(progress.finals)} of ${count(progress.finals_budget)}`],
    ["Failed", progress.failures === 0 ? "none" : plural(progress.failures, "candidate")],
    ["Taken over", progress.reused === 0 ? null : `${plural(progress.reused, "measurement")} of earlier searches`],
    ["Workers", count(search.workers)],
    ["Useful share", search.utilisation === null ? null : `${percent(search.utilisation, 0)} of the workers' time`],
    ["Scoring", duration(Object.values(progress.stages).reduce((sum, each) => sum + each.seconds, 0))],
    ["Began", started === null ? null : when(started)],
    [finished === null ? "Runs for" : "Took", started === null ? null : duration(elapsed(started, finished))],
    ["Attempts", search.attempts > 1 ? count(search.attempts) : null],
  ];
}

function timeLeft(seconds) {
  return seconds === null ? "not known yet" : `about ${duration(seconds)}`;
}

/** "Generation": "3 of 14"; of windows nobody speaks but the heat map. */
function generation({ spec, progress: { told, budget } }) {
  const cutting = cut(spec);
  if (cutting.word !== "generation" || budget === 0) return ["Generation", null];
  const last = 1 + generationOf(cutting, budget - 1);
  return ["Generation", `${Math.min(1 + generationOf(cutting, told), last)} of ${last}`];
}

function staged(stages) {
  const rows = Object.entries(stages).map(([stage, { asked, told, failed, reused, seconds }]) => [
    STAGES[stage] ?? stage,
    ...[asked, told, failed, reused].map(count),
    duration(seconds),
  ]);
  return table("Candidates by stage", ["stage", "asked", "told", "failed", "taken over", "scoring"], rows);
}
