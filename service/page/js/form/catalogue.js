// `Catalogue`: what this installation has, as choices.

import { plural } from "../format.js";
import { OBJECTIVES } from "./fields.js";

const PARTS = ["algorithms", "backbones", "data", "tasks", "foregrounds"];

export class Catalogue {
  #found;

  constructor(found) {
    this.#found = found;
  }

  static async of(api, signal) {
    const lists = await Promise.all(PARTS.map((part) => api.get(`/v1/${part}`, { signal })));
    return new Catalogue(Object.fromEntries(PARTS.map((part, place) => [part, lists[place]])));
  }

  algorithm(name) {
    return this.#found.algorithms.find((each) => each.name === name) ?? null;
  }

  /** [value, text] of a part of the catalogue, or the options themselves. */
  options(part) {
    if (Array.isArray(part)) return part;
    if (part === "objectives") return OBJECTIVES;
    return (this.#found[part] ?? []).map((each) => [each.name, titled(part, each)]);
  }
}

function titled(part, each) {
  if (each.error) return `${each.name}: cannot be read`;
  if (part === "backbones") return `${each.name}: ${plural(each.sub_layers.length, "sub-layer")}`;
  return each.name;
}
