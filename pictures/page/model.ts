// What the page shows, made of items one after the other. What is kept has limits, so that an hour's run fits.

import { type GlobalPrint, globalOf, marksOf, shapeOf, stackOf } from "../meaning.ts";
import { type Histogram, type Int, type Item, isInt, type Value } from "../record.ts";

/** Which items count. */
export interface Filter {
  host: string;
  probe: string;
  text: string;
  /** Seconds since 1970; undefined: all. */
  range?: [number, number];
}

/** A value of a table, with its keys. */
export interface Element {
  host: string;
  keys: Value[];
  value: GlobalPrint["value"];
}

/** A histogram at a time. */
export interface Snapshot {
  time: number;
  histogram: Histogram;
}

/** Numbers over time, one list for each label. */
export type Lines = Map<string, { times: number[]; values: number[] }>;

const MOST_RECORDS = 500;
const MOST_ELEMENTS = 20_000;
const MOST_STACKS = 50_000;
const MOST_POINTS = 5000;
const MOST_LINES = 200;
const MOST_SNAPSHOTS = 600;

/** Prints of these show a state; those of others are events. */
const REPORTS = /^(begin|end|error|never|timer\.)/;

export class Model {
  readonly runs = new Map<string, Item>();
  readonly ends = new Map<string, Item>();
  readonly failures: Item[] = [];
  readonly probes = new Map<string, number>();
  readonly records: Item[] = [];
  readonly globals = new Map<string, Map<string, Element>>();
  readonly stacks = new Map<string, { path: string[]; count: number }>();
  readonly histograms = new Map<string, Snapshot[]>();
  readonly lines = new Map<string, Lines>();
  prints = 0;
  problems = 0;
  /** What did not fit. */
  dropped = 0;

  add(item: Item, filter: Filter): void {
    if (item.type === "run") this.runs.set(item.host, item);
    else if (item.type === "end") this.ends.set(item.host, item);
    else if (item.type === "failure") this.failures.push(item);
    if (item.type !== "print" && item.type !== "warning" && item.type !== "error") return;
    const probe = item.probe ?? "";
    if (probe !== "") this.probes.set(probe, (this.probes.get(probe) ?? 0) + 1);
    if (!passes(item, filter)) return;
    this.prints++;
    if (item.type !== "print") this.problems++;
    if (this.records.push(item) > MOST_RECORDS) this.records.shift();
    if (item.type === "print") this.sort(item);
  }

  /** Puts a print where it is shown. */
  private sort(item: Item): void {
    const stack = stackOf(item);
    if (stack) {
      const path = [...stack.keys, ...stack.frames];
      const known = limited(this.stacks, path.join("\n"), MOST_STACKS, () => ({ path, count: 0 }));
      if (known) known.count += Number(stack.weight);
      else this.dropped++;
      return;
    }
    const histogram = item.values.find((value): value is Histogram => typeof value === "object");
    if (histogram) this.addHistogram(item, histogram);
    const global = globalOf(item);
    if (global) this.addElement(global.name, { host: item.host, keys: global.keys, value: global.value });
    if (item.time === undefined || histogram) return;
    const marks = marksOf(item).filter(({ kind }) => kind === "C");
    for (const { name, value } of marks) this.addPoint("counters", name, item, Number(value));
    if (marksOf(item).length > 0) return;
    if (global) this.addGlobalPoint(global, item);
    else this.addNumbers(item);
  }

  private addHistogram(item: Item, histogram: Histogram): void {
    const names = item.values.filter((value) => typeof value !== "object").map(String);
    const title = [item.probe ?? "", ...names].filter((part) => part !== "").join(" · ");
    const key = this.runs.size > 1 ? `${item.host} · ${title}` : title;
    const list = limited(this.histograms, key, MOST_LINES, () => []);
    if (!list) this.dropped++;
    else if (list.push({ time: secondsOf(item), histogram }) > MOST_SNAPSHOTS) list.shift();
  }

  private addElement(name: string, element: Element): void {
    const elements = limited(this.globals, name, MOST_LINES, () => new Map<string, Element>());
    const key = JSON.stringify([element.host, ...element.keys.map(String)]);
    if (elements && (elements.has(key) || elements.size < MOST_ELEMENTS)) elements.set(key, element);
    else this.dropped++;
  }

  private addGlobalPoint({ name, keys, value }: GlobalPrint, item: Item): void {
    if (typeof value === "number" || typeof value === "bigint")
      this.addPoint(name, keys.map(String).join(", ") || name, item, Number(value));
  }

  /** Numbers of a report are lines, one for each of its strings; those of events are points, one for each column. */
  private addNumbers(item: Item): void {
    const numbers = item.values.filter(isInt);
    if (numbers.length === 0 || numbers.length > 4) return;
    const isReport = REPORTS.test(item.probe ?? "");
    const title = `${item.probe ?? "print"}: ${shapeOf(item).trim() || "#"}`;
    const words = isReport ? item.values.filter((value) => typeof value === "string").join(", ") : "";
    numbers.forEach((number: Int, i) => {
      const column = numbers.length > 1 ? `number ${i + 1}` : words === "" ? "value" : "";
      this.addPoint(title, [words, column].filter((part) => part !== "").join(" "), item, Number(number));
    });
    const last = item.values.at(-1);
    if (isReport && words !== "" && isInt(last))
      this.addElement(title, { host: item.host, keys: item.values.slice(0, -1), value: last });
  }

  private addPoint(title: string, name: string, item: Item, value: number): void {
    const lines = limited(this.lines, title, MOST_LINES, () => new Map() as Lines);
    const label = this.runs.size > 1 ? `${item.host} ${name}` : name;
    const line = lines && limited(lines, label, MOST_LINES, () => ({ times: [], values: [] }));
    if (!line) {
      this.dropped++;
      return;
    }
    line.times.push(secondsOf(item));
    line.values.push(value);
    if (line.times.length <= MOST_POINTS) return;
    line.times.splice(0, MOST_POINTS / 5);
    line.values.splice(0, MOST_POINTS / 5);
  }
}

function passes(item: Item, { host, probe, text, range }: Filter): boolean {
  if (host !== "" && item.host !== host) return false;
  if (probe !== "" && item.probe !== probe) return false;
  if (text !== "" && !item.text.includes(text)) return false;
  if (!range || item.time === undefined) return true;
  const time = secondsOf(item);
  return time >= range[0] && time <= range[1];
}

/** Seconds since 1970, to the microsecond. */
export function secondsOf({ time = 0n }: Item): number {
  return Number(time / 1000n) / 1e6;
}

/** The value of a key, a new one if there is room for it. */
function limited<T>(map: Map<string, T>, key: string, most: number, make: () => T): T | undefined {
  const known = map.get(key);
  if (known !== undefined || map.size >= most) return known;
  const value = make();
  map.set(key, value);
  return value;
}

/**
 * Histograms over time, each as what has come since the one before if it only grew: a script that prints the same
 * statistic again and again prints sums.
 */
export function changesOf(snapshots: Snapshot[]): { time: number; counts: Map<string, number> }[] {
  const counts = snapshots.map(({ histogram }) => countsOf(histogram));
  const grows = counts.every((now, i) => [...(counts[i - 1] ?? [])].every(([key, n]) => (now.get(key) ?? 0) >= n));
  return snapshots.map(({ time }, i) => {
    const now = counts[i] as Map<string, number>;
    const before = grows ? counts[i - 1] : undefined;
    return { time, counts: new Map([...now].map(([key, n]) => [key, n - (before?.get(key) ?? 0)])) };
  });
}

function countsOf({ buckets }: Histogram): Map<string, number> {
  return new Map(buckets.map(({ from, count }) => [String(from ?? ""), Number(count)]));
}

/** Where the buckets of histograms begin, from the least on; between two that are there are those that are empty. */
export function bucketStarts(snapshots: Snapshot[]): string[] {
  const starts = new Map<string, { to: number; next: (to: number) => number }>();
  for (const { type, buckets } of snapshots.map(({ histogram }) => histogram)) {
    for (const { from, to } of buckets) {
      const width = Number(to ?? 0) - Number(from ?? 0);
      const next = type === "hist_linear" ? (at: number) => at + width : (at: number) => at * 2;
      starts.set(String(from ?? ""), { to: from === null || to === null ? Number.NaN : Number(to), next });
    }
  }
  const sorted = [...starts].sort((a, b) => Number(a[0]) - Number(b[0]));
  return sorted.flatMap(([start, { to, next }], i) => {
    const until = Number(sorted[i + 1]?.[0]);
    const empty: string[] = [];
    for (let at = to; at > 0 && at < until && empty.length < MOST_EMPTY; at = next(at)) empty.push(String(at));
    return [start, ...empty];
  });
}

const MOST_EMPTY = 64;
