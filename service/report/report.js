"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const named = /^var\((--[a-z]+)\)$/;

  // plotly knows no custom properties, so they are looked up before it draws
  const painted = (value, style) => {
    if (Array.isArray(value)) return value.map((each) => painted(each, style));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, painted(each, style)]));
    }
    const name = typeof value === "string" ? named.exec(value) : null;
    return name === null ? value : style.getPropertyValue(name[1]).trim();
  };

  const axis = (given) => ({
    ...given, gridcolor: "var(--line)", linecolor: "var(--line)", zerolinecolor: "var(--line)", automargin: true,
  });

  const dressed = (layout) => ({
    ...layout,
    xaxis: axis(layout.xaxis),
    yaxis: axis(layout.yaxis),
    font: { color: "var(--ink)", family: "system-ui, sans-serif", size: 13 },
    paper_bgcolor: "var(--paper)",
    plot_bgcolor: "var(--paper)",
    hoverlabel: { bgcolor: "var(--paper)", bordercolor: "var(--ink)", font: { color: "var(--ink)" } },
  });

  const draw = () => {
    const style = getComputedStyle(root);
    for (const figure of figures) {
      const place = document.getElementById(`figure-${figure.name}`);
      if (!place.classList.contains("drawn")) {
        place.textContent = "";
        place.classList.add("drawn");
      }
      Plotly.react(place, painted(figure.traces, style), painted(dressed(figure.layout), style), {
        displayModeBar: false, responsive: true,
      });
    }
  };

  const onPaper = (printing) => {
    root.toggleAttribute("data-paper", printing);
    draw();
  };

  window.addEventListener("beforeprint", () => onPaper(true));
  window.addEventListener("afterprint", () => onPaper(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
