// The layout of one statistic in memory: a row of 8-byte words in this order. A script's statistic has only the words
// that some extractor of the script reads:
//
//   count | sum | greatest | least | average | squares | buckets ...
//
// All words of an empty statistic are zero, so fresh memory is an empty statistic. For this, `greatest` and `least` are
// kept as unsigned numbers of which the larger one wins (`v ^ MAX_BIAS`, `v ^ MIN_BIAS`). `average` and `squares`
// belong to @variance.

/** The words of a statistic, in their order; the last one is the first of the histogram's. */
export const enum StatisticField {
  Count = 0,
  Sum = 1,
  /** v ^ MAX_BIAS, the greatest */
  Greatest = 2,
  /** v ^ MIN_BIAS, the greatest: of the least v */
  Least = 3,
  /** Welford's running average, shifted left by `shift` */
  Average = 4,
  /** Welford's sum of squares of differences, shifted left by twice `shift` */
  Squares = 5,
  Buckets = 6,
}

/** Makes an unsigned number of a signed one, in the same order. */
export const MAX_BIAS: i64 = i64.MIN_VALUE;
/** The same in the opposite order. */
export const MIN_BIAS: i64 = i64.MAX_VALUE;

/** Buckets of @hist_log: 64 below zero, one for zero, 63 above. */
export const LOG_BUCKETS: i32 = 128;
/** Bucket of @hist_log that counts zeros. */
export const LOG_ZERO: i32 = 64;
/** Most buckets of @hist_linear, those below and above its range included: a print of it must fit one record. */
export const MOST_BUCKETS: i32 = 1000;

/** What reads a statistic: `@count` and its kin. */
export const enum Extractor {
  Count,
  Sum,
  Min,
  Max,
  Avg,
  Variance,
}

/** The kind of a statistic's histogram. */
export const enum HistogramKind {
  None,
  /** @hist_log: powers of two. */
  Log,
  /** @hist_linear */
  Linear,
}

/** What is kept of one statistic. */
export class Statistic {
  /** Bits 1 << StatisticField. */
  private fields: i32 = 0;
  /** Of @variance; -1 while nobody asks for one. */
  shift: i32 = -1;
  histogram: HistogramKind = HistogramKind.None;
  /** Of @hist_linear. */
  low: i64 = 0;
  high: i64 = 0;
  width: i64 = 0;
  /** Buckets of the histogram, those below and above its range included. */
  buckets: i32 = 0;

  want(field: StatisticField): void {
    this.fields |= 1 << field;
  }

  has(field: StatisticField): bool {
    return (this.fields & (1 << field)) != 0;
  }

  /** Notes what an extractor reads. Whoever may find the statistic empty reads the count. */
  wantExtractor(extractor: Extractor): void {
    if (extractor != Extractor.Sum) this.want(StatisticField.Count);
    switch (extractor) {
      case Extractor.Min:
        this.want(StatisticField.Least);
        break;
      case Extractor.Max:
        this.want(StatisticField.Greatest);
        break;
      case Extractor.Variance:
        this.want(StatisticField.Average);
        this.want(StatisticField.Squares);
        this.want(StatisticField.Sum);
        break;
      case Extractor.Sum:
      case Extractor.Avg:
        this.want(StatisticField.Sum);
        break;
      default:
    }
  }

  /** Whether @min or @max is kept. */
  get hasExtremes(): bool {
    return this.has(StatisticField.Greatest) || this.has(StatisticField.Least);
  }

  /** Where a word lies; of `Buckets`, where they begin. */
  offset(field: StatisticField): i32 {
    return 8 * popcnt(this.fields & ((1 << field) - 1));
  }

  get bytes(): i32 {
    return this.offset(StatisticField.Buckets) + 8 * this.buckets;
  }
}
