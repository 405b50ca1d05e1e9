// The time zone of this machine at a moment, from /etc/localtime (tzfile(5)): times at which another offset began, and
// behind them the rule for later years, such as "CET-1CEST,M3.5.0,M10.5.0/3".

import { readFile } from "./syscall";

/** Offset and name of a zone. */
export class Zone {
  constructor(
    /** Seconds that its time is behind UTC. */
    public west: i32,
    public name: string,
  ) {}
}

/** Most bytes of a name that scripts get (RodataHeader.ZoneName, with a NUL). */
export const MAX_ZONE_NAME: i32 = 15;
const HEADER: i32 = 44;
const DAY: i64 = 86400;

/** The zone of this machine; UTC if it says none. */
export function localZone(now: i64): Zone {
  const file = readFile("/etc/localtime", 1 << 17);
  const zone = file ? new ZoneFile(file).at(now) : null;
  return zone ? zone : new Zone(0, "UTC");
}

/** A file, read with every offset checked. */
export class ZoneFile {
  constructor(private bytes: StaticArray<u8>) {}

  private get base(): usize {
    return changetype<usize>(this.bytes);
  }

  private get end(): i32 {
    return this.bytes.length;
  }

  /** The zone at a moment in seconds since 1970; null if the file is damaged. */
  at(now: i64): Zone | null {
    if (!this.isHeader(0)) return null;
    if (this.byte(4) < 0x32) return this.inBlock(0, 4, now);
    // The block of version 1 is followed by one with 64-bit times, and that by the rule.
    const second = HEADER + this.blockBytes(0, 4);
    if (!this.isHeader(second)) return null;
    return this.inBlock(second, 8, now);
  }

  private isHeader(at: i32): bool {
    return at >= 0 && at + HEADER <= this.end && load<u32>(this.base + at) == 0x66695a54;
  }

  private byte(at: i32): i32 {
    return at >= 0 && at < this.end ? load<u8>(this.base + at) : 0;
  }

  private word(at: i32): i32 {
    return at >= 0 && at + 4 <= this.end ? bswap(load<i32>(this.base + at)) : 0;
  }

  private time(at: i32, width: i32): i64 {
    return width == 4 ? <i64>this.word(at) : ((<i64>this.word(at)) << 32) | <i64>(<u32>this.word(at + 4));
  }

  /** One of the counts in a header: isut, isstd, leap, time, type, characters. */
  private count(header: i32, index: i32): i32 {
    const count = this.word(header + 20 + index * 4);
    return count < 0 || count > 65536 ? 0 : count;
  }

  private blockBytes(header: i32, width: i32): i32 {
    const times = this.count(header, 3) * (width + 1);
    const rest = this.count(header, 4) * 6 + this.count(header, 5) + this.count(header, 2) * (width + 4);
    return times + rest + this.count(header, 1) + this.count(header, 0);
  }

  private inBlock(header: i32, width: i32, now: i64): Zone | null {
    const times = this.count(header, 3);
    const start = header + HEADER;
    let last = -1;
    for (let i = 0; i < times && this.time(start + i * width, width) <= now; ++i) last = i;
    if (last == times - 1 && width == 8) {
      const rule = new ZoneRule(this.text(header + HEADER + this.blockBytes(header, width) + 1, 0x0a));
      const zone = rule.at(now);
      if (zone) return zone;
    }
    const type = last < 0 ? 0 : this.byte(start + times * width + last);
    const types = this.count(header, 4);
    const row = start + times * (width + 1) + type * 6;
    if (type >= types || row + 6 > this.end) return null;
    const names = start + times * (width + 1) + types * 6;
    return new Zone(-this.word(row), this.text(names + this.byte(row + 5), 0));
  }

  private text(at: i32, terminator: i32): string {
    let length = 0;
    while (at + length < this.end && length < 64 && this.byte(at + length) != terminator) ++length;
    return at < 0 || at >= this.end ? "" : String.UTF8.decodeUnsafe(this.base + at, length);
  }
}

/** The rule of later years: a standard time, and perhaps another one between two days of each year. */
class ZoneRule {
  private position: i32 = 0;

  constructor(private text: string) {}

  at(now: i64): Zone | null {
    const standard = this.name();
    if (standard.length == 0) return null;
    const west = <i32>this.seconds();
    const summer = this.name();
    if (summer.length == 0) return new Zone(west, standard);
    const summerWest = this.here() == 0x2c ? west - 3600 : <i32>this.seconds();
    const year = yearOf(floorDivide(now, DAY));
    const begin = this.day(year) + <i64>west;
    const end = this.day(year) + <i64>summerWest;
    const isSummer = begin < end ? now >= begin && now < end : now >= begin || now < end;
    return isSummer ? new Zone(summerWest, summer) : new Zone(west, standard);
  }

  private here(): i32 {
    return this.position < this.text.length ? this.text.charCodeAt(this.position) : 0;
  }

  /** Letters, or anything between < and >. */
  private name(): string {
    const quoted = this.here() == 0x3c;
    if (quoted) ++this.position;
    const from = this.position;
    while (
      quoted ? this.here() != 0 && this.here() != 0x3e : (this.here() | 0x20) >= 0x61 && (this.here() | 0x20) <= 0x7a
    )
      ++this.position;
    const name = this.text.substring(from, this.position);
    if (quoted) ++this.position;
    return name;
  }

  private digits(): i32 {
    let value = 0;
    while (this.here() >= 0x30 && this.here() <= 0x39 && value < 1000) {
      value = value * 10 + this.here() - 0x30;
      ++this.position;
    }
    return value;
  }

  /** [+-]hours[:minutes[:seconds]] */
  private seconds(): i64 {
    const minus = this.here() == 0x2d;
    if (minus || this.here() == 0x2b) ++this.position;
    let value: i64 = 0;
    for (let unit = 3600; unit > 0; unit /= 60) {
      value += <i64>this.digits() * unit;
      if (this.here() != 0x3a) break;
      ++this.position;
    }
    return minus ? -value : value;
  }

  /** ",Mmonth.week.day[/time]": seconds since 1970, as if in UTC. */
  private day(year: i64): i64 {
    this.position += 2; // ",M"
    const month = this.digits();
    ++this.position;
    const week = this.digits();
    ++this.position;
    const weekday = this.digits();
    let time: i64 = 7200;
    if (this.here() == 0x2f) {
      ++this.position;
      time = this.seconds();
    }
    const first = dayOf(year, month);
    const next = month == 12 ? dayOf(year + 1, 1) : dayOf(year, month + 1);
    // 1970 began on a Thursday.
    const offset = (((<i64>weekday - first - 4) % 7) + 7) % 7;
    let day = first + offset + (week - 1) * 7;
    if (day >= next) day -= 7;
    return day * DAY + time;
  }
}

function floorDivide(a: i64, b: i64): i64 {
  const quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

/** The day, counted from 1970, on which a month begins. */
function dayOf(year: i64, month: i32): i64 {
  // Years that begin in March have their leap day at the end.
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  return y * 365 + floorDivide(y, 4) - floorDivide(y, 100) + floorDivide(y, 400) + (153 * m + 2) / 5 - 719468;
}

function yearOf(day: i64): i64 {
  let year = 1970 + floorDivide(day * 400, 146097);
  if (dayOf(year, 1) > day) --year;
  if (dayOf(year + 1, 1) <= day) ++year;
  return year;
}
