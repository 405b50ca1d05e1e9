// The ways out of a function: soft errors, `next`, a skipped handler.
//
// A handler's code has one exit. `exitBlock` is the ordinary end. `errorBlock` handles soft errors; a variable
// holds their site. A subprogram returns at its ends and leaves an error in the frame for its caller.

import { Origin } from "../../common/format/manifest";
import { ArgumentType, SiteKind } from "../../common/format/record";
import { Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitArgument, UnitSite } from "../ir/unit";
import { copyString } from "../runtime/copy";
import { Spec, SpecField } from "../runtime/digits";
import { Frame } from "../runtime/frame";
import { capacityFor, literalPlace, Place } from "../runtime/place";
import { FrameWord } from "../runtime/plan";
import { Text } from "../runtime/text";
import { escapeFormat } from "../semantic/formats";
import { Range } from "../source/source";
import { Output } from "./output";
import { Shared } from "./shared";

/** Most characters of a number, its sign included. */
const NUMBER_DIGITS: i32 = 20;

/** Flags above the site number in the value passed to a handler's error exit. */
export const enum ErrorBits {
  /** The site has one argument, the message in the frame. */
  Message = 0x10000,
  /** `try` does not catch it (MAXACTION). */
  Uncatchable = 0x20000,
  /** Not an error of the script: the handler is skipped, and counted as such. */
  Skipped = 0x40000,
  /** The site has one argument, a number. */
  Number = 0x80000,
}

/** An error of the script at run time. */
export class SoftError {
  constructor(
    /** The message that `try` catches. Where it has a number, `%x` or `%d` stands for it, and there is no other `%`. */
    public message: string,
    public range: Range,
    /** The text after "near" in the report. */
    public near: string,
    public number: Ref = NoRef,
  ) {}
}

/** The IR variables of an error on its way to the error exit. */
export class ErrorVariables {
  /** Its site and flags; -1 if it is reported already. */
  site: i32;
  private lazyNumber: i32 = -1;

  constructor(private b: Builder) {
    this.site = b.variable("error");
  }

  /** The number in its text. */
  get number(): i32 {
    if (this.lazyNumber < 0) this.lazyNumber = this.b.variable("error_number");
    return this.lazyNumber;
  }
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
    public variables: ErrorVariables,
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

  /** Leaves with an error whose message contains a number. */
  failWithNumber(error: SoftError): void {
    const catching = this.catching;
    if (catching !== null) {
      const wanted = catching.message !== null;
      this.goToCatch(catching, wanted ? this.textOf(error) : literalPlace(""));
      return;
    }
    // As with other messages, a caller may catch it.
    if (!this.isHandler && this.shared.catchesMessages)
      copyString(this.frame, this.textOf(error), this.shared.messagePlace());
    const site = this.shared.sites.withNumber(error.message, error.range, error.near);
    this.b.setVar(this.variables.number, error.number);
    this.leaveWith(this.b.constant(site | ErrorBits.Number));
  }

  /** The message of an error with a number, put together in the frame. */
  private textOf(error: SoftError): Place {
    const isHex = error.message.includes("%x");
    const parts = error.message.split(isHex ? "%x" : "%d");
    const text = new Text(this.frame, this.frame.newFrameTemporary(capacityFor(error.message.length + NUMBER_DIGITS)));
    text.putLiteral(parts[0]);
    text.putLong(error.number, isHex ? 16 << SpecField.Base : Spec.Signed | (10 << SpecField.Base));
    text.putLiteral(parts[1]);
    text.finish();
    return text.place;
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
    this.b.setVar(this.variables.site, error);
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
    if (this.shared.raisesNumbers) b.setVar(this.variables.number, this.frame.load(Op.Load64, FrameWord.Fault));
    this.leaveWith(error);
  }

  /** Stores the error of the variables in the frame for the caller of a subprogram. */
  storeError(): void {
    const b = this.b;
    const code = b.binary(Op.Add, b.getVar(this.variables.site), b.constant(1));
    this.frame.store(Op.Store32, FrameWord.Error, code);
    if (this.shared.raisesNumbers) this.frame.store(Op.Store64, FrameWord.Fault, b.getVar(this.variables.number));
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

  /** Fails if the comparison is true. Otherwise control continues in a new block. */
  failIf(op: Op, x: Ref, y: Ref, error: SoftError): void {
    const failure = this.beginFailure(op, x, y);
    if (error.number == NoRef) this.fail(error.message, error.range, error.near);
    else this.failWithNumber(error);
    this.endFailure(failure);
  }

  /** Fails always. The code built next is unreachable, but it is lowered all the same. */
  failAlways(error: SoftError): void {
    const known = this.output.known;
    this.fail(error.message, error.range, error.near);
    this.b.setBlock(this.b.newBlock("unreachable"));
    this.output.known = known;
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
