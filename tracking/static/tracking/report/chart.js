// Draws the time series; without it the page has the same numbers as a table.
"use strict";

let chart = null;
let series = null;
let plot = null;
const dark = matchMedia("(prefers-color-scheme: dark)");

const token = (name) => {
  // light-dark() is resolved only where a colour is used.
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

const { locale } = document.documentElement.dataset;
const whole = new Intl.NumberFormat(locale, { useGrouping: "always" });
const compact = new Intl.NumberFormat(locale, { notation: "compact" });
const percent = new Intl.NumberFormat(locale, { style: "percent" });
const ratio = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function seconds(value) {
  const total = Math.round(value);
  if (total < 60) return `${total}s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60 ? `${minutes}m ${total % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

function text(value, format = whole) {
  if (value == null) return "–";
  if (series.unit === "share") return percent.format(value);
  if (series.unit === "seconds") return seconds(value);
  return series.unit === "ratio" ? ratio.format(value) : format.format(value);
}

function hoverLabel() {
  const label = document.createElement("div");
  label.className = "hover";
  label.hidden = true;
  return {
    hooks: {
      init: (plot) => plot.over.append(label),
      setCursor: (plot) => {
        const at = plot.cursor.idx;
        label.hidden = at == null;
        if (at == null) return;
        label.textContent = `${series.labels[at]}: ${text(series.values[at])}`;
        const left = plot.valToPos(at, "x");
        const room = plot.over.clientWidth - label.offsetWidth;
        label.style.left = `${Math.max(0, Math.min(room, left - label.offsetWidth / 2))}px`;
        label.style.top = "4px";
      },
    },
  };
}

// The last bucket may not be over: it is drawn on its own, dashed.
function columns() {
  const at = series.values.map((_, place) => place);
  const last = at.length - 1;
  if (!series.open || last < 1) return [at, series.values, at.map(() => null)];
  return [
    at,
    series.values.map((value, place) => (place < last ? value : null)),
    series.values.map((value, place) => (place >= last - 1 ? value : null)),
  ];
}

function options() {
  const [accent, muted, line] = ["--accent", "--muted", "--line"].map(token);
  const axis = { stroke: muted, font: "12px system-ui, sans-serif", ticks: { show: false } };
  return {
    width: chart.clientWidth - 16,
    height: chart.clientHeight - 14,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: accent } },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      {
        ...axis, size: 30, grid: { show: false }, space: 70, incrs: [1, 2, 3, 5, 7, 10, 14, 15, 30],
        values: (_, places) => places.map((place) => series.labels[place] ?? ""),
      },
      { ...axis, size: 52, grid: { stroke: line, width: 1 }, values: (_, values) => values.map((value) => text(value, compact)) },
    ],
    series: [
      {},
      { stroke: accent, width: 2.25, fill: accent.replace("rgb(", "rgba(").replace(")", ", 0.12)"), points: { show: series.values.length < 2 } },
      { stroke: accent, width: 2.25, dash: [5, 5], points: { show: series.open && series.values.length < 2 } },
    ],
    plugins: [hoverLabel()],
  };
}

const draw = () => {
  plot?.destroy();
  plot = new window.uPlot(options(), columns(), chart);
};
const resized = new ResizeObserver(() => plot?.setSize({ width: chart.clientWidth - 16, height: chart.clientHeight - 14 }));

function begin() {
  const found = document.getElementById("chart");
  if (!found || found === chart || !window.uPlot) return;
  chart = found;
  series = JSON.parse(document.getElementById("chart-series").textContent);
  plot = null;
  chart.classList.add("drawn");
  draw();
  resized.disconnect();
  resized.observe(chart);
}

dark.addEventListener("change", () => plot && draw());
document.addEventListener("htmx:afterSettle", begin);
begin();
