// Which patches stay: the rule of models/patch_filter.py, so that a slider needs no network. A test holds both to that.

const FOREGROUND = 0.5; // a patch belongs to the foreground when at least this share of its area is covered

/**
 * For each patch whether it stays. An image has `scores`, `foreground` (covered shares; null where nobody looked) and
 * `order` (in mode "random"); a filter has `ratio`, `mode` and `foreground`, its beta (null: the scores decide it).
 */
export function choosePatches({ scores, foreground, order }, keep) {
  const all = scores.map(() => true);
  const budget = patchBudget(keep.ratio, scores.length);
  if (keep.mode === "random") return best(all, order, budget);
  if (keep.mode === "score-only" || foreground === null) return best(all, scores, budget);
  const front = isSplit(foreground) ? foreground.map(isForeground) : all;
  const back = front.map((each) => !each);
  const beta = keep.mode === "foreground-only" ? 1 : (keep.foreground ?? mass(scores, front));
  const most = Math.max(roundHalfEven(beta * budget), budget - sum(back));
  const quota = Math.min(most, sum(front));
  const chosen = [best(front, scores, quota), best(back, scores, budget - quota)];
  return all.map((_, place) => chosen[0][place] || chosen[1][place]);
}

/** How many of so many patches stay, at least one. */
export function patchBudget(ratio, patches) {
  return Math.max(1, roundHalfEven(ratio * patches));
}

/** Whether a covered share makes a patch foreground. */
export function isForeground(share) {
  return share >= FOREGROUND;
}

/** Whether an image has both foreground and background; else the filter goes by scores alone. */
export function isSplit(foreground) {
  return foreground !== null && foreground.some(isForeground) && !foreground.every(isForeground);
}

/** As Python and PyTorch round: 2.5 to 2, 3.5 to 4. */
function roundHalfEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The `count` best of a region by score, ties by place. */
function best(region, scores, count) {
  const places = scores.map((_, place) => place).filter((place) => region[place]);
  places.sort((one, other) => scores[other] - scores[one] || one - other);
  const chosen = new Set(places.slice(0, Math.max(0, count)));
  return scores.map((_, place) => chosen.has(place));
}

/** The share of the positive scores that lies in the front. */
function mass(scores, front) {
  const positive = scores.map((score) => Math.max(0, score));
  const weights = positive.some((score) => score > 0) ? positive : positive.map(() => 1);
  return sum(weights.map((weight, place) => (front[place] ? weight : 0))) / sum(weights);
}

function sum(values) {
  return values.reduce((total, value) => total + Number(value), 0);
}
