// What the patch filter of a search's winner does to some images, and what it would do at another ratio.

import { h, replace, setText } from "../dom.js";
import { percent, plural } from "../format.js";
import { choosePatches, isForeground, isSplit } from "../patches/choose.js";
import { draw } from "../patches/picture.js";
import { Problem } from "../problem.js";

const MODES = {
  ipf: "the best of foreground and of background by score (image patch filter)",
  "score-only": "the best by score",
  "foreground-only": "foreground first, the best by score",
  random: "at random, the same places for every image of a size",
};
const LAYERS = [
  ["dropped", "Dropped patches struck out"],
  ["foreground", "Foreground framed"],
  ["scores", "Ranks as dots"],
];

export async function show(root, { id }, { api, theme, signal }) {
  const path = `/v1/searches/${encodeURIComponent(id)}`;
  const search = await api.get(path, { signal });
  const preview = await found(api, `${path}/patches`, signal);
  if (preview === null) {
    replace(root, heading(search), nothing(search));
    return () => {};
  }
  const bitmaps = await Promise.all(
    preview.images.map(async (_, number) => {
      return createImageBitmap(await api.blob(`${path}/patches/${number}.png`, { signal }));
    }),
  );
  const state = { ratio: preview.keep.ratio, shown: { dropped: true, foreground: true, scores: false } };
  const figures = preview.images.map((image, number) => figure(image, bitmaps[number], number));
  const update = () => figures.forEach((each) => each.update(preview, state));
  replace(
    root,
    heading(search),
    h("div", { class: "stack" }, [
      h("section", { class: "panel stack", "aria-label": "Filter" }, about(preview), controls(preview, state, update)),
      h("div", { class: "patch-images" }, figures.map((each) => each.element)),
    ]),
  );
  update();
  const unhear = theme.onChange(update);
  return () => {
    unhear();
    for (const bitmap of bitmaps) bitmap.close();
  };
}

/** The preview; null where the search has none. */
async function found(api, path, signal) {
  try {
    return await api.get(path, { signal });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

function heading(search) {
  const back = h("a", { href: `#/search/${encodeURIComponent(search.id)}` }, search.name);
  return h("div", { class: "view-head" }, h("h1", null, "Patches of ", back));
}

function nothing(search) {
  const ended = search.finished_at !== null;
  const why = ended
    ? "It ended without a model, its artifacts were deleted, or it is older than previews are."
    : "They are looked at when it has chosen its winner.";
  return h("section", { class: "empty" }, h("h2", null, "This search has no preview of patches"), h("p", null, why));
}

function about({ keep, filtered, foreground }) {
  const place = keep.after_block === 0 ? "behind the embedding" : `after ${plural(keep.after_block, "block")}`;
  const sees =
    foreground === "none" ? "Nobody was asked for the foreground." : `Foreground as “${foreground}” says, framed.`;
  const does = filtered
    ? `The winner keeps ${percent(keep.ratio, 0)} of the patches ${place}: ${MODES[keep.mode]}.`
    : `The winner keeps every patch. A filter ${place} would keep ${MODES[keep.mode]}.`;
  return h("p", null, `${does} ${sees}`);
}

function controls({ keep, filtered }, state, update) {
  const value = h("output", { class: "numbers", for: "keep-ratio" });
  const slider = h("input", { id: "keep-ratio", type: "range", min: "0.01", max: "1", step: "0.01" });
  const turn = (ratio) => {
    state.ratio = ratio;
    setText(value, percent(ratio, 0));
    slider.setAttribute("aria-valuetext", percent(ratio, 0));
    update();
  };
  slider.addEventListener("input", () => turn(Number(slider.value)));
  const reset = () => {
    slider.value = String(keep.ratio);
    turn(keep.ratio);
  };
  slider.value = String(keep.ratio);
  setText(value, percent(keep.ratio, 0));
  const asFound = filtered ? `As found: ${percent(keep.ratio, 0)}` : "As found: all";
  return h("div", { class: "row spread" }, [
    h("div", { class: "row patch-ratio" }, [
      h("label", { for: "keep-ratio" }, "Keep ratio"),
      slider,
      value,
      h("button", { class: "button", type: "button", onclick: reset }, asFound),
    ]),
    h("fieldset", { class: "row patch-layers" }, [
      h("legend", { class: "hidden-text" }, "Shown"),
      LAYERS.map(([name, text]) => layer(name, text, state, update)),
    ]),
  ]);
}

function layer(name, text, state, update) {
  const box = h("input", { type: "checkbox", checked: state.shown[name] });
  box.addEventListener("change", () => {
    state.shown[name] = box.checked;
    update();
  });
  return h("label", { class: "row" }, box, text);
}

function figure(image, bitmap, number) {
  const canvas = h("canvas", { role: "img" });
  const said = h("p", { class: "hint numbers" });
  const caption = h("figcaption", null, image.text === "" ? null : h("p", null, image.text), said);
  const element = h("figure", { class: "panel patch-image" }, canvas, caption);
  const update = ({ keep, patch_size: patchSize }, { ratio, shown }) => {
    const kept = choosePatches(image, { ...keep, ratio });
    draw(canvas, bitmap, image, { patchSize, kept, shown });
    const words = sentence(image, keep, kept);
    setText(said, words);
    const named = image.text === "" ? `Image ${number + 1}` : `Image ${number + 1}, “${image.text}”`;
    canvas.setAttribute("aria-label", `${named}: ${words}`);
  };
  return { element, update };
}

function sentence({ foreground }, { mode }, kept) {
  const count = kept.filter(Boolean).length;
  const all = `${count} of ${plural(kept.length, "patch", "patches")} kept`;
  if (foreground === null) return `${all}.`;
  const front = foreground.map(isForeground);
  const whole = front.filter(Boolean).length;
  const asks = mode === "ipf" || mode === "foreground-only";
  if (asks && !isSplit(foreground)) return `${all}, by score alone: no split into foreground and background.`;
  const within = kept.filter((each, place) => each && front[place]).length;
  const rest = `${count - within} of ${kept.length - whole} of the background`;
  return `${all}: ${within} of ${whole} of the foreground, ${rest}.`;
}
