// String values in memory. A *place* is an address with a capacity; two kinds with one invariant each:
//
//   small  capacity <= SMALL_BYTES: always zero-padded to its capacity, so that copies and comparisons go word by word
//   large  more than that: NUL-terminated, undefined after the NUL; handled by helpers and routines
//
// Capacities count the NUL and are multiples of 8.

import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";

/** Largest capacity of a small string. */
export const SMALL_BYTES: i32 = 64;

/** Limit of the offset in a load or store instruction. */
export const MAX_OFFSET: i32 = 32000;

/** The base that a place's offset is relative to. */
export const enum Base {
  /** A register, in `ref`. */
  Pointer,
  /** .bss */
  Bss,
  /** .rodata */
  Rodata,
  /** The handler's area of the frame. */
  Handler,
  /** The frame itself, for areas of functions. */
  Frame,
  /** Not in memory: `text` is the value. */
  Literal,
}

/** A string in memory, or a literal. */
export class Place {
  /** The value of a Literal. */
  text: string = "";
  /** In a record. Its reader stops at the NUL, so the bytes after it need not be zero. */
  isRecord: bool = false;
  constructor(
    public base: Base,
    public ref: Ref,
    public offset: i32,
    public capacity: i32,
  ) {}

  get isSmall(): bool {
    return this.capacity <= SMALL_BYTES;
  }

  get isLiteral(): bool {
    return this.base == Base.Literal;
  }
}

/** The capacity for a string of at most `length` bytes. */
export function capacityFor(length: i32): i32 {
  return (length + 1 + 7) & ~7;
}

/** A literal as a place. */
export function literalPlace(text: string): Place {
  const place = new Place(Base.Literal, NoRef, 0, capacityFor(text.length));
  place.text = text;
  return place;
}

/** Word `index` of a literal, zero-padded, little-endian. */
export function literalWord(text: string, index: i32): i64 {
  let word: i64 = 0;
  for (let k = 7; k >= 0; --k) {
    const at = index * 8 + k;
    word = (word << 8) | (at < text.length ? <i64>(text.charCodeAt(at) & 0xff) : 0);
  }
  return word;
}

/** Whether a place is in the frame, so that a text can be built there. */
export function isInFrame(place: Place): bool {
  return place.base == Base.Handler || place.base == Base.Frame;
}

/** The address kind of a data section. */
export function sectionOf(base: Base): AddressKind {
  return base == Base.Bss ? AddressKind.Bss : AddressKind.Rodata;
}
