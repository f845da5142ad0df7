// `Form`: all fields of a spec, in sections; the algorithm's settings follow the algorithm.

import { h, replace } from "../dom.js";
import { inShort, settingsOf } from "./algorithm.js";
import { at } from "./draft.js";
import { field } from "./field.js";
import { SECTIONS } from "./fields.js";

export class Form {
  #catalogue;
  #hears;
  #fields = [];
  #settings = [];
  #settingsPlace = h("div", { class: "fields" });
  #about = h("p", { class: "hint algorithm-about" });
  #algorithm = null;

  /** `hears` is {changed(path, value), outlook()}. */
  constructor(catalogue, hears) {
    this.#catalogue = catalogue;
    this.#hears = hears;
    this.element = h("div", { class: "stack" }, SECTIONS.map((section) => this.#section(section)));
  }

  /** The paths that have a field. */
  get paths() {
    return this.#all.flatMap((each) => each.paths);
  }

  get #all() {
    return [...this.#fields, ...this.#settings];
  }

  /** Shows what was chosen, and for the rest what the service would take. */
  show(draft, resolved) {
    const whole = { ...resolved, ...draft.data, budget: { ...resolved.budget, ...draft.data.budget } };
    this.#follow(draft.get("algorithm.name") ?? resolved.algorithm?.name ?? null);
    for (const each of this.#all) each.show(draft.get(each.paths[0]), at(resolved, each.paths[0]), whole);
  }

  /** Map(path -> message); what it does not name is right. */
  refuse(messages) {
    for (const each of this.#all) {
      const message = each.paths.map((path) => messages.get(path)).find((said) => said !== undefined) ?? null;
      each.refuse(message);
      if (message !== null) each.element.closest("details")?.setAttribute("open", "");
    }
  }

  /** To the first field that is wrong, if one is. */
  focusRefused() {
    this.#all.find((each) => each.element.classList.contains("is-refused"))?.focus();
  }

  #section({ title, fields, more = [], settings = false }) {
    const shown = h("div", { class: "fields" }, fields.map((each) => this.#added(each)));
    const further = more.length > 0 && h("div", { class: "fields" }, more.map((each) => this.#added(each)));
    const details = further && h("details", null, h("summary", null, `More: ${title.toLowerCase()}`), further);
    const own = settings && [this.#about, h("details", null, h("summary", null, "Its settings"), this.#settingsPlace)];
    return h("fieldset", { class: "panel section" }, h("legend", null, title), shown, details, own);
  }

  #added(described) {
    const made = this.#field(described);
    this.#fields.push(made);
    return made.element;
  }

  #field(described) {
    const options = described.options === undefined ? [] : this.#catalogue.options(described.options);
    return field(described, { ...this.#hears, options });
  }

  #follow(name) {
    if (name === this.#algorithm) return;
    this.#algorithm = name;
    const algorithm = this.#catalogue.algorithm(name);
    this.#settings = algorithm === null ? [] : settingsOf(algorithm).map((each) => this.#field(each));
    this.#about.textContent = algorithm === null ? "" : inShort(algorithm);
    replace(this.#settingsPlace, this.#settings.map((each) => each.element));
    this.#settingsPlace.parentElement.hidden = this.#settings.length === 0;
  }
}
