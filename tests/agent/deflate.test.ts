// What the agent compresses, zlib unpacks to the same bytes: all kinds of inputs, lengths around the block and the
// window, and read in pieces of any size.

import { deflateSync, inflateSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildModule, makeImports, RELEASE } from "../build-as.ts";

interface Exports {
  memory: WebAssembly.Memory;
  inputOf(bytes: number): number;
  deflate(piece: number): number;
  outputAt(): number;
}

let module: WebAssembly.Module;

test.before(async () => {
  module = await buildModule("deflate", ["tests/as/deflate.ts"], RELEASE);
});

/** A small generator, so that a failure can be repeated. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Compresses inputs with one deflater, as the agent does. */
function deflater(): (bytes: Uint8Array, piece?: number) => Uint8Array {
  const instance = new WebAssembly.Instance(
    module,
    makeImports(module, () => exports.memory),
  );
  const exports = instance.exports as unknown as Exports;
  return (bytes, piece = 4096) => {
    const at = exports.inputOf(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    const length = exports.deflate(piece);
    return new Uint8Array(exports.memory.buffer).slice(exports.outputAt(), exports.outputAt() + length);
  };
}

function assertSame(bytes: Uint8Array, stream: Uint8Array, what: string): void {
  assert.is(Buffer.compare(inflateSync(stream), bytes), 0, what);
}

/** Words that repeat each other at random distances, with errors: what a compressor lives on. */
function repetitive(length: number, seed: number): Uint8Array {
  const next = randomNumbers(seed);
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = Math.min(length - at, 1 + next(next(10) === 0 ? 600 : 20));
    const back = at === 0 ? 0 : 1 + next(Math.min(at, 40_000));
    const isCopy = back > 0 && next(3) > 0;
    for (let i = 0; i < count; i++, at++) bytes[at] = isCopy ? bytes[at - back]! : next(40);
  }
  return bytes;
}

test("lengths around those of a block and the window", () => {
  const deflate = deflater();
  for (const length of [
    0, 1, 2, 3, 4, 5, 7, 257, 258, 259, 32767, 32768, 65535, 65536, 65537, 98304, 131072, 200_001,
  ]) {
    for (const bytes of [new Uint8Array(length), repetitive(length, length)]) {
      assertSame(bytes, deflate(bytes), `${length} bytes`);
    }
  }
});

test("reading in pieces of any size gives the same stream", () => {
  const bytes = repetitive(150_000, 1);
  const whole = deflater()(bytes, bytes.length);
  for (const piece of [1, 7, 4095, 65_536]) {
    assert.is(Buffer.compare(deflater()(bytes, piece), whole), 0, `pieces of ${piece}`);
  }
});

test("bytes without any repetition, one byte alone, and counts that make codes too long", () => {
  const deflate = deflater();
  const next = randomNumbers(7);
  const noise = Uint8Array.from({ length: 300_000 }, () => next(256));
  const packed = deflate(noise);
  assertSame(noise, packed, "noise");
  assert.ok(packed.length < noise.length * 1.01, `noise grows to ${packed.length}`);
  // Each byte is about 1.6 times as frequent as the one before: the best code of the rarest has over 15 bits.
  const skewed: number[] = [];
  for (let value = 0, count = 1; skewed.length + count < 65_536; value++, count = Math.ceil(count * 1.6)) {
    for (let i = 0; i < count; i++) skewed.push(value);
  }
  for (let i = skewed.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [skewed[i], skewed[j]] = [skewed[j]!, skewed[i]!];
  }
  assertSame(Uint8Array.from(skewed), deflate(Uint8Array.from(skewed)), "skewed counts");
});

test("1,000 random inputs, one after the other", () => {
  const deflate = deflater();
  const next = randomNumbers(42);
  for (let i = 0; i < 1000; i++) {
    const bytes = repetitive(next(i % 100 === 0 ? 300_000 : 3000), i);
    assertSame(bytes, deflate(bytes, 1 + next(9000)), `input ${i}`);
  }
});

test("compresses about as well as zlib does", () => {
  const bytes = repetitive(1_000_000, 3);
  const ratio = deflater()(bytes).length / deflateSync(bytes).length;
  assert.ok(ratio < 1.1, `${ratio} of zlib's`);
});

test.run();
