// Numbers and padded text for sprintf, formatted in the program. Kernels got a helper for it late, and the agent has
// none. The output equals that of common/as/print/directive.ts, which formats for printf. tests/run/sprintf.test.ts
// compares the two.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { isLess, lesser, maskFor, orZero } from "./bits";
import { capacityFor } from "./place";
import { Routine, RoutineBuilder } from "./routine";
import { Digits, Runtime } from "./runtime";

/** How to print a value, in one number: flags, and fields at the bit positions of `SpecField`. */
export const enum Spec {
  Left = 1,
  Plus = 2,
  Space = 4,
  Zero = 8,
  Alternate = 16,
  Signed = 32,
  Upper = 64,
}

/** The bit positions of a spec's fields. */
export const enum SpecField {
  Base = 8,
  Width = 16,
  /** The precision plus one; 0 if there is none. */
  Precision = 32,
}

/** Most digits of a number, in octal. */
const MOST_DIGITS: i64 = 22;

/** Text that a routine writes: the position of the next byte, and the space that is left. */
class RoutineOutput {
  private at: i32;
  private room: i32;
  private total: Ref;
  private mask: Ref;

  /** `at` is an offset in the arena; `room` is the space for the text, its NUL not counted. */
  constructor(
    private runtime: Runtime,
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

  /** Writes `count` bytes from an address, or as many as fit. */
  put(from: Ref, count: Ref): void {
    const b = this.b;
    const some = b.newBlock("some");
    const none = b.newBlock("none");
    b.branch(count, some, none);
    b.setBlock(some);
    const bytes = b.binary(Op.And, lesser(b, count, b.getVar(this.room)), b.constant(maskFor(this.runtime.maxLength)));
    const to = addressInArena(this.runtime.unit, b, b.getVar(this.at), this.mask);
    b.callHelper(Helper.ProbeReadKernel, [to, bytes, from]);
    b.setVar(this.at, b.binary(Op.Add, b.getVar(this.at), bytes));
    b.setVar(this.room, b.binary(Op.Sub, b.getVar(this.room), bytes));
    b.jump(none);
    b.setBlock(none);
  }

  /** Writes one character `count` times. */
  fill(character: string, count: Ref): void {
    const text = this.runtime.unit.literal(character.repeat(this.runtime.maxLength));
    this.put(this.b.addressOf(AddressKind.Rodata, text), count);
  }

  /** The number of bytes written. */
  get written(): Ref {
    return this.b.binary(Op.Sub, this.total, this.b.getVar(this.room));
  }
}

function part(b: Builder, spec: Ref, shift: i32, mask: i32): Ref {
  return b.binary(Op.And, b.binary(Op.Shr, spec, b.constant(shift)), b.constant(mask));
}

/** (frame, value, spec) -> bytes of the digits, which end at Digits.End. A signed number has its '-'. */
export const DIGITS = new Routine<Runtime>("digits", 3, buildDigits, (_: Runtime): i64 => MOST_DIGITS);

function buildDigits(runtime: Runtime, b: RoutineBuilder): void {
  const area = runtime.digitsArea;
  const spec = b.parameter(2);
  const base = part(b, spec, SpecField.Base, 255);
  // The letters follow '9' after a gap: 'a' - '9' - 1, or 'A' - '9' - 1.
  const letters = b.binary(
    Op.Sub,
    b.constant(39),
    b.binary(Op.Shr, b.binary(Op.And, spec, b.constant(Spec.Upper)), b.constant(1)),
  );
  const start = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(area + Digits.End - 1));
  const negative = b.binary(Op.And, b.binary(Op.Shr, b.parameter(1), b.constant(63)), part(b, spec, 5, 1));
  const rest = b.variable("rest");
  const to = b.variable("to");
  const sign = b.unary(Op.Neg, negative);
  b.setVar(rest, b.binary(Op.Sub, b.binary(Op.Xor, b.parameter(1), sign), sign));
  b.setVar(to, start);
  const loop = b.loop();
  const quotient = b.binary(Op.Udiv, b.getVar(rest), base);
  const digit = b.binary(Op.Sub, b.getVar(rest), b.binary(Op.Mul, quotient, base));
  const letter = b.binary(Op.Mul, isLess(b, b.constant(9), digit), letters);
  b.store(Op.Store8, b.getVar(to), 0, b.binary(Op.Add, b.binary(Op.Add, digit, b.constant(48)), letter));
  b.setVar(rest, quotient);
  b.setVar(to, b.binary(Op.Sub, b.getVar(to), b.constant(1)));
  const out = loop.leaveIf(Op.Eq, quotient, b.constant(0));
  loop.again();
  b.ret(b.constant(MOST_DIGITS));
  b.setBlock(out);
  const count = b.binary(Op.Add, loop.index, b.constant(1));
  // Without a sign this byte is not read.
  b.store(Op.Store8, b.getVar(to), 0, b.constant(45));
  b.ret(b.binary(Op.Add, count, negative));
}

/** (frame, at, room, value, spec) -> bytes written. Formats a number with flags, width and precision. */
export const FORMAT_LONG = new Routine<Runtime>("format_long", 5, buildFormatLong);

function buildFormatLong(runtime: Runtime, b: RoutineBuilder): void {
  const area = runtime.digitsArea;
  const spec = b.parameter(4);
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  // Lengths that differ between paths are kept in memory. In registers, the verifier would follow each path to the end.
  b.store(Op.Store64, frame, area + Digits.PrefixLength, b.constant(0));
  const magnitude = putPrefix(b, frame, area, spec);
  const unsigned = b.binary(Op.And, spec, b.constant(~(<i64>Spec.Signed)));
  const count = b.callFunction(DIGITS.of(runtime), [b.parameter(0), magnitude, unsigned]);
  const digits = b.binary(Op.And, count, b.constant(31));
  const prefix = b.binary(Op.And, b.load(Op.Load64, frame, area + Digits.PrefixLength), b.constant(3));
  const precision = b.binary(Op.Sub, part(b, spec, SpecField.Precision, 0xffff), b.constant(1));
  const zeros = orZero(b, b.binary(Op.Sub, precision, digits));
  const bare = b.binary(Op.Add, b.binary(Op.Add, digits, zeros), prefix);
  const padding = orZero(b, b.binary(Op.Sub, part(b, spec, SpecField.Width, 0xffff), bare));
  const left = b.binary(Op.And, spec, b.constant(Spec.Left));
  const right = b.binary(Op.Xor, left, b.constant(1));
  const zero = b.binary(Op.And, part(b, spec, 3, 1), right);
  const blank = b.binary(Op.And, b.binary(Op.Xor, zero, b.constant(1)), right);
  const output = new RoutineOutput(runtime, b, b.parameter(1), b.parameter(2));
  output.fill(" ", b.binary(Op.Mul, padding, blank));
  output.put(b.binary(Op.Add, frame, b.constant(area + Digits.Prefix)), prefix);
  output.fill("0", b.binary(Op.Add, zeros, b.binary(Op.Mul, padding, zero)));
  output.put(b.binary(Op.Sub, b.binary(Op.Add, frame, b.constant(area + Digits.End)), digits), digits);
  output.fill(" ", b.binary(Op.Mul, padding, left));
  b.ret(output.written);
}

/** The place of a number's prefix. */
class Prefix {
  constructor(
    private b: Builder,
    private frame: Ref,
    private area: i32,
  ) {}

  /** Sets the prefix, and goes to `done`. */
  put(text: Ref, bytes: i32, done: i32): void {
    const b = this.b;
    b.store(Op.Store16, this.frame, this.area + Digits.Prefix, text);
    b.store(Op.Store64, this.frame, this.area + Digits.PrefixLength, b.constant(bytes));
    b.jump(done);
  }
}

/** Writes the sign or the mark of the base. Returns the number without its sign. */
function putPrefix(b: Builder, frame: Ref, area: i32, spec: Ref): Ref {
  const prefix = new Prefix(b, frame, area);
  const value = b.variable("value");
  b.setVar(value, b.parameter(3));
  const signed = b.newBlock("signed");
  const marked = b.newBlock("marked");
  const done = b.newBlock("prefixed");
  b.branch(b.binary(Op.And, spec, b.constant(Spec.Signed)), signed, marked);
  b.setBlock(signed);
  const negative = b.newBlock("negative");
  const positive = b.newBlock("positive");
  b.branchIf(Op.Slt, b.getVar(value), b.constant(0), negative, positive);
  b.setBlock(negative);
  b.setVar(value, b.unary(Op.Neg, b.getVar(value)));
  prefix.put(b.constant(45), 1, done);
  b.setBlock(positive);
  const plus = b.newBlock("plus");
  const space = b.newBlock("space");
  b.branch(b.binary(Op.And, spec, b.constant(Spec.Plus)), plus, space);
  b.setBlock(plus);
  prefix.put(b.constant(43), 1, done);
  b.setBlock(space);
  const blank = b.newBlock("blank");
  b.branch(b.binary(Op.And, spec, b.constant(Spec.Space)), blank, done);
  b.setBlock(blank);
  prefix.put(b.constant(32), 1, done);
  b.setBlock(marked);
  const alternate = b.newBlock("alternate");
  b.branch(b.binary(Op.And, spec, b.constant(Spec.Alternate)), alternate, done);
  b.setBlock(alternate);
  const hex = b.newBlock("hex");
  const octal = b.newBlock("octal");
  const other = b.newBlock("other");
  b.branchIf(Op.Eq, part(b, spec, SpecField.Base, 255), b.constant(16), hex, other);
  b.setBlock(other);
  b.branchIf(Op.Eq, part(b, spec, SpecField.Base, 255), b.constant(8), octal, done);
  b.setBlock(octal);
  prefix.put(b.constant(48), 1, done);
  b.setBlock(hex);
  // "0x" or "0X": the flag for upper case, halved, is the distance between the cases.
  const upper = b.binary(Op.Shl, b.binary(Op.And, spec, b.constant(Spec.Upper)), b.constant(7));
  prefix.put(b.binary(Op.Sub, b.constant(0x7830), upper), 2, done);
  b.setBlock(done);
  return b.getVar(value);
}

/**
 * (frame, at, room, length, spec) -> bytes written. Formats the text in the text area: cut to the precision, padded.
 */
export const FORMAT_TEXT = new Routine<Runtime>("format_text", 5, buildFormatText);

function buildFormatText(runtime: Runtime, b: RoutineBuilder): void {
  const spec = b.parameter(4);
  const from = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const given = part(b, spec, SpecField.Precision, 0xffff);
  // No precision is 0, and one less is the greatest unsigned number.
  const length = lesser(b, b.parameter(3), b.binary(Op.Sub, given, b.constant(1)));
  const padding = orZero(b, b.binary(Op.Sub, part(b, spec, SpecField.Width, 0xffff), length));
  const left = b.binary(Op.And, spec, b.constant(Spec.Left));
  const output = new RoutineOutput(runtime, b, b.parameter(1), b.parameter(2));
  output.fill(" ", b.binary(Op.Mul, padding, b.binary(Op.Xor, left, b.constant(1))));
  output.put(from, length);
  output.fill(" ", b.binary(Op.Mul, padding, left));
  b.ret(output.written);
}

/** The area from which %M reads bytes. Each byte becomes two characters of the text area. */
export function bytesArea(runtime: Runtime): i32 {
  return runtime.area("bytes", capacityFor(mostHexBytes(runtime)));
}

/** The number of bytes whose hex form is the longest string. */
export function mostHexBytes(runtime: Runtime): i32 {
  return (runtime.maxLength + 1) >> 1;
}

/** (frame, count) -> 0. Writes bytes of that area in hex into the text area. */
export const HEX = new Routine<Runtime>("hex", 2, buildHex, (runtime: Runtime): i64 => mostHexBytes(runtime));

function buildHex(runtime: Runtime, b: RoutineBuilder): void {
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const from = b.variable("from");
  const to = b.variable("to");
  b.setVar(from, b.binary(Op.Add, frame, b.constant(bytesArea(runtime))));
  b.setVar(to, b.binary(Op.Add, frame, b.constant(runtime.textArea.offset)));
  const loop = b.loop();
  const out = loop.leaveIf(Op.Uge, loop.index, b.parameter(1));
  const byte = b.load(Op.Load8u, b.getVar(from), 0);
  b.store(Op.Store8, b.getVar(to), 0, hexDigit(b, b.binary(Op.Shr, byte, b.constant(4))));
  b.store(Op.Store8, b.getVar(to), 1, hexDigit(b, b.binary(Op.And, byte, b.constant(15))));
  b.setVar(from, b.binary(Op.Add, b.getVar(from), b.constant(1)));
  b.setVar(to, b.binary(Op.Add, b.getVar(to), b.constant(2)));
  loop.again();
  b.jump(out);
  b.setBlock(out);
  b.ret(b.constant(0));
}

function hexDigit(b: Builder, value: Ref): Ref {
  const letter = b.binary(Op.Mul, isLess(b, b.constant(9), value), b.constant(39));
  return b.binary(Op.Add, b.binary(Op.Add, value, b.constant(48)), letter);
}

/** Offset in .rodata of the text that `%#c` prints for each byte: { u32 text, u32 bytes } x 256. */
export function escapeTable(runtime: Runtime, inText: bool): i32 {
  const letters = "abtnvfr";
  let rows = "";
  for (let c = 0; c < 256; ++c) {
    const letter = c >= 7 && c <= 13 ? letters.charAt(c - 7) : "";
    const quoted = c == 92 || (inText ? c == 34 : c == 39);
    let text = String.fromCharCode(c);
    if (letter.length > 0) text = "\\" + letter;
    else if (quoted) text = "\\" + text;
    else if (c < 32 || c > 126) text = `\\${c >> 6}${(c >> 3) & 7}${c & 7}`;
    rows += text + "\0".repeat(4 - text.length) + String.fromCharCode(text.length) + "\0\0\0";
  }
  return runtime.unit.literal(rows);
}

/** The row of a byte in an escape table: the text in the low half, its length in the high half. */
export function escapeRow(b: Builder, table: i32, byte: Ref): Ref {
  const at = b.binary(Op.Shl, b.binary(Op.And, byte, b.constant(255)), b.constant(3));
  return b.load(Op.Load64, b.binary(Op.Add, b.addressOf(AddressKind.Rodata, table), at), 0);
}
