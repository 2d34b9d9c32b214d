// Draws the time series; without it the page has the same numbers as a table.
"use strict";

let chart = null;
let series = null;
let plot = null;
const dark = matchMedia("(prefers-color-scheme: dark)");
const locale = document.documentElement.dataset.locale || "en";
const whole = new Intl.NumberFormat(locale);
const compact = new Intl.NumberFormat(locale, { notation: "compact" });
const ratio = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locale, { style: "percent" });

const drawn = () => series.metrics[series.metric];

// light-dark() is resolved only where a colour is used, and all of them in one go.
function tokens(...names) {
  const probe = document.createElement("i");
  for (const name of names) {
    const one = document.createElement("i");
    one.style.color = `var(${name})`;
    probe.append(one);
  }
  document.body.append(probe);
  const colours = [...probe.children].map((one) => getComputedStyle(one).color);
  probe.remove();
  return colours;
}

function seconds(value) {
  const total = Math.round(value);
  if (total < 60) return `${total}s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60 ? `${minutes}m ${total % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

function text(value, format = whole) {
  if (value == null) return "–";
  const { unit } = drawn();
  if (unit === "share") return percent.format(value);
  if (unit === "seconds") return seconds(value);
  return unit === "ratio" ? ratio.format(value) : format.format(value);
}

// The lines that a bucket's label has: its value, what it is compared with, and its note.
function lines(at) {
  const { values, compared } = drawn();
  const found = [`${series.labels[at]}: ${text(values[at])}`];
  if (series.comparedLabels[at] && compared[at] != null) found.push(`${series.comparedLabels[at]}: ${text(compared[at])}`);
  if (series.notes[at]) found.push(series.notes[at]);
  return found;
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
        label.replaceChildren(...lines(at).map((line) => Object.assign(document.createElement("div"), { textContent: line })));
        const left = plot.valToPos(at, "x");
        const room = plot.over.clientWidth - label.offsetWidth;
        label.style.left = `${Math.max(0, Math.min(room, left - label.offsetWidth / 2))}px`;
        label.style.top = "4px";
      },
    },
  };
}

// Owners' notes: a dashed line, a dot on the series, and the text beside it.
function notes(muted, accent) {
  return {
    hooks: {
      draw: ({ ctx, bbox, valToPos }) => {
        const ratio = devicePixelRatio;
        ctx.save();
        ctx.font = `${12 * ratio}px system-ui, sans-serif`;
        let taken = 0;
        for (const [place, note] of Object.entries(series.notes)) {
          const x = valToPos(Number(place), "x", true);
          ctx.strokeStyle = ctx.fillStyle = muted;
          ctx.lineWidth = ratio;
          ctx.setLineDash([2 * ratio, 3 * ratio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.setLineDash([]);
          const shown = note.length > 24 ? `${note.slice(0, 23)}…` : note;
          const { width } = ctx.measureText(shown);
          const gap = 6 * ratio;
          const left = x + width + 2 * gap < bbox.left + bbox.width ? x + gap : x - gap - width;
          // Texts never cover each other; the hover label has each of them.
          if (left >= taken) {
            ctx.fillText(shown, left, bbox.top + 10 * ratio);
            taken = left + width + gap;
          }
          const value = drawn().values[place];
          if (value == null) continue;
          ctx.fillStyle = accent;
          ctx.beginPath();
          ctx.arc(x, valToPos(value, "y", true), 4 * ratio, 0, 2 * Math.PI);
          ctx.fill();
        }
        ctx.restore();
      },
    },
  };
}

// The last bucket may not be over: it is drawn on its own, dashed.
function columns() {
  const { values, compared } = drawn();
  const at = values.map((_, place) => place);
  const last = at.length - 1;
  if (!series.open || last < 1) return [at, compared, values, at.map(() => null)];
  return [
    at,
    compared,
    values.map((value, place) => (place < last ? value : null)),
    values.map((value, place) => (place >= last - 1 ? value : null)),
  ];
}

function zoom({ select, posToIdx, setSelect }) {
  const { left, width } = select;
  if (width === 0) return;
  setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  if (width < 4 || chart.classList.contains("dropped")) return;
  const [first, last] = [posToIdx(left), posToIdx(left + width)];
  const period = `${series.days[first][0]}..${series.days[last][1]}`;
  // A link, so that it takes along what was chosen since the page came.
  const link = Object.assign(document.createElement("a"), { href: series.zoom.replace("FROM..TO", period), hidden: true });
  document.body.append(link);
  link.click();
}

function options() {
  const [accent, faint, muted, line] = tokens("--accent", "--accent-2", "--muted", "--line");
  const axis = { stroke: muted, font: "12px system-ui, sans-serif", ticks: { show: false } };
  const isShort = drawn().values.length < 2;
  return {
    width: chart.clientWidth - 16,
    height: chart.clientHeight - 14,
    // The last label is centred below the last bucket, at the right edge.
    padding: [null, 40, null, null],
    legend: { show: false },
    cursor: { y: false, drag: { x: Boolean(series.zoom), y: false, setScale: false }, points: { size: 9, fill: accent } },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      {
        ...axis, size: 30, grid: { show: false }, space: 70, incrs: [1, 2, 3, 5, 7, 10, 14, 15, 30, 60, 120, 240],
        values: (_, places) => places.map((place) => series.labels[place] ?? ""),
      },
      { ...axis, size: 52, grid: { stroke: line, width: 1 }, values: (_, values) => values.map((value) => text(value, compact)) },
    ],
    series: [
      {},
      { stroke: faint, width: 1.5, dash: [3, 4], points: { show: false } },
      { stroke: accent, width: 2.25, fill: accent.replace("rgb(", "rgba(").replace(")", ", 0.12)"), points: { show: isShort } },
      { stroke: accent, width: 2.25, dash: [5, 5], points: { show: series.open && isShort } },
    ],
    plugins: [notes(muted, accent), hoverLabel()],
    hooks: { setSelect: [zoom] },
  };
}

function draw() {
  plot?.destroy();
  plot = new window.uPlot(options(), columns(), chart);
  chart.setAttribute("aria-label", `${drawn().label} over time: use the left and right arrow keys`);
}

const resized = new ResizeObserver(() => plot?.setSize({ width: chart.clientWidth - 16, height: chart.clientHeight - 14 }));

// The metric is another line of the same answer: nothing has to be asked for.
function choose(metric) {
  if (!series?.metrics[metric]) return;
  series.metric = metric;
  for (const link of document.querySelectorAll("[data-metric]")) {
    if (link.dataset.metric === metric) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  draw();
  table();
}

function table() {
  const details = document.querySelector(".chart-table");
  const { label, values, compared } = drawn();
  details.querySelector("summary").textContent = `${label} as a table`;
  details.querySelector("caption").textContent = `${label} over time`;
  details.querySelectorAll("th")[1].textContent = label;
  details.querySelectorAll("tbody tr").forEach((row, at) => {
    row.cells[1].textContent = text(values[at]);
    if (series.comparedLabels.length > 0) row.cells[2].textContent = text(compared[at]);
  });
}

const metricHere = () => new URL(location.href).searchParams.get("metric") || "visitors";

function begin() {
  const found = document.getElementById("chart");
  if (!found || found === chart || !window.uPlot) return;
  chart = found;
  series = JSON.parse(document.getElementById("chart-series").textContent);
  plot = null;
  chart.classList.add("drawn");
  chart.tabIndex = 0;
  chart.setAttribute("role", "group");
  chart.addEventListener("keydown", move);
  chart.addEventListener("mousedown", () => chart.classList.remove("dropped"));
  draw();
  if (metricHere() !== series.metric) choose(metricHere());
  resized.disconnect();
  resized.observe(chart);
}

function move(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const last = drawn().values.length - 1;
  const at = Math.max(0, Math.min(last, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
  plot.setCursor({ left: plot.valToPos(at, "x"), top: 0 });
  document.getElementById("chart-says").textContent = lines(at).join(", ");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-metric]");
  if (!link || !series || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const here = new URL(location.href);
  here.searchParams.delete("metric");
  if (link.dataset.metric !== "visitors") here.searchParams.set("metric", link.dataset.metric);
  if (here.href !== location.href) history.pushState(history.state, "", here);
  choose(link.dataset.metric);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !plot) return;
  chart.classList.add("dropped");
  plot.setCursor({ left: -10, top: -10 });
});
window.addEventListener("popstate", () => choose(metricHere()));
dark.addEventListener("change", () => plot && draw());
document.addEventListener("htmx:afterSettle", begin);
begin();
