// Slices of arrays, against a list of keys.

import { SLICE_DELETE, SLICE_IN, Slice } from "./slice";
import { TABLE_FIND } from "./table-routines";
import { arrayShape, TestTable } from "./testing/arrays";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

/** Slices of one array, by each choice of keys. */
class Trial {
  private rig: Rig;
  private array: TestTable;
  private find: i32;
  private places: i32[] = [];
  private contains: i32[] = [];
  private deletes: i32[] = [];
  private elements: i64[][] = [];

  constructor(
    private keys: i32[],
    hasMap: bool,
  ) {
    const rig = new Rig();
    const array = new TestTable(rig, arrayShape(keys), 32, hasMap);
    this.rig = rig;
    this.array = array;
    this.find = TABLE_FIND.of(array.table);
    for (let given = 0; given < 1 << keys.length; ++given) {
      const slice = new Slice(array.table, given);
      this.places.push(slice.keyPlace);
      this.contains.push(SLICE_IN.of(slice));
      this.deletes.push(SLICE_DELETE.of(slice));
    }
    rig.build();
  }

  /** One of four values of each key; the words of a string differ from its first one on, or in its last. */
  private randomKeys(random: Random): i64[] {
    const words: i64[] = [];
    for (let i = 0; i < this.keys.length; ++i) {
      const count = max(1, (this.keys[i] + 8) >> 3);
      const last = random.below(4);
      for (let k = 0; k < count; ++k) words.push(k + 1 < count ? 0x6161616161616161 : last);
    }
    return words;
  }

  private numberOf(words: i64[], create: bool): i64 {
    const args = this.array.pass(words);
    args.push(create ? 1 : 0);
    return this.rig.call(this.find, args);
  }

  private isIn(words: i64[], given: i32, element: i64[]): bool {
    let at = 0;
    for (let i = 0; i < this.keys.length; ++i) {
      const count = max(1, (this.keys[i] + 8) >> 3);
      for (let k = 0; k < count; ++k, ++at) {
        if ((given & (1 << i)) != 0 && words[at] != element[at]) return false;
      }
    }
    return true;
  }

  run(seed: i32): void {
    const random = new Random(seed);
    for (let round = 0; round < 120; ++round) {
      while (this.elements.length < 20) {
        const words = this.randomKeys(random);
        if (this.numberOf(words, false) == 0) this.elements.push(words);
        assert(this.numberOf(words, true) > 0, "there is room");
        if (random.below(8) == 0) break;
      }
      const words = this.randomKeys(random);
      const given = random.below(1 << this.keys.length);
      const left: i64[][] = [];
      for (let i = 0; i < this.elements.length; ++i) {
        if (!this.isIn(words, given, this.elements[i])) left.push(this.elements[i]);
      }
      const found = left.length < this.elements.length;
      this.pass(given, words);
      assert(this.rig.call(this.contains[given], [this.rig.at(0)]) == (found ? 1 : 0), `whether ${words} is there`);
      if (random.below(3) > 0) continue;
      this.pass(given, words);
      this.rig.call(this.deletes[given], [this.rig.at(0)]);
      assert(this.array.count == left.length, `${left.length} elements are left, not ${this.array.count}`);
      for (let i = 0; i < left.length; ++i) assert(this.numberOf(left[i], false) > 0, "they are those");
      this.elements = left;
    }
  }

  /** Puts the given keys where the slice has them; the others are garbage. */
  private pass(given: i32, words: i64[]): void {
    let at = 0;
    for (let i = 0; i < this.keys.length; ++i) {
      const count = max(1, (this.keys[i] + 8) >> 3);
      for (let k = 0; k < count; ++k, ++at) {
        const isGiven = (given & (1 << i)) != 0;
        store<i64>(this.rig.inFrame(this.places[given] + at * 8), isGiven ? words[at] : 0x7777777777777777);
      }
    }
  }
}

export function test_slices_of_keys_in_registers(): void {
  new Trial([0, 0], false).run(1);
  new Trial([15, 0], false).run(2);
}

export function test_slices_of_keys_in_the_frame(): void {
  new Trial([31, 0, 0], false).run(3);
}

export function test_slices_of_an_array_with_a_map_of_its_own(): void {
  new Trial([0, 0, 0], true).run(4);
}
