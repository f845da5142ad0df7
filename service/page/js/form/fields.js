// What the form asks for: each field by its path in the spec. Everything else can be said in the JSON.

const GRANULARITY = [
  ["sub-layer", "sub-layers: self-attention, cross-attention, FFN"],
  ["attention", "attention alone, every FFN stays"],
  ["layer", "whole layers"],
  ["none", "no layers: patches and modules alone"],
];

const PRECISION = [
  ["float32", "float32"],
  ["bfloat16", "bfloat16: faster for large backbones"],
];

/** Options that are told by the service stand as the name of a part of the catalogue. */
export const SECTIONS = [
  {
    title: "Model and task",
    fields: [
      { path: "name", label: "Name", kind: "text", hint: "letters, digits, dots, dashes" },
      { path: "backbone", label: "Backbone", kind: "select", options: "backbones" },
      { path: "task", label: "Task", kind: "select", options: "tasks" },
      { path: "data", label: "Data", kind: "select", options: "data" },
    ],
  },
  {
    title: "What may vary",
    fields: [
      { path: "space.granularity", label: "One gene keeps or drops", kind: "select", options: GRANULARITY },
      { path: "space.dropped", label: "In place of what is dropped", kind: "text", hint: "kind:size, or identity" },
      { path: "space.modules", label: "Beside what is kept", kind: "texts", hint: "kind:size, none; several: a gene" },
      { path: "space.patch_ratios", label: "Patch ratios", kind: "numbers", hint: "such as 1, 0.7; several: a gene" },
      { path: "space.foreground", label: "Foreground by", kind: "select", options: "foregrounds" },
    ],
    more: [
      { path: "space.stacks", label: "Stacks with genes", kind: "texts", hint: "none: those of the fusion" },
      { path: "space.patch_places", label: "Patches go after block", kind: "numbers", hint: "several: a gene" },
      { path: "space.patch_foreground", label: "Foreground's share", kind: "number", hint: "of what is kept, 0 to 1" },
      { path: "space.classifier_token", label: "Trained classifier token", kind: "switch", hint: "METER" },
    ],
  },
  {
    title: "Budget",
    fields: [
      { path: "budget.macs_ratio", also: ["budget.macs"], label: "Bound on MACs", kind: "bound" },
      { path: "budget.candidates", label: "Candidates", kind: "integer", hint: "each a different chromosome" },
    ],
    more: [
      { path: "budget.parameters", label: "Parameters at most", kind: "integer" },
      { path: "budget.latency_ms", label: "Latency at most", kind: "number", unit: "ms" },
      { path: "budget.peak_memory_mb", label: "Memory at most", kind: "number", unit: "MB" },
      { path: "budget.accuracy", label: "Accuracy at least", kind: "number", hint: "of the proxy, 0 to 1" },
      { path: "budget.wall_hours", label: "End after", kind: "number", unit: "hours" },
      { path: "budget.gpu_hours", label: "Scoring at most", kind: "number", unit: "GPU-hours" },
      { path: "budget.stagnation", label: "End without progress after", kind: "integer", unit: "candidates" },
    ],
  },
  {
    title: "How to search",
    fields: [
      { path: "algorithm.name", label: "Algorithm", kind: "select", options: "algorithms" },
      { path: "objectives", label: "Objectives", kind: "choices", options: "objectives" },
    ],
    settings: true,
  },
  {
    title: "How to measure",
    fields: [
      { path: "proxy.steps", label: "Proxy fine-tune", kind: "integer", unit: "steps" },
      { path: "final.steps", label: "Final fine-tune", kind: "integer", unit: "steps" },
      { path: "final.finalists", label: "Finalists", kind: "integer" },
      { path: "workers", label: "Workers", kind: "integer", hint: "can be changed while it runs" },
      { path: "seed", label: "Seed", kind: "integer" },
      { path: "reuse", label: "Take over earlier measurements", kind: "switch", hint: "of the same architecture" },
    ],
    more: [
      { path: "fidelity.warm_steps", label: "Shared warm start", kind: "integer", unit: "steps" },
      { path: "fidelity.screen", label: "Screened for each one trained", kind: "integer" },
      { path: "fidelity.rungs", label: "Rungs", kind: "numbers", hint: "steps after which the worse ones stop" },
      { path: "fidelity.keep", label: "Share that goes on", kind: "number", hint: "of each rung" },
      { path: "fidelity.audit", label: "Audited", kind: "integer", hint: "candidates, for the fidelity report" },
      { path: "precision", label: "Matrix products in", kind: "select", options: PRECISION },
      { path: "proxy.fitness_examples", label: "Fitness examples", kind: "integer" },
      { path: "proxy.batch_size", label: "Batch size", kind: "integer" },
      { path: "proxy.learning_rate", label: "Learning rate", kind: "number" },
    ],
  },
];

export const OBJECTIVES = [
  ["accuracy", "accuracy"],
  ["macs", "MACs"],
  ["parameters", "parameters"],
  ["latency_ms", "latency"],
  ["peak_memory_mb", "memory"],
];
