// `<<<` and the extractors together, against the plain computation, wherever a statistic may lie.

import { Extractor } from "../../common/as/statistic";
import { BssHeader } from "../../common/format/runtime";
import { CLEAR_STATISTIC } from "./extract";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";
import { EXTRACTORS, statisticOf, TestStatistic, Where } from "./testing/statistics";

/** Samples that were added, by copies. */
class Samples {
  values: i64[] = [];
  private copies: i32[] = [];

  add(copy: i32, value: i64): void {
    this.values.push(value);
    this.copies.push(copy);
  }

  extract(extractor: Extractor, shift: i32): i64 {
    const count = this.values.length;
    let sum: i64 = 0;
    let least = i64.MAX_VALUE;
    let greatest = i64.MIN_VALUE;
    for (let i = 0; i < count; ++i) {
      sum += this.values[i];
      least = min(least, this.values[i]);
      greatest = max(greatest, this.values[i]);
    }
    switch (extractor) {
      case Extractor.Count:
        return count;
      case Extractor.Sum:
        return sum;
      case Extractor.Min:
        return least;
      case Extractor.Max:
        return greatest;
      case Extractor.Avg:
        return sum / count;
      default:
        return this.variance(sum, shift);
    }
  }

  /** Welford's algorithm in whole numbers for each copy, then all around the average of all. */
  private variance(sum: i64, shift: i32): i64 {
    const total = this.values.length;
    if (total < 2) return -1;
    const overall = (sum << shift) / total;
    let squares: i64 = 0;
    for (let copy = 0; copy < 64; ++copy) {
      let count: i64 = 0;
      let average: i64 = 0;
      let own: i64 = 0;
      for (let i = 0; i < total; ++i) {
        if (this.copies[i] != copy) continue;
        const before = average;
        const value = this.values[i] << shift;
        average += (value - average) / ++count;
        own += (value - before) * (value - average);
      }
      if (count > 1) squares += (own / (count - 1)) * (count - 1);
      squares += count * (average - overall) * (average - overall);
    }
    return (squares / (total - 1)) >> (2 * shift);
  }
}

const ALL_BUT_VARIANCE: StaticArray<Extractor> = [
  Extractor.Count,
  Extractor.Sum,
  Extractor.Min,
  Extractor.Max,
  Extractor.Avg,
];

/** Adds random samples, and compares all extractors after each of the first ones, and at the end. */
function tryOut(where: Where, extractors: StaticArray<Extractor>, shift: i32, fetchingAtomics: bool): void {
  const rig = new Rig(64, fetchingAtomics);
  const it = new TestStatistic(rig, statisticOf(extractors, shift), where);
  rig.build();
  const isElement = where == Where.Element || where == Where.CountedElement;
  const hasVariance = extractors.length == EXTRACTORS.length;
  const copies = where == Where.Copies ? it.store.copies!.count : 1;
  const random = new Random(<i32>where * 100 + shift);
  const keys = isElement ? 4 : 1;
  for (let key = 0; key < keys; ++key) {
    const number = isElement ? it.element(1000 + key) : 0;
    const samples = new Samples();
    for (let k = 0; k < 120; ++k) {
      const value = hasVariance ? <i64>(random.below(20001) - 10000) : random.long();
      // Numbers of CPUs are beyond those of copies, too.
      const cpu = where == Where.Copies ? random.below(64) : 0;
      it.add(where == Where.Copies ? cpu : number, value);
      samples.add(cpu % copies, value);
      if (k > 10 && k % 40 != 39) continue;
      for (let i = 0; i < extractors.length; ++i) {
        const expected = samples.extract(extractors[i], shift);
        const actual = it.extract(number, extractors[i]);
        assert(actual == expected, `extractor ${<i32>extractors[i]} of ${k + 1} says ${actual}, not ${expected}`);
      }
    }
  }
}

export function test_all_extractors_in_one_row(): void {
  tryOut(Where.OneRow, EXTRACTORS, 0, true);
  tryOut(Where.OneRow, EXTRACTORS, 8, true);
  tryOut(Where.OneRow, ALL_BUT_VARIANCE, 0, true);
}

export function test_all_extractors_over_copies(): void {
  tryOut(Where.Copies, EXTRACTORS, 0, true);
  tryOut(Where.Copies, EXTRACTORS, 6, false);
  tryOut(Where.Copies, ALL_BUT_VARIANCE, 0, true);
  tryOut(Where.Copies, ALL_BUT_VARIANCE, 0, false);
}

export function test_all_extractors_of_elements(): void {
  tryOut(Where.Element, EXTRACTORS, 4, true);
  tryOut(Where.Element, ALL_BUT_VARIANCE, 0, true);
  tryOut(Where.CountedElement, ALL_BUT_VARIANCE, 0, true);
  tryOut(Where.CountedElement, ALL_BUT_VARIANCE, 0, false);
}

export function test_one_extractor_alone(): void {
  for (let i = 0; i < EXTRACTORS.length; ++i) {
    if (EXTRACTORS[i] == Extractor.Variance) continue;
    tryOut(Where.OneRow, [EXTRACTORS[i]], 0, true);
    tryOut(Where.Copies, [EXTRACTORS[i]], 0, true);
  }
}

export function test_variance_chosen(): void {
  const values: i64[] = [2, 4, 4, 4, 5, 5, 7, 9];
  const places: StaticArray<Where> = [Where.OneRow, Where.Copies];
  for (let i = 0; i < places.length; ++i) {
    const rig = new Rig();
    const it = new TestStatistic(rig, statisticOf(EXTRACTORS, 10), places[i]);
    rig.build();
    assert(it.extract(0, Extractor.Variance) == -1, "of nothing there is none");
    it.add(0, values[0]);
    assert(it.extract(0, Extractor.Variance) == -1, "nor of one sample");
    for (let k = 1; k < values.length; ++k) it.add(k % 3, values[k]);
    // 32 / 7: the squares of the distances to 5.
    assert(it.extract(0, Extractor.Variance) == 4, "of eight samples");
  }
}

export function test_extremes_at_the_ends(): void {
  const rig = new Rig();
  const it = new TestStatistic(rig, statisticOf(ALL_BUT_VARIANCE), Where.Copies);
  rig.build();
  it.add(3, i64.MIN_VALUE);
  assert(it.extract(0, Extractor.Max) == i64.MIN_VALUE, "the least number is the greatest so far");
  it.add(4, i64.MAX_VALUE);
  assert(it.extract(0, Extractor.Max) == i64.MAX_VALUE && it.extract(0, Extractor.Min) == i64.MIN_VALUE, "both ends");
  assert(it.extract(0, Extractor.Sum) == -1 && it.extract(0, Extractor.Avg) == 0, "which add up to -1");
}

export function test_clear(): void {
  const places: StaticArray<Where> = [Where.OneRow, Where.Copies];
  for (let i = 0; i < places.length; ++i) {
    const rig = new Rig();
    const it = new TestStatistic(rig, statisticOf(EXTRACTORS), places[i]);
    const clear = CLEAR_STATISTIC.of(it.store);
    rig.build();
    store<i64>(rig.address(it.behind), 5);
    for (let k = 0; k < 40; ++k) it.add(k, 1000 + k);
    rig.call(clear, []);
    assert(it.extract(0, Extractor.Count) == 0 && it.extract(0, Extractor.Sum) == 0, "it is empty");
    it.add(7, 3);
    assert(it.extract(0, Extractor.Min) == 3 && it.extract(0, Extractor.Max) == 3, "and begins anew");
    assert(load<i64>(rig.address(it.behind)) == 5, "what follows it stays");
  }
}

export function test_what_finds_no_copy_is_counted(): void {
  const rig = new Rig();
  const it = new TestStatistic(rig, statisticOf(EXTRACTORS), Where.Copies);
  rig.build();
  const copies = it.store.copies!;
  for (let i = 0; i < copies.count; ++i) store<u64>(rig.address(copies.offset + i * copies.stride + copies.claim), 1);
  it.add(0, 5);
  assert(it.extract(0, Extractor.Count) == 0, "nothing is added");
  assert(load<u64>(rig.address(BssHeader.SkippedLock)) == 1, "and that is counted");
  store<u64>(rig.address(copies.offset + 5 * copies.stride + copies.claim), 0);
  it.add(0, 5);
  assert(it.extract(0, Extractor.Count) == 1, "another copy does as well");
}
