// Finding and replacing parts of strings. Reads may go a few bytes past a string's end, because there is slack behind
// the arena.

import { Helper } from "../../common/format/helpers";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { bytesBeforeNul, lesser, maskFor, select } from "./bits";
import { Cursor } from "./cursor";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, everyWord, Runtime } from "./runtime";

/** (string, start) -> 1 if the string begins with the other one, else 0. */
const PREFIX = new Routine<Runtime>("prefix", 2, buildPrefix, everyWord);

function buildPrefix(runtime: Runtime, b: RoutineBuilder): void {
  const mask = arenaMask(b);
  const text = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), mask));
  const start = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), mask));
  const loop = b.loop();
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

/**
 * Bytes scanned by one call of `scan`. More bytes make the search faster at run time, fewer make the verifier faster.
 */
const SCANNED: i64 = 256;
/** The result of `scan` if it found neither the part nor the end. */
const NOT_YET: i64 = -2;

/** (string, part) -> position of the part's first bytes, eight at most; -1: not in the string; or NOT_YET. */
const SCAN = new Routine<Runtime>("scan", 2, buildScan, (_: Runtime): i64 => SCANNED);

function buildScan(runtime: Runtime, b: RoutineBuilder): void {
  const mask = arenaMask(b);
  const part = b.load(Op.Load64, addressInArena(runtime.unit, b, b.parameter(1), mask), 0);
  const known = bytesBeforeNul(b, part);
  const wanted = b.binary(Op.And, part, known);
  const text = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(0), mask));
  const loop = b.loop();
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

/** (string, part) -> position of the part's first occurrence in the string, or -1. */
export const FIND = new Routine<Runtime>("find", 2, buildFind, everyByte);

/** Finds the part's first bytes, then checks for the whole part. Each round has only one path. */
function buildFind(runtime: Runtime, b: RoutineBuilder): void {
  const at = b.variable("at");
  b.setVar(at, b.parameter(0));
  const loop = b.loop();
  const next = b.callFunction(SCAN.of(runtime), [b.getVar(at), b.parameter(1)]);
  const nowhere = loop.leaveIf(Op.Eq, next, b.constant(-1));
  // Not found yet: continue 256 bytes later. Found: check there, then continue at the next byte.
  const missed = b.binary(Op.Shr, next, b.constant(63));
  b.setVar(at, b.binary(Op.Add, b.getVar(at), select(b, missed, b.constant(SCANNED), next)));
  const same = b.callFunction(PREFIX.of(runtime), [b.getVar(at), b.parameter(1)]);
  const found = loop.leaveIf(Op.Ne, same, b.constant(0));
  b.setVar(at, b.binary(Op.Add, b.getVar(at), b.binary(Op.Xor, missed, b.constant(1))));
  loop.again();
  b.jump(nowhere);
  b.setBlock(nowhere);
  b.ret(b.constant(-1));
  b.setBlock(found);
  b.ret(b.binary(Op.Sub, b.getVar(at), b.parameter(0)));
}

/** The state of `str_replace`, u64 each. */
const enum Replacing {
  From = 0,
  To = 8,
  End = 16,
  Part = 24,
  PartBytes = 32,
  Replacement = 40,
  Size = 48,
}

/** (frame) -> 0 if one more occurrence was replaced. 1: the rest was copied, or the space is used up. */
const REPLACE_STEP = new Routine<Runtime>("replace_step", 1, buildReplaceStep);

/** (frame, to, string, part, replacement) -> 0. Writes the string with all occurrences of the part replaced. */
export const REPLACE = new Routine<Runtime>("str_replace", 5, buildReplace, everyByte);

function replacingAddress(runtime: Runtime, b: RoutineBuilder): Ref {
  const area = runtime.area("replacing", Replacing.Size);
  return b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(area));
}

function buildReplace(runtime: Runtime, b: RoutineBuilder): void {
  const limit = runtime.maxLength;
  const state = replacingAddress(runtime, b);
  const scratch = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const part = addressInArena(runtime.unit, b, b.parameter(3), arenaMask(b));
  const measured = b.callHelper(Helper.ProbeReadKernelStr, [scratch, b.constant(limit + 1), part]);
  b.store(Op.Store64, state, Replacing.From, b.parameter(2));
  b.store(Op.Store64, state, Replacing.To, b.parameter(1));
  b.store(Op.Store64, state, Replacing.End, b.binary(Op.Add, b.parameter(1), b.constant(limit)));
  b.store(Op.Store64, state, Replacing.Part, b.parameter(3));
  b.store(Op.Store64, state, Replacing.PartBytes, b.binary(Op.Sub, measured, b.constant(1)));
  b.store(Op.Store64, state, Replacing.Replacement, b.parameter(4));
  const step = REPLACE_STEP.of(runtime);
  const loop = b.loop();
  const done = loop.leaveIf(Op.Ne, b.callFunction(step, [b.parameter(0)]), b.constant(0));
  loop.again();
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

function buildReplaceStep(runtime: Runtime, b: RoutineBuilder): void {
  const mask = arenaMask(b);
  const state = replacingAddress(runtime, b);
  const from = b.load(Op.Load64, state, Replacing.From);
  const to = b.load(Op.Load64, state, Replacing.To);
  const end = b.load(Op.Load64, state, Replacing.End);
  const partBytes = b.load(Op.Load64, state, Replacing.PartBytes);
  const rest = b.newBlock("rest");
  const some = b.newBlock("some");
  const found = b.newBlock("found");
  b.branchIf(Op.Eq, partBytes, b.constant(0), rest, some);
  b.setBlock(some);
  const at = b.callFunction(FIND.of(runtime), [from, b.load(Op.Load64, state, Replacing.Part)]);
  b.branchIf(Op.Slt, at, b.constant(0), rest, found);
  b.setBlock(found);
  const room = b.binary(Op.Sub, end, to);
  const kept = b.binary(Op.And, lesser(b, at, room), b.constant(maskFor(runtime.maxLength)));
  const target = addressInArena(runtime.unit, b, to, mask);
  b.callHelper(Helper.ProbeReadKernel, [target, kept, addressInArena(runtime.unit, b, from, mask)]);
  const next = b.variable("to");
  const replacement = b.load(Op.Load64, state, Replacing.Replacement);
  b.setVar(next, copyRest(runtime, b, [b.binary(Op.Add, to, kept), end, replacement], mask));
  b.store(Op.Store64, state, Replacing.To, b.getVar(next));
  b.store(Op.Store64, state, Replacing.From, b.binary(Op.Add, b.binary(Op.Add, from, at), partBytes));
  b.ret(b.binary(Op.Uge, b.getVar(next), end));
  b.setBlock(rest);
  copyRest(runtime, b, [to, end, from], mask);
  b.ret(b.constant(1));
}

/** Copies a string, as far as it fits. Returns the end of the copy. `places` are: to, the end of the space, from. */
function copyRest(runtime: Runtime, b: RoutineBuilder, places: Ref[], mask: Ref): Ref {
  const room = b.binary(Op.Add, b.binary(Op.Sub, places[1], places[0]), b.constant(1));
  const size = b.binary(Op.And, room, b.constant(maskFor(runtime.maxLength + 1)));
  const target = addressInArena(runtime.unit, b, places[0], mask);
  const source = addressInArena(runtime.unit, b, places[2], mask);
  const copied = b.callHelper(Helper.ProbeReadKernelStr, [target, size, source]);
  return b.binary(Op.Add, places[0], b.binary(Op.Sub, copied, b.constant(1)));
}
