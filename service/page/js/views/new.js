// The form that submits a search, with what the search would mean beside it.

import { submissionKey } from "../api.js";
import { h, replace } from "../dom.js";
import { fitting } from "../form/algorithm.js";
import { Catalogue } from "../form/catalogue.js";
import { Draft } from "../form/draft.js";
import { Extras } from "../form/extras.js";
import { JsonEditor } from "../form/json_editor.js";
import { OutlookPanel } from "../form/outlook.js";
import { placed } from "../form/refusals.js";
import { Form } from "../form/sections.js";
import { isAbort, Problem } from "../problem.js";

const SETTLE_MS = 250; // of typing, before the service is asked

/** Shows it; `params.from` is a search whose spec it begins with. */
export async function show(root, params, context) {
  const { api, signal } = context;
  const [catalogue, usual, past] = await Promise.all([
    Catalogue.of(api, signal),
    api.query("/v1/estimate", {}, { signal }),
    params.from === undefined ? null : api.get(`/v1/searches/${encodeURIComponent(params.from)}`, { signal }),
  ]);
  const view = new NewView(root, context, { catalogue, usual, past });
  await view.look();
  return () => view.stop();
}

class NewView {
  #context;
  #draft;
  #usual;
  #outlook;
  #form;
  #json;
  #panel;
  #extras;
  #asJson = false;
  #timer = null;
  #turn = 0;
  #sent = { text: null, key: null };

  constructor(root, context, { catalogue, usual, past }) {
    this.#context = context;
    this.#usual = usual;
    this.#outlook = usual;
    this.#draft = past === null ? Draft.kept() : new Draft(structuredClone(past.spec));
    const hears = { changed: (path, value) => this.#chosen(path, value), outlook: () => this.#outlook };
    this.#form = new Form(catalogue, hears);
    this.#json = new JsonEditor((data) => this.#written(data));
    this.#extras = new Extras(past?.labels ?? []);
    this.#panel = new OutlookPanel({ submit: () => this.#submit(), forget: () => this.#forget() });
    this.#build(root, past);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** Asks what the draft means, and shows it with what is wrong about it. */
  async look() {
    const { api, signal } = this.#context;
    const turn = ++this.#turn;
    try {
      const outlook = await api.query("/v1/estimate", this.#draft.data, { signal });
      if (turn !== this.#turn) return;
      this.#outlook = outlook;
      this.#show();
      this.#refuse(outlook.refused === null ? null : new Problem({ status: 422, detail: outlook.refused }));
    } catch (error) {
      if (isAbort(error) || turn !== this.#turn) return;
      this.#show();
      this.#panel.show(null);
      this.#refuse(error);
    }
  }

  #build(root, past) {
    const title = past === null ? "New search" : `New search like ${past.name}`;
    const tabs = h(
      "div",
      { class: "tabs", role: "group", "aria-label": "How to write the spec" },
      this.#tab("Form", false),
      this.#tab("JSON", true),
    );
    this.place = h("div", { class: "stack" });
    const never = (event) => event.preventDefault(); // the button says when
    const form = h("form", { class: "form-layout", onsubmit: never }, this.place, this.#panel.element);
    replace(root, h("div", { class: "view-head" }, h("h1", null, title), tabs), form);
    this.#turnTo(false);
  }

  #tab(text, json) {
    const button = { type: "button", onclick: () => this.#turnTo(json), dataset: { json: String(json) } };
    return h("button", button, text);
  }

  #turnTo(json) {
    this.#asJson = json;
    for (const each of document.querySelectorAll(".view-head .tabs button")) {
      each.setAttribute("aria-pressed", String(each.dataset.json === String(json)));
    }
    replace(this.place, json ? this.#json.element : this.#form.element, this.#extras.element);
    this.#show();
  }

  #show() {
    const resolved = (this.#outlook ?? this.#usual).spec;
    this.#form.show(this.#draft, resolved);
    this.#json.show(this.#draft, resolved);
    this.#panel.show(this.#outlook);
  }

  #chosen(path, value) {
    if (path === "algorithm.name") this.#algorithm(value);
    else if (value === undefined) this.#draft.unset(path);
    else this.#set(path, value);
    this.#soon();
  }

  /** Settings are those of an algorithm, which the spec has to name beside them. */
  #set(path, value) {
    const name = this.#draft.get("algorithm.name") ?? this.#usual.spec.algorithm.name;
    if (path.startsWith("algorithm.")) this.#draft.set("algorithm.name", name);
    this.#draft.set(path, value);
  }

  /** Settings of one algorithm mean nothing to another, and so may objectives. */
  #algorithm(name) {
    this.#draft.data.algorithm = { name };
    const chosen = this.#draft.get("objectives") ?? this.#usual.spec.objectives;
    const objectives = fitting(name, chosen);
    if (String(objectives) === String(chosen)) return;
    this.#draft.set("objectives", objectives);
    this.#context.announce(`${name} goes with these objectives: ${objectives.join(", ")}`);
  }

  #written(data) {
    this.#draft.data = data;
    this.#soon();
  }

  #soon() {
    this.#draft.keep();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), SETTLE_MS);
  }

  #forget() {
    this.#draft.forget();
    this.#extras.forget();
    this.look();
  }

  async #submit() {
    if (this.#asJson && this.#json.broken) {
      this.#json.focus();
      return;
    }
    clearTimeout(this.#timer);
    this.#turn += 1;
    const path = `/v1/searches${this.#extras.query()}`;
    const key = this.#key(path + this.#draft.text());
    this.#panel.wait(true);
    try {
      const search = await this.#context.api.post(path, this.#draft.data, { key });
      this.#draft.forget();
      this.#context.announce(`${search.name} is ${search.status}`);
      this.#context.navigate(`#/search/${search.id}`);
    } catch (error) {
      this.#refuse(error);
      if (this.#asJson) this.#json.focus();
      else this.#form.focusRefused();
    } finally {
      this.#panel.wait(false);
    }
  }

  /** The same submission keeps its name, so that trying again after a lost answer makes no second search. */
  #key(text) {
    if (this.#sent.text !== text) this.#sent = { text, key: submissionKey() };
    return this.#sent.key;
  }

  #refuse(problem) {
    const { fields, rest } = problem === null ? { fields: new Map(), rest: [] } : placed(problem, this.#form.paths);
    this.#form.refuse(fields);
    this.#json.refuse([...fields].map(([path, message]) => `${path}: ${message}`));
    this.#panel.refuse(rest);
  }
}
