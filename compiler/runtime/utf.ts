// Strings of UTF-16 and UTF-32 in memory, as UTF-8 in the text area. Each unit is read by itself, because nobody knows
// how far the memory behind the end may be read. The verifier walks the loop unit by unit, so that everything but
// the ends is computed without branches, and so that the loop is a function of its own, which goes on where it was.

import { Helper } from "../../common/format/helpers";
import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { frameAddress } from "./arena";
import { isEqual, isLess, isZero, maskFor, select } from "./bits";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, Runtime } from "./runtime";

/** What the routine returns instead of a length: a unit cannot be read. */
export const UTF_FAULT: i64 = -1;
/** An invalid character is this, less the character. */
export const UTF_INVALID: i64 = -2;

/** What is read: units of 2 or 4 bytes, of the kernel or of the process that runs. */
export class UtfSource {
  constructor(
    public runtime: Runtime,
    public bytes: i32,
    public isUser: bool,
  ) {}

  get suffix(): string {
    return `${this.bytes * 8}_${this.isUser ? "user" : "kernel"}`;
  }
}

/** Units that one call of the loop reads: what the verifier walks at once. */
const PIECE_UNITS: i64 = 512;
/** What such a call returns if nothing is wrong. */
const enum Piece {
  More = 0,
  Ended = 1,
}
/** Byte offsets in the frame's area for the state between two calls. */
const enum UtfState {
  /** u64: the address of the next unit. */
  Address = 0,
  /** u64: bytes written. */
  Length = 8,
  /** u64: the first half of a character, whose second half comes next; or 0. */
  High = 16,
  Size = 24,
}

/** (frame) -> Piece, or what is wrong. */
const UTF_PIECE: Routine<UtfSource> = new Routine<UtfSource>("utf_piece", 1, buildPiece, everyPieceUnit);

/** (frame, address) -> the length of the string in the text area, or what is wrong. A long string is cut. */
export const UTF: Routine<UtfSource> = new Routine<UtfSource>("utf", 2, buildUtf, everyPiece);

function everyPieceUnit(source: UtfSource): i64 {
  return min(PIECE_UNITS, everyByte(source.runtime));
}

function everyPiece(source: UtfSource): i64 {
  return (everyByte(source.runtime) + PIECE_UNITS - 1) / PIECE_UNITS;
}

function stateAddress(runtime: Runtime, b: RoutineBuilder): Ref {
  const area = b.constant(runtime.area("utf", UtfState.Size));
  return b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), area);
}

function buildUtf(source: UtfSource, b: RoutineBuilder): void {
  const state = stateAddress(source.runtime, b);
  b.store(Op.Store64, state, UtfState.Address, b.parameter(1));
  b.store(Op.Store64, state, UtfState.Length, b.constant(0));
  b.store(Op.Store64, state, UtfState.High, b.constant(0));
  const answer = b.variable("answer");
  const loop = b.loop();
  b.setVar(answer, b.callFunction(UTF_PIECE.of(source), [b.parameter(0)]));
  const done = loop.leaveIf(Op.Ne, b.getVar(answer), b.constant(Piece.More));
  loop.again();
  b.jump(done);
  b.setBlock(done);
  // What is wrong is negative.
  const isWrong = b.binary(Op.Shr, b.getVar(answer), b.constant(63));
  b.ret(select(b, isWrong, b.getVar(answer), b.load(Op.Load64, state, UtfState.Length)));
}

function buildPiece(source: UtfSource, b: RoutineBuilder): void {
  const runtime = source.runtime;
  const state = stateAddress(runtime, b);
  const area = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const mask = b.constant(maskFor(runtime.maxLength));
  const slot = b.slot(8);
  const length = b.variable("length");
  const high = b.variable("high");
  const start = b.load(Op.Load64, state, UtfState.Address);
  b.setVar(length, b.load(Op.Load64, state, UtfState.Length));
  b.setVar(high, b.load(Op.Load64, state, UtfState.High));
  const helper = source.isUser ? Helper.ProbeReadUser : Helper.ProbeReadKernel;
  const loop = b.loop();
  const address = b.binary(Op.Add, start, b.binary(Op.Mul, loop.index, b.constant(source.bytes)));
  const status = b.callHelper(helper, [slot, b.constant(source.bytes), address]);
  const fault = loop.leaveIf(Op.Slt, status, b.constant(0));
  const unit = b.load(source.bytes == 2 ? Op.Load16u : Op.Load32u, slot, 0);
  const before = b.getVar(high);
  const isHigh = source.bytes == 2 ? isEqual(b, b.binary(Op.Shr, unit, b.constant(10)), 0x36) : b.constant(0);
  const bad = loop.leaveIf(Op.Ne, isBad(source, b, unit, before), b.constant(0));
  const end = loop.leaveIf(Op.Eq, unit, b.constant(0));
  const character = new Encoded(b, source.bytes == 2 ? joined(b, unit, before) : unit);
  const bytes = select(b, isHigh, b.constant(0), character.bytes);
  const longer = b.binary(Op.Add, b.getVar(length), bytes);
  const full = loop.leaveIf(Op.Ugt, longer, b.constant(runtime.maxLength));
  b.store(Op.Store32, b.binary(Op.Add, area, b.binary(Op.And, b.getVar(length), mask)), 0, character.word);
  b.setVar(high, select(b, isHigh, unit, b.constant(0)));
  b.setVar(length, longer);
  loop.again();
  const next = b.binary(Op.Add, start, b.constant(everyPieceUnit(source) * source.bytes));
  b.store(Op.Store64, state, UtfState.Address, next);
  b.store(Op.Store64, state, UtfState.Length, b.getVar(length));
  b.store(Op.Store64, state, UtfState.High, b.getVar(high));
  b.ret(b.constant(Piece.More));
  b.setBlock(full);
  b.jump(end);
  b.setBlock(end);
  b.store(Op.Store64, state, UtfState.Length, b.getVar(length));
  b.store(Op.Store8, b.binary(Op.Add, area, b.binary(Op.And, b.getVar(length), mask)), 0, b.constant(0));
  b.ret(b.constant(Piece.Ended));
  b.setBlock(fault);
  b.ret(b.constant(UTF_FAULT));
  b.setBlock(bad);
  b.ret(b.binary(Op.Sub, b.constant(UTF_INVALID), unit));
}

/** 1 if a unit is no character, or half of one without the other half; else 0. */
function isBad(source: UtfSource, b: Builder, unit: Ref, before: Ref): Ref {
  if (source.bytes == 4) {
    const isLarge = isLess(b, b.constant(0x10ffff), unit);
    return b.binary(Op.Or, isLarge, isEqual(b, b.binary(Op.Shr, unit, b.constant(11)), 0x1b));
  }
  const isLow = isEqual(b, b.binary(Op.Shr, unit, b.constant(10)), 0x37);
  const wantsLow = b.binary(Op.Xor, isZero(b, before), b.constant(1));
  return b.binary(Op.Xor, isLow, wantsLow);
}

/** The character of a unit, together with the half before it if there is one. */
function joined(b: Builder, unit: Ref, before: Ref): Ref {
  const upper = b.binary(Op.Shl, b.binary(Op.And, before, b.constant(0x3ff)), b.constant(10));
  const lower = b.binary(Op.And, unit, b.constant(0x3ff));
  const pair = b.binary(Op.Add, b.binary(Op.Or, upper, lower), b.constant(0x10000));
  return select(b, isZero(b, before), unit, pair);
}

/** A character as UTF-8. */
class Encoded {
  /** Its bytes as a little-endian word; how many there are. */
  word: Ref;
  bytes: Ref;

  constructor(
    private b: Builder,
    code: Ref,
  ) {
    const two = isLess(b, b.constant(0x7f), code);
    const three = isLess(b, b.constant(0x7ff), code);
    const four = isLess(b, b.constant(0xffff), code);
    this.bytes = b.binary(Op.Add, b.binary(Op.Add, two, three), b.binary(Op.Add, four, b.constant(1)));
    const of2 = this.form(code, 0xc0, 2);
    const of3 = this.form(code, 0xe0, 3);
    const of4 = this.form(code, 0xf0, 4);
    this.word = select(b, four, of4, select(b, three, of3, select(b, two, of2, code)));
  }

  /** The bytes of a form: the upper bits behind the mark, then six bits in each byte. */
  private form(code: Ref, mark: i64, bytes: i32): Ref {
    const b = this.b;
    let word = b.binary(Op.Or, b.binary(Op.Shr, code, b.constant(6 * (bytes - 1))), b.constant(mark));
    for (let k = 1; k < bytes; ++k) {
      const bits = b.binary(Op.And, b.binary(Op.Shr, code, b.constant(6 * (bytes - 1 - k))), b.constant(0x3f));
      const byte = b.binary(Op.Shl, b.binary(Op.Or, bits, b.constant(0x80)), b.constant(8 * k));
      word = b.binary(Op.Or, word, byte);
    }
    return word;
  }
}
