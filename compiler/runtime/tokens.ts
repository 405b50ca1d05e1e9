// tokenize(): the frame holds the string between calls.

import { Helper } from "../../common/format/helpers";
import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { isZero, maskFor } from "./bits";
import { Cursor } from "./cursor";
import { capacityFor } from "./place";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, Runtime } from "./runtime";

/** Limit of the delimiters that are read. More cannot be distinct, though they might be repeated. */
const MOST_DELIMITERS: i64 = 512;

/**
 * The state of `tokenize`, which a frame keeps between calls: u64 position, then 32 bytes of delimiters, then the
 * string.
 */
const enum Tokens {
  Position = 0,
  Set = 8,
  Text = 40,
}

function tokensArea(runtime: Runtime): i32 {
  return runtime.area("tokens", Tokens.Text + capacityFor(runtime.maxLength));
}

/** Discards the string that an earlier handler tokenized. Part of the prologue. */
export function clearTokens(runtime: Runtime, b: Builder, frame: Ref): void {
  const area = tokensArea(runtime);
  b.store(Op.Store64, frame, area + Tokens.Position, b.constant(0));
  b.store(Op.Store8, frame, area + Tokens.Text, b.constant(0));
}

/** (frame, delimiters) -> 0. Makes a set of the delimiters, with one bit for each byte value. */
const TOKEN_SET = new Routine<Runtime>("token_set", 2, buildSet, (_: Runtime): i64 => MOST_DELIMITERS);

/** (frame, skip) -> position after delimiters if `skip` is 1, else of the next one or the end. Remembers it. */
const TOKEN_WALK = new Routine<Runtime>("token_walk", 2, buildWalk, everyByte);

/** (frame, to, string, delimiters) -> 0. Writes the next token. A string that is not empty starts a new walk. */
export const TOKENIZE = new Routine<Runtime>("tokenize", 4, buildTokenize);

function buildTokenize(runtime: Runtime, b: RoutineBuilder): void {
  const limit = runtime.maxLength;
  const mask = arenaMask(b);
  const tokens = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(tokensArea(runtime)));
  const input = addressInArena(runtime.unit, b, b.parameter(2), mask);
  const fresh = b.newBlock("fresh");
  const ready = b.newBlock("ready");
  b.branch(b.load(Op.Load8u, input, 0), fresh, ready);
  b.setBlock(fresh);
  const text = b.binary(Op.Add, tokens, b.constant(Tokens.Text));
  b.callHelper(Helper.ProbeReadKernelStr, [text, b.constant(limit + 1), input]);
  b.store(Op.Store64, tokens, Tokens.Position, b.constant(0));
  b.jump(ready);
  b.setBlock(ready);
  b.callFunction(TOKEN_SET.of(runtime), [b.parameter(0), b.parameter(3)]);
  const walk = TOKEN_WALK.of(runtime);
  const start = b.callFunction(walk, [b.parameter(0), b.constant(1)]);
  const end = b.callFunction(walk, [b.parameter(0), b.constant(0)]);
  const bits = b.constant(maskFor(limit));
  const length = b.binary(Op.And, b.binary(Op.Sub, end, start), bits);
  const to = addressInArena(runtime.unit, b, b.parameter(1), mask);
  const from = b.binary(Op.Add, b.binary(Op.Add, tokens, b.constant(Tokens.Text)), b.binary(Op.And, start, bits));
  b.callHelper(Helper.ProbeReadKernel, [to, length, from]);
  b.store(Op.Store8, b.binary(Op.Add, to, length), 0, b.constant(0));
  b.ret(b.constant(0));
}

function buildSet(runtime: Runtime, b: RoutineBuilder): void {
  const tokens = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(tokensArea(runtime)));
  for (let k = 0; k < 4; ++k) b.store(Op.Store64, tokens, Tokens.Set + k * 8, b.constant(0));
  const at = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)));
  const loop = b.loop();
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

function buildWalk(runtime: Runtime, b: RoutineBuilder): void {
  const tokens = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(tokensArea(runtime)));
  const start = b.binary(Op.And, b.load(Op.Load64, tokens, Tokens.Position), b.constant(maskFor(runtime.maxLength)));
  const at = new Cursor(b, b.binary(Op.Add, tokens, start));
  const loop = b.loop();
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
