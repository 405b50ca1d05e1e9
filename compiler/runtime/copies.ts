// Copies of statistics, so that CPUs that add at the same time do not share a cache line (decision 0013).
//
// A scalar statistic that kernel handlers add to without the lock has several copies in .bss, each on its own cache
// lines. A handler uses the copy of its CPU's number. Reading adds up all copies. There may be more CPUs than copies,
// and preemption and interrupts may happen: sums are added atomically, and longer work claims the copy while it lasts.
//
//   copy: count | sum | greatest | least | ... | buckets ... | claim | padding          COPIES times
//
// Incrementing a claim to 1 acquires it, as with frames. Otherwise the handler tries the next copy, which serves
// equally well. Elements of arrays have one copy. Their extremes are guarded by one of STRIPES claims, chosen by the
// element's number. If that claim is taken, the handler tries again.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";
import { LINE } from "./runtime";

/** Limit of the copies of one statistic. */
export const COPIES: i32 = 16;
/** Limit of the bytes for all copies of a statistic. A long linear histogram has fewer copies. */
const MOST_BYTES: i32 = 20 << 10;
/** The number of claims of an array. */
const STRIPES: i32 = 16;

/** The place of the copies of a scalar statistic, or of the claims of an array. */
export class Copies {
  constructor(
    /** Offset in .bss of the first one. */
    public offset: i32,
    /** Their number, a power of two. */
    public count: i32,
    public stride: i32,
    /** Offset of the claim in a copy; -1: no claim is needed. */
    public claim: i32,
  ) {}

  /** The address of a copy. Only the low bits of the number are used. */
  address(b: Builder, number: Ref): Ref {
    const index = b.binary(Op.And, number, b.constant(this.count - 1));
    const distance = b.binary(Op.Mul, index, b.constant(this.stride));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.offset), distance);
  }

  /** Adds up one word of all copies, at `offset` from `base`, which is in the first copy. */
  sum(b: Builder, base: Ref, offset: i32): Ref {
    let sum = b.load(Op.Load64, base, offset);
    for (let i = 1; i < this.count; ++i) {
      sum = b.binary(Op.Add, sum, b.load(Op.Load64, base, offset + i * this.stride));
    }
    return sum;
  }
}

/** Whether `<<<` may need more than one atomic instruction. */
function needsClaim(statistic: Statistic): bool {
  return statistic.hasExtremes || statistic.has(StatisticField.Squares);
}

/** Reserves memory for the copies of a scalar statistic. */
export function placeCopies(unit: Unit, statistic: Statistic): Copies {
  const claim = needsClaim(statistic) ? statistic.bytes : -1;
  const bytes = max(8, statistic.bytes) + (claim >= 0 ? 8 : 0);
  const stride = (bytes + LINE - 1) & -LINE;
  let count = COPIES;
  while (count > 1 && count * stride > MOST_BYTES) count >>= 1;
  return new Copies(unit.reserveLines(count * stride), count, stride, claim);
}

/** Reserves memory for the claims of an array of statistics whose elements are added to without the lock. */
export function placeStripes(unit: Unit): Copies {
  return new Copies(unit.reserveLines(STRIPES * LINE), STRIPES, LINE, 0);
}
