// Print statements that follow each other become one record, put together on the stack: one call into the ring instead
// of a claimed frame, and the line that they make stays whole. Only where nothing between the first and the last can
// fail or leave, since what was printed before must not be lost with it.

import { NoRef } from "../ir/function";
import { UnitMap } from "../ir/unit";
import { writeRecord } from "../runtime/report";
import { PrintSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { CallExpression, ExpressionStatement, NodeKind, Statement } from "../syntax/ast";
import { Item, makeItems } from "./items";
import { Lowering } from "./lowering";
import { fillFixed, nameSite, restIsSimple } from "./print";

/** The most that such records have: more would leave too little stack for what the handler calls. */
const MOST_TOGETHER: i32 = 160;

/** What a statement prints; null if it is no print. */
function printOf(s: Statement): PrintSymbol | null {
  if (s.kind != NodeKind.Expression) return null;
  const e = (<ExpressionStatement>s).expression;
  if (e.kind != NodeKind.Call) return null;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  if (symbol === null || symbol.kind != SymbolKind.Print) return null;
  const print = <PrintSymbol>symbol;
  return print.isValue ? null : print;
}

/** Lowers prints from statement `from` on as one record; how many statements those were, 0 if that does not do. */
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
  // Where a part does not fit the rule, the handler's output is buffered anyhow.
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
