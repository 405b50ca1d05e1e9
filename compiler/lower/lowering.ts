// One IR function under construction, and how the parts of lowering call each other.
//
//   Lowering   a handler, subprogram or loop's body: builder, memory, output, exits, names
//   Tree       the kinds of trees that contain each other; tree.ts names the file that lowers each kind
//
// Expressions contain calls, calls contain statements, statements contain expressions. Each file lowers one kind of
// tree and calls `lowering.long(e)` or `lowering.statement(s)` for the others. So no imports form a circle.

import { ContextKind } from "../../common/format/attach";
import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Unit } from "../ir/unit";
import { Frame, FrameVariables } from "../runtime/frame";
import { Place } from "../runtime/place";
import { Runtime } from "../runtime/runtime";
import { Range } from "../source/source";
import { BlockStatement, Expression, Statement } from "../syntax/ast";
import { ErrorVariables, Exits } from "./exits";
import { KeptWords } from "./kept";
import { Output } from "./output";
import { Scope } from "./scope";
import { Shared } from "./shared";
import { Activation, Machine } from "./steps";

/** The status that a loop's body returns to its driver. */
export const enum Status {
  Continue = 0,
  Break = 1,
  /** An error is in the frame. */
  Error = 2,
  /** `return` from the function around the loop; the result is stored. */
  Return = 3,
  /** `next` */
  Next = 4,
}

/** Lowers any kind of tree. */
export abstract class Tree {
  /** Evaluates a number. */
  abstract long(lowering: Lowering, e: Expression): Ref;
  /** Evaluates a string. The returned place is valid until the next assignment. */
  abstract string(lowering: Lowering, e: Expression): Place;
  /** Evaluates a string into the place `to`. */
  abstract stringInto(lowering: Lowering, e: Expression, to: Place): void;
  /** Evaluates a condition: goes to `yes` if it is not zero, else to `no`. */
  abstract condition(lowering: Lowering, e: Expression, yes: i32, no: i32): void;
  /** Evaluates an expression whose value is not used. */
  abstract dropped(lowering: Lowering, e: Expression): void;
  abstract statement(lowering: Lowering, s: Statement): void;
  abstract block(lowering: Lowering, block: BlockStatement): void;
}

/** An IR function and its variables. All activations of a machine are built into one function. */
export class FunctionParts {
  b: Builder;
  errors: ErrorVariables;
  /** A stack slot of eight bytes into which memory is read; NoRef until there is one. */
  private slot: Ref = NoRef;
  frame: FrameVariables;

  constructor(
    fn: Func,
    /** It is a handler's code, so no caller catches its errors. */
    public isHandler: bool = false,
    /** The function into which this one is built. */
    shared: FunctionParts | null = null,
  ) {
    const b = shared !== null ? shared.b : new Builder(fn);
    this.b = b;
    this.errors = shared !== null ? shared.errors : new ErrorVariables(b);
    this.frame = shared !== null ? shared.frame : new FrameVariables(b);
  }

  /** Eight bytes of stack for numbers that a helper reads, one at a time. */
  get numberSlot(): Ref {
    if (this.slot == NoRef) this.slot = this.b.slot(8);
    return this.slot;
  }
}

/** One IR function under construction. */
export class Lowering {
  b: Builder;
  frame: Frame;
  output: Output;
  exits: Exits;
  scope: Scope = new Scope();
  /** Root: the bodies of loops become separate functions, because the verifier needs that. */
  outlines: bool = false;
  /** Root: no other handler runs at the same time. */
  alone: bool = false;
  /** Root, in a handler that holds a stripe: the hash of the key of all elements that it finds in striped tables. */
  stripeHash: Ref = NoRef;
  /** Root: the limit of statements, for the bounds that the verifier checks. */
  actions: i32 = 0;
  /** Root: the number of loop bodies so far. */
  bodies: i32 = 0;
  /** Root: in a handler that runs in steps, the machine that contains its code, and its activation there. */
  machine: Machine | null = null;
  activation: Activation | null = null;
  /** Of a handler: its code asks at which site it runs, and some of that code is not in its own function. */
  asksPlace: bool = false;
  keepsPlace: bool = false;
  /** The IR variable that holds the answer, or -1. */
  placeVariable: i32 = -1;
  /** Of a handler: what its context holds. */
  context: ContextKind = ContextKind.Nothing;
  /** It claims a frame before all else. */
  claimsFirst: bool = false;
  /** Root: the words of the context that it needs in the frame. */
  kept: KeptWords = new KeptWords();
  /** Of a handler: the block that stores them, and the one that follows; -1: none. */
  contextBlock: i32 = -1;
  afterContext: i32 = -1;
  private owner: Lowering | null = null;
  /** The block for code that must come first, such as zeroing string slots. */
  readonly entry: i32;

  constructor(
    public shared: Shared,
    public tree: Tree,
    public parts: FunctionParts,
    root: Lowering | null = null,
  ) {
    const b = parts.b;
    const frame = new Frame(shared.runtime, parts.frame, root !== null ? root.frame : null, parts.isHandler);
    const output = new Output(frame);
    this.b = b;
    this.frame = frame;
    this.output = output;
    this.exits = new Exits(shared, frame, output, parts.errors, parts.isHandler);
    this.owner = root;
    this.entry = b.current();
  }

  /**
   * The handler or subprogram whose area of the frame this function uses. Only for a loop's body is it another
   * function.
   */
  get root(): Lowering {
    const owner = this.owner;
    return owner !== null ? owner : this;
  }

  get fn(): Func {
    return this.b.fn;
  }

  get runtime(): Runtime {
    return this.shared.runtime;
  }

  get unit(): Unit {
    return this.shared.runtime.unit;
  }

  /** Sets the source position of the instructions that follow. */
  at(range: Range): void {
    this.b.position = this.shared.sites.position(range);
  }

  constant(value: i64): Ref {
    return this.b.constant(value);
  }

  /** The address of .bss. Fields are reached by offsets from it, so that one register is enough. */
  bss(): Ref {
    return this.b.addressOf(AddressKind.Bss, 0);
  }

  /** Calls a helper without arguments whose result cannot change during the handler. It is called once. */
  constantHelper(helper: Helper): Ref {
    const known = this.scope.memo.find(helper);
    if (known != NoRef) return known;
    const value = this.b.callHelper(helper, []);
    this.scope.memo.remember(helper, value);
    return value;
  }

  // ------------------------------------------------------------------------------------------------------------ trees

  /** Evaluates a number. */
  long(e: Expression): Ref {
    return this.tree.long(this, e);
  }

  /** Evaluates a string. The returned place is valid until the next assignment. */
  string(e: Expression): Place {
    return this.tree.string(this, e);
  }

  /** Evaluates a string into the place `to`. */
  stringInto(e: Expression, to: Place): void {
    this.tree.stringInto(this, e, to);
  }

  /** Evaluates a condition: goes to `yes` if it is not zero, else to `no`. */
  condition(e: Expression, yes: i32, no: i32): void {
    this.tree.condition(this, e, yes, no);
  }

  /** Evaluates an expression whose value is not used. */
  dropped(e: Expression): void {
    this.tree.dropped(this, e);
  }

  statement(s: Statement): void {
    this.tree.statement(this, s);
  }

  block(block: BlockStatement): void {
    this.tree.block(this, block);
  }
}

/** A new IR function for a handler or a subprogram. */
export function newLowering(shared: Shared, tree: Tree, name: string, isHandler: bool): Lowering {
  const linkage = isHandler ? Linkage.Handler : Linkage.Subprogram;
  return new Lowering(shared, tree, new FunctionParts(new Func(name, linkage, 1), isHandler));
}
