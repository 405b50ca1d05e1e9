// Sorted walks over arrays, against a sorted list: equal elements keep the order of insertion.

import { Extractor } from "../../common/as/statistic";
import { QueueEntry } from "../../common/format/runtime";
import { ElementQueue, QUEUE_HEADER_BYTES, QueueArea, QueuePool, queueBytes, SharedQueue, SortKey } from "./queue";
import { TABLE_FIND } from "./table-routines";
import { arrayShape, TestTable } from "./testing/arrays";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

/** An element as it was inserted. */
class Item {
  constructor(
    public words: i64[],
    public value: i64,
    public number: i64,
  ) {}
}

/** What an item is sorted by: words of which each decides if those before are equal. */
function sortWords(item: Item, by: SortKey, keys: i32[]): i64[] {
  if (by.key < 0) return [item.value];
  let at = 0;
  for (let i = 0; i < by.key; ++i) at += max(1, (keys[i] + 8) >> 3);
  if (keys[by.key] == 0) return [item.words[at]];
  const words: i64[] = [];
  // Bytes order like big-endian words; the sign bit is turned so that signed numbers order like unsigned ones.
  for (let k = 0; k < (keys[by.key] + 8) >> 3; ++k) {
    words.push(bswap<i64>(item.words[at + k]) ^ i64.MIN_VALUE);
  }
  return words;
}

function comesBefore(x: i64[], y: i64[], rises: bool): bool {
  for (let i = 0; i < x.length; ++i) {
    if (x[i] != y[i]) return rises ? x[i] < y[i] : x[i] > y[i];
  }
  return false;
}

class Trial {
  private rig: Rig;
  private array: TestTable;
  private find: i32 = -1;
  private items: Item[] = [];
  private orders: SortKey[] = [];
  private builds: i32[] = [];
  private pops: i32[] = [];
  private skips: i32[] = [];

  constructor(
    private keys: i32[],
    private capacity: i32,
    hasMap: bool,
    private isForAgent: bool = false,
  ) {
    const rig = new Rig();
    const array = new TestTable(rig, arrayShape(keys), capacity, hasMap);
    this.rig = rig;
    this.array = array;
    const queues: ElementQueue[] = [];
    for (let key = -1; key < keys.length; ++key) {
      queues.push(this.place(new SortKey(key, true, Extractor.Count)));
      queues.push(this.place(new SortKey(key, false, Extractor.Count)));
    }
    this.find = TABLE_FIND.of(array.table);
    for (let i = 0, n = queues.length; i < n; ++i) this.addOrder(queues[i]);
    rig.build();
  }

  private place(by: SortKey): ElementQueue {
    const unit = this.rig.runtime.unit;
    const table = this.array.table;
    const isDirect = table.map < 0;
    const offset = unit.reserve(isDirect ? queueBytes(table.buckets) : QUEUE_HEADER_BYTES);
    const map = isDirect ? -1 : unit.addMap(`s${offset}`, QueueEntry.Size, table.buckets);
    const pool = new QueuePool(this.rig.runtime, new QueueArea(offset, map, table.buckets), this.isForAgent);
    return new ElementQueue(pool, table, by, null);
  }

  private addOrder(queue: ElementQueue): void {
    const rig = this.rig;
    const build = rig.begin("build", 1).b;
    queue.build(build);
    build.ret(build.constant(0));
    const pop = rig.begin("pop", 1).b;
    pop.ret(queue.pop(pop));
    const skip = rig.begin("skip", 2).b;
    queue.skip(skip, skip.parameter(1));
    skip.ret(skip.constant(0));
    this.orders.push(queue.by);
    this.builds.push(build.fn.index);
    this.pops.push(pop.fn.index);
    this.skips.push(skip.fn.index);
  }

  /** Inserts elements, few of which have values or keys of their own. */
  fill(seed: i32, count: i32): void {
    const random = new Random(seed);
    let tries = 0;
    while (this.items.length < count) {
      const words: i64[] = [];
      for (let i = 0; i < this.keys.length; ++i) {
        const parts = max(1, (this.keys[i] + 8) >> 3);
        // The last key alone tells all elements apart.
        const different = i + 1 < this.keys.length ? 2 + count / 8 : 2 * count + 1;
        for (let k = 0; k < parts; ++k) {
          // The last word of a string ends with NUL.
          const mask: i64 = this.keys[i] > 0 && k + 1 == parts ? 0x00ffffffffffffff : -1;
          words.push((k + 1 < parts ? <i64>random.below(2) : <i64>(random.below(different) - different / 3)) & mask);
        }
      }
      const args = this.array.pass(words);
      args.push(1);
      const number = this.rig.call(this.find, args);
      assert(number > 0, "there is room");
      assert(++tries < 50 * count, `${this.items.length} of ${count} elements are different`);
      if (this.array.count == this.items.length) continue;
      const value: i64 = random.below(5) == 0 ? random.long() : random.below(9) - 4;
      this.array.setValue(number, value);
      this.items.push(new Item(words, value, number));
    }
  }

  /** The numbers of all elements in an order, by insertion into what is sorted. */
  private sorted(by: SortKey): i64[] {
    const keys: i64[][] = [];
    const numbers: i64[] = [];
    for (let i = 0; i < this.items.length; ++i) {
      const mine = sortWords(this.items[i], by, this.keys);
      let low = 0;
      let high = numbers.length;
      while (low < high) {
        const middle = (low + high) / 2;
        if (comesBefore(mine, keys[middle], by.rises)) high = middle;
        else low = middle + 1;
      }
      insertAt<i64[]>(keys, low, mine);
      insertAt<i64>(numbers, low, this.items[i].number);
    }
    return numbers;
  }

  check(): void {
    for (let i = 0; i < this.orders.length; ++i) {
      const expected = this.sorted(this.orders[i]);
      // From the start, and after some were skipped: more than there are, too.
      const skips: i32[] = [0, expected.length / 3, expected.length + 1];
      for (let s = 0; s < skips.length; ++s) {
        const skipped = min(skips[s], this.capacity);
        this.rig.call(this.builds[i], [this.rig.at(0)]);
        if (s > 0) this.rig.call(this.skips[i], [this.rig.at(0), skipped]);
        for (let k = skipped; k <= expected.length; ++k) {
          const wanted: i64 = k < expected.length ? expected[k] : 0;
          const number = this.rig.call(this.pops[i], [this.rig.at(0)]);
          assert(number == wanted, `order ${i}: ${number} is number ${k}, and not ${wanted}`);
        }
      }
    }
  }
}

function insertAt<T>(list: T[], at: i32, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; --i) list[i] = list[i - 1];
  list[at] = item;
}

export function test_sorting_numbers(): void {
  for (let count = 0; count <= 8; ++count) {
    const trial = new Trial([0], 8, false);
    trial.fill(count, count);
    trial.check();
  }
  const trial = new Trial([0, 0], 100, false);
  trial.fill(1, 100);
  trial.check();
}

export function test_sorting_strings(): void {
  const trial = new Trial([15, 31, 0], 60, false);
  trial.fill(2, 60);
  trial.check();
}

export function test_sorting_by_the_helper_of_the_agent(): void {
  const direct = new Trial([0, 15], 100, false, true);
  direct.fill(7, 100);
  direct.check();
  const strings = new Trial([15, 31, 0], 60, false, true);
  strings.fill(9, 60);
  strings.check();
  const mapped = new Trial([0, 23], 3000, true, true);
  mapped.fill(8, 2000);
  mapped.check();
}

export function test_sorting_more_than_one_loop_goes_through(): void {
  const trial = new Trial([0], 2500, false);
  trial.fill(3, 2300);
  trial.check();
}

export function test_sorting_an_array_with_a_map_of_its_own(): void {
  const few = new Trial([0, 0], 50, true);
  few.fill(4, 50);
  few.check();
  const many = new Trial([0], 3000, true);
  many.fill(5, 1500);
  many.check();
}

export function test_a_queue_that_others_build_again_goes_on_where_it_was(): void {
  const rig = new Rig();
  const array = new TestTable(rig, arrayShape([0]), 16, false);
  const table = array.table;
  const area = new QueueArea(rig.runtime.unit.reserve(queueBytes(table.buckets)), -1, table.buckets);
  const find = TABLE_FIND.of(table);
  const queue = new ElementQueue(
    new QueuePool(rig.runtime, area, false),
    table,
    new SortKey(0, true, Extractor.Count),
    null,
  );
  const begins: i32[] = [];
  const pops: i32[] = [];
  for (let i = 0; i < 2; ++i) {
    const begin = rig.begin(`begin${i}`, 1);
    const shared = new SharedQueue(begin, queue);
    begin.b.ret(begin.b.constant(0));
    const pop = rig.begin(`pop${i}`, 1);
    pop.b.ret(shared.pop(pop));
    begins.push(begin.b.fn.index);
    pops.push(pop.b.fn.index);
  }
  rig.build();
  const numbers: i64[] = [];
  for (let key = 0; key < 12; ++key) numbers.push(rig.call(find, [key, 1]));
  const random = new Random(6);
  for (let round = 0; round < 20; ++round) {
    const taken: i32[] = [0, 0];
    rig.call(begins[0], [rig.at(0)]);
    rig.call(begins[1], [rig.at(0)]);
    while (taken[0] <= 12 || taken[1] <= 12) {
      const who = random.below(2);
      if (taken[who] > 12) continue;
      const number = rig.call(pops[who], [rig.at(0)]);
      const wanted: i64 = taken[who] < 12 ? numbers[taken[who]] : 0;
      assert(number == wanted, `${number} is not what comes after ${taken[who]}`);
      ++taken[who];
    }
  }
}
