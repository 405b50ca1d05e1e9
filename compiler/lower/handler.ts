// The code of a handler around the script's statements:
//
//   if (exiting) return            simple conditions
//   take the lock, if it is needed        claim a frame, if one is needed
//   other conditions               bodies
//   error: report and count        exit: write the output, release lock and frame

import { AttachFlags, attachRow } from "../../common/format/attach";
import { Engine, NONE } from "../../common/format/manifest";
import { RecordFlags } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { Func, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitMap } from "../ir/unit";
import { buildTryLock, buildUnlock, CLAIM_FRAME, LOCK } from "../runtime/claim";
import { FrameWord, Hole } from "../runtime/plan";
import { clearCut, FAIL, FLUSH, writeRecord } from "../runtime/report";
import { clearTokens } from "../runtime/tokens";
import { isConcurrent } from "../semantic/effects";
import { Handler } from "../semantic/script";
import { Effects, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { BinaryExpression, CallExpression, Expression, NodeKind, StringLiteral, UnaryExpression } from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Type } from "../syntax/type";
import { lowerExit } from "./call";
import { leaves } from "./contents";
import { ErrorBits } from "./exits";
import { lowerActivations } from "./function";
import { costOf, driveMachine } from "./loop";
import { Lowering, newLowering, Tree } from "./lowering";
import { lengthOf } from "./names";
import { definePlace, keepPlace } from "./place";
import { emitErrorMessage } from "./print";
import { forgetMatch, matchesInRegisters } from "./regex";
import { Shared } from "./shared";
import { isSimple } from "./simple";
import { Machine, reachesRecursion } from "./steps";
import { Transaction } from "./transaction";
import { declareLocal } from "./variable";

/** Comparing with a longer literal may need a frame. */
const EARLY_STRING_BYTES: i32 = 16;

/** A handler to lower. */
export class HandlerTask {
  constructor(
    public shared: Shared,
    public tree: Tree,
    public handler: Handler,
    /** The name of its program. */
    public name: string,
  ) {}

  get actions(): i32 {
    return actionsOf(this.shared, this.handler);
  }
}

/**
 * Lowers a handler: with direct output if possible, else buffered; with cuts only if the output may outgrow a frame.
 */
export function lowerHandler(task: HandlerTask, inSteps: bool): Func {
  if (inSteps || reachesRecursion(task.handler)) return lowerInSteps(task);
  const transaction = new Transaction(task.shared);
  let lowering = attempt(task, false, false);
  let output = lowering.output;
  if (output.needsBuffer || output.needsCut) {
    transaction.rollback();
    lowering = attempt(task, true, output.needsCut);
    output = lowering.output;
  }
  if (output.needsCut && !output.mayCut) {
    transaction.rollback();
    lowering = attempt(task, true, true);
  }
  transaction.commit();
  task.shared.runtime.plan.needHandler(lowering.frame.areaBytes, task.handler.index);
  return lowering.fn;
}

/** The limit of statements for a handler. */
function actionsOf(shared: Shared, handler: Handler): i32 {
  return attachRow(handler.attach).engine == Engine.Agent ? shared.options.maxAgentActions : shared.options.maxActions;
}

/** What its loops may use of that: the handler's own statements count, as in stap. */
function loopActions(lowering: Lowering, handler: Handler): Ref {
  let cost: i32 = 0;
  for (let i = 0, n = handler.bodies.length; i < n; ++i) cost += costOf(handler.bodies[i]);
  return lowering.constant(lowering.actions - cost);
}

/** Lowers a handler in one of these ways. */
function attempt(task: HandlerTask, isBuffered: bool, mayCut: bool): Lowering {
  const handler = task.handler;
  const lowering = newLowering(task.shared, task.tree, task.name, true);
  lowering.fn.isForAgent = task.handler.engine == Engine.Agent;
  lowering.output.isBuffered = isBuffered;
  lowering.output.mayCut = mayCut;
  const loops = (handler.effects & Effects.Loops) != 0;
  lowering.outlines = handler.engine != Engine.Agent;
  lowering.alone = handler.needsLock || handler.isUndisturbed || !isConcurrent(handler);
  lowering.frame.holdsLocals = loops && lowering.outlines;
  lowering.actions = task.actions;
  lowerOnce(lowering, task, null);
  return lowering;
}

/** Lowers a handler whose statements run in steps. Its output is always buffered. */
function lowerInSteps(task: HandlerTask): Func {
  const handler = task.handler;
  const lowering = newLowering(task.shared, task.tree, task.name, true);
  lowering.fn.isForAgent = task.handler.engine == Engine.Agent;
  const prints = (handler.effects & Effects.Prints) != 0;
  lowering.output.isBuffered = prints;
  lowering.output.mayCut = prints;
  lowering.actions = task.actions;
  const machine = new Machine(lowering, handler);
  lowerOnce(lowering, task, machine);
  const problem = machine.finish();
  if (problem != "") {
    const hint = "use fewer and shorter strings in functions, or -D MAXSTRINGLEN=N";
    const what = `the functions that this probe calls need too much memory: ${problem}`;
    task.shared.reporter.error(handler.range, what, hint);
  }
  task.shared.runtime.plan.needHandler(lowering.frame.areaBytes, handler.index);
  return lowering.fn;
}

/** Lowers the statements into the machine, and the code that drives it. */
function lowerSteps(lowering: Lowering, handler: Handler, machine: Machine, conditions: Expression[]): void {
  const b = lowering.b;
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Error, lowering.constant(0));
  b.store(Op.Store64, lowering.frame.address(), FrameWord.Actions, loopActions(lowering, handler));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Piece, lowering.constant(0));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Record, lowering.constant(0));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Nesting, lowering.constant(0));
  const body = machine.beginHandler();
  lowerConditions(body, conditions);
  lowerBodies(body, handler);
  if (handler.exits) lowerExit(body, null);
  machine.endHandler(body);
  lowerActivations(machine);
  driveMachine(lowering, machine, handler.range);
  lowering.output.known = -1;
  const failed = b.newBlock("failed");
  const ended = b.newBlock("ended");
  b.setCold(failed);
  b.branch(b.load(Op.Load32u, lowering.frame.address(), FrameWord.Error), failed, ended);
  b.setBlock(failed);
  lowering.exits.failFromFrame();
  b.setBlock(ended);
}

function lowerOnce(lowering: Lowering, task: HandlerTask, machine: Machine | null): void {
  const b = lowering.b;
  const handler = task.handler;
  const locked = handler.needsLock && handler.engine != Engine.Agent;
  const conditions = conjuncts(handler.conditions);
  const early = b.newBlock("early");
  const body = b.newBlock("body");
  lowering.exits.exitBlock = b.newBlock("exit");
  lowering.exits.errorBlock = b.newBlock("error");
  b.setCold(lowering.exits.errorBlock);
  b.setBlock(early);
  const rest = conditions.slice(lowerEarly(lowering, conditions));
  const guarded = b.current();
  b.setBlock(body);
  if (machine !== null) {
    lowerSteps(lowering, handler, machine, rest);
  } else {
    lowerConditions(lowering, rest);
    lowerBodies(lowering, handler);
    if (handler.exits) lowerExit(lowering, null);
  }
  endHandler(lowering, locked);
  // The prologue is built last, because only now the needs of the handler are known.
  b.position = NONE;
  b.setBlock(lowering.entry);
  if (stopsWhenExiting(handler)) returnIfExiting(lowering);
  if (lowering.asksPlace) definePlace(lowering, task.shared.placeTables[handler.index]);
  b.jump(early);
  b.setBlock(guarded);
  beginHandler(lowering, handler, locked, body);
}

/** Splits conditions at `&&`. */
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

/** Whether a condition needs neither the lock nor a frame: it reads only who is running and compares small values. */
function isEarly(lowering: Lowering, e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return true;
    case NodeKind.StringLiteral:
      return (<StringLiteral>e).value.length < EARLY_STRING_BYTES;
    case NodeKind.Unary:
      return isEarly(lowering, (<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (operatorIs(binary.op, OperatorFlags.Match)) {
        return matchesInRegisters(lowering, lengthOf(lowering.runtime, binary.left)) && isEarly(lowering, binary.left);
      }
      const equality = binary.op == Operator.Equal || binary.op == Operator.NotEqual;
      if (binary.left.type == Type.String && !equality) return false;
      return isSimple(e) && isEarly(lowering, binary.left) && isEarly(lowering, binary.right);
    }
    case NodeKind.Call: {
      const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
      return symbol !== null && symbol.kind == SymbolKind.Builtin && isSimple(e);
    }
    default:
      return false;
  }
}

/** Lowers the leading conditions that can be checked before the lock and the frame are taken. Returns their number. */
function lowerEarly(lowering: Lowering, conditions: Expression[]): i32 {
  const b = lowering.b;
  let done = 0;
  for (const n = conditions.length; done < n && isEarly(lowering, conditions[done]); ++done) {
    const holds = b.newBlock("holds");
    const skip = b.newBlock("skip");
    lowering.condition(conditions[done], holds, skip);
    b.setBlock(skip);
    b.ret(lowering.constant(0));
    b.setBlock(holds);
  }
  assert(!lowering.frame.isUsed, "an early condition needs no frame");
  return done;
}

function lowerConditions(lowering: Lowering, conditions: Expression[]): void {
  const b = lowering.b;
  for (let i = 0, n = conditions.length; i < n; ++i) {
    const holds = b.newBlock("holds");
    const skip = b.newBlock("skip");
    lowering.condition(conditions[i], holds, skip);
    b.setBlock(skip);
    lowering.exits.exitEarly = true;
    lowering.output.flush();
    b.jump(lowering.exits.exitBlock);
    b.setBlock(holds);
  }
}

function lowerBodies(lowering: Lowering, handler: Handler): void {
  for (let i = 0, n = handler.locals.length; i < n; ++i) declareLocal(lowering, handler.locals[i]);
  for (let i = 0, n = handler.bodies.length; i < n; ++i) {
    lowering.block(handler.bodies[i]);
    if (leaves(handler.bodies[i])) break;
  }
}

/** Whether a handler must not start once the session is ending. */
function stopsWhenExiting(handler: Handler): bool {
  return !attachRow(handler.attach).is(AttachFlags.Last);
}

function returnIfExiting(lowering: Lowering): void {
  const b = lowering.b;
  const ending = b.newBlock("ending");
  const go = b.newBlock("go");
  b.setCold(ending);
  b.branch(b.load(Op.Load32u, lowering.bss(), BssHeader.Exiting), ending, go);
  b.setBlock(ending);
  b.ret(lowering.constant(0));
  b.setBlock(go);
}

/** Takes the lock and a frame, as far as the handler needs them. */
function beginHandler(lowering: Lowering, handler: Handler, locked: bool, body: i32): void {
  const b = lowering.b;
  const runtime = lowering.runtime;
  if (locked) {
    const busy = b.newBlock("busy");
    const mine = b.newBlock("mine");
    const waiting = b.newBlock("waiting");
    b.setCold(busy);
    b.setCold(waiting);
    buildTryLock(runtime, b, mine, waiting);
    b.setBlock(waiting);
    b.branch(b.callFunction(LOCK.of(runtime), []), busy, mine);
    b.setBlock(busy);
    b.ret(lowering.constant(0));
    b.setBlock(mine);
  }
  if (lowering.frame.isUsed) {
    const offset = b.callFunction(CLAIM_FRAME.of(runtime), []);
    const none = b.newBlock("none");
    const claimed = b.newBlock("claimed");
    b.setCold(none);
    b.branchIf(Op.Slt, offset, lowering.constant(0), none, claimed);
    b.setBlock(none);
    if (locked) buildUnlock(runtime, b);
    b.ret(lowering.constant(0));
    b.setBlock(claimed);
    lowering.frame.defineMasked(offset);
    if (lowering.output.isBuffered)
      b.store(Op.Store64, lowering.frame.address(), FrameWord.OutputLength, lowering.constant(0));
    if (lowering.output.mayCut) clearCut(b, lowering.frame.address());
    if (lowering.keepsPlace) keepPlace(lowering);
    forgetMatch(lowering);
    if ((handler.effects & Effects.Tokenizes) != 0) clearTokens(runtime, b, lowering.frame.address());
    const loops = (handler.effects & Effects.Loops) != 0;
    if (loops) b.store(Op.Store64, lowering.frame.address(), FrameWord.Actions, loopActions(lowering, handler));
    if (loops || (handler.effects & Effects.MayFail) != 0) {
      b.store(Op.Store32, lowering.frame.address(), FrameWord.Error, lowering.constant(0));
    }
  }
  b.jump(body);
}

function endHandler(lowering: Lowering, locked: bool): void {
  const b = lowering.b;
  const known = lowering.output.known;
  if (lowering.exits.mayFail || lowering.exits.exitEarly) lowering.output.leaveUnknown();
  b.jump(lowering.exits.exitBlock);
  b.position = NONE;
  if (lowering.exits.mayFail) {
    b.setBlock(lowering.exits.errorBlock);
    reportError(lowering);
    b.jump(lowering.exits.exitBlock);
  }
  b.setBlock(lowering.exits.exitBlock);
  if (lowering.output.isBuffered)
    writeOutput(lowering, lowering.exits.mayFail || lowering.exits.exitEarly ? -1 : known);
  if (locked) buildUnlock(lowering.runtime, b);
  if (lowering.frame.isUsed) b.atomicAdd(4, lowering.frame.address(), FrameWord.Claim, lowering.constant(-1));
  b.ret(lowering.constant(0));
}

/** The error exit: counts the error and reports its site, with the message in the frame if there is one. */
function reportError(lowering: Lowering): void {
  const b = lowering.b;
  const error = b.getVar(lowering.exits.errorSite);
  if (!lowering.shared.hasMessage) {
    b.callFunction(FAIL.of(lowering.runtime), [error]);
    return;
  }
  const message = b.newBlock("message");
  const plain = b.newBlock("plain");
  b.branchIf(
    Op.Ne,
    b.binary(Op.And, error, lowering.constant(ErrorBits.Message)),
    lowering.constant(0),
    message,
    plain,
  );
  b.setBlock(message);
  emitErrorMessage(lowering, b.unary(Op.Extu16, error));
  b.callFunction(FAIL.of(lowering.runtime), [lowering.constant(-1)]);
  b.jump(lowering.exits.exitBlock);
  b.setBlock(plain);
  b.callFunction(FAIL.of(lowering.runtime), [error]);
}

/** Writes the handler's output as one record. */
function writeOutput(lowering: Lowering, known: i32): void {
  const b = lowering.b;
  if (lowering.output.mayCut) {
    if (known >= 0) lowering.output.flush();
    b.callFunction(FLUSH.of(lowering.runtime), [lowering.frame.offset(), lowering.constant(RecordFlags.None)]);
    return;
  }
  if (known == 0) return;
  const done = b.newBlock("done");
  let length = lowering.constant(known);
  if (known < 0) {
    const some = b.newBlock("some");
    length = b.load(Op.Load64, lowering.frame.address(), FrameWord.OutputLength);
    length = b.binary(Op.And, length, lowering.runtime.plan.placeholder(lowering.fn, Hole.OutputMask));
    b.branch(length, some, done);
    b.setBlock(some);
  }
  writeRecord(lowering.b, UnitMap.Output, lowering.frame.output(), length);
  b.jump(done);
  b.setBlock(done);
}
