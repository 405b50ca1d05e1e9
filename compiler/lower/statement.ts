// Statements.

import { Effects } from "../semantic/symbols";
import { BlockStatement, ExpressionStatement, IfStatement, NodeKind, ReturnStatement, Statement } from "../syntax/ast";
import { lowerCondition, lowerDropped, lowerLong } from "./expression";
import { Lowering } from "./lowering";
import { copyString, lowerString, zero } from "./string";

/** Lowers a block's statements. */
export function lowerBlock(l: Lowering, block: BlockStatement): void {
  for (let i = 0, n = block.statements.length; i < n; ++i) lowerStatement(l, block.statements[i]);
}

function lowerStatement(l: Lowering, s: Statement): void {
  l.at(s.range);
  switch (s.kind) {
    case NodeKind.Block:
      lowerBlock(l, <BlockStatement>s);
      return;
    case NodeKind.Empty:
      return;
    case NodeKind.Expression:
      lowerDropped(l, (<ExpressionStatement>s).expression);
      return;
    case NodeKind.If:
      lowerIf(l, <IfStatement>s);
      return;
    case NodeKind.Return:
      lowerReturn(l, <ReturnStatement>s);
      return;
    default:
      assert(s.kind == NodeKind.Next, "semantic analysis refuses what lowering does not know");
      lowerNext(l);
  }
}

function lowerIf(l: Lowering, s: IfStatement): void {
  const b = l.b;
  const yes = b.newBlock("then");
  const join = b.newBlock("join");
  const otherwise = s.whenFalse;
  const no = otherwise !== null ? b.newBlock("else") : b.newBlock("skip");
  lowerCondition(l, s.condition, yes, no);
  const known = l.outputKnown;
  const items = l.directItems;
  const thenEnd = lowerArm(l, s.whenTrue, yes);
  const thenKnown = l.outputKnown;
  const thenItems = l.directItems;
  l.outputKnown = known;
  l.directItems = items;
  const elseEnd = lowerArm(l, otherwise, no);
  const elseKnown = l.outputKnown;
  if (thenItems > l.directItems) l.directItems = thenItems;
  joinArm(l, thenEnd, thenKnown, thenKnown == elseKnown, join);
  joinArm(l, elseEnd, elseKnown, thenKnown == elseKnown, join);
  l.outputKnown = thenKnown == elseKnown ? thenKnown : -1;
  b.setBlock(join);
}

/** Lowers one arm; returns the block in which it ends. */
function lowerArm(l: Lowering, s: Statement | null, block: i32): i32 {
  l.b.setBlock(block);
  l.memo.open();
  if (s !== null) lowerStatement(l, s);
  l.memo.close();
  return l.b.current();
}

/** Ends an arm; where the arms differ in how much they put out, the length goes to the frame. */
function joinArm(l: Lowering, end: i32, known: i32, same: bool, join: i32): void {
  l.b.setBlock(end);
  if (l.b.isTerminated()) return;
  l.outputKnown = known;
  if (!same) l.flushKnown();
  l.b.jump(join);
}

function lowerReturn(l: Lowering, s: ReturnStatement): void {
  const to = l.inlining;
  assert(to !== null, "return stands in a function");
  const inlining = to!;
  const value = s.value;
  const place = inlining.place;
  if (value !== null) {
    if (place !== null) copyString(l, lowerString(l, value), place);
    else l.b.setVar(inlining.variable, lowerLong(l, value));
  } else if (place !== null) {
    zero(l, place);
  }
  if ((inlining.symbol.effects & Effects.Prints) != 0) l.flushKnown();
  l.b.jump(inlining.exit);
}

/** `next`: in a function, the next overload; in a handler, its end. */
function lowerNext(l: Lowering): void {
  const inlining = l.inlining;
  if (inlining !== null) {
    if ((inlining.symbol.effects & Effects.Prints) != 0) l.flushKnown();
    l.b.jump(inlining.nextOverload);
    return;
  }
  l.exitEarly = true;
  l.flushKnown();
  l.b.jump(l.exitBlock);
}
