// The string library's routines: where they and their scratch areas are, and what their code has in common.
//
// Like those of runtime.ts they are global BPF functions, checked once with unknown scalars. A string is passed as its
// offset in the arena and masked where it is used; a frame as the frame's offset, behind which the scratch areas lie at
// fixed distances. Routines are leaves, or call one leaf: the kernel allows eight frames of calls in all.

import { Helper } from "../../common/format/helpers";
import { FRAME_ALIGN, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Shared } from "./lowering";
import { Base, capacityFor, Place } from "./place";

/** Byte offsets in the scratch area for numbers. */
export const enum Digits {
  /** Sign, or what says the base. */
  Prefix = 0,
  /** u64: bytes of it. */
  PrefixLength = 8,
  /** The digits stand before this. */
  End = 40,
  Size = 48,
}

/** 1 in each byte. */
export const ONES: i64 = 0x0101010101010101;
export const HIGH_BITS: i64 = <i64>0x8080808080808080;

/** What the library has made so far. */
export class Library {
  /** Indexes in the module, by name. */
  routines: Map<string, i32> = new Map<string, i32>();
  /** Offsets in the frame of scratch areas, by name. */
  areas: Map<string, i32> = new Map<string, i32>();
}

/** The index in the module of a routine, which is made when it is first wanted. */
export function libraryRoutine(
  shared: Shared,
  name: string,
  parameters: i32,
  build: (shared: Shared, b: Builder) => void,
): i32 {
  const known = shared.library.routines;
  if (known.has(name)) return known.get(name);
  const fn = new Func("stp_" + name, Linkage.Subprogram, parameters);
  const index = shared.unit.ir.add(fn);
  known.set(name, index);
  build(shared, new Builder(fn));
  return index;
}

/** The offset in the frame of a scratch area, which all handlers share. */
export function scratchArea(shared: Shared, name: string, bytes: i32): i32 {
  const known = shared.library.areas;
  if (known.has(name)) return known.get(name);
  const at = shared.plan.reserveFunction(bytes);
  known.set(name, at);
  return at;
}

/** Where digits are put together. */
export function digitsArea(shared: Shared): i32 {
  return scratchArea(shared, "digits", Digits.Size);
}

/** Where a string is measured, padded or escaped: room for the longest, and a few bytes more. */
export function textArea(shared: Shared): Place {
  const capacity = capacityFor(shared.maxLength) + 8;
  return new Place(Base.Frame, NoRef, scratchArea(shared, "text", capacity), capacity);
}

/** Mask of the offsets of frames: the agent sets it for the CPUs there are. */
export function frameMask(b: Builder): Ref {
  return b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.FrameMask);
}

/** Mask of all offsets in the arena, those inside of a frame included. */
export function arenaMask(b: Builder): Ref {
  return b.binary(Op.Or, frameMask(b), b.constant(FRAME_ALIGN - 1));
}

/** The address of what has an offset in the arena. */
export function addressInArena(shared: Shared, b: Builder, offset: Ref, mask: Ref): Ref {
  return b.binary(Op.Add, b.addressOf(AddressKind.Bss, shared.unit.frameOffset), b.binary(Op.And, offset, mask));
}

/** The address of the frame whose offset is given. */
export function frameAddress(shared: Shared, b: Builder, offset: Ref): Ref {
  return addressInArena(shared, b, offset, frameMask(b));
}

/** The smallest 2^n - 1 that is not less than a number. */
export function maskFor(number: i32): i64 {
  let mask: i64 = 1;
  while (mask < number) mask = (mask << 1) | 1;
  return mask;
}

/** Not zero if a byte of a word is: the lowest bit that is set is the high bit of the first such byte. */
export function zeroBytes(b: Builder, word: Ref): Ref {
  const borrowed = b.binary(Op.Sub, word, b.constant(ONES));
  return b.binary(Op.And, b.binary(Op.And, borrowed, b.unary(Op.Not, word)), b.constant(HIGH_BITS));
}

/** The lesser of two unsigned numbers. */
export function lesser(b: Builder, x: Ref, y: Ref): Ref {
  const result = b.variable("lesser");
  const other = b.newBlock("other");
  const done = b.newBlock("done");
  b.setVar(result, x);
  b.branchIf(Op.Ugt, x, y, other, done);
  b.setBlock(other);
  b.setVar(result, y);
  b.jump(done);
  b.setBlock(done);
  return b.getVar(result);
}

/** A signed number, or zero if it is negative; without a branch. */
export function orZero(b: Builder, x: Ref): Ref {
  return b.binary(Op.And, x, b.unary(Op.Not, b.binary(Op.Sar, x, b.constant(63))));
}

/** 1 if x < y, both of them small and not negative; without a branch. */
export function isLess(b: Builder, x: Ref, y: Ref): Ref {
  return b.binary(Op.Shr, b.binary(Op.Sub, x, y), b.constant(63));
}

/** `when` (1 or 0) ? x : y, without a branch: what long loops are to be made of. */
export function select(b: Builder, when: Ref, x: Ref, y: Ref): Ref {
  const mask = b.unary(Op.Neg, when);
  return b.binary(Op.Xor, y, b.binary(Op.And, b.binary(Op.Xor, x, y), mask));
}

/** A loop with a counter that the verifier can follow: `for (i = 0; ; ) { …; if (++i == bound) break }`. */
export class BoundedLoop {
  private counter: i32;
  private head: i32;
  /** The first instruction of a round. */
  private first: i32 = 0;

  constructor(
    private b: Builder,
    private bound: i64,
  ) {
    const counter = b.variable("i");
    b.setVar(counter, b.constant(0));
    const head = b.newBlock("loop");
    b.jump(head);
    b.setBlock(head);
    this.counter = counter;
    this.head = head;
    this.first = b.fn.ops.length;
  }

  /** The number of the iteration. */
  get index(): Ref {
    return this.b.getVar(this.counter);
  }

  /** Leaves when the compare is true: goes on in a cold block that is returned; what follows goes behind it. */
  leaveIf(op: Op, x: Ref, y: Ref): i32 {
    const b = this.b;
    const out = b.newBlock("out");
    const on = b.newBlock("on");
    b.setCold(out);
    b.branchIf(op, x, y, out, on);
    b.setBlock(on);
    return out;
  }

  /** To the next iteration; behind the last one, what follows. */
  again(): void {
    const b = this.b;
    const next = b.binary(Op.Add, b.getVar(this.counter), b.constant(1));
    b.setVar(this.counter, next);
    const end = b.newBlock("end");
    b.branchIf(Op.Ult, next, b.constant(this.bound), this.head, end);
    b.setBlock(end);
    b.fn.rounds += this.bound * <i64>(b.fn.ops.length - this.first);
  }
}

/** Text that a routine writes: where the next byte goes, and how many may still come. */
export class RoutineOutput {
  private at: i32;
  private room: i32;
  private total: Ref;
  private mask: Ref;

  /** `at` is an offset in the arena, `room` what may be written, its NUL not counted. */
  constructor(
    private shared: Shared,
    private b: Builder,
    at: Ref,
    room: Ref,
  ) {
    this.at = b.variable("at");
    this.room = b.variable("room");
    b.setVar(this.at, at);
    b.setVar(this.room, room);
    this.total = room;
    this.mask = arenaMask(b);
  }

  /** Writes `count` bytes from an address, or as many as there is room for. */
  put(from: Ref, count: Ref): void {
    const b = this.b;
    const some = b.newBlock("some");
    const none = b.newBlock("none");
    b.branch(count, some, none);
    b.setBlock(some);
    const bytes = b.binary(Op.And, lesser(b, count, b.getVar(this.room)), b.constant(maskFor(this.shared.maxLength)));
    const to = addressInArena(this.shared, b, b.getVar(this.at), this.mask);
    b.callHelper(Helper.ProbeReadKernel, [to, bytes, from]);
    b.setVar(this.at, b.binary(Op.Add, b.getVar(this.at), bytes));
    b.setVar(this.room, b.binary(Op.Sub, b.getVar(this.room), bytes));
    b.jump(none);
    b.setBlock(none);
  }

  /** Writes one character `count` times. */
  fill(character: string, count: Ref): void {
    const text = this.shared.unit.literal(character.repeat(this.shared.maxLength));
    this.put(this.b.addressOf(AddressKind.Rodata, text), count);
  }

  /** How many bytes were written. */
  get written(): Ref {
    return this.b.binary(Op.Sub, this.total, this.b.getVar(this.room));
  }
}
