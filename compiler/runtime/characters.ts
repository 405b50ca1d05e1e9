// String functions that look at single characters: case, white space, digits, escapes.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import {
  bytesBeforeNul,
  HIGH_BITS,
  isBetween,
  isEqual,
  isLessConstant,
  isSpace,
  isZero,
  maskFor,
  ONES,
  select,
} from "./bits";
import { Cursor } from "./cursor";
import { escapeRow, escapeTable } from "./digits";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, everyWord, Runtime } from "./runtime";

/** Limit of the digits read for one number, leading zeros included. */
const MOST_DIGITS: i64 = 256;

/**
 * (to, string, upper) -> 0. Writes the string in lower or upper case, eight bytes at a time. Only ASCII letters change.
 */
export const CASE = new Routine<Runtime>("case", 3, buildCase, everyWord);

function buildCase(runtime: Runtime, b: RoutineBuilder): void {
  const mask = arenaMask(b);
  const to = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), mask));
  const from = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), mask));
  // Added to the low seven bits of each byte, these constants carry into the high bit: the first from the first letter
  // on, the second after the last letter.
  const distance = b.binary(Op.Mul, b.binary(Op.And, b.parameter(2), b.constant(1)), b.constant(32 * ONES));
  const first = b.binary(Op.Sub, b.constant((128 - 65) * ONES), distance);
  const last = b.binary(Op.Sub, b.constant((127 - 90) * ONES), distance);
  const loop = b.loop();
  const word = from.word;
  const low = b.binary(Op.And, word, b.constant(127 * ONES));
  const carried = b.binary(Op.Xor, b.binary(Op.Add, low, first), b.binary(Op.Add, low, last));
  const letters = b.binary(Op.And, b.binary(Op.And, carried, b.unary(Op.Not, word)), b.constant(HIGH_BITS));
  const changed = b.binary(Op.Xor, word, b.binary(Op.Shr, letters, b.constant(2)));
  const known = bytesBeforeNul(b, word);
  b.store(Op.Store64, to.pointer, 0, b.binary(Op.And, changed, known));
  const end = loop.leaveIf(Op.Ne, known, b.constant(-1));
  to.skip(b.constant(8));
  from.skip(b.constant(8));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
}

/** (string) -> the number of white-space bytes at its start. */
export const LEADING = new Routine<Runtime>("leading", 1, buildLeading, everyByte);

function buildLeading(runtime: Runtime, b: RoutineBuilder): void {
  const at = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), arenaMask(b)));
  const loop = b.loop();
  const end = loop.leaveIf(Op.Eq, isSpace(b, at.byte(0)), b.constant(0));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(loop.index);
}

/** (string) -> its length without the white space at its end. */
export const TRIMMED = new Routine<Runtime>("trimmed", 1, buildTrimmed, everyByte);

function buildTrimmed(runtime: Runtime, b: RoutineBuilder): void {
  const at = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), arenaMask(b)));
  const length = b.variable("length");
  b.setVar(length, b.constant(0));
  const loop = b.loop();
  const byte = at.byte(0);
  const end = loop.leaveIf(Op.Eq, byte, b.constant(0));
  const next = b.binary(Op.Add, loop.index, b.constant(1));
  b.setVar(length, select(b, isSpace(b, byte), b.getVar(length), next));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.getVar(length));
}

/** (string, base) -> the number at its start, parsed as the kernel's simple_strtol does. */
export const STRTOL = new Routine<Runtime>("strtol", 2, buildStrtol, (_: Runtime): i64 => MOST_DIGITS);

function buildStrtol(runtime: Runtime, b: RoutineBuilder): void {
  const at = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), arenaMask(b)));
  const negative = isEqual(b, at.byte(0), 45);
  at.skip(negative);
  const zero = isEqual(b, at.byte(0), 48);
  const marked = b.binary(Op.And, zero, isEqual(b, b.binary(Op.Or, at.byte(1), b.constant(32)), 120));
  const hex = b.binary(Op.And, marked, isLessConstant(b, digitOf(b, at.byte(2)), 16));
  const guessed = select(b, hex, b.constant(16), select(b, zero, b.constant(8), b.constant(10)));
  const base = select(b, isZero(b, b.parameter(1)), guessed, b.parameter(1));
  const skipped = b.binary(Op.And, isEqual(b, base, 16), marked);
  at.skip(b.binary(Op.Shl, skipped, b.constant(1)));
  const value = b.variable("value");
  b.setVar(value, b.constant(0));
  const loop = b.loop();
  const digit = digitOf(b, at.byte(0));
  const other = loop.leaveIf(Op.Uge, digit, b.constant(16));
  const tooLarge = loop.leaveIf(Op.Uge, digit, base);
  b.setVar(value, b.binary(Op.Add, b.binary(Op.Mul, b.getVar(value), base), digit));
  at.skip(b.constant(1));
  loop.again();
  b.jump(other);
  b.setBlock(tooLarge);
  b.jump(other);
  b.setBlock(other);
  const sign = b.unary(Op.Neg, negative);
  b.ret(b.binary(Op.Sub, b.binary(Op.Xor, b.getVar(value), sign), sign));
}

/** The value of a character as a digit, at most 15; 255 if it is not a digit. */
function digitOf(b: Builder, byte: Ref): Ref {
  const lower = b.binary(Op.Or, byte, b.constant(32));
  const letter = select(b, isBetween(b, lower, 97, 102), b.binary(Op.Sub, lower, b.constant(87)), b.constant(255));
  return select(b, isBetween(b, byte, 48, 57), b.binary(Op.Sub, byte, b.constant(48)), letter);
}

/** (frame, string, budget) -> bytes written to the text area, as many as fit: what `%#s` prints. */
export const ESCAPE_BYTES = new Routine<Runtime>("escape_bytes", 3, buildEscapeBytes, everyByte);

function buildEscapeBytes(runtime: Runtime, b: RoutineBuilder): void {
  const table = escapeTable(runtime, true);
  const to = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const from = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)));
  const length = b.variable("length");
  b.setVar(length, b.constant(0));
  const loop = b.loop();
  const byte = from.byte(0);
  const end = loop.leaveIf(Op.Eq, byte, b.constant(0));
  const row = escapeRow(b, table, byte);
  const longer = b.binary(Op.Add, b.getVar(length), b.binary(Op.Shr, row, b.constant(32)));
  const cut = loop.leaveIf(Op.Ugt, longer, b.parameter(2));
  const at = b.binary(Op.And, b.getVar(length), b.constant(maskFor(runtime.maxLength)));
  b.store(Op.Store32, b.binary(Op.Add, to, at), 0, row);
  b.setVar(length, longer);
  from.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(cut);
  b.jump(end);
  b.setBlock(end);
  b.ret(b.getVar(length));
}
