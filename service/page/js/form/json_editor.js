// `JsonEditor`: the spec as JSON: what was chosen, to be written freely, and the whole as the service takes it.

import { h, setText } from "../dom.js";

export class JsonEditor {
  #text;
  #error = h("p", { class: "field-error", id: "json-error", role: "alert", hidden: true });
  #broken = false; // what stands there is no spec at all
  #whole = h("pre", { class: "mono whole", tabindex: 0, role: "region", "aria-label": "The whole spec" });

  /** `changed(data)` hears an object whenever what stands there is one. */
  constructor(changed) {
    const oninput = () => this.#read(changed);
    const described = { "aria-describedby": "json-hint json-error", spellcheck: "false" };
    this.#text = h("textarea", { id: "json", class: "mono", rows: 22, ...described, oninput });
    this.element = h(
      "div",
      { class: "panel json" },
      h("label", { class: "field-label", for: "json" }, "Spec"),
      this.#text,
      this.#error,
      h("p", { class: "hint", id: "json-hint" }, "What is left out has a default; keys that nobody knows are refused."),
      h("details", null, h("summary", null, "With every default"), this.#whole),
    );
  }

  show(draft, resolved) {
    if (document.activeElement !== this.#text) this.#text.value = draft.text();
    setText(this.#whole, JSON.stringify(resolved, null, 2));
  }

  get broken() {
    return this.#broken;
  }

  refuse(messages) {
    if (!this.#broken) this.#say(messages.join("\n"));
  }

  focus() {
    this.#text.focus();
  }

  #read(changed) {
    const { data, wrong } = parsed(this.#text.value);
    this.#broken = wrong !== null;
    this.#say(wrong ?? "");
    if (wrong === null) changed(data);
  }

  #say(message) {
    setText(this.#error, message);
    this.#error.hidden = message === "";
    this.#text.setAttribute("aria-invalid", String(message !== ""));
  }
}

/** An object, or what is wrong with the text. */
function parsed(text) {
  try {
    const data = JSON.parse(text.trim() || "{}");
    const isObject = data !== null && typeof data === "object" && !Array.isArray(data);
    return isObject ? { data, wrong: null } : { wrong: "A spec is an object: { … }" };
  } catch (error) {
    return { wrong: `This is no JSON: ${error.message}` };
  }
}
