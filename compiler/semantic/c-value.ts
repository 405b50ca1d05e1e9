// A C value while the path behind it is followed: `$x`, then `->f`, then `[i]`. What is read last becomes a tree of
// plain expressions: additions, and reads of memory.

import { BtfKind, CoreKind } from "../../common/format/btf";
import { findBuiltin } from "../builtins/table";
import { Access } from "../kernel/relocations";
import { Member, Types } from "../kernel/types";
import { Range } from "../source/source";
import { CallExpression, DerefExpression, Expression, NodeKind, NumberLiteral } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { cloneExpression } from "./clone";
import { makeBinary, makeNumber } from "./make";
import { BuiltinSymbol } from "./symbols";

const RELOCATED: string = "__relocated";

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
  /** Of a member in a place, in code that is relocated: where it is in the struct or union at address `base`. */
  access: Access | null = null;
  base: Expression | null = null;

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
  const relocated = relocatedPlace(range, whole, address, member);
  if (relocated !== null) return relocated;
  const bytes = member.bitSize > 0 ? 0 : member.bitOffset >> 3;
  const tree = makeOffset(range, address, bytes);
  const place = new CValue(Form.Place, whole.types, member.type, tree, whole.isUser, whole.near);
  place.bitOffset = member.bitSize > 0 ? member.bitOffset : 0;
  place.bitSize = member.bitSize;
  return place;
}

/** A member where the kernel that runs the code has it; null: the code runs in this kernel only. */
function relocatedPlace(range: Range, whole: CValue, address: Expression, member: Member): CValue | null {
  const types = whole.types;
  const relocations = types.relocations;
  if (relocations === null) return null;
  let base = address;
  let access: Access;
  if (whole.access !== null) {
    access = (<Access>whole.access).to(member);
    base = cloneExpression(<Expression>whole.base);
  } else {
    const root = relocations.rootOf(types, whole.type);
    if (root == 0) {
      relocations.pin("a struct without a name");
      return null;
    }
    access = new Access(types, root, [member]);
  }
  relocations.followed.push(access);
  const offset = makeRelocated(range, relocations.field(CoreKind.FieldOffset, access));
  const tree = makeBinary(range, Operator.Add, base, offset);
  const place = new CValue(Form.Place, types, member.type, tree, whole.isUser, whole.near);
  place.bitSize = member.bitSize;
  place.access = access;
  place.base = base;
  return place;
}

/** A number that depends on the kernel that runs the code. */
export function makeRelocated(range: Range, relocation: i32): Expression {
  const call = new CallExpression(range, RELOCATED, range, [makeNumber(range, relocation)]);
  call.symbol = new BuiltinSymbol(findBuiltin(RELOCATED)!);
  return call;
}

/** Where an element of an array is, or of what a pointer at `address` points to. */
export function elementAddress(range: Range, types: Types, address: Expression, place: ElementPlace): Expression {
  const size = elementSize(range, types, place.type);
  const index = place.index;
  if (index === null && size.kind == NodeKind.NumberLiteral) {
    return makeOffset(range, address, place.number * (<NumberLiteral>size).value);
  }
  if (index === null && place.number == 0) return address;
  const number = index === null ? makeNumber(range, place.number) : index;
  return makeBinary(range, Operator.Add, address, makeBinary(range, Operator.Multiply, number, size));
}

/** Which element is meant. */
export class ElementPlace {
  constructor(
    public type: i32,
    public number: i64,
    /** Null: the number. */
    public index: Expression | null = null,
  ) {}
}

/** Bytes of an element; those of structs and unions depend on the kernel. */
function elementSize(range: Range, types: Types, element: i32): Expression {
  const here = makeNumber(range, types.sizeOf(element));
  const relocations = types.relocations;
  if (relocations === null) return here;
  let inner = element;
  while (types.isArray(inner)) inner = types.element(inner);
  if (!types.isComposite(inner)) return here;
  const root = inner == element ? relocations.rootOf(types, element) : 0;
  if (root != 0) return makeRelocated(range, relocations.size(types, root));
  relocations.pin("elements of an array that have no name");
  return here;
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
  const relocations = types.relocations;
  if (relocations !== null && place.access !== null && !types.isPointer(place.type)) {
    const read = makeDeref(range, place, place.tree, 8);
    read.relocation = relocations.read(<Access>place.access);
    return read;
  }
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
