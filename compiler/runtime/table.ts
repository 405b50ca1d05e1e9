// Arrays of the script: one hash table in .bss for each. This file has the layout, table-routines.ts the routines.
//
//   header | shares | heads: u32 x buckets | elements: bytes x buckets  (buckets: a power of two, >= the capacity)
//   element: | chain | seq | before | after | hash | head | keys ... | value ... |
//
// The elements of a large array are values of a separate map, as many as the array may have. Only the header is in .bss
// then. Each element holds the head of one bucket.
//
// Elements are numbered from 1; 0 means none. The elements of a bucket are chained. All elements are linked in
// insertion order, which is the order of an unsorted foreach and decides which element a `%` array replaces. `seq` is 0
// in a free element.
//
// A *striped* table is for handlers that hold one lock of several, chosen by the high bits of the key's hash
// (semantic/locks.ts). Such a lock guards the buckets whose hashes begin with these bits, and a *share* of the
// elements: those that are free, and those that were never used, every 32nd for 32 stripes. So handlers with different
// locks share no word. A share that is used up takes elements from others. There are no links in the order of
// insertion: an element has the time when it was made in their place.

import { Helper } from "../../common/format/helpers";
import { RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";
import { frameMask } from "./arena";
import { lookUp } from "./lookup";
import { Base, Place } from "./place";
import { LINE, Runtime } from "./runtime";
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
  Seq = 4,
  Before = 8,
  After = 12,
  Hash = 16,
  /** In an array with a map of its own: the first element of the bucket that has this element's number. */
  Head = 20,
  Keys = 24,
}

/** u64 of an element of a striped table, in place of Before and After: when it was made, by CLOCK_MONOTONIC. */
const MADE: i32 = Element.Before;

/** Byte offsets in a share of a striped table, which has a cache line; u32 each. */
export const enum Share {
  /** First of the free elements that were used before. */
  Free = 0,
  /** Number of elements that were ever used. */
  Used = 4,
}

/** Elements of numbers in tables of up to this many have cache lines of their own. */
const MOST_LINED: i32 = 4096;

/** Limit of an array's elements: as many as the verifier lets a routine walk. */
export const MOST_ENTRIES: i32 = 8 << 20;
/** Limit of a table's bytes. The agent has an address space of 4 GiB for all of them. */
export const MOST_TABLE_BYTES: i64 = 1 << 30;
/** Limit of the elements of an array in .bss. */
const MOST_DIRECT_ENTRIES: i32 = 16384;
/** Keys of up to this many words are passed in registers: there are five arguments, and `find` needs one. */
const MOST_REGISTER_WORDS: i32 = 3;

/** One array's layout, and the address arithmetic that its routines use. */
export class Table {
  /** Offset of each key from the start of an element. */
  keyOffsets: i32[] = [];
  keyCapacities: i32[] = [];
  keyBytes: i32 = 0;
  valueOffset: i32;
  valueBytes: i32;
  elementBytes: i32;
  /** Room for elements. */
  buckets: i32;
  private bucketCount: i32;
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
    if (this.isLined) this.elementBytes = (this.elementBytes + LINE - 1) & -LINE;
    let buckets = 4;
    while (buckets < capacity) buckets <<= 1;
    this.buckets = buckets;
    this.bucketCount = buckets;
    const fits = this.keyBytes <= MOST_REGISTER_WORDS * 8;
    this.keyPlace = fits ? -1 : runtime.plan.reserveFunction(this.keyBytes);
  }

  /** Locks among which a key's hash chooses; 1: the table is not striped. */
  get stripes(): i32 {
    return this.shape.stripes;
  }

  get isStriped(): bool {
    return this.shape.stripes > 1;
  }

  /** Whether handlers on several CPUs change different elements at once, which should not share a cache line. */
  private get isLined(): bool {
    const isShared = this.isStriped || this.shape.isCounted;
    return isShared && this.capacity <= MOST_LINED && this.elementBytes <= LINE;
  }

  /** Bytes before the heads. */
  private get leadBytes(): i32 {
    return this.isStriped ? LINE + this.stripes * LINE : <i32>TableHeader.Size;
  }

  /** Whether the routines take the words of the keys as arguments, instead of a frame's offset. */
  get keysInRegisters(): bool {
    return this.keyPlace < 0;
  }

  /** The number of a routine's arguments that hold the keys; the last one of a striped table is their hash. */
  get keyArguments(): i32 {
    if (this.isStriped) return (this.keyBytes >> 3) + 1;
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
    // The buckets of a lock are as many as those of any other.
    this.buckets = this.capacity;
    this.bucketCount = this.capacity - (this.capacity % this.stripes);
    this.map = this.runtime.unit.addMap(name, this.elementBytes, this.capacity);
  }

  /** Bytes of .bss for the table. */
  get bytes(): i64 {
    if (this.map >= 0) return this.leadBytes;
    return <i64>this.leadBytes + <i64>this.headBytes + <i64>this.buckets * <i64>this.elementBytes;
  }

  /** Bytes of the array's own map. */
  get mapBytes(): i64 {
    return <i64>this.capacity * <i64>this.elementBytes;
  }

  private get headsOffset(): i32 {
    return this.offset + this.leadBytes;
  }

  /** Bytes of the heads, and what aligns the elements behind them. */
  private get headBytes(): i32 {
    const bytes = this.leadBytes + this.buckets * 4;
    return (this.isLined ? (bytes + LINE - 1) & -LINE : bytes) - this.leadBytes;
  }

  /** Offset in .bss of the first element, if they are there. */
  get elementsOffset(): i32 {
    return this.headsOffset + this.headBytes;
  }

  /** Takes memory in .bss. */
  place(unit: Unit): void {
    const bytes = <i32>this.bytes;
    this.offset = this.isStriped || this.isLined ? unit.reserveLines(bytes) : unit.reserve(bytes);
  }

  /** Which lock guards the elements with a hash. */
  stripeOf(b: Builder, hash: Ref): Ref {
    return b.binary(Op.Shr, hash, b.constant(64 - ctz<i32>(this.stripes)));
  }

  /** Which lock guards an element. */
  stripeOfElement(b: Builder, element: Ref): Ref {
    return b.binary(Op.Shr, b.load(Op.Load32u, element, Element.Hash), b.constant(32 - ctz<i32>(this.stripes)));
  }

  /** The address of a stripe's share. */
  share(b: Builder, stripe: Ref): Ref {
    const bounded = b.binary(Op.And, stripe, b.constant(this.stripes - 1));
    const shares = b.addressOf(AddressKind.Bss, this.offset + LINE);
    return b.binary(Op.Add, shares, b.binary(Op.Mul, bounded, b.constant(LINE)));
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

  /** The number of the first element in the order of insertion; of a striped table, simply the first. */
  first(b: Builder): Ref {
    if (this.isStriped) return b.constant(1);
    return b.load(Op.Load32u, this.header(b), TableHeader.First);
  }

  /** The number of the element after another one in that order; 0 after the last. */
  next(b: Builder, number: Ref, element: Ref): Ref {
    if (!this.isStriped) return b.load(Op.Load32u, element, Element.After);
    const isLast = b.binary(Op.Uge, number, b.constant(this.capacity));
    return b.binary(Op.And, b.binary(Op.Add, number, b.constant(1)), b.binary(Op.Sub, isLast, b.constant(1)));
  }

  /** Notes when an element of a striped table is made. */
  stamp(b: Builder, element: Ref): void {
    b.store(Op.Store32, element, Element.Seq, b.constant(1));
    if (this.shape.isOrdered) b.store(Op.Store64, element, MADE, b.callHelper(Helper.KtimeGetNs, []));
  }

  /** When an element was made, as a number that grows. */
  made(b: Builder, element: Ref): Ref {
    if (this.isStriped) return b.load(Op.Load64, element, MADE);
    return b.load(Op.Load32u, element, Element.Seq);
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

  /** The address of the head of a hash's bucket. */
  headAddress(b: Builder, hash: Ref): Ref {
    if (this.map >= 0) return this.headInMap(b, b.binary(Op.Shr, hash, b.constant(32)));
    return this.headAt(b, b.binary(Op.Shr, hash, b.constant(64 - ctz<i32>(this.bucketCount))));
  }

  /** The number of the first element in the bucket of keys in registers; 0 if it is empty. */
  firstOfBucket(b: Builder, words: Ref[]): Ref {
    return b.load(Op.Load32u, this.headAddress(b, this.hashOf(b, words, NoRef)), 0);
  }

  /** The address of the head of an element's bucket. */
  headOf(b: Builder, element: Ref): Ref {
    const hash = b.load(Op.Load32u, element, Element.Hash);
    if (this.map >= 0) return this.headInMap(b, hash);
    const bucket = b.binary(Op.Shr, hash, b.constant(32 - ctz<i32>(this.bucketCount)));
    // The mask is for the verifier, which may have lost the bound of 32 bits.
    return this.headAt(b, b.binary(Op.And, bucket, b.constant(this.bucketCount - 1)));
  }

  private headAt(b: Builder, bucket: Ref): Ref {
    const distance = b.binary(Op.Shl, bucket, b.constant(2));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.headsOffset), distance);
  }

  private headInMap(b: Builder, hash: Ref): Ref {
    // The 32 bits of the hash are taken as a fraction, because the number of buckets may not be a power of two.
    const number = b.binary(Op.Shr, b.binary(Op.Mul, hash, b.constant(this.bucketCount)), b.constant(32));
    return b.binary(Op.Add, lookUp(this.runtime, b, this.map, number), b.constant(Element.Head));
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.shape.index}`;
  }

  /**
   * The words of the keys to look up. For keys in the frame, their address only: all words would not fit on the stack.
   */
  keyWords(b: Builder): Ref[] {
    return this.keysInRegisters ? this.passKeys(b).slice(0, this.keyBytes >> 3) : [this.keysInFrame(b)];
  }

  /** The hash of the keys that a routine takes. Copies them into `element` as well, unless it is NoRef. */
  passedHash(b: Builder, element: Ref): Ref {
    if (!this.isStriped) return this.hashOf(b, this.keyWords(b), element);
    if (element != NoRef) this.storeWords(b, this.passKeys(b), element);
    return b.parameter(this.keyArguments - 1);
  }

  private storeWords(b: Builder, words: Ref[], element: Ref): void {
    for (let at = 0; at < this.keyBytes; at += 8) b.store(Op.Store64, element, Element.Keys + at, words[at >> 3]);
  }

  /** The address of the keys to look up at `place` in the frame whose offset is parameter 0. */
  keysInFrame(b: Builder, place: i32 = this.keyPlace): Ref {
    const mask = frameMask(b);
    const offset = b.binary(Op.And, b.parameter(0), mask);
    const at = b.addressOf(AddressKind.Bss, this.runtime.unit.frameOffset + place);
    return b.binary(Op.Add, at, offset);
  }

  /**
   * Mixes all words of the keys (from `keyWords`) into 64 bits, of which the high 32 are used. Of a product, the high
   * bits are the better mixed ones: only they depend on a word's high bits, such as the last letters of a short string.
   * The agent draws the factor, so that nobody can choose keys that collide. Copies the words into `element` as well,
   * unless it is NoRef.
   */
  hashOf(b: Builder, words: Ref[], element: Ref): Ref {
    let hash = NoRef;
    const factor = b.load(Op.Load64, b.addressOf(AddressKind.Rodata, 0), RodataHeader.HashFactor);
    for (let at = 0; at < this.keyBytes; at += 8) {
      const word = this.keysInRegisters ? words[at >> 3] : b.load(Op.Load64, words[0], at);
      if (element != NoRef) b.store(Op.Store64, element, Element.Keys + at, word);
      if (at > 0) hash = b.binary(Op.Xor, b.binary(Op.Xor, hash, b.binary(Op.Shr, hash, b.constant(32))), word);
      else hash = word;
      hash = b.binary(Op.Mul, hash, factor);
    }
    return hash;
  }

  /** A field of an element, as a place. */
  placeIn(element: Ref, offset: i32, capacity: i32): Place {
    return new Place(Base.Pointer, element, offset, capacity);
  }
}
