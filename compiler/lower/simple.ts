// The side effects of expressions: whether the order of evaluation matters, and whether they may print.

import { Builtin } from "../builtins/builtin";
import { BuiltinSymbol, Effects, FunctionSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { Visitor } from "../semantic/visit";
import { BinaryExpression, CallExpression, Expression, NodeKind, StringLiteral, UnaryExpression } from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Type } from "../syntax/type";
import { Lowering } from "./lowering";
import { symbolOfCall } from "./names";

/** Whether evaluating an expression can neither fail, nor change, nor print anything. */
export function isSimple(e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
    case NodeKind.StringLiteral:
    case NodeKind.Identifier:
      return true;
    case NodeKind.Unary:
      return isSimple((<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (operatorIs(binary.op, OperatorFlags.Match)) return false;
      if (binary.op == Operator.Divide || binary.op == Operator.Modulo || binary.op == Operator.Concat) return false;
      return isSimple(binary.left) && isSimple(binary.right);
    }
    case NodeKind.Call:
      return isSimpleCall(<CallExpression>e);
    default:
      return false;
  }
}

/** Whether a call can neither fail nor change nor print anything, so that its evaluation may be deferred. */
function isSimpleCall(e: CallExpression): bool {
  for (let i = 0, n = e.args.length; i < n; ++i) {
    if (!isSimple(e.args[i])) return false;
  }
  const symbol = symbolOfCall(e);
  if (symbol.kind == SymbolKind.Builtin) {
    const id = (<BuiltinSymbol>symbol).id;
    return id <= Builtin.RealtimeNs;
  }
  if (symbol.kind != SymbolKind.Function) return false;
  const fn = <FunctionSymbol>symbol;
  const impure =
    Effects.WritesGlobals | Effects.Prints | Effects.Controls | Effects.MayFail | Effects.Loops | Effects.Next;
  return (fn.effects & impure) == 0 && fn.returnType != Type.String;
}

/** Whether an expression is a string literal. */
export function isLiteral(e: Expression): bool {
  return e.kind == NodeKind.StringLiteral;
}

/** The text of a string literal. */
export function literalText(e: Expression): string {
  return (<StringLiteral>e).value;
}

/** Finds calls that may print. A call of a script function counts as one. */
class PrintFinder extends Visitor {
  found: bool = false;

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Call) this.call(<CallExpression>e);
    if (!this.found) this.children(e);
  }

  private call(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (symbol === null) return;
    if (symbol.kind == SymbolKind.Print) this.found = !(<PrintSymbol>symbol).isValue;
    else if (symbol.kind == SymbolKind.Function) this.found = true;
  }
}

/**
 * Prepares for an expression that is evaluated on some paths only: stores the length of the output in the frame if the
 * expression may print.
 */
export function beforeMaybe(lowering: Lowering, e: Expression): void {
  const output = lowering.output;
  if (!output.isBuffered || output.known < 0) return;
  const finder = new PrintFinder();
  finder.expression(e);
  if (finder.found) output.leaveUnknown();
}
