// Reading memory of the kernel and of processes: `@kderef`, `@uderef`, what semantic analysis makes of types, and the
// builtins behind `kernel_string`, `user_int` and the like.
//
// A helper copies a number into eight bytes of stack, which all reads of a function share, and a string into the frame.
// An address that cannot be read is a soft error whose message contains it.

import { Helper } from "../../common/format/helpers";
import { Builtin } from "../builtins/builtin";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { lesser, maskFor, orZero } from "../runtime/bits";
import { keepString, materialize, zero } from "../runtime/copy";
import { Spec, SpecField } from "../runtime/digits";
import { ESCAPE_BUFFER } from "../runtime/escape";
import { capacityFor, Place } from "../runtime/place";
import { Text } from "../runtime/text";
import { UTF, UTF_FAULT, UTF_INVALID, UtfSource } from "../runtime/utf";
import { CallExpression, DerefExpression, Expression, NodeKind, NumberLiteral, StringLiteral } from "../syntax/ast";
import { Operator, operatorText } from "../syntax/token";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";
import { copyTextArea } from "./string-call";

/** Zeros behind bytes that are quoted, and a little more. */
const BEHIND_BYTES: i32 = 16;
/** Most bytes of the message about a character. */
const INVALID_BYTES: i32 = 80;
const UPPER_HEX: i64 = Spec.Upper | (16 << SpecField.Base);

/** The memory that an address points into. */
export const enum Space {
  Kernel,
  /** Of the process that runs. */
  User,
}

/** A number in memory, and the error if it cannot be read. */
export class MemoryNumber {
  constructor(
    public space: Space,
    /** 1, 2, 4 or 8. */
    public bytes: i32,
    public isSigned: bool,
    /** Null: it is 0 then, as helpers leave it. */
    public error: SoftError | null,
  ) {}
}

/** Evaluates `@kderef` or `@uderef`. */
export function lowerDeref(lowering: Lowering, e: DerefExpression): Ref {
  return readDeref(lowering, e, lowerDerefAddress(lowering, e));
}

/** Reads a number. */
export function readNumber(lowering: Lowering, address: Ref, number: MemoryNumber): Ref {
  const b = lowering.b;
  const slot = lowering.parts.numberSlot;
  const status = b.callHelper(readHelper(number.space), [slot, b.constant(number.bytes), address]);
  const error = number.error;
  if (error !== null) lowering.exits.failIf(Op.Slt, status, b.constant(0), error);
  return b.load(loadOp(number.bytes, number.isSigned), slot, 0);
}

/**
 * Reads a number whose size, sign and bits are those of the kernel that runs the code. The relocations are in the order
 * of Relocations.read.
 */
function readRelocated(lowering: Lowering, address: Ref, target: DerefExpression, error: SoftError): Ref {
  const b = lowering.b;
  const first = target.relocation;
  const space = target.op == Operator.AtUderef ? Space.User : Space.Kernel;
  const slot = lowering.parts.numberSlot;
  b.store(Op.Store64, slot, 0, b.constant(0));
  const status = b.callHelper(readHelper(space), [slot, b.relocated(first), address]);
  lowering.exits.failIf(Op.Slt, status, b.constant(0), error);
  const high = b.binary(Op.Shl, b.load(Op.Load64, slot, 0), b.relocated(first + 1));
  const value = b.variable("number");
  const signed = b.newBlock("signed");
  const unsigned = b.newBlock("unsigned");
  const done = b.newBlock("done");
  // The verifier knows which way it goes, and takes the other one out.
  b.branch(b.relocated(first + 3), signed, unsigned);
  b.setBlock(signed);
  b.setVar(value, b.binary(Op.Sar, high, b.relocated(first + 2)));
  b.jump(done);
  b.setBlock(unsigned);
  b.setVar(value, b.binary(Op.Shr, high, b.relocated(first + 2)));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

function loadOp(bytes: i32, isSigned: bool): Op {
  switch (bytes) {
    case 1:
      return isSigned ? Op.Load8s : Op.Load8u;
    case 2:
      return isSigned ? Op.Load16s : Op.Load16u;
    case 4:
      return isSigned ? Op.Load32s : Op.Load32u;
    default:
      assert(bytes == 8, "semantic analysis refuses other sizes");
      return Op.Load64;
  }
}

function readHelper(space: Space): Helper {
  return space == Space.User ? Helper.ProbeReadUser : Helper.ProbeReadKernel;
}

/** Where a string is read. */
class Source {
  constructor(
    public space: Space,
    public address: Ref,
  ) {}
}

/** Whether a builtin reads or writes memory. */
export function isMemoryBuiltin(id: Builtin): bool {
  return id >= Builtin.KernelNumber && id <= Builtin.WriteUserString;
}

/** Whether its memory is that of a process. */
function spaceOf(id: Builtin): Space {
  const isUser =
    id == Builtin.UserNumber || id == Builtin.UserString || id == Builtin.UserBuffer || id == Builtin.UserUtf;
  return isUser ? Space.User : Space.Kernel;
}

/** The number of a literal argument. */
function literal(e: CallExpression, at: i32): i64 {
  return (<NumberLiteral>e.args[at]).value;
}

/** The error of a call, whose last argument is its message; null if that is empty. */
function errorOf(e: CallExpression, address: Ref): SoftError | null {
  const message = (<StringLiteral>e.args[e.args.length - 1]).value;
  return message == "" ? null : new SoftError(message, e.range, `identifier '${e.name}'`, address);
}

/** Evaluates the builtins that return a number, or nothing. */
export function lowerMemoryNumber(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  const address = lowering.long(e.args[0]);
  if (id == Builtin.WriteUser) {
    const value = lowering.long(e.args[1]);
    lowering.at(e.range);
    writeNumber(lowering, address, value, new MemoryNumber(Space.User, <i32>literal(e, 2), false, errorOf(e, address)));
    return value;
  }
  if (id == Builtin.WriteUserString) return writeString(lowering, e, address);
  lowering.at(e.range);
  const bytes = <i32>literal(e, 1);
  return readNumber(lowering, address, new MemoryNumber(spaceOf(id), abs(bytes), bytes < 0, errorOf(e, address)));
}

/** Evaluates the address of `@uderef(size, address)` in an assignment. */
export function lowerDerefAddress(lowering: Lowering, target: DerefExpression): Ref {
  const address = lowering.long(target.address);
  lowering.at(target.range);
  return address;
}

/** Reads the number at such an address. */
export function readDeref(lowering: Lowering, target: DerefExpression, address: Ref): Ref {
  const space = target.op == Operator.AtUderef ? Space.User : Space.Kernel;
  const error = derefError(target, "read", address);
  if (target.relocation >= 0) return readRelocated(lowering, address, target, error);
  return readNumber(lowering, address, new MemoryNumber(space, <i32>target.size, target.isSigned, error));
}

/** Changes the number at such an address, which is in user space. */
export function writeDeref(lowering: Lowering, target: DerefExpression, address: Ref, value: Ref): void {
  assert(target.op == Operator.AtUderef, "semantic analysis refuses to change memory of the kernel");
  lowering.at(target.range);
  writeNumber(
    lowering,
    address,
    value,
    new MemoryNumber(Space.User, <i32>target.size, false, derefError(target, "write", address)),
  );
}

function derefError(e: DerefExpression, what: string, address: Ref): SoftError {
  const near = e.near.length > 0 ? e.near : `operator '${operatorText(e.op)}'`;
  return new SoftError(`${what} fault [man error::fault] at 0x%x`, e.range, near, address);
}

/** Stores a number in memory of the process that runs. */
function writeNumber(lowering: Lowering, address: Ref, value: Ref, number: MemoryNumber): void {
  const b = lowering.b;
  const slot = lowering.parts.numberSlot;
  b.store(Op.Store64, slot, 0, value);
  const status = b.callHelper(Helper.ProbeWriteUser, [address, slot, b.constant(number.bytes)]);
  lowering.exits.failIf(Op.Slt, status, b.constant(0), number.error!);
}

/** Stores a string there, and a NUL. */
function writeString(lowering: Lowering, e: CallExpression, address: Ref): Ref {
  const b = lowering.b;
  const place = lowering.string(e.args[1]);
  const from = place.isLiteral ? materialize(lowering.frame, place) : keepString(lowering.frame, place);
  const most = bounded(lowering, e.args[2]);
  lowering.at(e.range);
  const copy = lowering.frame.pointer(lowering.runtime.textArea);
  const size = b.binary(Op.Add, most, b.constant(1));
  const length = b.callHelper(Helper.ProbeReadKernelStr, [copy, size, lowering.frame.pointer(from)]);
  // At least the NUL: the verifier permits no write of nothing.
  const text = b.binary(
    Op.And,
    b.binary(Op.Sub, length, b.constant(1)),
    b.constant(maskFor(lowering.runtime.maxLength)),
  );
  const bytes = b.binary(Op.Add, text, b.constant(1));
  const status = b.callHelper(Helper.ProbeWriteUser, [address, copy, bytes]);
  failUnread(lowering, status, e, address);
  return length;
}

/** Evaluates the builtins that return a string. */
export function lowerMemoryString(lowering: Lowering, id: Builtin, e: CallExpression): Place {
  const to = lowering.frame.newFrameTemporary(capacityFor(lengthOf(lowering.runtime, e)));
  const from = new Source(spaceOf(id), lowering.long(e.args[0]));
  switch (id) {
    case Builtin.KernelString:
    case Builtin.UserString:
      readString(lowering, e, from, to);
      break;
    case Builtin.KernelBuffer:
    case Builtin.UserBuffer:
      quoteBuffer(lowering, e, from, to);
      break;
    default:
      decodeUtf(lowering, e, from, to);
  }
  return to;
}

/** A number of bytes between 0 and the limit of strings, whatever the script says. */
function bounded(lowering: Lowering, wanted: Expression): Ref {
  const b = lowering.b;
  const most = lowering.runtime.maxLength;
  if (wanted.kind == NodeKind.NumberLiteral) {
    return b.constant(max<i64>(0, min<i64>((<NumberLiteral>wanted).value, most)));
  }
  const bytes = lesser(b, orZero(b, lowering.long(wanted)), b.constant(most));
  return b.binary(Op.And, bytes, b.constant(maskFor(most)));
}

function failUnread(lowering: Lowering, status: Ref, e: CallExpression, address: Ref): void {
  lowering.exits.failIf(Op.Slt, status, lowering.constant(0), errorOf(e, address)!);
}

function readString(lowering: Lowering, e: CallExpression, from: Source, to: Place): void {
  const b = lowering.b;
  const size = b.binary(Op.Add, bounded(lowering, e.args[1]), b.constant(1));
  lowering.at(e.range);
  // Short strings end with zeros.
  if (to.isSmall) zero(lowering.frame, to);
  const helper = from.space == Space.User ? Helper.ProbeReadUserStr : Helper.ProbeReadKernelStr;
  const status = b.callHelper(helper, [lowering.frame.pointer(to), size, from.address]);
  failUnread(lowering, status, e, from.address);
}

/** Reads bytes, which may be zeros, and writes them as text_str does, in quotes. */
function quoteBuffer(lowering: Lowering, e: CallExpression, from: Source, to: Place): void {
  const b = lowering.b;
  const frame = lowering.frame;
  const count = bounded(lowering, e.args[1]);
  const most = lowering.long(e.args[2]);
  lowering.at(e.range);
  const bytes = frame.newFrameTemporary(capacityFor(lowering.runtime.maxLength) + BEHIND_BYTES);
  const status = b.callHelper(readHelper(from.space), [frame.pointer(bytes), count, from.address]);
  failUnread(lowering, status, e, from.address);
  b.store(Op.Store64, b.binary(Op.Add, frame.pointer(bytes), count), 0, b.constant(0));
  const routine = ESCAPE_BUFFER.of(lowering.runtime);
  b.callFunction(routine, [frame.offset(), frame.offsetInArena(bytes), most, b.constant(1), count]);
  copyTextArea(lowering, to);
}

/** Reads UTF-16 or UTF-32. */
function decodeUtf(lowering: Lowering, e: CallExpression, from: Source, to: Place): void {
  const b = lowering.b;
  const frame = lowering.frame;
  lowering.at(e.range);
  const bytes = <i32>literal(e, 1);
  const source = new UtfSource(lowering.runtime, bytes, from.space == Space.User);
  // Routines need a frame.
  frame.address();
  const length = b.callFunction(UTF.of(source), [frame.offset(), from.address]);
  const error = errorOf(e, from.address)!;
  lowering.exits.failIf(Op.Eq, length, b.constant(UTF_FAULT), error);
  const failure = lowering.exits.beginFailure(Op.Slt, length, b.constant(0));
  const text = new Text(frame, frame.newFrameTemporary(capacityFor(INVALID_BYTES)));
  text.putLiteral(`invalid UTF-${bytes * 8} character U+`);
  text.putLong(b.binary(Op.Sub, b.constant(UTF_INVALID), length), UPPER_HEX);
  text.putLiteral(" at 0x");
  text.putLong(from.address, 16 << SpecField.Base);
  text.finish();
  lowering.exits.failWith(text.place, error.range, error.near);
  lowering.exits.endFailure(failure);
  copyTextArea(lowering, to);
}
