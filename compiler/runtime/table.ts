// Arrays of the script: one hash table in .bss for each. This file has the layout, table-routines.ts the routines.
//
//   header | heads: u32 x buckets | elements: bytes x buckets       (buckets: a power of two, at least the capacity)
//   element: | chain | before | after | seq | hash | head | keys ... | value ... |
//
// The elements of a large array are values of a separate map, as many as the array may have. Only the header is in .bss
// then. Each element holds the head of one bucket.
//
// Elements are numbered from 1; 0 means none. The elements of a bucket are chained. All elements are linked in
// insertion order, which is the order of an unsorted foreach and decides which element a `%` array replaces. `seq` is 0
// in a free element.

import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { frameMask } from "./arena";
import { lookUp } from "./lookup";
import { Base, Place } from "./place";
import { Runtime } from "./runtime";
import { GlobalShape } from "./shape";

/** Byte offsets in a table's header; u32 each. */
export const enum TableHeader {
  Count = 0,
  /** First of the free elements that were used before. */
  Free = 4,
  /** Number of elements that were ever used. */
  Fresh = 8,
  First = 12,
  Last = 16,
  Seq = 20,
  /** Current position of a walk over all elements. */
  Cursor = 24,
  Size = 32,
}

/** Byte offsets in an element; u32 each. */
export const enum Element {
  Chain = 0,
  Before = 4,
  After = 8,
  Seq = 12,
  Hash = 16,
  /** In an array with a map of its own: the first element of the bucket that has this element's number. */
  Head = 20,
  Keys = 24,
}

/** Limit of an array's elements: as many as the verifier lets a routine walk. */
export const MOST_ENTRIES: i32 = 8 << 20;
/** Limit of a table's bytes. The agent has an address space of 4 GiB for all of them. */
export const MOST_TABLE_BYTES: i64 = 1 << 30;
/** Limit of the elements of an array in .bss. */
const MOST_DIRECT_ENTRIES: i32 = 16384;
/** Keys of up to this many words are passed in registers: there are five arguments, and `find` needs one. */
const MOST_REGISTER_WORDS: i32 = 3;
const HASH_FACTOR: i64 = -7046029254386353131;

/** One array's layout, and the address arithmetic that its routines use. */
export class Table {
  /** Offset of each key from the start of an element. */
  keyOffsets: i32[] = [];
  keyCapacities: i32[] = [];
  keyBytes: i32 = 0;
  valueOffset: i32;
  valueBytes: i32;
  elementBytes: i32;
  buckets: i32;
  /** Offset in .bss of the whole table, or of the header only. */
  offset: i32 = 0;
  /** Number of the map that holds the elements; -1: they are in .bss. */
  map: i32 = -1;
  /** Frame offset of the keys to look up; -1: the keys are passed in registers. */
  keyPlace: i32;

  constructor(
    public runtime: Runtime,
    public shape: GlobalShape,
    public capacity: i32,
  ) {
    for (let i = 0, n = shape.keys.length; i < n; ++i) {
      const bytes = shape.keys[i].bytes;
      this.keyOffsets.push(Element.Keys + this.keyBytes);
      this.keyCapacities.push(bytes);
      this.keyBytes += bytes;
    }
    this.valueOffset = Element.Keys + this.keyBytes;
    this.valueBytes = shape.valueBytes;
    this.elementBytes = this.valueOffset + this.valueBytes;
    let buckets = 4;
    while (buckets < capacity) buckets <<= 1;
    this.buckets = buckets;
    const fits = this.keyBytes <= MOST_REGISTER_WORDS * 8;
    this.keyPlace = fits ? -1 : runtime.plan.reserveFunction(this.keyBytes);
  }

  /** Whether the routines take the words of the keys as arguments, instead of a frame's offset. */
  get keysInRegisters(): bool {
    return this.keyPlace < 0;
  }

  /** The number of a routine's arguments that hold the keys. */
  get keyArguments(): i32 {
    return this.keysInRegisters ? this.keyBytes >> 3 : 1;
  }

  passKeys(b: Builder): Ref[] {
    const passed: Ref[] = [];
    for (let i = 0, n = this.keyArguments; i < n; ++i) passed.push(b.parameter(i));
    return passed;
  }

  /** Whether the array is small enough for .bss. */
  get mayBeDirect(): bool {
    return this.buckets <= MOST_DIRECT_ENTRIES;
  }

  /** Moves the elements to a map of their own. */
  moveOut(): void {
    const name = `a${this.shape.index}_${this.shape.name}`;
    this.buckets = this.capacity;
    this.map = this.runtime.unit.addMap(name, this.elementBytes, this.capacity);
  }

  /** Bytes of .bss for the table. */
  get bytes(): i64 {
    if (this.map >= 0) return TableHeader.Size;
    return <i64>TableHeader.Size + <i64>this.buckets * (4 + <i64>this.elementBytes);
  }

  /** Bytes of the array's own map. */
  get mapBytes(): i64 {
    return <i64>this.capacity * <i64>this.elementBytes;
  }

  private get headsOffset(): i32 {
    return this.offset + TableHeader.Size;
  }

  private get elementsOffset(): i32 {
    return this.headsOffset + this.buckets * 4;
  }

  /** The address of element `number`, which is not 0. */
  element(b: Builder, number: Ref): Ref {
    if (this.map >= 0) return lookUp(this.runtime, b, this.map, b.binary(Op.Sub, number, b.constant(1)));
    const index = b.binary(Op.And, b.binary(Op.Sub, number, b.constant(1)), b.constant(this.buckets - 1));
    const distance = b.binary(Op.Mul, index, b.constant(this.elementBytes));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.elementsOffset), distance);
  }

  /** The address of the header. */
  header(b: Builder): Ref {
    return b.addressOf(AddressKind.Bss, this.offset);
  }

  /** The number of the first element in the order of insertion. */
  first(b: Builder): Ref {
    return b.load(Op.Load32u, this.header(b), TableHeader.First);
  }

  /** The number of the element at the cursor of a walk; 0 after the last. */
  cursor(b: Builder): Ref {
    return b.load(Op.Load32u, this.header(b), TableHeader.Cursor);
  }

  setCursor(b: Builder, number: Ref): void {
    b.store(Op.Store32, this.header(b), TableHeader.Cursor, number);
  }

  count(b: Builder): Ref {
    return b.load(Op.Load32u, this.header(b), TableHeader.Count);
  }

  headAddress(b: Builder, hash: Ref): Ref {
    if (this.map >= 0) {
      // The 32 bits of the hash are taken as a fraction, because the number of buckets may not be a power of two.
      const number = b.binary(Op.Shr, b.binary(Op.Mul, hash, b.constant(this.buckets)), b.constant(32));
      return b.binary(Op.Add, lookUp(this.runtime, b, this.map, number), b.constant(Element.Head));
    }
    // The mask is for the verifier, which may have lost the bound of 32 bits.
    const high = b.binary(Op.Shr, hash, b.constant(32 - ctz<i32>(this.buckets)));
    const bucket = b.binary(Op.And, high, b.constant(this.buckets - 1));
    const distance = b.binary(Op.Shl, bucket, b.constant(2));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.headsOffset), distance);
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.shape.index}`;
  }

  /**
   * The words of the keys to look up. For keys in the frame, their address only: all words would not fit on the stack.
   */
  keyWords(b: Builder): Ref[] {
    return this.keysInRegisters ? this.passKeys(b) : [this.keysInFrame(b)];
  }

  /** The address of the keys to look up at `place` in the frame whose offset is parameter 0. */
  keysInFrame(b: Builder, place: i32 = this.keyPlace): Ref {
    const mask = frameMask(b);
    const offset = b.binary(Op.And, b.parameter(0), mask);
    const at = b.addressOf(AddressKind.Bss, this.runtime.unit.frameOffset + place);
    return b.binary(Op.Add, at, offset);
  }

  /**
   * Mixes all words of the keys (from `keyWords`) into 32 bits. Of a product, the high bits are the better mixed ones:
   * only they depend on a word's high bits, such as the last letters of a short string. Copies the words into `element`
   * as well, unless it is NoRef.
   */
  hashOf(b: Builder, words: Ref[], element: Ref): Ref {
    let hash = NoRef;
    for (let at = 0; at < this.keyBytes; at += 8) {
      const word = this.keysInRegisters ? words[at >> 3] : b.load(Op.Load64, words[0], at);
      if (element != NoRef) b.store(Op.Store64, element, Element.Keys + at, word);
      if (at > 0) hash = b.binary(Op.Xor, b.binary(Op.Xor, hash, b.binary(Op.Shr, hash, b.constant(32))), word);
      else hash = word;
      hash = b.binary(Op.Mul, hash, b.constant(HASH_FACTOR));
    }
    return b.binary(Op.Shr, hash, b.constant(32));
  }

  /** A field of an element, as a place. */
  placeIn(element: Ref, offset: i32, capacity: i32): Place {
    return new Place(Base.Pointer, element, offset, capacity);
  }
}
