// Draws a histogram as stap does:
//
//   value |-------------------------------------------------- count
//       0 |@@@@                                                4
//       1 |@@@@@@@@@                                           9
//         ~
//      64 |@                                                   1
//
// There is one row for each bucket, from two below the first that is not empty to two above the last. A row that has
// two empty rows on either side is left out, and a `~` stands for it. A bar has at most 50 characters. If the greatest
// count is higher, a character stands for several. Rows for values outside the range of @hist_linear begin with < and
// >.
//
// The bytes may be anything: numbers wrap, and there are never more rows than buckets.

import { HistogramArgument } from "../../format/record";
import { OutBuffer } from "./buffer";

/** Characters of the longest bar. */
const BAR_WIDTH: i32 = 50;
/** Empty rows that are shown beside rows that are not. */
const NEIGHBOURS: i32 = 2;

/** One histogram. */
export class Histogram {
  low: i64 = 0;
  width: i64 = 0;
  at: usize = 0;
  count: i32 = 0;
  first: i32 = 0;
  last: i32 = 0;
  greatest: u64 = 0;
  /** How many a character of a bar stands for. */
  scale: u64 = 1;
  valueWidth: i32 = 0;
  countWidth: i32 = 0;

  /** Takes the bytes at `start`. */
  read(start: usize, bytes: i32): void {
    this.low = load<i64>(start, HistogramArgument.Low);
    this.width = load<i64>(start, HistogramArgument.Width);
    this.at = start + HistogramArgument.Buckets;
    this.count = (bytes - HistogramArgument.Buckets) >> 3;
  }

  get isLinear(): bool {
    return this.width != 0;
  }

  /** Whether a bucket has a least value; the first one is for all below the range, or for the least numbers. */
  hasFrom(index: i32): bool {
    return index > 0;
  }

  /** Its least value. */
  from(index: i32): i64 {
    if (this.isLinear) return this.low + <i64>(index - 1) * this.width;
    const bits = index - (this.count >> 1);
    return bits < 0 ? 2 * this.valueOf(index) + 1 : this.valueOf(index);
  }

  /** Whether values end behind a bucket; the last one is for all above. */
  hasTo(index: i32): bool {
    return index < this.count - 1;
  }

  /** The value behind its greatest. */
  to(index: i32): i64 {
    return this.from(index + 1);
  }

  bucket(index: i32): u64 {
    return load<u64>(this.at + ((<usize>index) << 3));
  }

  /** Whether a row counts what lies outside of the range. */
  isOutside(index: i32): bool {
    return this.isLinear && (index == 0 || index == this.count - 1);
  }

  /** Where a bucket begins; of the one below the range where it ends. */
  valueOf(index: i32): i64 {
    if (this.isLinear) {
      if (index == 0) return this.low;
      const steps = index == this.count - 1 ? index - 2 : index - 1;
      return this.low + <i64>steps * this.width;
    }
    const bits = index - (this.count >> 1);
    if (bits == 0) return 0;
    const shift = <i64>(((bits > 0 ? bits : -bits) - 1) & 63);
    return bits > 0 ? (<i64>1) << shift : -((<i64>1) << shift);
  }

  /** Finds the rows to show; they are all buckets if all are empty. */
  measure(): void {
    this.first = -1;
    this.last = 0;
    this.greatest = 0;
    for (let i = 0; i < this.count; ++i) {
      let met = this.bucket(i);
      if (met == 0) continue;
      if (this.first < 0) this.first = i;
      this.last = i;
      if (met > this.greatest) this.greatest = met;
    }
    if (this.first < 0) this.first = this.last;
    this.widen();
    this.scale =
      this.greatest <= <u64>BAR_WIDTH ? 1 : this.greatest / BAR_WIDTH + <u64>(this.greatest % BAR_WIDTH != 0);
    this.countWidth = charactersOf(<i64>this.greatest);
    let top = charactersOf(this.isLinear ? this.low + this.width * <i64>this.last : this.valueOf(this.last));
    let bottom = charactersOf(this.isLinear ? this.low : this.valueOf(this.first));
    if (this.isOutside(this.last)) ++top;
    if (this.isOutside(this.first)) ++bottom;
    this.valueWidth = max(5, max(top, bottom));
  }

  /**
   * Two rows more at either end; but not below zero on a scale of powers of two, and no empty ones outside the range.
   */
  private widen(): void {
    for (let i = 0; i < NEIGHBOURS; ++i) {
      if (this.first > 0 && (this.isLinear || this.first != this.count >> 1)) --this.first;
      if (this.last < this.count - 1) ++this.last;
    }
    if (!this.isLinear) return;
    if (this.first == 0 && this.bucket(0) == 0 && this.last > 0) ++this.first;
    if (this.last == this.count - 1 && this.bucket(this.last) == 0 && this.last > this.first) --this.last;
  }

  /** Whether a row and its neighbours are all empty. */
  isLonely(index: i32): bool {
    let from = max(this.first, index - NEIGHBOURS);
    let to = min(this.last, index + NEIGHBOURS);
    for (let i = from; i <= to; ++i) {
      if (this.bucket(i) != 0) return false;
    }
    return true;
  }
}

const drawn: Histogram = new Histogram();

/** Draws the histogram at `start`, `bytes` long in all. */
export function putHistogram(out: OutBuffer, start: usize, bytes: i32): void {
  let it = drawn;
  it.read(start, bytes);
  it.measure();
  out.fill(32, it.valueWidth - 5);
  out.putText("value |");
  out.fill(45, BAR_WIDTH);
  out.putText(" count\n");
  let left = false;
  for (let i = it.first; i <= it.last; ++i) {
    if (it.isLonely(i)) {
      left = true;
      continue;
    }
    if (left) {
      out.fill(32, it.valueWidth);
      out.putText(" ~\n");
      left = false;
    }
    putRow(out, it, i);
  }
  out.put(10);
}

function putRow(out: OutBuffer, it: Histogram, index: i32): void {
  let value = it.valueOf(index);
  let outside = it.isOutside(index);
  out.fill(32, it.valueWidth - charactersOf(value) - (outside ? 1 : 0));
  if (outside) out.put(index == 0 ? 60 : 62);
  out.putSigned(value);
  out.putText(" |");
  let met = it.bucket(index);
  let bar = <i32>(met / it.scale);
  out.fill(64, bar);
  out.fill(32, BAR_WIDTH - bar + 1 + it.countWidth - charactersOf(<i64>met));
  out.putSigned(<i64>met);
  out.put(10);
}

/** Characters of a number in decimal. */
function charactersOf(value: i64): i32 {
  let characters = value < 0 ? 2 : 1;
  for (let rest = value < 0 ? 0 - <u64>value : <u64>value; rest >= 10; rest /= 10) ++characters;
  return characters;
}
