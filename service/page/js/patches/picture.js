// One image with what the filter does to it: dropped patches are veiled and struck out, foreground is framed, tinted.

import { colour } from "../plot.js";
import { isForeground } from "./choose.js";

const SIDE = 384; // pixels that a drawing has at least, along its longer side
const VEIL = 0.86;
const TINT = 0.22;

/** Draws into `canvas`; `shown` says which of `foreground`, `dropped` and `scores` are. */
export function draw(canvas, bitmap, image, { patchSize, kept, shown }) {
  const scale = Math.max(1, Math.round(SIDE / Math.max(bitmap.width, bitmap.height)));
  Object.assign(canvas, { width: bitmap.width * scale, height: bitmap.height * scale });
  const brush = canvas.getContext("2d");
  brush.imageSmoothingEnabled = scale === 1;
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const cells = grid(image, patchSize * scale);
  const front = shown.foreground && image.foreground !== null ? image.foreground.map(isForeground) : null;
  if (front !== null) tint(brush, cells, front);
  if (shown.dropped) veil(brush, cells.filter((_, place) => !kept[place]));
  if (front !== null) frame(brush, cells, front, image);
  if (shown.scores) dots(brush, cells, image.order ?? image.scores);
}

function grid({ rows, columns }, size) {
  return Array.from({ length: rows * columns }, (_, place) => ({
    x: (place % columns) * size,
    y: Math.floor(place / columns) * size,
    size,
  }));
}

function tint(brush, cells, front) {
  brush.fillStyle = colour("--series-5");
  brush.globalAlpha = TINT;
  for (const { x, y, size } of cells.filter((_, place) => front[place])) brush.fillRect(x, y, size, size);
  brush.globalAlpha = 1;
}

/** Also struck out, so that nobody has to tell shades apart. */
function veil(brush, dropped) {
  brush.fillStyle = colour("--bg");
  brush.strokeStyle = colour("--ink-faint");
  brush.lineWidth = 1.5;
  for (const { x, y, size } of dropped) {
    brush.globalAlpha = VEIL;
    brush.fillRect(x, y, size, size);
    brush.globalAlpha = 0.7;
    line(brush, x + size * 0.3, y + size * 0.7, x + size * 0.7, y + size * 0.3);
  }
  brush.globalAlpha = 1;
}

/** A line where foreground meets background or the border; a wider one under it stands out from any image. */
function frame(brush, cells, front, { columns }) {
  const edges = [];
  cells.forEach(({ x, y, size }, place) => {
    if (!front[place]) return;
    const column = place % columns;
    if (column === 0 || !front[place - 1]) edges.push([x, y, x, y + size]);
    if (column === columns - 1 || !front[place + 1]) edges.push([x + size, y, x + size, y + size]);
    if (!front[place - columns]) edges.push([x, y, x + size, y]);
    if (!front[place + columns]) edges.push([x, y + size, x + size, y + size]);
  });
  for (const [style, width] of [
    ["--bg", 6],
    ["--series-5", 3],
  ]) {
    brush.strokeStyle = colour(style);
    brush.lineWidth = width;
    for (const edge of edges) line(brush, ...edge);
  }
}

/** A dot in each patch, larger where its rank is higher: ranks and not scores, as only their order counts here. */
function dots(brush, cells, scores) {
  const ascending = scores.map((_, place) => place).sort((one, other) => scores[one] - scores[other] || other - one);
  brush.fillStyle = colour("--series-1");
  brush.strokeStyle = colour("--bg");
  brush.lineWidth = 1.5;
  ascending.forEach((place, rank) => {
    const { x, y, size } = cells[place];
    brush.beginPath();
    brush.arc(x + size / 2, y + size / 2, size * (0.05 + (0.23 * (rank + 1)) / cells.length), 0, 2 * Math.PI);
    brush.fill();
    brush.stroke();
  });
}

function line(brush, fromX, fromY, toX, toY) {
  brush.beginPath();
  brush.moveTo(fromX, fromY);
  brush.lineTo(toX, toY);
  brush.stroke();
}
