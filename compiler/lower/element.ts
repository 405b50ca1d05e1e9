// Elements of arrays in expressions: reading, writing, `in`, `delete`.
//
// Keys are evaluated first, then the value, then the keys are put into the frame and the element is found: evaluating a
// key or a value may itself use the array.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { GlobalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression, Identifier, IndexExpression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { keepString } from "./call";
import { isSimple, lowerLong } from "./expression";
import { Lowering } from "./lowering";
import { Base, Place } from "./place";
import { isSlice, slicesOf } from "./slice";
import { copyPadded, copyString, lowerString, zero } from "./string";
import { SKIPPED, Table } from "./table";
import { symbolOf } from "./variable";

/** Evaluated keys of one element. */
export class Keys {
  longs: Ref[] = [];
  places: (Place | null)[] = [];
  constructor(
    public table: Table,
    public range: Range,
  ) {}
}

/** The table of the array that an expression names. */
export function tableOf(l: Lowering, array: Expression): Table {
  assert(array.kind == NodeKind.Identifier, "an array is named");
  const global = <GlobalSymbol>symbolOf(<Identifier>array);
  const table = l.shared.tables[global.index];
  assert(table !== null, "every array has a table");
  return table!;
}

/** Evaluates keys. */
export function lowerKeys(l: Lowering, array: Expression, keys: Expression[], range: Range): Keys {
  const result = new Keys(tableOf(l, array), range);
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind == NodeKind.Wildcard) {
      result.longs.push(NoRef);
      result.places.push(null);
    } else if (keys[i].type == Type.String) {
      const place = lowerString(l, keys[i]);
      result.longs.push(NoRef);
      result.places.push(isSimple(keys[i]) ? place : keepString(l, place));
    } else {
      result.longs.push(lowerLong(l, keys[i]));
      result.places.push(null);
    }
  }
  return result;
}

/** Puts keys into the frame, but for `*`; large strings with zeros behind them, since keys are compared as a whole. */
function storeKeys(l: Lowering, keys: Keys, place: i32): void {
  const table = keys.table;
  let at = place;
  for (let i = 0, n = table.keyCapacities.length; i < n; ++i) {
    const capacity = table.keyCapacities[i];
    const to = new Place(Base.Frame, NoRef, at, capacity);
    const key = keys.places[i];
    if (key !== null) copyPadded(l, key, to);
    else if (keys.longs[i] != NoRef) l.storeWord(to, 0, keys.longs[i]);
    at += capacity;
  }
}

/** The words of keys that are passed in registers. */
function wordsOf(l: Lowering, keys: Keys): Ref[] {
  const words: Ref[] = [];
  const capacities = keys.table.keyCapacities;
  for (let i = 0, n = capacities.length; i < n; ++i) {
    const place = keys.places[i];
    if (place === null) {
      words.push(keys.longs[i]);
      continue;
    }
    let from = place;
    if (!place.isLiteral && place.capacity > capacities[i]) {
      from = l.newTemporary(capacities[i]);
      copyString(l, place, from);
    }
    for (let k = 0, m = capacities[i] >> 3; k < m; ++k) words.push(l.word(from, k));
  }
  return words;
}

/** Passes keys to a routine of their table: what its first arguments are. */
function passKeys(l: Lowering, keys: Keys): Ref[] {
  if (keys.table.keysInRegisters) return wordsOf(l, keys);
  storeKeys(l, keys, keys.table.keyPlace);
  return [l.b.getVar(l.frameOffset)];
}

/** Calls the table's `find`. */
function find(l: Lowering, keys: Keys, create: bool): Ref {
  const passed = passKeys(l, keys);
  return callFind(l, keys.table, passed, create);
}

function callFind(l: Lowering, table: Table, passed: Ref[], create: bool): Ref {
  const args = passed.concat([l.constant(create ? 1 : 0)]);
  // Keys in the frame may change between two look-ups without anybody seeing it.
  return table.keysInRegisters ? l.b.callLookup(table.find, args) : l.b.callFunction(table.find, args);
}

/** Finds an element without the lock, and takes it only to make a new one; a handler that cannot is skipped. */
function findOrGrow(l: Lowering, keys: Keys): Ref {
  const b = l.b;
  const passed = passKeys(l, keys);
  const number = b.variable("number");
  b.setVar(number, callFind(l, keys.table, passed, false));
  const fresh = b.newBlock("fresh");
  const found = b.newBlock("found");
  const skipped = b.newBlock("skipped");
  const grown = b.newBlock("grown");
  b.setCold(fresh);
  b.setCold(skipped);
  b.branchIf(Op.Sgt, b.getVar(number), l.constant(0), found, fresh);
  b.setBlock(fresh);
  b.setVar(number, b.callFunction(keys.table.grow, passed));
  b.branchIf(Op.Eq, b.getVar(number), l.constant(SKIPPED), skipped, grown);
  b.setBlock(grown);
  b.jump(found);
  b.setBlock(skipped);
  l.skipHandler();
  b.setBlock(found);
  return b.getVar(number);
}

/** The number of the element with these keys; 0 none. */
export function findElement(l: Lowering, keys: Keys): Ref {
  return find(l, keys, false);
}

/** The address of the element with these keys, which is made if there is none; a full array is an error. */
export function makeElement(l: Lowering, keys: Keys): Ref {
  return keys.table.element(l.b, makeNumber(l, keys));
}

/** The same as the element's number. */
export function makeNumber(l: Lowering, keys: Keys): Ref {
  const number = l.root.alone ? find(l, keys, true) : findOrGrow(l, keys);
  const symbol = keys.table.symbol;
  const limit = symbol.size > 0 ? `size limit (${symbol.size})` : "MAXMAPENTRIES";
  const near = `identifier '${symbol.displayName}'`;
  // An array that wraps is never full, but a chain of one bucket may be.
  l.failIf(Op.Sle, number, l.constant(0), `Array overflow, check ${limit}`, keys.range, near);
  return number;
}

/** Reads an element's number; 0 where there is none. */
export function readElement(l: Lowering, e: IndexExpression): Ref {
  return readLongOf(l, lowerKeys(l, e.base, e.keys, e.range));
}

/** The number of the element with these keys; 0 where there is none. */
export function readLongOf(l: Lowering, keys: Keys): Ref {
  const b = l.b;
  const number = findElement(l, keys);
  const value = b.variable("element");
  b.setVar(value, l.constant(0));
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, l.constant(0), some, done);
  b.setBlock(some);
  b.setVar(value, b.load(Op.Load64, keys.table.element(b, number), keys.table.valueOffset));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

/** Reads an element's string into a place of its own; empty where there is none. */
export function readStringElement(l: Lowering, e: IndexExpression): Place {
  return readStringOf(l, lowerKeys(l, e.base, e.keys, e.range));
}

/** The string of the element with these keys, in a place of its own; empty where there is none. */
export function readStringOf(l: Lowering, keys: Keys): Place {
  const table = keys.table;
  const number = findElement(l, keys);
  const to = l.newTemporary(table.valueBytes);
  zero(l, to);
  const b = l.b;
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, l.constant(0), some, done);
  b.setBlock(some);
  copyString(l, table.placeIn(table.element(b, number), table.valueOffset, table.valueBytes), to);
  b.jump(done);
  b.setBlock(done);
  return to;
}

/** Adds to an element whose new value nobody asks for. */
export function addToElement(l: Lowering, keys: Keys, value: Ref): void {
  const element = makeElement(l, keys);
  const offset = keys.table.valueOffset;
  if (keys.table.symbol.isCounted) {
    l.b.atomicAdd(8, element, offset, value);
    return;
  }
  l.b.store(Op.Store64, element, offset, l.b.binary(Op.Add, l.b.load(Op.Load64, element, offset), value));
}

/** Sets an element's number. */
export function writeElement(l: Lowering, keys: Keys, value: Ref): void {
  l.b.store(Op.Store64, makeElement(l, keys), keys.table.valueOffset, value);
}

/** Sets an element's string. */
export function writeStringElement(l: Lowering, keys: Keys, value: Place): void {
  const table = keys.table;
  copyPadded(l, value, table.placeIn(makeElement(l, keys), table.valueOffset, table.valueBytes));
}

/** `[keys] in array` */
export function lowerIn(l: Lowering, keys: Expression[], array: Expression, range: Range): Ref {
  const lowered = lowerKeys(l, array, keys, range);
  if (isSlice(keys)) {
    const slices = slicesOf(l, lowered.table, keys);
    storeKeys(l, lowered, slices.keyPlace);
    return l.b.callFunction(slices.find, [l.b.getVar(l.frameOffset)]);
  }
  const number = findElement(l, lowered);
  return l.b.binary(Op.Sgt, number, l.constant(0));
}

/** `delete array[keys]` and `delete array` */
export function deleteElement(l: Lowering, target: Expression): void {
  if (target.kind == NodeKind.Index) {
    const index = <IndexExpression>target;
    const keys = lowerKeys(l, index.base, index.keys, index.range);
    if (isSlice(index.keys)) {
      const slices = slicesOf(l, keys.table, index.keys);
      storeKeys(l, keys, slices.keyPlace);
      l.b.callFunction(slices.remove, [l.b.getVar(l.frameOffset)]);
    } else {
      l.b.callFunction(keys.table.remove, [findElement(l, keys)]);
    }
  } else {
    l.b.callFunction(tableOf(l, target).clear, []);
  }
}
