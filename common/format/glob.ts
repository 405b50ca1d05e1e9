// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// The one matcher of shell patterns, with the meaning of fnmatch(3) without flags, as in stap:
//
//   *  any bytes, also none      ?  one byte      [a-z] [!a-z] [^a-z]  one byte of a class      \x  the byte x itself
//
// A `[` without its `]` stands for itself; a backslash at the end matches nothing. Named classes ([:alpha:]) are not
// known.
//
// Pattern and text are bytes in a Uint8Array, which both languages have: the compiler and the client copy a string's
// bytes into one, the agent each symbol's, so that nothing is allocated for a text. Only the last star is ever tried
// again, so that a match takes at most (pattern bytes x text bytes) steps whatever the input.

const STAR: i32 = 0x2a;
const QUESTION: i32 = 0x3f;
const OPEN: i32 = 0x5b;
const CLOSE: i32 = 0x5d;
const BACKSLASH: i32 = 0x5c;
const BANG: i32 = 0x21;
const CARET: i32 = 0x5e;
const DASH: i32 = 0x2d;

/** Whether a text means more than itself: it has one of `* ? [`. */
export function isGlob(text: string): bool {
  for (let i = 0, n = text.length; i < n; ++i) {
    const c = text.charCodeAt(i);
    if (c == STAR || c == QUESTION || c == OPEN) return true;
  }
  return false;
}

/** Whether the first `length` bytes of `text` match all of `pattern`. */
export function matchGlob(pattern: Uint8Array, text: Uint8Array, length: i32): bool {
  const end = pattern.length;
  let p = 0;
  let t = 0;
  // Where to go on when a later mismatch means that the last star must take one more byte; -1: there was none.
  let starPattern = -1;
  let starText = 0;
  while (true) {
    if (p < end && pattern[p] == STAR) {
      starPattern = ++p;
      starText = t;
      continue;
    }
    if (t >= length && p >= end) return true;
    const next = t < length && p < end ? matchOne(pattern, p, text[t]) : -1;
    if (next > 0) {
      p = next;
      ++t;
      continue;
    }
    if (starPattern < 0 || starText >= length) return false;
    p = starPattern;
    t = ++starText;
  }
}

/** Matches one byte; returns the position behind the pattern's part, or -1. */
function matchOne(pattern: Uint8Array, p: i32, c: i32): i32 {
  const wanted: i32 = pattern[p];
  if (wanted == QUESTION) return p + 1;
  if (wanted == OPEN) {
    const close = classEnd(pattern, p);
    if (close > 0) return isInClass(pattern, p + 1, close, c) ? close + 1 : -1;
  }
  if (wanted != BACKSLASH) return wanted == c ? p + 1 : -1;
  return p + 1 < pattern.length && pattern[p + 1] == c ? p + 2 : -1;
}

/** Where the `]` of a class is (a first one is a member, as is a quoted one), or -1 if there is none. */
function classEnd(pattern: Uint8Array, open: i32): i32 {
  const end = pattern.length;
  let p = open + 1;
  if (p < end && (pattern[p] == BANG || pattern[p] == CARET)) ++p;
  const first = p;
  while (p < end && (pattern[p] != CLOSE || p == first)) p += pattern[p] == BACKSLASH ? 2 : 1;
  return p < end ? p : -1;
}

/** Whether a byte is one of the class whose members stand from `from` to `end`. */
function isInClass(pattern: Uint8Array, from: i32, end: i32, c: i32): bool {
  let p = from;
  const isNegated = pattern[p] == BANG || pattern[p] == CARET;
  if (isNegated) ++p;
  let found = false;
  while (p < end) {
    if (pattern[p] == BACKSLASH) ++p;
    const low: i32 = pattern[p];
    let high = low;
    ++p;
    if (p + 1 < end && pattern[p] == DASH) {
      ++p;
      if (pattern[p] == BACKSLASH) ++p;
      high = pattern[p];
      ++p;
    }
    if (low <= c && c <= high) found = true;
  }
  return found != isNegated;
}
