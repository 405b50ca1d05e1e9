// Loops.
//
// In the agent a loop is a loop. In the kernel its body becomes a function of its own, which a short loop with a constant
// bound drives: the verifier checks such a body once, however often it runs, while a loop in line costs it a walk for each
// iteration (docs/verifier.md). Locals then live in the frame, where both functions see them, and the
// body tells its driver how it ended.
//
//   driver:  for (i = 0; i < MAXACTION; i++) { status = body(frame); if (status) break }
//   body:    charge actions; if (!condition) return Break; statements; continue: step; return Continue

import { Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
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
import { lowerCondition, lowerDropped } from "./expression";
import { FrameHeader } from "./frame";
import { ErrorBits, Loop, Lowering, Status } from "./lowering";
import { lowerStatement } from "./statement";
import { Machine } from "./steps";

/** A driver of more iterations than this is split in two, one in the other: the verifier walks each to its bound. */
const MOST_DRIVEN: i32 = 1024;

/** The most rounds of so many that the verifier is asked to walk: eight million iterations. */
const MOST_ROUNDS: i32 = 8192;

/** What the kinds of loops differ in. */
export abstract class LoopShape {
  constructor(
    public range: Range,
    public keyword: string,
    public body: Statement,
  ) {}

  /** Goes to `yes` if there is another iteration, its variables set; to `skip` if it is to be passed over. */
  abstract condition(l: Lowering, yes: i32, no: i32, skip: i32): void;

  /** What follows an iteration, `continue` included. */
  abstract step(l: Lowering): void;
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

  override condition(l: Lowering, yes: i32, no: i32, _skip: i32): void {
    const test = this.test;
    if (test !== null) lowerCondition(l, test, yes, no);
    else l.b.jump(yes);
  }

  override step(l: Lowering): void {
    const after = this.after;
    if (after !== null) lowerDropped(l, after);
  }
}

export function lowerWhile(l: Lowering, s: WhileStatement): void {
  lowerLoop(l, new PlainLoop(s.range, "while", s.body, s.condition, null));
}

export function lowerFor(l: Lowering, s: ForStatement): void {
  const initializer = s.initializer;
  if (initializer !== null) lowerDropped(l, initializer);
  lowerLoop(l, new PlainLoop(s.range, "for", s.body, s.condition, s.step));
}

/** Lowers a loop of any shape. */
export function lowerLoop(l: Lowering, shape: LoopShape): void {
  l.leaveUnknown();
  const activation = l.root.activation;
  if (activation !== null) inSteps(l, activation.machine, shape);
  else if (l.root.outlines) outline(l, shape);
  else inline(l, shape);
  if (l.buffered) l.outputKnown = -1;
}

/** What statements cost of MAXACTION, loops inside not counted. */
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
    default:
      return 1;
  }
}

/** Takes a cost from what the handler may still do. */
export function charge(l: Lowering, cost: i32, range: Range, near: string): void {
  const b = l.b;
  l.at(range);
  const left = b.load(Op.Load64, l.frame(), FrameHeader.Actions);
  const rest = b.binary(Op.Sub, left, l.constant(cost));
  b.store(Op.Store64, l.frame(), FrameHeader.Actions, rest);
  const spent = b.newBlock("spent");
  const go = b.newBlock("go");
  b.setCold(spent);
  b.branchIf(Op.Slt, rest, l.constant(0), spent, go);
  b.setBlock(spent);
  l.fail("MAXACTION exceeded", range, near, ErrorBits.Uncatchable);
  b.setBlock(go);
}

/** One iteration, from the condition to the step. */
function lowerIteration(l: Lowering, shape: LoopShape, end: i32, again: i32): void {
  const b = l.b;
  charge(l, costOf(shape.body) + 1, shape.range, `keyword '${shape.keyword}'`);
  const body = b.newBlock("body");
  const step = b.newBlock("step");
  shape.condition(l, body, end, step);
  b.setBlock(body);
  l.loop = new Loop(end, step, l.loop);
  l.memo.open();
  lowerStatement(l, shape.body);
  l.leaveUnknown();
  l.memo.close();
  l.loop = l.loop!.outer;
  b.jump(step);
  b.setBlock(step);
  l.at(shape.range);
  shape.step(l);
  b.jump(again);
}

// ---------------------------------------------------------------------------------------------------------- in the agent

function inline(l: Lowering, shape: LoopShape): void {
  const b = l.b;
  const head = b.newBlock("loop");
  const end = b.newBlock("end");
  const items = l.directItems;
  const total = l.outputTotal;
  b.jump(head);
  b.setBlock(head);
  l.memo.open();
  lowerIteration(l, shape, end, head);
  l.memo.close();
  b.setBlock(end);
  // What is printed in a loop is printed more than once, and nobody knows how often.
  if (l.directItems > items) l.needsBuffer = true;
  if (l.outputTotal > total && !l.mayCut) l.needsCut = true;
}

// -------------------------------------------------------------------------------------------------------------- in steps

function inSteps(l: Lowering, machine: Machine, shape: LoopShape): void {
  const b = l.b;
  const head = b.newBlock("loop");
  const end = b.newBlock("end");
  const again = b.newBlock("again");
  b.jump(head);
  b.setBlock(head);
  l.memo.open();
  lowerIteration(l, shape, end, again);
  l.memo.close();
  b.setBlock(again);
  machine.suspendTo(l, head);
  b.setBlock(end);
}

/** Drives a handler's machine to its end. */
export function driveMachine(l: Lowering, machine: Machine, range: Range): void {
  const b = l.b;
  // Each action suspends twice at the most: a call and its return.
  const most = 2 * <i64>l.actions + 2;
  const rounds = <i32>min<i64>(MOST_ROUNDS, (most + MOST_DRIVEN - 1) / MOST_DRIVEN);
  const body = makeRounds(l, l.unit.ir.add(machine.fn), machine.fn.name);
  const status = driveBounded(b, b.getVar(l.frameOffset), body, rounds);
  if (rounds < MOST_ROUNDS) return;
  // MAXACTION is more than the verifier lets the driver count to.
  l.failIf(Op.Eq, status, l.constant(Status.Continue), "MAXACTION exceeded", range, "");
}

// --------------------------------------------------------------------------------------------------------- in the kernel

function outline(l: Lowering, shape: LoopShape): void {
  const root = l.root;
  const inner = new Lowering(l.shared, `${root.fn.name}_loop${root.bodies++}`, false, root);
  const index = l.unit.ir.add(inner.fn);
  lowerBody(l, inner, shape);
  if (inner.directItems > 0 && !root.buffered) root.needsBuffer = true;
  if (inner.outputTotal > 0 && !root.mayCut) root.needsCut = true;
  if (inner.needsBuffer) root.needsBuffer = true;
  if (inner.needsCut) root.needsCut = true;
  drive(l, inner, index, shape);
}

function lowerBody(l: Lowering, inner: Lowering, shape: LoopShape): void {
  const b = inner.b;
  inner.locals = l.locals;
  inner.declared = l.declared;
  inner.inlining = l.inlining;
  inner.depth = l.depth;
  inner.buffered = l.root.buffered;
  inner.mayCut = l.root.mayCut;
  inner.outputKnown = l.root.buffered ? -1 : 0;
  inner.inlinedText = l.inlinedText;
  inner.exitBlock = b.newBlock("done");
  inner.errorBlock = b.newBlock("error");
  b.setCold(inner.errorBlock);
  inner.defineMaskedFrame(b.parameter(0));
  const again = b.newBlock("again");
  const end = b.newBlock("end");
  lowerIteration(inner, shape, end, again);
  b.setBlock(again);
  b.ret(inner.constant(Status.Continue));
  b.setBlock(end);
  b.ret(inner.constant(Status.Break));
  b.setBlock(inner.errorBlock);
  b.store(Op.Store32, inner.frame(), FrameHeader.Error, b.binary(Op.Add, b.getVar(inner.errorSite), inner.constant(1)));
  b.ret(inner.constant(Status.Error));
  b.setBlock(inner.exitBlock);
  b.ret(inner.constant(Status.Next));
  l.inlinedText = inner.inlinedText;
}

/** Calls the body until it says otherwise, then goes where it says. */
function drive(l: Lowering, inner: Lowering, index: i32, shape: LoopShape): void {
  const b = l.b;
  l.at(shape.range);
  // Iterations cost actions, so the bound is there for the verifier: it is never what ends a loop.
  const most = l.root.actions;
  let callee = index;
  let rounds = most;
  if (most > MOST_DRIVEN) {
    rounds = (most + MOST_DRIVEN - 1) / MOST_DRIVEN;
    callee = makeRounds(l, index, inner.fn.name);
  }
  const status = driveBounded(b, b.getVar(l.frameOffset), callee, rounds);
  if (inner.mayFail) {
    const bad = b.newBlock("failed");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(Op.Eq, status, l.constant(Status.Error), bad, good);
    b.setBlock(bad);
    l.failFromFrame();
    b.setBlock(good);
  }
  if (inner.mayReturn) leaveBody(l, status, Status.Return);
  if (inner.mayNext) leaveBody(l, status, Status.Next);
}

/** Emits the bounded loop; returns what the body returned last. */
function driveBounded(b: Builder, frame: Ref, callee: i32, bound: i32): Ref {
  const counter = b.variable("round");
  const status = b.variable("status");
  const head = b.newBlock("drive");
  const stop = b.newBlock("stop");
  const next = b.newBlock("next");
  const end = b.newBlock("driven");
  b.setVar(counter, b.constant(0));
  b.jump(head);
  b.setBlock(head);
  const result = b.callFunction(callee, [frame]);
  b.setVar(status, result);
  b.setCold(stop);
  b.branchIf(Op.Ne, result, b.constant(Status.Continue), stop, next);
  b.setBlock(stop);
  b.jump(end);
  b.setBlock(next);
  const count = b.binary(Op.Add, b.getVar(counter), b.constant(1));
  b.setVar(counter, count);
  b.branchIf(Op.Ult, count, b.constant(bound), head, end);
  b.setBlock(end);
  return b.getVar(status);
}

/** A function that drives a body through many iterations, itself to be driven. */
function makeRounds(l: Lowering, body: i32, name: string): i32 {
  const fn = new Func(name + "_rounds", Linkage.Subprogram, 1);
  const b = new Builder(fn);
  b.ret(driveBounded(b, b.parameter(0), body, MOST_DRIVEN));
  return l.unit.ir.add(fn);
}

/** Goes on with `return` or `next` that a body met: to where it leads here, or further out. */
function leaveBody(l: Lowering, status: Ref, which: Status): void {
  const b = l.b;
  const leave = b.newBlock("leave");
  const stay = b.newBlock("stay");
  b.setCold(leave);
  b.branchIf(Op.Eq, status, l.constant(which), leave, stay);
  b.setBlock(leave);
  if (which == Status.Return) leaveFunction(l);
  else leaveByNext(l);
  b.setBlock(stay);
}

/** `return`, its value stored: behind the call if that is in this IR function, else out of the loop's body. */
export function leaveFunction(l: Lowering): void {
  const inlining = l.inlining!;
  if ((inlining.symbol.effects & Effects.Prints) != 0) l.flushKnown();
  if (inlining.home === l) {
    l.b.jump(inlining.exit);
    return;
  }
  l.flushKnown();
  l.mayReturn = true;
  l.b.ret(l.constant(Status.Return));
}

/** `next`: in a function, the next overload; in a handler, its end. */
export function leaveByNext(l: Lowering): void {
  const inlining = l.inlining;
  l.flushKnown();
  if (inlining !== null && inlining.home === l) {
    l.b.jump(inlining.nextOverload);
  } else if (inlining === null && l.root === l) {
    l.exitEarly = true;
    l.b.jump(l.exitBlock);
  } else {
    l.mayNext = true;
    l.b.ret(l.constant(Status.Next));
  }
}
