// What lowering asks of names and values: the symbols of identifiers and calls, the space that a string expression
// needs, and where a value comes from.

import { Origin } from "../../common/format/manifest";
import { Runtime } from "../runtime/runtime";
import { maxLengthOf } from "../semantic/lengths";
import { isFromMachine } from "../semantic/origins";
import { GlobalSymbol, ScriptSymbol } from "../semantic/symbols";
import { CallExpression, Expression, Identifier, NodeKind } from "../syntax/ast";

/** The symbol of an identifier. Semantic analysis has resolved all identifiers. */
export function symbolOf(e: Identifier): ScriptSymbol {
  const symbol = e.symbol;
  assert(symbol !== null, "every identifier is resolved before lowering");
  return <ScriptSymbol>symbol!;
}

/** The symbol that a call names. */
export function symbolOfCall(e: CallExpression): ScriptSymbol {
  const symbol = e.symbol;
  assert(symbol !== null, "every call is resolved before lowering");
  return <ScriptSymbol>symbol!;
}

/** The array that an expression names. */
export function arrayOf(array: Expression): GlobalSymbol {
  assert(array.kind == NodeKind.Identifier, "an array is named");
  return <GlobalSymbol>symbolOf(<Identifier>array);
}

/** The maximum length of a string expression, in bytes without the NUL. */
export function lengthOf(runtime: Runtime, e: Expression): i32 {
  return maxLengthOf(e, runtime.maxLength);
}

/** Where the bytes of a value come from, as a print site says it. */
export function originOf(e: Expression): Origin {
  return isFromMachine(e) ? Origin.Machine : Origin.Script;
}
