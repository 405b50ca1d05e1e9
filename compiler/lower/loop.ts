// Loops.
//
// In the agent a loop stays a loop. In the kernel its body becomes a separate function, which a short loop with a
// constant bound drives. The verifier checks such a body once, however often it runs. A loop in line would cost one
// walk of the body for each iteration (docs/verifier.md). Locals then live in the frame, where both functions can
// access them, and the body returns to its driver how it ended.
//
//   driver:  for (i = 0; i < MAXACTION; i++) { status = body(frame); if (status) break }
//   body:    charge actions; if (!condition) return Break; statements; continue: step; return Continue

import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Driver } from "../runtime/loop";
import { FrameWord } from "../runtime/plan";
import { Effects } from "../semantic/symbols";
import { Range } from "../source/source";
import {
  BlockStatement,
  Expression,
  ForStatement,
  IfStatement,
  NodeKind,
  Statement,
  WhileStatement,
} from "../syntax/ast";
import { ErrorBits, SoftError } from "./exits";
import { FunctionParts, Lowering, Status } from "./lowering";
import { Loop } from "./scope";
import { Machine } from "./steps";

/** Limit of machine steps that a driver counts. The verifier walks 16,384 rounds for these eight million. */
export const MOST_STEPS: i32 = 8192 * 1024;

/** What differs between the kinds of loops. */
export abstract class LoopShape {
  constructor(
    public range: Range,
    public keyword: string,
    public body: Statement,
  ) {}

  /** Goes to `yes` with the variables set if there is another iteration; to `skip` if this one is to be skipped. */
  abstract condition(lowering: Lowering, yes: i32, no: i32, skip: i32): void;

  /** The code after an iteration. `continue` jumps there. */
  abstract step(lowering: Lowering): void;
}

/** `while` and `for`. */
class PlainLoop extends LoopShape {
  constructor(
    range: Range,
    keyword: string,
    body: Statement,
    private test: Expression | null,
    private after: Expression | null,
  ) {
    super(range, keyword, body);
  }

  override condition(lowering: Lowering, yes: i32, no: i32, _skip: i32): void {
    const test = this.test;
    if (test !== null) lowering.condition(test, yes, no);
    else lowering.b.jump(yes);
  }

  override step(lowering: Lowering): void {
    const after = this.after;
    if (after !== null) lowering.dropped(after);
  }
}

export function lowerWhile(lowering: Lowering, s: WhileStatement): void {
  lowerLoop(lowering, new PlainLoop(s.range, "while", s.body, s.condition, null));
}

export function lowerFor(lowering: Lowering, s: ForStatement): void {
  const initializer = s.initializer;
  if (initializer !== null) lowering.dropped(initializer);
  lowerLoop(lowering, new PlainLoop(s.range, "for", s.body, s.condition, s.step));
}

/** Lowers a loop of any shape. */
export function lowerLoop(lowering: Lowering, shape: LoopShape): void {
  lowering.output.leaveUnknown();
  const machine = lowering.root.machine;
  if (machine !== null) inSteps(lowering, machine, shape);
  else if (lowering.root.outlines) outline(lowering, shape);
  else inline(lowering, shape);
  if (lowering.output.isBuffered) lowering.output.known = -1;
}

/** The cost of statements in terms of MAXACTION, without the loops inside them. */
export function costOf(s: Statement): i32 {
  switch (s.kind) {
    case NodeKind.Block: {
      let cost = 0;
      const statements = (<BlockStatement>s).statements;
      for (let i = 0, n = statements.length; i < n; ++i) cost += costOf(statements[i]);
      return cost;
    }
    case NodeKind.Empty:
      return 0;
    case NodeKind.If: {
      const otherwise = (<IfStatement>s).whenFalse;
      const cost = costOf((<IfStatement>s).whenTrue);
      return 1 + (otherwise !== null ? max(cost, costOf(otherwise)) : cost);
    }
    case NodeKind.For: {
      const loop = <ForStatement>s;
      return 1 + (loop.initializer !== null ? 1 : 0) + (loop.step !== null ? 1 : 0);
    }
    default:
      return 1;
  }
}

/** Subtracts a cost from the actions that the handler has left. */
export function charge(lowering: Lowering, cost: i32, range: Range, near: string): void {
  const b = lowering.b;
  lowering.at(range);
  const left = b.load(Op.Load64, lowering.frame.address(), FrameWord.Actions);
  const rest = b.binary(Op.Sub, left, lowering.constant(cost));
  b.store(Op.Store64, lowering.frame.address(), FrameWord.Actions, rest);
  const spent = b.newBlock("spent");
  const go = b.newBlock("go");
  b.setCold(spent);
  b.branchIf(Op.Slt, rest, lowering.constant(0), spent, go);
  b.setBlock(spent);
  lowering.exits.fail("MAXACTION exceeded", range, near, ErrorBits.Uncatchable);
  b.setBlock(go);
}

/** One iteration, from the condition to the step. */
function lowerIteration(lowering: Lowering, shape: LoopShape, end: i32, again: i32): void {
  const b = lowering.b;
  charge(lowering, costOf(shape.body) + 1, shape.range, `keyword '${shape.keyword}'`);
  const body = b.newBlock("body");
  const step = b.newBlock("step");
  shape.condition(lowering, body, end, step);
  b.setBlock(body);
  lowering.scope.loop = new Loop(end, step, lowering.scope.loop);
  lowering.scope.memo.open();
  lowering.statement(shape.body);
  lowering.output.leaveUnknown();
  lowering.scope.memo.close();
  lowering.scope.loop = lowering.scope.loop!.outer;
  b.jump(step);
  b.setBlock(step);
  lowering.at(shape.range);
  shape.step(lowering);
  b.jump(again);
}

// ------------------------------------------------------------------------------------------------------- in the agent

function inline(lowering: Lowering, shape: LoopShape): void {
  const b = lowering.b;
  const head = b.newBlock("loop");
  const end = b.newBlock("end");
  const items = lowering.output.directItems;
  const total = lowering.output.total;
  b.jump(head);
  b.setBlock(head);
  lowering.scope.memo.open();
  lowerIteration(lowering, shape, end, head);
  lowering.scope.memo.close();
  b.setBlock(end);
  // A print in a loop may run any number of times.
  if (lowering.output.directItems > items) lowering.output.needsBuffer = true;
  if (lowering.output.total > total && !lowering.output.mayCut) lowering.output.needsCut = true;
}

// ----------------------------------------------------------------------------------------------------------- in steps

function inSteps(lowering: Lowering, machine: Machine, shape: LoopShape): void {
  const b = lowering.b;
  const head = b.newBlock("loop");
  const end = b.newBlock("end");
  const again = b.newBlock("again");
  b.jump(head);
  b.setBlock(head);
  lowering.scope.memo.open();
  lowerIteration(lowering, shape, end, again);
  lowering.scope.memo.close();
  b.setBlock(again);
  machine.suspendTo(lowering, head);
  b.setBlock(end);
}

/** Drives a handler's machine to its end. */
export function driveMachine(lowering: Lowering, machine: Machine, range: Range): void {
  // Each action suspends at most twice: for a call and for its return.
  const most = 2 * <i64>lowering.actions + 2;
  const times = <i32>min<i64>(MOST_STEPS, most);
  const step = lowering.unit.ir.add(machine.fn);
  const status = new Driver(lowering.unit, lowering.b).drive(step, lowering.frame.offset(), times);
  if (times < MOST_STEPS) return;
  // MAXACTION is higher than the number of rounds that the verifier accepts in the driver.
  lowering.exits.failIf(
    Op.Eq,
    status,
    lowering.constant(Status.Continue),
    new SoftError("MAXACTION exceeded", range, ""),
  );
}

// ------------------------------------------------------------------------------------------------------ in the kernel

function outline(lowering: Lowering, shape: LoopShape): void {
  const root = lowering.root;
  const fn = new Func(`${root.fn.name}_loop${root.bodies++}`, Linkage.Subprogram, 1);
  const inner = new Lowering(lowering.shared, lowering.tree, new FunctionParts(fn), root);
  const index = lowering.unit.ir.add(fn);
  lowerBody(lowering, inner, shape);
  if (inner.output.directItems > 0 && !root.output.isBuffered) root.output.needsBuffer = true;
  if (inner.output.total > 0 && !root.output.mayCut) root.output.needsCut = true;
  if (inner.output.needsBuffer) root.output.needsBuffer = true;
  if (inner.output.needsCut) root.output.needsCut = true;
  drive(lowering, inner, index, shape);
}

function lowerBody(lowering: Lowering, inner: Lowering, shape: LoopShape): void {
  const b = inner.b;
  inner.scope.enter(lowering.scope);
  inner.output.isBuffered = lowering.root.output.isBuffered;
  inner.output.mayCut = lowering.root.output.mayCut;
  inner.output.known = lowering.root.output.isBuffered ? -1 : 0;
  inner.exits.exitBlock = b.newBlock("done");
  inner.exits.errorBlock = b.newBlock("error");
  b.setCold(inner.exits.errorBlock);
  inner.frame.defineMasked(b.parameter(0));
  const again = b.newBlock("again");
  const end = b.newBlock("end");
  lowerIteration(inner, shape, end, again);
  b.setBlock(again);
  b.ret(inner.constant(Status.Continue));
  b.setBlock(end);
  b.ret(inner.constant(Status.Break));
  b.setBlock(inner.exits.errorBlock);
  inner.exits.storeError();
  b.ret(inner.constant(Status.Error));
  b.setBlock(inner.exits.exitBlock);
  b.ret(inner.constant(Status.Next));
  lowering.scope.inlinedText = inner.scope.inlinedText;
}

/** Calls the body until it returns a status other than Continue, then branches on that status. */
function drive(lowering: Lowering, inner: Lowering, index: i32, shape: LoopShape): void {
  const b = lowering.b;
  lowering.at(shape.range);
  // MAXACTION ends a loop. This bound is for the verifier only and is never reached.
  const times = lowering.root.actions;
  const status = new Driver(lowering.unit, b).drive(index, lowering.frame.offset(), times);
  if (inner.exits.mayFail) {
    const bad = b.newBlock("failed");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(Op.Eq, status, lowering.constant(Status.Error), bad, good);
    b.setBlock(bad);
    lowering.exits.failFromFrame();
    b.setBlock(good);
  }
  if (inner.exits.mayReturn) leaveBody(lowering, status, Status.Return);
  if (inner.exits.mayNext) leaveBody(lowering, status, Status.Next);
}

/** Continues a `return` or `next` of the body: to its target in this function, or to the next function outside. */
function leaveBody(lowering: Lowering, status: Ref, which: Status): void {
  const b = lowering.b;
  const leave = b.newBlock("leave");
  const stay = b.newBlock("stay");
  b.setCold(leave);
  b.branchIf(Op.Eq, status, lowering.constant(which), leave, stay);
  b.setBlock(leave);
  if (which == Status.Return) leaveFunction(lowering);
  else leaveByNext(lowering);
  b.setBlock(stay);
}

/**
 * `return`, after its value is stored: goes behind the call if that is in this IR function, else leaves the loop's
 * body.
 */
export function leaveFunction(lowering: Lowering): void {
  const inlining = lowering.scope.inlining!;
  if ((inlining.symbol.effects & Effects.Prints) != 0) lowering.output.flush();
  if (inlining.home === lowering.fn) {
    lowering.b.jump(inlining.exit);
    return;
  }
  lowering.output.flush();
  lowering.exits.mayReturn = true;
  lowering.b.ret(lowering.constant(Status.Return));
}

/** `next`: goes to the next overload in a function, to the end in a handler. */
export function leaveByNext(lowering: Lowering): void {
  const inlining = lowering.scope.inlining;
  lowering.output.flush();
  if (inlining !== null && inlining.home === lowering.fn) {
    lowering.b.jump(inlining.nextOverload);
  } else if (inlining === null && lowering.root === lowering) {
    lowering.exits.exitEarly = true;
    lowering.b.jump(lowering.exits.exitBlock);
  } else {
    lowering.exits.mayNext = true;
    lowering.b.ret(lowering.constant(Status.Next));
  }
}
