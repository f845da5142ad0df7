// `complaints`: says what went wrong, each thing once: what fails at every look would never be silent.

import { isAbort } from "../problem.js";

export function complaints(announce) {
  const known = new Set();
  return (error) => {
    const text = error.detail ?? error.message;
    if (!isAbort(error) && !known.has(text)) announce(text, "problem");
    known.add(text);
  };
}
