// Which of many dots are drawn, so that a plot of 10,000 stays fluid: one for each small cell of the picture.

const MOST = 1500; // dots
const FINEST = 90; // cells from bottom to top
const COARSER = 0.8;
const ASPECT = 1.7;

/** Positions of `xs` and `ys`: all if they are few, else the last of each cell, behind which the others would hide. */
export function thinned(xs, ys) {
  let kept = Array.from(xs.keys());
  for (let up = FINEST; kept.length > MOST; up *= COARSER) kept = lastOfEach(xs, ys, up);
  return kept;
}

function lastOfEach(xs, ys, up) {
  const [left, width] = extent(xs);
  const [bottom, height] = extent(ys);
  const cells = new Map();
  for (let place = 0; place < xs.length; place += 1) {
    const column = Math.round(((xs[place] - left) / width) * up * ASPECT);
    const row = Math.round(((ys[place] - bottom) / height) * up);
    cells.set(1000 * column + row, place);
  }
  return [...cells.values()].sort((one, other) => one - other);
}

function extent(values) {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most - least || 1];
}
