// Writes a tree in the script language, with as few parentheses as precedence permits, and sometimes with more.

import { type StatisticPlace, spellDeclaration, spellDump, spellExtract, spellHistogram } from "./statistics.ts";
import type { ArrayVariable, Expression, FunctionTree, Place, Program, Statement, Variable } from "./tree.ts";

/** From the loosest to the tightest; operators of one row associate to the left. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["in"],
  ["<", "<=", ">", ">=", "==", "!="],
  ["<<", ">>", ">>>"],
  ["."],
  ["+", "-"],
  ["*", "/", "%"],
];
const ASSIGNMENT = -2;
const CHOICE = -1;
const UNARY = LEVELS.length;
const PRIMARY = UNARY + 1;

const levelOf = (op: string) => LEVELS.findIndex((row) => row.includes(op));

function level(e: Expression): number {
  switch (e.kind) {
    case "assign":
      return ASSIGNMENT;
    case "choice":
      return CHOICE;
    case "binary":
      return levelOf(e.op);
    case "in":
      return levelOf("in");
    case "unary":
      return UNARY;
    case "number":
      return e.value < 0n ? UNARY : PRIMARY;
    default:
      return PRIMARY;
  }
}

/** An expression where one of at least the level `least` is expected. */
function at(least: number, e: Expression): string {
  const text = expression(e);
  return level(e) < least ? `(${text})` : text;
}

function place(target: Place): string {
  if (target.kind === "variable") return target.variable.name;
  return `${target.array.name}[${target.keys.map((key) => at(ASSIGNMENT, key)).join(", ")}]`;
}

function statistic({ statistic: { name }, keys }: StatisticPlace): string {
  return keys.length === 0 ? name : `${name}[${keys.map((key) => at(ASSIGNMENT, key)).join(", ")}]`;
}

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n")}"`;

/** A format and its arguments. */
function formatted(values: { directive: string; value: Expression }[], end = ""): string {
  const format = values.map(({ directive }) => directive).join(" ");
  return `"${format}${end}", ${values.map(({ value }) => at(ASSIGNMENT, value)).join(", ")}`;
}

/** An expression as the script says it. */
function expression(e: Expression): string {
  switch (e.kind) {
    case "variable":
    case "element":
      return place(e);
    case "number":
      return e.value === -(2n ** 63n) ? "-0x8000000000000000" : e.value.toString();
    case "string":
      return quote(e.value);
    case "binary": {
      const own = levelOf(e.op);
      return `${at(own, e.left)} ${e.op} ${at(own + 1, e.right)}`;
    }
    case "unary":
      // Two signs in a row would be another operator.
      return `${e.op} ${at(UNARY, e.operand)}`;
    case "choice":
      return `${at(CHOICE + 1, e.condition)} ? ${at(CHOICE, e.yes)} : ${at(CHOICE, e.no)}`;
    case "assign":
      return `${place(e.target)} ${e.op} ${at(ASSIGNMENT, e.value)}`;
    case "update":
      return e.prefix ? `${e.op}${place(e.target)}` : `${place(e.target)}${e.op}`;
    case "in":
      return `[${e.keys.map((key) => at(ASSIGNMENT, key)).join(", ")}] in ${e.array.name}`;
    case "call":
      return `${e.callee.name}(${e.args.map((arg) => at(ASSIGNMENT, arg)).join(", ")})`;
    case "library":
      return `${e.name}(${e.args.map((arg) => at(ASSIGNMENT, arg)).join(", ")})`;
    case "extract":
      return spellExtract(e.op, e.of.statistic, statistic(e.of));
    case "bucket":
      return `${spellHistogram(e.of.statistic.histogram ?? "log", statistic(e.of))}[${at(ASSIGNMENT, e.index)}]`;
    case "sprintf":
      return `sprintf(${formatted(e.values)})`;
  }
}

const indent = (text: string) => text.replace(/^/gm, "  ");

function block(statements: Statement[]): string {
  return statements.length === 0 ? "{ }" : `{\n${indent(statements.map(statement).join("\n"))}\n}`;
}

function foreachHead(s: Extract<Statement, { kind: "foreach" }>): string {
  const sign = s.order?.descending ? "-" : "+";
  const mark = (by: number) => (s.order?.by === by ? sign : "");
  const names = s.variables.map((variable, i) => `${variable.name}${mark(i)}`);
  const keys = names.length === 1 ? names[0] : `[${names.join(", ")}]`;
  const value = s.value ? `${s.value.name} = ` : "";
  const slice = s.slice.length > 0 ? `[${s.slice.map((key) => (key ? at(ASSIGNMENT, key) : "*")).join(", ")}]` : "";
  const limit = s.limit >= 0 ? ` limit ${s.limit}` : "";
  return `foreach (${value}${keys} in ${s.array.name}${slice}${mark(-1)}${limit})`;
}

function bucketsHead(s: Extract<Statement, { kind: "buckets" }>): string {
  const value = s.value ? `${s.value.name} = ` : "";
  const histogram = spellHistogram(s.of.statistic.histogram ?? "log", statistic(s.of));
  return `foreach (${value}${s.variable.name} in ${histogram}${s.limit >= 0 ? ` limit ${s.limit}` : ""})`;
}

function rankingHead(s: Extract<Statement, { kind: "ranking" }>): string {
  const sign = s.order?.descending ? "-" : "+";
  const by = s.order?.by;
  const names = s.variables.map((variable, i) => `${variable.name}${by === i ? sign : ""}`).join(", ");
  const sorted = typeof by === "string" ? ` @${by}${sign}` : "";
  return `foreach ([${names}] in ${s.statistic.name}${sorted}${s.limit >= 0 ? ` limit ${s.limit}` : ""})`;
}

/** A call whose value decides something: else it is left out if the function has no effect, and its errors with it. */
function used(call: Extract<Expression, { kind: "call" }>): string {
  const rare = call.callee.result === "long" ? "-4242424242" : '"no program makes this"';
  return `if (${at(levelOf("==") + 1, call)} == ${rare}) println("rare");`;
}

function statement(s: Statement): string {
  switch (s.kind) {
    case "expression":
      return s.expression.kind === "call" ? used(s.expression) : `${expression(s.expression)};`;
    case "if":
      return `if (${expression(s.condition)}) ${block(s.yes)}${s.no.length > 0 ? ` else ${block(s.no)}` : ""}`;
    case "while": {
      const condition = `${s.counter.name}++ < ${s.count} && ${at(levelOf("&&") + 1, s.condition)}`;
      return `${s.counter.name} = 0;\nwhile (${condition}) ${block(s.body)}`;
    }
    case "for":
      return `for (${s.counter.name} = 0; ${s.counter.name} < ${s.count}; ${s.counter.name}++) ${block(s.body)}`;
    case "foreach":
      return `${foreachHead(s)} ${block(s.body)}`;
    case "aggregate":
      return `${statistic(s.of)} <<< ${at(ASSIGNMENT, s.value)};`;
    case "forget":
      return `delete ${statistic(s.of)};`;
    case "buckets":
      return `${bucketsHead(s)} ${block(s.body)}`;
    case "ranking":
      return `${rankingHead(s)} ${block(s.body)}`;
    case "return":
      return `return ${expression(s.value)};`;
    case "delete":
      return `delete ${s.target.kind === "array" ? s.target.array.name : place(s.target)};`;
    case "try":
      return `try ${block(s.body)} catch${s.message ? ` (${s.message.name})` : ""} ${block(s.handler)}`;
    case "error":
      return `error(${expression(s.message)});`;
    case "print": {
      return `printf(${formatted(s.values, "\\n")});`;
    }
    default:
      return `${s.kind};`;
  }
}

const declareArray = (array: ArrayVariable) => `global ${array.name}${array.wraps ? "%" : ""}[${array.size}]`;

/**
 * Locals begin with a value, so that their types are known however little is done with them. It is an update, which
 * reads: else assignments to a local that nothing reads were left out, and their errors with them.
 */
const begin = (locals: Variable[]) =>
  locals.map(({ name, type }) => `${name} ${type === "long" ? "+= 0" : '.= ""'};`).join(" ");

function declareFunction(fn: FunctionTree): string {
  const parameters = fn.parameters.map(({ name, type }) => `${name}:${type}`).join(", ");
  const body = indent(fn.body.map(statement).join("\n"));
  return `function ${fn.name}:${fn.result}(${parameters}) {\n  ${begin([...fn.parameters, ...fn.locals])}\n${body}\n}`;
}

/** Statements that print all globals. */
function dump(program: Program): string {
  const lines = program.variables.map(
    ({ name, type }) => `printf("${name}=${type === "long" ? "%d" : "%s"}\\n", ${name})`,
  );
  for (const array of program.arrays) {
    const names = array.keys.map((_, i) => `k${i + 1}`);
    const keys = array.keys.map((type) => (type === "long" ? "%d" : "%s")).join(",");
    const value = array.value === "long" ? "%d" : "%s";
    lines.push(
      `foreach (v_${array.name} = [${names.map((name) => `${array.name}_${name}`).join(", ")}] in ${array.name})`,
    );
    const args = [...names.map((name) => `${array.name}_${name}`), `v_${array.name}`].join(", ");
    lines.push(`  printf("${array.name}[${keys}]=${value}\\n", ${args})`);
  }
  return [...lines, ...program.statistics.map(spellDump)].join("\n");
}

/** The whole script. */
export function render(program: Program): string {
  const globals = program.variables.map(({ name, type }) => `global ${name} = ${type === "long" ? "0" : '""'}`);
  return [
    ...globals,
    ...program.arrays.map(declareArray),
    ...program.statistics.map(spellDeclaration),
    ...program.functions.map(declareFunction),
    `probe begin {\n  ${begin(program.locals)}\n${indent(program.body.map(statement).join("\n"))}\n}`,
    `probe end {\n${indent(dump(program))}\n}\n`,
  ].join("\n");
}
