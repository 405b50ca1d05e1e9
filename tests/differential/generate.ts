// Makes random well-typed programs: globals of both types, arrays of all shapes, functions, every statement. The
// programs end: loops count, and a function calls only functions before it. An array does not change while a foreach
// runs over it.

import { Random } from "./random.ts";
import { bucketCount, declareStatistics, type StatisticPlace, type StatisticVariable } from "./statistics.ts";
import type {
  ArrayVariable,
  Expression,
  FunctionTree,
  LibraryName,
  Order,
  Place,
  Program,
  Statement,
  Type,
  Variable,
} from "./tree.ts";
import { LIBRARY } from "./tree.ts";

const NUMBERS = [0n, 1n, 2n, 3n, 5n, 7n, 10n, 63n, 64n, 255n, 1000n, 65536n, 2147483647n, 4294967296n, 2n ** 63n - 1n];
const LONG = "The quick brown fox jumps over the lazy dog; ";
const STRINGS = [
  "",
  "a",
  "b",
  "ab",
  "B",
  "x y",
  "10",
  "50%",
  'q"q',
  "back\\slash",
  LONG,
  LONG.repeat(2),
  LONG.repeat(7),
];
const ARITHMETIC = ["+", "-", "*", "&", "|", "^", "<<", ">>", ">>>"];
const COMPARISONS = ["<", "<=", ">", ">=", "==", "!="];
const ASSIGNMENTS = ["=", "=", "+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="];
const DIRECTIVES: Record<Type, string[]> = {
  long: ["%d", "%d", "%d", "%x", "%u", "%5d", "%-6d", "%08x"],
  string: ["%s", "%s", "%s", "%6s", "%-4s"],
};

const ARRAYS: Pick<ArrayVariable, "keys" | "value">[] = [
  { keys: ["long"], value: "long" },
  { keys: ["string"], value: "long" },
  { keys: ["long", "string"], value: "long" },
  { keys: ["long"], value: "string" },
  { keys: ["string", "string"], value: "string" },
  { keys: ["long", "long", "string"], value: "long" },
];

/** What the code under construction may use. */
interface Scope {
  /** Scalars that may be written. */
  variables: Variable[];
  /** Loop counters and foreach variables: to be read only. */
  constants: Variable[];
  locals: Variable[];
  functions: FunctionTree[];
  /** Arrays that a foreach around runs over. */
  locked: (ArrayVariable | StatisticVariable)[];
  loops: number;
  /** The function that this is in. */
  inside: FunctionTree | null;
}

/** The program of a seed. */
export function generate(seed: number): Program {
  return new Generator(new Random(seed)).program();
}

class Generator {
  private readonly globals: Variable[] = [];
  private readonly arrays: ArrayVariable[] = [];
  private statistics: StatisticVariable[] = [];
  private counters = 0;

  constructor(private readonly random: Random) {}

  program(): Program {
    const { random } = this;
    for (let i = 0; i < 3; i++) this.globals.push({ name: `g${i}`, type: "long", global: true });
    for (let i = 0; i < 2; i++) this.globals.push({ name: `s${i}`, type: "string", global: true });
    for (const shape of ARRAYS) {
      if (!random.chance(25)) continue;
      const size = random.pick([3, 8, 20]);
      this.arrays.push({ ...shape, name: `a${this.arrays.length}`, size, wraps: random.chance(25) });
    }
    this.statistics = declareStatistics(random);
    const functions: FunctionTree[] = [];
    for (let i = random.below(4); i > 0; i--) functions.push(this.function(functions));
    const scope = this.scope(functions, null);
    const body = this.block(scope, 3, 4 + random.below(6));
    return {
      variables: this.globals,
      arrays: this.arrays,
      statistics: this.statistics,
      functions,
      locals: scope.locals,
      body,
    };
  }

  private scope(functions: FunctionTree[], inside: FunctionTree | null): Scope {
    const locals: Variable[] = [];
    for (let i = 0; i < 2; i++) locals.push({ name: `n${i}`, type: "long", global: false });
    locals.push({ name: "t0", type: "string", global: false });
    const own = inside ? [...locals, ...inside.parameters] : locals;
    return {
      ...{ variables: [...this.globals, ...own], constants: [], locals, functions: [...functions] },
      ...{ locked: [], loops: 0, inside },
    };
  }

  private function(before: FunctionTree[]): FunctionTree {
    const { random } = this;
    const parameters: Variable[] = [];
    for (let i = random.below(4); i > 0; i--) {
      parameters.push({ name: `p${i}`, type: random.pick(["long", "string"] as const), global: false });
    }
    const result = random.pick(["long", "long", "string"] as const);
    const fn: FunctionTree = { name: `f${before.length}`, parameters, result, locals: [], body: [], writes: new Set() };
    // Kernels allow eight frames: a function calls one level of others at the most.
    const scope = this.scope(
      before.filter((callee) => callee.locals.length === 0 || !callee.body.some(hasCall)),
      fn,
    );
    fn.locals = scope.locals;
    fn.body = this.block(scope, 1, 1 + random.below(4));
    fn.body.push({ kind: "return", value: this.expression(scope, result, 2) });
    return fn;
  }

  private block(scope: Scope, depth: number, count: number): Statement[] {
    const statements: Statement[] = [];
    for (let i = 0; i < count; i++) statements.push(this.statement(scope, depth));
    return statements;
  }

  private statement(scope: Scope, depth: number): Statement {
    const { random } = this;
    const nested = depth > 0;
    const kind = random.weighted([
      [30, "assign"],
      [10, "expression"],
      [14, "print"],
      [nested ? 12 : 0, "if"],
      [nested && scope.loops < 2 ? 6 : 0, "for"],
      [nested && scope.loops < 2 ? 4 : 0, "while"],
      [nested && scope.loops < 2 && this.arrays.length > 0 ? 14 : 0, "foreach"],
      [this.statistics.length > 0 ? 20 : 0, "aggregate"],
      [this.statistics.length > 0 ? 3 : 0, "forget"],
      [nested && scope.loops < 2 && this.statistics.length > 0 ? 10 : 0, "ranking"],
      [nested ? 8 : 0, "try"],
      [5, "delete"],
      [1, "error"],
      [scope.loops > 0 ? 3 : 0, "leave"],
      [scope.inside && random.chance(20) ? 3 : 0, "return"],
    ] as const);
    switch (kind) {
      case "assign":
        return { kind: "expression", expression: this.assignment(scope, 3) };
      case "expression":
        return { kind: "expression", expression: this.effect(scope, 2) };
      case "print":
        return this.print(scope);
      case "if":
        return this.branch(scope, depth);
      case "for":
      case "while":
        return this.loop(scope, depth, kind);
      case "foreach":
        return this.foreach(scope, depth);
      case "aggregate":
      case "forget":
        return this.statistic(scope, kind);
      case "ranking":
        return this.ranking(scope, depth);
      case "try":
        return this.attempt(scope, depth);
      case "delete":
        return this.removal(scope);
      case "error":
        return { kind: "if", condition: this.expression(scope, "long", 2), yes: [this.failure(scope)], no: [] };
      case "leave": {
        const leave: Statement = { kind: random.pick(["break", "continue"] as const) };
        return { kind: "if", condition: this.expression(scope, "long", 2), yes: [leave], no: [] };
      }
      case "return":
        return this.early(scope);
    }
  }

  private failure(scope: Scope): Statement {
    return { kind: "error", message: this.expression(scope, "string", 1) };
  }

  private early(scope: Scope): Statement {
    const value = this.expression(scope, scope.inside?.result ?? "long", 2);
    return { kind: "if", condition: this.expression(scope, "long", 2), yes: [{ kind: "return", value }], no: [] };
  }

  private print(scope: Scope): Statement {
    return { kind: "print", values: this.values(scope, 2) };
  }

  private values(scope: Scope, depth: number): { directive: string; value: Expression }[] {
    return Array.from({ length: 1 + this.random.below(3) }, () => {
      const type = this.type();
      return { directive: this.random.pick(DIRECTIVES[type]), value: this.expression(scope, type, depth) };
    });
  }

  private branch(scope: Scope, depth: number): Statement {
    const condition = this.expression(scope, "long", 3);
    const yes = this.block(scope, depth - 1, 1 + this.random.below(3));
    const no = this.random.chance(50) ? this.block(scope, depth - 1, 1 + this.random.below(2)) : [];
    return { kind: "if", condition, yes, no };
  }

  private local(scope: Scope, type: Type): Variable {
    const variable: Variable = { name: `${type === "long" ? "c" : "d"}${this.counters++}`, type, global: false };
    scope.locals.push(variable);
    return variable;
  }

  private loop(scope: Scope, depth: number, kind: "for" | "while"): Statement {
    const counter = this.local(scope, "long");
    const count = this.random.below(6);
    const inner = { ...scope, constants: [...scope.constants, counter], loops: scope.loops + 1 };
    const condition = this.expression(scope, "long", 2);
    const body = this.block(inner, depth - 1, 1 + this.random.below(3));
    return kind === "for" ? { kind, counter, count, body } : { kind, counter, count, condition, body };
  }

  private foreach(scope: Scope, depth: number): Statement {
    const { random } = this;
    const array = random.pick(this.arrays);
    const slice = random.chance(20)
      ? array.keys.map((type) => (random.chance(50) ? this.expression(scope, type, 1) : null))
      : [];
    const variables = array.keys.map((type) => this.local(scope, type));
    const value = random.chance(50) ? this.local(scope, array.value) : null;
    const inner: Scope = {
      ...scope,
      constants: [...scope.constants, ...variables, ...(value ? [value] : [])],
      locked: [...scope.locked, array],
      loops: scope.loops + 1,
    };
    const body = this.block(inner, depth - 1, 1 + random.below(3));
    const limit = random.chance(25) ? random.below(5) : -1;
    return { kind: "foreach", array, variables, value, order: this.order(array), limit, slice, body };
  }

  /** Adds to a statistic, or forgets what was added. */
  private statistic(scope: Scope, kind: "aggregate" | "forget"): Statement {
    const free = this.statistics.filter((statistic) => !scope.locked.includes(statistic));
    if (free.length === 0) return this.print(scope);
    const statistic = this.random.pick(free);
    scope.inside?.writes.add(statistic);
    const of = this.statisticPlace(scope, statistic);
    if (kind === "aggregate") return { kind, of, value: this.expression(scope, "long", 2) };
    return { kind, of: this.random.chance(25) ? { statistic, keys: [] } : of };
  }

  private statisticPlace(scope: Scope, statistic: StatisticVariable): StatisticPlace {
    return { statistic, keys: statistic.keys.map((type) => this.key(scope, type, 1)) };
  }

  /** Over the elements of an array of statistics, or the buckets of a histogram. */
  private ranking(scope: Scope, depth: number): Statement {
    const { random } = this;
    const statistic = random.pick(this.statistics);
    const isArray = statistic.keys.length > 0;
    if (!isArray && !statistic.histogram) return this.print(scope);
    const ranks = isArray && (!statistic.histogram || random.chance(50));
    const limit = !ranks || random.chance(25) ? random.below(6) : -1;
    const types: Type[] = ranks ? statistic.keys : ["long"];
    const variables = types.map((type) => this.local(scope, type));
    const of = this.statisticPlace(scope, statistic);
    const value = !ranks && random.chance(50) ? this.local(scope, "long") : null;
    const inner: Scope = {
      ...scope,
      constants: [...scope.constants, ...variables, ...(value ? [value] : [])],
      locked: [...scope.locked, statistic],
      loops: scope.loops + 1,
    };
    const body = this.block(inner, depth - 1, 1 + random.below(3));
    if (!ranks) return { kind: "buckets", of, variable: variables[0] as Variable, value, limit, body };
    // Extractors that sort are those that a foreach can name.
    const by = [...variables.keys(), ...statistic.asks.filter((op) => op !== "variance")];
    const order = random.chance(70) ? { by: random.pick(by), descending: random.chance(50) } : null;
    return { kind: "ranking", statistic, variables, order, limit, body };
  }

  /** What a statistic says; mostly asked only if it is not empty. */
  private extract(scope: Scope): Expression {
    const { random } = this;
    const statistic = random.pick(this.statistics);
    const of = this.statisticPlace(scope, statistic);
    const { histogram } = statistic;
    const index: Expression = {
      kind: "number",
      value: BigInt(random.below(histogram ? bucketCount(histogram) + 1 : 1)),
    };
    const asksBucket = histogram && random.chance(30);
    const value: Expression = asksBucket
      ? { kind: "bucket", of, index }
      : { kind: "extract", op: random.pick(statistic.asks), of };
    const isSafe = value.kind === "extract" && (value.op === "count" || value.op === "sum");
    if (isSafe || !statistic.asks.includes("count") || random.chance(20)) return value;
    return {
      kind: "choice",
      condition: { kind: "extract", op: "count", of },
      yes: value,
      no: this.leaf(scope, "long"),
    };
  }

  private order(array: ArrayVariable): Order | null {
    if (!this.random.chance(60)) return null;
    return { by: this.random.below(array.keys.length + 1) - 1, descending: this.random.chance(50) };
  }

  private attempt(scope: Scope, depth: number): Statement {
    const message = this.random.chance(70) ? this.random.pick(this.scalars(scope, "string")) : null;
    const body = this.block(scope, depth - 1, 1 + this.random.below(3));
    if (this.random.chance(25)) body.push(this.failure(scope));
    return { kind: "try", body, message, handler: this.block(scope, depth - 1, 1 + this.random.below(2)) };
  }

  private removal(scope: Scope): Statement {
    const array = this.writable(scope);
    if (!array || this.random.chance(20)) {
      const variable = this.random.pick(this.globals);
      return { kind: "delete", target: { kind: "variable", variable } };
    }
    if (this.random.chance(15)) return { kind: "delete", target: { kind: "array", array } };
    return { kind: "delete", target: this.element(scope, array, 1) };
  }

  private type(): Type {
    return this.random.chance(65) ? "long" : "string";
  }

  private scalars(scope: Scope, type: Type): Variable[] {
    return scope.variables.filter((variable) => variable.type === type);
  }

  /** An array that may be changed here; undefined if there is none. */
  private writable(scope: Scope, value?: Type): ArrayVariable | undefined {
    const free = this.arrays.filter((array) => !scope.locked.includes(array) && (!value || array.value === value));
    if (free.length === 0) return undefined;
    const array = this.random.pick(free);
    scope.inside?.writes.add(array);
    return array;
  }

  private element(scope: Scope, array: ArrayVariable, depth: number): Extract<Place, { kind: "element" }> {
    return { kind: "element", array, keys: array.keys.map((type) => this.key(scope, type, depth)) };
  }

  /** Keys are mostly plain, so that elements are met again. */
  private key(scope: Scope, type: Type, depth: number): Expression {
    if (this.random.chance(40)) return this.expression(scope, type, depth);
    if (type === "long") return { kind: "number", value: BigInt(this.random.below(4)) };
    return { kind: "string", value: this.random.pick(["a", "b", "ab", LONG + LONG]) };
  }

  private place(scope: Scope, type: Type, depth: number): Place {
    const array = this.random.chance(45) ? this.writable(scope, type) : undefined;
    if (array) return this.element(scope, array, depth);
    return { kind: "variable", variable: this.random.pick(this.scalars(scope, type)) };
  }

  private assignment(scope: Scope, depth: number): Expression {
    const type = this.type();
    const op = type === "long" ? this.random.pick(ASSIGNMENTS) : this.random.pick(["=", "=", ".="]);
    const target = this.place(scope, type, 1);
    return { kind: "assign", op, target, value: this.expression(scope, type, depth) };
  }

  /** An expression that does something. */
  private effect(scope: Scope, depth: number): Expression {
    const call = this.random.chance(35) ? this.call(scope, this.type(), depth) : undefined;
    if (call) return call;
    const target = this.place(scope, "long", 1);
    return { kind: "update", op: this.random.pick(["++", "--"] as const), prefix: this.random.chance(50), target };
  }

  private call(scope: Scope, type: Type, depth: number): Expression | undefined {
    const fits = (fn: FunctionTree) => fn.result === type && !scope.locked.some((array) => fn.writes.has(array));
    const callees = scope.functions.filter(fits);
    if (callees.length === 0) return undefined;
    const callee = this.random.pick(callees);
    for (const array of callee.writes) scope.inside?.writes.add(array);
    return {
      kind: "call",
      callee,
      args: callee.parameters.map((parameter) => this.expression(scope, parameter.type, depth - 1)),
    };
  }

  private expression(scope: Scope, type: Type, depth: number): Expression {
    if (depth <= 0 || this.random.chance(20)) return this.leaf(scope, type);
    return type === "long" ? this.longExpression(scope, depth) : this.stringExpression(scope, depth);
  }

  private leaf(scope: Scope, type: Type): Expression {
    const { random } = this;
    if (random.chance(40)) {
      if (type === "string") return { kind: "string", value: random.pick(STRINGS) };
      return { kind: "number", value: random.chance(70) ? BigInt(random.below(10)) : random.pick(NUMBERS) };
    }
    const variables = [...scope.variables, ...scope.constants].filter((variable) => variable.type === type);
    return { kind: "variable", variable: random.pick(variables) };
  }

  private longExpression(scope: Scope, depth: number): Expression {
    const { random } = this;
    const long = () => this.expression(scope, "long", depth - 1);
    const kind = random.weighted([
      [30, "arithmetic"],
      [6, "division"],
      [10, "compare"],
      [6, "compareStrings"],
      [8, "logic"],
      [8, "unary"],
      [6, "choice"],
      [this.arrays.length > 0 ? 18 : 0, "element"],
      [this.arrays.length > 0 ? 8 : 0, "in"],
      [10, "call"],
      [this.statistics.length > 0 ? 12 : 0, "extract"],
      [6, "library"],
      [5, "update"],
      [4, "assign"],
    ] as const);
    switch (kind) {
      case "arithmetic":
        return { kind: "binary", op: random.pick(ARITHMETIC), left: long(), right: long() };
      case "division":
        return { kind: "binary", op: random.pick(["/", "%"]), left: long(), right: long() };
      case "compare":
        return { kind: "binary", op: random.pick(COMPARISONS), left: long(), right: long() };
      case "compareStrings": {
        const string = () => this.expression(scope, "string", depth - 1);
        return { kind: "binary", op: random.pick(COMPARISONS), left: string(), right: string() };
      }
      case "logic":
        return { kind: "binary", op: random.pick(["&&", "||"]), left: long(), right: long() };
      case "unary":
        return { kind: "unary", op: random.pick(["-", "~", "!"]), operand: long() };
      case "choice":
        return { kind: "choice", condition: long(), yes: long(), no: long() };
      case "element":
        return this.anyElement(scope, "long", depth);
      case "in":
        return this.membership(scope, depth);
      case "extract":
        return this.extract(scope);
      case "call":
        return this.call(scope, "long", depth) ?? this.leaf(scope, "long");
      case "library":
        return this.library(scope, "long", depth);
      case "update":
        return this.effectOf(scope);
      case "assign":
        return { kind: "assign", op: random.pick(ASSIGNMENTS), target: this.place(scope, "long", 1), value: long() };
    }
  }

  private effectOf(scope: Scope): Expression {
    const target = this.place(scope, "long", 1);
    return { kind: "update", op: this.random.pick(["++", "--"] as const), prefix: this.random.chance(50), target };
  }

  private membership(scope: Scope, depth: number): Expression {
    const array = this.random.pick(this.arrays);
    return { kind: "in", array, keys: array.keys.map((type) => this.key(scope, type, depth - 1)) };
  }

  private anyElement(scope: Scope, value: Type, depth: number): Expression {
    const arrays = this.arrays.filter((array) => array.value === value);
    return arrays.length === 0 ? this.leaf(scope, value) : this.element(scope, this.random.pick(arrays), depth - 1);
  }

  private stringExpression(scope: Scope, depth: number): Expression {
    const string = () => this.expression(scope, "string", depth - 1);
    const kind = this.random.weighted([
      [30, "concatenate"],
      [8, "choice"],
      [15, "element"],
      [12, "call"],
      [10, "library"],
      [8, "sprintf"],
      [20, "leaf"],
    ] as const);
    switch (kind) {
      case "concatenate":
        return { kind: "binary", op: ".", left: string(), right: string() };
      case "choice":
        return { kind: "choice", condition: this.expression(scope, "long", depth - 1), yes: string(), no: string() };
      case "element":
        return this.anyElement(scope, "string", depth);
      case "call":
        return this.call(scope, "string", depth) ?? this.leaf(scope, "string");
      case "library":
        return this.library(scope, "string", depth);
      case "sprintf":
        return { kind: "sprintf", values: this.values(scope, depth - 1) };
      case "leaf":
        return this.leaf(scope, "string");
    }
  }

  private library(scope: Scope, gives: Type, depth: number): Expression {
    const names = (Object.keys(LIBRARY) as LibraryName[]).filter((name) => LIBRARY[name].gives === gives);
    const name = this.random.pick(names);
    const takes: readonly Type[] = LIBRARY[name].takes;
    const args = takes.map((type): Expression => {
      // Positions that mean something; what others do is not written anywhere.
      if (type === "long" && name === "substr") return { kind: "number", value: BigInt(this.random.below(70)) };
      return this.expression(scope, type, depth - 1);
    });
    return { kind: "library", name, args };
  }
}

/** Whether a tree of statements calls a function. */
function hasCall(statement: Statement): boolean {
  return /"kind":"call"/.test(
    JSON.stringify(statement, (_, value) => (typeof value === "bigint" ? 0 : value instanceof Set ? 0 : value)),
  );
}
