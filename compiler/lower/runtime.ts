// Run-time routines: small subprograms that handlers share, written in IR. Each is made when it is first wanted.
//
// They are global BPF functions: the kernel's verifier checks each once, with unknown scalars as parameters, however
// many handlers call it. A frame is passed as its offset in the arena and masked again, as the verifier wants it.

import { RingFlag } from "../../common/format/bpf";
import { Helper } from "../../common/format/helpers";
import { RecordFlags, RecordItem } from "../../common/format/record";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitMap } from "../ir/unit";
import { FrameHeader, Hole } from "./frame";
import { addressInArena, arenaMask, BoundedLoop, frameMask, zeroBytes } from "./library";
import { Shared } from "./lowering";

/** The routines. */
export enum Routine {
  /** () -> offset in the arena of a frame that now is the caller's, or -1: none free, counted */
  Claim,
  /** (site) -> 0: puts a record without arguments into the control ring */
  Control,
  /** (site or -1) -> 0: a handler ended by an error; counts, and ends the session if there were too many */
  Fail,
  /** () -> 1: some tries to get the lock worked */
  Spin,
  /** () -> 0: the lock is the caller's; 1: it was not had in time, counted */
  Lock,
  /** (offset in the arena, offset in the arena) -> negative, 0, positive */
  CompareStrings,
  /** (frame offset, more) -> 0: writes the output put together so far as one record */
  Flush,
  Size,
}

/** Tries of the lock: OUTER rounds of INNER. Enough for handlers of some tens of microseconds. */
const SPIN_OUTER: i64 = 20;
const SPIN_INNER: i64 = 500;
/** Frames that a handler tries to claim. */
const CLAIM_TRIES: i64 = 8;

/** The index in the module of a routine. */
export function routine(shared: Shared, which: Routine): i32 {
  while (shared.routines.length < Routine.Size) shared.routines.push(-1);
  const known = shared.routines[which];
  if (known >= 0) return known;
  const fn = new Func(routineName(which), Linkage.Subprogram, parameterCount(which));
  const index = shared.unit.ir.add(fn);
  shared.routines[which] = index;
  build(shared, which, new Builder(fn));
  return index;
}

function routineName(which: Routine): string {
  switch (which) {
    case Routine.Claim:
      return "stp_claim";
    case Routine.Control:
      return "stp_control_record";
    case Routine.Fail:
      return "stp_fail";
    case Routine.Spin:
      return "stp_spin";
    case Routine.Lock:
      return "stp_lock";
    case Routine.CompareStrings:
      return "stp_compare";
    default:
      return "stp_flush";
  }
}

function parameterCount(which: Routine): i32 {
  switch (which) {
    case Routine.Control:
    case Routine.Fail:
      return 1;
    case Routine.CompareStrings:
    case Routine.Flush:
      return 2;
    default:
      return 0;
  }
}

function build(shared: Shared, which: Routine, b: Builder): void {
  switch (which) {
    case Routine.Claim:
      buildClaim(shared, b);
      break;
    case Routine.Control:
      buildControl(b);
      break;
    case Routine.Fail:
      buildFail(shared, b);
      break;
    case Routine.Spin:
      buildSpin(shared, b);
      break;
    case Routine.Lock:
      buildLock(shared, b);
      break;
    case Routine.CompareStrings:
      buildCompare(shared, b);
      break;
    default:
      buildFlush(shared, b);
  }
}

/**
 * Tries frames in turn, the CPU's own first; who makes the claim count 1 owns the frame, whoever interrupts whom. Where
 * there is not one for each level of each CPU they are shared: the stride leads each CPU to others.
 */
function buildClaim(shared: Shared, b: Builder): void {
  const number = b.variable("number");
  b.setVar(number, b.callHelper(Helper.GetSmpProcessorId, []));
  const tries = new BoundedLoop(b, CLAIM_TRIES);
  const rodata = b.addressOf(AddressKind.Rodata, 0);
  const count = b.load(Op.Load32u, rodata, RodataHeader.FrameCount);
  const at = b.binary(Op.Umod, b.getVar(number), count);
  const bytes = b.binary(Op.Mul, at, shared.plan.placeholder(b.fn, Hole.Bytes));
  const offset = b.binary(Op.And, bytes, frameMask(b));
  const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, shared.unit.frameOffset), offset);
  b.atomicAdd(4, frame, FrameHeader.Claim, b.constant(1));
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(taken);
  b.branchIf(Op.Eq, b.load(Op.Load32u, frame, FrameHeader.Claim), b.constant(1), mine, taken);
  b.setBlock(mine);
  b.ret(offset);
  b.setBlock(taken);
  b.atomicAdd(4, frame, FrameHeader.Claim, b.constant(-1));
  const stride = b.load(Op.Load32u, rodata, RodataHeader.FrameStride);
  b.setVar(number, b.binary(Op.Add, at, stride));
  tries.again();
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedFrame, b.constant(1));
  b.ret(b.constant(-1));
}

function buildControl(b: Builder): void {
  const site = b.parameter(0);
  const ring = b.addressOf(AddressKind.Map, UnitMap.Control);
  const record = b.callHelper(Helper.RingbufReserve, [ring, b.constant(RecordItem.Size), b.constant(0)]);
  const full = b.newBlock("full");
  const ok = b.newBlock("ok");
  b.setCold(full);
  b.branchIf(Op.Eq, record, b.constant(0), full, ok);
  b.setBlock(full);
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.LostControl, b.constant(1));
  b.ret(b.constant(0));
  b.setBlock(ok);
  b.store(Op.Store64, record, 0, b.unary(Op.Extu16, site));
  b.callHelper(Helper.RingbufSubmit, [record, b.constant(RingFlag.ForceWakeup)]);
  b.ret(b.constant(0));
}

function buildFail(shared: Shared, b: Builder): void {
  const bss = b.addressOf(AddressKind.Bss, 0);
  b.atomicAdd(8, bss, BssHeader.Errors, b.constant(1));
  if (!shared.unit.suppressErrors) {
    const many = b.newBlock("many");
    const few = b.newBlock("few");
    const errors = b.load(Op.Load64, bss, BssHeader.Errors);
    b.branchIf(Op.Ugt, errors, b.constant(shared.unit.maxErrors), many, few);
    b.setBlock(many);
    b.store(Op.Store32, bss, BssHeader.Exiting, b.constant(1));
    b.jump(few);
    b.setBlock(few);
  }
  const report = b.newBlock("report");
  const done = b.newBlock("done");
  b.branchIf(Op.Sge, b.parameter(0), b.constant(0), report, done);
  b.setBlock(report);
  b.callFunction(routine(shared, Routine.Control), [b.parameter(0)]);
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

/**
 * One round of tries. Without fetching atomics (before 5.12): who makes the count 1 has the lock, everybody else takes
 * the increment back. That is mutual exclusion; the worst that a waiter's passing increment does is to keep another out.
 */
function buildSpin(shared: Shared, b: Builder): void {
  const tries = new BoundedLoop(b, SPIN_INNER);
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryLock(shared, b, mine, taken);
  b.setBlock(mine);
  b.ret(b.constant(1));
  b.setBlock(taken);
  tries.again();
  b.ret(b.constant(0));
}

function buildLock(shared: Shared, b: Builder): void {
  const rounds = new BoundedLoop(b, SPIN_OUTER);
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  b.branch(b.callFunction(routine(shared, Routine.Spin), []), mine, taken);
  b.setBlock(mine);
  b.ret(b.constant(0));
  b.setBlock(taken);
  rounds.again();
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedLock, b.constant(1));
  b.ret(b.constant(1));
}

/** Tries the lock once: most often it is free, and then no routine need be called. Ends in `mine` or `taken`. */
export function buildTryLock(shared: Shared, b: Builder, mine: i32, taken: i32): void {
  buildTryClaim(shared, b, b.addressOf(AddressKind.Bss, 0), BssHeader.Lock, mine, taken);
}

/** Tries once to make a claim the caller's: 8 bytes, 0 while it is free. Ends in `mine` or `taken`. */
export function buildTryClaim(shared: Shared, b: Builder, base: Ref, offset: i32, mine: i32, taken: i32): void {
  if (shared.fetchingAtomics) {
    const old = b.atomicCmpXchg(base, offset, b.constant(0), b.constant(1));
    b.branchIf(Op.Eq, old, b.constant(0), mine, taken);
    return;
  }
  b.atomicAdd(4, base, offset, b.constant(1));
  const refused = b.newBlock("refused");
  b.setCold(refused);
  b.branchIf(Op.Eq, b.load(Op.Load32u, base, offset), b.constant(1), mine, refused);
  b.setBlock(refused);
  b.atomicAdd(4, base, offset, b.constant(-1));
  b.jump(taken);
}

/** Gives the lock back; part of a handler's exit. */
export function buildUnlock(shared: Shared, b: Builder): void {
  buildRelease(shared, b, b.addressOf(AddressKind.Bss, 0), BssHeader.Lock);
}

/** Gives a claim back. */
export function buildRelease(shared: Shared, b: Builder, base: Ref, offset: i32): void {
  // An exchange is ordered after all that was done meanwhile; the plain add is so on x86, where alone it is used.
  if (shared.fetchingAtomics) b.atomicXchg(8, base, offset, b.constant(0));
  else b.atomicAdd(4, base, offset, b.constant(-1));
}

/** Word by word until the strings differ or end; the word that decides is compared byte by byte. */
function buildCompare(shared: Shared, b: Builder): void {
  const mask = arenaMask(b);
  const left = b.variable("left");
  const right = b.variable("right");
  b.setVar(left, addressInArena(shared, b, b.parameter(0), mask));
  b.setVar(right, addressInArena(shared, b, b.parameter(1), mask));
  const words = new BoundedLoop(b, <i64>((shared.maxLength + 8) >> 3));
  const x = b.load(Op.Load64, b.getVar(left), 0);
  const y = b.load(Op.Load64, b.getVar(right), 0);
  const differ = b.newBlock("differ");
  const same = b.newBlock("same");
  b.setCold(differ);
  b.branchIf(Op.Ne, x, y, differ, same);
  b.setBlock(differ);
  compareBytes(b, x, y);
  b.setBlock(same);
  const end = b.newBlock("end");
  const on = b.newBlock("on");
  b.setCold(end);
  b.branch(zeroBytes(b, x), end, on);
  b.setBlock(end);
  b.ret(b.constant(0));
  b.setBlock(on);
  b.setVar(left, b.binary(Op.Add, b.getVar(left), b.constant(8)));
  b.setVar(right, b.binary(Op.Add, b.getVar(right), b.constant(8)));
  words.again();
  b.ret(b.constant(0));
}

function compareBytes(b: Builder, x: Ref, y: Ref): void {
  for (let k = 0; k < 8; ++k) {
    const p = b.binary(Op.And, b.binary(Op.Shr, x, b.constant(k * 8)), b.constant(255));
    const q = b.binary(Op.And, b.binary(Op.Shr, y, b.constant(k * 8)), b.constant(255));
    const differ = b.newBlock("byte");
    const same = b.newBlock("same");
    b.branchIf(Op.Ne, p, q, differ, same);
    b.setBlock(differ);
    b.ret(b.binary(Op.Sub, p, q));
    b.setBlock(same);
    if (k == 7) break;
    const end = b.newBlock("end");
    const on = b.newBlock("on");
    b.branchIf(Op.Eq, p, b.constant(0), end, on);
    b.setBlock(end);
    b.ret(b.constant(0));
    b.setBlock(on);
  }
  b.ret(b.constant(0));
}

/** Writes what is there as one record of a unit. The header of its first item gets the unit's number when it is cut. */
function buildFlush(shared: Shared, b: Builder): void {
  const offset = b.binary(Op.And, b.parameter(0), frameMask(b));
  const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, shared.unit.frameOffset), offset);
  const output = b.binary(Op.Add, frame, shared.plan.placeholder(b.fn, Hole.Output));
  const length = b.binary(
    Op.And,
    b.load(Op.Load64, frame, FrameHeader.OutputLength),
    shared.plan.placeholder(b.fn, Hole.OutputMask),
  );
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(length, some, none);
  b.setBlock(some);
  const cut = b.load(Op.Load8u, frame, FrameHeader.Cut);
  const torn = b.binary(Op.And, cut, b.constant(RecordFlags.Torn));
  const flags = b.binary(Op.Or, torn, b.parameter(1));
  const begun = b.binary(Op.Ne, cut, b.constant(0));
  const first = b.binary(Op.And, b.binary(Op.Sub, begun, b.constant(1)), b.constant(RecordFlags.First));
  const marked = b.binary(Op.Or, flags, b.binary(Op.And, first, b.binary(Op.Shl, b.parameter(1), b.constant(2))));
  b.store(Op.Store8, output, RecordItem.Flags, marked);
  const whole = b.newBlock("whole");
  const piece = b.newBlock("piece");
  const write = b.newBlock("write");
  b.branch(b.binary(Op.Or, cut, b.parameter(1)), piece, whole);
  b.setBlock(piece);
  const bytes = shared.plan.placeholder(b.fn, Hole.Bytes);
  b.store(Op.Store32, output, RecordItem.Unit, b.binary(Op.Add, b.binary(Op.Udiv, offset, bytes), b.constant(1)));
  b.jump(write);
  b.setBlock(whole);
  b.store(Op.Store32, output, RecordItem.Unit, b.constant(0));
  b.jump(write);
  b.setBlock(write);
  const ring = b.addressOf(AddressKind.Map, UnitMap.Output);
  const result = b.callHelper(Helper.RingbufOutput, [ring, output, length, b.constant(0)]);
  b.store(Op.Store64, frame, FrameHeader.OutputLength, b.constant(0));
  const lost = b.newBlock("lost");
  const kept = b.newBlock("kept");
  b.setCold(lost);
  b.branchIf(Op.Slt, result, b.constant(0), lost, kept);
  b.setBlock(lost);
  countLost(b, frame, torn);
  b.ret(b.constant(0));
  b.setBlock(kept);
  b.store(Op.Store8, frame, FrameHeader.Cut, b.binary(Op.Or, torn, b.constant(RecordFlags.More)));
  b.jump(none);
  b.setBlock(none);
  b.ret(b.constant(0));
}

/** Counts a lost unit once, and marks the rest of it as torn. */
function countLost(b: Builder, frame: Ref, torn: Ref): void {
  const first = b.newBlock("first");
  const again = b.newBlock("again");
  b.branch(torn, again, first);
  b.setBlock(first);
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.LostOutput, b.constant(1));
  b.jump(again);
  b.setBlock(again);
  b.store(Op.Store8, frame, FrameHeader.Cut, b.constant(RecordFlags.Torn | RecordFlags.More));
}

/** Clears what `Flush` keeps in a frame; part of the prologue of a handler that flushes. */
export function clearCut(b: Builder, frame: Ref): void {
  b.store(Op.Store8, frame, FrameHeader.Cut, b.constant(0));
}
