// CSV (RFC 4180): a row for each print, warning and error, a column for each value. A histogram is JSON in its field.

import type { Item, Value } from "./record.ts";
import { type Shape, TextPart, type Writer } from "./writer.ts";

const ROWS = new Set(["print", "warning", "error"]);

export function csvWriter(): Writer {
  const text = new TextPart();
  let columns = 0;
  const begin = ({ values }: Shape) => {
    columns = values;
    const names = Array.from({ length: columns }, (_, i) => `value${i + 1}`);
    text.add(`${["host", "type", "time", "cpu", "probe", "text", ...names].join(",")}\r\n`);
  };
  return {
    begin,
    add: (item) => {
      if (!ROWS.has(item.type)) return false;
      text.add(row(item, columns));
      return true;
    },
    take: () => text.take(),
    end: () => text.take(),
  };
}

function row({ host, type, time, cpu, probe, text, values }: Item, columns: number): string {
  const shown = Array.from({ length: columns }, (_, i) => field(values[i]));
  const fixed = [host, type, time, cpu, probe, text.replace(/\n$/, "")].map(field);
  return `${[...fixed, ...shown].join(",")}\r\n`;
}

function field(value: Value | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text =
    typeof value === "string" ? value : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
