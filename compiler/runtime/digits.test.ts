// Numbers and padded text, against the plainest printf there can be.

import { bytesArea, DIGITS, escapeTable, FORMAT_LONG, FORMAT_TEXT, HEX, mostHexBytes, Spec, SpecField } from "./digits";
import { Digits } from "./runtime";
import { Random } from "./testing/random";
import { Rig, readBytes } from "./testing/rig";

function digitsOf(magnitude: u64, base: i32, upper: bool): string {
  const letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  let text = "";
  do {
    text = letters.charAt(<i32>(magnitude % <u64>base)) + text;
    magnitude /= <u64>base;
  } while (magnitude != 0);
  return text;
}

/** asc's padStart and padEnd do not take negative widths. */
function before(text: string, width: i32, letter: string): string {
  return letter.repeat(max(0, width - text.length)) + text;
}

function behind(text: string, width: i32): string {
  return text + " ".repeat(max(0, width - text.length));
}

/** A directive of printf. */
class Directive {
  width: i32 = 0;
  /** -1: none. */
  precision: i32 = -1;

  constructor(
    public base: i32,
    public flags: i32,
  ) {}

  get spec(): i64 {
    return specOf(this.base, this.flags, this.width, this.precision);
  }
}

function formatted(value: i64, directive: Directive): string {
  const base = directive.base;
  const flags = directive.flags;
  const width = directive.width;
  let prefix = "";
  let magnitude = <u64>value;
  if (flags & Spec.Signed) {
    if (value < 0) prefix = "-";
    else if (flags & Spec.Plus) prefix = "+";
    else if (flags & Spec.Space) prefix = " ";
    if (value < 0) magnitude = 0 - magnitude;
  } else if (flags & Spec.Alternate) {
    if (base == 8) prefix = "0";
    if (base == 16) prefix = flags & Spec.Upper ? "0X" : "0x";
  }
  const digits = before(digitsOf(magnitude, base, (flags & Spec.Upper) != 0), directive.precision, "0");
  if (flags & Spec.Left) return behind(prefix + digits, width);
  if (flags & Spec.Zero) return prefix + before(digits, width - prefix.length, "0");
  return before(prefix + digits, width, " ");
}

function specOf(base: i32, flags: i32, width: i32, precision: i32): i64 {
  return (
    <i64>flags |
    ((<i64>base) << SpecField.Base) |
    ((<i64>width) << SpecField.Width) |
    ((<i64>(precision + 1)) << SpecField.Precision)
  );
}

function baseOf(random: Random): i32 {
  const kind = random.below(3);
  return kind == 0 ? 8 : kind == 1 ? 10 : 16;
}

export function test_digits(): void {
  const rig = new Rig();
  const digits = DIGITS.of(rig.runtime);
  rig.build();
  const random = new Random(1);
  for (let k = 0; k < 500; ++k) {
    const value = k < 40 ? <i64>(k - 20) : random.long();
    const base = baseOf(random);
    const directive = new Directive(base, random.below(2) * Spec.Upper + (base == 10 ? Spec.Signed : 0));
    const count = <i32>rig.call(digits, [rig.at(0), value, directive.spec]);
    const text = readBytes(rig.inFrame(rig.runtime.digitsArea + Digits.End - count), count);
    const expected = formatted(value, directive);
    assert(text == expected, `${value} in base ${base} is ${expected}, not ${text}`);
  }
}

export function test_format_long(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const most = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const to = rig.place();
    const format = FORMAT_LONG.of(rig.runtime);
    rig.build();
    const random = new Random(2 + i);
    for (let k = 0; k < 600; ++k) {
      const value = k % 4 == 0 ? <i64>random.below(3) : random.long();
      const base = baseOf(random);
      const flags = random.below(32) + random.below(2) * Spec.Upper + (base == 10 ? Spec.Signed : 0);
      const directive = new Directive(base, flags);
      if (random.below(3) > 0) directive.width = random.below(random.below(9) == 0 ? most + 40 : 30);
      if (random.below(2) == 0) directive.precision = random.below(random.below(9) == 0 ? most + 40 : 30);
      const room = random.below(3) == 0 ? random.below(most + 1) : most;
      const args = [rig.at(0), rig.at(to), room, value, directive.spec];
      const written = <i32>rig.call(format, args);
      const text = readBytes(rig.inFrame(to), written);
      const expected = formatted(value, directive).substring(0, room);
      assert(text == expected, `${value} by ${directive.spec.toString(16)}: '${expected}', not '${text}'`);
    }
  }
}

export function test_format_text(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const most = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const to = rig.place();
    const format = FORMAT_TEXT.of(rig.runtime);
    const area = rig.runtime.textArea.offset;
    rig.build();
    const random = new Random(5 + i);
    for (let k = 0; k < 300; ++k) {
      const text = random.text(most);
      for (let at = 0; at < text.length; ++at) {
        store<u8>(rig.inFrame(area + at), <u8>text.charCodeAt(at));
      }
      const isLeft = random.below(2) == 1;
      const width = random.below(most + 20);
      const precision = random.below(2) == 0 ? -1 : random.below(most + 20);
      const room = random.below(3) == 0 ? random.below(most + 1) : most;
      const spec = specOf(0, isLeft ? Spec.Left : 0, width, precision);
      const written = <i32>rig.call(format, [rig.at(0), rig.at(to), room, text.length, spec]);
      const cut = precision >= 0 ? text.substring(0, precision) : text;
      const expected = (isLeft ? behind(cut, width) : before(cut, width, " ")).substring(0, room);
      const actual = readBytes(rig.inFrame(to), written);
      assert(actual == expected, `'${text}' in ${width}.${precision} is '${expected}', not '${actual}'`);
    }
  }
}

export function test_hex(): void {
  const lengths: i32[] = [16, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const rig = new Rig(lengths[i]);
    const hex = HEX.of(rig.runtime);
    const from = bytesArea(rig.runtime);
    const to = rig.runtime.textArea.offset;
    rig.build();
    const random = new Random(8);
    for (let count = 0; count <= mostHexBytes(rig.runtime); ++count) {
      let expected = "";
      for (let k = 0; k < count; ++k) {
        const byte = random.below(256);
        store<u8>(rig.inFrame(from + k), <u8>byte);
        expected += digitsOf(byte, 16, false).padStart(2, "0");
      }
      rig.call(hex, [rig.at(0), count]);
      const text = readBytes(rig.inFrame(to), 2 * count);
      assert(text == expected, `the bytes are ${expected}, not ${text}`);
    }
  }
}

export function test_rows_of_the_escape_table(): void {
  const rig = new Rig();
  const table = escapeTable(rig.runtime, true);
  const inCharacter = escapeTable(rig.runtime, false);
  const bytes = rig.runtime.unit.rodata.toArray();
  const expected: string[] = ["A", "A", "\\n", "\\n", "\\177", "\\177", "\\\\", "\\\\", '\\"', '"', "'", "\\'"];
  const codes: i32[] = [65, 10, 127, 92, 34, 39];
  for (let i = 0; i < expected.length; ++i) {
    const row = (i % 2 == 0 ? table : inCharacter) + 8 * codes[i / 2];
    const at = bytes.dataStart + <usize>row;
    const text = readBytes(at, load<u32>(at, 4));
    assert(text == expected[i], `the row of ${codes[i / 2]} is ${expected[i]}, not ${text}`);
  }
}
