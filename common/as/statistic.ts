// The layout of one statistic in memory: a row of 8-byte words in this order. A script's statistic has only the words
// that the script's extractors read:
//
//   count | sum | greatest | least | average | squares | buckets ...
//
// All words of an empty statistic are zero, so fresh memory is an empty statistic. To allow that, `greatest` and
// `least` are stored as unsigned numbers of which the larger one wins (`v ^ MAX_BIAS`, `v ^ MIN_BIAS`). `average` and
// `squares` are used by @variance.

/** The words of a statistic, in order. The last name stands for the first word of the histogram. */
export const enum StatisticField {
  Count = 0,
  Sum = 1,
  /** The greatest v ^ MAX_BIAS, from the greatest v. */
  Greatest = 2,
  /** The greatest v ^ MIN_BIAS, from the least v. */
  Least = 3,
  /** Welford's running average, shifted left by `shift`. */
  Average = 4,
  /** Welford's sum of squared differences, shifted left by twice `shift`. */
  Squares = 5,
  Buckets = 6,
}

/** XOR with this turns a signed number into an unsigned one of the same order. */
export const MAX_BIAS: i64 = i64.MIN_VALUE;
/** XOR with this turns a signed number into an unsigned one of the opposite order. */
export const MIN_BIAS: i64 = i64.MAX_VALUE;

/** Buckets of @hist_log: 64 for negative values, one for zero, 63 for positive values. */
export const LOG_BUCKETS: i32 = 128;
/** The bucket of @hist_log that counts zeros. */
export const LOG_ZERO: i32 = 64;
/**
 * Limit of the buckets of @hist_linear, including the two outside its range. A print of them must fit in one record.
 */
export const MOST_BUCKETS: i32 = 1000;

/** The operations that read a statistic: `@count` and the others. */
export const enum Extractor {
  Count,
  Sum,
  Min,
  Max,
  Avg,
  Variance,
}

/** The kind of histogram that a statistic has. */
export const enum HistogramKind {
  None,
  /** @hist_log: buckets for powers of two. */
  Log,
  /** @hist_linear: buckets of equal width. */
  Linear,
}

/** The parts of one statistic that are kept. */
export class Statistic {
  /** The words that are kept: bits 1 << StatisticField. */
  private fields: i32 = 0;
  /** The shift of @variance; -1 if the script does not use @variance. */
  shift: i32 = -1;
  histogram: HistogramKind = HistogramKind.None;
  /** The range of @hist_linear. */
  low: i64 = 0;
  high: i64 = 0;
  width: i64 = 0;
  /** Buckets of the histogram, including the two outside its range. */
  buckets: i32 = 0;

  want(field: StatisticField): void {
    this.fields |= 1 << field;
  }

  has(field: StatisticField): bool {
    return (this.fields & (1 << field)) != 0;
  }

  /**
   * Adds the words that an extractor reads. All but @sum read the count, to see whether the statistic is empty.
   */
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

  /** The offset of a word; for `Buckets`, of the first bucket. */
  offset(field: StatisticField): i32 {
    return 8 * popcnt(this.fields & ((1 << field) - 1));
  }

  get bytes(): i32 {
    return this.offset(StatisticField.Buckets) + 8 * this.buckets;
  }
}
