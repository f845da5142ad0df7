// Elements from data. Text goes in as text and never as markup, so nothing that a user wrote can become a tag.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "indeterminate", "open", "hidden"]);

/** An element: h("a", {href: "#/", class: "name", onclick: act}, "text", [more, null]). */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An element of a drawing, as `h`. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** `node` with these children in place of what it had. */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}

/** Says it to who reads, and only if it is new: an unchanged text node keeps selections and costs no layout. */
export function setText(node, text) {
  const said = String(text);
  if (node.textContent !== said) node.textContent = said;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) set(element, name, value);
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2), value);
  } else if (name === "style" && value !== null && typeof value === "object") {
    for (const [property, each] of Object.entries(value)) element.style.setProperty(property, each);
  } else if (name === "dataset") {
    Object.assign(element.dataset, value);
  } else if (PROPERTIES.has(name) && name in element) {
    element[name] = value ?? false;
  } else if (value !== null && value !== undefined && value !== false) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** What may be a child: nodes, texts, numbers, lists of them; null, undefined and booleans are nothing. */
function nodes(children) {
  return children
    .flat(Infinity)
    .filter((each) => each !== null && each !== undefined && typeof each !== "boolean")
    .map((each) => (each instanceof Node ? each : document.createTextNode(String(each))));
}
