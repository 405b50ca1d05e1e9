// Strings: copies, comparisons, string expressions. What a place is, is in place.ts.

import { Helper } from "../../common/format/helpers";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  Expression,
  Identifier,
  IndexExpression,
  NodeKind,
  StringLiteral,
  TernaryExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { keepString, lowerStringCall } from "./call";
import { lowerKeys, readStringElement, readStringOf, writeStringElement } from "./element";
import { compareOp, lowerCondition } from "./expression";
import { lengthOf } from "./length";
import { textArea } from "./library";
import { Lowering } from "./lowering";
import { Base, capacityFor, literalPlace, Place } from "./place";
import { beforeMaybe } from "./printing";
import { Routine, routine } from "./runtime";
import { putPlain } from "./sprint";
import { isInFrame, Text } from "./text";
import { placeOfVariable } from "./variable";

/** Copies a string; what is longer than `to` holds is cut, as stap cuts. */
export function copyString(l: Lowering, from: Place, to: Place): void {
  if (from.isLiteral && from.text.length >= to.capacity) {
    copyString(l, literalPlace(from.text.substring(0, to.capacity - 1)), to);
    return;
  }
  if (to.isSmall && (from.isSmall || from.isLiteral)) {
    copyWords(l, from, to);
    return;
  }
  if (from.isLiteral) from = materialize(l, from);
  // probe_read_kernel_str always terminates, and leaves what follows the NUL alone.
  if (to.isSmall) zero(l, to);
  l.b.callHelper(Helper.ProbeReadKernelStr, [l.pointer(to), l.constant(to.capacity), l.pointer(from)]);
}

function copyWords(l: Lowering, from: Place, to: Place): void {
  const words = to.capacity >> 3;
  for (let i = 0; i < words; ++i) {
    let word = l.word(from, i);
    // The last word of a longer source is cut before the NUL's place.
    if (i == words - 1 && from.capacity > to.capacity) {
      word = l.b.binary(Op.And, word, l.constant(0x00ffffffffffffff));
    }
    l.storeWord(to, i, word);
  }
}

/** Copies a string and fills what is left of the place with zeros, whatever its size: tables compare whole words. */
export function copyPadded(l: Lowering, from: Place, to: Place): void {
  if (!to.isSmall) for (let k = 0, m = to.capacity >> 3; k < m; ++k) l.storeWord(to, k, l.constant(0));
  copyString(l, from, to);
}

/** Makes a place the empty string: all of a small one, the first byte of a large one. */
export function zero(l: Lowering, to: Place): void {
  if (!to.isSmall) {
    l.b.store(Op.Store8, l.baseOf(to), l.offsetOf(to), l.constant(0));
    return;
  }
  for (let i = 0, n = to.capacity >> 3; i < n; ++i) l.storeWord(to, i, l.constant(0));
}

/** Copies a string that may go on behind a NUL to a small place, which is zero from the first NUL on. */
export function copyCut(l: Lowering, from: Place, to: Place): void {
  zero(l, to);
  l.b.callHelper(Helper.ProbeReadKernelStr, [l.pointer(to), l.constant(to.capacity), l.pointer(from)]);
}

/** A literal as memory: in .rodata. */
export function materialize(l: Lowering, literal: Place): Place {
  return new Place(Base.Rodata, NoRef, l.unit.literal(literal.text), literal.capacity);
}

/** Evaluates a string expression; what is returned holds until anything is assigned. */
export function lowerString(l: Lowering, e: Expression): Place {
  switch (e.kind) {
    case NodeKind.StringLiteral:
      return literalPlace(capped(l, (<StringLiteral>e).value));
    case NodeKind.Identifier:
      return placeOfVariable(l, <Identifier>e);
    case NodeKind.Call:
      return lowerStringCall(l, <CallExpression>e, null);
    case NodeKind.Assignment:
      return lowerStringAssignment(l, <AssignmentExpression>e);
    case NodeKind.Index:
      return readStringElement(l, <IndexExpression>e);
    default: {
      const to = l.newTemporary(capacityFor(lengthOf(l, e)));
      lowerStringInto(l, e, to);
      return to;
    }
  }
}

/** Evaluates a string expression into a place of its own. */
export function lowerStringInto(l: Lowering, e: Expression, to: Place): void {
  switch (e.kind) {
    case NodeKind.Call: {
      const at = lowerStringCall(l, <CallExpression>e, to);
      if (at !== to) copyString(l, at, to);
      return;
    }
    case NodeKind.Ternary:
      lowerTernaryInto(l, <TernaryExpression>e, to);
      return;
    case NodeKind.Binary:
      assert((<BinaryExpression>e).op == Operator.Concat, "the only string operator is '.'");
      lowerConcatInto(l, <BinaryExpression>e, to);
      return;
    default:
      copyString(l, lowerString(l, e), to);
  }
}

function capped(l: Lowering, text: string): string {
  return text.length > l.shared.maxLength ? text.substring(0, l.shared.maxLength) : text;
}

function lowerTernaryInto(l: Lowering, e: TernaryExpression, to: Place): void {
  const yes = l.b.newBlock("then");
  const no = l.b.newBlock("else");
  const join = l.b.newBlock("join");
  beforeMaybe(l, e);
  lowerCondition(l, e.condition, yes, no);
  l.b.setBlock(yes);
  l.memo.open();
  lowerStringInto(l, e.whenTrue, to);
  l.memo.close();
  l.b.jump(join);
  l.b.setBlock(no);
  l.memo.open();
  lowerStringInto(l, e.whenFalse, to);
  l.memo.close();
  l.b.jump(join);
  l.b.setBlock(join);
}

function lowerElementAssignment(l: Lowering, e: AssignmentExpression, target: IndexExpression): Place {
  const keys = lowerKeys(l, target.base, target.keys, target.range);
  let value = lowerString(l, e.value);
  if (e.op == Operator.ConcatAssign) {
    const right = keepString(l, value);
    value = l.newFrameTemporary(keys.table.valueBytes);
    copyString(l, readStringOf(l, keys), value);
    appendString(l, value, right);
  }
  writeStringElement(l, keys, value);
  return value;
}

function lowerStringAssignment(l: Lowering, e: AssignmentExpression): Place {
  if (e.target.kind == NodeKind.Index) return lowerElementAssignment(l, e, <IndexExpression>e.target);
  const to = placeOfVariable(l, <Identifier>e.target);
  if (e.op == Operator.ConcatAssign) {
    appendString(l, to, lowerString(l, e.value));
    return to;
  }
  // An expression that reads its own target must see the old value to the end.
  if (e.value.kind == NodeKind.Binary || e.value.kind == NodeKind.Ternary) {
    const temporary = l.newTemporary(to.capacity);
    lowerStringInto(l, e.value, temporary);
    copyString(l, temporary, to);
  } else {
    copyString(l, lowerString(l, e.value), to);
  }
  return to;
}

/** `a . b . c`: one part after the other. */
function lowerConcatInto(l: Lowering, e: BinaryExpression, to: Place): void {
  const work = isInFrame(to) ? to : l.newFrameTemporary(capacityFor(lengthOf(l, e)));
  const text = new Text(l, work);
  putParts(l, text, e);
  text.finish();
  if (work !== to) copyString(l, work, to);
}

function putParts(l: Lowering, text: Text, e: Expression): void {
  if (e.kind == NodeKind.Binary) {
    putParts(l, text, (<BinaryExpression>e).left);
    putParts(l, text, (<BinaryExpression>e).right);
  } else if (e.kind == NodeKind.StringLiteral) {
    text.putLiteral((<StringLiteral>e).value);
  } else {
    putPlain(l, text, e);
  }
}

/** Appends to a string in its place. */
function appendString(l: Lowering, to: Place, from: Place): void {
  if (from.base == to.base && from.ref == to.ref && from.offset == to.offset) from = keepString(l, from);
  const b = l.b;
  const work = isInFrame(to) && !to.isSmall ? to : l.newFrameTemporary(to.capacity);
  const scratch = work === to ? textArea(l.shared) : work;
  if (work !== to && work.isSmall) zero(l, work);
  // Measured by reading it to somewhere: to where it is put together, if that is elsewhere.
  const measured = b.callHelper(Helper.ProbeReadKernelStr, [
    l.pointer(scratch),
    l.constant(to.capacity),
    l.pointer(to),
  ]);
  const text = new Text(l, work, false);
  text.goOn(b.binary(Op.Sub, measured, l.constant(1)));
  text.putString(from, l.shared.maxLength);
  text.finish();
  if (work !== to) copyString(l, work, to);
}

// -------------------------------------------------------------------------------------------------------- comparison

/** Branches on a comparison of two strings. */
export function branchOnStrings(l: Lowering, e: BinaryExpression, yes: i32, no: i32): void {
  let left = lowerString(l, e.left);
  // What the right side does must not change what was read of the left one.
  if (!left.isLiteral && !isStill(e.right)) {
    const kept = l.newTemporary(left.capacity);
    copyString(l, left, kept);
    left = kept;
  }
  const right = lowerString(l, e.right);
  const op = compareOp(e.op);
  if (isWordwise(left) && isWordwise(right)) {
    if (op == Op.Eq || op == Op.Ne) branchOnEquality(l, left, right, op == Op.Eq ? yes : no, op == Op.Eq ? no : yes);
    else branchOnOrder(l, left, right, op, yes, no);
    return;
  }
  const order = l.b.callFunction(routine(l.shared, Routine.CompareStrings), [
    offsetInArena(l, left),
    offsetInArena(l, right),
  ]);
  l.b.branchIf(op, order, l.constant(0), yes, no);
}

/** Whether evaluating an expression surely assigns nothing. */
function isStill(e: Expression): bool {
  return e.kind == NodeKind.StringLiteral || e.kind == NodeKind.Identifier;
}

function isWordwise(place: Place): bool {
  return place.isSmall;
}

/** Words that both must agree in: a literal's up to its NUL, else the longer one's. */
function wordsToCompare(left: Place, right: Place): i32 {
  if (right.isLiteral) return capacityFor(right.text.length) >> 3;
  if (left.isLiteral) return capacityFor(left.text.length) >> 3;
  const longer = left.capacity > right.capacity ? left.capacity : right.capacity;
  return longer >> 3;
}

function branchOnEquality(l: Lowering, left: Place, right: Place, same: i32, different: i32): void {
  if (left.isLiteral && right.isLiteral) {
    l.b.jump(left.text == right.text ? same : different);
    return;
  }
  const words = wordsToCompare(left, right);
  for (let i = 0; i < words; ++i) {
    const next = i == words - 1 ? same : l.b.newBlock("equal");
    l.b.branchIf(Op.Eq, l.word(left, i), l.word(right, i), next, different);
    l.b.setBlock(next);
  }
}

/** Goes to `yes`, `no` or `equal`: whether one zero-padded string comes before another, rising or falling. */
export function branchOnPlaces(l: Lowering, x: Place, y: Place, rising: bool, targets: StaticArray<i32>): void {
  const b = l.b;
  const words = max(x.capacity, y.capacity) >> 3;
  for (let i = 0; i < words; ++i) {
    const p = l.word(x, i);
    const q = l.word(y, i);
    const differ = b.newBlock("differ");
    const next = b.newBlock("same");
    b.setCold(differ);
    b.branchIf(Op.Ne, p, q, differ, next);
    b.setBlock(differ);
    const op = rising ? Op.Ult : Op.Ugt;
    b.branchIf(op, b.unary(Op.Bswap64, p), b.unary(Op.Bswap64, q), targets[0], targets[1]);
    b.setBlock(next);
  }
  b.jump(targets[2]);
}

/** Strings order like their bytes: the first word that differs decides, read as big-endian. */
function branchOnOrder(l: Lowering, left: Place, right: Place, op: Op, yes: i32, no: i32): void {
  const b = l.b;
  const longer = left.capacity > right.capacity ? left.capacity : right.capacity;
  const strict = op == Op.Slt || op == Op.Sle ? Op.Ult : Op.Ugt;
  for (let i = 0, words = longer >> 3; i < words; ++i) {
    const x = l.word(left, i);
    const y = l.word(right, i);
    const differ = b.newBlock("differ");
    const next = b.newBlock("equal");
    b.branchIf(Op.Ne, x, y, differ, next);
    b.setBlock(differ);
    b.branchIf(strict, b.unary(Op.Bswap64, x), b.unary(Op.Bswap64, y), yes, no);
    b.setBlock(next);
  }
  b.jump(op == Op.Sle || op == Op.Sge ? yes : no);
}

/** The offset in the arena of a string, as the routines take it; it is copied to the frame unless it is there. */
export function offsetInArena(l: Lowering, place: Place): Ref {
  let at = place;
  if (place.base != Base.Handler && place.base != Base.Frame) {
    at = l.newFrameTemporary(place.capacity > 72 ? place.capacity : 72);
    copyString(l, place, at);
  }
  let offset = l.b.getVar(l.frameOffset);
  if (at.base == Base.Handler) offset = l.b.binary(Op.Add, offset, l.areaOffset());
  return l.b.binary(Op.Add, offset, l.constant(at.offset));
}
