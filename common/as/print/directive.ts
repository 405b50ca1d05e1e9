// Formats one argument by one of stap's printf directives. Where the kernel's printf and C's differ, the rules follow
// the kernel's:
//
// - `0` pads numbers to the full width even if there is a precision; precision 0 prints zero as "0";
// - `#` prefixes hex and octal of zero too; %p is %#x;
// - %c takes the low byte, `%#c` and `%#s` escape what does not print; %b writes 1, 2, 4 or 8 little-endian bytes;
// - `0` on text and memory appends a NUL byte;
// - %m and %M take the precision as the number of bytes, one if there is none.

import { OutBuffer } from "./buffer";

/** Bits of Directive.flags. */
export const enum Flag {
  Left = 1,
  Plus = 2,
  Space = 4,
  Zero = 8,
  Alternate = 16,
}

/** Width or precision that was not given. */
export const UNSET: i32 = -1;
/** Width or precision that is an argument of its own. */
export const FROM_ARGUMENT: i32 = -2;
/** Widths and precisions above this count as this. */
export const MAX_WIDTH: i32 = 8192;

/** One piece of a format: literal text, or how to print the next argument. */
export class Directive {
  /** d u x X o c b s m M, or 0: literal text. %i is d, %p is x with Flag.Alternate. */
  conversion: i32 = 0;
  flags: i32 = 0;
  /** UNSET, FROM_ARGUMENT (`*`) or characters. */
  width: i32 = UNSET;
  /** UNSET, FROM_ARGUMENT (`*`) or a count. */
  precision: i32 = UNSET;
  /** Literal text. */
  text: usize = 0;
  length: i32 = 0;
  /** No flags, width or precision: the common case has a short cut. */
  plain: bool = false;
}

/** Digits that `value` needs in base 1 << shift, at least one. */
function digitsOfPower(value: u64, shift: i32): i32 {
  let digits = 1;
  for (let rest = value >> <u64>shift; rest != 0; rest >>= <u64>shift) digits++;
  return digits;
}

function digitsOfTen(value: u64): i32 {
  let digits = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  return digits;
}

/** Writes the digits of `value` so that the last is before `end`. */
function storeDigits(end: usize, value: u64, conversion: i32): void {
  if (conversion == 120 || conversion == 88 || conversion == 111) {
    let shift: u64 = conversion == 111 ? 3 : 4;
    let mask: u64 = conversion == 111 ? 7 : 15;
    let ten = conversion == 88 ? 55 : 87; // 'A' - 10, 'a' - 10
    do {
      let digit = <i32>(value & mask);
      store<u8>(--end, <u8>(digit < 10 ? 48 + digit : ten + digit));
      value >>= shift;
    } while (value != 0);
    return;
  }
  do {
    store<u8>(--end, <u8>(48 + (value % 10)));
    value /= 10;
  } while (value != 0);
}

function signOf(negative: bool, conversion: i32, flags: i32): i32 {
  if (conversion != 100) return 0;
  if (negative) return 45;
  if (flags & Flag.Plus) return 43;
  if (flags & Flag.Space) return 32;
  return 0;
}

/** Appends an integer (%d %u %x %X %o). */
export function putInteger(out: OutBuffer, value: i64, directive: Directive): void {
  let conversion = directive.conversion;
  let flags = directive.flags;
  let negative = conversion == 100 && value < 0;
  let magnitude = negative ? 0 - <u64>value : <u64>value;
  let digits =
    conversion == 100 || conversion == 117
      ? digitsOfTen(magnitude)
      : digitsOfPower(magnitude, conversion == 111 ? 3 : 4);
  let sign = signOf(negative, conversion, flags);
  let hexPrefix = (flags & Flag.Alternate) != 0 && (conversion == 120 || conversion == 88);
  let octalPrefix = (flags & Flag.Alternate) != 0 && conversion == 111;
  let zeros = directive.precision > digits ? directive.precision - digits : 0;
  let padding = directive.width - digits - zeros - (sign != 0 ? 1 : 0) - (hexPrefix ? 2 : 0) - (octalPrefix ? 1 : 0);
  if (padding < 0) padding = 0;
  let zeroPadded = (flags & Flag.Zero) != 0 && (flags & Flag.Left) == 0;
  if (!zeroPadded && (flags & Flag.Left) == 0) out.fill(32, padding);
  if (sign != 0) out.put(sign);
  if (hexPrefix || octalPrefix) out.put(48);
  if (hexPrefix) out.put(conversion);
  if (zeroPadded) out.fill(48, padding);
  out.fill(48, zeros);
  if (out.reserve(digits)) {
    out.length += digits;
    storeDigits(out.start + <usize>out.length, magnitude, conversion);
  }
  if (flags & Flag.Left) out.fill(32, padding);
}

/**
 * The letter after the backslash in the escape of `byte`, 0 for an octal one, -1 for a byte that prints as itself. The
 * quote is escaped that would surround it.
 */
function escapeOf(byte: i32, quote: i32): i32 {
  if (byte == quote) return byte;
  switch (byte) {
    case 7:
      return 97;
    case 8:
      return 98;
    case 9:
      return 116;
    case 10:
      return 110;
    case 11:
      return 118;
    case 12:
      return 102;
    case 13:
      return 114;
    case 92:
      return byte;
    default:
      return byte >= 32 && byte < 127 ? -1 : 0;
  }
}

/** Appends the character `value` (%c). */
export function putCharacter(out: OutBuffer, value: i64, directive: Directive): void {
  let byte = <i32>(value & 255);
  let flags = directive.flags;
  let escapes = (flags & Flag.Alternate) != 0;
  let padding = directive.width - (escapes ? escapedLength(byte, 39) : 1);
  if ((flags & Flag.Left) == 0) out.fill(32, padding);
  if (escapes) putEscaped(out, byte, 39);
  else out.put(byte);
  if (flags & Flag.Left) out.fill(32, padding);
}

/** Characters that `putEscaped` makes of a byte. */
function escapedLength(byte: i32, quote: i32): i32 {
  let escape = escapeOf(byte, quote);
  return escape < 0 ? 1 : escape == 0 ? 4 : 2;
}

function putEscaped(out: OutBuffer, byte: i32, quote: i32): void {
  let escape = escapeOf(byte, quote);
  if (escape < 0) {
    out.put(byte);
    return;
  }
  out.put(92);
  if (escape > 0) {
    out.put(escape);
    return;
  }
  out.put(48 + (byte >> 6));
  out.put(48 + ((byte >> 3) & 7));
  out.put(48 + (byte & 7));
}

function isBinarySize(bytes: i32): bool {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/** Appends the low bytes of `value`, lowest first (%b). Width is the size, unless a precision is. */
export function putBinary(out: OutBuffer, value: i64, directive: Directive): void {
  let width = directive.width;
  let bytes = isBinarySize(directive.precision) ? directive.precision : isBinarySize(width) ? width : 8;
  if ((directive.flags & Flag.Left) == 0) out.fill(32, width - bytes);
  for (let i = 0; i < bytes; ++i) out.put(<i32>((value >> <i64>(i * 8)) & 255));
  if (directive.flags & Flag.Left) out.fill(32, width - bytes);
}

/** Appends text (%s): at most `precision` bytes of it; `%#s` escapes what does not print. */
export function putString(out: OutBuffer, text: usize, length: i32, directive: Directive): void {
  let precision = directive.precision;
  if (precision != UNSET && length > precision) length = precision;
  let escapes = (directive.flags & Flag.Alternate) != 0;
  let padding = directive.width - (escapes ? escapedTextLength(text, length) : length);
  if ((directive.flags & Flag.Left) == 0) out.fill(32, padding);
  if (escapes) {
    for (let i = 0; i < length; ++i) putEscaped(out, <i32>load<u8>(text + <usize>i), 34);
  } else {
    out.putBytes(text, length);
  }
  if (directive.flags & Flag.Left) out.fill(32, padding);
  if (directive.flags & Flag.Zero) out.put(0);
}

function escapedTextLength(text: usize, length: i32): i32 {
  let characters = 0;
  for (let i = 0; i < length; ++i) characters += escapedLength(<i32>load<u8>(text + <usize>i), 34);
  return characters;
}

/** Appends memory, as it is (%m) or in hex (%M): `precision` bytes, as far as there are. */
export function putMemory(out: OutBuffer, from: usize, length: i32, directive: Directive): void {
  let bytes = directive.precision > 0 ? directive.precision : 1;
  if (length > bytes) length = bytes;
  let hex = directive.conversion == 77;
  let padding = directive.width - (hex ? length * 2 : length);
  if ((directive.flags & Flag.Left) == 0) out.fill(32, padding);
  if (hex) {
    for (let i = 0; i < length; ++i) {
      let byte = <i32>load<u8>(from + <usize>i);
      out.put(hexDigit(byte >> 4));
      out.put(hexDigit(byte & 15));
    }
  } else {
    out.putBytes(from, length);
  }
  if (directive.flags & Flag.Left) out.fill(32, padding);
  if (directive.flags & Flag.Zero) out.put(0);
}

export function hexDigit(value: i32): i32 {
  return value < 10 ? 48 + value : 87 + value;
}
