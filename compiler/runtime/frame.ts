// The memory of one function under construction: its part of the claimed frame, its stack, and places in both.
//
//   Frame       how one IR function reaches the frame that its handler claimed
//   RecordArea  in a handler that runs in steps: the record of one activation, which holds its places instead
//
// The bodies of loops are separate functions. They use the area of the surrounding function, their *root*. Values that
// both sides access are in the frame, never on a stack.

import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { frameMask } from "./arena";
import { Base, literalWord, MAX_OFFSET, Place, SMALL_BYTES, sectionOf } from "./place";
import { FrameWord, Hole } from "./plan";
import { Runtime } from "./runtime";

/** Limit of BPF stack for the string slots of one function. A whole chain of calls has 512 bytes. */
const STACK_BUDGET: i32 = 192;

/** The same limit for functions that are part of call chains through loops and calls. */
const FRAMED_STACK_BUDGET: i32 = 32;

/** Memory of one activation in a handler that runs in steps. Places are released at the end of each statement. */
export abstract class RecordArea {
  abstract newPlace(capacity: i32): Place;
  /** The amount reserved so far. `release` frees everything reserved since. */
  abstract mark(): i32;
  abstract release(mark: i32): void;
}

/**
 * IR variables through which a function reaches its frame. Functions that are built into one IR function share them.
 */
export class FrameVariables {
  /** The frame's address. */
  frame: i32;
  /** The address of the handlers' area, or of a record in it. */
  area: i32;
  /** The address of the output area. */
  output: i32;
  /** The frame's offset in the arena, a scalar. */
  offset: i32;
  /** In a function that runs in steps: where the area begins in the frame. */
  areaOffset: i32;

  constructor(public b: Builder) {
    this.frame = b.variable("frame");
    this.area = b.variable("area");
    this.output = b.variable("output");
    this.offset = b.variable("frame_offset");
    this.areaOffset = b.variable("area_offset");
  }
}

/** One IR function's memory. */
export class Frame {
  /** The function uses the frame, so its handler must claim one. */
  isUsed: bool = false;
  /** Locals of the script live in the frame, because the bodies of loops are separate functions. */
  holdsLocals: bool = false;
  /** Root: bytes reserved in the handlers' area. */
  areaBytes: i32 = 0;
  /** Root: the record that provides the places. */
  record: RecordArea | null = null;
  private owner: Frame | null;
  private stackBytes: i32 = 0;
  /** Root: temporary places in use by the statements around this point, and the free ones by size. */
  private temporaries: Place[] = [];
  private released: Map<i32, Place[]> = new Map<i32, Place[]>();

  constructor(
    public runtime: Runtime,
    public variables: FrameVariables,
    /** The root of a loop's body; null if this function is a root. */
    root: Frame | null,
    /**
     * It belongs to a handler: its places lie in the handlers' area. Those of a function lie in the functions' part.
     */
    public isHandler: bool,
  ) {
    this.owner = root;
  }

  get b(): Builder {
    return this.variables.b;
  }

  /** The frame of the handler or function whose area this one uses. Only for a loop's body is it another frame. */
  get root(): Frame {
    const owner = this.owner;
    return owner !== null ? owner : this;
  }

  // -------------------------------------------------------------------------------------------------------- addresses

  /** The address of the frame that the handler has claimed. */
  address(): Ref {
    this.claim();
    return this.b.getVar(this.variables.frame);
  }

  /** Has the handler claim a frame even if it needs none. */
  claim(): void {
    this.isUsed = true;
    this.root.isUsed = true;
    this.runtime.plan.used = true;
  }

  /** The frame's offset in the arena. Routines take this offset. */
  offset(): Ref {
    return this.b.getVar(this.variables.offset);
  }

  /** The address of the handlers' area in the frame. */
  area(): Ref {
    this.isUsed = true;
    return this.b.getVar(this.variables.area);
  }

  /** The address of the output area. */
  output(): Ref {
    this.isUsed = true;
    return this.b.getVar(this.variables.output);
  }

  /** Where the handlers' area begins in the frame, a scalar. */
  private areaOffset(): Ref {
    if (this.root.record !== null) return this.b.getVar(this.variables.areaOffset);
    return this.runtime.plan.placeholder(this.b.fn, Hole.Handler);
  }

  /** The value of a word of the frame's header. */
  load(op: Op, word: FrameWord): Ref {
    return this.b.load(op, this.address(), word);
  }

  /** Sets a word of the frame's header. */
  store(op: Op, word: FrameWord, value: Ref): void {
    this.b.store(op, this.address(), word, value);
  }

  // -------------------------------------------------------------------------------------------------------- prologues

  /** Sets the variables from the frame's offset in the arena. */
  private define(offset: Ref): void {
    const b = this.b;
    const plan = this.runtime.plan;
    b.setVar(this.variables.offset, offset);
    const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.runtime.unit.frameOffset), offset);
    b.setVar(this.variables.frame, frame);
    b.setVar(this.variables.area, b.binary(Op.Add, frame, plan.placeholder(b.fn, Hole.Handler)));
    b.setVar(this.variables.output, b.binary(Op.Add, frame, plan.placeholder(b.fn, Hole.Output)));
  }

  /** Sets the variables from an offset that the verifier cannot bound: a parameter, or the result of a routine. */
  defineMasked(offset: Ref): void {
    this.isUsed = true;
    this.runtime.plan.used = true;
    this.define(this.b.binary(Op.And, offset, frameMask(this.b)));
  }

  /** In a function that runs in steps: the area is the record of the running activation. */
  defineRecord(): void {
    const b = this.b;
    const plan = this.runtime.plan;
    const record = b.load(Op.Load32u, b.getVar(this.variables.frame), FrameWord.Record);
    const offset = b.binary(Op.Add, record, plan.placeholder(b.fn, Hole.Handler));
    const bounded = b.binary(Op.And, offset, plan.placeholder(b.fn, Hole.Mask));
    b.setVar(this.variables.areaOffset, bounded);
    b.setVar(this.variables.area, b.binary(Op.Add, b.getVar(this.variables.frame), bounded));
  }

  // ----------------------------------------------------------------------------------------------------------- places

  private get stackBudget(): i32 {
    return this.root.holdsLocals ? FRAMED_STACK_BUDGET : STACK_BUDGET;
  }

  /** A place for a string that lasts until the function ends; its content is undefined. */
  newPlace(capacity: i32): Place {
    if (this.root.record !== null) return this.newFramePlace(capacity);
    if (capacity <= SMALL_BYTES && this.stackBytes + capacity <= this.stackBudget) {
      this.stackBytes += capacity;
      return new Place(Base.Pointer, this.b.slot(capacity), 0, capacity);
    }
    return this.newFramePlace(capacity);
  }

  /** Stack for a ring record of that many bytes; NoRef if there is too little stack. */
  newRecord(bytes: i32): Ref {
    if (this.root.record !== null || this.stackBytes + bytes > this.stackBudget) return NoRef;
    this.stackBytes += bytes;
    return this.b.slot(bytes);
  }

  /** A place for a string that lasts until the current statement ends; its content is undefined. */
  newTemporary(capacity: i32): Place {
    if (this.root.record !== null) return this.newFramePlace(capacity);
    if (capacity <= SMALL_BYTES && this.stackBytes + capacity <= this.stackBudget) return this.newPlace(capacity);
    return this.newFrameTemporary(capacity);
  }

  /** A temporary place, in the frame whatever its size. */
  newFrameTemporary(capacity: i32): Place {
    const root = this.root;
    // In a record, everything that a statement reserves is released at its end.
    if (root.record !== null) return this.newFramePlace(capacity);
    const free = root.released.has(capacity) ? root.released.get(capacity) : [];
    let place: Place;
    if (free.length > 0) {
      const old = free.pop();
      place = new Place(old.base, NoRef, old.offset, capacity);
      this.isUsed = true;
    } else {
      place = this.newFramePlace(capacity);
    }
    root.temporaries.push(place);
    return place;
  }

  /** The number of temporary places in use. `releaseTemporaries` frees those made since. */
  markTemporaries(): i32 {
    const record = this.root.record;
    return record !== null ? record.mark() : this.root.temporaries.length;
  }

  releaseTemporaries(mark: i32): void {
    const root = this.root;
    const record = root.record;
    if (record !== null) record.release(mark);
    while (record === null && root.temporaries.length > mark) {
      const place = root.temporaries.pop();
      if (!root.released.has(place.capacity)) root.released.set(place.capacity, []);
      root.released.get(place.capacity).push(place);
    }
  }

  /** A place that lasts until the function ends, in the frame whatever its size. */
  newFramePlace(capacity: i32): Place {
    const root = this.root;
    root.isUsed = true;
    this.isUsed = true;
    const record = root.record;
    if (record !== null) return record.newPlace(capacity);
    if (!root.isHandler) {
      return new Place(Base.Frame, NoRef, this.runtime.plan.reserveFunction(capacity), capacity);
    }
    const at = root.areaBytes;
    root.areaBytes += capacity;
    this.runtime.plan.used = true;
    return new Place(Base.Handler, NoRef, at, capacity);
  }

  // ------------------------------------------------------------------------------------------------- places' contents

  /** The register that a place's offset is relative to. */
  baseOf(place: Place): Ref {
    switch (place.base) {
      case Base.Pointer:
        return place.ref;
      case Base.Handler:
        return this.area();
      case Base.Frame:
        return this.address();
      default: {
        assert(place.base != Base.Literal, "a literal has no address");
        return this.b.addressOf(sectionOf(place.base), place.offset > MAX_OFFSET ? place.offset : 0);
      }
    }
  }

  /** The offset to add to `baseOf`. */
  offsetOf(place: Place): i32 {
    const direct = place.base == Base.Bss || place.base == Base.Rodata;
    return direct && place.offset > MAX_OFFSET ? 0 : place.offset;
  }

  /** A pointer to a place, for helpers. */
  pointer(place: Place): Ref {
    const base = this.baseOf(place);
    const offset = this.offsetOf(place);
    return offset == 0 ? base : this.b.binary(Op.Add, base, this.b.constant(offset));
  }

  /** The arena offset of a place in the frame, as a scalar. */
  offsetInArena(place: Place): Ref {
    const b = this.b;
    let offset = this.offset();
    if (place.base == Base.Handler) offset = b.binary(Op.Add, offset, this.areaOffset());
    return b.binary(Op.Add, offset, b.constant(place.offset));
  }

  /** Word `index` of a small string; a constant for a literal. Words beyond the capacity are zero. */
  word(place: Place, index: i32): Ref {
    if (place.isLiteral) return this.b.constant(literalWord(place.text, index));
    if (index * 8 >= place.capacity) return this.b.constant(0);
    return this.b.load(Op.Load64, this.baseOf(place), this.offsetOf(place) + index * 8);
  }

  storeWord(place: Place, index: i32, value: Ref): void {
    this.b.store(Op.Store64, this.baseOf(place), this.offsetOf(place) + index * 8, value);
  }
}
