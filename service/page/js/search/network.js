// The network as its blocks: which sub-layers a candidate keeps, what stands beside them or in their place.

import { s } from "../dom.js";

const KINDS = { msa: ["SA", "self-attention"], ca: ["CA", "cross-attention"], ffn: ["FF", "FFN"] };
const STACKS = {
  block: "blocks", text: "text stream", image: "image stream", vision: "image encoder", language: "text encoder",
};
const LABEL = 84; // pixels, as all of these
const WIDTH = 38;
const HEIGHT = 22;
const GAP = 8;
const TOP = 18;

/** The drawing of an architecture as the API gives it; `subLayers` are the backbone's, such as "block.3.ffn". */
export function network(subLayers, architecture) {
  const stacks = stacksOf(subLayers, architecture.choices);
  let top = 4;
  const rows = [];
  for (const [stack, blocks] of stacks) {
    rows.push(drawnStack(stack, blocks, { top, patches: placeOf(architecture.patches, stack) }));
    top += TOP + HEIGHT * deepest(blocks) + 2 * GAP;
  }
  const across = LABEL + (WIDTH + GAP) * Math.max(0, ...[...stacks.values()].map((blocks) => blocks.size)) + GAP;
  const label = described(subLayers, architecture);
  const size = { viewBox: `0 0 ${across} ${top}`, width: across, height: top };
  return s("svg", { class: "network", role: "img", "aria-label": label, ...size }, rows);
}

/** In words: how much is kept, what is dropped, which patches are looked at. */
export function described(subLayers, { choices, patches }) {
  const dropped = subLayers.filter((_, place) => !choices[place][0]);
  const kept = choices.length - dropped.length;
  const filter = patches === null ? "" : `; ${share(patches.ratio)} of the patches after block ${patches.after_block}`;
  return `keeps ${kept} of ${choices.length} sub-layers; drops ${dropped.join(", ") || "none"}${filter}`;
}

function stacksOf(subLayers, choices) {
  const stacks = new Map();
  subLayers.forEach((name, place) => {
    const [stack, block, kind] = name.split(".");
    if (!stacks.has(stack)) stacks.set(stack, new Map());
    const blocks = stacks.get(stack);
    blocks.set(block, [...(blocks.get(block) ?? []), { name, kind, choice: choices[place] }]);
  });
  return stacks;
}

function placeOf(patches, stack) {
  return patches !== null && (stack === "block" || stack === "vision") ? patches : null;
}

function deepest(blocks) {
  return Math.max(...[...blocks.values()].map((cells) => cells.length));
}

function drawnStack(stack, blocks, { top, patches }) {
  const label = s("text", { x: 0, y: top + TOP + 15, class: "stack" }, STACKS[stack] ?? stack);
  const columns = [...blocks].map(([block, cells], place) => drawnBlock(block, cells, { left: leftOf(place), top }));
  const filter = patches === null ? [] : [drawnFilter(patches, { top, height: HEIGHT * deepest(blocks) })];
  return s("g", {}, label, columns, filter);
}

function leftOf(place) {
  return LABEL + place * (WIDTH + GAP);
}

function drawnBlock(block, cells, { left, top }) {
  const number = s("text", { x: left + WIDTH / 2, y: top + 12, class: "number" }, block);
  return s("g", {}, number, cells.map((cell, place) => drawnCell(cell, { left, top: top + TOP + place * HEIGHT })));
}

function drawnCell({ name, kind, choice: [keep, module, bare] }, { left, top }) {
  const [short, long] = KINDS[kind] ?? [kind, kind];
  const what = module === null ? "" : `, ${module} ${keep ? "beside it" : `in its place${bare ? ", bare" : ""}`}`;
  const box = { x: left, y: top, width: WIDTH, height: HEIGHT - 3, rx: 3, class: keep ? "kept" : "dropped" };
  const parts = [s("rect", box), s("text", { x: left + 5, y: top + 14, class: keep ? "kept" : "dropped" }, short)];
  if (module !== null) parts.push(s("circle", { cx: left + WIDTH - 8, cy: top + 9.5, r: 4, class: "module" }));
  return s("g", { class: "cell" }, s("title", {}, `${name}, ${long}: ${keep ? "kept" : "dropped"}${what}`), parts);
}

function drawnFilter({ ratio, after_block: after, mode }, { top, height }) {
  const x = leftOf(after) - GAP / 2;
  const line = s("line", { x1: x, x2: x, y1: top + TOP - 4, y2: top + TOP + height });
  const title = s("title", {}, `patch filter (${mode}): ${share(ratio)} of the patches go on after block ${after}`);
  return s("g", { class: "filter" }, title, line, s("text", { x: x + 2, y: top + 6 }, share(ratio)));
}

function share(ratio) {
  return `${Math.round(ratio * 100)} %`;
}
