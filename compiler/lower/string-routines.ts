// The string functions' loops over bytes, as routines of the library. Their bounds are the longest string's: the verifier
// walks each loop once to its bound, so they have as few branches as can be, and what differs from byte to byte is computed,
// not branched on. Reading some bytes beyond a string's end is allowed: there is slack behind the arena.

import { Helper } from "../../common/format/helpers";
import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { escapeRow, escapeTable } from "./format-routines";
import {
  addressInArena,
  arenaMask,
  BoundedLoop,
  frameAddress,
  HIGH_BITS,
  lesser,
  libraryRoutine,
  maskFor,
  ONES,
  scratchArea,
  select,
  textArea,
  zeroBytes,
} from "./library";
import { Shared } from "./lowering";
import { capacityFor } from "./place";

/** One bit for each of tab, line feed, vertical tab, form feed, carriage return, space. */
const SPACES: i64 = 0x100003e00;
/** Digits of a number that are read, leading zeros included. */
const MOST_DIGITS: i64 = 256;
/** Delimiters that are looked at: there are no more different ones, though they might be repeated. */
const MOST_DELIMITERS: i64 = 512;
const DOUBLE_QUOTE: i64 = 34;
/** `"...`, as a little-endian word. */
const QUOTE_AND_DOTS: i64 = 0x2e2e2e22;

/** A byte of a string that a routine walks over. */
class Cursor {
  private at: i32;

  constructor(
    private b: Builder,
    start: Ref,
  ) {
    this.at = b.variable("at");
    b.setVar(this.at, start);
  }

  get pointer(): Ref {
    return this.b.getVar(this.at);
  }

  /** The byte `offset` bytes on. */
  byte(offset: i32): Ref {
    return this.b.load(Op.Load8u, this.pointer, offset);
  }

  /** The eight bytes from here on. */
  get word(): Ref {
    return this.b.load(Op.Load64, this.pointer, 0);
  }

  skip(bytes: Ref): void {
    this.b.setVar(this.at, this.b.binary(Op.Add, this.pointer, bytes));
  }
}

/** A mask of the bytes of a word before its first NUL; all bits if it has none. */
function bytesBeforeNul(b: Builder, word: Ref): Ref {
  const zeros = zeroBytes(b, word);
  const lowest = b.binary(Op.And, zeros, b.unary(Op.Neg, zeros));
  return b.binary(Op.Sub, b.binary(Op.Shr, lowest, b.constant(7)), b.constant(1));
}

/** 1 if a number is zero, else 0; without a branch. */
function isZero(b: Builder, x: Ref): Ref {
  const either = b.binary(Op.Or, x, b.unary(Op.Neg, x));
  return b.binary(Op.Xor, b.binary(Op.Shr, either, b.constant(63)), b.constant(1));
}

function isEqual(b: Builder, x: Ref, value: i64): Ref {
  return isZero(b, b.binary(Op.Xor, x, b.constant(value)));
}

/** 1 if a byte is in a range. */
function isBetween(b: Builder, byte: Ref, first: i64, last: i64): Ref {
  const below = b.binary(Op.Sub, byte, b.constant(first));
  const above = b.binary(Op.Sub, b.constant(last), byte);
  const outside = b.binary(Op.Shr, b.binary(Op.Or, below, above), b.constant(63));
  return b.binary(Op.Xor, outside, b.constant(1));
}

function isSpace(b: Builder, byte: Ref): Ref {
  const low = b.binary(Op.Shr, b.binary(Op.Sub, byte, b.constant(64)), b.constant(63));
  const bit = b.binary(Op.Shr, b.constant(SPACES), b.binary(Op.And, byte, b.constant(63)));
  return b.binary(Op.And, low, bit);
}

// ------------------------------------------------------------------------------------------------------------- searching

/** (string, start) -> 1 if the first begins with the second */
function prefixRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "prefix", 2, buildPrefix);
}

function buildPrefix(shared: Shared, b: Builder): void {
  const mask = arenaMask(b);
  const text = new Cursor(b, addressInArena(shared, b, b.parameter(0), mask));
  const start = new Cursor(b, addressInArena(shared, b, b.parameter(1), mask));
  const loop = new BoundedLoop(b, <i64>((shared.maxLength + 8) >> 3));
  const word = start.word;
  const known = bytesBeforeNul(b, word);
  const differing = b.binary(Op.And, b.binary(Op.Xor, text.word, word), known);
  const differ = loop.leaveIf(Op.Ne, differing, b.constant(0));
  const ends = loop.leaveIf(Op.Ne, known, b.constant(-1));
  text.skip(b.constant(8));
  start.skip(b.constant(8));
  loop.again();
  b.jump(ends);
  b.setBlock(ends);
  b.ret(b.constant(1));
  b.setBlock(differ);
  b.ret(b.constant(0));
}

/** Bytes that one call of `scan` looks at: with many, finding something is fast; with few, the verifier is. */
const SCANNED: i64 = 256;
/** What `scan` says when it found neither the part nor the end. */
const NOT_YET: i64 = -2;

/** (string, part) -> where the string has the first bytes of the part, up to eight of them; -1: nowhere; or NOT_YET */
function scanRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "scan", 2, buildScan);
}

function buildScan(shared: Shared, b: Builder): void {
  const mask = arenaMask(b);
  const part = b.load(Op.Load64, addressInArena(shared, b, b.parameter(1), mask), 0);
  const known = bytesBeforeNul(b, part);
  const wanted = b.binary(Op.And, part, known);
  const text = new Cursor(b, addressInArena(shared, b, b.parameter(0), mask));
  const loop = new BoundedLoop(b, SCANNED);
  const found = loop.leaveIf(Op.Eq, b.binary(Op.And, text.word, known), wanted);
  const end = loop.leaveIf(Op.Eq, text.byte(0), b.constant(0));
  text.skip(b.constant(1));
  loop.again();
  b.ret(b.constant(NOT_YET));
  b.setBlock(end);
  b.ret(b.constant(-1));
  b.setBlock(found);
  b.ret(loop.index);
}

/** (string, part) -> where the part is first found in the string, or -1 */
export function findRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "find", 2, buildFind);
}

/** Looks where the part's first bytes are, then whether all of it is there. Each round has one way through it. */
function buildFind(shared: Shared, b: Builder): void {
  const at = b.variable("at");
  b.setVar(at, b.parameter(0));
  const loop = new BoundedLoop(b, <i64>shared.maxLength + 1);
  const next = b.callFunction(scanRoutine(shared), [b.getVar(at), b.parameter(1)]);
  const nowhere = loop.leaveIf(Op.Eq, next, b.constant(-1));
  // Not found yet: 256 bytes on, to where the part may begin as anywhere. Found: there, and from the next byte on.
  const missed = b.binary(Op.Shr, next, b.constant(63));
  b.setVar(at, b.binary(Op.Add, b.getVar(at), select(b, missed, b.constant(SCANNED), next)));
  const same = b.callFunction(prefixRoutine(shared), [b.getVar(at), b.parameter(1)]);
  const found = loop.leaveIf(Op.Ne, same, b.constant(0));
  b.setVar(at, b.binary(Op.Add, b.getVar(at), b.binary(Op.Xor, missed, b.constant(1))));
  loop.again();
  b.jump(nowhere);
  b.setBlock(nowhere);
  b.ret(b.constant(-1));
  b.setBlock(found);
  b.ret(b.binary(Op.Sub, b.getVar(at), b.parameter(0)));
}

/** Where `str_replace` keeps what it is doing: u64 each. */
const enum Replacing {
  From = 0,
  To = 8,
  End = 16,
  Part = 24,
  PartBytes = 32,
  Replacement = 40,
  Size = 48,
}

/** (frame, to, string, part, replacement) -> 0: writes the string with all occurrences of the part replaced */
export function replaceRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "str_replace", 5, buildReplace);
}

function replacingAddress(shared: Shared, b: Builder): Ref {
  const area = scratchArea(shared, "replacing", Replacing.Size);
  return b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(area));
}

function buildReplace(shared: Shared, b: Builder): void {
  const limit = shared.maxLength;
  const state = replacingAddress(shared, b);
  const scratch = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(textArea(shared).offset));
  const part = addressInArena(shared, b, b.parameter(3), arenaMask(b));
  const measured = b.callHelper(Helper.ProbeReadKernelStr, [scratch, b.constant(limit + 1), part]);
  b.store(Op.Store64, state, Replacing.From, b.parameter(2));
  b.store(Op.Store64, state, Replacing.To, b.parameter(1));
  b.store(Op.Store64, state, Replacing.End, b.binary(Op.Add, b.parameter(1), b.constant(limit)));
  b.store(Op.Store64, state, Replacing.Part, b.parameter(3));
  b.store(Op.Store64, state, Replacing.PartBytes, b.binary(Op.Sub, measured, b.constant(1)));
  b.store(Op.Store64, state, Replacing.Replacement, b.parameter(4));
  const step = libraryRoutine(shared, "replace_step", 1, buildReplaceStep);
  const loop = new BoundedLoop(b, <i64>limit + 1);
  const done = loop.leaveIf(Op.Ne, b.callFunction(step, [b.parameter(0)]), b.constant(0));
  loop.again();
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

/** (frame) -> 0: one more is replaced; 1: the rest is copied, or there is no more room */
function buildReplaceStep(shared: Shared, b: Builder): void {
  const mask = arenaMask(b);
  const state = replacingAddress(shared, b);
  const from = b.load(Op.Load64, state, Replacing.From);
  const to = b.load(Op.Load64, state, Replacing.To);
  const end = b.load(Op.Load64, state, Replacing.End);
  const partBytes = b.load(Op.Load64, state, Replacing.PartBytes);
  const rest = b.newBlock("rest");
  const some = b.newBlock("some");
  const found = b.newBlock("found");
  b.branchIf(Op.Eq, partBytes, b.constant(0), rest, some);
  b.setBlock(some);
  const at = b.callFunction(findRoutine(shared), [from, b.load(Op.Load64, state, Replacing.Part)]);
  b.branchIf(Op.Slt, at, b.constant(0), rest, found);
  b.setBlock(found);
  const room = b.binary(Op.Sub, end, to);
  const kept = b.binary(Op.And, lesser(b, at, room), b.constant(maskFor(shared.maxLength)));
  const target = addressInArena(shared, b, to, mask);
  b.callHelper(Helper.ProbeReadKernel, [target, kept, addressInArena(shared, b, from, mask)]);
  const next = b.variable("to");
  const replacement = b.load(Op.Load64, state, Replacing.Replacement);
  copyRest(shared, b, [b.binary(Op.Add, to, kept), end, replacement], mask, next);
  b.store(Op.Store64, state, Replacing.To, b.getVar(next));
  b.store(Op.Store64, state, Replacing.From, b.binary(Op.Add, b.binary(Op.Add, from, at), partBytes));
  b.ret(b.binary(Op.Uge, b.getVar(next), end));
  b.setBlock(rest);
  copyRest(shared, b, [to, end, from], mask, next);
  b.ret(b.constant(1));
}

/** Copies a string, or what there is room for: `places` are to, the end of the room, from. */
function copyRest(shared: Shared, b: Builder, places: Ref[], mask: Ref, to: i32): void {
  const room = b.binary(Op.Add, b.binary(Op.Sub, places[1], places[0]), b.constant(1));
  const size = b.binary(Op.And, room, b.constant(maskFor(shared.maxLength + 1)));
  const target = addressInArena(shared, b, places[0], mask);
  const source = addressInArena(shared, b, places[2], mask);
  const copied = b.callHelper(Helper.ProbeReadKernelStr, [target, size, source]);
  b.setVar(to, b.binary(Op.Add, places[0], b.binary(Op.Sub, copied, b.constant(1))));
}

// ------------------------------------------------------------------------------------------------- characters and numbers

/** (to, string, upper) -> 0: writes the string in lower or upper case, eight bytes at a time; only ASCII has cases */
export function caseRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "case", 3, buildCase);
}

function buildCase(shared: Shared, b: Builder): void {
  const mask = arenaMask(b);
  const to = new Cursor(b, addressInArena(shared, b, b.parameter(0), mask));
  const from = new Cursor(b, addressInArena(shared, b, b.parameter(1), mask));
  // Added to the low seven bits of each byte, these carry into the high one: from the first letter, behind the last.
  const distance = b.binary(Op.Mul, b.binary(Op.And, b.parameter(2), b.constant(1)), b.constant(32 * ONES));
  const first = b.binary(Op.Sub, b.constant((128 - 65) * ONES), distance);
  const last = b.binary(Op.Sub, b.constant((127 - 90) * ONES), distance);
  const loop = new BoundedLoop(b, <i64>((shared.maxLength + 8) >> 3));
  const word = from.word;
  const low = b.binary(Op.And, word, b.constant(127 * ONES));
  const carried = b.binary(Op.Xor, b.binary(Op.Add, low, first), b.binary(Op.Add, low, last));
  const letters = b.binary(Op.And, b.binary(Op.And, carried, b.unary(Op.Not, word)), b.constant(HIGH_BITS));
  const changed = b.binary(Op.Xor, word, b.binary(Op.Shr, letters, b.constant(2)));
  const known = bytesBeforeNul(b, word);
  b.store(Op.Store64, to.pointer, 0, b.binary(Op.And, changed, known));
  const end = loop.leaveIf(Op.Ne, known, b.constant(-1));
  to.skip(b.constant(8));
  from.skip(b.constant(8));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
}

/** (string) -> how many bytes of white space it begins with */
export function leadingRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "leading", 1, buildLeading);
}

function buildLeading(shared: Shared, b: Builder): void {
  const at = new Cursor(b, addressInArena(shared, b, b.parameter(0), arenaMask(b)));
  const loop = new BoundedLoop(b, <i64>shared.maxLength + 1);
  const end = loop.leaveIf(Op.Eq, isSpace(b, at.byte(0)), b.constant(0));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(loop.index);
}

/** (string) -> its length without the white space at its end */
export function trimmedRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "trimmed", 1, buildTrimmed);
}

function buildTrimmed(shared: Shared, b: Builder): void {
  const at = new Cursor(b, addressInArena(shared, b, b.parameter(0), arenaMask(b)));
  const length = b.variable("length");
  b.setVar(length, b.constant(0));
  const loop = new BoundedLoop(b, <i64>shared.maxLength + 1);
  const byte = at.byte(0);
  const end = loop.leaveIf(Op.Eq, byte, b.constant(0));
  const next = b.binary(Op.Add, loop.index, b.constant(1));
  b.setVar(length, select(b, isSpace(b, byte), b.getVar(length), next));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.getVar(length));
}

/** (string, base) -> the number that it begins with, as the kernel's simple_strtol reads it */
export function strtolRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "strtol", 2, buildStrtol);
}

function buildStrtol(shared: Shared, b: Builder): void {
  const at = new Cursor(b, addressInArena(shared, b, b.parameter(0), arenaMask(b)));
  const negative = isEqual(b, at.byte(0), 45);
  at.skip(negative);
  const zero = isEqual(b, at.byte(0), 48);
  const marked = b.binary(Op.And, zero, isEqual(b, b.binary(Op.Or, at.byte(1), b.constant(32)), 120));
  const hex = b.binary(Op.And, marked, isLessConstant(b, digitOf(b, at.byte(2)), 16));
  const guessed = select(b, hex, b.constant(16), select(b, zero, b.constant(8), b.constant(10)));
  const base = select(b, isZero(b, b.parameter(1)), guessed, b.parameter(1));
  const skipped = b.binary(Op.And, isEqual(b, base, 16), marked);
  at.skip(b.binary(Op.Shl, skipped, b.constant(1)));
  const value = b.variable("value");
  b.setVar(value, b.constant(0));
  const loop = new BoundedLoop(b, MOST_DIGITS);
  const digit = digitOf(b, at.byte(0));
  const other = loop.leaveIf(Op.Uge, digit, b.constant(16));
  const tooLarge = loop.leaveIf(Op.Uge, digit, base);
  b.setVar(value, b.binary(Op.Add, b.binary(Op.Mul, b.getVar(value), base), digit));
  at.skip(b.constant(1));
  loop.again();
  b.jump(other);
  b.setBlock(tooLarge);
  b.jump(other);
  b.setBlock(other);
  const sign = b.unary(Op.Neg, negative);
  b.ret(b.binary(Op.Sub, b.binary(Op.Xor, b.getVar(value), sign), sign));
}

function isLessConstant(b: Builder, x: Ref, value: i64): Ref {
  return b.binary(Op.Shr, b.binary(Op.Sub, x, b.constant(value)), b.constant(63));
}

/** What a character counts as a digit, at most 15; 255 if it is none. */
function digitOf(b: Builder, byte: Ref): Ref {
  const lower = b.binary(Op.Or, byte, b.constant(32));
  const letter = select(b, isBetween(b, lower, 97, 102), b.binary(Op.Sub, lower, b.constant(87)), b.constant(255));
  return select(b, isBetween(b, byte, 48, 57), b.binary(Op.Sub, byte, b.constant(48)), letter);
}

/** (frame, string, most, quoted) -> 0: writes the string, escaped, into the text area */
export function escapeRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "escape", 4, buildEscape);
}

function buildEscape(shared: Shared, b: Builder): void {
  const limit = shared.maxLength;
  const quoted = b.binary(Op.Xor, isZero(b, b.parameter(3)), b.constant(1));
  const start = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(textArea(shared).offset));
  // 0 and what is beyond the limit mean the limit; quotes and what says that it was cut want five bytes.
  const one = b.constant(1);
  const most = b.binary(Op.Add, lesser(b, b.binary(Op.Sub, b.parameter(2), one), b.constant(limit - 1)), one);
  const few = b.binary(Op.And, isLessConstant(b, most, 5), quoted);
  const budget = b.binary(Op.Sub, select(b, few, b.constant(5), most), b.binary(Op.Shl, quoted, one));
  b.store(Op.Store8, start, 0, b.constant(DOUBLE_QUOTE));
  const to = b.binary(Op.Add, start, quoted);
  const length = b.callFunction(escapeBytesRoutine(shared), [b.parameter(0), b.parameter(1), budget, quoted]);
  const cut = b.newBlock("cut");
  const whole = b.newBlock("whole");
  const bits = b.constant(maskFor(limit));
  b.branchIf(Op.Slt, length, b.constant(0), cut, whole);
  b.setBlock(whole);
  const behind = b.binary(Op.Add, to, b.binary(Op.And, length, bits));
  b.store(Op.Store16, behind, 0, b.binary(Op.Mul, quoted, b.constant(DOUBLE_QUOTE)));
  b.ret(b.constant(0));
  b.setBlock(cut);
  endCut(b, to, [quoted, budget, b.unary(Op.Not, length), bits]);
}

/** (frame, string, budget, distance) -> bytes written at a distance from the text area; what did not fit: ~bytes */
export function escapeBytesRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "escape_bytes", 4, buildEscapeBytes);
}

function buildEscapeBytes(shared: Shared, b: Builder): void {
  const table = escapeTable(shared, true);
  const area = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(textArea(shared).offset));
  const to = b.binary(Op.Add, area, b.binary(Op.And, b.parameter(3), b.constant(1)));
  const from = new Cursor(b, addressInArena(shared, b, b.parameter(1), arenaMask(b)));
  const length = b.variable("length");
  b.setVar(length, b.constant(0));
  const loop = new BoundedLoop(b, <i64>shared.maxLength + 1);
  const byte = from.byte(0);
  const end = loop.leaveIf(Op.Eq, byte, b.constant(0));
  const row = escapeRow(b, table, byte);
  const longer = b.binary(Op.Add, b.getVar(length), b.binary(Op.Shr, row, b.constant(32)));
  const cut = loop.leaveIf(Op.Ugt, longer, b.parameter(2));
  const at = b.binary(Op.And, b.getVar(length), b.constant(maskFor(shared.maxLength)));
  b.store(Op.Store32, b.binary(Op.Add, to, at), 0, row);
  b.setVar(length, longer);
  from.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.getVar(length));
  b.setBlock(cut);
  b.ret(b.unary(Op.Not, b.getVar(length)));
}

/** What does not fit is cut; between quotes, three dots behind them say so. `values`: quoted, budget, length, mask. */
function endCut(b: Builder, to: Ref, values: Ref[]): void {
  const marked = b.newBlock("marked");
  const plain = b.newBlock("plain");
  b.branch(values[0], marked, plain);
  b.setBlock(plain);
  b.store(Op.Store8, b.binary(Op.Add, to, b.binary(Op.And, values[2], values[3])), 0, b.constant(0));
  b.ret(b.constant(0));
  b.setBlock(marked);
  const at = b.binary(Op.And, b.binary(Op.Sub, values[1], b.constant(3)), values[3]);
  b.store(Op.Store64, b.binary(Op.Add, to, at), 0, b.constant(QUOTE_AND_DOTS));
  b.ret(b.constant(0));
}

// ---------------------------------------------------------------------------------------------------------------- tokens

/** What `tokenize` remembers in a frame from call to call: u64 position, then 32 bytes of delimiters, then the string. */
const enum Tokens {
  Position = 0,
  Set = 8,
  Text = 40,
}

function tokensArea(shared: Shared): i32 {
  return scratchArea(shared, "tokens", Tokens.Text + capacityFor(shared.maxLength));
}

/** Forgets what an earlier handler tokenized; part of the prologue. */
export function clearTokens(shared: Shared, b: Builder, frame: Ref): void {
  const area = tokensArea(shared);
  b.store(Op.Store64, frame, area + Tokens.Position, b.constant(0));
  b.store(Op.Store8, frame, area + Tokens.Text, b.constant(0));
}

/** (frame, to, string, delimiters) -> 0: writes the next token; of the string, unless that is empty */
export function tokenizeRoutine(shared: Shared): i32 {
  return libraryRoutine(shared, "tokenize", 4, buildTokenize);
}

function buildTokenize(shared: Shared, b: Builder): void {
  const limit = shared.maxLength;
  const mask = arenaMask(b);
  const tokens = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(tokensArea(shared)));
  const input = addressInArena(shared, b, b.parameter(2), mask);
  const fresh = b.newBlock("fresh");
  const ready = b.newBlock("ready");
  b.branch(b.load(Op.Load8u, input, 0), fresh, ready);
  b.setBlock(fresh);
  const text = b.binary(Op.Add, tokens, b.constant(Tokens.Text));
  b.callHelper(Helper.ProbeReadKernelStr, [text, b.constant(limit + 1), input]);
  b.store(Op.Store64, tokens, Tokens.Position, b.constant(0));
  b.jump(ready);
  b.setBlock(ready);
  b.callFunction(libraryRoutine(shared, "token_set", 2, buildSet), [b.parameter(0), b.parameter(3)]);
  const walk = libraryRoutine(shared, "token_walk", 2, buildWalk);
  const start = b.callFunction(walk, [b.parameter(0), b.constant(1)]);
  const end = b.callFunction(walk, [b.parameter(0), b.constant(0)]);
  const bits = b.constant(maskFor(limit));
  const length = b.binary(Op.And, b.binary(Op.Sub, end, start), bits);
  const to = addressInArena(shared, b, b.parameter(1), mask);
  const from = b.binary(Op.Add, b.binary(Op.Add, tokens, b.constant(Tokens.Text)), b.binary(Op.And, start, bits));
  b.callHelper(Helper.ProbeReadKernel, [to, length, from]);
  b.store(Op.Store8, b.binary(Op.Add, to, length), 0, b.constant(0));
  b.ret(b.constant(0));
}

/** (frame, delimiters) -> 0: makes a set of them, a bit for each byte */
function buildSet(shared: Shared, b: Builder): void {
  const tokens = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(tokensArea(shared)));
  for (let k = 0; k < 4; ++k) b.store(Op.Store64, tokens, Tokens.Set + k * 8, b.constant(0));
  const at = new Cursor(b, addressInArena(shared, b, b.parameter(1), arenaMask(b)));
  const loop = new BoundedLoop(b, MOST_DELIMITERS);
  const byte = at.byte(0);
  const end = loop.leaveIf(Op.Eq, byte, b.constant(0));
  const word = b.binary(Op.Add, tokens, b.binary(Op.And, b.binary(Op.Shr, byte, b.constant(3)), b.constant(24)));
  const bit = b.binary(Op.Shl, b.constant(1), b.binary(Op.And, byte, b.constant(63)));
  b.store(Op.Store64, word, Tokens.Set, b.binary(Op.Or, b.load(Op.Load64, word, Tokens.Set), bit));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
}

/** (frame, skip) -> the position behind delimiters (`skip` is 1), or of the next one or the end; remembers it */
function buildWalk(shared: Shared, b: Builder): void {
  const tokens = b.binary(Op.Add, frameAddress(shared, b, b.parameter(0)), b.constant(tokensArea(shared)));
  const start = b.binary(Op.And, b.load(Op.Load64, tokens, Tokens.Position), b.constant(maskFor(shared.maxLength)));
  const at = new Cursor(b, b.binary(Op.Add, tokens, start));
  const loop = new BoundedLoop(b, <i64>shared.maxLength + 1);
  const byte = at.byte(Tokens.Text);
  const word = b.binary(Op.Add, tokens, b.binary(Op.And, b.binary(Op.Shr, byte, b.constant(3)), b.constant(24)));
  const set = b.load(Op.Load64, word, Tokens.Set);
  const isDelimiter = b.binary(Op.And, b.binary(Op.Shr, set, b.binary(Op.And, byte, b.constant(63))), b.constant(1));
  const stops = b.binary(Op.Or, b.binary(Op.Xor, isDelimiter, b.parameter(1)), isZero(b, byte));
  const end = loop.leaveIf(Op.Ne, stops, b.constant(0));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  const position = b.binary(Op.Add, start, loop.index);
  b.store(Op.Store64, tokens, Tokens.Position, position);
  b.ret(position);
}
