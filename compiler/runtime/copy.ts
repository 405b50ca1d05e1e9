// Copying and comparing strings in places, as code at the place of use. Small strings are handled word by word.

import { Helper } from "../../common/format/helpers";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Frame } from "./frame";
import { Base, isInFrame, literalPlace, Place } from "./place";

/** Minimum size of a string's copy that is passed to a routine. Routines may read a word beyond the string's end. */
const LEAST_PASSED: i32 = 72;

/** Copies a string. As in stap, it is cut to the capacity of `to`. */
export function copyString(frame: Frame, from: Place, to: Place): void {
  if (from.isLiteral && from.text.length >= to.capacity) {
    copyString(frame, literalPlace(from.text.substring(0, to.capacity - 1)), to);
    return;
  }
  if (to.isSmall && (from.isSmall || from.isLiteral)) {
    copyWords(frame, from, to);
    return;
  }
  if (from.isLiteral) from = materialize(frame, from);
  // probe_read_kernel_str always writes a NUL and does not change the bytes after it.
  if (to.isSmall) zero(frame, to);
  readString(frame, from, to);
}

function readString(frame: Frame, from: Place, to: Place): void {
  const b = frame.b;
  b.callHelper(Helper.ProbeReadKernelStr, [frame.pointer(to), b.constant(to.capacity), frame.pointer(from)]);
}

function copyWords(frame: Frame, from: Place, to: Place): void {
  const b = frame.b;
  const words = to.capacity >> 3;
  for (let i = 0; i < words; ++i) {
    let word = frame.word(from, i);
    // The last word of a longer source is cut before the position of the NUL.
    if (i == words - 1 && from.capacity > to.capacity) {
      word = b.binary(Op.And, word, b.constant(0x00ffffffffffffff));
    }
    frame.storeWord(to, i, word);
  }
}

/** Copies a string and fills the rest of the place with zeros at any size, because tables compare whole words. */
export function copyPadded(frame: Frame, from: Place, to: Place): void {
  if (!to.isSmall) for (let k = 0, m = to.capacity >> 3; k < m; ++k) frame.storeWord(to, k, frame.b.constant(0));
  copyString(frame, from, to);
}

/** Copies a string with possible bytes after its NUL to a small place, which is zero from the first NUL on. */
export function copyCut(frame: Frame, from: Place, to: Place): void {
  zero(frame, to);
  readString(frame, from, to);
}

/** A copy of a string that no later code changes. */
export function keepString(frame: Frame, from: Place): Place {
  if (from.isLiteral) return from;
  const kept = frame.newTemporary(from.capacity);
  copyString(frame, from, kept);
  return kept;
}

/** Sets a place to the empty string: all bytes of a small one, the first byte of a large one. */
export function zero(frame: Frame, to: Place): void {
  const b = frame.b;
  if (!to.isSmall) {
    b.store(Op.Store8, frame.baseOf(to), frame.offsetOf(to), b.constant(0));
    return;
  }
  for (let i = 0, n = to.capacity >> 3; i < n; ++i) frame.storeWord(to, i, b.constant(0));
}

/** A literal in memory, in .rodata. */
export function materialize(frame: Frame, literal: Place): Place {
  return new Place(Base.Rodata, NoRef, frame.runtime.unit.literal(literal.text), literal.capacity);
}

/** The arena offset of a string, as routines take it. The string is copied to the frame unless it is there already. */
export function passString(frame: Frame, place: Place): Ref {
  let at = place;
  if (!isInFrame(place)) {
    at = frame.newFrameTemporary(place.capacity > LEAST_PASSED ? place.capacity : LEAST_PASSED);
    copyString(frame, place, at);
  }
  return frame.offsetInArena(at);
}

/** Two strings to compare. */
export class StringPair {
  constructor(
    public left: Place,
    public right: Place,
  ) {}
}

/** Goes to `targets` yes, no or equal: whether one zero-padded string comes before another, rising or falling. */
export function branchOnPlaces(frame: Frame, pair: StringPair, rises: bool, targets: StaticArray<i32>): void {
  const b = frame.b;
  const x = pair.left;
  const y = pair.right;
  const op = rises ? Op.Ult : Op.Ugt;
  const words = max(x.capacity, y.capacity) >> 3;
  for (let i = 0; i < words; ++i) {
    const p = frame.word(x, i);
    const q = frame.word(y, i);
    const differ = b.newBlock("differ");
    const next = b.newBlock("same");
    b.setCold(differ);
    b.branchIf(Op.Ne, p, q, differ, next);
    b.setBlock(differ);
    // Strings are ordered by their bytes, that is, as big-endian words.
    b.branchIf(op, b.unary(Op.Bswap64, p), b.unary(Op.Bswap64, q), targets[0], targets[1]);
    b.setBlock(next);
  }
  b.jump(targets[2]);
}
