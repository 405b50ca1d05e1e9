// What the compiler knows before a program runs: the values of expressions of literals. The language has one rule for
// which that matters: a literal that is shifted by a negative or too large literal stays as it is.

import type { Expression } from "./tree.ts";

/** Strings that together are longer are not folded. */
const LONGEST = 15;

type Value = bigint | string;

/** The value of an expression that is a literal once it is folded; `compute` has the arithmetic. */
export function literalOf(
  e: Expression,
  compute: { binary: (op: string, a: Value, b: Value) => Value; unary: (op: string, a: bigint) => bigint },
): Value | undefined {
  const valueOf = (part: Expression) => literalOf(part, compute);
  switch (e.kind) {
    case "number":
    case "string":
      return e.value;
    case "unary": {
      const value = valueOf(e.operand);
      return value === undefined ? undefined : compute.unary(e.op, value as bigint);
    }
    case "choice": {
      const condition = valueOf(e.condition);
      return condition === undefined ? undefined : valueOf(condition !== 0n ? e.yes : e.no);
    }
    case "binary":
      return binaryOf(e.op, valueOf(e.left), valueOf(e.right), compute.binary);
    default:
      return undefined;
  }
}

function binaryOf(
  op: string,
  a: Value | undefined,
  b: Value | undefined,
  compute: (op: string, a: Value, b: Value) => Value,
): Value | undefined {
  if (op === "&&" && a === 0n) return 0n;
  if (op === "||" && a !== undefined && a !== 0n) return 1n;
  if (a === undefined || b === undefined) return undefined;
  if (op === "&&" || op === "||") return b !== 0n ? 1n : 0n;
  if (typeof a === "string") return a.length + (b as string).length > LONGEST ? undefined : compute(op, a, b);
  if (b === 0n && (op === "/" || op === "%")) return undefined;
  return isNoShift(op, b as bigint) ? a : compute(op, a, b);
}

/** Whether a literal count shifts nothing. */
export function isNoShift(op: string, count: bigint): boolean {
  return (op === "<<" || op === ">>" || op === ">>>") && (count < 0n || count > 63n);
}
