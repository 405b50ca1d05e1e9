// Buckets of histograms, at the edges and at random, wherever the statistic lies.

import { LOG_ZERO, Statistic } from "../../common/as/statistic";
import { BUCKET, MERGE_BUCKETS } from "./buckets";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";
import { TestStatistic, Where, wantHistogram } from "./testing/statistics";

function bucketOf(statistic: Statistic, value: i64): i32 {
  if (statistic.width != 0) {
    let bucket = 0;
    // One interval after the other, as long as its start is not above the value.
    for (let start = statistic.low; start <= value && bucket < statistic.buckets - 1; start += statistic.width) {
      ++bucket;
    }
    return bucket;
  }
  let bits = 0;
  for (let rest = <u64>(value < 0 ? -value : value); rest != 0; rest >>= 1) ++bits;
  return LOG_ZERO + (value < 0 ? -bits : bits);
}

/** Values next to all powers of two, and random ones. */
function samples(random: Random): i64[] {
  const values: i64[] = [0, 1, -1, i64.MIN_VALUE, i64.MAX_VALUE];
  for (let bit = 1; bit < 63; ++bit) {
    const power = (<i64>1) << bit;
    values.push(power - 1);
    values.push(power);
    values.push(-power);
    values.push(1 - power);
  }
  for (let k = 0; k < 60; ++k) values.push(random.long());
  return values;
}

function tryOut(statistic: Statistic, where: Where, values: i64[]): void {
  const rig = new Rig();
  const it = new TestStatistic(rig, statistic, where);
  const read = BUCKET.of(it.store);
  const area = rig.reserve(8 * statistic.buckets);
  const merge = where == Where.Copies ? MERGE_BUCKETS.of(it.store) : -1;
  rig.build();
  const number = where == Where.Element ? it.element(5) : 0;
  const counts: i64[] = [];
  for (let i = 0; i < statistic.buckets; ++i) counts.push(0);
  for (let k = 0; k < values.length; ++k) {
    const bucket = bucketOf(statistic, values[k]);
    it.add(where == Where.Copies ? k : number, values[k]);
    const met = rig.call(read, [number, bucket]);
    assert(met == ++counts[bucket], `${values[k]} is counted in bucket ${bucket}`);
  }
  for (let i = 0; i < counts.length; ++i) assert(rig.call(read, [number, i]) == counts[i], `bucket ${i}`);
  assert(rig.call(read, [number, counts.length]) == 0 && rig.call(read, [number, -1]) == 0, "there are no others");
  if (where == Where.Element) assert(rig.call(read, [0, LOG_ZERO]) == 0, "of no element");
  if (merge < 0) return;
  rig.call(merge, [rig.at(area)]);
  for (let i = 0; i < counts.length; ++i) {
    assert(load<i64>(rig.inFrame(area + 8 * i)) == counts[i], `bucket ${i} of all copies`);
  }
}

export function test_powers_of_two(): void {
  const places: StaticArray<Where> = [Where.OneRow, Where.Copies, Where.Element];
  for (let i = 0; i < places.length; ++i) {
    const statistic = new Statistic();
    wantHistogram(statistic, 0, 0, 0);
    tryOut(statistic, places[i], samples(new Random(i)));
  }
}

export function test_intervals(): void {
  const places: StaticArray<Where> = [Where.OneRow, Where.Copies, Where.Element];
  const ranges: i64[] = [0, 100, 10, -50, 49, 7, 1000, 1000, 1, -3, 3, 1];
  for (let i = 0; i < ranges.length; i += 3) {
    const statistic = new Statistic();
    wantHistogram(statistic, ranges[i], ranges[i + 1], ranges[i + 2]);
    // All numbers in the range, and beyond it on either side.
    const values: i64[] = [i64.MIN_VALUE, i64.MAX_VALUE];
    for (let value = ranges[i] - 3; value <= ranges[i + 1] + 20; ++value) values.push(value);
    tryOut(statistic, places[(i / 3) % 3], values);
  }
}
