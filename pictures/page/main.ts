// The page: reads the lines that it holds, or that come from the client, and draws. It asks no other host for anything.

import { type Item, parseItem } from "../record.ts";
import { heatMap, lineChart } from "./charts.ts";
import { h, section } from "./dom.ts";
import { flameGraph } from "./flame.ts";
import { type Filter, Model } from "./model.ts";
import { globalTable, histogramTable, recordTable } from "./tables.ts";

const MOST_ITEMS = 100_000;
const REDRAW_MS = 500;
/** Pixels of what is left and right of a picture (page.css: paddings and borders). */
const AROUND = 58;

const filter: Filter = { host: "", probe: "", text: "" };
let items: Item[] = [];
let model = new Model();
let isPaused = false;
let isDue = false;

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const main = byId("main");

function take(line: string): void {
  const item = parseItem(line);
  if (!item) return;
  items.push(item);
  if (items.length > MOST_ITEMS) {
    const kept = items.filter(({ type }) => type === "run" || type === "end" || type === "failure");
    items = [...kept, ...items.slice(-MOST_ITEMS / 2)];
  }
  model.add(item, filter);
}

/** Draws soon, and not too often. */
function redrawSoon(): void {
  if (isDue || isPaused) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    if (!isPaused) draw();
  }, REDRAW_MS);
}

/** Counts all items again, after a change of the filter. */
function recount(): void {
  model = new Model();
  for (const item of items) model.add(item, filter);
  draw();
}

function onRange(from: number, to: number): void {
  filter.range = [from, to];
  recount();
}

function draw(): void {
  drawHead();
  const width = Math.max(240, main.clientWidth - AROUND);
  const showsHost = model.runs.size > 1;
  const parts: HTMLElement[] = [];
  if (model.stacks.size > 0) parts.push(section("stacks", "Stacks", flameGraph(model, width)));
  for (const [name, elements] of model.globals) {
    parts.push(section(`global-${parts.length}`, name, globalTable(name, [...elements.values()], showsHost)));
  }
  for (const [title, snapshots] of model.histograms) {
    const last = snapshots.at(-1);
    if (!last) continue;
    const map = snapshots.length > 1 && last.time > 0 ? heatMap(title, snapshots, width, onRange) : undefined;
    const latest = histogramTable(title, last.histogram);
    parts.push(section(`histogram-${parts.length}`, `Histogram: ${title}`, map, latest));
  }
  for (const [title, lines] of model.lines) {
    if (![...lines.values()].some(({ times }) => new Set(times).size > 1)) continue;
    parts.push(section(`line-${parts.length}`, `Over time: ${title}`, lineChart(title, lines, width, onRange)));
  }
  parts.push(
    section("records", `Records: the last ${model.records.length} of ${model.prints}`, recordTable(model, showsHost)),
  );
  main.replaceChildren(...parts);
}

function drawHead(): void {
  const first = [...model.runs.values()][0];
  const script = first?.script ?? "a run";
  document.title = `${script} · stap-remote`;
  byId("script").textContent = script;
  const hosts = [...model.runs.values()].map(({ host, kernel }) => `${host} (Linux ${kernel})`);
  byId("hosts").textContent = [hosts.join(", "), first?.start].filter((part) => part).join(" · ");
  const notes = notesOf();
  byId("state").replaceChildren(...notes.map((note) => h("li", {}, note)));
  fill("host", new Set(items.map(({ host }) => host)), "all hosts");
  fill("probe", model.probes.keys(), "all probes");
  byId("range").hidden = filter.range === undefined;
}

/** How the run stands: what was lost, what failed. */
function notesOf(): string[] {
  const notes = [`${model.prints} records`];
  const ends = [...model.ends.values()];
  const sum = (pick: (item: Item) => Record<string, number> | undefined) =>
    ends.reduce((all, end) => all + Object.values(pick(end) ?? {}).reduce((a, b) => a + b, 0), 0);
  const errors = ends.reduce((all, { errors: own }) => all + (own ?? 0), 0);
  const [skipped, lost] = [sum(({ skipped: own }) => own), sum(({ lost: own }) => own)];
  if (model.problems > 0) notes.push(`${model.problems} errors and warnings`);
  if (errors > 0) notes.push(`${errors} errors at run time`);
  if (skipped > 0) notes.push(`${skipped} handlers skipped`);
  if (lost > 0) notes.push(`${lost} units of output lost`);
  if (model.dropped > 0) notes.push(`${model.dropped} records are not drawn: there are too many different keys`);
  for (const { host, text } of model.failures) notes.push(`${host}: ${text}`);
  const isOver = model.runs.size > 0 && model.ends.size + model.failures.length >= model.runs.size;
  notes.push(isOver ? `ended: ${[...new Set(ends.map(({ reason }) => reason))].join(", ")}` : "not ended");
  return notes;
}

/** The choices of a list; what was chosen stays. */
function fill(id: string, names: Iterable<string>, all: string): void {
  const list = byId(id) as HTMLSelectElement;
  const wanted = ["", ...[...names].sort()];
  if (list.options.length === wanted.length) return;
  const chosen = list.value;
  list.replaceChildren(...wanted.map((name) => h("option", { value: name }, name === "" ? all : name)));
  list.value = chosen;
}

function listen(): void {
  for (const id of ["host", "probe", "text"] as const) {
    byId(id).addEventListener("input", (event) => {
      filter[id] = (event.target as HTMLInputElement).value;
      recount();
    });
  }
  byId("range").addEventListener("click", () => {
    filter.range = undefined;
    recount();
  });
  byId("theme").addEventListener("click", () => {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (isDark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    draw();
  });
  let width = main.clientWidth;
  addEventListener("resize", () => {
    if (main.clientWidth === width) return;
    width = main.clientWidth;
    redrawSoon();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Lines that come while the run goes on. */
function follow(address: string): void {
  const source = new EventSource(address);
  const pause = byId("pause");
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    redrawSoon();
  });
  source.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) take(line);
    if (model.prints > 0 && main.childElementCount === 0) draw();
    redrawSoon();
  };
  source.addEventListener("over", () => source.close());
}

listen();
for (const line of (byId("lines").textContent ?? "").split("\n")) if (line !== "") take(line);
draw();
const address = document.documentElement.dataset.events;
if (address) follow(address);
