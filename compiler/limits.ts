// The limits that -D sets, under stap's names: one row each, with its range. Other limits of stap's are known by name,
// so that a command line written for stap works here; they change nothing, and the user gets a warning.

import { decimalOf } from "../common/as/decimal";
import { Reporter } from "./diagnostics/diagnostic";
import { NearMatches } from "./kernel/near";

class Limit {
  constructor(
    public name: string,
    public least: i64,
    public most: i64,
  ) {}
}

/** Greatest value of limits that are counters. */
const MOST: i64 = 0x7fffffff;

const LIMITS: StaticArray<Limit> = [
  new Limit("MAXERRORS", 0, MOST),
  new Limit("MAXSKIPPED", 0, MOST),
  new Limit("MAXACTION", 1, MOST),
  new Limit("MAXACTION_INTERRUPTIBLE", 1, MOST),
  new Limit("MAXNESTING", 1, MOST),
  new Limit("MAXSTRINGLEN", 16, 4096),
  new Limit("MAXMAPENTRIES", 1, MOST),
];

/** Names that mean something to stap's module and nothing here. */
const FOREIGN: StaticArray<string> = [
  "MAXTRYLOCK",
  "TRYLOCKDELAY",
  "MAXBACKTRACE",
  "MAPHASHBIAS",
  "MINSTACKSPACE",
  "MAXUPROBES",
  "INTERRUPTIBLE",
  "KRETACTIVE",
  "STP_MAXMEMORY",
  "STP_OVERLOAD_THRESHOLD",
  "STP_OVERLOAD_INTERVAL",
  "STP_NO_OVERLOAD",
  "STP_PROCFS_BUFSIZE",
  "STP_NO_BUFREMAP",
];

/** Checks one -D: a limit must be a number in its range, a name that does nothing gets a warning. */
export function checkLimit(name: string, value: string, reporter: Reporter): void {
  for (let i = 0; i < LIMITS.length; ++i) {
    const limit = LIMITS[i];
    if (limit.name != name) continue;
    const number = decimalOf(value);
    if (number >= limit.least && number <= limit.most) return;
    reporter.error(null, `-D ${name}=${value}: expected a number from ${limit.least} to ${limit.most}`);
    return;
  }
  for (let i = 0; i < FOREIGN.length; ++i) {
    if (FOREIGN[i] != name) continue;
    reporter.warning(null, `-D ${name} changes nothing here: it is for stap's kernel module`);
    return;
  }
  const near = new NearMatches(name);
  for (let i = 0; i < LIMITS.length; ++i) near.add(LIMITS[i].name);
  reporter.warning(null, `-D ${name} names no limit and changes nothing${near.text}`);
}
