// Tables: arrays by value with bars, single numbers, statistics, histograms, records.

import type { Histogram, Int, Item, Value } from "../record.ts";
import { clock, h, scroller } from "./dom.ts";
import { type Element, type Model, secondsOf } from "./model.ts";

const SHOWN = 20;

/** A table with a heading for each column. */
function table(label: string, names: string[], rows: (string | Node)[][]): HTMLElement {
  const head = h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, name)));
  const body = rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell))));
  return scroller(label, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)));
}

/** All elements of one global. */
export function globalTable(name: string, elements: Element[], showsHost: boolean): HTMLElement {
  const isStatistic = elements.some(({ value }) => typeof value === "object");
  const size = Math.max(0, ...elements.map(({ keys }) => keys.length));
  const keys = Array.from({ length: size }, (_, i) => (size > 1 ? `key ${i + 1}` : "key"));
  const names = [...(showsHost ? ["host"] : []), ...keys];
  const sorted = [...elements].sort((a, b) => sizeOf(b) - sizeOf(a));
  const greatest = Math.max(0, ...sorted.map(sizeOf));
  const rowOf = (element: Element) => {
    const before = [...(showsHost ? [element.host] : []), ...keys.map((_, i) => String(element.keys[i] ?? ""))];
    const { value } = element;
    if (typeof value === "object") {
      const { count, min, max, sum, avg } = value;
      return [...before, bar(count, greatest), ...[min, max, sum, avg].map(String)];
    }
    return [...before, typeof value === "string" ? value : size > 0 ? bar(value, greatest) : String(value)];
  };
  const columns = isStatistic ? [...names, "count", "min", "max", "sum", "avg"] : [...names, "value"];
  const shown = table(name, columns, sorted.slice(0, SHOWN).map(rowOf));
  if (sorted.length <= SHOWN) return shown;
  const button = h("button", { type: "button" }, `Show all ${sorted.length}`);
  const box = h("div", {}, shown, button);
  button.addEventListener("click", () => box.replaceChildren(table(name, columns, sorted.map(rowOf))));
  return box;
}

function sizeOf({ value }: Element): number {
  if (typeof value === "object") return Number(value.count);
  return typeof value === "string" ? 0 : Number(value);
}

/** A number, and how much it is of the greatest. */
function bar(value: Int, greatest: number): HTMLElement {
  const part = greatest > 0 ? Math.max(0, Math.min(1, Number(value) / greatest)) : 0;
  const filled = h("span", { class: "bar", "aria-hidden": "true" });
  filled.style.width = `${(part * 100).toFixed(1)}%`;
  return h("span", { class: "barred" }, filled, h("span", { class: "number" }, String(value)));
}

/** The buckets of a histogram. */
export function histogramTable(label: string, { buckets }: Histogram): HTMLElement {
  const greatest = Math.max(0, ...buckets.map(({ count }) => Number(count)));
  const rows = buckets.map(({ from, to, count }) => [bound(from), bound(to), bar(count, greatest)]);
  return table(label, ["from", "below", "count"], rows);
}

function bound(value: Int | null): string {
  return value === null ? "…" : String(value);
}

/** The last prints, the newest first. */
export function recordTable(model: Model, showsHost: boolean): HTMLElement {
  const names = ["time", ...(showsHost ? ["host"] : []), "CPU", "probe", "text"];
  const rows = [...model.records].reverse().map((item: Item) => {
    const first = [clock(secondsOf(item)), ...(showsHost ? [item.host] : []), cell(item.cpu), item.probe ?? ""];
    const mark = item.type === "print" ? undefined : h("strong", {}, `${item.type}: `);
    return [...first, h("code", {}, mark, item.text.replace(/\n$/, ""))];
  });
  return table("Records", names, rows);
}

function cell(value: Value | undefined): string {
  return value === undefined ? "" : String(value);
}
