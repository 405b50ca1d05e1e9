// What a print means, by what it is: a global with its keys and value, a stack with how often it was seen, a mark of a
// time line. Nothing of it changes what the script prints.

import { type Int, type Item, isInt, type Value } from "./record.ts";

/** A statistic as it is printed when the script ends. */
export interface Statistic {
  count: Int;
  min: Int;
  max: Int;
  sum: Int;
  avg: Int;
}

/** A global, or an element of one, in the form in which unread globals are printed at the end. */
export interface GlobalPrint {
  name: string;
  keys: Value[];
  value: Int | string | Statistic;
}

const SCALAR = /^([A-Za-z_]\w*)=(?:-?\d+|".*")\n$/s;
const ELEMENT = /^([A-Za-z_]\w*)\[.*\]=(?:-?\d+|".*")\n$/s;
const STATISTIC = /^([A-Za-z_]\w*)(\[.*\])? @count=-?\d+ @min=-?\d+ @max=-?\d+ @sum=-?\d+ @avg=-?\d+\n$/s;
const NONE = /^([A-Za-z_]\w*) @count=0x0\n$/;

/** The global that a print shows, or undefined. */
export function globalOf({ text, values }: Item): GlobalPrint | undefined {
  const scalar = values.length === 1 ? SCALAR.exec(text) : null;
  if (scalar) return { name: scalar[1] as string, keys: [], value: plain(values[0]) };
  const element = values.length > 1 ? ELEMENT.exec(text) : null;
  if (element) return { name: element[1] as string, keys: values.slice(0, -1), value: plain(values.at(-1)) };
  const empty = values.length === 0 ? NONE.exec(text) : null;
  if (empty) return { name: empty[1] as string, keys: [], value: { count: 0, min: 0, max: 0, sum: 0, avg: 0 } };
  const statistic = values.length >= 5 ? STATISTIC.exec(text) : null;
  const five = values.slice(-5);
  if (!statistic || !five.every(isInt)) return undefined;
  const [count, min, max, sum, avg] = five as [Int, Int, Int, Int, Int];
  return { name: statistic[1] as string, keys: values.slice(0, -5), value: { count, min, max, sum, avg } };
}

function plain(value: Value | undefined): Int | string {
  return isInt(value) || typeof value === "string" ? value : 0;
}

/** A stack, and how often it was seen. */
export interface StackSample {
  /** Other keys beside it. */
  keys: string[];
  /** From the outermost function to the innermost. */
  frames: string[];
  weight: Int;
}

/** The frame where there is no stack, as in user mode. */
const NO_STACK = "[no kernel stack]";

/** The stack that a print shows, or undefined. A number at the end says how often; else it was once. */
export function stackOf({ values, stacks }: Item): StackSample | undefined {
  const at = stacks?.[0];
  const stack = at === undefined ? undefined : values[at];
  if (at === undefined || typeof stack !== "string") return undefined;
  const last = values.length - 1;
  const weight = last > at ? values[last] : undefined;
  const keys = values.filter((value, i) => i !== at && !(i === last && isInt(weight)) && typeof value !== "object");
  const frames = stack === "" ? [NO_STACK] : framesOf(stack);
  return { keys: keys.map(String), frames, weight: isInt(weight) ? weight : 1 };
}

/** Function names of a stack in any of the forms that are printed, the outermost first. */
function framesOf(text: string): string[] {
  if (text.startsWith(" ") || text.includes("\n")) return text.split("\n").flatMap(nameOfLine).reverse();
  if (/^0x[0-9a-f]+( 0x[0-9a-f]+)*$/.test(text)) return text.split(" ").reverse();
  return text.split(";");
}

/** " 0xffffffff8c2c6585 : vfs_write+0x5/0x440 [kernel]", with the address or without */
function nameOfLine(line: string): string[] {
  const text = line.replace(/^ 0x[0-9a-f]+ : /, "").trim();
  if (text === "") return [];
  return [text.replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+( \[\w+\])?$/, "")];
}

/** A mark of a time line, in the letters of Android's and ftrace's trace_marker. */
export interface Mark {
  /** B begin, E end, X a span that ends now, I an instant, C a counter, S and F ends of one that may overlap. */
  kind: "B" | "E" | "X" | "I" | "C" | "S" | "F";
  /** The thread; 0: the CPU. */
  thread: number;
  name: string;
  /** Of C: the counter; of X: how long, in nanoseconds; of S and F: which. */
  value: bigint;
}

const MARK = /^([BEXICSF])\|(-?\d+)(?:\|([^|\n]*)(?:\|(-?\d+))?)?$/;

/** The marks in the lines of a print. */
export function marksOf({ text }: Item): Mark[] {
  if (text[1] !== "|" && !text.includes("\n")) return [];
  return text.split("\n").flatMap((line) => {
    const match = MARK.exec(line);
    if (!match) return [];
    const [, kind, thread, name = "", value] = match;
    const isWhole = kind === "E" || (name !== "" && ("BI".includes(kind as string) || value !== undefined));
    if (!isWhole) return [];
    return [{ kind: kind as Mark["kind"], thread: Number(thread), name, value: BigInt(value ?? 0) }];
  });
}
/** The print without its values: the same for all prints of one statement. */
export function shapeOf({ text, values }: Item): string {
  let at = 0;
  let shape = "";
  for (const value of values) {
    const word = typeof value === "object" ? "" : String(value);
    const found = word === "" ? -1 : text.indexOf(word, at);
    if (found < 0) continue;
    shape += `${text.slice(at, found)}#`;
    at = found + word.length;
  }
  const end = text.slice(at);
  // A histogram is drawn: its rows differ from print to print.
  return shape + (values.some((value) => typeof value === "object") ? end.replace(/value \|.*/s, "#") : end);
}
