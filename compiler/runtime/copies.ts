// Copies of statistics, so that CPUs that add at the same time do not share a cache line (decision 0013).
//
// A scalar statistic that kernel handlers add to without the lock has several copies in .bss, each on cache lines of
// its own. A handler takes the copy of its CPU's number; reading adds all copies up. More CPUs than copies, preemption
// and interrupts do no harm: sums are added to atomically, and what takes more than one instruction claims the copy for
// that long.
//
//   copy: count | sum | greatest | least | ... | buckets ... | claim | padding          COPIES times
//
// Incrementing a claim to 1 acquires it, as with frames; otherwise the handler tries the next copy, which does as well.
// The elements of arrays have one copy. Their extremes are guarded by one of STRIPES claims, which the element's number
// chooses; when that is taken, the handler tries again.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";

/** Most copies of a statistic. */
export const COPIES: i32 = 16;
/** Bytes that the copies of one statistic may take: a long linear histogram has fewer copies. */
const MOST_BYTES: i32 = 20 << 10;
const LINE: i32 = 64;
/** Claims of an array. */
const STRIPES: i32 = 16;

/** Where the copies of a scalar statistic lie, or the claims of an array. */
export class Copies {
  constructor(
    /** In .bss, of the first. */
    public offset: i32,
    /** How many there are, a power of two. */
    public count: i32,
    public stride: i32,
    /** Offset in a copy of its claim; -1: nothing needs one. */
    public claim: i32,
  ) {}

  /** The address of the copy of a number, of which only the low bits count. */
  address(b: Builder, number: Ref): Ref {
    const index = b.binary(Op.And, number, b.constant(this.count - 1));
    const distance = b.binary(Op.Mul, index, b.constant(this.stride));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.offset), distance);
  }

  /** Adds up the words of all copies at `offset` behind an address in the first copy. */
  sum(b: Builder, base: Ref, offset: i32): Ref {
    let sum = b.load(Op.Load64, base, offset);
    for (let i = 1; i < this.count; ++i) {
      sum = b.binary(Op.Add, sum, b.load(Op.Load64, base, offset + i * this.stride));
    }
    return sum;
  }
}

/** Whether `<<<` may find something that one atomic instruction cannot do. */
function needsClaim(statistic: Statistic): bool {
  return statistic.hasExtremes || statistic.has(StatisticField.Squares);
}

/** Makes room for the copies of a scalar statistic. */
export function placeCopies(unit: Unit, statistic: Statistic): Copies {
  const claim = needsClaim(statistic) ? statistic.bytes : -1;
  const bytes = max(8, statistic.bytes) + (claim >= 0 ? 8 : 0);
  const stride = (bytes + LINE - 1) & -LINE;
  let count = COPIES;
  while (count > 1 && count * stride > MOST_BYTES) count >>= 1;
  return new Copies(unit.reserveLines(count * stride), count, stride, claim);
}

/** Makes room for the claims of an array of statistics whose elements are added to without the lock. */
export function placeStripes(unit: Unit): Copies {
  return new Copies(unit.reserveLines(STRIPES * LINE), STRIPES, LINE, 0);
}
