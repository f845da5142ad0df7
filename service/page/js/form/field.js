// `field`: one thing the form asks for, with its label, its hint, and what the service says is wrong with it.

import { h, replace, setText } from "../dom.js";
import { bound } from "./bound.js";
import { VALUES } from "./values.js";

/**
 * {element, paths, show(draft, resolved, whole), refuse(message), focus()}. `changed(path, value)` hears what somebody
 * chose, undefined for the default; `options` are [value, text] where there is a choice.
 */
export function field(described, { options = [], changed, outlook }) {
  const { path, also = [], label, hint = "", unit = "" } = described;
  const id = `field-${path.replaceAll(".", "-")}`;
  const error = h("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const named = { id, "aria-describedby": `${id}-hint ${id}-error` };
  const control = CONTROLS[described.kind](named, { ...described, options, changed, outlook });
  if (control.group) control.element.setAttribute("aria-labelledby", `${id}-label`);
  const note = h("p", { class: "hint", id: `${id}-hint` }, [unit, hint].filter(Boolean).join(" · "));
  const title = titled(id, label, control);
  const element = h("div", { class: `form-field is-${described.kind}` }, title, control.element, note, error);
  const refuse = (message) => {
    setText(error, message ?? "");
    error.hidden = message === null;
    element.classList.toggle("is-refused", message !== null);
    if (!control.group) control.element.setAttribute("aria-invalid", String(message !== null));
  };
  const focus = () => (control.focus ?? control.element).focus();
  return { element, paths: [path, ...also], show: control.show, refuse, focus };
}

const CONTROLS = {
  text: typed,
  integer: typed,
  number: typed,
  texts: typed,
  numbers: typed,
  select,
  switch: flag,
  choices,
  bound,
};

function titled(id, label, control) {
  if (control.group) return h("span", { class: "field-label", id: `${id}-label` }, label);
  return h("label", { class: "field-label", for: id }, label);
}

function typed(named, { path, kind, changed }) {
  const inputmode = kind === "integer" ? "numeric" : kind === "number" ? "decimal" : null;
  const { read, write } = VALUES[kind];
  let usual;
  const said = { type: "text", inputmode, autocomplete: "off", spellcheck: "false" };
  const oninput = () => changed(path, read(element.value));
  const onblur = () => {
    if (element.value.trim() === "") element.value = write(usual); // what holds where nothing is said
  };
  const element = h("input", { ...named, ...said, oninput, onblur });
  const show = (draft, resolved) => {
    usual = resolved;
    if (document.activeElement === element) return; // nobody's typing is put right under their hands
    element.value = write(draft === undefined ? resolved : draft);
    element.placeholder = resolved === null ? "none" : "";
  };
  return { element, show };
}

function select(named, { path, options, changed, nullable = false }) {
  const onchange = () => changed(path, nullable && element.value === "" ? null : element.value);
  const element = h("select", { ...named, onchange });
  const fill = (known) => replace(element, known.map(([value, text]) => h("option", { value }, text)));
  fill(options);
  const show = (draft, resolved) => {
    const value = String((draft === undefined ? resolved : draft) ?? "");
    if (!options.some(([each]) => each === value)) fill([...options, [value, value]]);
    element.value = value;
  };
  return { element, show };
}

function flag(named, { path, changed }) {
  const onchange = () => changed(path, element.checked);
  const element = h("input", { ...named, type: "checkbox", onchange });
  const show = (draft, resolved) => {
    element.checked = draft ?? resolved ?? false;
  };
  return { element, show };
}

function choices(named, { path, options, changed }) {
  const boxes = options.map(([value]) => h("input", { type: "checkbox", value, onchange: () => tell() }));
  const labels = options.map(([, text], place) => h("label", { class: "objective" }, boxes[place], text));
  const element = h("div", { ...named, role: "group", class: "row" }, labels);
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const tell = () => changed(path, chosen());
  const show = (draft, resolved) => {
    const now = draft ?? resolved ?? [];
    for (const box of boxes) box.checked = now.includes(box.value);
  };
  return { element, show, group: true, focus: boxes[0] };
}
