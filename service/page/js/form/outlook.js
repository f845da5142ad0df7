// `OutlookPanel`: what the spec means before it is submitted, beside the form, with the button that submits it.

import { h, replace } from "../dom.js";
import { count, plural } from "../format.js";
import { showGauge } from "./gauge.js";

const EXACT_BELOW = 7; // digits, of the number of chromosomes

export class OutlookPanel {
  #gauge = h("div");
  #facts = h("dl", { class: "facts numbers" });
  #refusal = h("div", { class: "refusal", role: "alert", hidden: true });

  constructor({ submit, forget }) {
    this.button = h("button", { class: "button primary wide", type: "submit" }, "Submit search");
    const over = h("button", { class: "button quiet", type: "button", onclick: forget }, "Start over");
    this.button.addEventListener("click", (event) => {
      event.preventDefault();
      submit();
    });
    this.element = h(
      "aside",
      { class: "panel outlook", "aria-label": "What this search means" },
      h("h2", null, "MACs of one example"),
      this.#gauge,
      h("h2", null, "What will be measured"),
      this.#facts,
      this.#refusal,
      h("div", { class: "row outlook-acts" }, this.button, over),
    );
  }

  /** What the service says; null as long as it says nothing. */
  show(outlook) {
    showGauge(this.#gauge, outlook);
    if (outlook === null) replace(this.#facts);
    else replace(this.#facts, facts(outlook).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
  }

  /** What is wrong that no field is to blame for. */
  refuse(messages) {
    this.#refusal.hidden = messages.length === 0;
    replace(this.#refusal, messages.map((message) => h("p", { class: "field-error" }, message)));
  }

  wait(waiting) {
    this.button.disabled = waiting;
    this.button.textContent = waiting ? "Submitting …" : "Submit search";
  }
}

function facts({ genes, chromosomes_log10: digits, proxies, audits, finals, spec }) {
  const many = digits < EXACT_BELOW ? count(Math.round(10 ** digits)) : ["10", h("sup", null, Math.floor(digits))];
  return [
    ["Chromosomes", [many, ` of ${plural(genes, "gene")}`]],
    ["Proxies", proxies === 0 ? "none: one look decides" : `${count(proxies)}, of ${plural(spec.proxy.steps, "step")}`],
    ["Audits", audits === 0 ? "none" : count(audits)],
    ["Finals", `${count(finals)}, of ${plural(spec.final.steps, "step")}`],
    ["Workers", count(spec.workers)],
  ];
}
