// The tree of a regular expression.

import { ByteSet } from "./set";

/** What a node is. */
export enum TermKind {
  /** One byte of a set. */
  Set,
  /** Parts after one another; none: the empty string. */
  Sequence,
  /** One of several parts, the first that leads to the longest match. */
  Choice,
  /** The part from `min` to `max` times. */
  Repeat,
  /** A group that `matched(number)` knows. */
  Group,
  /** `^`: the string's start. */
  Start,
  /** `$`: the string's end. */
  End,
}

/** No upper bound of a repetition. */
export const UNBOUNDED: i32 = -1;

/** A node. */
export class Term {
  set: ByteSet | null = null;
  parts: Term[] = [];
  min: i32 = 0;
  max: i32 = UNBOUNDED;
  /** Of a Group: from 1, in the order of the opening parentheses. */
  number: i32 = 0;
  constructor(public kind: TermKind) {}

  /** Whether it can match the empty string. */
  get isNullable(): bool {
    const parts = this.parts;
    switch (this.kind) {
      case TermKind.Set:
        return false;
      case TermKind.Choice:
        for (let i = 0, n = parts.length; i < n; ++i) {
          if (parts[i].isNullable) return true;
        }
        return false;
      case TermKind.Repeat:
        return this.min == 0 || parts[0].isNullable;
      default:
        for (let i = 0, n = parts.length; i < n; ++i) {
          if (!parts[i].isNullable) return false;
        }
        return true;
    }
  }
}

/** A node of one byte of a set. */
export function setTerm(set: ByteSet): Term {
  const term = new Term(TermKind.Set);
  term.set = set;
  return term;
}
