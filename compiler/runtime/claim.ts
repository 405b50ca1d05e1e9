// Claims: the frames that handlers claim, and short claims of copies and elements of statistics. All are counters in
// .bss. lock.ts has the locks, which are waited for.
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

/** Frames that a handler tries to claim before it gives up. */
const CLAIM_TRIES: i64 = 8;

/** () -> the arena offset of a frame that the caller now holds. -1: no frame is free, and the failure is counted. */
export const CLAIM_FRAME = new Routine<Runtime>("claim", 0, buildClaim, (_: Runtime): i64 => CLAIM_TRIES);

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

/** The place of a claim: 8 bytes, 0 while the claim is free. */
export class ClaimWord {
  constructor(
    public base: Ref,
    public offset: i32,
  ) {}
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

/** Releases a claim. */
export function buildRelease(runtime: Runtime, b: Builder, claim: ClaimWord): void {
  // The release must come after all accesses that the claim guards. An exchange is ordered that way on every CPU, a
  // plain addition on x86 only.
  if (runtime.fetchingAtomics) b.atomicXchg(8, claim.base, claim.offset, b.constant(0));
  else b.atomicAdd(4, claim.base, claim.offset, b.constant(-1));
}
