// `s =~ "re"`, `matched(n)` and `ngroups()`: their tables, and the code at the place of use. What walks the tables is in
// regex-routines.ts; how they are made, and why two kinds are, compiler/regex.
//
// The tables of all expressions of a script are one pool in .rodata, whose bounds the routines know. A script that never
// asks for groups has tables that answer yes or no; one that does has tables that leave a trail:
//
//   yes or no   classes[256] u8, then rows of u16: the row after each class of bytes, or an answer
//   trail       classes[256] u8, then rows of u32: the same in the low half, in the high half a list of ways
//   ways        u64: the way before (16 bits), tags; the lists follow one another behind the rows
//
// A row is the number of its first entry, counted from the pool's beginning.

import { ByteWriter } from "../../common/as/byte-writer";
import { Helper } from "../../common/format/helpers";
import { Reporter } from "../diagnostics/diagnostic";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { ByteClasses } from "../regex/classes";
import { ACCEPT, buildDfa, Dfa } from "../regex/dfa";
import { buildNfa } from "../regex/nfa";
import { parseRegex } from "../regex/parse";
import { anchoredText, PlainText } from "../regex/plain";
import { buildTagged, MATCHED, MAX_GROUPS, TaggedDfa } from "../regex/tagged";
import { Range } from "../source/source";
import { BinaryExpression, CallExpression, NodeKind, NumberLiteral, StringLiteral } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Contents } from "./contents";
import { lowerLong } from "./expression";
import { Spec, SpecField } from "./format-routines";
import { maskFor } from "./library";
import { Lowering, Shared } from "./lowering";
import { Base, capacityFor, literalWord, Place } from "./place";
import { groupRoutine, MATCH_WORDS, matchRoutine, matchWordsRoutine, rememberRoutine } from "./regex-routines";
import { copyString, lowerString, offsetInArena, zero } from "./string";
import { Text } from "./text";

/** In place of a row: there was no match; one more: there was. */
const NO_MATCH: i32 = 0xfffe;
/** Most entries of all tables: what follows stands for answers. */
const MOST_ENTRIES: i32 = 0xff00;
/** Bytes of a table of classes. */
const CLASS_BYTES: i32 = 256;
/** Texts longer than this are compared by an automaton. */
const LONGEST_PLAIN: i32 = 64;

/** Room for a message that names a group. */
const MESSAGE_BYTES: i32 = 96;

/** Where things are in the area of the frame that remembers the last match. */
export const enum MatchArea {
  /** u32: groups of the expression, the whole match included; 0: the last match failed, or there was none. */
  Groups = 0,
  /** u32: number of the last entry of the trail. */
  Last = 4,
  /** The string, then the trail: u16 for each position, and two more. */
  Text = 8,
}

/** One expression of the script. */
class Regex {
  /** It is no more than this; or null. */
  plain: PlainText | null = null;
  /** Offset in the pool of its classes. */
  classes: i32 = 0;
  /** Its first row, or an answer. */
  initial: i32 = 0;
  /** With a trail: the list of ways at the string's start. */
  initialList: i32 = 0;
  /** With a trail: its groups, the whole match included. */
  groups: i32 = 0;
}

/** The expressions of a script. */
export class Regexes {
  /** Tables leave a trail, and matches are remembered. */
  remembers: bool = false;
  /** Offset of the pool in .rodata, and its rows' greatest number. */
  pool: i32 = 0;
  lastRow: i32 = 0;
  poolBytes: i32 = 0;
  /** Offset of the ways in .rodata, and the last one's number. */
  ways: i32 = 0;
  lastWay: i32 = 0;
  /** Offset of the area in the frame. */
  area: i32 = 0;
  byText: Map<string, Regex> = new Map<string, Regex>();
  private rows: ByteWriter = new ByteWriter(1024);
  private wayWords: ByteWriter = new ByteWriter(256);

  constructor(private maxLength: i32) {}

  /** Capacity of the remembered string. */
  get textBytes(): i32 {
    return capacityFor(this.maxLength);
  }

  /** Offset in the frame of the trail. */
  get trail(): i32 {
    return this.area + MatchArea.Text + this.textBytes;
  }

  /** Makes the tables of all expressions; what is too large is reported. */
  place(contents: Contents, shared: Shared): void {
    if (contents.matches.length == 0 && !contents.usesGroups) return;
    this.remembers = contents.usesGroups;
    for (let i = 0, n = contents.matches.length; i < n; ++i) this.add(contents.matches[i], shared.reporter);
    if (this.remembers) {
      this.area = shared.plan.reserveFunction(MatchArea.Text + this.textBytes + 2 * (this.maxLength + 3));
    }
    const rodata = shared.unit.rodata;
    rodata.align(8);
    this.pool = rodata.length;
    rodata.append(this.rows);
    rodata.align(8);
    this.ways = rodata.length;
    rodata.append(this.wayWords);
    // The verifier knows a row as less than its limit, and a class as less than 256.
    const entryBytes = this.remembers ? 4 : 2;
    rodata.zeros(CLASS_BYTES * entryBytes);
    this.poolBytes = this.rows.length;
    this.lastRow = this.rows.length / entryBytes;
    this.lastWay = (this.wayWords.length >> 3) - 1;
  }

  private add(e: BinaryExpression, reporter: Reporter): void {
    const text = (<StringLiteral>e.right).value;
    if (this.byText.has(text)) return;
    const parsed = parseRegex(text);
    assert(parsed.error.length == 0, "semantic analysis refuses what is no regular expression");
    const regex = new Regex();
    this.byText.set(text, regex);
    regex.groups = parsed.groups + 1;
    const nfa = buildNfa(parsed.root, this.remembers);
    if (nfa.tooLarge) {
      refuse(reporter, e.right.range);
    } else if (this.remembers) {
      if (regex.groups > MAX_GROUPS) {
        reporter.error(e.right.range, `more than ${MAX_GROUPS - 1} groups in a script that uses 'matched'`);
        return;
      }
      if (!this.addTagged(regex, buildTagged(nfa))) refuse(reporter, e.right.range);
    } else {
      const plain = anchoredText(parsed.root);
      if (plain !== null && plain.text.length <= LONGEST_PLAIN) regex.plain = plain;
      else if (!this.addDfa(regex, buildDfa(nfa))) refuse(reporter, e.right.range);
    }
  }

  private addClasses(classes: ByteClasses): i32 {
    const at = this.rows.length;
    for (let byte = 0; byte < CLASS_BYTES; ++byte) this.rows.u8(classes.of[byte]);
    return at;
  }

  /** Adds a table; returns false if there is no room for it. */
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

function refuse(reporter: Reporter, range: Range): void {
  const hint = "fewer or smaller numbers in braces, or '^' at the start";
  reporter.error(range, "this regular expression needs too large a table", hint);
}

function answerOrRow(state: i32, yes: i32, first: i32, width: i32): i32 {
  if (state >= 0) return first + state * width;
  return state == yes ? NO_MATCH + 1 : NO_MATCH;
}

/** Whether a binary operator is `=~` or `!~`. */
export function isMatch(op: Operator): bool {
  return op == Operator.Match || op == Operator.NotMatch;
}

/** Whether a match of a string of at most `length` bytes needs no frame. */
export function matchesInRegisters(l: Lowering, length: i32): bool {
  return !l.shared.regexes.remembers && capacityFor(length) <= 8 * MATCH_WORDS;
}

/** Branches on `s =~ "re"` or `s !~ "re"`. */
export function branchOnMatch(l: Lowering, e: BinaryExpression, whenTrue: i32, whenFalse: i32): void {
  const regex = l.shared.regexes.byText.get((<StringLiteral>e.right).value);
  const yes = e.op == Operator.Match ? whenTrue : whenFalse;
  const no = e.op == Operator.Match ? whenFalse : whenTrue;
  const text = lowerString(l, e.left);
  l.at(e.range);
  const plain = regex.plain;
  if (plain !== null) branchOnPlain(l, text, plain, yes, no);
  else if (l.shared.regexes.remembers) l.b.branch(rememberMatch(l, regex, text), yes, no);
  else l.b.branch(callMatch(l, regex, text), yes, no);
}

/** Compares the words that the text takes, with what follows it masked out. */
function branchOnPlain(l: Lowering, place: Place, plain: PlainText, yes: i32, no: i32): void {
  const b = l.b;
  // All of it: with the NUL.
  const length = plain.text.length + (plain.isWhole ? 1 : 0);
  if (length > place.capacity) {
    b.jump(no);
    return;
  }
  for (let i = 0, words = (length + 7) >> 3; i < words; ++i) {
    const rest = length - i * 8;
    let word = l.word(place, i);
    const bits = <i64>(rest * 8);
    if (rest < 8) word = b.binary(Op.And, word, l.constant(((<i64>1) << bits) - 1));
    const next = b.newBlock("equal");
    b.branchIf(Op.Eq, word, l.constant(literalWord(plain.text, i)), next, no);
    b.setBlock(next);
  }
  b.jump(yes);
}

function callMatch(l: Lowering, regex: Regex, text: Place): Ref {
  const classes = l.constant(regex.classes);
  const initial = l.constant(regex.initial);
  if (text.capacity > 8 * MATCH_WORDS) {
    return l.b.callFunction(matchRoutine(l.shared), [offsetInArena(l, text), classes, initial]);
  }
  const args: Ref[] = [classes, initial];
  for (let i = 0; i < MATCH_WORDS; ++i) args.push(l.word(text, i));
  return l.b.callFunction(matchWordsRoutine(l.shared), args);
}

function rememberMatch(l: Lowering, regex: Regex, text: Place): Ref {
  const regexes = l.shared.regexes;
  copyString(l, text, new Place(Base.Frame, NoRef, regexes.area + MatchArea.Text, regexes.textBytes));
  l.frame();
  return l.b.callFunction(rememberRoutine(l.shared), [
    l.b.getVar(l.frameOffset),
    l.constant(regex.classes),
    l.constant(regex.initial),
    l.constant(regex.initialList),
    l.constant(regex.groups),
  ]);
}

/** At a handler's start there was no match yet. */
export function forgetMatch(l: Lowering): void {
  const regexes = l.shared.regexes;
  if (!regexes.remembers) return;
  l.b.store(Op.Store32, l.frame(), regexes.area + MatchArea.Groups, l.constant(0));
}

// -------------------------------------------------------------------------------------------------------------- groups

/** Groups of the last match; 0 if it failed. */
function groupsOfMatch(l: Lowering): Ref {
  return l.b.load(Op.Load32u, l.frame(), l.shared.regexes.area + MatchArea.Groups);
}

/** ngroups() */
export function lowerGroupCount(l: Lowering, e: CallExpression): Ref {
  const groups = groupsOfMatch(l);
  const message = "Attempted to get subexpression count from failed match";
  l.failIf(Op.Eq, groups, l.constant(0), message, e.range, nearOf(e));
  return groups;
}

function nearOf(e: CallExpression): string {
  return `identifier '${e.name}'`;
}

/** The argument of matched(). */
class GroupNumber {
  value: Ref;

  constructor(
    private l: Lowering,
    private call: CallExpression,
  ) {
    this.value = lowerLong(l, call.args[0]);
  }

  /** Fails when the compare is true, with a message that has the number for its `%`; else goes on in a new block. */
  failIf(op: Op, x: Ref, y: Ref, message: string): void {
    const l = this.l;
    const b = l.b;
    const argument = this.call.args[0];
    if (argument.kind == NodeKind.NumberLiteral) {
      const text = message.replace("%", (<NumberLiteral>argument).value.toString());
      l.failIf(op, x, y, text, this.call.range, nearOf(this.call));
      return;
    }
    const bad = b.newBlock("fail");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(op, x, y, bad, good);
    b.setBlock(bad);
    const known = l.outputKnown;
    l.failWith(this.put(message), this.call.range, nearOf(this.call));
    l.outputKnown = known;
    b.setBlock(good);
  }

  /** The message with the number that is known only when it runs. */
  private put(message: string): Place {
    const place = this.l.newFrameTemporary(MESSAGE_BYTES);
    const text = new Text(this.l, place);
    const at = message.indexOf("%");
    text.putLiteral(message.substring(0, at));
    text.putLong(this.value, Spec.Signed | (10 << SpecField.Base));
    text.putLiteral(message.substring(at + 1));
    text.finish();
    return place;
  }
}

/** matched(n): the text of a group of the last match, empty if it took no part. */
export function lowerMatched(l: Lowering, e: CallExpression): Place {
  const b = l.b;
  const regexes = l.shared.regexes;
  const group = new GroupNumber(l, e);
  l.at(e.range);
  const groups = groupsOfMatch(l);
  group.failIf(Op.Eq, groups, l.constant(0), "Attempted to get subexpression % from failed match");
  group.failIf(Op.Uge, group.value, groups, "Attempted to get nonexistent subexpression %");
  const found = b.callFunction(groupRoutine(l.shared), [b.getVar(l.frameOffset), group.value]);
  const to = l.newFrameTemporary(regexes.textBytes);
  const mask = l.constant(maskFor(to.capacity));
  const start = b.binary(Op.And, found, mask);
  const size = b.binary(Op.And, b.binary(Op.Shr, found, l.constant(16)), mask);
  const text = b.binary(Op.Add, l.frame(), l.constant(regexes.area + MatchArea.Text));
  if (to.isSmall) zero(l, to);
  b.callHelper(Helper.ProbeReadKernelStr, [l.pointer(to), size, b.binary(Op.Add, text, start)]);
  return to;
}
