// Mutual exclusion: the frames that handlers claim, the lock, and claims of copies and elements. All are counters in
// .bss.
//
// It works without compare-and-exchange, which x86_64 does not have before Linux 5.12. The caller increments the
// counter. If the counter is then 1, the caller holds it. If not, the caller undoes its increment and tries again or
// gives up. While a waiter's increment lasts it can keep others out, but it never lets two in.

import { Helper } from "../../common/format/helpers";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { frameMask } from "./arena";
import { FrameWord, Hole } from "./plan";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";
import { Targets } from "./targets";

/** Attempts to take the lock: OUTER rounds of INNER. Enough if handlers hold it for some tens of microseconds. */
const SPIN_OUTER: i64 = 20;
const SPIN_INNER: i64 = 500;
/** Frames that a handler tries to claim before it gives up. */
const CLAIM_TRIES: i64 = 8;

/** () -> the arena offset of a frame that the caller now holds. -1: no frame is free, and the failure is counted. */
export const CLAIM_FRAME = new Routine<Runtime>("claim", 0, buildClaim, (_: Runtime): i64 => CLAIM_TRIES);

/** () -> 1 if one of several attempts took the lock, else 0. */
const SPIN = new Routine<Runtime>("spin", 0, buildSpin, (_: Runtime): i64 => SPIN_INNER);

/** () -> 0 if the caller holds the lock. 1: it did not get the lock in time, and the failure is counted. */
export const LOCK = new Routine<Runtime>("lock", 0, buildLock, (_: Runtime): i64 => SPIN_OUTER);

/**
 * Tries frames in turn, the CPU's own first. A handler that increments a frame's claim to 1 holds the frame, whatever
 * it interrupted. If there are fewer frames than all CPUs need for their levels, CPUs share frames. The stride takes
 * each CPU to other frames.
 */
function buildClaim(runtime: Runtime, b: RoutineBuilder): void {
  const number = b.variable("number");
  b.setVar(number, b.callHelper(Helper.GetSmpProcessorId, []));
  const tries = b.loop();
  const rodata = b.addressOf(AddressKind.Rodata, 0);
  const count = b.load(Op.Load32u, rodata, RodataHeader.FrameCount);
  const at = b.binary(Op.Umod, b.getVar(number), count);
  const bytes = b.binary(Op.Mul, at, runtime.plan.placeholder(b.fn, Hole.Bytes));
  const offset = b.binary(Op.And, bytes, frameMask(b));
  const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, runtime.unit.frameOffset), offset);
  b.atomicAdd(4, frame, FrameWord.Claim, b.constant(1));
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(taken);
  b.branchIf(Op.Eq, b.load(Op.Load32u, frame, FrameWord.Claim), b.constant(1), mine, taken);
  b.setBlock(mine);
  b.ret(offset);
  b.setBlock(taken);
  b.atomicAdd(4, frame, FrameWord.Claim, b.constant(-1));
  const stride = b.load(Op.Load32u, rodata, RodataHeader.FrameStride);
  b.setVar(number, b.binary(Op.Add, at, stride));
  tries.again();
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedFrame, b.constant(1));
  b.ret(b.constant(-1));
}

/** One round of attempts. */
function buildSpin(runtime: Runtime, b: RoutineBuilder): void {
  const tries = b.loop();
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryLock(runtime, b, mine, taken);
  b.setBlock(mine);
  b.ret(b.constant(1));
  b.setBlock(taken);
  tries.again();
  b.ret(b.constant(0));
}

function buildLock(runtime: Runtime, b: RoutineBuilder): void {
  const rounds = b.loop();
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  b.branch(b.callFunction(SPIN.of(runtime), []), mine, taken);
  b.setBlock(mine);
  b.ret(b.constant(0));
  b.setBlock(taken);
  rounds.again();
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedLock, b.constant(1));
  b.ret(b.constant(1));
}

/** The place of a claim: 8 bytes, 0 while the claim is free. */
export class ClaimWord {
  constructor(
    public base: Ref,
    public offset: i32,
  ) {}
}

/** Tries the lock once. It is usually free, and then no routine is called. Ends in `mine` or `taken`. */
export function buildTryLock(runtime: Runtime, b: Builder, mine: i32, taken: i32): void {
  buildTryClaim(runtime, b, lockWord(b), new Targets(mine, taken));
}

function lockWord(b: Builder): ClaimWord {
  return new ClaimWord(b.addressOf(AddressKind.Bss, 0), BssHeader.Lock);
}

/** Tries once to acquire a claim. Goes to `yes` on success. */
export function buildTryClaim(runtime: Runtime, b: Builder, claim: ClaimWord, targets: Targets): void {
  const base = claim.base;
  const offset = claim.offset;
  const mine = targets.yes;
  const taken = targets.no;
  if (runtime.fetchingAtomics) {
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

/** Releases the lock. Part of a handler's exit. */
export function buildUnlock(runtime: Runtime, b: Builder): void {
  buildRelease(runtime, b, lockWord(b));
}

/** Releases a claim. */
export function buildRelease(runtime: Runtime, b: Builder, claim: ClaimWord): void {
  // The release must come after all accesses that the claim guards. An exchange is ordered that way on every CPU, a
  // plain addition on x86 only.
  if (runtime.fetchingAtomics) b.atomicXchg(8, claim.base, claim.offset, b.constant(0));
  else b.atomicAdd(4, claim.base, claim.offset, b.constant(-1));
}
