"use strict";

// Plots are drawn when they first come into view of a tab; colours are variables of the style sheet, so that a change
// of scheme only means drawing again.
const figures = JSON.parse(document.getElementById("figures").textContent);
const hiddenRuns = new Set();
const CONFIG = { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "resetScale2d"]] };

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(variable) {
  probe.style.color = variable;
  return getComputedStyle(probe).color;
}

function resolved(value) {
  if (typeof value === "string") return /^var\(--[\w-]+\)$/.test(value) ? colour(value) : value;
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]));
}

function draw(place) {
  const { data, layout } = resolved(figures[place.dataset.figure]);
  for (const trace of data) trace.visible = !(trace.meta && hiddenRuns.has(trace.meta.run));
  Plotly.react(place, data, layout, CONFIG);
}

function drawVisible(part = document) {
  for (const place of part.querySelectorAll("[data-figure]")) {
    if (place.offsetParent !== null) draw(place);
  }
}

function select(tab) {
  for (const other of tab.parentElement.querySelectorAll("[role=tab]")) {
    const isChosen = other === tab;
    other.setAttribute("aria-selected", isChosen);
    other.tabIndex = isChosen ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    panel.hidden = !isChosen;
    if (isChosen) drawVisible(panel);
  }
}

function moveWithArrows(event) {
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.focus();
  select(next);
}

function toggle(button) {
  const run = button.dataset.toggle;
  const isShown = hiddenRuns.delete(run);
  if (!isShown) hiddenRuns.add(run);
  for (const part of document.querySelectorAll("[data-toggle], tr[data-run]")) {
    if (part.dataset.toggle === run) part.setAttribute("aria-pressed", isShown);
    if (part.dataset.run === run) part.classList.toggle("hidden-run", !isShown);
  }
  drawVisible();
}

function sortBy(heading) {
  const table = heading.closest("table");
  const column = [...heading.parentElement.children].indexOf(heading);
  const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of heading.parentElement.children) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows].map((row) => {
    const cell = row.cells[column];
    const isText = column === 0;
    return { row, isKnown: isText || "value" in cell.dataset, key: isText ? cell.textContent : Number(cell.dataset.value) };
  });
  rows.sort((a, b) => {
    if (!a.isKnown || !b.isKnown) return b.isKnown - a.isKnown; // what is not known stays at the end
    return sign * (typeof a.key === "string" ? a.key.localeCompare(b.key) : a.key - b.key);
  });
  table.tBodies[0].append(...rows.map(({ row }) => row));
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).getPropertyValue("color-scheme") === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
  drawVisible();
}

for (const list of document.querySelectorAll("[data-tabs]")) {
  for (const [index, tab] of list.querySelectorAll("[role=tab]").entries()) {
    tab.tabIndex = index ? -1 : 0;
    tab.addEventListener("click", () => select(tab));
  }
  list.addEventListener("keydown", moveWithArrows);
}
for (const button of document.querySelectorAll("[data-toggle]")) button.addEventListener("click", () => toggle(button));
for (const heading of document.querySelectorAll("[data-sortable] thead th")) {
  heading.firstElementChild.addEventListener("click", () => sortBy(heading));
}
// Plots take the width of the paper, and of the window again.
for (const event of ["beforeprint", "afterprint"]) {
  window.addEventListener(event, () => {
    for (const place of document.querySelectorAll(".js-plotly-plot")) if (place.offsetParent !== null) Plotly.Plots.resize(place);
  });
}
document.getElementById("theme").addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawVisible());
drawVisible();
