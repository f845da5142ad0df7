// `panel`: a part of a view under a heading, with controls beside it.

import { h } from "../dom.js";

export function panel(title, { name, controls = [] } = {}, ...children) {
  const head = h("div", { class: "panel-head" }, h("h2", null, title), h("div", { class: "panel-controls" }, controls));
  return h("section", { class: `panel panel-${name}`, "aria-label": title }, head, children);
}

/** A choice from a few: `options` is [[value, name], ...]; `onChange(value)`. `fill(options)` gives it others. */
export function choice(label, onChange) {
  const select = h("select", { "aria-label": label, onchange: () => onChange(select.value) });
  const fill = (options, value) => {
    const known = [...select.options].map((each) => each.value).join("\n");
    if (known !== options.map(([each]) => each).join("\n")) {
      select.replaceChildren(...options.map(([each, name]) => h("option", { value: each }, name)));
    }
    select.value = value;
  };
  return { element: h("label", { class: "choice" }, h("span", null, label), select), fill };
}

/** A table of `head` and `rows`, each row a list of cells; numbers are to be read in columns. */
export function table(caption, head, rows) {
  const names = h("tr", null, head.map((each) => h("th", { scope: "col" }, each)));
  const body = rows.map((row) => h("tr", null, row.map((cell) => h("td", null, cell))));
  return h(
    "div",
    { class: "scrolled", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "numbers" }, h("caption", null, caption), h("thead", null, names), h("tbody", null, body)),
  );
}
