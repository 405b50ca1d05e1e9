// String expressions: values and comparisons. runtime/place.ts says what a place is.

import { Helper } from "../../common/format/helpers";
import { Op } from "../ir/op";
import { COMPARE } from "../runtime/compare";
import { copyString, keepString, passString, StringPair, zero } from "../runtime/copy";
import { capacityFor, isInFrame, literalPlace, Place } from "../runtime/place";
import { Targets } from "../runtime/targets";
import { Text } from "../runtime/text";
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
import { lowerStringCall } from "./call";
import { lowerKeys, readStringElement, readStringOf, writeStringElement } from "./element";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";
import { compareOp } from "./operators";
import { beforeMaybe } from "./simple";
import { putPlain } from "./sprint";
import { placeOfVariable } from "./variable";

/** Evaluates a string expression. The returned place is valid until the next assignment. */
export function lowerString(lowering: Lowering, e: Expression): Place {
  switch (e.kind) {
    case NodeKind.StringLiteral:
      return literalPlace(capped(lowering, (<StringLiteral>e).value));
    case NodeKind.Identifier:
      return placeOfVariable(lowering, <Identifier>e);
    case NodeKind.Call:
      return lowerStringCall(lowering, <CallExpression>e, null);
    case NodeKind.Assignment:
      return lowerStringAssignment(lowering, <AssignmentExpression>e);
    case NodeKind.Index:
      return readStringElement(lowering, <IndexExpression>e);
    default: {
      const to = lowering.frame.newTemporary(capacityFor(lengthOf(lowering.runtime, e)));
      lowering.stringInto(e, to);
      return to;
    }
  }
}

/** Evaluates a string expression into the place `to`. */
export function lowerStringInto(lowering: Lowering, e: Expression, to: Place): void {
  switch (e.kind) {
    case NodeKind.Call: {
      const at = lowerStringCall(lowering, <CallExpression>e, to);
      if (at !== to) copyString(lowering.frame, at, to);
      return;
    }
    case NodeKind.Ternary:
      lowerTernaryInto(lowering, <TernaryExpression>e, to);
      return;
    case NodeKind.Binary:
      assert((<BinaryExpression>e).op == Operator.Concat, "the only string operator is '.'");
      lowerConcatInto(lowering, <BinaryExpression>e, to);
      return;
    default:
      copyString(lowering.frame, lowering.string(e), to);
  }
}

function capped(lowering: Lowering, text: string): string {
  return text.length > lowering.runtime.maxLength ? text.substring(0, lowering.runtime.maxLength) : text;
}

function lowerTernaryInto(lowering: Lowering, e: TernaryExpression, to: Place): void {
  const yes = lowering.b.newBlock("then");
  const no = lowering.b.newBlock("else");
  const join = lowering.b.newBlock("join");
  beforeMaybe(lowering, e);
  lowering.condition(e.condition, yes, no);
  lowering.b.setBlock(yes);
  lowering.scope.memo.open();
  lowering.stringInto(e.whenTrue, to);
  lowering.scope.memo.close();
  lowering.b.jump(join);
  lowering.b.setBlock(no);
  lowering.scope.memo.open();
  lowering.stringInto(e.whenFalse, to);
  lowering.scope.memo.close();
  lowering.b.jump(join);
  lowering.b.setBlock(join);
}

function lowerElementAssignment(lowering: Lowering, e: AssignmentExpression, target: IndexExpression): Place {
  const keys = lowerKeys(lowering, target.base, target.keys, target.range);
  let value = lowering.string(e.value);
  if (e.op == Operator.ConcatAssign) {
    const right = keepString(lowering.frame, value);
    value = lowering.frame.newFrameTemporary(keys.table.valueBytes);
    copyString(lowering.frame, readStringOf(lowering, keys), value);
    appendString(lowering, value, right);
  }
  writeStringElement(lowering, keys, value);
  return value;
}

function lowerStringAssignment(lowering: Lowering, e: AssignmentExpression): Place {
  if (e.target.kind == NodeKind.Index) return lowerElementAssignment(lowering, e, <IndexExpression>e.target);
  const to = placeOfVariable(lowering, <Identifier>e.target);
  if (e.op == Operator.ConcatAssign) {
    appendString(lowering, to, lowering.string(e.value));
    return to;
  }
  // An expression that reads its own target must see the old value until its end.
  if (e.value.kind == NodeKind.Binary || e.value.kind == NodeKind.Ternary) {
    const temporary = lowering.frame.newTemporary(to.capacity);
    lowering.stringInto(e.value, temporary);
    copyString(lowering.frame, temporary, to);
  } else {
    copyString(lowering.frame, lowering.string(e.value), to);
  }
  return to;
}

/** `a . b . c`: appends one part after the other. */
function lowerConcatInto(lowering: Lowering, e: BinaryExpression, to: Place): void {
  const work = isInFrame(to) ? to : lowering.frame.newFrameTemporary(capacityFor(lengthOf(lowering.runtime, e)));
  const text = new Text(lowering.frame, work);
  putParts(lowering, text, e);
  text.finish();
  if (work !== to) copyString(lowering.frame, work, to);
}

function putParts(lowering: Lowering, text: Text, e: Expression): void {
  if (e.kind == NodeKind.Binary) {
    putParts(lowering, text, (<BinaryExpression>e).left);
    putParts(lowering, text, (<BinaryExpression>e).right);
  } else if (e.kind == NodeKind.StringLiteral) {
    text.putLiteral((<StringLiteral>e).value);
  } else {
    putPlain(lowering, text, e);
  }
}

/** Appends to a string in its place. */
function appendString(lowering: Lowering, to: Place, from: Place): void {
  if (from.base == to.base && from.ref == to.ref && from.offset == to.offset) from = keepString(lowering.frame, from);
  const b = lowering.b;
  const work = isInFrame(to) && !to.isSmall ? to : lowering.frame.newFrameTemporary(to.capacity);
  const scratch = work === to ? lowering.runtime.textArea : work;
  if (work !== to && work.isSmall) zero(lowering.frame, work);
  // Reading the string returns its length. If the text is built elsewhere, the read also copies the string there.
  const measured = b.callHelper(Helper.ProbeReadKernelStr, [
    lowering.frame.pointer(scratch),
    lowering.constant(to.capacity),
    lowering.frame.pointer(to),
  ]);
  const text = new Text(lowering.frame, work, false);
  text.goOn(b.binary(Op.Sub, measured, lowering.constant(1)));
  text.putString(from, lowering.runtime.maxLength);
  text.finish();
  if (work !== to) copyString(lowering.frame, work, to);
}

// -------------------------------------------------------------------------------------------------------- comparison

/** Branches on a comparison of two strings. */
export function branchOnStrings(lowering: Lowering, e: BinaryExpression, yes: i32, no: i32): void {
  let left = lowering.string(e.left);
  // Evaluating the right side must not change the value that was read for the left one.
  if (!left.isLiteral && !isStill(e.right)) {
    const kept = lowering.frame.newTemporary(left.capacity);
    copyString(lowering.frame, left, kept);
    left = kept;
  }
  const right = lowering.string(e.right);
  const op = compareOp(e.op);
  const pair = new StringPair(left, right);
  if (left.isSmall && right.isSmall) {
    if (op == Op.Eq) branchOnEquality(lowering, pair, yes, no);
    else if (op == Op.Ne) branchOnEquality(lowering, pair, no, yes);
    else branchOnOrder(lowering, pair, op, new Targets(yes, no));
    return;
  }
  const order = lowering.b.callFunction(COMPARE.of(lowering.runtime), [
    passString(lowering.frame, left),
    passString(lowering.frame, right),
  ]);
  lowering.b.branchIf(op, order, lowering.constant(0), yes, no);
}

/** Whether evaluating an expression certainly assigns nothing. */
function isStill(e: Expression): bool {
  return e.kind == NodeKind.StringLiteral || e.kind == NodeKind.Identifier;
}

/** The number of words to compare: up to the NUL of a literal, else the length of the longer string. */
function wordsToCompare(left: Place, right: Place): i32 {
  if (right.isLiteral) return capacityFor(right.text.length) >> 3;
  if (left.isLiteral) return capacityFor(left.text.length) >> 3;
  const longer = left.capacity > right.capacity ? left.capacity : right.capacity;
  return longer >> 3;
}

function branchOnEquality(lowering: Lowering, pair: StringPair, same: i32, different: i32): void {
  const left = pair.left;
  const right = pair.right;
  if (left.isLiteral && right.isLiteral) {
    lowering.b.jump(left.text == right.text ? same : different);
    return;
  }
  const words = wordsToCompare(left, right);
  for (let i = 0; i < words; ++i) {
    const next = i == words - 1 ? same : lowering.b.newBlock("equal");
    lowering.b.branchIf(Op.Eq, lowering.frame.word(left, i), lowering.frame.word(right, i), next, different);
    lowering.b.setBlock(next);
  }
}

/** Strings are ordered by their bytes. The first word that differs, read as big-endian, decides. */
function branchOnOrder(lowering: Lowering, pair: StringPair, op: Op, targets: Targets): void {
  const left = pair.left;
  const right = pair.right;
  const b = lowering.b;
  const longer = left.capacity > right.capacity ? left.capacity : right.capacity;
  const strict = op == Op.Slt || op == Op.Sle ? Op.Ult : Op.Ugt;
  for (let i = 0, words = longer >> 3; i < words; ++i) {
    const x = lowering.frame.word(left, i);
    const y = lowering.frame.word(right, i);
    const differ = b.newBlock("differ");
    const next = b.newBlock("equal");
    b.branchIf(Op.Ne, x, y, differ, next);
    b.setBlock(differ);
    b.branchIf(strict, b.unary(Op.Bswap64, x), b.unary(Op.Bswap64, y), targets.yes, targets.no);
    b.setBlock(next);
  }
  b.jump(op == Op.Sle || op == Op.Sge ? targets.yes : targets.no);
}
