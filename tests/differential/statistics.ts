// Statistics in random programs: their shape, their meaning and their text. Numbers wrap as in the language. A variance
// is computed as stap computes it, by a running average in whole numbers.

import type { Random } from "./random.ts";
import type { Expression, Type } from "./tree.ts";

const EXTRACTORS = ["count", "sum", "min", "max", "avg", "variance"] as const;
export type Extractor = (typeof EXTRACTORS)[number];

/** "log", or the parameters of @hist_linear. */
export type Shape = "log" | { low: bigint; high: bigint; width: bigint };

/** A global that `<<<` adds to, or an array of such. */
export interface StatisticVariable {
  name: string;
  /** None: a scalar. */
  keys: Type[];
  size: number;
  wraps: boolean;
  /** What the program may ask of it: nothing else is kept. */
  asks: Extractor[];
  /** Of @variance. */
  shift: bigint;
  histogram: Shape | null;
}

/** A scalar statistic, or an element of an array. */
export interface StatisticPlace {
  statistic: StatisticVariable;
  keys: Expression[];
}

const SHAPES: Shape[] = [
  "log",
  { low: 0n, high: 10n, width: 3n },
  { low: -5n, high: 5n, width: 5n },
  { low: -(2n ** 62n), high: 2n ** 62n, width: 2n ** 61n },
];
const KEYS: Type[][] = [[], [], [], ["long"], ["string"], ["long", "string"]];

/** Random statistics of one program. */
export function declareStatistics(random: Random): StatisticVariable[] {
  if (!random.chance(60)) return [];
  return Array.from({ length: 1 + random.below(3) }, (_, i) => {
    const asks = EXTRACTORS.filter(() => random.chance(50));
    return {
      name: `q${i}`,
      keys: random.pick(KEYS),
      size: random.pick([3, 8]),
      wraps: random.chance(25),
      asks: asks.length > 0 ? asks : ["count" as const],
      shift: random.pick([0n, 0n, 2n, 10n, 62n]),
      histogram: random.chance(40) ? random.pick(SHAPES) : null,
    };
  });
}

// ------------------------------------------------------------------------------------------------------------ meaning

const wrap = (value: bigint) => BigInt.asIntN(64, value);
/** As in BPF: a quotient is cut towards zero. */
const divide = (a: bigint, b: bigint) => wrap(a / b);
const bitsOf = (value: bigint) => (value === 0n ? 0 : value.toString(2).length);

/** How many buckets a histogram has. */
export function bucketCount(shape: Shape): number {
  return shape === "log" ? 128 : Number((shape.high - shape.low) / shape.width) + 3;
}

/** The bucket of a value. */
function bucketOf(shape: Shape, value: bigint): number {
  if (shape === "log") return value < 0n ? 64 - bitsOf(-value) : 64 + bitsOf(value);
  if (value < shape.low) return 0;
  const interval = (value - shape.low) / shape.width + 1n;
  const last = BigInt(bucketCount(shape) - 1);
  return Number(interval < last ? interval : last);
}

/** What was added to one statistic. */
export class Samples {
  count = 0n;
  sum = 0n;
  least = 0n;
  greatest = 0n;
  private average = 0n;
  private squares = 0n;
  private readonly buckets = new Map<number, bigint>();

  constructor(private readonly of: StatisticVariable) {}

  add(value: bigint): void {
    this.least = this.count === 0n || value < this.least ? value : this.least;
    this.greatest = this.count === 0n || value > this.greatest ? value : this.greatest;
    this.count++;
    this.sum = wrap(this.sum + value);
    const scaled = wrap(value << this.of.shift);
    if (this.count === 1n) {
      this.average = scaled;
    } else {
      const difference = wrap(scaled - this.average);
      this.average = wrap(this.average + divide(difference, this.count));
      this.squares = wrap(this.squares + difference * (scaled - this.average));
    }
    if (!this.of.histogram) return;
    const bucket = bucketOf(this.of.histogram, value);
    this.buckets.set(bucket, this.bucket(bucket) + 1n);
  }

  bucket(index: number): bigint {
    return this.buckets.get(index) ?? 0n;
  }

  extract(op: Extractor): bigint {
    switch (op) {
      case "count":
        return this.count;
      case "sum":
        return this.sum;
      case "min":
        return this.least;
      case "max":
        return this.greatest;
      case "avg":
        return divide(this.sum, this.count);
      case "variance":
        return this.variance();
    }
  }

  private variance(): bigint {
    if (this.count <= 1n) return -1n;
    const others = this.count - 1n;
    const most = 2n * this.of.shift;
    const scale = most < 63n ? most : 63n;
    if (this.of.keys.length > 0) return divide(this.squares, others) >> scale;
    const within = wrap(divide(this.squares, others) * others);
    const off = wrap(this.average - divide(wrap(this.sum << this.of.shift), this.count));
    const between = wrap(this.count * off * off);
    return divide(wrap(within + between), others) >> scale;
  }
}

// ----------------------------------------------------------------------------------------------------------- spelling

/** An extractor of what is spelled `operand`. */
export function spellExtract(op: Extractor, statistic: StatisticVariable, operand: string): string {
  if (op !== "variance") return `@${op}(${operand})`;
  return statistic.shift === 0n ? `@variance(${operand})` : `@variance(${operand}, ${statistic.shift})`;
}

/** The histogram of what is spelled `operand`. */
export function spellHistogram(shape: Shape, operand: string): string {
  if (shape === "log") return `@hist_log(${operand})`;
  return `@hist_linear(${operand}, ${shape.low}, ${shape.high}, ${shape.width})`;
}

export function spellDeclaration({ name, keys, size, wraps }: StatisticVariable): string {
  return keys.length === 0 ? `global ${name}` : `global ${name}${wraps ? "%" : ""}[${size}]`;
}

/** Statements that print all that is kept of a statistic. */
export function spellDump(statistic: StatisticVariable): string {
  const { name, keys, asks, histogram } = statistic;
  const names = keys.map((_, i) => `${name}_k${i}`);
  const operand = keys.length === 0 ? name : `${name}[${names.join(", ")}]`;
  const directives = keys.map((type) => (type === "long" ? " %d" : " %s")).join("");
  const safe: Extractor[] = asks.filter((op) => op === "count" || op === "sum");
  const lines = [`printf("${[name + directives, ...safe.map(() => "%d")].join(" ")}\\n"${args([...names, ...safe])});`];
  for (const op of asks) {
    if (safe.includes(op)) continue;
    lines.push(`try { printf("${op} %d\\n", ${spellExtract(op, statistic, operand)}); } catch { println("none"); }`);
  }
  if (histogram) {
    lines.push(`foreach (${name}_n = ${name}_i in ${spellHistogram(histogram, operand)})`);
    lines.push(`  if (${name}_n) printf("%d:%d\\n", ${name}_i, ${name}_n);`);
  }
  const text = lines.join("\n");
  return keys.length === 0 ? text : `foreach ([${names.join(", ")}] in ${name}) {\n${text}\n}`;

  function args(values: string[]): string {
    return values.map((value) => `, ${names.includes(value) ? value : `@${value}(${operand})`}`).join("");
  }
}

/** What those statements print of one statistic or element. */
export function dumpOf(statistic: StatisticVariable, keys: (bigint | string)[], samples: Samples): string {
  const { name, asks, histogram } = statistic;
  const safe: Extractor[] = asks.filter((op) => op === "count" || op === "sum");
  const lines = [[name, ...keys, ...safe.map((op) => samples.extract(op))].join(" ")];
  for (const op of asks) {
    if (!safe.includes(op)) lines.push(samples.count === 0n ? "none" : `${op} ${samples.extract(op)}`);
  }
  for (let i = 0; histogram && i < bucketCount(histogram); i++) {
    if (samples.bucket(i) > 0n) lines.push(`${i}:${samples.bucket(i)}`);
  }
  return `${lines.join("\n")}\n`;
}
