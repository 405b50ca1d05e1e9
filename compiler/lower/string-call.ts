// Calls of the string functions. Arguments are evaluated first, each into a place that later arguments do not change.
// The routines take offsets in the arena, so arguments that are not in the frame are copied there.

import { Helper } from "../../common/format/helpers";
import { Builtin } from "../builtins/builtin";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { lesser, maskFor } from "../runtime/bits";
import { CASE, LEADING, STRTOL, TRIMMED } from "../runtime/characters";
import { keepString, materialize, passString, zero } from "../runtime/copy";
import { ESCAPE } from "../runtime/escape";
import { capacityFor, Place } from "../runtime/place";
import { FIND, REPLACE } from "../runtime/search";
import { TOKENIZE } from "../runtime/tokens";
import { BuiltinSymbol } from "../semantic/symbols";
import { CallExpression, Expression } from "../syntax/ast";
import { Type } from "../syntax/type";
import { copyCallText } from "./calls";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";
import { isSimple } from "./simple";
import { copySiteText } from "./site-text";

/** Bytes of a row in the table of errors' names. */
const ERROR_ROW: i32 = 24;
/** Rows of that table, a power of two. */
const ERROR_ROWS: i32 = 256;

/** Evaluated arguments, by their position. */
class Arguments {
  longs: Ref[] = [];
  places: (Place | null)[] = [];

  constructor(
    private lowering: Lowering,
    private args: Expression[],
  ) {
    for (let i = 0, n = args.length; i < n; ++i) {
      const isString = args[i].type == Type.String;
      this.longs.push(isString ? NoRef : lowering.long(args[i]));
      this.places.push(isString ? this.evaluate(i) : null);
    }
  }

  private evaluate(at: i32): Place {
    const place = this.lowering.string(this.args[at]);
    for (let i = at + 1, n = this.args.length; i < n; ++i) {
      if (!isSimple(this.args[i])) return keepString(this.lowering.frame, place);
    }
    return place;
  }

  place(at: i32): Place {
    const place = this.places[at];
    assert(place !== null, "a builtin's row says which arguments are strings");
    return place!;
  }

  /** An argument in memory, at any kind of place. */
  inMemory(at: i32): Place {
    const place = this.place(at);
    return place.isLiteral ? materialize(this.lowering.frame, place) : place;
  }

  /** An argument's offset in the arena. */
  offset(at: i32): Ref {
    return passString(this.lowering.frame, this.place(at));
  }
}

/** Whether a builtin is a string function. */
export function isStringBuiltin(id: Builtin): bool {
  return (id >= Builtin.StringLimit && id <= Builtin.Random) || id == Builtin.CallText;
}

/** Lowers the string functions that return a number. */
export function lowerStringFunction(lowering: Lowering, symbol: BuiltinSymbol, e: CallExpression): Ref {
  const b = lowering.b;
  if (symbol.id == Builtin.StringLimit) return lowering.constant(lowering.runtime.maxLength);
  if (symbol.id == Builtin.Random) return b.callHelper(Helper.GetPrandomU32, []);
  const args = new Arguments(lowering, e.args);
  switch (symbol.id) {
    case Builtin.Strlen:
      return lengthOfPlace(lowering, args.place(0));
    case Builtin.Stringat:
      return byteAt(lowering, args);
    case Builtin.Strpos:
      return b.callFunction(FIND.of(lowering.runtime), [args.offset(0), args.offset(1)]);
    default:
      assert(symbol.id == Builtin.Strtol, "every builtin of strings is known");
      return b.callFunction(STRTOL.of(lowering.runtime), [args.offset(0), args.longs[1]]);
  }
}

/** Lowers the string functions that return a string. */
export function lowerStringResult(lowering: Lowering, symbol: BuiltinSymbol, e: CallExpression): Place {
  const to = lowering.frame.newFrameTemporary(capacityFor(lengthOf(lowering.runtime, e)));
  if (symbol.id == Builtin.ErrorName) {
    copyErrorName(lowering, lowering.long(e.args[0]), to);
    return to;
  }
  if (symbol.id == Builtin.SiteText) {
    copySiteText(lowering, e, to);
    return to;
  }
  if (symbol.id == Builtin.CallText) {
    copyCallText(lowering, e, to);
    return to;
  }
  const args = new Arguments(lowering, e.args);
  // A short string is zero after its end. Routines write only the string and one NUL.
  zero(lowering.frame, to);
  // Routines always need a frame.
  lowering.frame.address();
  callStringRoutine(lowering, symbol.id, args, to);
  return to;
}

/** Calls the routine of a builtin, which writes its result to a place. */
function callStringRoutine(lowering: Lowering, id: Builtin, args: Arguments, to: Place): void {
  const b = lowering.b;
  const frame = lowering.frame;
  const runtime = lowering.runtime;
  const offset = frame.offset();
  const most = b.constant(runtime.maxLength);
  switch (id) {
    case Builtin.Substr:
      copySubstring(lowering, args, to);
      break;
    case Builtin.StrReplace: {
      const places: Ref[] = [offset, passString(frame, to), args.offset(0), args.offset(1), args.offset(2)];
      b.callFunction(REPLACE.of(runtime), places);
      break;
    }
    case Builtin.Tolower:
    case Builtin.Toupper: {
      const upper = b.constant(id == Builtin.Toupper ? 1 : 0);
      b.callFunction(CASE.of(runtime), [passString(frame, to), args.offset(0), upper]);
      break;
    }
    case Builtin.Ltrim: {
      const start = b.callFunction(LEADING.of(runtime), [args.offset(0)]);
      copyPart(lowering, args.inMemory(0), [start, most], to);
      break;
    }
    case Builtin.Rtrim: {
      const length = b.callFunction(TRIMMED.of(runtime), [args.offset(0)]);
      copyPart(lowering, args.inMemory(0), [b.constant(0), length], to);
      break;
    }
    case Builtin.Escape: {
      b.callFunction(ESCAPE.of(runtime), [offset, args.offset(0), args.longs[1], args.longs[2]]);
      copyPart(lowering, runtime.textArea, [b.constant(0), most], to);
      break;
    }
    default:
      assert(id == Builtin.Tokenize, "every builtin of strings is known");
      b.callFunction(TOKENIZE.of(runtime), [offset, passString(frame, to), args.offset(0), args.offset(1)]);
  }
}

/** The length of a string, as returned by the helper that reads it. */
function lengthOfPlace(lowering: Lowering, place: Place): Ref {
  if (place.isLiteral) return lowering.constant(place.text.length);
  const size = lowering.constant(lowering.runtime.maxLength + 1);
  const read = lowering.b.callHelper(Helper.ProbeReadKernelStr, [
    lowering.frame.pointer(lowering.runtime.textArea),
    size,
    lowering.frame.pointer(place),
  ]);
  return lowering.b.binary(Op.Sub, read, lowering.constant(1));
}

/** The byte at a position; 0 after the end. */
function byteAt(lowering: Lowering, args: Arguments): Ref {
  const b = lowering.b;
  const place = args.inMemory(0);
  const byte = b.variable("byte");
  b.setVar(byte, lowering.constant(0));
  const inside = b.newBlock("inside");
  const done = b.newBlock("done");
  // Literals are checked as well, because the position may be beyond the literal's end.
  b.branchIf(Op.Ult, args.longs[1], lengthOfPlace(lowering, args.place(0)), inside, done);
  b.setBlock(inside);
  const at = b.binary(Op.And, args.longs[1], lowering.constant(maskFor(lowering.runtime.maxLength)));
  const area = lowering.frame.pointer(lowering.runtime.textArea);
  b.callHelper(Helper.ProbeReadKernel, [
    area,
    lowering.constant(1),
    b.binary(Op.Add, lowering.frame.pointer(place), at),
  ]);
  b.setVar(byte, b.load(Op.Load8u, area, 0));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(byte);
}

/** substr(string, start, length): empty if start or length is out of range. */
function copySubstring(lowering: Lowering, args: Arguments, to: Place): void {
  const b = lowering.b;
  const from = args.inMemory(0);
  const inside = b.newBlock("inside");
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Ult, args.longs[1], lengthOfPlace(lowering, args.place(0)), inside, done);
  b.setBlock(inside);
  b.branchIf(Op.Sgt, args.longs[2], lowering.constant(0), some, done);
  b.setBlock(some);
  const count = lesser(b, args.longs[2], lowering.constant(lowering.runtime.maxLength));
  copyPart(lowering, from, [args.longs[1], count], to);
  b.jump(done);
  b.setBlock(done);
}

/** Copies the text area to a place. */
export function copyTextArea(lowering: Lowering, to: Place): void {
  zero(lowering.frame, to);
  const b = lowering.b;
  copyPart(lowering, lowering.runtime.textArea, [b.constant(0), b.constant(lowering.runtime.maxLength)], to);
}

/** Copies a part of a string. `part` is its start and its length; both are within the limit. */
function copyPart(lowering: Lowering, from: Place, part: Ref[], to: Place): void {
  const b = lowering.b;
  const limit = lowering.runtime.maxLength;
  const start = b.binary(Op.And, part[0], lowering.constant(maskFor(limit)));
  const size = b.binary(Op.And, b.binary(Op.Add, part[1], lowering.constant(1)), lowering.constant(maskFor(limit + 1)));
  const source = b.binary(Op.Add, lowering.frame.pointer(from), start);
  b.callHelper(Helper.ProbeReadKernelStr, [lowering.frame.pointer(to), size, source]);
}

// ------------------------------------------------------------------------------------------------------------- errors

/** Names of errors by number from 1, as in the kernel's uapi/asm-generic. "-" is a number without a name. */
const ERRORS: string =
  "PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN NOMEM ACCES FAULT NOTBLK BUSY EXIST XDEV NODEV " +
  "NOTDIR ISDIR INVAL NFILE MFILE NOTTY TXTBSY FBIG NOSPC SPIPE ROFS MLINK PIPE DOM RANGE DEADLK NAMETOOLONG " +
  "NOLCK NOSYS NOTEMPTY LOOP - NOMSG IDRM CHRNG L2NSYNC L3HLT L3RST LNRNG UNATCH NOCSI L2HLT BADE BADR XFULL " +
  "NOANO BADRQC BADSLT - BFONT NOSTR NODATA TIME NOSR NONET NOPKG REMOTE NOLINK ADV SRMNT COMM PROTO MULTIHOP " +
  "DOTDOT BADMSG OVERFLOW NOTUNIQ BADFD REMCHG LIBACC LIBBAD LIBSCN LIBMAX LIBEXEC ILSEQ RESTART STRPIPE USERS " +
  "NOTSOCK DESTADDRREQ MSGSIZE PROTOTYPE NOPROTOOPT PROTONOSUPPORT SOCKTNOSUPPORT OPNOTSUPP PFNOSUPPORT " +
  "AFNOSUPPORT ADDRINUSE ADDRNOTAVAIL NETDOWN NETUNREACH NETRESET CONNABORTED CONNRESET NOBUFS ISCONN NOTCONN " +
  "SHUTDOWN TOOMANYREFS TIMEDOUT CONNREFUSED HOSTDOWN HOSTUNREACH ALREADY INPROGRESS STALE UCLEAN NOTNAM NAVAIL " +
  "ISNAM REMOTEIO DQUOT NOMEDIUM MEDIUMTYPE CANCELED NOKEY KEYEXPIRED KEYREVOKED KEYREJECTED OWNERDEAD " +
  "NOTRECOVERABLE RFKILL HWPOISON";
/** Names of kernel-internal errors, from number 512. */
const KERNEL_ERRORS: string =
  "RESTARTSYS RESTARTNOINTR RESTARTNOHAND NOIOCTLCMD RESTART_RESTARTBLOCK PROBE_DEFER OPENSTALE NOPARAM - " +
  "BADHANDLE NOTSYNC BADCOOKIE NOTSUPP TOOSMALL SERVERFAULT BADTYPE JUKEBOX IOCBQUEUED RECALLCONFLICT NOGRACE";
const FIRST_KERNEL_ERROR: i32 = 512;

/** Rows of ERROR_ROW bytes, in .rodata. */
function errorTable(lowering: Lowering): i32 {
  let rows = "";
  const names = ERRORS.split(" ").concat(KERNEL_ERRORS.split(" "));
  for (let i = 0, n = names.length; i < n; ++i) {
    const name = names[i] == "-" ? "" : "E" + names[i];
    rows += name + "\0".repeat(ERROR_ROW - name.length);
  }
  return lowering.unit.literal(rows + "\0".repeat((ERROR_ROWS - names.length) * ERROR_ROW));
}

/** Copies the name of an error; empty if it has none. */
function copyErrorName(lowering: Lowering, error: Ref, to: Place): void {
  const b = lowering.b;
  const common = ERRORS.split(" ").length;
  const special = KERNEL_ERRORS.split(" ").length;
  const row = b.variable("row");
  b.setVar(row, b.binary(Op.Sub, error, lowering.constant(1)));
  const high = b.newBlock("high");
  const check = b.newBlock("check");
  const known = b.newBlock("known");
  const done = b.newBlock("done");
  zero(lowering.frame, to);
  const beyond = b.binary(Op.Sub, error, lowering.constant(FIRST_KERNEL_ERROR));
  b.branchIf(Op.Ult, beyond, lowering.constant(special), high, check);
  b.setBlock(high);
  b.setVar(row, b.binary(Op.Add, beyond, lowering.constant(common)));
  b.jump(known);
  b.setBlock(check);
  b.branchIf(Op.Ult, b.getVar(row), lowering.constant(common), known, done);
  b.setBlock(known);
  // The verifier needs a separate bound here. The rows behind the names are zeros.
  const at = b.binary(
    Op.Mul,
    b.binary(Op.And, b.getVar(row), lowering.constant(ERROR_ROWS - 1)),
    lowering.constant(ERROR_ROW),
  );
  const from = b.binary(Op.Add, b.addressOf(AddressKind.Rodata, errorTable(lowering)), at);
  const words = min(ERROR_ROW, to.capacity) >> 3;
  for (let k = 0; k < words; ++k) lowering.frame.storeWord(to, k, b.load(Op.Load64, from, k * 8));
  b.jump(done);
  b.setBlock(done);
}
