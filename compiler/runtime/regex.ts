// The tables of a script's regular expressions. match.ts walks them. compiler/regex makes the automata and explains why
// there are two kinds.
//
// The tables of all expressions form one pool in .rodata, whose bounds the routines know. If a script reads no groups,
// its tables answer yes or no. If it does, its tables record a trail:
//
//   yes or no   classes[256] u8, then rows of u16: the row after each class of bytes, or an answer
//   trail       classes[256] u8, then rows of u32: the same in the low half, in the high half a list of ways
//   ways        u64: the way before (16 bits), tags; the lists follow one another behind the rows
//
// A row's number is the index of its first entry in the pool.

import { ByteWriter } from "../../common/as/byte-writer";
import { Unit } from "../ir/unit";
import { ByteClasses } from "../regex/classes";
import { ACCEPT, buildDfa, Dfa } from "../regex/dfa";
import { buildNfa } from "../regex/nfa";
import { parseRegex } from "../regex/parse";
import { anchoredText, PlainText } from "../regex/plain";
import { buildTagged, MATCHED, MAX_GROUPS, TaggedDfa } from "../regex/tagged";
import { capacityFor } from "./place";
import { FramePlan } from "./plan";

/** The answer "no match", in place of a row. The answer "match" is one more. */
const NO_MATCH: i32 = 0xfffe;
/** Limit of the entries of all tables. Greater numbers are answers. */
const MOST_ENTRIES: i32 = 0xff00;
/** Bytes of the table of classes. */
const CLASS_BYTES: i32 = 256;
/** Longer texts are matched by an automaton. */
const LONGEST_PLAIN: i32 = 64;

/** Offsets in the frame area that remembers the last match. */
export const enum MatchArea {
  /** u32: groups of the expression, including the whole match; 0: the last match failed, or there was none. */
  Groups = 0,
  /** u32: number of the trail's last entry. */
  Last = 4,
  /** The string, then the trail: one u16 for each position, and two more. */
  Text = 8,
}

/** One expression of the script. */
export class Regex {
  /** The text, if the expression is plain text; else null. */
  plain: PlainText | null = null;
  /** Offset of its classes in the pool. */
  classes: i32 = 0;
  /** Its first row, or an answer. */
  initial: i32 = 0;
  /** With a trail: the list of ways at the start of the string. */
  initialList: i32 = 0;
  /** With a trail: its groups, including the whole match. */
  groups: i32 = 0;
}

/** The error for an expression whose automaton has too many states. */
export const TOO_LARGE: string = "this regular expression needs too large a table";

/** The expressions of a script. */
export class RegexTables {
  /** Tables record a trail, and matches are remembered. */
  remembers: bool = false;
  /** Offset of the pool in .rodata, and the greatest row number. */
  pool: i32 = 0;
  lastRow: i32 = 0;
  poolBytes: i32 = 0;
  /** Offset of the ways in .rodata, and the number of the last one. */
  ways: i32 = 0;
  lastWay: i32 = 0;
  /** Offset of the match area in the frame. */
  area: i32 = 0;
  byText: Map<string, Regex> = new Map<string, Regex>();
  private rows: ByteWriter = new ByteWriter(1024);
  private wayWords: ByteWriter = new ByteWriter(256);

  constructor(private maxLength: i32) {}

  /** Capacity of the remembered string. */
  get textBytes(): i32 {
    return capacityFor(this.maxLength);
  }

  /** Offset of the trail in the frame. */
  get trail(): i32 {
    return this.area + MatchArea.Text + this.textBytes;
  }

  /** Makes the tables for one more expression. Returns an error, or the empty string. */
  add(text: string): string {
    if (this.byText.has(text)) return "";
    const parsed = parseRegex(text);
    assert(parsed.error.length == 0, "semantic analysis refuses what is no regular expression");
    const regex = new Regex();
    this.byText.set(text, regex);
    regex.groups = parsed.groups + 1;
    const nfa = buildNfa(parsed.root, this.remembers);
    if (nfa.tooLarge) return TOO_LARGE;
    if (this.remembers) {
      if (regex.groups > MAX_GROUPS) return `more than ${MAX_GROUPS - 1} groups in a script that uses 'matched'`;
      return this.addTagged(regex, buildTagged(nfa)) ? "" : TOO_LARGE;
    }
    const plain = anchoredText(parsed.root);
    if (plain !== null && plain.text.length <= LONGEST_PLAIN) {
      regex.plain = plain;
      return "";
    }
    return this.addDfa(regex, buildDfa(nfa)) ? "" : TOO_LARGE;
  }

  /** Puts the tables of all expressions into .rodata, and reserves memory for remembered matches. */
  place(unit: Unit, plan: FramePlan): void {
    if (this.remembers) {
      this.area = plan.reserveFunction(MatchArea.Text + this.textBytes + 2 * (this.maxLength + 3));
    }
    const rodata = unit.rodata;
    rodata.align(8);
    this.pool = rodata.length;
    rodata.append(this.rows);
    rodata.align(8);
    this.ways = rodata.length;
    rodata.append(this.wayWords);
    // The verifier learns that a row is below its limit and a class below 256.
    const entryBytes = this.remembers ? 4 : 2;
    rodata.zeros(CLASS_BYTES * entryBytes);
    this.poolBytes = this.rows.length;
    this.lastRow = this.rows.length / entryBytes;
    this.lastWay = (this.wayWords.length >> 3) - 1;
  }

  private addClasses(classes: ByteClasses): i32 {
    const at = this.rows.length;
    for (let byte = 0; byte < CLASS_BYTES; ++byte) this.rows.u8(classes.of[byte]);
    return at;
  }

  /** Adds a table. Returns false if it does not fit. */
  private addDfa(regex: Regex, dfa: Dfa): bool {
    if (dfa.tooLarge || this.rows.length / 2 + CLASS_BYTES + dfa.next.length > MOST_ENTRIES) return false;
    regex.classes = this.addClasses(dfa.classes);
    const first = this.rows.length / 2;
    regex.initial = answerOrRow(dfa.initial, ACCEPT, first, dfa.width);
    for (let i = 0, n = dfa.next.length; i < n; ++i) {
      this.rows.u16(answerOrRow(dfa.next[i], ACCEPT, first, dfa.width));
    }
    this.rows.align(4);
    return true;
  }

  private addTagged(regex: Regex, dfa: TaggedDfa): bool {
    const firstWay = this.wayWords.length >> 3;
    const tooMany = this.rows.length / 4 + CLASS_BYTES + dfa.next.length > MOST_ENTRIES;
    if (dfa.tooLarge || tooMany || firstWay + dfa.from.length > MOST_ENTRIES) return false;
    regex.classes = this.addClasses(dfa.classes);
    const first = this.rows.length / 4;
    regex.initial = answerOrRow(dfa.initial, MATCHED, first, dfa.width);
    regex.initialList = firstWay + dfa.lists[dfa.initialList];
    for (let i = 0, n = dfa.next.length; i < n; ++i) {
      this.rows.u16(answerOrRow(dfa.next[i], MATCHED, first, dfa.width));
      this.rows.u16(firstWay + dfa.lists[dfa.list[i]]);
    }
    for (let i = 0, n = dfa.from.length; i < n; ++i) {
      this.wayWords.u64(<i64>((dfa.tags[i] << 16) | <u64>dfa.from[i]));
    }
    return true;
  }
}

function answerOrRow(state: i32, yes: i32, first: i32, width: i32): i32 {
  if (state >= 0) return first + state * width;
  return state == yes ? NO_MATCH + 1 : NO_MATCH;
}
