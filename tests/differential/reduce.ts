// Reduces a failing program: it leaves out statements, bodies of functions and parts of expressions as long as the
// program still fails in the same way.

import type { Expression, Program, Statement } from "./tree.ts";

/** Whether a program still fails as the first one did. */
export type Fails = (program: Program) => Promise<boolean>;

/** The smallest program found that still fails; the given one is changed. */
export async function reduce(program: Program, fails: Fails): Promise<Program> {
  for (let progress = true; progress; ) {
    progress = await reduceBlock(program.body, program, fails);
    for (const fn of program.functions) if (await reduceBlock(fn.body, program, fails)) progress = true;
    for (const list of [program.functions, program.arrays]) {
      for (let i = list.length - 1; i >= 0; i--) {
        const [gone] = (list as unknown[]).splice(i, 1);
        if (await fails(program)) progress = true;
        else (list as unknown[]).splice(i, 0, gone);
      }
    }
  }
  return program;
}

/** Tries to leave out each statement, then to replace it by what is inside it, then to make it smaller. */
async function reduceBlock(block: Statement[], program: Program, fails: Fails): Promise<boolean> {
  let progress = false;
  for (let i = block.length - 1; i >= 0; i--) {
    const statement = block[i] as Statement;
    const replacements = [[], ...innerBlocks(statement)];
    let done = false;
    for (const replacement of replacements) {
      block.splice(i, 1, ...replacement);
      done = await fails(program);
      if (done) break;
      block.splice(i, replacement.length, statement);
    }
    if (done) {
      progress = true;
      continue;
    }
    for (const inner of innerBlocks(statement)) if (await reduceBlock(inner, program, fails)) progress = true;
    if (await reduceExpressions(statement as unknown as Slots, program, fails)) progress = true;
  }
  return progress;
}

function innerBlocks(s: Statement): Statement[][] {
  switch (s.kind) {
    case "if":
      return [s.yes, s.no];
    case "for":
    case "while":
    case "foreach":
    case "buckets":
    case "ranking":
      return [s.body];
    case "try":
      return [s.body, s.handler];
    default:
      return [];
  }
}

type Slots = Record<string, unknown>;
const EXPRESSIONS = new Set([
  "extract",
  "bucket",
  "library",
  "sprintf",
  "binary",
  "unary",
  "choice",
  "assign",
  "update",
  "in",
  "call",
  "element",
  "variable",
  "number",
  "string",
]);
const BLOCKS = new Set(["body", "yes", "no", "handler", "callee", "array", "variable", "target"]);

/** Tries a literal, or an operand of the same type, in place of each expression below a node. */
async function reduceExpressions(node: Slots, program: Program, fails: Fails): Promise<boolean> {
  let progress = false;
  for (const [key, value] of Object.entries(node)) {
    if (value === null || typeof value !== "object" || (BLOCKS.has(key) && Array.isArray(value)) || key === "callee")
      continue;
    if (key === "array" || key === "statistic" || key === "variable" || key === "counter" || value instanceof Set)
      continue;
    const child = value as Slots;
    if (EXPRESSIONS.has(String(child.kind)) && key !== "target") {
      for (const smaller of simpler(child as unknown as Expression)) {
        node[key] = smaller;
        if (await fails(program)) {
          progress = true;
          break;
        }
        node[key] = value;
      }
    }
    if (await reduceExpressions(node[key] as Slots, program, fails)) progress = true;
  }
  return progress;
}

function simpler(e: Expression): Expression[] {
  const literals: Expression[] = [
    { kind: "number", value: 1n },
    { kind: "string", value: "a" },
  ];
  if (e.kind === "number" || e.kind === "string") return [];
  if (e.kind === "binary") return [e.left, e.right, ...literals];
  if (e.kind === "unary") return [e.operand, ...literals];
  if (e.kind === "choice") return [e.yes, e.no, ...literals];
  return literals;
}
