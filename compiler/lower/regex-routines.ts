// The routines that walk the tables of regular expressions (regex.ts says how those lie). One loop each, one step for each
// byte, and in each step the same instructions whatever was read: the verifier walks a loop to its bound, but never twice.

import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Hole } from "./frame";
import { Shared } from "./lowering";
import { MatchArea } from "./regex";
import { beginLoop, endLoop, frameMask, inArena } from "./runtime";

/** A walk along a string, one row of a table after the other. */
class Walk {
  text: i32;
  private row: i32;
  private pool: Ref;
  private classes: Ref;
  private limit: Ref;

  constructor(
    private shared: Shared,
    b: Builder,
  ) {
    this.text = b.variable("text");
    this.row = b.variable("row");
    this.pool = b.addressOf(AddressKind.Rodata, shared.regexes.pool);
    this.classes = this.pool;
    this.limit = b.constant(shared.regexes.lastRow);
  }

  /** Sets out from a row; to `answered` if that is an answer already. */
  begin(b: Builder, classes: Ref, row: Ref, answered: i32): void {
    const known = b.newBlock("known");
    const go = b.newBlock("go");
    b.setVar(this.row, row);
    // Nothing but offsets of classes is ever passed, but the verifier wants to see a limit.
    b.branchIf(Op.Ugt, classes, b.constant(this.shared.regexes.poolBytes), answered, known);
    b.setBlock(known);
    this.classes = b.binary(Op.Add, this.pool, classes);
    b.branchIf(Op.Ugt, row, this.limit, answered, go);
    b.setBlock(go);
  }

  /** The entry of the table for the next byte, of 2^shift bytes. */
  entry(b: Builder, op: Op, shift: i32): Ref {
    const byte = b.load(Op.Load8u, b.getVar(this.text), 0);
    const kind = b.load(Op.Load8u, b.binary(Op.Add, this.classes, byte), 0);
    const at = b.binary(Op.Shl, b.binary(Op.Add, b.getVar(this.row), kind), b.constant(shift));
    return b.load(op, b.binary(Op.Add, this.pool, at), 0);
  }

  /** Goes on to a row; to `answered` if it is an answer, which only such a number is that no row has. */
  step(b: Builder, row: Ref, answered: i32): void {
    const on = b.newBlock("on");
    b.setVar(this.row, row);
    b.branchIf(Op.Ugt, row, this.limit, answered, on);
    b.setBlock(on);
    b.setVar(this.text, b.binary(Op.Add, b.getVar(this.text), b.constant(1)));
  }

  /** The answer: 1 if there is a match. */
  answer(b: Builder): Ref {
    return b.binary(Op.And, b.getVar(this.row), b.constant(1));
  }
}

/** (string, classes, first row) -> whether there is a match */
export function buildMatch(shared: Shared, b: Builder): void {
  const mask = b.binary(Op.Or, frameMask(b), shared.plan.placeholder(b.fn, Hole.Mask));
  const walk = new Walk(shared, b);
  b.setVar(walk.text, inArena(shared, b, b.parameter(0), mask));
  const answered = b.newBlock("answered");
  b.setCold(answered);
  walk.begin(b, b.parameter(1), b.parameter(2), answered);
  const counter = b.variable("byte");
  const head = beginLoop(b, counter);
  walk.step(b, walk.entry(b, Op.Load16u, 1), answered);
  endLoop(b, counter, head, shared.maxLength + 1);
  b.ret(b.constant(0));
  b.setBlock(answered);
  b.ret(walk.answer(b));
}

/** (frame, classes, first row, first list of ways, groups) -> the same of the remembered string, leaving a trail */
export function buildRememberMatch(shared: Shared, b: Builder): void {
  const regexes = shared.regexes;
  const frame = inArena(shared, b, b.parameter(0), frameMask(b));
  const walk = new Walk(shared, b);
  const trail = b.variable("trail");
  const counter = b.variable("byte");
  const answered = b.newBlock("answered");
  b.setCold(answered);
  b.setVar(walk.text, b.binary(Op.Add, frame, b.constant(regexes.area + MatchArea.Text)));
  b.setVar(trail, b.binary(Op.Add, frame, b.constant(regexes.trail)));
  b.setVar(counter, b.constant(0));
  b.store(Op.Store16, b.getVar(trail), 0, b.parameter(3));
  walk.begin(b, b.parameter(1), b.parameter(2), answered);
  const head = beginLoop(b, counter);
  const entry = walk.entry(b, Op.Load32u, 2);
  const next = b.binary(Op.Add, b.getVar(trail), b.constant(2));
  b.setVar(trail, next);
  b.store(Op.Store16, next, 0, b.binary(Op.Shr, entry, b.constant(16)));
  // The number of the trail's last entry, kept here because the way out must be short.
  b.store(Op.Store32, frame, regexes.area + MatchArea.Last, b.binary(Op.Add, b.getVar(counter), b.constant(1)));
  walk.step(b, b.binary(Op.And, entry, b.constant(0xffff)), answered);
  endLoop(b, counter, head, shared.maxLength + 1);
  b.ret(b.constant(0));
  b.setBlock(answered);
  const answer = walk.answer(b);
  b.store(Op.Store32, frame, regexes.area + MatchArea.Groups, b.binary(Op.Mul, answer, b.parameter(4)));
  b.ret(answer);
}

/**
 * (frame, group) -> start of the group in the remembered string, and above bit 16 one more than its length; start 0 and
 * length 0 if it took no part. Walks the trail backward: the first value met of a tag is its last.
 */
export function buildFindGroup(shared: Shared, b: Builder): void {
  const regexes = shared.regexes;
  const frame = inArena(shared, b, b.parameter(0), frameMask(b));
  const shift = b.binary(Op.Add, b.binary(Op.Shl, b.parameter(1), b.constant(1)), b.constant(16));
  const at = b.variable("at");
  const way = b.variable("way");
  const wanted = b.variable("wanted");
  const start = b.variable("start");
  const end = b.variable("end");
  const done = b.newBlock("done");
  b.setCold(done);
  b.setVar(at, b.load(Op.Load32u, frame, regexes.area + MatchArea.Last));
  b.setVar(way, b.constant(0));
  b.setVar(wanted, b.constant(3));
  b.setVar(start, b.constant(0));
  b.setVar(end, b.constant(0));
  const counter = b.variable("step");
  const head = beginLoop(b, counter);
  const index = b.binary(Op.And, b.getVar(at), b.constant(maskOf(shared.maxLength + 2)));
  const position = b.binary(Op.Add, frame, b.binary(Op.Shl, index, b.constant(1)));
  const number = b.binary(Op.Add, b.load(Op.Load16u, position, regexes.trail), b.getVar(way));
  const more = b.newBlock("more");
  // The way before a beginning is no way: its number is beyond all.
  b.branchIf(Op.Ugt, number, b.constant(regexes.lastWay), done, more);
  b.setBlock(more);
  const ways = b.addressOf(AddressKind.Rodata, regexes.ways);
  const word = b.load(Op.Load64, b.binary(Op.Add, ways, b.binary(Op.Shl, number, b.constant(3))), 0);
  const found = b.binary(Op.And, b.binary(Op.Shr, word, b.binary(Op.And, shift, b.constant(63))), b.getVar(wanted));
  b.setVar(wanted, b.binary(Op.Xor, b.getVar(wanted), found));
  const after = b.binary(Op.Add, index, b.constant(1));
  note(b, start, b.binary(Op.And, found, b.constant(1)), after);
  note(b, end, b.binary(Op.Shr, found, b.constant(1)), after);
  b.setVar(way, b.binary(Op.And, word, b.constant(0xffff)));
  b.setVar(at, b.binary(Op.Sub, b.getVar(at), b.constant(1)));
  endLoop(b, counter, head, shared.maxLength + 3);
  b.jump(done);
  b.setBlock(done);
  // Both are one too large, and 0 if there is no such group.
  const length = b.binary(Op.Add, b.binary(Op.Sub, b.getVar(end), b.getVar(start)), b.constant(1));
  const none = b.unary(Op.Extu16, b.binary(Op.Sub, b.getVar(start), b.constant(1)));
  b.ret(b.binary(Op.Or, none, b.binary(Op.Shl, length, b.constant(16))));
}

/** Adds a value to a variable if a bit is set. */
function note(b: Builder, variable: i32, bit: Ref, value: Ref): void {
  b.setVar(variable, b.binary(Op.Add, b.getVar(variable), b.binary(Op.Mul, bit, value)));
}

/** The smallest 2^n - 1 that is not less. */
function maskOf(value: i32): i64 {
  let mask: i64 = 1;
  while (mask < value) mask = (mask << 1) | 1;
  return mask;
}
