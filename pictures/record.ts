// Lines of a run (docs/json.md) → items. Numbers that JavaScript would round become bigints.

/** A number of the run: a bigint where a number would lose digits. */
export type Int = number | bigint;

/** A histogram; a bound that is null is none. */
export interface Histogram {
  type: "hist_log" | "hist_linear";
  buckets: { from: Int | null; to: Int | null; count: Int }[];
}

export type Value = Int | string | Histogram;

/** One line. What a type does not have is absent. */
export interface Item {
  type: string;
  host: string;
  /** Nanoseconds since 1970. */
  time?: bigint;
  cpu?: number;
  probe?: string;
  text: string;
  values: Value[];
  /** Which of the values are stacks. */
  stacks?: number[];
  /** Of `command`. */
  stream?: string;
  /** Of `run`. */
  script?: string;
  kernel?: string;
  start?: string;
  /** Of `end`. */
  reason?: string;
  errors?: number;
  skipped?: Record<string, number>;
  lost?: Record<string, number>;
}

/** A string, or a number that may have more than 53 bits. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}/g;

/** One line as an item; undefined if it is not one. */
export function parseItem(line: string): Item | undefined {
  // Such numbers become arrays of one string: no value of the schema is an array.
  const marked = line.replace(TOKENS, (token) => (token.startsWith('"') ? token : `["${token}"]`));
  let item: Record<string, unknown>;
  try {
    item = JSON.parse(marked) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (item === null || typeof item !== "object" || typeof item.type !== "string") return undefined;
  const time = item.time === undefined ? undefined : BigInt(numberOf(item.time));
  return {
    ...item,
    type: item.type,
    host: String(item.host ?? ""),
    text: typeof item.text === "string" ? item.text : "",
    values: Array.isArray(item.values) ? item.values.map(valueOf) : [],
    ...(time === undefined ? {} : { time }),
    ...(Array.isArray(item.stacks) ? { stacks: item.stacks.filter((i) => Number.isInteger(i)) } : {}),
  } as Item;
}

function numberOf(value: unknown): Int {
  if (Array.isArray(value) && /^-?\d+$/.test(String(value[0]))) return exact(BigInt(value[0] as string));
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}

function exact(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function valueOf(value: unknown): Value {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return numberOf(value);
  const { type, buckets } = value as { type: unknown; buckets: unknown };
  const bound = (from: unknown) => (from === null ? null : numberOf(from));
  return {
    type: type === "hist_linear" ? "hist_linear" : "hist_log",
    buckets: (Array.isArray(buckets) ? buckets : []).map((bucket: Record<string, unknown>) => ({
      from: bound(bucket.from),
      to: bound(bucket.to),
      count: numberOf(bucket.count),
    })),
  };
}

/** A line that is longer is no line of a run. */
const LONGEST = 1 << 24;

/** Cuts bytes into lines. */
export class LineReader {
  private readonly decoder = new TextDecoder();
  private rest = "";

  /** The lines that are whole by now. */
  add(bytes: Uint8Array): string[] {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() as string;
    if (this.rest.length > LONGEST) this.rest = "";
    return lines.filter((line) => line !== "");
  }

  /** The last line, if it has no end. */
  end(): string[] {
    const line = this.rest;
    this.rest = "";
    return line === "" ? [] : [line];
  }
}

/** Whether a value is a number. */
export function isInt(value: Value | undefined): value is Int {
  return typeof value === "number" || typeof value === "bigint";
}
