// The ways out of a function: soft errors, `next`, a skipped handler.
//
// A handler's code has one exit. `exitBlock` is the ordinary end. `errorBlock` handles soft errors; the variable
// `errorSite` holds their site. A subprogram returns at its ends and leaves an error in the frame for its caller.

import { Origin } from "../../common/format/manifest";
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

/** Flags above the site number in the value passed to a handler's error exit. */
export const enum ErrorBits {
  /** The site has one argument, the message in the frame. */
  Message = 0x10000,
  /** `try` does not catch it (MAXACTION). */
  Uncatchable = 0x20000,
  /** Not an error of the script: the handler is skipped, and counted as such. */
  Skipped = 0x40000,
}

/** An error of the script at run time. */
export class SoftError {
  constructor(
    /** The message that `try` catches. */
    public message: string,
    public range: Range,
    /** The text after "near" in the report. */
    public near: string,
  ) {}
}

/** Where errors inside a `try` go. */
export class Catch {
  constructor(
    public block: i32,
    /** Place for the message, if the script uses it. */
    public message: Place | null,
    public outer: Catch | null,
  ) {}
}

/** Code under construction that ends in a failure. */
export class Failure {
  constructor(
    /** The block that runs if there is no failure. */
    public good: i32,
    /** The length of the output at the start of that block. */
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
  /** In a loop's body: which kinds of exits it uses. */
  mayReturn: bool = false;
  mayNext: bool = false;
  /** The innermost `try` around what is being lowered. */
  catching: Catch | null = null;

  constructor(
    private shared: Shared,
    private frame: Frame,
    private output: Output,
    /** IR variable: site and flags of the error on its way to `errorBlock`; -1 if the error is reported already. */
    public errorSite: i32,
    /** No caller can catch an error that leaves this function. */
    private isHandler: bool,
  ) {}

  private get b(): Builder {
    return this.frame.b;
  }

  /** Leaves with a soft error. `try` catches `message`; the report adds `near`. */
  fail(message: string, range: Range, near: string, bits: i32 = 0): void {
    const site = this.shared.sites.plain(SiteKind.Error, escapeFormat(message), range, near);
    const catching = this.catching;
    if (catching !== null && (bits & ErrorBits.Uncatchable) == 0) {
      this.goToCatch(catching, literalPlace(message));
      return;
    }
    // An error that leaves a handler is never caught. A subprogram's caller may catch it.
    if (!this.isHandler && this.shared.catchesMessages)
      copyString(this.frame, literalPlace(message), this.shared.messagePlace());
    this.leaveWith(this.b.constant(site | bits));
  }

  /** Leaves with an error whose message is a string of some origin. */
  failWith(message: Place, range: Range, near: string, origin: Origin = Origin.Machine): void {
    const catching = this.catching;
    if (catching !== null) {
      this.goToCatch(catching, message);
      return;
    }
    // A caller may still catch the error. The message stays in the frame until no caller can.
    const capacity = this.shared.messagePlace().capacity;
    copyString(this.frame, message, this.shared.messagePlace());
    const site = new UnitSite(SiteKind.Error, "%s", this.shared.sites.position(range), near);
    site.args = [new UnitArgument(ArgumentType.String, capacity - 1, origin)];
    this.leaveWith(this.b.constant(this.shared.sites.add(site) | ErrorBits.Message));
  }

  private goToCatch(catching: Catch, message: Place): void {
    const to = catching.message;
    if (to !== null) copyString(this.frame, message, to);
    this.output.flush();
    this.b.jump(catching.block);
  }

  /** Goes to the function's error exit with a site and its flags. */
  leaveWith(error: Ref): void {
    this.mayFail = true;
    this.output.flush();
    this.b.setVar(this.errorSite, error);
    this.b.jump(this.errorBlock);
  }

  /**
   * Passes on an error that a called function left in the frame: to the `catch` around the call, or to the error exit.
   */
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

  /** Stores the error of `errorSite` in the frame for the caller of a subprogram. */
  storeError(): void {
    const b = this.b;
    const code = b.binary(Op.Add, b.getVar(this.errorSite), b.constant(1));
    this.frame.store(Op.Store32, FrameWord.Error, code);
  }

  /** Fails if a called function left an error in the frame. */
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

  /** Ends a handler that is counted as skipped already. */
  skipHandler(): void {
    if (!this.isHandler) {
      this.leaveWith(this.b.constant(ErrorBits.Uncatchable | ErrorBits.Skipped));
      return;
    }
    this.exitEarly = true;
    this.output.flush();
    this.b.jump(this.exitBlock);
  }

  /** Fails with a fixed message if the comparison is true. Otherwise control continues in a new block. */
  failIf(op: Op, x: Ref, y: Ref, error: SoftError): void {
    const failure = this.beginFailure(op, x, y);
    this.fail(error.message, error.range, error.near);
    this.endFailure(failure);
  }

  /** Begins code that runs if the comparison is true and ends in a failure. */
  beginFailure(op: Op, x: Ref, y: Ref): Failure {
    const b = this.b;
    const bad = b.newBlock("fail");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(op, x, y, bad, good);
    b.setBlock(bad);
    return new Failure(good, this.output.known);
  }

  /** Ends that code. The code after it runs if the comparison is false. */
  endFailure(failure: Failure): void {
    this.output.known = failure.known;
    this.b.setBlock(failure.good);
  }
}
