// The limits that -D sets, under stap's names: one row each, with its default and its range. docs/limits.md has the
// reasons; scripts/generate/limits.ts writes it from these rows. Other limits of stap's are known by name, so that a
// command line written for stap works here; they change nothing, and the user gets a warning.

import { decimalOf } from "../common/as/decimal";
import { MOST_ACTIVE } from "../common/format/linux";
import { Reporter } from "./diagnostics/diagnostic";
import { NearMatches } from "./kernel/near";
import {
  DEFAULT_FRAMES,
  DEFAULT_STRING_BYTES,
  LEAST_STRING_BYTES,
  MOST_FRAMES,
  MOST_STRING_BYTES,
} from "./semantic/options";

class Limit {
  constructor(
    public name: string,
    /** Without -D; -1: it depends on the script or the run. */
    public standard: i32,
    public least: i64,
    public most: i64,
  ) {}
}

/** Greatest value of limits that are counters. */
const MOST: i64 = 0x7fffffff;

const LIMITS: StaticArray<Limit> = [
  new Limit("MAXERRORS", 0, 0, MOST),
  new Limit("MAXSKIPPED", -1, 0, MOST),
  new Limit("MAXACTION", 1000, 1, MOST),
  new Limit("MAXACTION_INTERRUPTIBLE", 10000, 1, MOST),
  new Limit("MAXTRYLOCK", 100, 0, 100000),
  new Limit("TRYLOCKDELAY", 10, 0, 1000),
  new Limit("MAXNESTING", -1, 1, MOST),
  new Limit("KRETACTIVE", -1, 1, MOST_ACTIVE),
  new Limit("MAXSTRINGLEN", DEFAULT_STRING_BYTES, LEAST_STRING_BYTES, MOST_STRING_BYTES),
  new Limit("MAXBACKTRACE", DEFAULT_FRAMES, 1, MOST_FRAMES),
  new Limit("MAXMAPENTRIES", 2048, 1, MOST),
  new Limit("STP_OVERLOAD_THRESHOLD", 500000000, 1, MOST),
  new Limit("STP_OVERLOAD_INTERVAL", 1000000000, 1, MOST),
];

/** Names that mean something by being defined, whatever their value. */
const SWITCHES: StaticArray<string> = ["STP_NO_OVERLOAD"];

/** Names that mean something to stap's module and nothing here. */
const FOREIGN: StaticArray<string> = [
  "MAPHASHBIAS",
  "MINSTACKSPACE",
  "MAXUPROBES",
  "INTERRUPTIBLE",
  "STP_MAXMEMORY",
  "STP_PROCFS_BUFSIZE",
  "STP_NO_BUFREMAP",
];

/** The value that a limit has without -D. */
export function standardLimit(name: string): i32 {
  for (let i = 0; i < LIMITS.length; ++i) {
    if (LIMITS[i].name == name) return LIMITS[i].standard;
  }
  assert(false, "the limit has a row");
  return 0;
}

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
  if (SWITCHES.includes(name)) return;
  for (let i = 0; i < FOREIGN.length; ++i) {
    if (FOREIGN[i] != name) continue;
    reporter.warning(null, `-D ${name} changes nothing here: it is for stap's kernel module`);
    return;
  }
  const near = new NearMatches(name);
  for (let i = 0; i < LIMITS.length; ++i) near.add(LIMITS[i].name);
  reporter.warning(null, `-D ${name} names no limit and changes nothing${near.text}`);
}
