// text_str, text_strn and string_quoted: what does not print becomes an escape, as in stap.
//
//   \n \" \\ …       bytes that have a letter of their own
//   \u00e9           valid UTF-8: its code point
//   \U0001f600       the same above U+FFFF
//   \303             any other byte: octal
//
// A text that does not fit ends between two of these. A character is a function of its own, which the verifier walks
// once; it walks the loop over them character by character. All kinds are computed without branches, and one of them is
// selected.

import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { isEqual, isLess, isLessConstant, isZero, lesser, maskFor, ONES, select } from "./bits";
import { escapeRow, escapeTable } from "./digits";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, Runtime } from "./runtime";

const DOUBLE_QUOTE: i64 = 34;
/** `"...`, as a little-endian word. */
const QUOTE_AND_DOTS: i64 = 0x2e2e2e22;
/** `\u` and `\U`, as little-endian words. */
const SMALL_MARK: i64 = 0x755c;
const LARGE_MARK: i64 = 0x555c;
const SMALL_BYTES: i64 = 6;
const LARGE_BYTES: i64 = 10;
const STEP_BITS: i32 = 8;
const STEP_MASK: i64 = 255;

/**
 * (frame, place in a string, place in the text area) -> bytes of the character's escape, which it writes there, and
 * from bit STEP_BITS on the bytes of the character; 0 at the end of the string.
 */
const ESCAPE_STEP = new Routine<Runtime>("escape_step", 3, buildEscapeStep);

/** The same for a byte that may be zero. */
const ESCAPE_BYTE_STEP = new Routine<Runtime>("escape_byte_step", 3, buildEscapeByteStep);

/**
 * (frame, string, budget, quoted) -> bytes written, behind the opening quote in the text area. If the text did not fit:
 * ~bytes of the characters and escapes that did, which leave three bytes for dots if it is quoted.
 */
const ESCAPE_TEXT = new Routine<Runtime>("escape_text", 4, buildEscapeText, everyByte);

/** (frame, bytes, budget, quoted, count) -> the same for that many bytes; eight zeros follow them. */
const ESCAPE_BYTES_TEXT = new Routine<Runtime>("escape_bytes_text", 5, buildEscapeBytes, everyByte);

/** (frame, string, most, quoted) -> 0. Writes the string, escaped, into the text area. */
export const ESCAPE = new Routine<Runtime>("escape", 4, buildEscape);

/** (frame, bytes, most, quoted, count) -> 0. The same for bytes, of which eight zeros follow the last. */
export const ESCAPE_BUFFER = new Routine<Runtime>("escape_buffer", 5, buildEscapeBuffer);

function buildEscape(runtime: Runtime, b: RoutineBuilder): void {
  buildEscapeOf(runtime, b, ESCAPE_TEXT);
}

function buildEscapeBuffer(runtime: Runtime, b: RoutineBuilder): void {
  buildEscapeOf(runtime, b, ESCAPE_BYTES_TEXT);
}

function buildEscapeOf(runtime: Runtime, b: RoutineBuilder, text: Routine<Runtime>): void {
  const limit = runtime.maxLength;
  const quoted = b.binary(Op.Xor, isZero(b, b.parameter(3)), b.constant(1));
  const start = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  // 0, or a number above the limit, means the limit. The quotes and the mark of a cut text need five bytes.
  const one = b.constant(1);
  const most = b.binary(Op.Add, lesser(b, b.binary(Op.Sub, b.parameter(2), one), b.constant(limit - 1)), one);
  const few = b.binary(Op.And, isLessConstant(b, most, 5), quoted);
  const budget = b.binary(Op.Sub, select(b, few, b.constant(5), most), b.binary(Op.Shl, quoted, one));
  b.store(Op.Store8, start, 0, b.constant(DOUBLE_QUOTE));
  const to = b.binary(Op.Add, start, quoted);
  const args: Ref[] = [b.parameter(0), b.parameter(1), budget, quoted];
  if (text.parameters > args.length) args.push(b.parameter(4));
  const length = b.callFunction(text.of(runtime), args);
  const cut = b.binary(Op.Sar, length, b.constant(63));
  const known = b.binary(Op.And, b.binary(Op.Xor, length, cut), b.constant(maskFor(limit)));
  // Behind it stands nothing, a quote, or a quote and dots.
  const dots = b.binary(Op.And, cut, b.constant(QUOTE_AND_DOTS - DOUBLE_QUOTE));
  const end = b.binary(Op.Mul, quoted, b.binary(Op.Add, dots, b.constant(DOUBLE_QUOTE)));
  b.store(Op.Store64, b.binary(Op.Add, to, known), 0, end);
  b.ret(b.constant(0));
}

function buildEscapeText(runtime: Runtime, b: RoutineBuilder): void {
  buildText(runtime, b, false);
}

function buildEscapeBytes(runtime: Runtime, b: RoutineBuilder): void {
  buildText(runtime, b, true);
}

function buildText(runtime: Runtime, b: RoutineBuilder, isCounted: bool): void {
  const quoted = b.binary(Op.And, b.parameter(3), b.constant(1));
  const room = b.binary(Op.Sub, b.parameter(2), b.binary(Op.Mul, quoted, b.constant(3)));
  const read = b.variable("read");
  const length = b.variable("length");
  const kept = b.variable("kept");
  b.setVar(read, b.constant(0));
  b.setVar(length, b.constant(0));
  b.setVar(kept, b.constant(0));
  const loop = b.loop();
  const from = b.binary(Op.Add, b.parameter(1), b.getVar(read));
  const to = b.binary(Op.Add, quoted, b.getVar(length));
  const routine = isCounted ? ESCAPE_BYTE_STEP : ESCAPE_STEP;
  const step = b.callFunction(routine.of(runtime), [b.parameter(0), from, to]);
  const end = isCounted
    ? loop.leaveIf(Op.Uge, b.getVar(read), b.parameter(4))
    : loop.leaveIf(Op.Eq, step, b.constant(0));
  const longer = b.binary(Op.Add, b.getVar(length), b.binary(Op.And, step, b.constant(STEP_MASK)));
  const cut = loop.leaveIf(Op.Ugt, longer, b.parameter(2));
  b.setVar(length, longer);
  b.setVar(kept, select(b, isLess(b, room, longer), b.getVar(kept), longer));
  b.setVar(read, b.binary(Op.Add, b.getVar(read), b.binary(Op.Shr, step, b.constant(STEP_BITS))));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.getVar(length));
  b.setBlock(cut);
  b.ret(b.unary(Op.Not, b.getVar(kept)));
}

function buildEscapeStep(runtime: Runtime, b: RoutineBuilder): void {
  const done = b.newBlock("done");
  const goesOn = b.newBlock("goes_on");
  const word = b.load(Op.Load64, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)), 0);
  b.branch(b.binary(Op.And, word, b.constant(255)), goesOn, done);
  b.setBlock(done);
  b.ret(b.constant(0));
  b.setBlock(goesOn);
  buildCharacter(runtime, b, word);
}

function buildEscapeByteStep(runtime: Runtime, b: RoutineBuilder): void {
  buildCharacter(runtime, b, b.load(Op.Load64, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)), 0));
}

/** Writes the character at the beginning of a word, and returns. */
function buildCharacter(runtime: Runtime, b: RoutineBuilder, word: Ref): void {
  const row = escapeRow(b, escapeTable(runtime, true), b.binary(Op.And, word, b.constant(255)));
  const wide = new WideCharacter(b, leadTable(runtime), word);
  const bytes = select(b, wide.isValid, wide.length, b.binary(Op.Shr, row, b.constant(32)));
  const area = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const at = b.binary(Op.Add, area, b.binary(Op.And, b.parameter(2), b.constant(maskFor(runtime.maxLength))));
  b.store(Op.Store64, at, 0, select(b, wide.isValid, wide.text, row));
  b.store(Op.Store16, at, 8, wide.rest);
  const encoded = select(b, wide.isValid, wide.encoded, b.constant(1));
  b.ret(b.binary(Op.Or, bytes, b.binary(Op.Shl, encoded, b.constant(STEP_BITS))));
}

// --------------------------------------------------------------------------------------------------------------- UTF-8

/** A row of the table of first bytes. */
const enum Lead {
  /** The bits that say of which form each of the bytes is, and what they must be: u32. */
  Mask = 0,
  Wanted = 4,
  /** The least code point that needs so many bytes: u32. */
  Least = 8,
  /** The bits of the code point: u32. */
  Bits = 12,
  /** How far the code point lies from the end of four bytes: u32. */
  Shift = 16,
  /** Bytes: u32. */
  Bytes = 20,
  Size = 32,
}

/** Offset in .rodata of a row for each value of a first byte's five upper bits. */
function leadTable(runtime: Runtime): i32 {
  let rows = "";
  for (let prefix = 0; prefix < 32; ++prefix) {
    // No word is 1 without its bits.
    let row = words([0, 1, 0, 0, 0, 1]);
    if (prefix >= 0x18 && prefix < 0x1c) row = words([0xc0e0, 0x80c0, 0x80, 0x7ff, 12, 2]);
    else if (prefix == 0x1c || prefix == 0x1d) row = words([0xc0c0f0, 0x8080e0, 0x800, 0xffff, 6, 3]);
    else if (prefix == 0x1e) row = words([<i32>0xc0c0c0f8, <i32>0x808080f0, 0x10000, 0x1fffff, 0, 4]);
    rows += row + "\0".repeat(Lead.Size - row.length);
  }
  return runtime.unit.literal(rows);
}

/** Numbers as little-endian words of a byte string. */
function words(numbers: i32[]): string {
  let text = "";
  for (let i = 0; i < numbers.length; ++i) {
    for (let shift = 0; shift < 32; shift += 8) text += String.fromCharCode((numbers[i] >> shift) & 255);
  }
  return text;
}

/** What the bytes of a word are if they are UTF-8 beyond ASCII; meaningless if they are not valid. */
class WideCharacter {
  /** 1 or 0 */
  isValid: Ref;
  /** Bytes in the string. */
  encoded: Ref;
  /** Bytes of the escape; its first eight; two more. */
  length: Ref;
  text: Ref;
  rest: Ref;

  constructor(
    private b: Builder,
    leads: i32,
    word: Ref,
  ) {
    const prefix = b.binary(Op.Shl, b.binary(Op.And, word, b.constant(0xf8)), b.constant(2));
    const lead = b.binary(Op.Add, b.addressOf(AddressKind.Rodata, leads), prefix);
    const code = this.codePoint(word, lead);
    const form = b.binary(Op.And, word, b.load(Op.Load32u, lead, Lead.Mask));
    const isForm = isZero(b, b.binary(Op.Xor, form, b.load(Op.Load32u, lead, Lead.Wanted)));
    const isShort = isLess(b, code, b.load(Op.Load32u, lead, Lead.Least));
    const isSurrogate = isEqual(b, b.binary(Op.Shr, code, b.constant(11)), 0x1b);
    const isBad = b.binary(Op.Or, isShort, isSurrogate);
    const isGood = b.binary(Op.And, isLessConstant(b, code, 0x110000), b.binary(Op.Xor, isBad, b.constant(1)));
    this.isValid = b.binary(Op.And, isForm, isGood);
    this.encoded = b.load(Op.Load32u, lead, Lead.Bytes);
    const isLarge = isLess(b, b.constant(0xffff), code);
    this.length = select(b, isLarge, b.constant(LARGE_BYTES), b.constant(SMALL_BYTES));
    const low = this.fourDigits(code);
    const high = this.fourDigits(b.binary(Op.Shr, code, b.constant(16)));
    const small = b.binary(Op.Or, b.binary(Op.Shl, low, b.constant(16)), b.constant(SMALL_MARK));
    const first = b.binary(Op.Or, b.binary(Op.Shl, high, b.constant(16)), b.constant(LARGE_MARK));
    const large = b.binary(Op.Or, first, b.binary(Op.Shl, low, b.constant(48)));
    this.text = select(b, isLarge, large, small);
    this.rest = b.binary(Op.Shr, low, b.constant(16));
  }

  /** Six bits of each of four bytes, without those of bytes that do not belong to it. */
  private codePoint(word: Ref, lead: Ref): Ref {
    const b = this.b;
    const first = b.binary(Op.Shl, b.binary(Op.And, word, b.constant(0x3f)), b.constant(18));
    const second = b.binary(Op.Shl, b.binary(Op.And, word, b.constant(0x3f00)), b.constant(4));
    const third = b.binary(Op.And, b.binary(Op.Shr, word, b.constant(10)), b.constant(0xfc0));
    const fourth = b.binary(Op.And, b.binary(Op.Shr, word, b.constant(24)), b.constant(0x3f));
    const all = b.binary(Op.Or, b.binary(Op.Or, first, second), b.binary(Op.Or, third, fourth));
    const shifted = b.binary(Op.Shr, all, b.load(Op.Load32u, lead, Lead.Shift));
    return b.binary(Op.And, shifted, b.load(Op.Load32u, lead, Lead.Bits));
  }

  /** The lower 16 bits of a number as four hexadecimal digits. */
  private fourDigits(value: Ref): Ref {
    const b = this.b;
    const first = b.binary(Op.And, b.binary(Op.Shr, value, b.constant(12)), b.constant(15));
    const second = b.binary(Op.And, value, b.constant(0xf00));
    const third = b.binary(Op.Shl, b.binary(Op.And, value, b.constant(0xf0)), b.constant(12));
    const fourth = b.binary(Op.Shl, b.binary(Op.And, value, b.constant(15)), b.constant(24));
    const digits = b.binary(Op.Or, b.binary(Op.Or, first, second), b.binary(Op.Or, third, fourth));
    const carried = b.binary(Op.Shr, b.binary(Op.Add, digits, b.constant(6 * (ONES & 0xffffffff))), b.constant(4));
    const letters = b.binary(Op.And, carried, b.constant(ONES & 0xffffffff));
    const plain = b.binary(Op.Add, digits, b.constant(48 * (ONES & 0xffffffff)));
    return b.binary(Op.Add, plain, b.binary(Op.Mul, letters, b.constant(39)));
  }
}
