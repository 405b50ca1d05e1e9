// Statements.

import { copyString, zero } from "../runtime/copy";
import { Place } from "../runtime/place";
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
import { Catch } from "./exits";
import { lowerForeach } from "./foreach";
import { leaveByNext, leaveFunction, lowerFor, lowerWhile } from "./loop";
import { Lowering } from "./lowering";
import { symbolOf } from "./names";
import { lowerTogether } from "./print-together";
import { clearStatistic } from "./statistic";
import { placeOfVariable, writeLong } from "./variable";

/** Lowers a block's statements. */
export function lowerBlock(lowering: Lowering, block: BlockStatement): void {
  const statements = block.statements;
  for (let i = 0, n = statements.length; i < n; ++i) {
    const taken = lowerTogether(lowering, statements, i);
    if (taken > 0) {
      i += taken - 1;
      continue;
    }
    lowering.statement(statements[i]);
    // Unreachable statements are left out. They would not find values that the code before them computed.
    if (lowering.b.isTerminated() || leaves(statements[i])) return;
  }
}

/** Lowers one statement. Its temporary places are released at its end. */
export function lowerStatement(lowering: Lowering, s: Statement): void {
  lowering.at(s.range);
  const mark = lowering.frame.markTemporaries();
  lowerKind(lowering, s);
  lowering.frame.releaseTemporaries(mark);
}

function lowerKind(lowering: Lowering, s: Statement): void {
  switch (s.kind) {
    case NodeKind.Block:
      lowering.block(<BlockStatement>s);
      return;
    case NodeKind.Empty:
      return;
    case NodeKind.Expression:
      lowering.dropped((<ExpressionStatement>s).expression);
      return;
    case NodeKind.If:
      lowerIf(lowering, <IfStatement>s);
      return;
    case NodeKind.Return:
      lowerReturn(lowering, <ReturnStatement>s);
      return;
    case NodeKind.While:
      lowerWhile(lowering, <WhileStatement>s);
      return;
    case NodeKind.For:
      lowerFor(lowering, <ForStatement>s);
      return;
    case NodeKind.Foreach:
      lowerForeach(lowering, <ForeachStatement>s);
      return;
    case NodeKind.Delete:
      lowerDelete(lowering, <DeleteStatement>s);
      return;
    case NodeKind.Break:
      lowerBreak(lowering);
      return;
    case NodeKind.Continue:
      lowerContinue(lowering);
      return;
    case NodeKind.Try:
      lowerTry(lowering, <TryStatement>s);
      return;
    default:
      assert(s.kind == NodeKind.Next, "semantic analysis refuses what lowering does not know");
      leaveByNext(lowering);
  }
}

function lowerIf(lowering: Lowering, s: IfStatement): void {
  const b = lowering.b;
  const yes = b.newBlock("then");
  const join = b.newBlock("join");
  const otherwise = s.whenFalse;
  const no = otherwise !== null ? b.newBlock("else") : b.newBlock("skip");
  lowering.condition(s.condition, yes, no);
  const known = lowering.output.known;
  const items = lowering.output.directItems;
  const thenEnd = lowerArm(lowering, s.whenTrue, yes);
  const thenItems = lowering.output.directItems;
  lowering.output.known = known;
  lowering.output.directItems = items;
  const elseEnd = lowerArm(lowering, otherwise, no);
  const same = thenEnd.known == elseEnd.known;
  if (thenItems > lowering.output.directItems) lowering.output.directItems = thenItems;
  joinArm(lowering, thenEnd, same, join);
  joinArm(lowering, elseEnd, same, join);
  lowering.output.known = same ? thenEnd.known : -1;
  b.setBlock(join);
}

/** Where one arm of an `if` ends. */
class ArmEnd {
  constructor(
    public block: i32,
    /** The length of the output there, or -1. */
    public known: i32,
  ) {}
}

/** Lowers one arm. */
function lowerArm(lowering: Lowering, s: Statement | null, block: i32): ArmEnd {
  lowering.b.setBlock(block);
  lowering.scope.memo.open();
  if (s !== null) lowering.statement(s);
  lowering.scope.memo.close();
  return new ArmEnd(lowering.b.current(), lowering.output.known);
}

/** Ends an arm. If the arms differ in the length of their output, the length is stored in the frame. */
function joinArm(lowering: Lowering, end: ArmEnd, same: bool, join: i32): void {
  lowering.b.setBlock(end.block);
  if (lowering.b.isTerminated()) return;
  lowering.output.known = end.known;
  if (!same) lowering.output.flush();
  lowering.b.jump(join);
}

function lowerReturn(lowering: Lowering, s: ReturnStatement): void {
  const to = lowering.scope.inlining;
  assert(to !== null, "return stands in a function");
  const inlining = to!;
  const value = s.value;
  const place = inlining.place;
  const isString = inlining.symbol.returnType == Type.String;
  if (value === null) {
    if (place !== null) zero(lowering.frame, place);
  } else if (place === null) {
    lowering.b.setVar(inlining.variable, lowering.long(value));
  } else if (isString && lowering.root.activation !== null) {
    // The result is not read before the function has ended, so no intermediate copy is needed.
    lowering.stringInto(value, place);
  } else if (isString) {
    copyString(lowering.frame, lowering.string(value), place);
  } else {
    lowering.frame.storeWord(place, 0, lowering.long(value));
  }
  leaveFunction(lowering);
}

/** `delete`: removes an element or all elements of an array, or sets a scalar to zero or empty. */
function lowerDelete(lowering: Lowering, s: DeleteStatement): void {
  const target = s.target;
  if (target.kind == NodeKind.Identifier) {
    const symbol = symbolOf(<Identifier>target);
    if (symbol.kind != SymbolKind.Global || !(<GlobalSymbol>symbol).isArray) {
      if (target.type == Type.Stats) clearStatistic(lowering, <GlobalSymbol>symbol);
      else if (target.type == Type.String) zero(lowering.frame, placeOfVariable(lowering, <Identifier>target));
      else writeLong(lowering, <Identifier>target, lowering.constant(0));
      return;
    }
  }
  deleteElement(lowering, target);
}

function lowerBreak(lowering: Lowering): void {
  lowering.output.flush();
  lowering.b.jump(lowering.scope.loop!.breakBlock);
}

function lowerContinue(lowering: Lowering): void {
  lowering.output.flush();
  lowering.b.jump(lowering.scope.loop!.continueBlock);
}

/** `try body catch (variable) handler` */
function lowerTry(lowering: Lowering, s: TryStatement): void {
  const b = lowering.b;
  const caught = b.newBlock("catch");
  const done = b.newBlock("done");
  lowering.output.leaveUnknown();
  const variable = s.variable;
  let message: Place | null = null;
  if (variable !== null) message = placeOfVariable(lowering, variable);
  lowering.exits.catching = new Catch(caught, message, lowering.exits.catching);
  lowering.scope.memo.open();
  lowering.statement(s.body);
  lowering.output.leaveUnknown();
  lowering.scope.memo.close();
  b.jump(done);
  lowering.exits.catching = lowering.exits.catching!.outer;
  b.setBlock(caught);
  lowering.scope.memo.open();
  lowering.statement(s.handler);
  lowering.output.leaveUnknown();
  lowering.scope.memo.close();
  b.jump(done);
  b.setBlock(done);
}
