// Arrays of the script: one hash table in .bss for each, and the routines that work on it.
//
//   header | heads: u32 x buckets | elements: bytes x buckets           (buckets: a power of two, at least the capacity)
//   element: | chain | before | after | seq | hash | head | keys ... | value ... |
//
// The elements of a large array are values of a map of its own, as many as it may have; only the header is in .bss then.
// Each element has the head of one bucket.
//
// Elements are numbered from 1; 0 is none. Those of one bucket are chained; all are linked in the order of insertion,
// which is the order of an unsorted foreach and tells which one a `%` array replaces. `seq` is 0 in a free element. The
// routines are global BPF functions for each array, with its sizes as constants. Keys of up to three words are passed in
// registers, so that a handler that counts by tid() needs no frame; longer ones the handler leaves in the frame, at the
// array's own place. What comes back is an element's number. They need the lock, like everything on arrays that change
// while others run.

import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { GlobalSymbol } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { lookUp, repeat } from "./cells";
import { frameMask } from "./library";
import { Shared } from "./lowering";
import { Base, capacityFor, Place } from "./place";
import { buildUnlock, Routine, routine } from "./runtime";
import { SliceRoutines } from "./slice";
import { zeroWords } from "./stats";

/** Byte offsets in a table's header; u32 each. */
const enum TableHeader {
  Count = 0,
  /** First free element that was used before. */
  Free = 4,
  /** Elements that were ever used. */
  Fresh = 8,
  First = 12,
  Last = 16,
  Seq = 20,
  /** Where a walk over all elements is. */
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
  /** Of an array with a map of its own: the first element of the bucket that has this element's number. */
  Head = 20,
  Keys = 24,
}

/** Elements of an array without a size of its own (MAXMAPENTRIES). */
export const DEFAULT_ENTRIES: i32 = 2048;
/** The most that an array may have: as many as the verifier lets a routine go through. */
export const MOST_ENTRIES: i32 = 8 << 20;
/** Bytes that a table may have: the agent has an address space of 4 GiB for all. */
export const MOST_TABLE_BYTES: i64 = 1 << 30;
/** The most elements of an array in .bss. */
const MOST_DIRECT_ENTRIES: i32 = 16384;
/**
 * Longest chain of one bucket that is searched; an element that would make a longer one is refused like one too many. There
 * are as many buckets as elements, so that chains of ten are rare; the verifier walks the loop to its bound.
 */
const MOST_CHAINED: i64 = 256;
/** Keys of so many words are passed in registers: five arguments, of which `find` needs one. */
const MOST_REGISTER_WORDS: i32 = 3;
const HASH_FACTOR: i64 = -7046029254386353131;

/** What `find` answers when the array is full. */
export const FULL: i64 = -1;
/** What `grow` answers when the lock was not to be had: the handler is counted as skipped. */
export const SKIPPED: i64 = -2;

/** Bytes that the value of a variable or element takes in memory. */
export function valueBytesOf(symbol: GlobalSymbol): i32 {
  if (symbol.type == Type.Stats) return max(8, symbol.statistic.bytes);
  return symbol.type == Type.String ? capacityFor(symbol.maxLength) : 8;
}

/** One array's layout, and its routines as far as they are made. */
export class Table {
  /** Offset of each key in an element, from its start. */
  keyOffsets: i32[] = [];
  keyCapacities: i32[] = [];
  keyBytes: i32 = 0;
  valueOffset: i32;
  valueBytes: i32;
  elementBytes: i32;
  buckets: i32;
  /** Offset in .bss: of all of it, or of the header. */
  offset: i32 = 0;
  /** Number of the map that holds its elements; -1: they are in .bss. */
  map: i32 = -1;
  /** Offset in the frame of the keys to look up; -1: they are passed in registers. */
  keyPlace: i32;
  /** Routines for the slices of it that the script deletes and looks for. */
  slices: SliceRoutines[] = [];
  private findFunction: i32 = -1;
  private insertFunction: i32 = -1;
  private removeFunction: i32 = -1;
  private clearFunction: i32 = -1;

  constructor(
    private shared: Shared,
    public symbol: GlobalSymbol,
    public capacity: i32,
  ) {
    for (let i = 0, n = symbol.keyTypes.length; i < n; ++i) {
      const bytes = symbol.keyTypes[i] == Type.String ? capacityFor(symbol.keyLengths[i]) : 8;
      this.keyOffsets.push(Element.Keys + this.keyBytes);
      this.keyCapacities.push(bytes);
      this.keyBytes += bytes;
    }
    this.valueOffset = Element.Keys + this.keyBytes;
    this.valueBytes = valueBytesOf(symbol);
    this.elementBytes = this.valueOffset + this.valueBytes;
    let buckets = 4;
    while (buckets < capacity) buckets <<= 1;
    this.buckets = buckets;
    const fits = this.keyBytes <= MOST_REGISTER_WORDS * 8;
    this.keyPlace = fits ? -1 : shared.plan.reserveFunction(this.keyBytes);
  }

  /** Whether the routines take the keys' words as arguments, not a frame's offset. */
  get keysInRegisters(): bool {
    return this.keyPlace < 0;
  }

  /** Arguments that say which keys. */
  private get keyArguments(): i32 {
    return this.keysInRegisters ? this.keyBytes >> 3 : 1;
  }

  private passKeys(b: Builder): Ref[] {
    const passed: Ref[] = [];
    for (let i = 0, n = this.keyArguments; i < n; ++i) passed.push(b.parameter(i));
    return passed;
  }

  /** Whether it is small enough for .bss. */
  get mayBeDirect(): bool {
    return this.buckets <= MOST_DIRECT_ENTRIES;
  }

  /** Gives its elements a map of their own. */
  moveOut(): void {
    const name = `a${this.symbol.index}_${this.symbol.name}`;
    this.buckets = this.capacity;
    this.map = this.shared.unit.addMap(name, this.elementBytes, this.capacity);
  }

  /** Bytes of .bss that it takes. */
  get bytes(): i64 {
    if (this.map >= 0) return TableHeader.Size;
    return <i64>TableHeader.Size + <i64>this.buckets * (4 + <i64>this.elementBytes);
  }

  /** Bytes of a map of its own. */
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
    if (this.map >= 0) return lookUp(this.shared, b, this.map, b.binary(Op.Sub, number, b.constant(1)));
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

  /** The number of the element at which a walk is; 0 behind the last. */
  cursor(b: Builder): Ref {
    return b.load(Op.Load32u, this.header(b), TableHeader.Cursor);
  }

  setCursor(b: Builder, number: Ref): void {
    b.store(Op.Store32, this.header(b), TableHeader.Cursor, number);
  }

  count(b: Builder): Ref {
    return b.load(Op.Load32u, this.header(b), TableHeader.Count);
  }

  private headAddress(b: Builder, hash: Ref): Ref {
    if (this.map >= 0) {
      // Of a hash of 32 bits, as a fraction: so many buckets need not be a power of two.
      const number = b.binary(Op.Shr, b.binary(Op.Mul, hash, b.constant(this.buckets)), b.constant(32));
      return b.binary(Op.Add, lookUp(this.shared, b, this.map, number), b.constant(Element.Head));
    }
    // The mask is for the verifier, which may have forgotten that the hash has 32 bits.
    const high = b.binary(Op.Shr, hash, b.constant(32 - ctz<i32>(this.buckets)));
    const bucket = b.binary(Op.And, high, b.constant(this.buckets - 1));
    const distance = b.binary(Op.Shl, bucket, b.constant(2));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.headsOffset), distance);
  }

  private routine(what: string, parameters: i32): Func {
    const fn = new Func(`stp_${what}_${this.symbol.index}`, Linkage.Subprogram, parameters);
    this.shared.unit.ir.add(fn);
    return fn;
  }

  // ------------------------------------------------------------------------------------------------------------- find

  /** (keys' words or frame offset, create) -> number of the element with these keys; 0 none; FULL */
  get find(): i32 {
    if (this.findFunction >= 0) return this.findFunction;
    const fn = this.routine("find", this.keyArguments + 1);
    this.findFunction = fn.index;
    const b = new Builder(fn);
    const words = this.keyWords(b);
    const hash = this.hashOf(b, words, NoRef);
    const number = b.variable("number");
    b.setVar(number, b.load(Op.Load32u, this.headAddress(b, hash), 0));
    const missing = b.newBlock("missing");
    const round = b.variable("round");
    const head = b.newBlock("chain");
    const there = b.newBlock("there");
    const match = b.newBlock("match");
    const next = b.newBlock("next");
    b.setVar(round, b.constant(0));
    b.jump(head);
    b.setBlock(head);
    b.setCold(missing);
    b.setCold(match);
    b.branchIf(Op.Eq, b.getVar(number), b.constant(0), missing, there);
    b.setBlock(there);
    if (this.keysInRegisters) {
      this.branchOnKeys(b, this.element(b, b.getVar(number)), words, match, next);
    } else {
      const same = b.callFunction(this.sameKeys, [b.parameter(0), b.getVar(number), hash]);
      b.branchIf(Op.Ne, same, b.constant(0), match, next);
    }
    b.setBlock(match);
    b.ret(b.getVar(number));
    b.setBlock(next);
    b.setVar(number, b.load(Op.Load32u, this.element(b, b.getVar(number)), Element.Chain));
    const count = b.binary(Op.Add, b.getVar(round), b.constant(1));
    b.setVar(round, count);
    const tooLong = b.newBlock("too_long");
    b.branchIf(Op.Ult, count, b.constant(min<i64>(this.buckets, MOST_CHAINED) + 1), head, tooLong);
    b.setBlock(tooLong);
    b.ret(b.constant(FULL));
    b.setBlock(missing);
    this.answerMissing(b);
    return this.findFunction;
  }

  private answerMissing(b: Builder): void {
    const create = b.newBlock("create");
    const none = b.newBlock("none");
    b.branch(b.parameter(this.keyArguments), create, none);
    b.setBlock(none);
    b.ret(b.constant(0));
    b.setBlock(create);
    b.ret(b.callFunction(this.insert, this.passKeys(b)));
  }

  /** The words of the keys to look up; in the frame, its address alone: all words at once would not fit the stack. */
  private keyWords(b: Builder): Ref[] {
    return this.keysInRegisters ? this.passKeys(b) : [this.keysInFrame(b)];
  }

  /** Goes to `same` if an element has the keys. */
  private branchOnKeys(b: Builder, element: Ref, words: Ref[], same: i32, differ: i32): void {
    for (let i = 0, n = words.length; i < n; ++i) {
      const next = i + 1 < n ? b.newBlock("same") : same;
      b.branchIf(Op.Eq, b.load(Op.Load64, element, Element.Keys + i * 8), words[i], next, differ);
      b.setBlock(next);
    }
  }

  /** The address of the keys to look up at `place` in the frame whose offset is parameter 0. */
  keysInFrame(b: Builder, place: i32 = this.keyPlace): Ref {
    const mask = frameMask(b);
    const offset = b.binary(Op.And, b.parameter(0), mask);
    const at = b.addressOf(AddressKind.Bss, this.shared.unit.frameOffset + place);
    return b.binary(Op.Add, at, offset);
  }

  /**
   * Mixes all words of the keys (of `keyWords`); 32 bits, of which the high ones are the better mixed: a product knows of
   * a word's high bits, such as the last letters of a short string, only there. Copies them into `element`, unless it is
   * NoRef.
   */
  private hashOf(b: Builder, words: Ref[], element: Ref): Ref {
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

  private sameFunction: i32 = -1;

  /** (frame offset, number, hash) -> whether the element has the keys in the frame */
  private get sameKeys(): i32 {
    if (this.sameFunction >= 0) return this.sameFunction;
    const fn = this.routine("same", 3);
    this.sameFunction = fn.index;
    const b = new Builder(fn);
    const element = this.element(b, b.parameter(1));
    const differ = b.newBlock("differ");
    b.setCold(differ);
    const hashed = b.newBlock("hashed");
    const same = b.newBlock("same");
    b.branchIf(Op.Eq, b.load(Op.Load32u, element, Element.Hash), b.unary(Op.Extu32, b.parameter(2)), hashed, differ);
    b.setBlock(hashed);
    const keys = this.keysInFrame(b);
    for (let at = 0; at < this.keyBytes; at += 8) {
      const next = at + 8 < this.keyBytes ? b.newBlock("same") : same;
      b.branchIf(Op.Eq, b.load(Op.Load64, element, Element.Keys + at), b.load(Op.Load64, keys, at), next, differ);
      b.setBlock(next);
    }
    b.ret(b.constant(1));
    b.setBlock(differ);
    b.ret(b.constant(0));
    return this.sameFunction;
  }

  // ------------------------------------------------------------------------------------------------------------- grow

  private growFunction: i32 = -1;

  /**
   * (keys' words or frame offset) -> number of the element with these keys, made if there is none; FULL; SKIPPED. For
   * handlers without the lock, which did not find the element.
   */
  get grow(): i32 {
    if (this.growFunction >= 0) return this.growFunction;
    const fn = this.routine("grow", this.keyArguments);
    this.growFunction = fn.index;
    const b = new Builder(fn);
    const mine = b.newBlock("mine");
    const busy = b.newBlock("busy");
    b.branch(b.callFunction(routine(this.shared, Routine.Lock), []), busy, mine);
    b.setBlock(busy);
    b.ret(b.constant(SKIPPED));
    b.setBlock(mine);
    const passed = this.passKeys(b);
    passed.push(b.constant(1));
    const number = b.callFunction(this.find, passed);
    buildUnlock(this.shared, b);
    b.ret(number);
    return this.growFunction;
  }

  // ----------------------------------------------------------------------------------------------------------- insert

  /** (keys' words or frame offset) -> number of a new element with these keys, or FULL */
  private get insert(): i32 {
    if (this.insertFunction >= 0) return this.insertFunction;
    const fn = this.routine("insert", this.keyArguments);
    this.insertFunction = fn.index;
    const b = new Builder(fn);
    const header = this.header(b);
    const number = b.variable("number");
    this.takeElement(b, header, number);
    const element = this.element(b, b.getVar(number));
    const hash = this.hashOf(b, this.keyWords(b), element);
    zeroWords(b, element, this.valueOffset, this.valueBytes >> 3);
    b.store(Op.Store32, element, Element.Hash, hash);
    const head = this.headAddress(b, hash);
    b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, head, 0));
    // Who reads the chain without the lock must find the element complete: on x86 stores keep their order.
    if (this.symbol.isCounted && this.shared.fetchingAtomics) b.atomicXchg(4, head, 0, b.getVar(number));
    else b.store(Op.Store32, head, 0, b.getVar(number));
    this.append(b, header, element, number);
    b.ret(b.getVar(number));
    return this.insertFunction;
  }

  /** Sets `number` to a free element, or returns FULL. */
  private takeElement(b: Builder, header: Ref, number: i32): void {
    const again = b.newBlock("again");
    const fresh = b.newBlock("fresh");
    const taken = b.newBlock("taken");
    const unused = b.newBlock("unused");
    const full = b.newBlock("full");
    const free = b.load(Op.Load32u, header, TableHeader.Free);
    b.branchIf(Op.Ne, free, b.constant(0), again, fresh);
    b.setBlock(again);
    b.setVar(number, free);
    b.store(Op.Store32, header, TableHeader.Free, b.load(Op.Load32u, this.element(b, free), Element.Chain));
    b.jump(taken);
    b.setBlock(fresh);
    const used = b.load(Op.Load32u, header, TableHeader.Fresh);
    b.branchIf(Op.Ult, used, b.constant(this.capacity), unused, full);
    b.setBlock(unused);
    const next = b.binary(Op.Add, used, b.constant(1));
    b.setVar(number, next);
    b.store(Op.Store32, header, TableHeader.Fresh, next);
    b.jump(taken);
    b.setBlock(full);
    if (this.symbol.wrap) {
      // The oldest makes room; its place is the first of the free ones then.
      const oldest = b.load(Op.Load32u, header, TableHeader.First);
      b.callFunction(this.remove, [oldest]);
      const freed = b.load(Op.Load32u, header, TableHeader.Free);
      b.setVar(number, freed);
      b.store(Op.Store32, header, TableHeader.Free, b.load(Op.Load32u, this.element(b, freed), Element.Chain));
      b.jump(taken);
    } else {
      b.ret(b.constant(FULL));
    }
    b.setBlock(taken);
  }

  /** Links an element behind all others. */
  private append(b: Builder, header: Ref, element: Ref, number: i32): void {
    const seq = b.binary(Op.Add, b.load(Op.Load32u, header, TableHeader.Seq), b.constant(1));
    b.store(Op.Store32, header, TableHeader.Seq, seq);
    // Never 0, which marks free elements.
    b.store(Op.Store32, element, Element.Seq, b.binary(Op.Or, seq, b.constant(<i64>0x80000000)));
    const last = b.load(Op.Load32u, header, TableHeader.Last);
    b.store(Op.Store32, element, Element.Before, last);
    b.store(Op.Store32, element, Element.After, b.constant(0));
    b.store(Op.Store32, header, TableHeader.Last, b.getVar(number));
    const count = b.binary(Op.Add, b.load(Op.Load32u, header, TableHeader.Count), b.constant(1));
    b.store(Op.Store32, header, TableHeader.Count, count);
    const behind = b.newBlock("behind");
    const only = b.newBlock("only");
    const done = b.newBlock("done");
    b.branch(last, behind, only);
    b.setBlock(behind);
    b.store(Op.Store32, this.element(b, last), Element.After, b.getVar(number));
    b.jump(done);
    b.setBlock(only);
    b.store(Op.Store32, header, TableHeader.First, b.getVar(number));
    b.jump(done);
    b.setBlock(done);
  }

  // ----------------------------------------------------------------------------------------------------------- remove

  /** (number) -> 0: takes an element out; 0 is no element and does nothing */
  get remove(): i32 {
    if (this.removeFunction >= 0) return this.removeFunction;
    const fn = this.routine("remove", 1);
    this.removeFunction = fn.index;
    const b = new Builder(fn);
    const number = b.parameter(0);
    const some = b.newBlock("some");
    const none = b.newBlock("none");
    b.branchIf(Op.Sgt, number, b.constant(0), some, none);
    b.setBlock(none);
    b.ret(b.constant(0));
    b.setBlock(some);
    const element = this.element(b, number);
    this.unchain(b, element, number);
    this.unlink(b, element);
    const header = this.header(b);
    b.store(Op.Store32, element, Element.Seq, b.constant(0));
    b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, header, TableHeader.Free));
    b.store(Op.Store32, header, TableHeader.Free, number);
    const count = b.binary(Op.Sub, b.load(Op.Load32u, header, TableHeader.Count), b.constant(1));
    b.store(Op.Store32, header, TableHeader.Count, count);
    b.ret(b.constant(0));
    return this.removeFunction;
  }

  /** Takes an element out of its bucket's chain. */
  private unchain(b: Builder, element: Ref, number: Ref): void {
    const head = this.headAddress(b, b.load(Op.Load32u, element, Element.Hash));
    const after = b.load(Op.Load32u, element, Element.Chain);
    const leads = b.newBlock("leads");
    const follows = b.newBlock("follows");
    const done = b.newBlock("unchained");
    const first = b.load(Op.Load32u, head, 0);
    b.branchIf(Op.Eq, first, number, leads, follows);
    b.setBlock(leads);
    b.store(Op.Store32, head, 0, after);
    b.jump(done);
    b.setBlock(follows);
    const before = b.variable("before");
    const round = b.variable("round");
    const loop = b.newBlock("chain");
    const found = b.newBlock("found");
    const next = b.newBlock("next");
    b.setVar(before, first);
    b.setVar(round, b.constant(0));
    b.jump(loop);
    b.setBlock(loop);
    const chained = b.load(Op.Load32u, this.element(b, b.getVar(before)), Element.Chain);
    b.setCold(found);
    b.branchIf(Op.Eq, chained, number, found, next);
    b.setBlock(found);
    b.store(Op.Store32, this.element(b, b.getVar(before)), Element.Chain, after);
    b.jump(done);
    b.setBlock(next);
    b.setVar(before, chained);
    const count = b.binary(Op.Add, b.getVar(round), b.constant(1));
    b.setVar(round, count);
    b.branchIf(Op.Ult, count, b.constant(min<i64>(this.buckets, MOST_CHAINED) + 1), loop, done);
    b.setBlock(done);
  }

  /** Takes an element out of the order of insertion. */
  private unlink(b: Builder, element: Ref): void {
    const before = b.load(Op.Load32u, element, Element.Before);
    const after = b.load(Op.Load32u, element, Element.After);
    this.link(b, before, Element.After, TableHeader.First, after);
    this.link(b, after, Element.Before, TableHeader.Last, before);
  }

  /** Sets a neighbour's link, or the header's where there is no neighbour. */
  private link(b: Builder, neighbour: Ref, field: i32, end: i32, value: Ref): void {
    const inner = b.newBlock("inner");
    const outer = b.newBlock("outer");
    const done = b.newBlock("linked");
    b.branch(neighbour, inner, outer);
    b.setBlock(inner);
    b.store(Op.Store32, this.element(b, neighbour), field, value);
    b.jump(done);
    b.setBlock(outer);
    b.store(Op.Store32, this.header(b), end, value);
    b.jump(done);
    b.setBlock(done);
  }

  /** () -> 0: takes all elements out */
  get clear(): i32 {
    if (this.clearFunction >= 0) return this.clearFunction;
    const fn = this.routine("clear", 0);
    this.clearFunction = fn.index;
    const b = new Builder(fn);
    repeat(this.shared, b, this.makeClearStep(), b.constant(0), this.buckets + 1);
    b.ret(b.constant(0));
    return this.clearFunction;
  }

  /** (0) -> 0, or 1 when there was no element to take out */
  private makeClearStep(): i32 {
    const fn = this.routine("clear_one", 1);
    const b = new Builder(fn);
    const some = b.newBlock("some");
    const empty = b.newBlock("empty");
    const first = this.first(b);
    b.setCold(empty);
    b.branchIf(Op.Eq, first, b.constant(0), empty, some);
    b.setBlock(some);
    b.callFunction(this.remove, [first]);
    b.ret(b.constant(0));
    b.setBlock(empty);
    b.ret(b.constant(1));
    return fn.index;
  }

  /** A field of an element as a place. */
  placeIn(element: Ref, offset: i32, capacity: i32): Place {
    return new Place(Base.Pointer, element, offset, capacity);
  }
}
