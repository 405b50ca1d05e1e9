// Expressions that may print, through the functions they call. How much a handler has put out so far is known while it is
// lowered, or lies in its frame, where loops and functions leave it; where only one of two expressions is computed, it must
// lie there before.

import { PrintSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { Visitor } from "../semantic/visit";
import { CallExpression, Expression, NodeKind } from "../syntax/ast";
import { Lowering } from "./lowering";

/** Finds calls that print, or may, as every function of a script; changes nothing. */
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

/** Before an expression that is computed on some ways only: puts the length of the output into the frame if it may print. */
export function beforeMaybe(l: Lowering, e: Expression): void {
  if (!l.buffered || l.outputKnown < 0) return;
  const finder = new PrintFinder();
  finder.expression(e);
  if (finder.found) l.leaveUnknown();
}
