// `plot`: a Plotly figure in our colours. Any colour may be written "var(--series-1)"; it follows the theme.

import { theme } from "./theme.js";

const BUNDLE = "/page/plotly.js";
const DATA = new Set(["x", "y", "z", "text", "customdata", "ids", "hovertext"]); // long, and never a colour
const VARIABLE = /^var\((--[\w-]+)\)$/;
const shown = new Map(); // element -> what was last asked for

let loading = null;

/** Plotly itself, loaded once; for extendTraces, restyle and the like. */
export function plotly() {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: BUNDLE, onload: () => done(window.Plotly) });
    script.onerror = () => {
      loading = null;
      script.remove();
      failed(new Error("the plotting bundle could not be loaded"));
    };
    document.head.append(script);
  });
  return loading;
}

/**
 * Draws into `element`, or brings what it shows up to date, keeping zoom and selection; resolves to `element`, which
 * has Plotly's `on("plotly_click", ...)`. `options` are Plotly's config, and `label`, what the figure shows in words.
 */
export async function plot(element, traces, layout = {}, options = {}) {
  const { label, ...config } = options;
  shown.set(element, { traces, layout, config });
  if (label !== undefined) {
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", label);
  }
  const library = await plotly();
  if (shown.get(element)?.traces === traces) await draw(library, element);
  return element;
}

/** Forgets a figure and frees what it holds, such as a WebGL context. */
export function unplot(element) {
  if (shown.delete(element) && window.Plotly !== undefined) window.Plotly.purge(element);
}

/** What a colour variable stands for now, as Plotly can read it. */
export function colour(variable) {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  probe.hidden = true;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

async function draw(library, element) {
  const { traces, layout, config } = shown.get(element);
  const look = resolved(merged(base(), layout));
  await library.react(element, resolved(traces), look, { displaylogo: false, responsive: true, ...config });
}

theme.onChange(() => {
  for (const element of [...shown.keys()]) {
    if (!element.isConnected) unplot(element);
    else if (window.Plotly !== undefined) draw(window.Plotly, element);
  }
});

/** A copy with colours in place of their variables; data is passed on as it is. */
function resolved(value, name = "") {
  if (typeof value === "string") {
    const variable = VARIABLE.exec(value);
    return variable === null ? value : colour(variable[1]);
  }
  if (DATA.has(name) || value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map((each) => resolved(each));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, key)]));
}

function merged(below, above) {
  const found = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const both = isPlain(value) && isPlain(found[key]);
    found[key] = both ? merged(found[key], value) : value;
  }
  for (const key of Object.keys(found).filter((each) => /^[xy]axis\d+$/.test(each))) {
    found[key] = merged(axis(), found[key]);
  }
  return found;
}

function isPlain(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function axis() {
  return {
    gridcolor: "var(--grid)",
    linecolor: "var(--line-strong)",
    zerolinecolor: "var(--grid)",
    automargin: true,
    ticks: "outside",
    ticklen: 4,
    tickcolor: "var(--line-strong)",
    title: { standoff: 8 },
  };
}

function base() {
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "var(--ink-soft)" },
    colorway: [1, 2, 3, 4, 5, 6, 7].map((number) => `var(--series-${number})`),
    margin: { l: 48, r: 12, t: 12, b: 40 },
    xaxis: axis(),
    yaxis: axis(),
    hoverlabel: {
      bgcolor: "var(--raised)",
      bordercolor: "var(--line-strong)",
      font: { color: "var(--ink)" },
      align: "left",
    },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    uirevision: "kept",
  };
}
