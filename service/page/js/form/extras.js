// `Extras`: what is said about a search beside its spec.

import { h } from "../dom.js";

export class Extras {
  #labels;
  #priority;
  #seeds;

  constructor(labels) {
    const text = { type: "text", autocomplete: "off" };
    this.#labels = h("input", { ...text, id: "labels", value: labels.join(", "), "aria-describedby": "labels-hint" });
    const rank = { type: "number", min: -100, max: 100, placeholder: "0" };
    this.#priority = h("input", { ...rank, id: "priority", "aria-describedby": "priority-hint" });
    this.#seeds = h("input", { ...text, id: "seeds", spellcheck: "false", "aria-describedby": "seeds-hint" });
    this.element = h(
      "fieldset",
      { class: "panel section" },
      h("legend", null, "About it"),
      h(
        "div",
        { class: "fields" },
        part("labels", "Labels", this.#labels, "with commas between them"),
        part("priority", "Priority", this.#priority, "among your searches; higher first"),
        part("seeds", "Begin with the best of", this.#seeds, "the id of an ended search in the same space"),
      ),
    );
  }

  forget() {
    for (const each of [this.#labels, this.#priority, this.#seeds]) each.value = "";
  }

  /** As the query of a submission, with its question mark; empty where nothing is said. */
  query() {
    const labels = this.#labels.value.split(",").map((label) => label.trim());
    const said = labels.filter(Boolean).map((label) => ["label", label]);
    if (this.#priority.value !== "") said.push(["priority", this.#priority.value]);
    if (this.#seeds.value.trim() !== "") said.push(["seeds_from", this.#seeds.value.trim()]);
    return said.length === 0 ? "" : `?${new URLSearchParams(said)}`;
  }
}

function part(id, label, control, hint) {
  const title = h("label", { class: "field-label", for: id }, label);
  return h("div", { class: "form-field" }, title, control, h("p", { class: "hint", id: `${id}-hint` }, hint));
}
