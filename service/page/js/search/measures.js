// What is measured of a candidate and at which stages, as people call it and read it.

import { duration, fixed, percent, short } from "../format.js";

/** The stages as a search comes to them. Scores of different ones are never compared. */
export const STAGES = {
  warm: "warm start",
  probe: "look at the whole backbone",
  screen: "screen (no training)",
  "rung-1": "rung 1",
  "rung-2": "rung 2",
  "rung-3": "rung 3",
  proxy: "proxy (short fine-tune)",
  audit: "audit (longer fine-tune)",
  final: "final fine-tune",
  plain: "plain backbone, test split",
  test: "test split",
};

/** Costs: less is better. */
export const COSTS = {
  macs: { name: "MACs per example", brief: "MACs", tick: "~s", text: short },
  parameters: { name: "parameters", brief: "parameters", tick: "~s", text: short },
  latency_ms: { name: "latency (ms)", brief: "latency", tick: "", text: (value) => unit(value, "ms") },
  peak_memory_mb: { name: "peak memory (MB)", brief: "peak memory", tick: "", text: (value) => unit(value, "MB") },
};

/** A measured value by its name in a measurement. */
export function said(name, value) {
  if (COSTS[name] !== undefined) return COSTS[name].text(value);
  if (name === "accuracy") return percent(value);
  if (name.endsWith("seconds")) return duration(value);
  return Math.abs(value) >= 1000 ? short(value) : fixed(value, 4);
}

function unit(value, name) {
  return value === null || value === undefined ? fixed(value) : `${fixed(value, value < 10 ? 2 : 1)} ${name}`;
}
