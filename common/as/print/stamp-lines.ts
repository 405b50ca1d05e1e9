// Text with the time before each line (--timestamps, --monotonic).

import { OutBuffer } from "./buffer";
import { ManifestView } from "./manifest";
import { Plan } from "./plan";
import { Tap } from "./tap";

const NEWLINE: i32 = 10;
const NS_PER_SECOND: u64 = 1000000000;

/** Puts times before lines. */
export class StampTap extends Tap {
  private made: u64 = 0;
  private isLineStart: bool = true;

  constructor(
    /** Subtracted from each time, nanoseconds: the distance of local time; -1: the first time that comes. */
    private origin: i64,
    /** As a date; or else as seconds. */
    private isDate: bool,
  ) {
    super();
  }

  override time(value: i64): void {
    if (this.origin == -1) this.origin = value;
    // The clocks of two CPUs may differ by a little.
    this.made = <u64>max<i64>(value - this.origin, 0);
  }

  override end(_manifest: ManifestView, _plan: Plan, text: OutBuffer, out: OutBuffer): void {
    let from = 0;
    while (from < text.length) {
      if (this.isLineStart) this.putTime(out);
      let end = from;
      while (end < text.length && load<u8>(text.start + <usize>end) != NEWLINE) ++end;
      this.isLineStart = end < text.length;
      if (end < text.length) ++end;
      out.putBytes(text.start + <usize>from, end - from);
      from = end;
    }
  }

  private putTime(out: OutBuffer): void {
    const seconds = this.made / NS_PER_SECOND;
    if (this.isDate) putDate(out, seconds);
    else out.putUnsigned(seconds);
    out.put(46);
    putPadded(out, (this.made % NS_PER_SECOND) / 1000, 6);
    out.put(32);
  }
}

function putPadded(out: OutBuffer, value: u64, digits: i32): void {
  let least: u64 = 10;
  for (let i = 1; i < digits; ++i) {
    if (value < least) out.fill(48, 1);
    least *= 10;
  }
  out.putUnsigned(value);
}

/** "2026-11-30 19:13:49", given seconds since 1970. */
function putDate(out: OutBuffer, seconds: u64): void {
  // Days from the first of March of the year 0: leap days come last in such years.
  const days = seconds / 86400 + 719468;
  const era = days / 146097;
  const dayOfEra = days % 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const month = (5 * dayOfYear + 2) / 153;
  const isNext = month >= 10;
  out.putUnsigned(yearOfEra + era * 400 + (isNext ? 1 : 0));
  out.put(45);
  putPadded(out, isNext ? month - 9 : month + 3, 2);
  out.put(45);
  putPadded(out, dayOfYear - (153 * month + 2) / 5 + 1, 2);
  out.put(32);
  const rest = seconds % 86400;
  putPadded(out, rest / 3600, 2);
  out.put(58);
  putPadded(out, (rest / 60) % 60, 2);
  out.put(58);
  putPadded(out, rest % 60, 2);
}
