// A handler's frame of code around the script's statements:
//
//   if (exiting) return            simple conditions
//   take the lock, if it is needed        claim a frame, if one is needed
//   other conditions               bodies
//   error: report and count        exit: write the output, give back lock and frame

import { AttachFlags, attachRow } from "../../common/format/attach";
import { Engine, NONE } from "../../common/format/manifest";
import { RecordFlags } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { Op } from "../ir/op";
import { UnitMap } from "../ir/unit";
import { isConcurrent } from "../semantic/effects";
import { Handler } from "../semantic/script";
import { Effects, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { BinaryExpression, CallExpression, Expression, NodeKind, StringLiteral, UnaryExpression } from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Type } from "../syntax/type";
import { lowerExit } from "./call";
import { leaves } from "./contents";
import { isSimple, lowerCondition } from "./expression";
import { FrameHeader, Hole } from "./frame";
import { lowerActivations } from "./function";
import { lengthOf } from "./length";
import { driveMachine } from "./loop";
import { ErrorBits, Lowering, Shared } from "./lowering";
import { emitErrorMessage, writeRecord } from "./print";
import { forgetMatch, matchesInRegisters } from "./regex";
import { buildTryLock, buildUnlock, clearCut, Routine, routine } from "./runtime";
import { lowerBlock } from "./statement";
import { Machine, reachesRecursion } from "./steps";
import { clearTokens } from "./string-routines";
import { declareLocal } from "./variable";

/** Longer literals may need a frame to be compared with. */
const EARLY_STRING_BYTES: i32 = 16;

/** Lowers a handler: directly if that does, buffered if it must be, with cuts only if nothing else helps. */
export function lowerHandler(shared: Shared, handler: Handler, name: string, inSteps: bool): Lowering {
  shared.attemptMark = shared.mark();
  if (inSteps || reachesRecursion(handler)) return lowerInSteps(shared, handler, name);
  let l = attempt(shared, handler, name, false, false);
  if (l.needsBuffer || l.needsCut) l = attempt(shared, handler, name, true, l.needsCut);
  if (l.needsCut && !l.mayCut) l = attempt(shared, handler, name, true, true);
  shared.plan.needHandler(l.areaBytes, handler.range);
  return l;
}

/** Statements that a handler may run. */
export function actionsOf(shared: Shared, handler: Handler): i32 {
  return attachRow(handler.attach).engine == Engine.Agent ? shared.maxAgentActions : shared.maxActions;
}

/** Lowers a handler one way; what an earlier attempt said of sites is forgotten. */
function attempt(shared: Shared, handler: Handler, name: string, buffered: bool, mayCut: bool): Lowering {
  shared.rollback(shared.attemptMark);
  const l = new Lowering(shared, name, true);
  l.buffered = buffered;
  l.mayCut = mayCut;
  const loops = (handler.effects & Effects.Loops) != 0;
  l.outlines = handler.engine != Engine.Agent;
  l.alone = handler.needsLock || handler.isUndisturbed || !isConcurrent(handler);
  l.framed = loops && l.outlines;
  l.actions = actionsOf(shared, handler);
  lowerOnce(l, handler, null);
  return l;
}

/** Lowers a handler whose statements run in steps: what it prints is always buffered. */
function lowerInSteps(shared: Shared, handler: Handler, name: string): Lowering {
  const l = new Lowering(shared, name, true);
  const prints = (handler.effects & Effects.Prints) != 0;
  l.buffered = prints;
  l.mayCut = prints;
  l.actions = actionsOf(shared, handler);
  const machine = new Machine(l, handler);
  lowerOnce(l, handler, machine);
  const problem = machine.finish();
  if (problem != "") {
    const hint = "use fewer and shorter strings in functions, or -D MAXSTRINGLEN=N";
    shared.reporter.error(handler.range, `the functions that this probe calls need too much memory: ${problem}`, hint);
  }
  shared.plan.needHandler(l.areaBytes, handler.range);
  return l;
}

/** Lowers the statements into the machine, and what drives it. */
function lowerSteps(l: Lowering, handler: Handler, machine: Machine, conditions: Expression[], from: i32): void {
  const b = l.b;
  b.store(Op.Store32, l.frame(), FrameHeader.Error, l.constant(0));
  b.store(Op.Store64, l.frame(), FrameHeader.Actions, l.constant(l.actions));
  b.store(Op.Store32, l.frame(), FrameHeader.Piece, l.constant(0));
  b.store(Op.Store32, l.frame(), FrameHeader.Record, l.constant(0));
  b.store(Op.Store32, l.frame(), FrameHeader.Nesting, l.constant(0));
  const body = machine.beginHandler();
  lowerConditions(body, conditions, from);
  lowerBodies(body, handler);
  if (handler.exits) lowerExit(body, null);
  machine.endHandler(body);
  lowerActivations(machine);
  driveMachine(l, machine, handler.range);
  l.outputKnown = -1;
  const failed = b.newBlock("failed");
  const ended = b.newBlock("ended");
  b.setCold(failed);
  b.branch(b.load(Op.Load32u, l.frame(), FrameHeader.Error), failed, ended);
  b.setBlock(failed);
  l.failFromFrame();
  b.setBlock(ended);
}

function lowerOnce(l: Lowering, handler: Handler, machine: Machine | null): void {
  const b = l.b;
  const locked = handler.needsLock && handler.engine != Engine.Agent;
  const conditions = conjuncts(handler.conditions);
  const early = b.newBlock("early");
  const body = b.newBlock("body");
  l.exitBlock = b.newBlock("exit");
  l.errorBlock = b.newBlock("error");
  b.setCold(l.errorBlock);
  b.setBlock(early);
  const done = lowerEarly(l, conditions);
  const guarded = b.current();
  b.setBlock(body);
  if (machine !== null) {
    lowerSteps(l, handler, machine, conditions, done);
  } else {
    lowerConditions(l, conditions, done);
    lowerBodies(l, handler);
    if (handler.exits) lowerExit(l, null);
  }
  endHandler(l, locked);
  // The prologue comes last, because only now it is known what the handler needs.
  b.position = NONE;
  b.setBlock(l.entry);
  if (stopsWhenExiting(handler)) returnIfExiting(l);
  b.jump(early);
  b.setBlock(guarded);
  beginHandler(l, handler, locked, body);
}

/** The conditions, with those joined by `&&` apart. */
function conjuncts(conditions: Expression[]): Expression[] {
  const parts: Expression[] = [];
  const open: Expression[] = conditions.slice(0).reverse();
  while (open.length > 0) {
    const e = open.pop();
    if (e.kind == NodeKind.Binary && (<BinaryExpression>e).op == Operator.LogicalAnd) {
      open.push((<BinaryExpression>e).right);
      open.push((<BinaryExpression>e).left);
    } else {
      parts.push(e);
    }
  }
  return parts;
}

/** Whether a condition needs neither the lock nor a frame: it asks only who is running, and compares small things. */
function isEarly(l: Lowering, e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return true;
    case NodeKind.StringLiteral:
      return (<StringLiteral>e).value.length < EARLY_STRING_BYTES;
    case NodeKind.Unary:
      return isEarly(l, (<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (operatorIs(binary.op, OperatorFlags.Match)) {
        return matchesInRegisters(l, lengthOf(l, binary.left)) && isEarly(l, binary.left);
      }
      const equality = binary.op == Operator.Equal || binary.op == Operator.NotEqual;
      if (binary.left.type == Type.String && !equality) return false;
      return isSimple(e) && isEarly(l, binary.left) && isEarly(l, binary.right);
    }
    case NodeKind.Call: {
      const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
      return symbol !== null && symbol.kind == SymbolKind.Builtin && isSimple(e);
    }
    default:
      return false;
  }
}

/** Lowers the leading conditions that can be checked before anything is claimed; how many those are. */
function lowerEarly(l: Lowering, conditions: Expression[]): i32 {
  const b = l.b;
  let done = 0;
  for (const n = conditions.length; done < n && isEarly(l, conditions[done]); ++done) {
    const holds = b.newBlock("holds");
    const skip = b.newBlock("skip");
    lowerCondition(l, conditions[done], holds, skip);
    b.setBlock(skip);
    b.ret(l.constant(0));
    b.setBlock(holds);
  }
  assert(!l.usesFrame, "an early condition needs no frame");
  return done;
}

function lowerConditions(l: Lowering, conditions: Expression[], from: i32): void {
  const b = l.b;
  for (let i = from, n = conditions.length; i < n; ++i) {
    const holds = b.newBlock("holds");
    const skip = b.newBlock("skip");
    lowerCondition(l, conditions[i], holds, skip);
    b.setBlock(skip);
    l.exitEarly = true;
    l.flushKnown();
    b.jump(l.exitBlock);
    b.setBlock(holds);
  }
}

function lowerBodies(l: Lowering, handler: Handler): void {
  for (let i = 0, n = handler.locals.length; i < n; ++i) declareLocal(l, handler.locals[i]);
  for (let i = 0, n = handler.bodies.length; i < n; ++i) {
    lowerBlock(l, handler.bodies[i]);
    if (leaves(handler.bodies[i])) break;
  }
}

/** Whether a handler must not run any more once the session is ending. */
function stopsWhenExiting(handler: Handler): bool {
  return !attachRow(handler.attach).is(AttachFlags.Last);
}

function returnIfExiting(l: Lowering): void {
  const b = l.b;
  const ending = b.newBlock("ending");
  const go = b.newBlock("go");
  b.setCold(ending);
  b.branch(b.load(Op.Load32u, l.bss(), BssHeader.Exiting), ending, go);
  b.setBlock(ending);
  b.ret(l.constant(0));
  b.setBlock(go);
}

/** Takes the lock and a frame, whichever the handler needs. */
function beginHandler(l: Lowering, handler: Handler, locked: bool, body: i32): void {
  const b = l.b;
  const shared = l.shared;
  if (locked) {
    const busy = b.newBlock("busy");
    const mine = b.newBlock("mine");
    const waiting = b.newBlock("waiting");
    b.setCold(busy);
    b.setCold(waiting);
    buildTryLock(shared, b, mine, waiting);
    b.setBlock(waiting);
    b.branch(b.callFunction(routine(shared, Routine.Lock), []), busy, mine);
    b.setBlock(busy);
    b.ret(l.constant(0));
    b.setBlock(mine);
  }
  if (l.usesFrame) {
    const offset = b.callFunction(routine(shared, Routine.Claim), []);
    const none = b.newBlock("none");
    const claimed = b.newBlock("claimed");
    b.setCold(none);
    b.branchIf(Op.Slt, offset, l.constant(0), none, claimed);
    b.setBlock(none);
    if (locked) buildUnlock(shared, b);
    b.ret(l.constant(0));
    b.setBlock(claimed);
    l.defineMaskedFrame(offset);
    if (l.buffered) b.store(Op.Store64, l.frame(), FrameHeader.OutputLength, l.constant(0));
    if (l.mayCut) clearCut(b, l.frame());
    forgetMatch(l);
    if ((handler.effects & Effects.Tokenizes) != 0) clearTokens(shared, b, l.frame());
    const loops = (handler.effects & Effects.Loops) != 0;
    if (loops) b.store(Op.Store64, l.frame(), FrameHeader.Actions, l.constant(l.actions));
    if (loops || (handler.effects & Effects.MayFail) != 0) {
      b.store(Op.Store32, l.frame(), FrameHeader.Error, l.constant(0));
    }
  }
  b.jump(body);
}

function endHandler(l: Lowering, locked: bool): void {
  const b = l.b;
  const known = l.outputKnown;
  if (l.mayFail || l.exitEarly) l.leaveUnknown();
  b.jump(l.exitBlock);
  b.position = NONE;
  if (l.mayFail) {
    b.setBlock(l.errorBlock);
    reportError(l);
    b.jump(l.exitBlock);
  }
  b.setBlock(l.exitBlock);
  if (l.buffered) writeOutput(l, l.mayFail || l.exitEarly ? -1 : known);
  if (locked) buildUnlock(l.shared, b);
  if (l.usesFrame) b.atomicAdd(4, l.frame(), FrameHeader.Claim, l.constant(-1));
  b.ret(l.constant(0));
}

/** At the error exit: counts, and reports the site; a message that waits in the frame goes along. */
function reportError(l: Lowering): void {
  const b = l.b;
  const error = b.getVar(l.errorSite);
  if (!l.shared.hasMessage) {
    b.callFunction(routine(l.shared, Routine.Fail), [error]);
    return;
  }
  const message = b.newBlock("message");
  const plain = b.newBlock("plain");
  b.branchIf(Op.Ne, b.binary(Op.And, error, l.constant(ErrorBits.Message)), l.constant(0), message, plain);
  b.setBlock(message);
  emitErrorMessage(l, b.unary(Op.Extu16, error));
  b.callFunction(routine(l.shared, Routine.Fail), [l.constant(-1)]);
  b.jump(l.exitBlock);
  b.setBlock(plain);
  b.callFunction(routine(l.shared, Routine.Fail), [error]);
}

/** Writes the handler's output as one record. */
function writeOutput(l: Lowering, known: i32): void {
  const b = l.b;
  if (l.mayCut) {
    if (known >= 0) l.flushKnown();
    b.callFunction(routine(l.shared, Routine.Flush), [b.getVar(l.frameOffset), l.constant(RecordFlags.None)]);
    return;
  }
  if (known == 0) return;
  const done = b.newBlock("done");
  let length = l.constant(known);
  if (known < 0) {
    const some = b.newBlock("some");
    length = b.load(Op.Load64, l.frame(), FrameHeader.OutputLength);
    length = b.binary(Op.And, length, l.shared.plan.placeholder(l.fn, Hole.OutputMask));
    b.branch(length, some, done);
    b.setBlock(some);
  }
  writeRecord(l, UnitMap.Output, l.output(), length);
  b.jump(done);
  b.setBlock(done);
}
