// Arrays, against a map of the standard library: random finds, insertions and removals.

import { BssHeader } from "../../common/format/runtime";
import { GlobalShape } from "./shape";
import { clearTable, GROW, REMOVE, SKIPPED, TABLE_FIND } from "./table-routines";
import { arrayShape, TestTable } from "./testing/arrays";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

const FULL: i64 = -1;

/** Operations on an array, each compared with what a map says. */
class Trial {
  private rig: Rig;
  private array: TestTable;
  private find: i32;
  private remove: i32;
  private clear: i32;
  private grow: i32 = -1;
  /** What `find` takes to insert. */
  createBy: i32 = 1;
  /** Values by the keys' words. */
  private values: Map<string, i64> = new Map<string, i64>();
  /** The keys in the order of insertion. */
  private order: string[] = [];

  constructor(
    private shape: GlobalShape,
    private capacity: i32,
    hasMap: bool,
    fetchingAtomics: bool,
  ) {
    const rig = new Rig(64, fetchingAtomics);
    const array = new TestTable(rig, shape, capacity, hasMap);
    this.rig = rig;
    this.array = array;
    this.find = TABLE_FIND.of(array.table);
    this.remove = REMOVE.of(array.table);
    const clear = rig.begin("clear", 1).b;
    clearTable(array.table, clear);
    clear.ret(clear.constant(0));
    this.clear = clear.fn.index;
    if (shape.stripes == 1) this.grow = GROW.of(array.table);
    rig.build();
  }

  run(seed: i32, rounds: i32): void {
    const random = new Random(seed);
    const words: i64[] = [];
    for (let k = 0; k < this.array.table.keyBytes >> 3; ++k) words.push(0);
    for (let round = 0; round < rounds; ++round) {
      // Some twice as many different keys as there are places; they differ in one word, in high or low bits.
      const which = random.below(words.length);
      for (let k = 0; k < words.length; ++k) words[k] = 7;
      words[which] = (<i64>random.below(max(2, (2 * this.capacity) / words.length))) << (which % 2 == 0 ? 0 : 56);
      const kind = random.below(10);
      if (kind < 3) this.look(words);
      else if (kind < 7) this.create(words, kind == 6 && this.shape.stripes == 1, <i64>random.bits());
      else if (kind < 9 || random.below(20) > 0) this.takeOut(words);
      else this.takeAllOut();
      if (this.shape.stripes == 1)
        assert(this.array.count == this.values.size, `${this.values.size} elements, not ${this.array.count}`);
    }
  }

  private look(words: i64[]): void {
    const key = words.join();
    const number = this.numberOf(words);
    assert(number > 0 == this.values.has(key), `whether ${key} is there`);
    if (number > 0) assert(this.array.value(number) == this.values.get(key), `the value of ${key}`);
  }

  private numberOf(words: i64[]): i64 {
    const args = this.array.pass(words);
    args.push(0);
    return this.rig.call(this.find, args);
  }

  private create(words: i64[], grows: bool, value: i64): void {
    const key = words.join();
    const args = this.array.pass(words);
    if (!grows) args.push(this.createBy);
    const number = this.rig.call(grows ? this.grow : this.find, args);
    assert(load<u64>(this.array.lock) == 0, "the lock is free again");
    if (!this.values.has(key) && this.values.size == this.capacity) {
      if (!this.shape.wraps) {
        assert(number == FULL, `${key} is one too many`);
        return;
      }
      this.forget(this.order[0]);
    }
    assert(number > 0 && number <= this.capacity, `${key} is an element`);
    if (this.values.has(key)) {
      assert(this.array.value(number) == this.values.get(key), `${key} is found`);
    } else {
      assert(this.array.value(number) == 0, "a new element is zero");
      this.order.push(key);
    }
    this.array.setValue(number, value);
    this.values.set(key, value);
  }

  private takeOut(words: i64[]): void {
    this.rig.call(this.remove, [this.numberOf(words)]);
    assert(this.numberOf(words) == 0, "it is gone");
    this.forget(words.join());
  }

  private forget(key: string): void {
    if (!this.values.delete(key)) return;
    this.order.splice(this.order.indexOf(key), 1);
  }

  private takeAllOut(): void {
    this.rig.call(this.clear, [this.rig.at(0)]);
    this.values.clear();
    this.order = [];
  }

  /** An array whose lock is held grows by nothing. */
  checkBusy(): void {
    const words: i64[] = [];
    for (let k = 0; k < this.array.table.keyBytes >> 3; ++k) words.push(k);
    const before = this.array.count;
    store<u64>(this.array.lock, 1);
    assert(this.rig.call(this.grow, this.array.pass(words)) == SKIPPED, "the lock is not to be had");
    assert(load<u64>(this.array.lock) == 1 && this.array.count == before, "nothing is changed");
    assert(load<u64>(this.rig.address(BssHeader.SkippedLock)) == 1, "and that is counted");
  }
}

export function test_keys_in_registers(): void {
  new Trial(arrayShape([0]), 8, false, true).run(1, 1500);
  new Trial(arrayShape([0, 0, 0]), 30, false, true).run(2, 1500);
  new Trial(arrayShape([15, 0]), 16, false, false).run(3, 1000);
}

export function test_keys_in_the_frame(): void {
  new Trial(arrayShape([0, 0, 0, 0]), 16, false, true).run(4, 1500);
  new Trial(arrayShape([63, 0]), 20, false, false).run(5, 1000);
}

export function test_a_map_of_its_own(): void {
  new Trial(arrayShape([0]), 10, true, true).run(6, 1000);
  new Trial(arrayShape([0, 31]), 12, true, true).run(7, 1000);
}

export function test_the_oldest_makes_room(): void {
  const shape = arrayShape([0]);
  shape.wraps = true;
  new Trial(shape, 8, false, true).run(8, 1500);
}

export function test_counted_arrays(): void {
  const shape = arrayShape([0]);
  shape.isCounted = true;
  new Trial(shape, 8, false, true).run(9, 500);
  new Trial(shape, 8, false, false).run(9, 500);
}

/** A shape whose handlers hold one lock of several. */
function stripedShape(keys: i32): GlobalShape {
  const shape = arrayShape(new Array<i32>(keys).fill(0));
  shape.stripes = 8;
  shape.firstLock = 0;
  shape.isOrdered = true;
  return shape;
}

export function test_striped_arrays(): void {
  tryStriped(new Trial(stripedShape(1), 64, false, true), new Trial(stripedShape(1), 64, false, false));
  tryStriped(new Trial(stripedShape(3), 70, false, true), new Trial(stripedShape(3), 70, false, false));
  tryStriped(new Trial(stripedShape(2), 67, true, true), new Trial(stripedShape(2), 67, true, false));
}

/** No lock is held, so both ways of insertion can take from all shares. */
function tryStriped(first: Trial, second: Trial): void {
  first.run(10, 2000);
  second.createBy = 2;
  second.run(11, 2000);
}

export function test_who_does_not_get_the_lock_is_skipped(): void {
  new Trial(arrayShape([0]), 8, false, true).checkBusy();
  new Trial(arrayShape([0, 0, 0, 0]), 8, false, false).checkBusy();
}
