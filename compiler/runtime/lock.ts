// The locks of a script, each on a cache line of its own in .bss. compiler/semantic/locks.ts decides who takes which.
//
// There are two protocols (decision 0019). Where the kernel has compare-and-exchange, the line's first word is 0 or its
// owner. A waiter reads until it sees 0, and only then tries. Each release lets one waiter in.
//
// An object for all kernels has additions only, whose old values a program cannot see. It uses Burns' and Lamport's
// one-bit algorithm: each CPU has a bit in the line's eight words. A CPU sets its bit when no lower bit is set, takes
// it back if it sees a lower one after that, and holds the lock when no other bit is left. Of the CPUs that try at
// once, the lowest gets in. Only a CPU's own handlers change its bit, so addition and subtraction set and clear it.
//
// Both know a handler that interrupted the owner on its own CPU. It gives up at once, because the owner cannot go on.

import { Helper } from "../../common/format/helpers";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Routine, RoutineBuilder } from "./routine";
import { LINE, Runtime } from "./runtime";
import { Targets } from "./targets";

/** Words of a line, and CPUs with a bit in one of them. */
const WORDS: i32 = LINE / 8;
const WORD_CPUS: i32 = 64;
/** Attempts between two looks at the clock; with compare-and-exchange one is a load, with bits it walks their words. */
const ATTEMPTS: i64 = 1000;
const BIT_ATTEMPTS: i64 = 250;
/** Limit of the looks at the clock, for the verifier. An attempt takes at least a nanosecond. */
const LEAST_LOOKS: i64 = 32;
const MOST_LOOKS: i64 = 10000;
const MOST_BIT_LOOKS: i64 = 4000;

/** Results of SPIN. */
const enum Spin {
  Mine = 0,
  Busy = 1,
  /** The handler that was interrupted holds the lock. */
  Nested = 2,
}

/** Locks in .bss. The number of one is its position among them. */
export class Lock {
  private line: Ref = NoRef;

  constructor(
    /** Number of the lock, or of the first of several among which `stripe` chooses. */
    public first: i32,
    /** Who takes it, from `buildOwner`. */
    public owner: Ref,
    /** From 0; NoRef: there is one. */
    public stripe: Ref = NoRef,
  ) {}

  number(b: Builder): Ref {
    const first = b.constant(this.first);
    return this.stripe == NoRef ? first : b.binary(Op.Add, this.stripe, first);
  }

  /** The address of its line. That of a stripe is computed once, where every use follows. */
  address(runtime: Runtime, b: Builder): Ref {
    if (this.line != NoRef) return this.line;
    const line = b.addressOf(AddressKind.Bss, runtime.locksOffset + this.first * LINE);
    if (this.stripe == NoRef) return line;
    this.line = b.binary(Op.Add, line, b.binary(Op.Mul, this.stripe, b.constant(LINE)));
    return this.line;
  }
}

/** (lock, owner) -> Spin. Tries some times to take a lock. */
const SPIN = new Routine<Runtime>("spin", 2, buildSpin, attempts);

/** (lock, owner) -> 0 if the caller holds the lock. 1: it did not get it in time, and that is counted. */
const LOCK = new Routine<Runtime>("lock", 2, buildLock, looks);

/** (lock) -> 0 if the caller holds the lock now, else 1. Tries once. */
export const TRY_LOCK = new Routine<Runtime>("try_lock", 1, buildTryLock);

/** (lock) -> 0. Releases a lock. */
export const UNLOCK = new Routine<Runtime>("unlock", 1, buildUnlock);

/** How often a waiter tries before it looks at the clock. */
function attempts(runtime: Runtime): i64 {
  return runtime.fetchingAtomics ? ATTEMPTS : BIT_ATTEMPTS;
}

/** How often a waiter looks at the clock before it gives up, if the clock stood still. */
function looks(runtime: Runtime): i64 {
  const most = runtime.fetchingAtomics ? MOST_LOOKS : MOST_BIT_LOOKS;
  return max<i64>(LEAST_LOOKS, min<i64>(most, runtime.patience / attempts(runtime)));
}

/** Most locks of a group. */
const MOST_STRIPES: i32 = 32;

/** (first, count) -> 0. Releases locks. */
export const UNLOCK_ALL = new Routine<Runtime>("unlock_all", 2, buildUnlockAll, (_: Runtime): i64 => MOST_STRIPES);

/** (first, count, owner) -> 0 if the caller holds all locks, 1 if it holds none of them, which is counted. */
export const LOCK_ALL = new Routine<Runtime>("lock_all", 3, buildLockAll, (_: Runtime): i64 => MOST_STRIPES);

/**
 * Who runs, as a number that is not 0: the thread, or the CPU if it is idle. A handler that interrupts another one has
 * the same number. The protocol for all kernels does not need it.
 */
export function buildOwner(runtime: Runtime, b: Builder, pidTgid: Ref): Ref {
  if (!runtime.fetchingAtomics) return b.constant(0);
  const owner = b.variable("owner");
  const idle = b.newBlock("idle");
  const known = b.newBlock("known");
  b.setCold(idle);
  const thread = b.unary(Op.Extu32, pidTgid);
  b.setVar(owner, thread);
  b.branchIf(Op.Eq, thread, b.constant(0), idle, known);
  b.setBlock(idle);
  // Thread numbers have 22 bits at the most.
  const cpu = b.callHelper(Helper.GetSmpProcessorId, []);
  b.setVar(owner, b.binary(Op.Or, cpu, b.constant((<i64>1) << 31)));
  b.jump(known);
  b.setBlock(known);
  return b.getVar(owner);
}

/** CPUs that the machine may have, less one, rounded up. The verifier knows it, because .rodata is frozen. */
function cpuMask(b: Builder): Ref {
  return b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.CpuMask);
}

/** Takes a lock. It is usually free, and then no routine is called. Ends in `yes` or, counted, in `no`. */
export function buildAcquire(runtime: Runtime, b: Builder, lock: Lock, targets: Targets): void {
  if (runtime.fetchingAtomics) {
    const waiting = b.newBlock("waiting");
    b.setCold(waiting);
    const old = b.atomicCmpXchg(lock.address(runtime, b), 0, b.constant(0), lock.owner);
    b.branchIf(Op.Eq, old, b.constant(0), targets.yes, waiting);
    b.setBlock(waiting);
  }
  b.branch(b.callFunction(LOCK.of(runtime), [lock.number(b), lock.owner]), targets.no, targets.yes);
}

/** Releases a lock. */
export function buildReleaseLock(runtime: Runtime, b: Builder, lock: Lock): void {
  // The release must come after all accesses that the lock guards. An exchange is ordered that way on every CPU, a
  // plain store or addition on x86 only.
  if (runtime.fetchingAtomics) b.atomicXchg(8, lock.address(runtime, b), 0, b.constant(0));
  else b.callFunction(UNLOCK.of(runtime), [lock.number(b)]);
}

/** The line of the lock that parameter 0 names. */
function parameterLine(runtime: Runtime, b: Builder): Ref {
  const number = b.binary(Op.And, b.parameter(0), b.constant(runtime.lockMask));
  const line = b.addressOf(AddressKind.Bss, runtime.locksOffset);
  return b.binary(Op.Add, line, b.binary(Op.Mul, number, b.constant(LINE)));
}

function buildLock(runtime: Runtime, b: RoutineBuilder): void {
  let owner = b.parameter(1);
  let bit = NoRef;
  if (!runtime.fetchingAtomics) {
    owner = b.callHelper(Helper.GetSmpProcessorId, []);
    bit = new CpuBit(runtime, b, owner).enter();
  }
  const deadline = b.binary(Op.Add, b.callHelper(Helper.KtimeGetNs, []), b.constant(runtime.patience));
  const rounds = b.loop();
  const status = b.callFunction(SPIN.of(runtime), [b.parameter(0), owner]);
  const over = rounds.leaveIf(Op.Ne, status, b.constant(<i64>Spin.Busy));
  const late = rounds.leaveIf(Op.Ugt, b.callHelper(Helper.KtimeGetNs, []), deadline);
  rounds.again();
  b.jump(late);
  b.setBlock(late);
  if (bit != NoRef) new CpuBit(runtime, b, owner).withdraw(bit);
  countSkipped(b, BssHeader.SkippedLock);
  b.setBlock(over);
  const mine = b.newBlock("mine");
  const nested = b.newBlock("nested");
  b.branchIf(Op.Eq, status, b.constant(<i64>Spin.Mine), mine, nested);
  b.setBlock(nested);
  countSkipped(b, BssHeader.SkippedFrame);
  b.setBlock(mine);
  b.ret(b.constant(0));
}

function countSkipped(b: Builder, counter: BssHeader): void {
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), counter, b.constant(1));
  b.ret(b.constant(1));
}

function buildSpin(runtime: Runtime, b: RoutineBuilder): void {
  if (runtime.fetchingAtomics) spinForOwner(runtime, b);
  else spinForBit(runtime, b);
}

// -------------------------------------------------------------------------------------------- compare and exchange

function spinForOwner(runtime: Runtime, b: RoutineBuilder): void {
  const owner = b.parameter(1);
  const line = parameterLine(runtime, b);
  const tries = b.loop();
  const free = b.newBlock("free");
  const held = b.newBlock("held");
  const next = b.newBlock("next");
  // A read leaves the line with all waiters, where each try would take it away from the owner.
  const value = b.load(Op.Load64, line, 0);
  b.branchIf(Op.Eq, value, b.constant(0), free, held);
  b.setBlock(free);
  const old = b.atomicCmpXchg(line, 0, b.constant(0), owner);
  const mine = tries.leaveIf(Op.Eq, old, b.constant(0));
  b.jump(next);
  b.setBlock(held);
  const nested = tries.leaveIf(Op.Eq, value, owner);
  b.jump(next);
  b.setBlock(next);
  tries.again();
  b.ret(b.constant(<i64>Spin.Busy));
  b.setBlock(mine);
  b.ret(b.constant(<i64>Spin.Mine));
  b.setBlock(nested);
  b.ret(b.constant(<i64>Spin.Nested));
}

// ----------------------------------------------------------------------------------------------------- one bit a CPU

/** One CPU's bit in the line of the lock that parameter 0 names. */
class CpuBit {
  constructor(
    private runtime: Runtime,
    private b: Builder,
    private cpu: Ref,
  ) {}

  /** The bit in its word. */
  mask(): Ref {
    const b = this.b;
    return b.binary(Op.Shl, b.constant(1), b.binary(Op.And, this.cpu, b.constant(WORD_CPUS - 1)));
  }

  /** The number of its word. */
  word(): Ref {
    const b = this.b;
    return b.binary(Op.And, b.binary(Op.Shr, this.cpu, b.constant(6)), b.constant(WORDS - 1));
  }

  /** The address of its word. */
  address(): Ref {
    const b = this.b;
    return b.binary(Op.Add, parameterLine(this.runtime, b), b.binary(Op.Shl, this.word(), b.constant(3)));
  }

  /** Begins an attempt: leaves the routine if the lock was free, or its owner is what the handler interrupted. */
  enter(): Ref {
    const b = this.b;
    const bit = this.mask();
    const at = this.address();
    const counted = b.newBlock("counted");
    const uncounted = b.newBlock("uncounted");
    b.setCold(uncounted);
    b.branchIf(Op.Ult, this.cpu, b.constant(WORDS * WORD_CPUS), counted, uncounted);
    b.setBlock(uncounted);
    countSkipped(b, BssHeader.SkippedLock);
    b.setBlock(counted);
    const value = b.load(Op.Load64, at, 0);
    const nested = b.newBlock("interrupting");
    const outer = b.newBlock("outer");
    b.setCold(nested);
    b.branchIf(Op.Ne, b.binary(Op.And, value, bit), b.constant(0), nested, outer);
    b.setBlock(nested);
    countSkipped(b, BssHeader.SkippedFrame);
    b.setBlock(outer);
    this.tryFirst(at, value, bit);
    return bit;
  }

  /** Leaves the routine with the lock if it is free, on a machine whose CPUs need one word. */
  private tryFirst(at: Ref, value: Ref, bit: Ref): void {
    const b = this.b;
    const single = b.newBlock("single");
    const free = b.newBlock("free");
    const mine = b.newBlock("mine");
    const contended = b.newBlock("contended");
    const wait = b.newBlock("wait");
    b.branchIf(Op.Ult, cpuMask(b), b.constant(WORD_CPUS), single, wait);
    b.setBlock(single);
    b.branchIf(Op.Eq, value, b.constant(0), free, wait);
    b.setBlock(free);
    b.atomicAdd(8, at, 0, bit);
    b.branchIf(Op.Eq, b.load(Op.Load64, at, 0), bit, mine, contended);
    b.setBlock(mine);
    b.ret(b.constant(0));
    b.setBlock(contended);
    b.atomicAdd(8, at, 0, b.unary(Op.Neg, bit));
    b.jump(wait);
    b.setBlock(wait);
  }

  /** Takes the bit back if it is set. */
  withdraw(bit: Ref): void {
    const b = this.b;
    const at = this.address();
    const set = b.newBlock("set");
    const done = b.newBlock("withdrawn");
    b.branchIf(Op.Ne, b.binary(Op.And, b.load(Op.Load64, at, 0), bit), b.constant(0), set, done);
    b.setBlock(set);
    b.atomicAdd(8, at, 0, b.unary(Op.Neg, bit));
    b.jump(done);
    b.setBlock(done);
  }
}

function spinForBit(runtime: Runtime, b: RoutineBuilder): void {
  const own = new CpuBit(runtime, b, b.parameter(1));
  const bit = own.mask();
  const at = own.address();
  const tries = b.loop();
  const others = new OtherBits(runtime, b, own.word(), bit);
  const announced = b.newBlock("announced");
  const silent = b.newBlock("silent");
  const next = b.newBlock("next");
  b.branch(b.binary(Op.And, b.load(Op.Load64, at, 0), bit), announced, silent);
  b.setBlock(silent);
  const announce = b.newBlock("announce");
  b.branchIf(Op.Eq, others.lower, b.constant(0), announce, next);
  b.setBlock(announce);
  b.atomicAdd(8, at, 0, bit);
  b.jump(next);
  b.setBlock(announced);
  const first = b.newBlock("first");
  const yield_ = b.newBlock("yield");
  b.branchIf(Op.Eq, others.lower, b.constant(0), first, yield_);
  b.setBlock(yield_);
  b.atomicAdd(8, at, 0, b.unary(Op.Neg, bit));
  b.jump(next);
  b.setBlock(first);
  const mine = tries.leaveIf(Op.Eq, others.higher, b.constant(0));
  b.jump(next);
  b.setBlock(next);
  tries.again();
  b.ret(b.constant(<i64>Spin.Busy));
  b.setBlock(mine);
  b.ret(b.constant(<i64>Spin.Mine));
}

/** The bits of other CPUs that are set, lower and higher ones. Reads the words that the machine's CPUs have. */
class OtherBits {
  lower: Ref;
  higher: Ref;

  constructor(runtime: Runtime, b: Builder, word: Ref, bit: Ref) {
    const lower = b.variable("lower");
    const higher = b.variable("higher");
    b.setVar(lower, b.constant(0));
    b.setVar(higher, b.constant(0));
    const line = parameterLine(runtime, b);
    // The verifier does not walk the words that are not read.
    const last = b.binary(Op.Shr, cpuMask(b), b.constant(6));
    const below = b.binary(Op.Sub, bit, b.constant(1));
    const above = b.unary(Op.Not, b.binary(Op.Or, below, bit));
    const done = b.newBlock("read");
    for (let w = 0; w < WORDS; ++w) {
      if (w > 0) {
        const more = b.newBlock("more");
        b.branchIf(Op.Ult, last, b.constant(w), done, more);
        b.setBlock(more);
      }
      const value = b.load(Op.Load64, line, w * 8);
      const before = b.newBlock("before");
      const notBefore = b.newBlock("not_before");
      const same = b.newBlock("same");
      const after = b.newBlock("after");
      const added = b.newBlock("added");
      b.branchIf(Op.Ult, b.constant(w), word, before, notBefore);
      b.setBlock(before);
      b.setVar(lower, b.binary(Op.Or, b.getVar(lower), value));
      b.jump(added);
      b.setBlock(notBefore);
      b.branchIf(Op.Eq, word, b.constant(w), same, after);
      b.setBlock(same);
      b.setVar(lower, b.binary(Op.Or, b.getVar(lower), b.binary(Op.And, value, below)));
      b.setVar(higher, b.binary(Op.Or, b.getVar(higher), b.binary(Op.And, value, above)));
      b.jump(added);
      b.setBlock(after);
      b.setVar(higher, b.binary(Op.Or, b.getVar(higher), value));
      b.jump(added);
      b.setBlock(added);
    }
    b.jump(done);
    b.setBlock(done);
    this.lower = b.getVar(lower);
    this.higher = b.getVar(higher);
  }
}

function buildTryLock(runtime: Runtime, b: RoutineBuilder): void {
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  if (runtime.fetchingAtomics) {
    const owner = buildOwner(runtime, b, b.callHelper(Helper.GetCurrentPidTgid, []));
    const old = b.atomicCmpXchg(parameterLine(runtime, b), 0, b.constant(0), owner);
    b.branchIf(Op.Eq, old, b.constant(0), mine, taken);
  } else {
    tryBits(runtime, b, new Targets(mine, taken));
  }
  b.setBlock(mine);
  b.ret(b.constant(0));
  b.setBlock(taken);
  b.ret(b.constant(1));
}

/** Sets the CPU's bit if there is no other one, before and after, in all words. */
function tryBits(runtime: Runtime, b: Builder, targets: Targets): void {
  const own = new CpuBit(runtime, b, b.callHelper(Helper.GetSmpProcessorId, []));
  const bit = own.mask();
  const at = own.address();
  const free = b.newBlock("free");
  const contended = b.newBlock("contended");
  const before = new OtherBits(runtime, b, own.word(), bit);
  const taken = b.binary(Op.Or, b.binary(Op.Or, before.lower, before.higher), b.load(Op.Load64, at, 0));
  b.branch(taken, targets.no, free);
  b.setBlock(free);
  b.atomicAdd(8, at, 0, bit);
  const after = new OtherBits(runtime, b, own.word(), bit);
  b.branch(b.binary(Op.Or, after.lower, after.higher), contended, targets.yes);
  b.setBlock(contended);
  b.atomicAdd(8, at, 0, b.unary(Op.Neg, bit));
  b.jump(targets.no);
}

function buildUnlockAll(runtime: Runtime, b: RoutineBuilder): void {
  const each = b.loop();
  const end = each.leaveIf(Op.Uge, each.index, b.parameter(1));
  b.callFunction(UNLOCK.of(runtime), [b.binary(Op.Add, b.parameter(0), each.index)]);
  each.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
}

/** Others hold one lock each, and wait for no other while they do, so the order does not matter. */
function buildLockAll(runtime: Runtime, b: RoutineBuilder): void {
  const each = b.loop();
  const end = each.leaveIf(Op.Uge, each.index, b.parameter(1));
  const lock = b.binary(Op.Add, b.parameter(0), each.index);
  const taken = b.callFunction(LOCK.of(runtime), [lock, b.parameter(2)]);
  const busy = each.leaveIf(Op.Ne, taken, b.constant(0));
  each.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
  b.setBlock(busy);
  b.callFunction(UNLOCK_ALL.of(runtime), [b.parameter(0), each.index]);
  b.ret(b.constant(1));
}

function buildUnlock(runtime: Runtime, b: RoutineBuilder): void {
  if (runtime.fetchingAtomics) {
    b.atomicXchg(8, parameterLine(runtime, b), 0, b.constant(0));
    b.ret(b.constant(0));
    return;
  }
  const own = new CpuBit(runtime, b, b.callHelper(Helper.GetSmpProcessorId, []));
  b.atomicAdd(8, own.address(), 0, b.unary(Op.Neg, own.mask()));
  b.ret(b.constant(0));
}
