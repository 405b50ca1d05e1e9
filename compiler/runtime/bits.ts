// Arithmetic without branches, on words and bytes. The verifier walks a loop to its bound, once for each combination of
// undecided branches. So values that differ from byte to byte are computed without branches (docs/verifier.md).

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";

/** 1 in every byte. */
export const ONES: i64 = 0x0101010101010101;
/** The highest bit of every byte. */
export const HIGH_BITS: i64 = <i64>0x8080808080808080;

/** One bit each for tab, line feed, vertical tab, form feed, carriage return and space. */
const SPACES: i64 = 0x100003e00;

/** The smallest 2^n - 1 that is at least the number. */
export function maskFor(number: i32): i64 {
  let mask: i64 = 1;
  while (mask < number) mask = (mask << 1) | 1;
  return mask;
}

/** Not zero if a byte of the word is zero. The lowest bit set is then the high bit of the first such byte. */
export function zeroBytes(b: Builder, word: Ref): Ref {
  const borrowed = b.binary(Op.Sub, word, b.constant(ONES));
  return b.binary(Op.And, b.binary(Op.And, borrowed, b.unary(Op.Not, word)), b.constant(HIGH_BITS));
}

/** A mask of the bytes before a word's first NUL; all bits if the word has none. */
export function bytesBeforeNul(b: Builder, word: Ref): Ref {
  const zeros = zeroBytes(b, word);
  const lowest = b.binary(Op.And, zeros, b.unary(Op.Neg, zeros));
  return b.binary(Op.Sub, b.binary(Op.Shr, lowest, b.constant(7)), b.constant(1));
}

/** The lesser of two unsigned numbers. It uses a branch, so that the verifier learns both bounds. */
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

/** A signed number; zero if it is negative. */
export function orZero(b: Builder, x: Ref): Ref {
  return b.binary(Op.And, x, b.unary(Op.Not, b.binary(Op.Sar, x, b.constant(63))));
}

/** 1 if x < y, else 0. Both must be small and non-negative. */
export function isLess(b: Builder, x: Ref, y: Ref): Ref {
  return b.binary(Op.Shr, b.binary(Op.Sub, x, y), b.constant(63));
}

/** 1 if a number is less than a constant, else 0. Both must be small and non-negative. */
export function isLessConstant(b: Builder, x: Ref, value: i64): Ref {
  return isLess(b, x, b.constant(value));
}

/** `when` (1 or 0) ? x : y. */
export function select(b: Builder, when: Ref, x: Ref, y: Ref): Ref {
  const mask = b.unary(Op.Neg, when);
  return b.binary(Op.Xor, y, b.binary(Op.And, b.binary(Op.Xor, x, y), mask));
}

/** 1 if a number is zero, else 0. */
export function isZero(b: Builder, x: Ref): Ref {
  const either = b.binary(Op.Or, x, b.unary(Op.Neg, x));
  return b.binary(Op.Xor, b.binary(Op.Shr, either, b.constant(63)), b.constant(1));
}

/** 1 if a number equals a constant, else 0. */
export function isEqual(b: Builder, x: Ref, value: i64): Ref {
  return isZero(b, b.binary(Op.Xor, x, b.constant(value)));
}

/** 1 if a byte is in a range, bounds included, else 0. */
export function isBetween(b: Builder, byte: Ref, first: i64, last: i64): Ref {
  const below = b.binary(Op.Sub, byte, b.constant(first));
  const above = b.binary(Op.Sub, b.constant(last), byte);
  const outside = b.binary(Op.Shr, b.binary(Op.Or, below, above), b.constant(63));
  return b.binary(Op.Xor, outside, b.constant(1));
}

/** 1 if a byte is white space as C defines it, else 0. */
export function isSpace(b: Builder, byte: Ref): Ref {
  const low = b.binary(Op.Shr, b.binary(Op.Sub, byte, b.constant(64)), b.constant(63));
  const bit = b.binary(Op.Shr, b.constant(SPACES), b.binary(Op.And, byte, b.constant(63)));
  return b.binary(Op.And, low, bit);
}
