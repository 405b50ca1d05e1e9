// The state of lowering one IR function, and what all parts of lowering share.
//
//   Lowering   one handler or subprogram under construction: builder, variables, frame area, exits
//   Shared     the whole object: unit, frame plan, run-time routines, subprograms
//
// A handler's code has one exit: `exitBlock` for the ordinary end, `errorBlock` for soft errors (the error's site is in
// `errorSite`). A subprogram returns at its ends and leaves an error in the frame for its caller.

import { Helper } from "../../common/format/helpers";
import { NONE } from "../../common/format/manifest";
import { ArgumentType, SiteKind } from "../../common/format/record";
import { Reporter } from "../diagnostics/diagnostic";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit, UnitArgument, UnitPosition, UnitSite } from "../ir/unit";
import { escapeFormat } from "../semantic/formats";
import { FunctionSymbol, GlobalSymbol, LocalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { ForeachStatement } from "../syntax/ast";
import { FrameHeader, FramePlan, Hole } from "./frame";
import { Heap, HeapArea } from "./heap";
import { frameMask, Library } from "./library";
import { Base, capacityFor, literalPlace, literalWord, Place, SMALL_BYTES, sectionOf } from "./place";
import { Regexes } from "./regex";
import { Memo } from "./scope";
import { Shards } from "./shards";
import { StatsRoutines } from "./stats";
import { Activation } from "./steps";
import { copyString } from "./string";
import { Table } from "./table";

/** Bytes of BPF stack that one function's string slots may take; the chain of calls has 512 in all. */
const STACK_BUDGET: i32 = 192;

/** The same where loops and calls make chains of functions. */
const FRAMED_STACK_BUDGET: i32 = 32;

/** Largest offset that a load or store instruction holds. */
export const MAX_OFFSET: i32 = 32000;

/** What lowering shares between functions. */
export class Shared {
  unit: Unit = new Unit();
  plan: FramePlan = new FramePlan();
  /** Indexes of the run-time routines in the module, by Routine; -1 not made yet. */
  routines: i32[] = [];
  /** Offset in .bss of each global, by its index. */
  globalOffsets: i32[] = [];
  /** The table of each array, by the global's index; null for scalars. */
  tables: (Table | null)[] = [];
  /** By the global's index: the copies of scalar statistics, the claims of arrays of them; null where there are none. */
  shards: (Shards | null)[] = [];
  /** Where each sorted foreach builds its heap. */
  heapAreas: Map<ForeachStatement, HeapArea> = new Map<ForeachStatement, HeapArea>();
  heaps: Map<ForeachStatement, Heap> = new Map<ForeachStatement, Heap>();
  statsRoutines: Map<GlobalSymbol, StatsRoutines> = new Map<GlobalSymbol, StatsRoutines>();
  /** Index in the module of each function lowered as a subprogram; -1 being lowered. */
  subprograms: Map<FunctionSymbol, Subprogram> = new Map<FunctionSymbol, Subprogram>();
  /** Sites there were before the handler that is being lowered. */
  attemptMark: i32 = 0;
  /** Subprograms whose bodies are still to be lowered. */
  pending: Subprogram[] = [];
  /** Some `try` wants the message of what it catches. */
  catchesMessages: bool = false;
  /** Statements that a handler may run before MAXACTION stops it. */
  maxActions: i32 = 1000;
  /** The same of begin, end and timers (MAXACTION_INTERRUPTIBLE). */
  maxAgentActions: i32 = 10000;
  /** What the handler with loops that may run the most of them may run: the bound of loops in functions that they share. */
  mostActions: i32 = 0;
  /** Routines and scratch areas of strings. */
  library: Library = new Library();
  /** Its regular expressions. */
  regexes: Regexes;
  /** Nested calls that recursive functions may make (MAXNESTING); -1: as many as analysis finds, and ten. */
  maxNesting: i32 = -1;
  /** Ticks of the kernel in a second. */
  hz: i32 = 250;
  /** Of each probe site: what pp() and its like say of it. */
  siteTexts: string[][] = [];
  private message: Place | null = null;
  /** The stack slot of each function that looks up values of maps, for their numbers. */
  private lookupKeys: Map<Func, Ref> = new Map<Func, Ref>();

  /** The stack slot for the number of a map's value to look up. */
  lookupKey(b: Builder): Ref {
    if (!this.lookupKeys.has(b.fn)) this.lookupKeys.set(b.fn, b.slot(8));
    return this.lookupKeys.get(b.fn);
  }

  /** Whether some error's message waits in the frame. */
  get hasMessage(): bool {
    return this.message !== null;
  }

  private positions: Map<string, i32> = new Map<string, i32>();
  private sites: Map<string, i32> = new Map<string, i32>();
  /** The key of each site in `sites`, or empty. */
  private siteKeys: string[] = [];

  constructor(
    public reporter: Reporter,
    /** MAXSTRINGLEN - 1 */
    public maxLength: i32,
    /** Compare-and-exchange may be used, and must be where plain atomics give no order (arm64). */
    public fetchingAtomics: bool,
  ) {
    this.regexes = new Regexes(maxLength);
  }

  /** The number of a source position. */
  position(range: Range): i32 {
    const place = range.place;
    if (this.positions.has(place)) return this.positions.get(place);
    const line = range.line;
    const source = range.source;
    const index = this.unit.positions.length;
    this.unit.positions.push(new UnitPosition(source.name, line, range.column, source.lineText(line)));
    this.positions.set(place, index);
    return index;
  }

  /** The number of a site; control sites that say the same at the same place are one. */
  site(kind: SiteKind, format: string, range: Range | null, near: string, args: UnitArgument[]): i32 {
    const position = range ? this.position(range) : NONE;
    const key = `${<i32>kind}:${position}:${near}:${format}`;
    if (args.length == 0 && this.sites.has(key)) return this.sites.get(key);
    const site = new UnitSite(kind, format, position, near);
    site.args = args;
    this.unit.sites.push(site);
    const index = this.unit.sites.length - 1;
    this.siteKeys.push(args.length == 0 ? key : "");
    if (args.length == 0) this.sites.set(key, index);
    return index;
  }

  /** Where an error's message waits in the frame. */
  messagePlace(): Place {
    const known = this.message;
    if (known !== null) return known;
    const capacity = capacityFor(this.maxLength);
    const made = new Place(Base.Frame, NoRef, this.plan.reserveFunction(capacity), capacity);
    this.message = made;
    return made;
  }

  /** How many sites there are; `rollback` forgets those made since. */
  mark(): i32 {
    return this.unit.sites.length;
  }

  rollback(mark: i32): void {
    for (let i = mark, n = this.siteKeys.length; i < n; ++i) this.sites.delete(this.siteKeys[i]);
    this.siteKeys.length = mark;
    this.unit.sites.length = mark;
  }
}

/** A script function that is called, not inlined. */
export class Subprogram {
  index: i32 = -1;
  /** Offsets in the frame of parameters (long or string) and of a string result. */
  parameters: i32[] = [];
  result: i32 = -1;
  lowering: Lowering | null = null;
  constructor(public symbol: FunctionSymbol) {}
}

/** Where a local of the script lives. */
export class Storage {
  /** IR variable of a long, or -1. */
  variable: i32 = -1;
  /** Place of a string. */
  place: Place | null = null;
}

/** Where `return` in an inlined function goes. */
export class Inlining {
  /** IR variable of a long result, or -1. */
  variable: i32 = -1;
  /** Place of a string result; in a function whose locals live in the frame, of any result. */
  place: Place | null = null;
  constructor(
    public symbol: FunctionSymbol,
    /** The IR function whose blocks these are: a loop's body is another one. */
    public home: Lowering,
    public exit: i32,
    /** Block of the next overload, or -1. */
    public nextOverload: i32,
    public outer: Inlining | null,
  ) {}
}

/** Where `break` and `continue` go. A loop's body is in one IR function. */
export class Loop {
  constructor(
    public breakBlock: i32,
    public continueBlock: i32,
    public outer: Loop | null,
  ) {}
}

/** Where errors go inside of `try`. */
export class Catch {
  constructor(
    public block: i32,
    /** Place of the message, if it is wanted. */
    public message: Place | null,
    public outer: Catch | null,
  ) {}
}

/** What a loop's body returns to the code that drives it. */
export const enum Status {
  Continue = 0,
  Break = 1,
  /** An error is in the frame. */
  Error = 2,
  /** `return` from the function around the loop; its result is in its place. */
  Return = 3,
  /** `next` */
  Next = 4,
}

/** Bits above a site's number on the way to a handler's error exit. */
export const enum ErrorBits {
  /** The site's one argument is the message in the frame. */
  Message = 0x10000,
  /** `try` does not catch it: MAXACTION. */
  Uncatchable = 0x20000,
}

/** One IR function under construction. */
export class Lowering {
  fn: Func;
  b: Builder;
  memo: Memo = new Memo();
  locals: Map<LocalSymbol, Storage> = new Map<LocalSymbol, Storage>();
  /** Places that inlined functions' locals had before: used again by the next inlining. */
  declared: Map<LocalSymbol, Storage> = new Map<LocalSymbol, Storage>();
  inlining: Inlining | null = null;
  loop: Loop | null = null;
  catching: Catch | null = null;
  private owner: Lowering | null;
  /** Root: locals live in the frame, because bodies of loops are functions of their own. */
  framed: bool = false;
  /** Root: loops' bodies become functions of their own, as the verifier wants it. */
  outlines: bool = false;
  /** Root: nothing else runs beside it, or it has the lock. */
  alone: bool = true;
  /** Root: statements that it may run, as the verifier must know it. */
  actions: i32 = 0;
  /** Root: loops' bodies so far. */
  bodies: i32 = 0;
  /** Root: whose code this is, in a handler that runs in steps. */
  activation: Activation | null = null;
  /** A loop's body: which ways of leaving it are used. */
  mayReturn: bool = false;
  mayNext: bool = false;
  /** Bytes of script text inlined so far. */
  inlinedText: i32 = 0;
  /** Result of the last call of a script function. */
  longResult: Ref = NoRef;
  stringResult: Place | null = null;
  /** Where the string result of the call that comes next is wanted, if that is known. */
  wanted: Place | null = null;
  /** How deep function calls are nested here. */
  depth: i32 = 0;
  exitBlock: i32 = -1;
  errorBlock: i32 = -1;
  /** IR variable: site of the error on the way to `errorBlock`; -1: it is reported already. */
  errorSite: i32;
  /** Whether something jumps to `errorBlock`. */
  mayFail: bool = false;
  usesFrame: bool = false;
  /** Output of this handler is put together in the frame. */
  buffered: bool = false;
  /** Direct: most items printed on any path so far. */
  directItems: i32 = 0;
  /** Found while lowering directly: it must be lowered again, buffered. */
  needsBuffer: bool = false;
  /** Found while lowering without cuts: it must be lowered again, with them. */
  needsCut: bool = false;
  /** Most bytes of output, all paths added up. */
  outputTotal: i32 = 0;
  /** Something jumps to `exitBlock` before the handler's end. */
  exitEarly: bool = false;
  /** The output may outgrow the frame: it is written in pieces. */
  mayCut: bool = false;
  /** The length of the output so far, if it is known; -1: it is in the frame. */
  outputKnown: i32 = 0;
  /** Bytes of the handlers' (or function's) area taken. */
  areaBytes: i32 = 0;
  /** Subprogram: offset of its area in the frame; -1: a handler. */
  private frameVariable: i32;
  private areaVariable: i32;
  private outputVariable: i32;
  /** IR variable: the frame's offset in the arena, a scalar. */
  frameOffset: i32;
  /** IR variable, of a function that runs in steps: where its area begins in the frame. */
  private areaOffsetVariable: i32;
  private stackBytes: i32 = 0;
  /** Root: temporary places of the statements around what is being lowered, and those that are free again, by size. */
  private temporaries: Place[] = [];
  private released: Map<i32, Place[]> = new Map<i32, Place[]>();
  /** Zeroing of string slots and other things that come first. */
  readonly entry: i32;

  constructor(
    public shared: Shared,
    name: string,
    public isHandler: bool,
    root: Lowering | null = null,
    parameters: i32 = 1,
  ) {
    const fn = new Func(name, isHandler ? Linkage.Handler : Linkage.Subprogram, parameters);
    const b = new Builder(fn);
    this.fn = fn;
    this.b = b;
    this.owner = root;
    this.errorSite = b.variable("error");
    this.frameVariable = b.variable("frame");
    this.areaVariable = b.variable("area");
    this.outputVariable = b.variable("output");
    this.frameOffset = b.variable("frame_offset");
    this.areaOffsetVariable = b.variable("area_offset");
    this.entry = b.current();
  }

  /** The handler or subprogram whose area of the frame this one uses: itself, but for loops' bodies. */
  get root(): Lowering {
    const owner = this.owner;
    return owner !== null ? owner : this;
  }

  get unit(): Unit {
    return this.shared.unit;
  }

  /** Gives what is built from now on a source position. */
  at(range: Range): void {
    this.b.position = this.shared.position(range);
  }

  constant(value: i64): Ref {
    return this.b.constant(value);
  }

  /** Address of .bss; fields are reached by offsets from it, so that one register serves all. */
  bss(): Ref {
    return this.b.addressOf(AddressKind.Bss, 0);
  }

  // ------------------------------------------------------------------------------------------------------- frame

  /** The frame that the handler claimed. */
  frame(): Ref {
    this.usesFrame = true;
    this.root.usesFrame = true;
    this.shared.plan.used = true;
    return this.b.getVar(this.frameVariable);
  }

  /** The handlers' area in the frame. */
  area(): Ref {
    this.usesFrame = true;
    return this.b.getVar(this.areaVariable);
  }

  /** Where output is put together in the frame. */
  output(): Ref {
    this.usesFrame = true;
    return this.b.getVar(this.outputVariable);
  }

  /** Sets the frame's variables from its offset in the arena; part of the prologue. */
  defineFrame(offset: Ref): void {
    const b = this.b;
    b.setVar(this.frameOffset, offset);
    const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.unit.frameOffset), offset);
    b.setVar(this.frameVariable, frame);
    b.setVar(this.areaVariable, b.binary(Op.Add, frame, this.shared.plan.placeholder(this.fn, Hole.Handler)));
    b.setVar(this.outputVariable, b.binary(Op.Add, frame, this.shared.plan.placeholder(this.fn, Hole.Output)));
  }

  /** The same in a subprogram, which gets the offset as a parameter that the verifier knows nothing of. */
  defineMaskedFrame(offset: Ref): void {
    this.usesFrame = true;
    this.shared.plan.used = true;
    this.defineFrame(this.b.binary(Op.And, offset, frameMask(this.b)));
  }

  /** In a function that runs in steps: the area is the record of the activation whose turn it is. */
  defineRecord(): void {
    const b = this.b;
    const record = b.load(Op.Load32u, b.getVar(this.frameVariable), FrameHeader.Record);
    const offset = b.binary(Op.Add, record, this.shared.plan.placeholder(this.fn, Hole.Handler));
    const bounded = b.binary(Op.And, offset, this.shared.plan.placeholder(this.fn, Hole.Mask));
    b.setVar(this.areaOffsetVariable, bounded);
    b.setVar(this.areaVariable, b.binary(Op.Add, b.getVar(this.frameVariable), bounded));
  }

  /** IR variable: the address of the handlers' area. */
  get areaBase(): i32 {
    return this.areaVariable;
  }

  /** Where the handlers' area begins in the frame, a scalar. */
  areaOffset(): Ref {
    if (this.root.activation !== null) return this.b.getVar(this.areaOffsetVariable);
    return this.shared.plan.placeholder(this.fn, Hole.Handler);
  }

  /** Builds into the function of another lowering from now on: both began alike, so that variables have equal numbers. */
  join(other: Lowering): void {
    this.fn = other.fn;
    this.b = other.b;
  }

  /** A place for a string that lasts until the function ends; its content is undefined. */
  newPlace(capacity: i32): Place {
    if (this.root.activation !== null) return this.newFramePlace(capacity);
    const budget = this.root.framed ? FRAMED_STACK_BUDGET : STACK_BUDGET;
    if (capacity <= SMALL_BYTES && this.stackBytes + capacity <= budget) {
      this.stackBytes += capacity;
      return new Place(Base.Pointer, this.b.slot(capacity), 0, capacity);
    }
    return this.newFramePlace(capacity);
  }

  /** Stack for a record of so many bytes; NoRef if there is too little of it. */
  newRecord(bytes: i32): Ref {
    const budget = this.root.framed ? FRAMED_STACK_BUDGET : STACK_BUDGET;
    if (this.root.activation !== null || this.stackBytes + bytes > budget) return NoRef;
    this.stackBytes += bytes;
    return this.b.slot(bytes);
  }

  /** A place for a string that lasts until the statement at hand ends; its content is undefined. */
  newTemporary(capacity: i32): Place {
    if (this.root.activation !== null) return this.newFramePlace(capacity);
    const budget = this.root.framed ? FRAMED_STACK_BUDGET : STACK_BUDGET;
    if (capacity <= SMALL_BYTES && this.stackBytes + capacity <= budget) return this.newPlace(capacity);
    return this.newFrameTemporary(capacity);
  }

  /** The same, in the frame whatever its size. */
  newFrameTemporary(capacity: i32): Place {
    const root = this.root;
    // There, all that a statement takes is given back at its end.
    if (root.activation !== null) return this.newFramePlace(capacity);
    const free = root.released.has(capacity) ? root.released.get(capacity) : [];
    let place: Place;
    if (free.length > 0) {
      const old = free.pop();
      place = new Place(old.base, NoRef, old.offset, capacity);
      this.usesFrame = true;
    } else {
      place = this.newFramePlace(capacity);
    }
    root.temporaries.push(place);
    return place;
  }

  /** How many temporary places are in use; `releaseTemporaries` gives back those made since. */
  markTemporaries(): i32 {
    const activation = this.root.activation;
    return activation !== null ? activation.mark() : this.root.temporaries.length;
  }

  releaseTemporaries(mark: i32): void {
    const root = this.root;
    const activation = root.activation;
    if (activation !== null) activation.release(mark);
    while (activation === null && root.temporaries.length > mark) {
      const place = root.temporaries.pop();
      if (!root.released.has(place.capacity)) root.released.set(place.capacity, []);
      root.released.get(place.capacity).push(place);
    }
  }

  /** A place that lasts, in the frame whatever its size. */
  newFramePlace(capacity: i32): Place {
    const root = this.root;
    root.usesFrame = true;
    this.usesFrame = true;
    const activation = root.activation;
    if (activation !== null) return activation.newPlace(capacity);
    if (!root.isHandler) {
      return new Place(Base.Frame, NoRef, this.shared.plan.reserveFunction(capacity), capacity);
    }
    const at = root.areaBytes;
    root.areaBytes += capacity;
    this.shared.plan.used = true;
    return new Place(Base.Handler, NoRef, at, capacity);
  }

  // ------------------------------------------------------------------------------------------------------ places

  /** The register that a place's offset counts from. */
  baseOf(place: Place): Ref {
    switch (place.base) {
      case Base.Pointer:
        return place.ref;
      case Base.Handler:
        return this.area();
      case Base.Frame:
        return this.frame();
      default: {
        assert(place.base != Base.Literal, "a literal has no address");
        return this.b.addressOf(sectionOf(place.base), place.offset > MAX_OFFSET ? place.offset : 0);
      }
    }
  }

  /** What to add to `baseOf`. */
  offsetOf(place: Place): i32 {
    const direct = place.base == Base.Bss || place.base == Base.Rodata;
    return direct && place.offset > MAX_OFFSET ? 0 : place.offset;
  }

  /** A pointer to a place, for helpers. */
  pointer(place: Place): Ref {
    const base = this.baseOf(place);
    const offset = this.offsetOf(place);
    return offset == 0 ? base : this.b.binary(Op.Add, base, this.constant(offset));
  }

  /** Word `index` of a small string; of a literal, a constant. Beyond its capacity: zero. */
  word(place: Place, index: i32): Ref {
    if (place.isLiteral) return this.constant(literalWord(place.text, index));
    if (index * 8 >= place.capacity) return this.constant(0);
    return this.b.load(Op.Load64, this.baseOf(place), this.offsetOf(place) + index * 8);
  }

  storeWord(place: Place, index: i32, value: Ref): void {
    this.b.store(Op.Store64, this.baseOf(place), this.offsetOf(place) + index * 8, value);
  }

  // ------------------------------------------------------------------------------------------------------- exits

  /** Leaves with a soft error: `message` is what `try` catches, `near` what the report names. */
  fail(message: string, range: Range, near: string, bits: i32 = 0): void {
    const site = this.shared.site(SiteKind.Error, escapeFormat(message), range, near, []);
    const catching = this.catching;
    if (catching !== null && (bits & ErrorBits.Uncatchable) == 0) {
      const to = catching.message;
      if (to !== null) copyString(this, literalPlace(message), to);
      this.flushKnown();
      this.b.jump(catching.block);
      return;
    }
    // In a handler nobody is left to catch it; who calls a subprogram may.
    if (!this.isHandler && this.shared.catchesMessages)
      copyString(this, literalPlace(message), this.shared.messagePlace());
    this.leaveWith(this.constant(site | bits));
  }

  /** Leaves with an error whose message is a string. */
  failWith(message: Place, range: Range, near: string): void {
    const catching = this.catching;
    if (catching !== null) {
      const to = catching.message;
      if (to !== null) copyString(this, message, to);
      this.flushKnown();
      this.b.jump(catching.block);
      return;
    }
    // Who calls may still catch it: the message waits in the frame until it is known that nobody does.
    const capacity = this.shared.messagePlace().capacity;
    copyString(this, message, this.shared.messagePlace());
    const argument = new UnitArgument(ArgumentType.String, capacity - 1);
    const site = this.shared.site(SiteKind.Error, "%s", range, near, [argument]);
    this.leaveWith(this.constant(site | ErrorBits.Message));
  }

  /** To the function's error exit with a site and its bits. */
  leaveWith(error: Ref): void {
    this.mayFail = true;
    this.flushKnown();
    this.b.setVar(this.errorSite, error);
    this.b.jump(this.errorBlock);
  }

  /** An error that a called function left in the frame: to whoever catches it here, or on. */
  failFromFrame(): void {
    const b = this.b;
    const code = b.load(Op.Load32u, this.frame(), FrameHeader.Error);
    const error = b.binary(Op.Sub, code, this.constant(1));
    const catching = this.catching;
    if (catching !== null) {
      const caught = b.newBlock("caught");
      const fatal = b.newBlock("fatal");
      const bit = b.binary(Op.And, error, this.constant(ErrorBits.Uncatchable));
      b.branchIf(Op.Eq, bit, this.constant(0), caught, fatal);
      b.setBlock(caught);
      b.store(Op.Store32, this.frame(), FrameHeader.Error, this.constant(0));
      const to = catching.message;
      if (to !== null) copyString(this, this.shared.messagePlace(), to);
      this.flushKnown();
      b.jump(catching.block);
      b.setBlock(fatal);
    }
    this.leaveWith(error);
  }

  /** Ends a handler that is counted as skipped. */
  skipHandler(): void {
    assert(this.isHandler, "only a handler without loops and functions works without the lock");
    this.exitEarly = true;
    this.flushKnown();
    this.b.jump(this.exitBlock);
  }

  /** Fails with a fixed message when the compare is true; goes on in a new block otherwise. */
  failIf(op: Op, a: Ref, b: Ref, message: string, range: Range, near: string): void {
    const bad = this.b.newBlock("fail");
    const good = this.b.newBlock("ok");
    this.b.setCold(bad);
    this.b.branchIf(op, a, b, bad, good);
    this.b.setBlock(bad);
    const known = this.outputKnown;
    this.fail(message, range, near);
    this.outputKnown = known;
    this.b.setBlock(good);
  }

  // ------------------------------------------------------------------------------------------------------ output

  /** Before control joins code that does not know the output's length: puts it into the frame. */
  flushKnown(): void {
    if (!this.buffered || this.outputKnown < 0) return;
    this.b.store(Op.Store64, this.frame(), FrameHeader.OutputLength, this.constant(this.outputKnown));
  }

  /** From here on the output's length is in the frame only. */
  leaveUnknown(): void {
    this.flushKnown();
    if (this.buffered) this.outputKnown = -1;
  }

  // -------------------------------------------------------------------------------------------------------- memo

  /** Calls a helper without arguments whose answer cannot change during the handler; asks once. */
  constantHelper(helper: Helper): Ref {
    const known = this.memo.find(helper);
    if (known != NoRef) return known;
    const value = this.b.callHelper(helper, []);
    this.memo.remember(helper, value);
    return value;
  }
}
