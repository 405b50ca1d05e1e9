// Elements of arrays in expressions: reading, writing, `in`, `delete`.
//
// The keys are evaluated first, then the value. Only then are the keys put into the frame and the element looked up,
// because evaluating a key or a value may itself use the array.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { copyPadded, copyString, keepString, zero } from "../runtime/copy";
import { Base, Place } from "../runtime/place";
import { SLICE_DELETE, SLICE_IN, Slice } from "../runtime/slice";
import { Table } from "../runtime/table";
import {
  branchOnKeys,
  Create,
  clearTable,
  GROW,
  REMOVE,
  SKIPPED,
  TABLE_FIND,
  TABLE_LOOK,
} from "../runtime/table-routines";
import { Range } from "../source/source";
import { Expression, IndexExpression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";
import { arrayOf } from "./names";
import { isSimple } from "./simple";

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
export function tableOf(lowering: Lowering, array: Expression): Table {
  const table = lowering.shared.storageOf(arrayOf(array)).table;
  assert(table !== null, "every array has a table");
  return table!;
}

/** Whether a key is `*`. */
function isSlice(keys: Expression[]): bool {
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind == NodeKind.Wildcard) return true;
  }
  return false;
}

/** The slice of a table for keys of which some are `*`. */
function sliceOf(table: Table, keys: Expression[]): Slice {
  let given = 0;
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind != NodeKind.Wildcard) given |= 1 << i;
  }
  return new Slice(table, given);
}

/** Evaluates keys. */
export function lowerKeys(lowering: Lowering, array: Expression, keys: Expression[], range: Range): Keys {
  const result = new Keys(tableOf(lowering, array), range);
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind == NodeKind.Wildcard) {
      result.longs.push(NoRef);
      result.places.push(null);
    } else if (keys[i].type == Type.String) {
      const place = lowering.string(keys[i]);
      result.longs.push(NoRef);
      result.places.push(isSimple(keys[i]) ? place : keepString(lowering.frame, place));
    } else {
      result.longs.push(lowering.long(keys[i]));
      result.places.push(null);
    }
  }
  return result;
}

/**
 * Puts the keys other than `*` into the frame. Large strings are padded with zeros, since keys are compared as a whole.
 */
function storeKeys(lowering: Lowering, keys: Keys, place: i32): void {
  const table = keys.table;
  let at = place;
  for (let i = 0, n = table.keyCapacities.length; i < n; ++i) {
    const capacity = table.keyCapacities[i];
    const to = new Place(Base.Frame, NoRef, at, capacity);
    const key = keys.places[i];
    if (key !== null) copyPadded(lowering.frame, key, to);
    else if (keys.longs[i] != NoRef) lowering.frame.storeWord(to, 0, keys.longs[i]);
    at += capacity;
  }
}

/** The words of keys that are passed in registers. */
function wordsOf(lowering: Lowering, keys: Keys): Ref[] {
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
      from = lowering.frame.newTemporary(capacities[i]);
      copyString(lowering.frame, place, from);
    }
    for (let k = 0, m = capacities[i] >> 3; k < m; ++k) words.push(lowering.frame.word(from, k));
  }
  return words;
}

/** Passes the keys to a routine of their table. Returns the routine's first arguments. */
function passKeys(lowering: Lowering, keys: Keys): Ref[] {
  const table = keys.table;
  if (table.isStriped) {
    const words = wordsOf(lowering, keys);
    // The code of a loop's body is in another function.
    const known = lowering.root === lowering ? lowering.stripeHash : NoRef;
    return words.concat([known != NoRef ? known : table.hashOf(lowering.b, words, NoRef)]);
  }
  if (keys.table.keysInRegisters) return wordsOf(lowering, keys);
  storeKeys(lowering, keys, keys.table.keyPlace);
  return [lowering.frame.offset()];
}

/** Calls the table's `find`. */
function find(lowering: Lowering, keys: Keys, create: Create): Ref {
  const passed = passKeys(lowering, keys);
  return callFind(lowering, keys.table, passed, create);
}

function callFind(lowering: Lowering, table: Table, passed: Ref[], create: Create): Ref {
  return callLook(lowering, table, passed.concat([lowering.constant(<i64>create)]), TABLE_FIND.of(table));
}

function callLook(lowering: Lowering, table: Table, args: Ref[], find: i32): Ref {
  // Keys in the frame may change between two look-ups, and no pass would notice.
  return table.keysInRegisters ? lowering.b.callLookup(find, args) : lowering.b.callFunction(find, args);
}

/**
 * Finds an element without a lock. Takes one only to insert an element; a handler that does not get it is skipped. `at`
 * is a variable for its address.
 */
function findOrGrow(lowering: Lowering, keys: Keys, at: i32): Ref {
  const b = lowering.b;
  const table = keys.table;
  const passed = passKeys(lowering, keys);
  const number = b.variable("number");
  const fresh = b.newBlock("fresh");
  const walked = b.newBlock("walked");
  const found = b.newBlock("found");
  const skipped = b.newBlock("skipped");
  const grown = b.newBlock("grown");
  const known = b.newBlock("known");
  b.setCold(fresh);
  b.setCold(skipped);
  if (table.keysInRegisters) {
    // The first element of the bucket is nearly always the one.
    const walk = b.newBlock("walk");
    b.setCold(walk);
    b.setVar(number, table.firstOfBucket(b, passed));
    const some = b.newBlock("some");
    b.branchIf(Op.Ne, b.getVar(number), lowering.constant(0), some, fresh);
    b.setBlock(some);
    b.setVar(at, table.element(b, b.getVar(number)));
    branchOnKeys(b, b.getVar(at), passed, walk);
    b.jump(known);
    b.setBlock(walk);
  }
  b.setVar(number, callFind(lowering, table, passed, Create.No));
  b.branchIf(Op.Sgt, b.getVar(number), lowering.constant(0), walked, fresh);
  b.setBlock(fresh);
  b.setVar(number, b.callFunction(GROW.of(keys.table), passed));
  b.branchIf(Op.Eq, b.getVar(number), lowering.constant(SKIPPED), skipped, grown);
  b.setBlock(skipped);
  lowering.exits.skipHandler();
  b.setBlock(grown);
  failIfFull(lowering, keys, b.getVar(number));
  b.jump(found);
  b.setBlock(walked);
  b.jump(found);
  b.setBlock(found);
  b.setVar(at, table.element(b, b.getVar(number)));
  b.jump(known);
  b.setBlock(known);
  return b.getVar(number);
}

/** The number of the element with these keys; 0 if there is none. */
export function findElement(lowering: Lowering, keys: Keys): Ref {
  const args = passKeys(lowering, keys).concat([lowering.constant(<i64>Create.No)]);
  return callLook(lowering, keys.table, args, TABLE_LOOK.of(keys.table));
}

/** Whether a handler inserts elements while others look for some without a lock. */
function grows(lowering: Lowering, keys: Keys): bool {
  return keys.table.shape.isCounted && !lowering.root.alone;
}

/** The address of the element with these keys. A missing element is inserted; a full array is an error. */
export function makeElement(lowering: Lowering, keys: Keys): Ref {
  return makeNumbered(lowering, keys).address;
}

/** An element that exists. */
export class Found {
  constructor(
    public number: Ref,
    public address: Ref,
  ) {}
}

/** Like makeElement, but returns the element's number as well. */
export function makeNumbered(lowering: Lowering, keys: Keys): Found {
  const b = lowering.b;
  if (grows(lowering, keys)) {
    const at = b.variable("element");
    const number = findOrGrow(lowering, keys, at);
    return new Found(number, b.getVar(at));
  }
  const number = find(lowering, keys, lowering.shared.holdsStripe ? Create.WithStripe : Create.Yes);
  failIfFull(lowering, keys, number);
  return new Found(number, keys.table.element(b, number));
}

/** Fails if there was no room for a new element. */
function failIfFull(lowering: Lowering, keys: Keys, number: Ref): void {
  const symbol = lowering.shared.globals[keys.table.shape.index].symbol;
  const limit = symbol.size > 0 ? `size limit (${symbol.size})` : "MAXMAPENTRIES";
  const near = `identifier '${symbol.displayName}'`;
  // An array that wraps is never full, but the chain of one bucket may be.
  lowering.exits.failIf(
    Op.Sle,
    number,
    lowering.constant(0),
    new SoftError(`Array overflow, check ${limit}`, keys.range, near),
  );
}

/** Reads an element's number; 0 if the element does not exist. */
export function readElement(lowering: Lowering, e: IndexExpression): Ref {
  return readLongOf(lowering, lowerKeys(lowering, e.base, e.keys, e.range));
}

/** The number of the element with these keys; 0 if it does not exist. */
export function readLongOf(lowering: Lowering, keys: Keys): Ref {
  const b = lowering.b;
  const number = findElement(lowering, keys);
  const value = b.variable("element");
  b.setVar(value, lowering.constant(0));
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, lowering.constant(0), some, done);
  b.setBlock(some);
  b.setVar(value, b.load(Op.Load64, keys.table.element(b, number), keys.table.valueOffset));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

/** Reads an element's string into a new place; the empty string if the element does not exist. */
export function readStringElement(lowering: Lowering, e: IndexExpression): Place {
  return readStringOf(lowering, lowerKeys(lowering, e.base, e.keys, e.range));
}

/** The string of the element with these keys, in a new place; empty if the element does not exist. */
export function readStringOf(lowering: Lowering, keys: Keys): Place {
  const table = keys.table;
  const number = findElement(lowering, keys);
  const to = lowering.frame.newTemporary(table.valueBytes);
  zero(lowering.frame, to);
  const b = lowering.b;
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, lowering.constant(0), some, done);
  b.setBlock(some);
  copyString(lowering.frame, table.placeIn(table.element(b, number), table.valueOffset, table.valueBytes), to);
  b.jump(done);
  b.setBlock(done);
  return to;
}

/** Adds to an element whose new value is not used. */
export function addToElement(lowering: Lowering, keys: Keys, value: Ref): void {
  const element = makeElement(lowering, keys);
  const offset = keys.table.valueOffset;
  if (keys.table.shape.isCounted) {
    lowering.b.atomicAdd(8, element, offset, value);
    return;
  }
  lowering.b.store(
    Op.Store64,
    element,
    offset,
    lowering.b.binary(Op.Add, lowering.b.load(Op.Load64, element, offset), value),
  );
}

/** Sets an element's number. */
export function writeElement(lowering: Lowering, keys: Keys, value: Ref): void {
  lowering.b.store(Op.Store64, makeElement(lowering, keys), keys.table.valueOffset, value);
}

/** Sets an element's string. */
export function writeStringElement(lowering: Lowering, keys: Keys, value: Place): void {
  const table = keys.table;
  copyPadded(lowering.frame, value, table.placeIn(makeElement(lowering, keys), table.valueOffset, table.valueBytes));
}

/** `[keys] in array` */
export function lowerIn(lowering: Lowering, keys: Expression[], array: Expression, range: Range): Ref {
  const lowered = lowerKeys(lowering, array, keys, range);
  if (isSlice(keys)) {
    const slice = sliceOf(lowered.table, keys);
    storeKeys(lowering, lowered, slice.keyPlace);
    return lowering.b.callFunction(SLICE_IN.of(slice), [lowering.frame.offset()]);
  }
  const number = findElement(lowering, lowered);
  return lowering.b.binary(Op.Sgt, number, lowering.constant(0));
}

/** `delete array[keys]` and `delete array` */
export function deleteElement(lowering: Lowering, target: Expression): void {
  if (target.kind == NodeKind.Index) {
    const index = <IndexExpression>target;
    const keys = lowerKeys(lowering, index.base, index.keys, index.range);
    if (isSlice(index.keys)) {
      const slice = sliceOf(keys.table, index.keys);
      storeKeys(lowering, keys, slice.keyPlace);
      lowering.b.callFunction(SLICE_DELETE.of(slice), [lowering.frame.offset()]);
    } else {
      lowering.b.callFunction(REMOVE.of(keys.table), [findElement(lowering, keys)]);
    }
  } else {
    clearTable(tableOf(lowering, target), lowering.b);
  }
}
