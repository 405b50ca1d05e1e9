// The routines that walk the tables of regular expressions (regex.ts has their layout). Each has one loop with one step
// for each byte, and each step runs the same instructions whatever it reads. So the verifier walks the loop to its
// bound, but follows one path only.

import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { maskFor } from "./bits";
import { MatchArea } from "./regex";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, Runtime } from "./runtime";

/** Words of a string that `MATCH_SHORT` takes. */
export const MATCH_WORDS: i32 = 3;

/** (string, classes, first row) -> 1 if the string matches, else 0. */
export const MATCH_STRING = new Routine<Runtime>("match", 3, buildMatch, everyByte);

/** (classes, first row, three words) -> the same for a short string in registers. It needs no frame. */
export const MATCH_SHORT = new Routine<Runtime>(
  "match_words",
  2 + MATCH_WORDS,
  buildMatchWords,
  (_: Runtime): i64 => 8 * MATCH_WORDS,
);

/** (frame, classes, first row, first list of ways, groups) -> the same for the remembered string. Records a trail. */
export const REMEMBER_MATCH = new Routine<Runtime>("remember_match", 5, buildRememberMatch, everyByte);

/**
 * (frame, group) -> start of the group in the remembered string, and its length plus one from bit 16 on; 0 there if the
 * group was not part of the match.
 */
export const FIND_GROUP = new Routine<Runtime>(
  "find_group",
  2,
  buildFindGroup,
  (runtime: Runtime): i64 => <i64>runtime.maxLength + 3,
);

/** A walk along a string, with one row of a table for each byte. */
class Walk {
  text: i32;
  private row: i32;
  private pool: Ref;
  private classes: Ref;
  private limit: Ref;

  constructor(
    private runtime: Runtime,
    b: Builder,
  ) {
    this.text = b.variable("text");
    this.row = b.variable("row");
    this.pool = b.addressOf(AddressKind.Rodata, runtime.regexes.pool);
    this.classes = this.pool;
    this.limit = b.constant(runtime.regexes.lastRow);
  }

  /** Starts at a row. Goes to `answered` if the row is an answer already. */
  begin(b: Builder, classes: Ref, row: Ref, answered: i32): void {
    const known = b.newBlock("known");
    const go = b.newBlock("go");
    b.setVar(this.row, row);
    // Callers pass only valid offsets of classes, but the verifier needs a limit.
    b.branchIf(Op.Ugt, classes, b.constant(this.runtime.regexes.poolBytes), answered, known);
    b.setBlock(known);
    this.classes = b.binary(Op.Add, this.pool, classes);
    b.branchIf(Op.Ugt, row, this.limit, answered, go);
    b.setBlock(go);
  }

  /** The table entry for the next byte. Entries have 2^shift bytes. */
  entry(b: Builder, op: Op, shift: i32): Ref {
    const byte = b.load(Op.Load8u, b.getVar(this.text), 0);
    const kind = b.load(Op.Load8u, b.binary(Op.Add, this.classes, byte), 0);
    const at = b.binary(Op.Shl, b.binary(Op.Add, b.getVar(this.row), kind), b.constant(shift));
    return b.load(op, b.binary(Op.Add, this.pool, at), 0);
  }

  /** Moves to a row. Goes to `answered` if it is an answer: a number that no row has. */
  step(b: Builder, row: Ref, answered: i32): void {
    const on = b.newBlock("on");
    b.setVar(this.row, row);
    b.branchIf(Op.Ugt, row, this.limit, answered, on);
    b.setBlock(on);
    b.setVar(this.text, b.binary(Op.Add, b.getVar(this.text), b.constant(1)));
  }

  /** The result: 1 if the string matches. */
  answer(b: Builder): Ref {
    return b.binary(Op.And, b.getVar(this.row), b.constant(1));
  }
}

function buildMatch(runtime: Runtime, b: RoutineBuilder): void {
  const walk = new Walk(runtime, b);
  b.setVar(walk.text, addressInArena(runtime.unit, b, b.parameter(0), arenaMask(b)));
  walkToAnswer(b, walk, b.parameter(1), b.parameter(2));
}

function buildMatchWords(runtime: Runtime, b: RoutineBuilder): void {
  const walk = new Walk(runtime, b);
  const text = b.slot(8 * MATCH_WORDS);
  for (let i = 0; i < MATCH_WORDS; ++i) b.store(Op.Store64, text, 8 * i, b.parameter(2 + i));
  b.setVar(walk.text, text);
  walkToAnswer(b, walk, b.parameter(0), b.parameter(1));
}

/** The rest of a routine that returns an answer, starting with the offset of the classes and the first row. */
function walkToAnswer(b: RoutineBuilder, walk: Walk, classes: Ref, row: Ref): void {
  const answered = b.newBlock("answered");
  b.setCold(answered);
  walk.begin(b, classes, row, answered);
  const loop = b.loop();
  walk.step(b, walk.entry(b, Op.Load16u, 1), answered);
  loop.again();
  b.ret(b.constant(0));
  b.setBlock(answered);
  b.ret(walk.answer(b));
}

function buildRememberMatch(runtime: Runtime, b: RoutineBuilder): void {
  const regexes = runtime.regexes;
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const walk = new Walk(runtime, b);
  const trail = b.variable("trail");
  const last = b.variable("last");
  const answered = b.newBlock("answered");
  b.setCold(answered);
  b.setVar(walk.text, b.binary(Op.Add, frame, b.constant(regexes.area + MatchArea.Text)));
  b.setVar(trail, b.binary(Op.Add, frame, b.constant(regexes.trail)));
  b.setVar(last, b.constant(0));
  b.store(Op.Store16, b.getVar(trail), 0, b.parameter(3));
  walk.begin(b, b.parameter(1), b.parameter(2), answered);
  const loop = b.loop();
  const entry = walk.entry(b, Op.Load32u, 2);
  const next = b.binary(Op.Add, b.getVar(trail), b.constant(2));
  b.setVar(trail, next);
  b.store(Op.Store16, next, 0, b.binary(Op.Shr, entry, b.constant(16)));
  b.setVar(last, b.binary(Op.Add, loop.index, b.constant(1)));
  walk.step(b, b.binary(Op.And, entry, b.constant(0xffff)), answered);
  loop.again();
  b.ret(b.constant(0));
  b.setBlock(answered);
  const answer = walk.answer(b);
  b.store(Op.Store32, frame, regexes.area + MatchArea.Last, b.getVar(last));
  b.store(Op.Store32, frame, regexes.area + MatchArea.Groups, b.binary(Op.Mul, answer, b.parameter(4)));
  b.ret(answer);
}

/** A walk back along the trail. The first value found for a tag is the last one that the match assigned. */
class WalkBack {
  private at: i32;
  private way: i32;
  private wanted: i32;
  private start: i32;
  private end: i32;

  constructor(
    private runtime: Runtime,
    private b: Builder,
    private frame: Ref,
    /** The bit of the group's start tag in a way's word. The next bit is its end tag. */
    private bit: Ref,
  ) {
    this.at = b.variable("at");
    this.way = b.variable("way");
    this.wanted = b.variable("wanted");
    this.start = b.variable("start");
    this.end = b.variable("end");
    b.setVar(this.at, b.load(Op.Load32u, frame, runtime.regexes.area + MatchArea.Last));
    b.setVar(this.way, b.constant(0));
    b.setVar(this.wanted, b.constant(3));
    b.setVar(this.start, b.constant(0));
    b.setVar(this.end, b.constant(0));
  }

  /** One position. Goes to `done` at the beginning of the match. */
  step(done: i32): void {
    const b = this.b;
    const regexes = this.runtime.regexes;
    const index = b.binary(Op.And, b.getVar(this.at), b.constant(maskFor(this.runtime.maxLength + 2)));
    const position = b.binary(Op.Add, this.frame, b.binary(Op.Shl, index, b.constant(1)));
    const number = b.binary(Op.Add, b.load(Op.Load16u, position, regexes.trail), b.getVar(this.way));
    const more = b.newBlock("more");
    // The number before the first way is greater than any way's number.
    b.branchIf(Op.Ugt, number, b.constant(regexes.lastWay), done, more);
    b.setBlock(more);
    const ways = b.addressOf(AddressKind.Rodata, regexes.ways);
    const word = b.load(Op.Load64, b.binary(Op.Add, ways, b.binary(Op.Shl, number, b.constant(3))), 0);
    const found = b.binary(Op.And, b.binary(Op.Shr, word, this.bit), b.getVar(this.wanted));
    b.setVar(this.wanted, b.binary(Op.Xor, b.getVar(this.wanted), found));
    // The position plus one, because 0 means none.
    const after = b.binary(Op.Add, index, b.constant(1));
    this.note(this.start, b.binary(Op.And, found, b.constant(1)), after);
    this.note(this.end, b.binary(Op.Shr, found, b.constant(1)), after);
    b.setVar(this.way, b.binary(Op.And, word, b.constant(0xffff)));
    b.setVar(this.at, b.binary(Op.Sub, b.getVar(this.at), b.constant(1)));
  }

  /** Assigns a variable if a bit is set. */
  private note(variable: i32, bit: Ref, value: Ref): void {
    const b = this.b;
    b.setVar(variable, b.binary(Op.Add, b.getVar(variable), b.binary(Op.Mul, bit, value)));
  }

  /** Start and length of the group. */
  get result(): Ref {
    const b = this.b;
    const length = b.binary(Op.Sub, b.getVar(this.end), b.getVar(this.start));
    const start = b.unary(Op.Extu16, b.binary(Op.Sub, b.getVar(this.start), b.constant(1)));
    return b.binary(Op.Or, start, b.binary(Op.Shl, b.binary(Op.Add, length, b.constant(1)), b.constant(16)));
  }
}

function buildFindGroup(runtime: Runtime, b: RoutineBuilder): void {
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const bit = b.binary(Op.Add, b.binary(Op.Shl, b.parameter(1), b.constant(1)), b.constant(16));
  const walk = new WalkBack(runtime, b, frame, b.binary(Op.And, bit, b.constant(63)));
  const done = b.newBlock("done");
  b.setCold(done);
  const loop = b.loop();
  walk.step(done);
  loop.again();
  b.jump(done);
  b.setBlock(done);
  b.ret(walk.result);
}
