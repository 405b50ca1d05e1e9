// Regular expressions in the extended syntax of POSIX and egrep(1):
//
//   choice    sequence | sequence …          either may be empty
//   sequence  piece piece …
//   piece     atom, then any of  *  +  ?  {n}  {n,}  {n,m}  {,m}
//   atom      .  [set]  [^set]  (choice)  ^  $  \c  c
//
// A backslash makes any character ordinary that is neither a letter nor a digit, in sets too, as in stap. `\w \W \s \S`
// are sets. A backslash before another letter or digit is refused, because tools disagree about its meaning.

import { addNamedClass, addSpaces, addWordBytes, ByteSet } from "./set";
import { setTerm, Term, TermKind, UNBOUNDED } from "./tree";

/** Parentheses nested deeper are refused: passes recurse. */
const MAX_DEPTH: i32 = 100;
/** More in a row, `a****`, say nothing new. */
const MAX_REPETITIONS: i32 = 10;
/** Greatest number in braces. */
const MAX_REPEAT: i32 = 1000;

/** What parsing gives. */
export class ParsedRegex {
  root: Term = new Term(TermKind.Sequence);
  /** Groups, the whole expression not counted. */
  groups: i32 = 0;
  /** What is wrong, or empty. */
  error: string = "";
  /** What to write instead, or empty. */
  hint: string = "";
  /** The byte of the expression that `error` is about; its length if it ends too early. */
  errorAt: i32 = 0;
}

/** Parses a regular expression, a byte string. */
export function parseRegex(text: string): ParsedRegex {
  const parser = new RegexParser(text);
  return parser.parse();
}

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

function isLetter(c: i32): bool {
  return (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
}

/** Whether a byte repeats what stands before it. */
function isRepetition(c: i32): bool {
  return c == 0x2a || c == 0x2b || c == 0x3f || c == 0x7b;
}

class RegexParser {
  private result: ParsedRegex = new ParsedRegex();
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private text: string) {}

  parse(): ParsedRegex {
    const root = this.choice();
    if (!this.atEnd && this.peek() == 0x29) this.fail(this.at, "')' without '('", "write '\\\\)' for the character");
    this.result.root = root;
    return this.result;
  }

  private get atEnd(): bool {
    return this.at >= this.text.length;
  }

  private get failed(): bool {
    return this.result.error.length > 0;
  }

  /** The next byte, or -1. */
  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1;
  }

  private accept(c: i32): bool {
    if (this.peek() != c) return false;
    ++this.at;
    return true;
  }

  /** Notes the first error and ends parsing. */
  private fail(at: i32, message: string, hint: string = ""): void {
    if (this.failed) return;
    this.result.error = message;
    this.result.hint = hint;
    this.result.errorAt = at;
    this.at = this.text.length;
  }

  private choice(): Term {
    const first = this.sequence();
    if (this.peek() != 0x7c) return first;
    const term = new Term(TermKind.Choice);
    term.parts.push(first);
    while (this.accept(0x7c)) term.parts.push(this.sequence());
    return term;
  }

  private sequence(): Term {
    const term = new Term(TermKind.Sequence);
    while (!this.atEnd) {
      const c = this.peek();
      if (c == 0x7c || c == 0x29) break;
      term.parts.push(this.piece());
    }
    return term;
  }

  private piece(): Term {
    let term = this.atom();
    for (let depth = 1; isRepetition(this.peek()); ++depth) {
      const at = this.at;
      const c = this.text.charCodeAt(this.at++);
      if (term.kind == TermKind.Start || term.kind == TermKind.End) {
        this.fail(at, `'${String.fromCharCode(c)}' after '${term.kind == TermKind.Start ? "^" : "$"}'`);
      } else if (depth > MAX_REPETITIONS) {
        this.fail(at, `more than ${MAX_REPETITIONS} nested repetitions`);
      }
      const repeat = new Term(TermKind.Repeat);
      repeat.parts.push(term);
      if (c == 0x2b) repeat.min = 1;
      else if (c == 0x3f) repeat.max = 1;
      else if (c == 0x7b) this.bounds(at, repeat);
      term = repeat;
    }
    return term;
  }

  /** `n}`, `n,}`, `n,m}` or `,m}`. */
  private bounds(open: i32, repeat: Term): void {
    const hint = "write '\\\\{' for the character";
    const first = this.number();
    let last = first;
    if (this.accept(0x2c)) {
      last = this.number();
      if (first < 0 && last < 0) {
        this.fail(this.at, "a number is missing in '{,}'", hint);
        return;
      }
    } else if (first < 0) {
      this.fail(this.at, "a number is missing after '{'", hint);
      return;
    }
    if (!this.accept(0x7d)) {
      this.fail(this.atEnd ? open : this.at, "'}' is missing", hint);
      return;
    }
    repeat.min = max(first, 0);
    repeat.max = last < 0 ? UNBOUNDED : last;
    if (repeat.min > MAX_REPEAT || repeat.max > MAX_REPEAT) {
      this.fail(open, `more than ${MAX_REPEAT} repetitions`);
    } else if (repeat.max != UNBOUNDED && repeat.max < repeat.min) {
      this.fail(open, `'{${repeat.min},${repeat.max}}' has its numbers in the wrong order`);
    }
  }

  /** A decimal number, or -1; what is too large comes out as more than the limit. */
  private number(): i32 {
    if (!isDigit(this.peek())) return -1;
    let value = 0;
    while (isDigit(this.peek())) value = min(value * 10 + (this.text.charCodeAt(this.at++) - 0x30), MAX_REPEAT + 1);
    return value;
  }

  private atom(): Term {
    const at = this.at;
    const c = this.text.charCodeAt(this.at++);
    switch (c) {
      case 0x2e: {
        const any = new ByteSet();
        any.negate();
        return setTerm(any);
      }
      case 0x5b:
        return setTerm(this.set(at));
      case 0x28:
        return this.group(at);
      case 0x5e:
        return new Term(TermKind.Start);
      case 0x24:
        return new Term(TermKind.End);
      case 0x5c:
        return setTerm(this.escape(at));
      case 0x2a:
      case 0x2b:
      case 0x3f:
      case 0x7b: {
        const character = String.fromCharCode(c);
        const hint = `write '\\\\${character}' for the character`;
        this.fail(at, `there is nothing for '${character}' to repeat`, hint);
        return new Term(TermKind.Sequence);
      }
      default: {
        const one = new ByteSet();
        one.add(c);
        return setTerm(one);
      }
    }
  }

  private group(open: i32): Term {
    const term = new Term(TermKind.Group);
    term.number = ++this.result.groups;
    if (++this.depth > MAX_DEPTH) {
      this.fail(open, `more than ${MAX_DEPTH} nested parentheses`);
      return term;
    }
    term.parts.push(this.choice());
    --this.depth;
    if (!this.accept(0x29)) this.fail(open, "')' is missing", "write '\\\\(' for the character");
    return term;
  }

  /** Parses what follows a backslash. */
  private escape(at: i32): ByteSet {
    const set = new ByteSet();
    if (this.atEnd) {
      this.fail(at, "the backslash at the end has no character after it", "write '\\\\\\\\' for a backslash");
      return set;
    }
    const c = this.text.charCodeAt(this.at++);
    const lower = c | 0x20;
    if (lower == 0x77 || lower == 0x73) {
      if (lower == 0x77) addWordBytes(set);
      else addSpaces(set);
      if (c != lower) set.negate();
    } else if (isDigit(c)) {
      this.fail(at, `back references ('\\${String.fromCharCode(c)}') are not supported`);
    } else if (isLetter(c)) {
      const hint = "sets are [0-9], [[:alpha:]], [[:space:]]; a letter needs no backslash";
      this.fail(at, `unknown escape '\\${String.fromCharCode(c)}'`, hint);
    } else {
      set.add(c);
    }
    return set;
  }

  // ------------------------------------------------------------------------------------------------------------- sets

  /** `[…]`: a `]` that comes first, and a `-` at either end, stand for themselves. */
  private set(open: i32): ByteSet {
    const set = new ByteSet();
    const negated = this.accept(0x5e);
    let first = true;
    for (;;) {
      if (this.atEnd) {
        this.fail(open, "']' is missing", "write '\\\\[' for the character");
        return set;
      }
      if (this.peek() == 0x5d && !first) break;
      this.member(set);
      first = false;
    }
    ++this.at;
    if (negated) set.negate();
    return set;
  }

  /** One byte, a range, or a named class. */
  private member(set: ByteSet): void {
    const at = this.at;
    if (this.peek() == 0x5b && this.at + 1 < this.text.length) {
      const next = this.text.charCodeAt(this.at + 1);
      if (next == 0x3a) {
        this.namedClass(set);
        return;
      }
      if (next == 0x2e || next == 0x3d) {
        this.fail(at, `'[${String.fromCharCode(next)}' is not supported in a set`);
        return;
      }
    }
    const low = this.memberByte(set);
    if (low < 0 || this.peek() != 0x2d || this.at + 1 >= this.text.length) {
      if (low >= 0) set.add(low);
      return;
    }
    if (this.text.charCodeAt(this.at + 1) == 0x5d) {
      set.add(low);
      return;
    }
    ++this.at;
    const high = this.memberByte(set);
    if (this.failed) return;
    if (high < 0) this.fail(at, "a range cannot end with a set");
    else if (high < low) this.fail(at, `the range '${this.text.substring(at, this.at)}' is in the wrong order`);
    set.addRange(low, high);
  }

  /** A byte of a set, or -1 if it was a set itself, which is added. */
  private memberByte(set: ByteSet): i32 {
    const at = this.at;
    const c = this.text.charCodeAt(this.at++);
    if (c != 0x5c) return c;
    const escaped = this.escape(at);
    const byte = escaped.only;
    if (byte < 0) set.addAll(escaped);
    return byte;
  }

  private namedClass(set: ByteSet): void {
    const at = this.at;
    const end = this.text.indexOf(":]", at + 2);
    if (end < 0) {
      this.fail(at, "':]' is missing");
      return;
    }
    const name = this.text.substring(at + 2, end);
    if (!addNamedClass(set, name)) {
      this.fail(
        at,
        `unknown class '${name}'`,
        "alnum alpha blank cntrl digit graph lower print punct space upper xdigit",
      );
      return;
    }
    this.at = end + 2;
  }
}
