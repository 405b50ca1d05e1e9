// Comparing names with shell wildcards, and version strings as people read them.

const STAR: i32 = 0x2a;
const QUESTION: i32 = 0x3f;
const OPEN: i32 = 0x5b;
const CLOSE: i32 = 0x5d;
const BACKSLASH: i32 = 0x5c;

/** Whether a text has any of `* ? [`. */
export function hasWildcard(text: string): bool {
  return text.includes("*") || text.includes("?") || text.includes("[");
}

/** Whether a name matches a shell pattern (`*`, `?`, `[a-z]`, `[!a-z]`, backslash quotes). */
export function matchWildcard(pattern: string, text: string): bool {
  let p = 0;
  let t = 0;
  // Where to go on when a later mismatch means that the last star must take one more char.
  let starPattern = -1;
  let starText = 0;
  while (true) {
    if (p < pattern.length && pattern.charCodeAt(p) == STAR) {
      starPattern = ++p;
      starText = t;
      continue;
    }
    if (t >= text.length && p >= pattern.length) return true;
    const next = t < text.length && p < pattern.length ? matchOne(pattern, p, text.charCodeAt(t)) : -1;
    if (next > 0) {
      p = next;
      ++t;
      continue;
    }
    if (starPattern < 0 || starText >= text.length) return false;
    p = starPattern;
    t = ++starText;
  }
}

/** Matches one char; returns the position behind the pattern's part, or -1. */
function matchOne(pattern: string, p: i32, c: i32): i32 {
  const wanted = pattern.charCodeAt(p);
  if (wanted == QUESTION) return p + 1;
  if (wanted == OPEN) {
    const end = classEnd(pattern, p);
    if (end > 0) return matchClass(pattern, p + 1, end, c) ? end + 1 : -1;
  }
  if (wanted == BACKSLASH && p + 1 < pattern.length) return pattern.charCodeAt(p + 1) == c ? p + 2 : -1;
  return wanted == c ? p + 1 : -1;
}

/** Where the `]` of a class is (a first one is a member), or -1 if there is none. */
function classEnd(pattern: string, open: i32): i32 {
  let p = open + 1;
  if (p < pattern.length && (pattern.charCodeAt(p) == 0x21 || pattern.charCodeAt(p) == 0x5e)) ++p;
  ++p;
  while (p < pattern.length && pattern.charCodeAt(p) != CLOSE) ++p;
  return p < pattern.length ? p : -1;
}

function matchClass(pattern: string, from: i32, end: i32, c: i32): bool {
  let p = from;
  const first = pattern.charCodeAt(p);
  const negated = first == 0x21 || first == 0x5e;
  if (negated) ++p;
  let found = false;
  while (p < end) {
    const low = pattern.charCodeAt(p);
    if (p + 2 < end && pattern.charCodeAt(p + 1) == 0x2d) {
      if (low <= c && c <= pattern.charCodeAt(p + 2)) found = true;
      p += 3;
    } else {
      if (low == c) found = true;
      ++p;
    }
  }
  return found != negated;
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

/** Digits behind a leading zero count as a fraction; more leading zeros are less. */
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
