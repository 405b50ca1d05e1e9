// Records that arrive in pieces, interleaved with others, damaged, or without end.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFormatter, type Formatter } from "../../agent/host/formatter.ts";
import { RecordFlags } from "../../common/format/record.ts";
import { item, ManifestBuilder, records } from "./manifest-builder.ts";

/** Flags of the first piece of a unit that is cut. */
const FIRST = RecordFlags.More | RecordFlags.First;
const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));

function make(): { formatter: Formatter; number: number; text: number } {
  const builder = new ManifestBuilder();
  const number = builder.site({ format: "<%d>", arguments: ["long"] });
  const text = builder.site({ format: "%s\n", arguments: ["string"] });
  return { formatter: createFormatter(WASM, builder.done()), number, text };
}

function collect(formatter: Formatter, payload: Uint8Array): [string, string] {
  let text = "";
  let messages = "";
  for (const part of formatter.format(payload)) {
    text += Buffer.from(part.text).toString("latin1");
    messages += Buffer.from(part.messages).toString("latin1");
  }
  return [text, messages];
}

/** A small repeatable random number generator. */
function generator(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed >> 8;
  };
}

test("all items of one record are printed in order", () => {
  const { formatter, number, text } = make();
  const payload = records([item(number, [1]), item(text, ["a"])], [item(number, [2])]);
  assert.equal(collect(formatter, payload), ["<1>a\n<2>", ""]);
});

test("the pieces of one unit come out together, whatever lies between them", () => {
  const { formatter, number } = make();
  const first = records([item(number, [1], FIRST, 5)], [item(number, [100], FIRST, 6)]);
  assert.equal(collect(formatter, first), ["", ""]);
  const second = records(
    [item(number, [42])],
    [item(number, [2], RecordFlags.More, 5)],
    [item(number, [101], 0, 6)],
    [item(number, [3], 0, 5)],
  );
  assert.is(formatter.openUnits(), 2);
  assert.equal(collect(formatter, second), ["<42><100><101><1><2><3>", ""]);
  assert.is(formatter.openUnits(), 0);
});

test("a unit that lost a piece is dropped whole", () => {
  const { formatter, number } = make();
  const payload = records([item(number, [1], FIRST, 5)], [item(number, [3], RecordFlags.Torn, 5)], [item(number, [9])]);
  assert.equal(collect(formatter, payload), ["<9>", ""]);
  assert.is(formatter.openUnits(), 0);
});

test("a unit whose end was lost does not join the next unit of the same number", () => {
  const { formatter, number } = make();
  const payload = records(
    [item(number, [1], FIRST, 5)],
    [item(number, [2], FIRST, 5)],
    [item(number, [3], 0, 5)],
    [item(number, [4], 0, 5)],
  );
  assert.equal(collect(formatter, payload), ["<2><3>", ""]);
  assert.is(formatter.openUnits(), 0);
});

test("an unknown site is reported once and the rest goes on", () => {
  const { formatter, number } = make();
  const payload = records([item(77)], [item(78)], [item(number, [1])]);
  assert.equal(collect(formatter, payload), ["<1>", "ERROR: damaged output: a record of no print of this script\n"]);
});

test("a record shorter than its arguments is reported, not read beyond", () => {
  const { formatter, number, text } = make();
  const lying = item(text, ["abcd"]);
  new DataView(lying.buffer).setUint32(8, 0xfffffff0, true);
  const payload = records([item(number)], [lying]);
  const [output, messages] = collect(formatter, payload);
  assert.is(output, "");
  assert.match(messages, /shorter than its arguments/);
});

test("random bytes never trap the module", () => {
  const { formatter } = make();
  const random = generator(1);
  for (let round = 0; round < 3000; round++) {
    const payload = Uint8Array.from({ length: random() % 200 }, () => (random() % 3 ? 0 : random() & 255));
    if (payload.length >= 8) new DataView(payload.buffer).setUint32(0, (random() % 12) * 8, true);
    for (const _ of formatter.format(payload));
  }
  const { formatter: fresh, number } = make();
  assert.equal(collect(fresh, records([item(number, [1])])), ["<1>", ""]);
});

test("random manifests are refused or used, never a trap", () => {
  const random = generator(7);
  const builder = new ManifestBuilder();
  builder.position("x.stp", 1, 1, "probe begin {}");
  builder.site({ format: "%d %s %5.2s", arguments: ["long", "string", { fixed: 16 }], near: "x", position: 0 });
  const good = builder.done();
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const bytes = good.slice(0, random() % 8 ? good.length : random() % good.length);
    for (let i = 0; i < 3 && bytes.length > 0; i++) bytes[random() % bytes.length] = random() & 255;
    try {
      const formatter = createFormatter(WASM, bytes);
      for (const _ of formatter.format(records([item(0, [1, "a", { fixed: 16, text: "b" }])])));
    } catch (error) {
      assert.match((error as Error).message, /damaged manifest: /);
      refused++;
    }
  }
  assert.ok(refused > 10, `${refused} were refused`);
});

test("memory stays constant over many frames and unfinished units", () => {
  const builder = new ManifestBuilder();
  const site = builder.site({ format: "%8000d", arguments: ["long"] });
  const formatter = createFormatter(WASM, builder.done());
  const frame = records(
    ...Array.from({ length: 100 }, (_, i) => [item(site, [i], i % 2 ? FIRST : 0, i % 2 ? 1 + i : 0)]),
  );
  const ends = records(...Array.from({ length: 50 }, (_, i) => [item(site, [i], RecordFlags.Torn, 2 + 2 * i)]));
  const grown = () => {
    for (const _ of formatter.format(frame));
    for (const _ of formatter.format(ends));
  };
  for (let i = 0; i < 5; i++) grown();
  const before = formatter.memoryBytes();
  for (let i = 0; i < 200; i++) grown();
  assert.is(formatter.openUnits(), 0);
  assert.is(formatter.memoryBytes(), before);
});

test.run();
