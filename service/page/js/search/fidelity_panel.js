// The fidelity report: whether the cheap scores rank candidates as longer training does, and what each stage cost.

import { h, replace, setText } from "../dom.js";
import { count, duration, fixed } from "../format.js";
import { STAGES } from "./measures.js";
import { panel, table } from "./panel.js";

const VERDICTS = { trusted: "✓ can be trusted", "not trusted": "✗ cannot be trusted", open: "? not known" };

export function fidelityPanel() {
  const said = h("p", null, "It is written when the search has succeeded.");
  const rows = h("div");
  let shown = null;
  const update = ({ search: { fidelity, id } }) => {
    if (fidelity === null || shown === id) return;
    shown = id;
    setText(said, fidelity.summary);
    replace(rows, agreements(fidelity.agreements), costs(fidelity.costs));
  };
  return { element: panel("Can the proxy be trusted?", { name: "fidelity" }, said, rows), update, stop: () => {} };
}

function agreements(found) {
  if (found.length === 0) return null;
  const head = ["stage", "against", "candidates", "Spearman", "95 % interval", "verdict"];
  const rows = found.map((each) => [
    `${STAGES[each.fidelity] ?? each.fidelity}, ${each.steps} steps`,
    `${STAGES[each.against] ?? each.against}, ${each.against_steps} steps`,
    count(each.candidates),
    fixed(each.spearman),
    each.low === null ? fixed(null) : `${fixed(each.low)} to ${fixed(each.high)}`,
    `${VERDICTS[each.verdict] ?? each.verdict}${each.restricted ? " (restricted range)" : ""}`,
  ]);
  return table("How stages rank alike", head, rows);
}

function costs(found) {
  const rows = Object.entries(found).map(([stage, { candidates, failed, seconds }]) => [
    STAGES[stage] ?? stage,
    count(candidates),
    count(failed),
    duration(seconds),
  ]);
  return table("What each stage cost", ["stage", "candidates", "failed", "scoring"], rows);
}
