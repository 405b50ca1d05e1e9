// Evaluates a program by walking its tree: the meaning of the language, written as plainly as possible. Numbers are
// 64-bit two's complement; operands, keys and arguments are computed from left to right; arrays keep the order of
// insertion; strings are cut at MAXSTRINGLEN.

import { isNoShift, literalOf } from "./literals.ts";
import {
  bucketCount,
  dumpOf,
  type Extractor,
  Samples,
  type StatisticPlace,
  type StatisticVariable,
} from "./statistics.ts";
import type {
  ArrayVariable,
  Expression,
  FunctionTree,
  LibraryName,
  Place,
  Program,
  Statement,
  Variable,
} from "./tree.ts";

export type Value = bigint | string;

/** Longest string, bytes: one less than MAXSTRINGLEN. */
const STRING_BYTES = 511;
/** Statements that a program may run: well below MAXACTION, however it counts. */
const MOST_STATEMENTS = 250;

/** What a program comes to. */
export interface Outcome {
  out: string;
  /** The error that ended its handler; undefined if none did. */
  error?: string;
  /** It runs for too long to be of use. */
  tooLong?: boolean;
}

class SoftError extends Error {}
class TooLong extends Error {}
class Next extends Error {}
class Return extends Error {
  constructor(readonly value: Value) {
    super();
  }
}
/** How a statement ends, if not by an exception. */
type Ending = "normal" | "break" | "continue";

const wrap = (value: bigint) => BigInt.asIntN(64, value);
const truth = (value: boolean) => (value ? 1n : 0n);
const zero = (type: string): Value => (type === "long" ? 0n : "");
const cut = (text: string) => text.slice(0, STRING_BYTES);

interface Entry {
  keys: Value[];
  value: Value;
}

/** The elements of an array of statistics, oldest first; a scalar is one that has no key. */
class Ranking {
  entries: { keys: Value[]; samples: Samples }[] = [];

  constructor(private readonly of: StatisticVariable) {}

  /** What was added to an element; of one that is not there, nothing. */
  find(keys: Value[]): Samples {
    const found = this.entries.find((entry) => entry.keys.every((key, i) => key === keys[i]));
    return found?.samples ?? new Samples(this.of);
  }

  add(keys: Value[], value: bigint): void {
    const { size, wraps } = this.of;
    const samples = this.find(keys);
    if (samples.count === 0n) {
      if (keys.length > 0 && this.entries.length >= size) {
        if (!wraps) throw new SoftError(`Array overflow, check size limit (${size})`);
        this.entries.shift();
      }
      this.entries.push({ keys, samples });
    }
    samples.add(value);
  }

  /** Without keys: all of them. */
  delete(keys: Value[]): void {
    const isGone = (entry: { keys: Value[] }) => keys.every((key, i) => key === entry.keys[i]);
    this.entries = this.entries.filter((entry) => !isGone(entry));
  }
}

/** An array's elements, oldest first. */
class Table {
  entries: Entry[] = [];

  constructor(private readonly array: ArrayVariable) {}

  find(keys: Value[]): Entry | undefined {
    return this.entries.find((entry) => entry.keys.every((key, i) => key === keys[i]));
  }

  get(keys: Value[]): Value {
    return this.find(keys)?.value ?? zero(this.array.value);
  }

  set(keys: Value[], value: Value): void {
    const known = this.find(keys);
    if (known) {
      known.value = value;
      return;
    }
    if (this.entries.length >= this.array.size) {
      if (!this.array.wraps) throw new SoftError(`Array overflow, check size limit (${this.array.size})`);
      this.entries.shift();
    }
    this.entries.push({ keys, value });
  }

  delete(keys: Value[]): void {
    this.entries = this.entries.filter((entry) => entry !== this.find(keys));
  }
}

class Evaluator {
  out = "";
  private readonly globals = new Map<Variable, Value>();
  private readonly tables = new Map<ArrayVariable, Table>();
  private readonly rankings = new Map<StatisticVariable, Ranking>();
  private locals = new Map<Variable, Value>();
  private statements = 0;

  constructor(private readonly program: Program) {
    for (const array of program.arrays) this.tables.set(array, new Table(array));
    for (const statistic of program.statistics) this.rankings.set(statistic, new Ranking(statistic));
  }

  run(): string | undefined {
    try {
      this.block(this.program.body);
    } catch (error) {
      if (error instanceof SoftError) return error.message;
      if (!(error instanceof Next)) throw error;
    }
    return undefined;
  }

  dump(): void {
    for (const variable of this.program.variables) this.out += `${variable.name}=${this.read(variable)}\n`;
    for (const array of this.program.arrays) {
      for (const { keys, value } of this.table(array).entries)
        this.out += `${array.name}[${keys.join(",")}]=${value}\n`;
    }
    for (const statistic of this.program.statistics) {
      const ranking = this.ranking(statistic);
      if (statistic.keys.length === 0) this.out += dumpOf(statistic, [], ranking.find([]));
      else for (const { keys, samples } of ranking.entries) this.out += dumpOf(statistic, keys, samples);
    }
  }

  private table(array: ArrayVariable): Table {
    return this.tables.get(array) as Table;
  }

  private ranking(statistic: StatisticVariable): Ranking {
    return this.rankings.get(statistic) as Ranking;
  }

  /** What was added to a statistic; if it must not be nothing, an error says so. */
  private samples(of: StatisticPlace, mayBeEmpty: boolean): Samples {
    const samples = this.ranking(of.statistic).find(this.keys(of.keys));
    if (samples.count === 0n && !mayBeEmpty) throw new SoftError("empty aggregate");
    return samples;
  }

  private bucket(of: StatisticPlace, index: Expression): bigint {
    const at = this.number(index);
    const samples = this.samples(of, false);
    if (at < 0n || at >= BigInt(bucketCount(of.statistic.histogram ?? "log")))
      throw new SoftError("histogram index out of range");
    return samples.bucket(Number(at));
  }

  private buckets(s: Extract<Statement, { kind: "buckets" }>): Ending {
    const samples = this.samples(s.of, true);
    const count = bucketCount(s.of.statistic.histogram ?? "log");
    for (let i = 0; i < count && (s.limit < 0 || i < s.limit); i++) {
      if (++this.statements > MOST_STATEMENTS) throw new TooLong();
      this.write(s.variable, BigInt(i));
      if (s.value) this.write(s.value, samples.bucket(i));
      if (this.block(s.body) === "break") break;
    }
    return "normal";
  }

  private rank(s: Extract<Statement, { kind: "ranking" }>): Ending {
    let entries = [...this.ranking(s.statistic).entries];
    const order = s.order;
    if (order) {
      const { by } = order;
      const sign = order.descending ? -1 : 1;
      const of = (entry: { keys: Value[]; samples: Samples }) =>
        typeof by === "number" ? (entry.keys[by] as Value) : entry.samples.extract(by as Extractor);
      entries.sort((a, b) => (of(a) < of(b) ? -sign : of(a) > of(b) ? sign : 0));
    }
    if (s.limit >= 0) entries = entries.slice(0, s.limit);
    for (const { keys } of entries) {
      if (++this.statements > MOST_STATEMENTS) throw new TooLong();
      s.variables.forEach((variable, i) => {
        this.write(variable, keys[i] as Value);
      });
      if (this.block(s.body) === "break") break;
    }
    return "normal";
  }

  private read(variable: Variable): Value {
    return (variable.global ? this.globals : this.locals).get(variable) ?? zero(variable.type);
  }

  private write(variable: Variable, value: Value): void {
    (variable.global ? this.globals : this.locals).set(variable, value);
  }

  private keys(keys: Expression[]): Value[] {
    return keys.map((key) => this.value(key));
  }

  private number(e: Expression): bigint {
    return this.value(e) as bigint;
  }

  private value(e: Expression): Value {
    switch (e.kind) {
      case "variable":
        return this.read(e.variable);
      case "element":
        return this.table(e.array).get(this.keys(e.keys));
      case "number":
      case "string":
        return e.value;
      case "binary":
        return this.binary(e.op, e.left, e.right);
      case "unary":
        return unary(e.op, this.number(e.operand));
      case "choice":
        return this.value(this.number(e.condition) !== 0n ? e.yes : e.no);
      case "assign":
        return this.assign(e.op, e.target, e.value);
      case "update":
        return this.update(e.op, e.prefix, e.target);
      case "in":
        return truth(this.table(e.array).find(this.keys(e.keys)) !== undefined);
      case "call":
        return this.call(e.callee, this.keys(e.args));
      case "library":
        return library(e.name, this.keys(e.args));
      case "extract":
        return this.samples(e.of, e.op === "count" || e.op === "sum").extract(e.op);
      case "bucket":
        return this.bucket(e.of, e.index);
      case "sprintf":
        return cut(this.formatted(e.values));
    }
  }

  private formatted(values: { directive: string; value: Expression }[]): string {
    return values.map(({ directive, value }) => format(directive, this.value(value))).join(" ");
  }

  private binary(op: string, left: Expression, right: Expression): Value {
    if (op === "&&") return truth(this.number(left) !== 0n && this.number(right) !== 0n);
    if (op === "||") return truth(this.number(left) !== 0n || this.number(right) !== 0n);
    const a = this.value(left);
    const b = this.value(right);
    const folded = typeof b === "bigint" && isNoShift(op, b);
    if (folded && literalOf(right, FOLDING) !== undefined && literalOf(left, FOLDING) !== undefined) return a;
    return binary(op, a, b);
  }

  private assign(op: string, target: Place, value: Expression): Value {
    const keys = target.kind === "element" ? this.keys(target.keys) : [];
    let result = this.value(value);
    if (op !== "=") result = binary(op.slice(0, -1), this.at(target, keys), result);
    this.put(target, keys, result);
    return result;
  }

  private update(op: string, prefix: boolean, target: Place): Value {
    const keys = target.kind === "element" ? this.keys(target.keys) : [];
    const before = this.at(target, keys) as bigint;
    const after = wrap(op === "++" ? before + 1n : before - 1n);
    this.put(target, keys, after);
    return prefix ? after : before;
  }

  private at(target: Place, keys: Value[]): Value {
    return target.kind === "variable" ? this.read(target.variable) : this.table(target.array).get(keys);
  }

  private put(target: Place, keys: Value[], value: Value): void {
    if (target.kind === "variable") this.write(target.variable, value);
    else this.table(target.array).set(keys, value);
  }

  private call(callee: FunctionTree, args: Value[]): Value {
    const outer = this.locals;
    this.locals = new Map(callee.parameters.map((parameter, i) => [parameter, args[i] as Value]));
    try {
      this.block(callee.body);
      return zero(callee.result);
    } catch (ended) {
      if (ended instanceof Return) return ended.value;
      throw ended;
    } finally {
      this.locals = outer;
    }
  }

  private block(statements: Statement[]): Ending {
    for (const statement of statements) {
      const ending = this.statement(statement);
      if (ending !== "normal") return ending;
    }
    return "normal";
  }

  private statement(s: Statement): Ending {
    if (++this.statements > MOST_STATEMENTS) throw new TooLong();
    switch (s.kind) {
      case "expression":
        this.value(s.expression);
        return "normal";
      case "if":
        return this.block(this.number(s.condition) !== 0n ? s.yes : s.no);
      case "while":
      case "for":
        return this.loop(s);
      case "foreach":
        return this.foreach(s);
      case "aggregate": {
        const keys = this.keys(s.of.keys);
        this.ranking(s.of.statistic).add(keys, this.number(s.value));
        return "normal";
      }
      case "forget":
        this.ranking(s.of.statistic).delete(this.keys(s.of.keys));
        return "normal";
      case "buckets":
        return this.buckets(s);
      case "ranking":
        return this.rank(s);
      case "break":
      case "continue":
        return s.kind;
      case "next":
        throw new Next();
      case "return":
        throw new Return(this.value(s.value));
      case "delete":
        this.remove(s.target);
        return "normal";
      case "try":
        return this.attempt(s);
      case "error":
        throw new SoftError(this.value(s.message) as string);
      case "print": {
        // What functions among the arguments print comes before.
        const line = this.formatted(s.values);
        this.out += `${line}\n`;
        return "normal";
      }
    }
  }

  private loop(s: Extract<Statement, { kind: "while" | "for" }>): Ending {
    this.write(s.counter, 0n);
    for (;;) {
      const count = this.read(s.counter) as bigint;
      if (s.kind === "while") this.write(s.counter, count + 1n);
      if (count >= BigInt(s.count)) break;
      if (s.kind === "while" && this.number(s.condition) === 0n) break;
      if (++this.statements > MOST_STATEMENTS) throw new TooLong();
      if (this.block(s.body) === "break") break;
      if (s.kind === "for") this.write(s.counter, (this.read(s.counter) as bigint) + 1n);
    }
    return "normal";
  }

  private foreach(s: Extract<Statement, { kind: "foreach" }>): Ending {
    const fixed = s.slice.map((key) => (key ? this.value(key) : null));
    let entries = this.table(s.array).entries.filter(({ keys }) =>
      fixed.every((key, i) => key === null || key === keys[i]),
    );
    const order = s.order;
    if (order) {
      const by = (entry: Entry) => (order.by < 0 ? entry.value : (entry.keys[order.by] as Value));
      const sign = order.descending ? -1 : 1;
      entries.sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : 0));
    }
    if (s.limit >= 0) entries = entries.slice(0, s.limit);
    for (const entry of entries) {
      if (++this.statements > MOST_STATEMENTS) throw new TooLong();
      s.variables.forEach((variable, i) => {
        this.write(variable, entry.keys[i] as Value);
      });
      if (s.value) this.write(s.value, entry.value);
      if (this.block(s.body) === "break") break;
    }
    return "normal";
  }

  private remove(target: Extract<Statement, { kind: "delete" }>["target"]): void {
    if (target.kind === "array") this.table(target.array).entries = [];
    else if (target.kind === "variable") this.write(target.variable, zero(target.variable.type));
    else this.table(target.array).delete(this.keys(target.keys));
  }

  private attempt(s: Extract<Statement, { kind: "try" }>): Ending {
    // An error may come out of a function: its locals are gone then.
    const locals = this.locals;
    try {
      return this.block(s.body);
    } catch (error) {
      if (!(error instanceof SoftError)) throw error;
      this.locals = locals;
      if (s.message) this.write(s.message, cut(error.message));
      return this.block(s.handler);
    }
  }
}

/** Functions of the string library; strings are ASCII here. */
function library(name: LibraryName, args: Value[]): Value {
  const [s, t, u] = args as [string, string, string];
  switch (name) {
    case "strlen":
      return BigInt(s.length);
    case "isinstr":
      return truth(s.includes(t));
    case "strpos":
      return BigInt(s.indexOf(t));
    case "substr": {
      const [start, length] = [Number(args[1]), Number(args[2])];
      return s.slice(start, start + length);
    }
    case "str_replace":
      return cut(t === "" ? s : s.replaceAll(t, () => u));
    case "toupper":
      return s.toUpperCase();
    case "tolower":
      return s.toLowerCase();
    case "sprint":
      return `${args[0]}`;
  }
}

function unary(op: string, a: bigint): bigint {
  if (op === "-") return wrap(-a);
  if (op === "~") return wrap(~a);
  return op === "!" ? truth(a === 0n) : a;
}

function binary(op: string, a: Value, b: Value): Value {
  if (op === ".") return cut(`${a}${b}`);
  const order = compare(op, a, b);
  return order ?? arithmetic(op, a as bigint, b as bigint);
}

function compare(op: string, a: Value, b: Value): bigint | undefined {
  const outcomes: Record<string, boolean> = {
    "<": a < b,
    "<=": a <= b,
    ">": a > b,
    ">=": a >= b,
    "==": a === b,
    "!=": a !== b,
  };
  const outcome = outcomes[op];
  return outcome === undefined ? undefined : truth(outcome);
}

function arithmetic(op: string, a: bigint, b: bigint): bigint {
  if ((op === "/" || op === "%") && b === 0n) throw new SoftError("division by 0");
  const count = b & 63n;
  const results: Record<string, () => bigint> = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    "/": () => a / b,
    "%": () => a % b,
    "&": () => a & b,
    "|": () => a | b,
    "^": () => a ^ b,
    "<<": () => a << count,
    ">>": () => a >> count,
    ">>>": () => BigInt.asUintN(64, a) >> count,
  };
  return wrap((results[op] as () => bigint)());
}

/** One value by a directive such as `%5d`, `%x`, `%-8s`. */
function format(directive: string, value: Value): string {
  const [, flags, width, letter] = /^%([-0]*)(\d*)([a-z])$/.exec(directive) as RegExpExecArray;
  const unsigned = typeof value === "bigint" ? BigInt.asUintN(64, value) : 0n;
  const text = letter === "x" ? unsigned.toString(16) : letter === "u" ? unsigned.toString() : value.toString();
  if ((flags as string).includes("-")) return text.padEnd(Number(width));
  return text.padStart(Number(width), (flags as string).includes("0") ? "0" : " ");
}

/** Runs a program. */
export function evaluate(program: Program): Outcome {
  const evaluator = new Evaluator(program);
  try {
    const error = evaluator.run();
    evaluator.dump();
    return error === undefined ? { out: evaluator.out } : { out: evaluator.out, error };
  } catch (error) {
    if (error instanceof TooLong) return { out: "", tooLong: true };
    throw error;
  }
}

/** The arithmetic of folding is the same. */
const FOLDING = { binary, unary };
