// Arrays in tests: a table with its memory, keys in the place where its routines take them, values of its elements.

import { HASH_FACTOR } from "../../ir/unit";
import { GlobalShape, ValueKind, ValueShape } from "../shape";
import { Table, TableHeader } from "../table";
import { Rig } from "./rig";

/** A shape of keys: greatest length of a string, or 0 for a number. */
export function arrayShape(keys: i32[], value: ValueKind = ValueKind.Long): GlobalShape {
  const shape = new GlobalShape(0, "array", new ValueShape(value, 31));
  for (let i = 0; i < keys.length; ++i) {
    shape.keys.push(new ValueShape(keys[i] > 0 ? ValueKind.String : ValueKind.Long, keys[i]));
  }
  return shape;
}

/** The hash of a key's words, as table.ts computes it. */
function hashOf(words: i64[]): i64 {
  let hash: u64 = 0;
  for (let i = 0; i < words.length; ++i) {
    hash = i == 0 ? <u64>words[0] : hash ^ (hash >> 32) ^ <u64>words[i];
    hash *= <u64>HASH_FACTOR;
  }
  return hash;
}

/** A table in a rig. */
export class TestTable {
  table: Table;

  constructor(
    public rig: Rig,
    shape: GlobalShape,
    capacity: i32,
    hasMap: bool,
  ) {
    rig.runtime.reserveLocks(max(1, shape.stripes));
    shape.growLock = 0;
    const table = new Table(rig.runtime, shape, capacity);
    this.table = table;
    if (hasMap) table.moveOut();
    table.place(rig.runtime.unit);
  }

  /** Arguments that say which keys are meant; those that are not in registers are put into the frame. */
  pass(words: i64[]): i64[] {
    if (this.table.isStriped) return words.concat([hashOf(words)]);
    if (this.table.keysInRegisters) return words.slice(0);
    this.putKeys(this.table.keyPlace, words);
    return [this.rig.at(0)];
  }

  putKeys(place: i32, words: i64[]): void {
    for (let k = 0; k < words.length; ++k) store<i64>(this.rig.inFrame(place + k * 8), words[k]);
  }

  /** The address of an element, by the layout that table.ts describes. */
  private at(number: i64): usize {
    const table = this.table;
    const index = <i32>number - 1;
    if (table.map >= 0) return this.rig.inMap(table.map, index);
    return this.rig.address(table.elementsOffset + index * table.elementBytes);
  }

  value(number: i64): i64 {
    return load<i64>(this.at(number) + <usize>this.table.valueOffset);
  }

  setValue(number: i64, value: i64): void {
    store<i64>(this.at(number) + <usize>this.table.valueOffset, value);
  }

  get count(): i32 {
    return load<i32>(this.rig.address(this.table.offset), TableHeader.Count);
  }

  /** The lock, which is 0 when nobody holds it. */
  get lock(): usize {
    return this.rig.address(this.rig.runtime.locksOffset);
  }
}
