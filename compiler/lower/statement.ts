// Statements.

import { GlobalSymbol, SymbolKind } from "../semantic/symbols";
import {
  BlockStatement,
  DeleteStatement,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  Identifier,
  IfStatement,
  NodeKind,
  ReturnStatement,
  Statement,
  TryStatement,
  WhileStatement,
} from "../syntax/ast";
import { Type } from "../syntax/type";
import { leaves } from "./contents";
import { deleteElement } from "./element";
import { lowerCondition, lowerDropped, lowerLong } from "./expression";
import { lowerForeach } from "./foreach";
import { leaveByNext, leaveFunction, lowerFor, lowerWhile } from "./loop";
import { Catch, Lowering } from "./lowering";
import { Place } from "./place";
import { lowerTogether } from "./print-together";
import { clearStatistic } from "./stats";
import { copyString, lowerString, lowerStringInto, zero } from "./string";
import { placeOfVariable, symbolOf, writeLong } from "./variable";

/** Lowers a block's statements. */
export function lowerBlock(l: Lowering, block: BlockStatement): void {
  const statements = block.statements;
  for (let i = 0, n = statements.length; i < n; ++i) {
    const taken = lowerTogether(l, statements, i);
    if (taken > 0) {
      i += taken - 1;
      continue;
    }
    lowerStatement(l, statements[i]);
    // What can never run is left out: it would find nothing of what the code before it computed.
    if (l.b.isTerminated() || leaves(statements[i])) return;
  }
}

/** Lowers one statement; places that it needed on the way are free again afterwards. */
export function lowerStatement(l: Lowering, s: Statement): void {
  l.at(s.range);
  const mark = l.markTemporaries();
  lowerKind(l, s);
  l.releaseTemporaries(mark);
}

function lowerKind(l: Lowering, s: Statement): void {
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
    case NodeKind.While:
      lowerWhile(l, <WhileStatement>s);
      return;
    case NodeKind.For:
      lowerFor(l, <ForStatement>s);
      return;
    case NodeKind.Foreach:
      lowerForeach(l, <ForeachStatement>s);
      return;
    case NodeKind.Delete:
      lowerDelete(l, <DeleteStatement>s);
      return;
    case NodeKind.Break:
      lowerBreak(l);
      return;
    case NodeKind.Continue:
      lowerContinue(l);
      return;
    case NodeKind.Try:
      lowerTry(l, <TryStatement>s);
      return;
    default:
      assert(s.kind == NodeKind.Next, "semantic analysis refuses what lowering does not know");
      leaveByNext(l);
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
  const isString = inlining.symbol.returnType == Type.String;
  if (value === null) {
    if (place !== null) zero(l, place);
  } else if (place === null) {
    l.b.setVar(inlining.variable, lowerLong(l, value));
  } else if (isString && l.root.activation !== null) {
    // Nothing reads the result before the function has ended, so that no copy is needed on the way.
    lowerStringInto(l, value, place);
  } else if (isString) {
    copyString(l, lowerString(l, value), place);
  } else {
    l.storeWord(place, 0, lowerLong(l, value));
  }
  leaveFunction(l);
}

/** `delete`: an element, an array, or a scalar, which becomes zero or empty. */
function lowerDelete(l: Lowering, s: DeleteStatement): void {
  const target = s.target;
  if (target.kind == NodeKind.Identifier) {
    const symbol = symbolOf(<Identifier>target);
    if (symbol.kind != SymbolKind.Global || !(<GlobalSymbol>symbol).isArray) {
      if (target.type == Type.Stats) clearStatistic(l, <GlobalSymbol>symbol);
      else if (target.type == Type.String) zero(l, placeOfVariable(l, <Identifier>target));
      else writeLong(l, <Identifier>target, l.constant(0));
      return;
    }
  }
  deleteElement(l, target);
}

function lowerBreak(l: Lowering): void {
  l.flushKnown();
  l.b.jump(l.loop!.breakBlock);
}

function lowerContinue(l: Lowering): void {
  l.flushKnown();
  l.b.jump(l.loop!.continueBlock);
}

/** `try body catch (variable) handler` */
function lowerTry(l: Lowering, s: TryStatement): void {
  const b = l.b;
  const caught = b.newBlock("catch");
  const done = b.newBlock("done");
  l.leaveUnknown();
  const variable = s.variable;
  let message: Place | null = null;
  if (variable !== null) message = placeOfVariable(l, variable);
  l.catching = new Catch(caught, message, l.catching);
  l.memo.open();
  lowerStatement(l, s.body);
  l.leaveUnknown();
  l.memo.close();
  b.jump(done);
  l.catching = l.catching!.outer;
  b.setBlock(caught);
  l.memo.open();
  lowerStatement(l, s.handler);
  l.leaveUnknown();
  l.memo.close();
  b.jump(done);
  b.setBlock(done);
}
