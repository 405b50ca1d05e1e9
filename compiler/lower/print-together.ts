// Consecutive print statements become one record, which is built on the stack. That costs one call into the ring
// instead of a claimed frame, and their line stays in one piece. This is done only if nothing between the first and the
// last print can fail or leave the handler, because the text printed before must not be lost.

import { NoRef } from "../ir/function";
import { UnitMap } from "../ir/unit";
import { writeRecord } from "../runtime/report";
import { PrintSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { CallExpression, ExpressionStatement, NodeKind, Statement } from "../syntax/ast";
import { Item, makeItems } from "./items";
import { Lowering } from "./lowering";
import { fillFixed, nameSite, restIsSimple } from "./print";

/** Limit of the bytes in such a record. More would leave too little stack for the functions that the handler calls. */
const MOST_TOGETHER: i32 = 160;

/** The print of a statement; null if the statement is not a print. */
function printOf(s: Statement): PrintSymbol | null {
  if (s.kind != NodeKind.Expression) return null;
  const e = (<ExpressionStatement>s).expression;
  if (e.kind != NodeKind.Call) return null;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  if (symbol === null || symbol.kind != SymbolKind.Print) return null;
  const print = <PrintSymbol>symbol;
  return print.isValue ? null : print;
}

/** Lowers the prints from statement `from` on as one record. Returns their number, 0 if they cannot be joined. */
export function lowerTogether(lowering: Lowering, statements: Statement[], from: i32): i32 {
  if (lowering.output.isBuffered || lowering.output.directItems > 0) return 0;
  const items: Item[] = [];
  let bytes = 0;
  let end = from;
  for (const n = statements.length; end < n; ++end) {
    const print = printOf(statements[end]);
    if (print === null) break;
    const made = makeItems(lowering, print);
    if (made.length > 1) break;
    const item = made.length == 1 ? made[0] : new Item();
    if (!item.isFixed || item.hasHistogram || (end > from && !restIsSimple([item], 0, 0))) break;
    bytes += item.most;
    items.push(item);
  }
  // If a part breaks the rule, the handler's output is buffered anyhow.
  if (items.length < 2 || bytes > MOST_TOGETHER) return 0;
  const record = lowering.frame.newRecord(bytes);
  if (record == NoRef) return 0;
  ++lowering.output.directItems;
  const mark = lowering.frame.markTemporaries();
  let at = 0;
  for (let i = 0, n = items.length; i < n; ++i) {
    const item = items[i];
    if (item.format.length == 0) continue;
    lowering.at(statements[from + i].range);
    nameSite(lowering, item, statements[from + i].range);
    at = fillFixed(lowering, item, record, at);
  }
  if (at > 0) writeRecord(lowering.b, UnitMap.Output, record, lowering.constant(at));
  lowering.frame.releaseTemporaries(mark);
  return items.length;
}
