// A C value while the path behind it is followed: `$x`, then `->f`, then `[i]`. What is read last becomes a tree of
// plain expressions: additions, and reads of memory.

import { BtfKind } from "../../common/format/btf";
import { Member, Types } from "../kernel/types";
import { Range } from "../source/source";
import { DerefExpression, Expression } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { makeBinary, makeNumber } from "./make";

/** What the tree of a C value is. */
export const enum Form {
  /** The value itself, of `type`. */
  Value,
  /** The address of something of `type`. As a value it is a pointer; a step of a path reads what it points to. */
  Pointer,
  /** The address at which the value is kept. */
  Place,
}

/** One C value. */
export class CValue {
  /** Of a bit-field in a place: its bits, counted from the address; 0 bits: it is none. */
  bitOffset: i32 = 0;
  bitSize: i32 = 0;

  constructor(
    public form: Form,
    public types: Types,
    public type: i32,
    public tree: Expression,
    public isUser: bool = false,
    /** What a fault is said to be near. */
    public near: string = "",
  ) {}
}

/** An address and a constant number of bytes. */
export function makeOffset(range: Range, address: Expression, bytes: i64): Expression {
  if (bytes == 0) return address;
  if (bytes < 0) return makeBinary(range, Operator.Subtract, address, makeNumber(range, -bytes));
  return makeBinary(range, Operator.Add, address, makeNumber(range, bytes));
}

/** A member of the struct or union at an address; its bits count from there if it is a bit-field. */
export function memberPlace(range: Range, whole: CValue, address: Expression, member: Member): CValue {
  const bytes = member.bitSize > 0 ? 0 : member.bitOffset >> 3;
  const tree = makeOffset(range, address, bytes);
  const place = new CValue(Form.Place, whole.types, member.type, tree, whole.isUser, whole.near);
  place.bitOffset = member.bitSize > 0 ? member.bitOffset : 0;
  place.bitSize = member.bitSize;
  return place;
}

/** The low `bytes` bytes of a register as a value of an integer type. */
export function makeTruncated(range: Range, value: Expression, bytes: i32, isSigned: bool): Expression {
  if (bytes >= 8 || bytes <= 0) return value;
  const bits = <i64>(64 - bytes * 8);
  if (!isSigned) return makeBinary(range, Operator.BitAnd, value, makeNumber(range, ((<i64>1) << (bytes * 8)) - 1));
  const left = makeBinary(range, Operator.ShiftLeft, value, makeNumber(range, bits));
  return makeBinary(range, Operator.ShiftRight, left, makeNumber(range, bits));
}

/** Reads what a pointer in a place is, so that the path can go on behind it; other values stay what they are. */
export function loadPointer(range: Range, value: CValue): CValue {
  const types = value.types;
  const type = types.strip(value.type);
  if (value.form == Form.Pointer || types.kind(type) != BtfKind.Ptr) return value;
  const tree = value.form == Form.Place ? makeRead(range, value) : value.tree;
  return new CValue(Form.Pointer, types, types.pointee(type), tree, value.isUser, value.near);
}

/** Reads the number in a place. */
export function makeRead(range: Range, place: CValue): Expression {
  const types = place.types;
  const isSigned = types.isSigned(place.type);
  if (place.bitSize > 0) return makeBitRead(range, place, isSigned);
  const read = makeDeref(range, place, place.tree, types.sizeOf(place.type));
  read.isSigned = isSigned;
  return read;
}

function makeDeref(range: Range, place: CValue, address: Expression, bytes: i32): DerefExpression {
  const op: Operator = place.isUser ? Operator.AtUderef : Operator.AtKderef;
  const read = new DerefExpression(range, op, bytes, address);
  read.near = place.near;
  return read;
}

/** Reads the smallest aligned word that has all of a bit-field, and takes its bits. */
function makeBitRead(range: Range, place: CValue, isSigned: bool): Expression {
  let bytes = 1;
  let first = 0;
  for (; bytes < 8; bytes <<= 1) {
    first = place.bitOffset / (bytes * 8);
    if ((place.bitOffset + place.bitSize - 1) / (bytes * 8) == first) break;
  }
  first = place.bitOffset / (bytes * 8);
  const address = makeOffset(range, place.tree, <i64>(first * bytes));
  const word = makeDeref(range, place, address, bytes);
  const low = place.bitOffset - first * bytes * 8;
  if (!isSigned) {
    const shifted = low == 0 ? word : makeBinary(range, Operator.ShiftRight, word, makeNumber(range, low));
    if (place.bitSize >= 63) return shifted;
    return makeBinary(range, Operator.BitAnd, shifted, makeNumber(range, ((<i64>1) << place.bitSize) - 1));
  }
  const left = makeBinary(range, Operator.ShiftLeft, word, makeNumber(range, 64 - low - place.bitSize));
  return makeBinary(range, Operator.ShiftRight, left, makeNumber(range, 64 - place.bitSize));
}
