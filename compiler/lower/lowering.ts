// One IR function under construction, and how the parts of lowering reach each other.
//
//   Lowering   a handler, subprogram or loop's body: builder, memory, output, exits, names
//   Tree       the kinds of trees that contain each other; tree.ts names the files that lower them
//
// Expressions contain calls, calls contain statements, statements contain expressions. Each file lowers its own kind
// and asks `lowering.long(e)`, `lowering.statement(s)` for the others, so that no file imports another one in a circle.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Unit } from "../ir/unit";
import { Frame, FrameVariables } from "../runtime/frame";
import { Place } from "../runtime/place";
import { Runtime } from "../runtime/runtime";
import { Range } from "../source/source";
import { BlockStatement, Expression, Statement } from "../syntax/ast";
import { Exits } from "./exits";
import { Output } from "./output";
import { Scope } from "./scope";
import { Shared } from "./shared";
import { Activation, Machine } from "./steps";

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

/** Lowers any tree. */
export abstract class Tree {
  /** A number. */
  abstract long(lowering: Lowering, e: Expression): Ref;
  /** A string; what is returned holds until anything is assigned. */
  abstract string(lowering: Lowering, e: Expression): Place;
  /** A string, into a place of its own. */
  abstract stringInto(lowering: Lowering, e: Expression, to: Place): void;
  /** A condition: goes to `yes` if it is not zero. */
  abstract condition(lowering: Lowering, e: Expression, yes: i32, no: i32): void;
  /** An expression whose value nothing reads. */
  abstract dropped(lowering: Lowering, e: Expression): void;
  abstract statement(lowering: Lowering, s: Statement): void;
  abstract block(lowering: Lowering, block: BlockStatement): void;
}

/** An IR function and its variables. The activations of a machine are built into one. */
export class FunctionParts {
  b: Builder;
  errorSite: i32;
  frame: FrameVariables;

  constructor(
    fn: Func,
    /** It is a handler's code: nothing is left to catch its errors. */
    public isHandler: bool = false,
    /** The function that this one is built into. */
    shared: FunctionParts | null = null,
  ) {
    const b = shared !== null ? shared.b : new Builder(fn);
    this.b = b;
    this.errorSite = shared !== null ? shared.errorSite : b.variable("error");
    this.frame = shared !== null ? shared.frame : new FrameVariables(b);
  }
}

/** One IR function under construction. */
export class Lowering {
  b: Builder;
  frame: Frame;
  output: Output;
  exits: Exits;
  scope: Scope = new Scope();
  /** Root: loops' bodies become functions of their own, as the verifier wants it. */
  outlines: bool = false;
  /** Root: nothing else runs beside it, or it has the lock. */
  alone: bool = true;
  /** Root: statements that it may run, as the verifier must know it. */
  actions: i32 = 0;
  /** Root: loops' bodies so far. */
  bodies: i32 = 0;
  /** Root: the machine that its code is part of, in a handler that runs in steps, and its activation there. */
  machine: Machine | null = null;
  activation: Activation | null = null;
  private owner: Lowering | null = null;
  /** Zeroing of string slots and other things that come first. */
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
    this.exits = new Exits(shared, frame, output, parts.errorSite, parts.isHandler);
    this.owner = root;
    this.entry = b.current();
  }

  /** The handler or subprogram whose area of the frame this one uses: itself, but for loops' bodies. */
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

  /** Gives what is built from now on a source position. */
  at(range: Range): void {
    this.b.position = this.shared.sites.position(range);
  }

  constant(value: i64): Ref {
    return this.b.constant(value);
  }

  /** Address of .bss; fields are reached by offsets from it, so that one register serves all. */
  bss(): Ref {
    return this.b.addressOf(AddressKind.Bss, 0);
  }

  /** Calls a helper without arguments whose answer cannot change during the handler; asks once. */
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

  /** Evaluates a string; what is returned holds until anything is assigned. */
  string(e: Expression): Place {
    return this.tree.string(this, e);
  }

  /** Evaluates a string into a place of its own. */
  stringInto(e: Expression, to: Place): void {
    this.tree.stringInto(this, e, to);
  }

  /** Evaluates a condition: goes to `yes` if it is not zero. */
  condition(e: Expression, yes: i32, no: i32): void {
    this.tree.condition(this, e, yes, no);
  }

  /** Evaluates an expression whose value nothing reads. */
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

/** A new function of a handler or a subprogram. */
export function newLowering(shared: Shared, tree: Tree, name: string, isHandler: bool): Lowering {
  const linkage = isHandler ? Linkage.Handler : Linkage.Subprogram;
  return new Lowering(shared, tree, new FunctionParts(new Func(name, linkage, 1), isHandler));
}
