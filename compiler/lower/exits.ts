// The ways out of a function: soft errors, `next`, a skipped handler.
//
// A handler's code has one exit: `exitBlock` for the ordinary end, `errorBlock` for soft errors, whose site is in
// `errorSite`. A subprogram returns at its ends and leaves an error in the frame for its caller.

import { ArgumentType, SiteKind } from "../../common/format/record";
import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitArgument, UnitSite } from "../ir/unit";
import { copyString } from "../runtime/copy";
import { Frame } from "../runtime/frame";
import { literalPlace, Place } from "../runtime/place";
import { FrameWord } from "../runtime/plan";
import { escapeFormat } from "../semantic/formats";
import { Range } from "../source/source";
import { Output } from "./output";
import { Shared } from "./shared";

/** Bits above a site's number on the way to a handler's error exit. */
export const enum ErrorBits {
  /** The site's one argument is the message in the frame. */
  Message = 0x10000,
  /** `try` does not catch it: MAXACTION. */
  Uncatchable = 0x20000,
}

/** An error of the script at run time. */
export class SoftError {
  constructor(
    /** What `try` catches. */
    public message: string,
    public range: Range,
    /** What the report names. */
    public near: string,
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

/** Code under construction that ends in a failure. */
export class Failure {
  constructor(
    /** The block in which control goes on otherwise. */
    public good: i32,
    /** The length of the output there. */
    public known: i32,
  ) {}
}

/** The exits of one function under construction. */
export class Exits {
  exitBlock: i32 = -1;
  errorBlock: i32 = -1;
  /** Whether something jumps to `errorBlock`. */
  mayFail: bool = false;
  /** Something jumps to `exitBlock` before the handler's end. */
  exitEarly: bool = false;
  /** A loop's body: which ways of leaving it are used. */
  mayReturn: bool = false;
  mayNext: bool = false;
  /** The innermost `try` around what is being lowered. */
  catching: Catch | null = null;

  constructor(
    private shared: Shared,
    private frame: Frame,
    private output: Output,
    /** IR variable: site and bits of the error on the way to `errorBlock`; -1: it is reported already. */
    public errorSite: i32,
    /** Nobody is left to catch what leaves it. */
    private isHandler: bool,
  ) {}

  private get b(): Builder {
    return this.frame.b;
  }

  /** Leaves with a soft error: `message` is what `try` catches, `near` what the report names. */
  fail(message: string, range: Range, near: string, bits: i32 = 0): void {
    const site = this.shared.sites.plain(SiteKind.Error, escapeFormat(message), range, near);
    const catching = this.catching;
    if (catching !== null && (bits & ErrorBits.Uncatchable) == 0) {
      this.goToCatch(catching, literalPlace(message));
      return;
    }
    // In a handler nobody is left to catch it; the caller of a subprogram may.
    if (!this.isHandler && this.shared.catchesMessages)
      copyString(this.frame, literalPlace(message), this.shared.messagePlace());
    this.leaveWith(this.b.constant(site | bits));
  }

  /** Leaves with an error whose message is a string. */
  failWith(message: Place, range: Range, near: string): void {
    const catching = this.catching;
    if (catching !== null) {
      this.goToCatch(catching, message);
      return;
    }
    // A caller may still catch it: the message waits in the frame until it is known that nobody does.
    const capacity = this.shared.messagePlace().capacity;
    copyString(this.frame, message, this.shared.messagePlace());
    const site = new UnitSite(SiteKind.Error, "%s", this.shared.sites.position(range), near);
    site.args = [new UnitArgument(ArgumentType.String, capacity - 1)];
    this.leaveWith(this.b.constant(this.shared.sites.add(site) | ErrorBits.Message));
  }

  private goToCatch(catching: Catch, message: Place): void {
    const to = catching.message;
    if (to !== null) copyString(this.frame, message, to);
    this.output.flush();
    this.b.jump(catching.block);
  }

  /** To the function's error exit with a site and its bits. */
  leaveWith(error: Ref): void {
    this.mayFail = true;
    this.output.flush();
    this.b.setVar(this.errorSite, error);
    this.b.jump(this.errorBlock);
  }

  /** An error that a called function left in the frame: goes to whatever catches it here, or on. */
  failFromFrame(): void {
    const b = this.b;
    const code = this.frame.load(Op.Load32u, FrameWord.Error);
    const error = b.binary(Op.Sub, code, b.constant(1));
    const catching = this.catching;
    if (catching !== null) {
      const caught = b.newBlock("caught");
      const fatal = b.newBlock("fatal");
      const bit = b.binary(Op.And, error, b.constant(ErrorBits.Uncatchable));
      b.branchIf(Op.Eq, bit, b.constant(0), caught, fatal);
      b.setBlock(caught);
      this.frame.store(Op.Store32, FrameWord.Error, b.constant(0));
      const to = catching.message;
      if (to !== null) copyString(this.frame, this.shared.messagePlace(), to);
      this.output.flush();
      b.jump(catching.block);
      b.setBlock(fatal);
    }
    this.leaveWith(error);
  }

  /** Leaves the error of `errorSite` in the frame, for the caller of a subprogram. */
  storeError(): void {
    const b = this.b;
    const code = b.binary(Op.Add, b.getVar(this.errorSite), b.constant(1));
    this.frame.store(Op.Store32, FrameWord.Error, code);
  }

  /** Fails if a function that was called left an error in the frame. */
  failIfLeft(): void {
    const b = this.b;
    const code = this.frame.load(Op.Load32u, FrameWord.Error);
    const bad = b.newBlock("failed");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(Op.Ne, code, b.constant(0), bad, good);
    b.setBlock(bad);
    this.failFromFrame();
    b.setBlock(good);
  }

  /** Ends a handler that is counted as skipped. */
  skipHandler(): void {
    assert(this.isHandler, "only a handler without loops and functions works without the lock");
    this.exitEarly = true;
    this.output.flush();
    this.b.jump(this.exitBlock);
  }

  /** Fails with a fixed message when the compare is true; goes on in a new block otherwise. */
  failIf(op: Op, x: Ref, y: Ref, error: SoftError): void {
    const failure = this.beginFailure(op, x, y);
    this.fail(error.message, error.range, error.near);
    this.endFailure(failure);
  }

  /** Begins code that runs when the compare is true and ends in a failure. */
  beginFailure(op: Op, x: Ref, y: Ref): Failure {
    const b = this.b;
    const bad = b.newBlock("fail");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(op, x, y, bad, good);
    b.setBlock(bad);
    return new Failure(good, this.output.known);
  }

  /** Ends that code: what follows runs when the compare is false. */
  endFailure(failure: Failure): void {
    this.output.known = failure.known;
    this.b.setBlock(failure.good);
  }
}
