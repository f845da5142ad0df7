// `Keys`: the API key of this tab, and the dialog that asks for one. It lives as long as the tab does.

import { ask } from "./dialog.js";
import { h } from "./dom.js";

const PLACE = "twinsieve-key";
const SENDABLE = /^[\x21-\x7e]+$/; // in a header; a request with anything else never leaves the browser
const JUST_NOW_MS = 1500; // who said no is not asked again by the next of several requests

export class Keys extends EventTarget {
  #asking = null;
  #refusedAt = -Infinity;

  get value() {
    const kept = sessionStorage.getItem(PLACE);
    return kept !== null && SENDABLE.test(kept) ? kept : null;
  }

  set value(key) {
    if (key === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, key);
    this.dispatchEvent(new Event("change"));
  }

  /** Whether there is another key than `used`, asking for it if need be; one dialog however many ask. */
  async ask(problem, used) {
    if (this.value !== used) return true;
    if (performance.now() - this.#refusedAt < JUST_NOW_MS) return false;
    this.#asking ??= this.#dialog(problem).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #dialog(problem) {
    const named = { name: "key", type: "password", required: true, placeholder: "tws_…" };
    const input = { ...named, autocomplete: "off", spellcheck: "false", "aria-describedby": "key-why" };
    const body = [
      h("p", null, "This service wants to know who asks. An admin makes keys with "),
      h("p", null, h("code", null, "twinsieve keys create NAME")),
      h("label", { class: "field" }, "API key", h("input", input)),
      h("p", { class: "hint", id: "key-why" }, problem?.detail ?? "It stays in this tab and is forgotten with it."),
    ];
    const onYes = async (data) => {
      this.value = sendable(String(data.get("key")).trim());
    };
    const given = await ask({ title: "Enter your API key", body, yes: "Use this key", onYes });
    if (!given) this.#refusedAt = performance.now();
    return given;
  }
}

function sendable(key) {
  if (SENDABLE.test(key)) return key;
  throw new Error("A key has only ASCII letters, digits and signs, and no space inside; copy it again as it was made.");
}
