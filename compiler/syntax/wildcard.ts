// Compares names with shell patterns, and compares version strings. common/format/glob.ts does the matching; here
// strings become bytes for it.

import { isGlob, matchGlob } from "../../common/format/glob";

/** Whether a text has any of `* ? [`. */
export function hasWildcard(text: string): bool {
  return isGlob(text);
}

/** A shell pattern (`*`, `?`, `[a-z]`, `[!a-z]`, backslash quotes) that many names are compared with. */
export class Wildcard {
  private pattern: Uint8Array;
  /** The name at hand; one array serves all, since nothing is freed. */
  private text: Uint8Array = new Uint8Array(64);

  constructor(pattern: string) {
    this.pattern = new Uint8Array(pattern.length);
    copyBytes(pattern, this.pattern);
  }

  /** Whether a name matches; a byte string, as the pattern. */
  matches(text: string): bool {
    if (this.text.length < text.length) this.text = new Uint8Array(text.length * 2);
    copyBytes(text, this.text);
    return matchGlob(this.pattern, this.text, text.length);
  }
}

/** Whether one name matches a shell pattern; both are byte strings. */
export function matchWildcard(pattern: string, text: string): bool {
  return new Wildcard(pattern).matches(text);
}

function copyBytes(text: string, to: Uint8Array): void {
  for (let i = 0, n = text.length; i < n; ++i) to[i] = <u8>text.charCodeAt(i);
}

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

function charAt(text: string, i: i32): i32 {
  return i < text.length ? text.charCodeAt(i) : 0;
}

/**
 * Compares versions: digits by their number, all else by char; the sign says which is newer. As glibc's strverscmp
 * does: a run of digits that begins with 0 is a fraction, so `1.01` < `1.1`.
 */
export function compareVersions(a: string, b: string): i32 {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) == b.charCodeAt(i)) ++i;
  if (i == a.length && i == b.length) return 0;
  let start = i;
  while (start > 0 && isDigit(a.charCodeAt(start - 1))) --start;
  const ca = charAt(a, i);
  const cb = charAt(b, i);
  const plain = ca - cb;
  // Are we inside a number, or is one beginning on both sides?
  if (!isDigit(ca) && !isDigit(cb)) return plain;
  if (start == i && !(isDigit(ca) && isDigit(cb))) return plain;
  const leadingZero = start < i ? charAt(a, start) == 0x30 : ca == 0x30 || cb == 0x30;
  if (leadingZero) return compareFraction(a, b, start, i);
  let endA = i;
  while (isDigit(charAt(a, endA))) ++endA;
  let endB = i;
  while (isDigit(charAt(b, endB))) ++endB;
  return endA != endB ? endA - endB : plain;
}

/** Digits after a leading zero count as a fraction; more leading zeros make it smaller. */
function compareFraction(a: string, b: string, start: i32, i: i32): i32 {
  let zeros = true;
  for (let k = start; k < i; ++k) {
    if (charAt(a, k) != 0x30) zeros = false;
  }
  const ca = charAt(a, i);
  const cb = charAt(b, i);
  // All zeros so far: the side whose number ends here is "00" against "001": the longer fraction is less.
  if (zeros && start < i) {
    if (!isDigit(ca)) return 1;
    if (!isDigit(cb)) return -1;
  }
  return ca - cb;
}
