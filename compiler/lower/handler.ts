// The code of a handler around the script's statements:
//
//   if (exiting) return            simple conditions
//   take the lock, if it is needed        claim a frame, if one is needed
//   other conditions               bodies
//   error: report and count        exit: write the output, release lock and frame

import { AttachFlags, attachRow } from "../../common/format/attach";
import { Helper } from "../../common/format/helpers";
import { AttachKind, Engine, NONE } from "../../common/format/manifest";
import { RecordFlags } from "../../common/format/record";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { AddressKind } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitMap } from "../ir/unit";
import { CLAIM_FRAME } from "../runtime/claim";
import { FrameWord, Hole } from "../runtime/plan";
import { clearCut, FAIL, FAIL_WITH, FLUSH, writeRecord } from "../runtime/report";
import { clearTokens } from "../runtime/tokens";
import { isConcurrent } from "../semantic/effects";
import { Handler } from "../semantic/script";
import { Effects } from "../semantic/symbols";
import { BlockStatement, Expression } from "../syntax/ast";
import { leaves } from "./contents";
import { beginContext, contextOf } from "./context";
import { clearVerdict, lowerExit, verdictOf } from "./control";
import { ErrorBits } from "./exits";
import { lowerActivations } from "./function";
import { Guards } from "./guards";
import { HeldLock, holdsStripe } from "./lock";
import { costOf, driveMachine } from "./loop";
import { Lowering, newLowering, Tree } from "./lowering";
import { definePlace, keepPlace } from "./place";
import { emitErrorMessage } from "./print";
import { forgetMatch } from "./regex";
import { Shared } from "./shared";
import { Machine, reachesRecursion } from "./steps";
import { Transaction } from "./transaction";
import { declareLocal } from "./variable";

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
export function lowerHandler(task: HandlerTask, inSteps: bool): Lowering {
  task.shared.holdsStripe = holdsStripe(task.handler);
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
  return lowering;
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
  lowering.context = contextOf(task.handler);
  lowering.output.isBuffered = isBuffered;
  lowering.output.mayCut = mayCut;
  const loops = (handler.effects & Effects.Loops) != 0;
  lowering.outlines = handler.engine != Engine.Agent;
  lowering.alone = !isConcurrent(handler);
  lowering.claimsFirst = handler.firesItself;
  lowering.frame.holdsLocals = loops && lowering.outlines;
  lowering.actions = task.actions;
  lowerOnce(lowering, task, null);
  return lowering;
}

/** Lowers a handler whose statements run in steps. Its output is always buffered. */
function lowerInSteps(task: HandlerTask): Lowering {
  const handler = task.handler;
  const lowering = newLowering(task.shared, task.tree, task.name, true);
  lowering.fn.isForAgent = task.handler.engine == Engine.Agent;
  lowering.context = contextOf(task.handler);
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
  return lowering;
}

/** Lowers the statements into the machine, and the code that drives it. */
function lowerSteps(lowering: Lowering, handler: Handler, machine: Machine, guards: Guards): void {
  const b = lowering.b;
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Error, lowering.constant(0));
  b.store(Op.Store64, lowering.frame.address(), FrameWord.Actions, loopActions(lowering, handler));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Piece, lowering.constant(0));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Record, lowering.constant(0));
  b.store(Op.Store32, lowering.frame.address(), FrameWord.Nesting, lowering.constant(0));
  const body = machine.beginHandler();
  lowerConditions(body, guards.late);
  lowerBodies(body, handler, guards.bodies);
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
  const guards = new Guards(lowering, handler);
  const early = b.newBlock("early");
  const body = b.newBlock("body");
  lowering.exits.exitBlock = b.newBlock("exit");
  lowering.exits.errorBlock = b.newBlock("error");
  b.setCold(lowering.exits.errorBlock);
  b.setBlock(early);
  lowerEarly(lowering, guards.early);
  if (lowering.claimsFirst) lowering.frame.claim();
  const lock = HeldLock.of(lowering, handler);
  const guarded = b.current();
  b.setBlock(body);
  if (machine !== null) {
    lowerSteps(lowering, handler, machine, guards);
  } else {
    lowerConditions(lowering, guards.late);
    lowerBodies(lowering, handler, guards.bodies);
    if (handler.exits) lowerExit(lowering, null);
  }
  endHandler(lowering, handler, lock);
  // The prologue is built last, because only now the needs of the handler are known.
  b.position = NONE;
  b.setBlock(lowering.entry);
  if (stopsWhenExiting(handler)) returnIfExiting(lowering);
  if (task.shared.options.excludeAgent && handler.engine == Engine.Kernel) returnIfAgent(lowering);
  if (task.shared.cgroupMap >= 0 && handler.engine == Engine.Kernel) returnUnlessInCgroup(lowering, task.shared);
  if (lowering.asksPlace) definePlace(lowering, task.shared.placeTables[handler.index]);
  b.jump(early);
  b.setBlock(guarded);
  beginHandler(lowering, handler, lock, body);
}

/** Lowers what is checked before the lock and the frame are taken. */
function lowerEarly(lowering: Lowering, conditions: Expression[]): void {
  const b = lowering.b;
  for (let i = 0, n = conditions.length; i < n; ++i) {
    const holds = b.newBlock("holds");
    const skip = b.newBlock("skip");
    lowering.condition(conditions[i], holds, skip);
    b.setBlock(skip);
    b.ret(lowering.constant(0));
    b.setBlock(holds);
  }
  assert(!lowering.frame.isUsed, "an early condition needs no frame");
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

function lowerBodies(lowering: Lowering, handler: Handler, bodies: BlockStatement[]): void {
  for (let i = 0, n = handler.locals.length; i < n; ++i) declareLocal(lowering, handler.locals[i]);
  for (let i = 0, n = bodies.length; i < n; ++i) {
    lowering.block(bodies[i]);
    if (leaves(bodies[i])) break;
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

/** Returns if the agent's own process runs: what it does while it traces is no event. */
function returnIfAgent(lowering: Lowering): void {
  const b = lowering.b;
  const own = b.newBlock("agent");
  const other = b.newBlock("other");
  b.setCold(own);
  const process = b.binary(Op.Shr, b.callHelper(Helper.GetCurrentPidTgid, []), lowering.constant(32));
  const agent = b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.AgentPid);
  b.branchIf(Op.Eq, process, agent, own, other);
  b.setBlock(own);
  b.ret(lowering.constant(0));
  b.setBlock(other);
}

/** Returns unless the current task is in the control group of --cgroup, or below it. */
function returnUnlessInCgroup(lowering: Lowering, shared: Shared): void {
  const b = lowering.b;
  const other = b.newBlock("other_group");
  const member = b.newBlock("member");
  b.setCold(other);
  const map = b.addressOf(AddressKind.Map, shared.cgroupMap);
  const answer = b.callHelper(Helper.CurrentTaskUnderCgroup, [map, lowering.constant(0)]);
  b.branchIf(Op.Eq, answer, lowering.constant(1), member, other);
  b.setBlock(other);
  b.ret(lowering.constant(0));
  b.setBlock(member);
}

/** Takes the lock and a frame, as far as the handler needs them. */
function beginHandler(lowering: Lowering, handler: Handler, lock: HeldLock | null, body: i32): void {
  const b = lowering.b;
  const runtime = lowering.runtime;
  if (lock !== null) lock.acquire();
  if (lowering.frame.isUsed) {
    const offset = b.callFunction(CLAIM_FRAME.of(runtime), []);
    const none = b.newBlock("none");
    const claimed = b.newBlock("claimed");
    b.setCold(none);
    b.branchIf(Op.Slt, offset, lowering.constant(0), none, claimed);
    b.setBlock(none);
    if (lock !== null) lock.release();
    b.ret(lowering.constant(0));
    b.setBlock(claimed);
    lowering.frame.defineMasked(offset);
    if (lowering.output.isBuffered)
      b.store(Op.Store64, lowering.frame.address(), FrameWord.OutputLength, lowering.constant(0));
    if (handler.attach == AttachKind.Lsm) clearVerdict(lowering);
    if (lowering.output.mayCut) clearCut(b, lowering.frame.address());
    if (lowering.keepsPlace) keepPlace(lowering);
    forgetMatch(lowering);
    if ((handler.effects & Effects.Tokenizes) != 0) clearTokens(runtime, b, lowering.frame.address());
    const loops = (handler.effects & Effects.Loops) != 0;
    if (loops) b.store(Op.Store64, lowering.frame.address(), FrameWord.Actions, loopActions(lowering, handler));
    if (loops || (handler.effects & Effects.MayFail) != 0) {
      b.store(Op.Store32, lowering.frame.address(), FrameWord.Error, lowering.constant(0));
    }
    beginContext(lowering, handler, body);
    return;
  }
  b.jump(body);
}

function endHandler(lowering: Lowering, handler: Handler, lock: HeldLock | null): void {
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
  // Others need not wait until the record is written.
  if (lock !== null) lock.release();
  if (lowering.output.isBuffered)
    writeOutput(lowering, lowering.exits.mayFail || lowering.exits.exitEarly ? -1 : known);
  const answers = handler.attach == AttachKind.Lsm && lowering.frame.isUsed;
  const result = answers ? verdictOf(lowering) : lowering.constant(0);
  if (lowering.frame.isUsed) b.atomicAdd(4, lowering.frame.address(), FrameWord.Claim, lowering.constant(-1));
  b.ret(result);
}

/** The error exit: counts the error and reports its site, with the message in the frame if there is one. */
function reportError(lowering: Lowering): void {
  const b = lowering.b;
  const error = b.getVar(lowering.exits.variables.site);
  const skips = b.newBlock("skips");
  const fails = b.newBlock("fails");
  b.branch(b.binary(Op.And, error, lowering.constant(ErrorBits.Skipped)), skips, fails);
  b.setBlock(skips);
  b.jump(lowering.exits.exitBlock);
  b.setBlock(fails);
  if (lowering.shared.raisesNumbers) reportNumber(lowering, error);
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

/** The same for an error whose message contains a number. Others continue in a new block. */
function reportNumber(lowering: Lowering, error: Ref): void {
  const b = lowering.b;
  const number = b.newBlock("number");
  const others = b.newBlock("others");
  b.branch(b.binary(Op.And, error, lowering.constant(ErrorBits.Number)), number, others);
  b.setBlock(number);
  b.callFunction(FAIL_WITH.of(lowering.runtime), [error, b.getVar(lowering.exits.variables.number)]);
  b.jump(lowering.exits.exitBlock);
  b.setBlock(others);
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
