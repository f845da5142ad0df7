// Which generation a candidate is of, as far as its search has any; else windows of as many candidates.

const WINDOWS = 40;
const COLUMNS = 120; // of a heat map, at most

/** How a spec's proxies fall into generations: `first` in the first, `rest` in each later one. */
export function cut(spec) {
  const { name, population, elitism } = spec.algorithm;
  if (name === "genetic") return { word: "generation", first: population, rest: population - (elitism ?? 0) };
  if (name === "nsga2" || name === "nsga3") return { word: "generation", first: population, rest: population };
  const size = population ?? Math.max(1, Math.ceil(spec.budget.candidates / WINDOWS));
  return { word: "window", first: size, rest: size };
}

/** The generation, from 0, of the proxy that `rank` others were asked before. */
export function generationOf(cutting, rank) {
  return rank < cutting.first ? 0 : 1 + Math.floor((rank - cutting.first) / cutting.rest);
}

/**
 * For each gene and generation the share of candidates that keep what the gene is about.
 *
 * Returns {columns, shares, counts}: names of the columns, each one generation or several where there are many;
 * `shares[gene][column]`; and how many candidates each column holds.
 */
export function keepShares(points, rows, cutting, genes) {
  const asked = [...rows].sort((one, other) => points.index[one] - points.index[other]);
  const last = asked.length ? generationOf(cutting, asked.length - 1) : 0;
  const joined = Math.ceil((last + 1) / COLUMNS);
  const width = Math.floor(last / joined) + 1;
  const counts = new Array(width).fill(0);
  const kept = genes.map(() => new Array(width).fill(0));
  asked.forEach((row, rank) => {
    const column = Math.floor(generationOf(cutting, rank) / joined);
    counts[column] += 1;
    const choices = choicesOf(points.genome[row]);
    genes.forEach((gene, place) => {
      if (choices[gene] === 1) kept[place][column] += 1;
    });
  });
  const shares = kept.map((row) => row.map((count, column) => (counts[column] ? count / counts[column] : null)));
  return { columns: counts.map((_, column) => named(column, joined, last)), shares, counts };
}

/** The choices of a genome as the API writes it: one digit for each gene, or numbers with a comma behind each. */
export function choicesOf(word) {
  return (word.includes(",") ? word.split(",").slice(0, -1) : [...word]).map(Number);
}

function named(column, joined, last) {
  const from = column * joined + 1;
  const to = Math.min((column + 1) * joined, last + 1);
  return from === to ? `${from}` : `${from}–${to}`;
}
