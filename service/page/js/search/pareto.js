// The Pareto front of accuracy against one cost, and what was the best by then.

/** The rows that no other beats: as accurate as any that costs no more. From the cheapest to the dearest. */
export function front(points, rows, cost) {
  const known = rows.filter((row) => points[cost][row] !== null && points.within[row]);
  known.sort((one, other) => points[cost][one] - points[cost][other] || points.accuracy[other] - points.accuracy[one]);
  let best = -Infinity;
  return known.filter((row) => {
    const better = points.accuracy[row] > best;
    if (better) best = points.accuracy[row];
    return better;
  });
}

/** The rows at which the best accuracy within the bounds rose; rows are in the order of the tells. */
export function records(points, rows) {
  let best = -Infinity;
  return rows.filter((row) => {
    const better = points.within[row] && points.accuracy[row] > best;
    if (better) best = points.accuracy[row];
    return better;
  });
}
