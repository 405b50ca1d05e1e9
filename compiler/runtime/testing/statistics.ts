// Statistics in tests: one with its memory, and functions that do what `<<<` and the extractors are lowered to.

import { Extractor, HistogramKind, LOG_BUCKETS, Statistic } from "../../../common/as/statistic";
import { NoRef } from "../../ir/function";
import { AGGREGATE, addSample } from "../accumulate";
import { placeCopies, placeStripes } from "../copies";
import { extract } from "../extract";
import { GlobalShape, ValueKind, ValueShape } from "../shape";
import { StatisticStore } from "../store";
import { TABLE_FIND } from "../table-routines";
import { arrayShape, TestTable } from "./arrays";
import { Rig } from "./rig";

/** Where a statistic lies. */
export const enum Where {
  OneRow,
  Copies,
  Element,
  /** An element that is added to without the lock. */
  CountedElement,
}

export const EXTRACTORS: StaticArray<Extractor> = [
  Extractor.Count,
  Extractor.Sum,
  Extractor.Min,
  Extractor.Max,
  Extractor.Avg,
  Extractor.Variance,
];

/** What is kept for some extractors. */
export function statisticOf(extractors: StaticArray<Extractor>, shift: i32 = 0): Statistic {
  const statistic = new Statistic();
  for (let i = 0; i < extractors.length; ++i) statistic.wantExtractor(extractors[i]);
  statistic.shift = shift;
  return statistic;
}

/** Adds a histogram; `width` 0: by powers of two. */
export function wantHistogram(statistic: Statistic, low: i64, high: i64, width: i64): void {
  statistic.wantExtractor(Extractor.Count);
  statistic.histogram = width == 0 ? HistogramKind.Log : HistogramKind.Linear;
  statistic.low = low;
  statistic.high = high;
  statistic.width = width;
  statistic.buckets = width == 0 ? LOG_BUCKETS : <i32>((high - low) / width) + 3;
}

/** A statistic in a rig, to be made before the rig is built. */
export class TestStatistic {
  store: StatisticStore;
  private adding: i32 = -1;
  private extracting: i32[] = [];
  private find: i32 = -1;
  /** Offset in .bss of a word behind the statistic. */
  behind: i32 = 0;

  constructor(
    public rig: Rig,
    statistic: Statistic,
    where: Where,
  ) {
    const unit = rig.runtime.unit;
    let array: TestTable | null = null;
    if (where == Where.OneRow || where == Where.Copies) {
      const shape = new GlobalShape(0, "s", new ValueShape(ValueKind.Statistic, 0));
      shape.statistic = statistic;
      const copies = where == Where.Copies ? placeCopies(unit, statistic) : null;
      const offset = copies !== null ? copies.offset : unit.reserve(statistic.bytes);
      this.store = new StatisticStore(rig.runtime, shape, offset, null, copies);
    } else {
      const shape = arrayShape([0], ValueKind.Statistic);
      shape.statistic = statistic;
      shape.isCounted = where == Where.CountedElement;
      array = new TestTable(rig, shape, 8, false);
      const stripes = shape.isCounted ? placeStripes(unit) : null;
      this.store = new StatisticStore(rig.runtime, shape, array.table.offset, array.table, stripes);
    }
    this.behind = unit.reserve(8);
    if (array !== null) this.find = TABLE_FIND.of(array.table);
    this.adding = this.makeAdd();
    for (let i = 0; i < EXTRACTORS.length; ++i) this.extracting.push(this.makeExtract(EXTRACTORS[i]));
  }

  private makeAdd(): i32 {
    const store = this.store;
    const frame = this.rig.begin("add", 3);
    const b = frame.b;
    if (store.rows !== null && store.shape.hasVariance) {
      b.callFunction(AGGREGATE.of(store), [b.parameter(1), b.parameter(2)]);
    } else {
      const isOne = store.rows === null && !store.shape.isArray;
      addSample(b, store.cell(b, isOne ? NoRef : b.parameter(1)), b.parameter(2));
    }
    b.ret(b.constant(0));
    return b.fn.index;
  }

  private makeExtract(extractor: Extractor): i32 {
    const wanted = new Statistic();
    wanted.wantExtractor(extractor);
    // Only what the statistic keeps can be read.
    for (let field = 0; field < 6; ++field) {
      if (wanted.has(field) && !this.store.statistic.has(field)) return -1;
    }
    const frame = this.rig.begin("extract", 2);
    const b = frame.b;
    b.ret(extract(b, this.store.cell(b, this.store.shape.isArray ? b.parameter(1) : NoRef), extractor));
    return b.fn.index;
  }

  /** The number of the element with a key, which is made if there is none. */
  element(key: i64): i64 {
    return this.rig.call(this.find, [key, 1]);
  }

  /** Adds a value to an element or copy. */
  add(number: i64, value: i64): void {
    this.rig.call(this.adding, [this.rig.at(0), number, value]);
  }

  extract(number: i64, extractor: Extractor): i64 {
    return this.rig.call(this.extracting[extractor], [this.rig.at(0), number]);
  }
}
