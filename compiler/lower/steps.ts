// Handlers that run in steps: handlers that call recursive functions, and handlers whose call chains are deeper than
// the kernel allows (decision 0012).
//
// One IR function, the machine, contains the handler's statements and the bodies of all functions that it calls. Loops
// are in line. Calls, returns and loops suspend the machine: it stores the number of the next piece in the frame and
// returns 0 to a driver in the handler. The driver calls it again until it returns 1. ir/cut.ts makes the pieces. Each
// activation of a function has a record in the handlers' area of the frame. The records follow one another:
//
//   0              8                                                         0
//   +-------+------+------------+--------+--------------------+--------------+-------
//   | piece | from | parameters | result | locals, temporaries | kept values | record of what it calls
//   +-------+------+------------+--------+--------------------+--------------+-------
//
// `piece` is where the caller resumes; `from` is where the caller's record begins. A number is returned in the frame's
// header. So is an error, as with subprograms (FrameWord.Error).

import { Engine, NONE } from "../../common/format/manifest";
import { Builder } from "../ir/build";
import { CutMemory, cut } from "../ir/cut";
import { constantRef, Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { RecordArea } from "../runtime/frame";
import { Base, capacityFor, Place } from "../runtime/place";
import { FrameWord, Hole } from "../runtime/plan";
import { Handler } from "../semantic/script";
import { Effects, FunctionSymbol } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { SoftError } from "./exits";
import { FunctionParts, Lowering } from "./lowering";
import { Inlining } from "./scope";

/** The machine's return value. */
export const enum Step {
  /** The driver must call it again. */
  More = 0,
  Done = 1,
}

/** Byte offsets in a record. */
const enum ActivationWord {
  /** u32: the piece at which the caller resumes. */
  Piece = 0,
  /** u32: where the caller's record begins. */
  From = 4,
  Size = 8,
}

/**
 * Limit of a record's bytes. The slack behind the arena must hold a record that begins at a frame's end (ARENA_SLACK).
 */
const MOST_RECORD: i32 = 61440;
/** Extra activations for recursive functions, on top of the depth of a chain without recursion, as in stap. */
const BONUS: i32 = 10;

/** The code of one function, or of the handler's own statements, in a machine. */
export class Activation extends RecordArea {
  /** The end of the places taken so far. */
  private used: i32 = ActivationWord.Size;
  private least: i32 = ActivationWord.Size;
  private most: i32 = ActivationWord.Size;
  /** Offsets in the record. */
  parameters: i32[] = [];
  result: i32 = -1;
  resultCapacity: i32 = 0;
  /** The first instruction of its own code. */
  first: i32 = 0;
  /** Constants of the machine whose value is the record's size. */
  private sizes: i32[] = [];

  constructor(
    /** The machine's function. */
    private fn: Func,
    /** The script function; null for the handler's own statements. */
    public symbol: FunctionSymbol | null,
    /** The piece with which it begins. */
    public entry: i32,
  ) {
    super();
  }

  /** Whether several activations of it may exist at a time. */
  get mayRecur(): bool {
    const symbol = this.symbol;
    return symbol !== null && isRecursive(symbol);
  }

  /** Bytes of the record. The value is final once the machine has been cut. */
  get bytes(): i32 {
    return this.most;
  }

  /** Reserves bytes of the record until the statement ends. */
  reserve(bytes: i32): i32 {
    const at = this.used;
    this.used += (bytes + 7) & ~7;
    if (this.used > this.most) this.most = this.used;
    return at;
  }

  /** Reserves eight bytes that are never used for anything else. */
  reserveBehind(): i32 {
    this.most += 8;
    return this.most - 8;
  }

  override newPlace(capacity: i32): Place {
    return new Place(Base.Handler, NoRef, this.reserve(capacity), capacity);
  }

  override mark(): i32 {
    return this.used;
  }

  /** Releases what was reserved since the mark. */
  override release(mark: i32): void {
    this.used = max(mark, this.least);
  }

  /** Keeps all places reserved so far until the function ends. */
  keepPlaces(): void {
    this.least = this.used;
  }

  /** A constant that gets the record's size when everything is lowered. */
  size(): Ref {
    // Func.addConstant would merge it with other zeros.
    const index = this.fn.constants.push(0) - 1;
    this.sizes.push(index);
    return constantRef(index);
  }

  /** Fills in the size. */
  finish(): void {
    const constants = this.fn.constants;
    for (let i = 0, n = this.sizes.length; i < n; ++i) constants[this.sizes[i]] = this.most;
  }
}

/** The machine of one handler. */
export class Machine {
  fn: Func;
  b: Builder;
  /** The lowering that owns the frame variables. The lowerings of all activations join it. */
  main: Lowering;
  /** The first block of each piece. */
  private pieces: i32[] = [];
  private activations: Activation[] = [];
  private byFunction: Map<FunctionSymbol, Activation> = new Map<FunctionSymbol, Activation>();
  pending: Activation[] = [];
  /** Some function calls itself, so only MAXNESTING bounds the depth. */
  recursive: bool = false;
  /** Loops suspend it, so that the verifier sees no loop. In the agent they are plain loops. */
  cutsLoops: bool;
  /** The handler prints. */
  prints: bool;
  private nesting: i32 = -1;

  constructor(
    /** The handler's program. */
    public program: Lowering,
    private handler: Handler,
  ) {
    const fn = new Func(program.fn.name + "_step", Linkage.Subprogram, 1);
    const main = new Lowering(program.shared, program.tree, new FunctionParts(fn));
    this.main = main;
    this.fn = main.fn;
    this.b = main.b;
    this.cutsLoops = handler.engine != Engine.Agent;
    fn.isForAgent = !this.cutsLoops;
    this.prints = (handler.effects & Effects.Prints) != 0;
  }

  /** The number of the piece that begins with a block. */
  piece(block: i32): i32 {
    this.pieces.push(block);
    return this.pieces.length - 1;
  }

  /** Adds an activation. Its code is lowered next. */
  private add(symbol: FunctionSymbol | null, name: string): Activation {
    const made = new Activation(this.fn, symbol, this.piece(this.b.newBlock(name)));
    this.activations.push(made);
    return made;
  }

  /** The lowering that builds the code of an activation, at its first block. */
  begin(activation: Activation): Lowering {
    const symbol = activation.symbol;
    const parts = new FunctionParts(this.fn, symbol === null, this.main.parts);
    const lowering = new Lowering(this.program.shared, this.program.tree, parts);
    lowering.machine = this;
    lowering.activation = activation;
    lowering.frame.record = activation;
    lowering.frame.holdsLocals = true;
    lowering.output.isBuffered = this.prints;
    lowering.output.mayCut = this.prints;
    lowering.output.known = this.prints ? -1 : 0;
    lowering.actions = this.program.actions;
    const b = this.b;
    b.setBlock(this.pieces[activation.entry]);
    activation.first = this.fn.ops.length;
    lowering.exits.exitBlock = b.newBlock("exit");
    lowering.exits.errorBlock = b.newBlock("error");
    b.setCold(lowering.exits.errorBlock);
    return lowering;
  }

  /** The activation of the handler's own statements. */
  beginHandler(): Lowering {
    return this.begin(this.add(null, "handler"));
  }

  /** Ends the handler's own statements and tells the driver that the machine is done. */
  endHandler(lowering: Lowering): void {
    const b = this.b;
    b.jump(lowering.exits.exitBlock);
    this.leaveError(lowering);
    b.setBlock(lowering.exits.exitBlock);
    b.ret(lowering.constant(Step.Done));
  }

  private leaveError(lowering: Lowering): void {
    const b = this.b;
    b.setBlock(lowering.exits.errorBlock);
    lowering.exits.storeError();
    b.jump(lowering.exits.exitBlock);
  }

  /** The activation of a function. Its body is lowered later. */
  activationOf(symbol: FunctionSymbol): Activation {
    if (this.byFunction.has(symbol)) return this.byFunction.get(symbol);
    const made = this.add(symbol, symbol.name);
    for (let i = 0, n = symbol.parameters.length; i < n; ++i) {
      const parameter = symbol.parameters[i];
      made.parameters.push(made.reserve(parameter.type == Type.String ? capacityFor(parameter.maxLength) : 8));
    }
    if (symbol.returnType == Type.String) {
      let length = 0;
      for (let i = 0, n = symbol.overloads.length; i < n; ++i) length = max(length, symbol.overloads[i].maxLength);
      made.resultCapacity = capacityFor(length);
      made.result = made.reserve(made.resultCapacity);
    }
    made.keepPlaces();
    if (isRecursive(symbol)) this.recursive = true;
    this.byFunction.set(symbol, made);
    this.pending.push(made);
    return made;
  }

  /** Where `return` stores a function's value, and where it jumps. */
  inliningFor(lowering: Lowering, overload: FunctionSymbol, next: i32): Inlining {
    const activation = lowering.activation!;
    const inlining = new Inlining(overload, lowering.fn, lowering.exits.exitBlock, next, null);
    if (activation.result >= 0) {
      inlining.place = new Place(Base.Handler, NoRef, activation.result, activation.resultCapacity);
    } else {
      inlining.place = new Place(Base.Frame, NoRef, FrameWord.Result, 8);
    }
    return inlining;
  }

  /** Ends a function: returns to the caller's piece and record. */
  endFunction(lowering: Lowering): void {
    const b = this.b;
    b.jump(lowering.exits.exitBlock);
    this.leaveError(lowering);
    b.setBlock(lowering.exits.exitBlock);
    const frame = lowering.frame.address();
    b.store(Op.Store32, frame, FrameWord.Piece, b.load(Op.Load32u, lowering.frame.area(), ActivationWord.Piece));
    b.store(Op.Store32, frame, FrameWord.Record, b.load(Op.Load32u, lowering.frame.area(), ActivationWord.From));
    const nesting = b.load(Op.Load32u, frame, FrameWord.Nesting);
    b.store(Op.Store32, frame, FrameWord.Nesting, b.binary(Op.Sub, nesting, lowering.constant(1)));
    b.ret(lowering.constant(Step.More));
  }

  // ------------------------------------------------------------------------------------------------------- suspending

  /** Suspends before another round of a loop whose first block is `head`. */
  suspendTo(lowering: Lowering, head: i32): void {
    const b = this.b;
    if (this.cutsLoops) {
      b.store(Op.Store32, lowering.frame.address(), FrameWord.Piece, lowering.constant(this.piece(head)));
      b.suspend(head);
    } else {
      b.jump(head);
    }
  }

  /** The address of the record that a call from `lowering` makes. */
  nextRecord(lowering: Lowering): Ref {
    return this.b.binary(Op.Add, lowering.frame.area(), lowering.root.activation!.size());
  }

  /** Fails if a call would nest too deeply, or if its record would not fit in the frame. */
  checkNesting(lowering: Lowering, callee: Activation): void {
    const b = this.b;
    const symbol = callee.symbol!;
    const near = `identifier '${symbol.displayName}'`;
    const range = symbol.range;
    const nesting = b.load(Op.Load32u, lowering.frame.address(), FrameWord.Nesting);
    if (this.recursive) {
      lowering.exits.failIf(
        Op.Uge,
        nesting,
        this.placeholderNesting(),
        new SoftError("MAXNESTING exceeded", range, near),
      );
      const begin = b.binary(
        Op.Add,
        b.load(Op.Load32u, lowering.frame.address(), FrameWord.Record),
        lowering.root.activation!.size(),
      );
      const end = b.binary(Op.Add, begin, callee.size());
      const room = lowering.runtime.plan.placeholder(this.fn, Hole.Records);
      lowering.exits.failIf(Op.Ugt, end, room, new SoftError("MAXNESTING exceeded", range, near));
    }
    b.store(Op.Store32, lowering.frame.address(), FrameWord.Nesting, b.binary(Op.Add, nesting, lowering.constant(1)));
  }

  /** Goes to a function whose record holds its parameters. The code built next runs after it has returned. */
  call(lowering: Lowering, callee: Activation, record: Ref): void {
    const b = this.b;
    const back = b.newBlock("returned");
    const frame = lowering.frame.address();
    const from = b.load(Op.Load32u, frame, FrameWord.Record);
    b.store(Op.Store32, record, ActivationWord.Piece, lowering.constant(this.piece(back)));
    b.store(Op.Store32, record, ActivationWord.From, from);
    b.store(Op.Store32, frame, FrameWord.Record, b.binary(Op.Add, from, lowering.root.activation!.size()));
    b.store(Op.Store32, frame, FrameWord.Piece, lowering.constant(callee.entry));
    b.suspend(back);
    b.setBlock(back);
  }

  // ---------------------------------------------------------------------------------------------------------- the end

  private nestingConstants: i32[] = [];

  private placeholderNesting(): Ref {
    const index = this.fn.constants.push(0) - 1;
    this.nestingConstants.push(index);
    return constantRef(index);
  }

  /**
   * Cuts the machine when everything is lowered. Returns an error if it does not fit in a frame, else the empty string.
   */
  finish(): string {
    const b = this.b;
    const main = this.main;
    b.position = NONE;
    b.setBlock(main.entry);
    main.frame.defineMasked(b.parameter(0));
    main.frame.defineRecord();
    const number = b.load(Op.Load32u, main.frame.address(), FrameWord.Piece);
    cut(this.fn, this.pieces, number, new Records(main.frame.variables.area, this.activations));
    const functions = this.activations.length - 1;
    const given = main.shared.options.maxNesting;
    this.nesting = given >= 0 ? given : functions + 2 + BONUS;
    for (let i = 0, n = this.nestingConstants.length; i < n; ++i) {
      this.fn.constants[this.nestingConstants[i]] = this.nesting;
    }
    let all = 0;
    let largest = 0;
    for (let i = 0, n = this.activations.length; i < n; ++i) {
      this.activations[i].finish();
      all += this.activations[i].bytes;
      if (i > 0) largest = max(largest, this.activations[i].bytes);
    }
    const own = this.activations[0].bytes;
    const plan = main.runtime.plan;
    // Without recursion each function is active at most once. With recursion the frame may have room for fewer
    // activations than requested.
    const least = this.recursive ? own + 2 * largest : all;
    if (this.recursive) plan.wantRecords(own + min(this.nesting, 4096) * largest);
    else plan.needHandler(all, this.handler.index);
    if (max(largest, own) > MOST_RECORD)
      return `one call needs ${max(largest, own)} bytes, the limit is ${MOST_RECORD}`;
    if (least > plan.recordsRoom) return `calls need ${least} bytes, but only ${plan.recordsRoom} are available`;
    return "";
  }
}

/** Stores values that live across cuts in the record of the activation that defines them. */
class Records extends CutMemory {
  constructor(
    base: i32,
    private activations: Activation[],
  ) {
    super(base);
  }

  override place(i: i32): i32 {
    let owner = this.activations[0];
    for (let k = 1, n = this.activations.length; k < n; ++k) {
      const other = this.activations[k];
      if (other.first <= i && other.first > owner.first) owner = other;
    }
    return owner.reserveBehind();
  }
}

/** Whether a body of a function may call the function again, directly or through others. */
export function isRecursive(symbol: FunctionSymbol): bool {
  for (let i = 0, n = symbol.overloads.length; i < n; ++i) {
    if (symbol.overloads[i].recursive) return true;
  }
  return false;
}

/** Whether a handler reaches recursive functions. */
export function reachesRecursion(handler: Handler): bool {
  const seen = new Set<FunctionSymbol>();
  const work = handler.functions.slice(0);
  while (work.length > 0) {
    const symbol = work.pop();
    if (seen.has(symbol)) continue;
    seen.add(symbol);
    if (symbol.recursive) return true;
    for (let i = 0, n = symbol.callees.length; i < n; ++i) work.push(symbol.callees[i]);
  }
  return false;
}
