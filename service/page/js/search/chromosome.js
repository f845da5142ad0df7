// A chromosome as people read it: a filled square for what is kept, an empty one for what is dropped.

import { choicesOf } from "./generations.js";

const LINE = 48; // characters

/** Whether a gene, by its name, keeps or drops a layer; the others are indices of what the spec gives several of. */
export function isLayer(name) {
  return name.includes(".");
}

/** Its squares, those of one block together; `genes` are the names of the search, empty where nobody knows them. */
export function squares(word, genes) {
  const choices = choicesOf(word);
  if (genes.length !== choices.length) return choices.join(" ");
  const groups = [];
  let block = null;
  genes.forEach((name, place) => {
    const sign = isLayer(name) ? (choices[place] === 1 ? "■" : "□") : ` ${name}: choice ${choices[place] + 1}`;
    const own = name.split(".").slice(0, 2).join(".");
    if (own === block) groups[groups.length - 1] += sign;
    else groups.push(sign);
    block = own;
  });
  return groups.join(" ");
}

/** How many of its layer genes keep something, as "18 of 24". */
export function keeps(word, genes) {
  const layers = choicesOf(word).filter((_, place) => isLayer(genes[place] ?? "."));
  return `${layers.filter((choice) => choice === 1).length} of ${layers.length}`;
}

/** `text` in lines of at most `LINE` characters, broken between blocks. */
export function lines(text) {
  const found = [""];
  for (const word of text.split(" ")) {
    const longer = `${found.at(-1)} ${word}`.trim();
    if (longer.length > LINE) found.push(word);
    else found[found.length - 1] = longer;
  }
  return found;
}
