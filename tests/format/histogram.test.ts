// Histograms as text, through the Wasm module that the host uses. The layouts are those in stap's documents.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFormatter } from "../../agent/host/formatter.ts";
import { item, ManifestBuilder, records } from "./manifest-builder.ts";

const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));
const LOG_ZERO = 64;

/** What print makes of a histogram; `counts` by bucket. */
function draw(low: bigint, width: bigint, buckets: number, counts: Record<number, number | bigint>): string {
  const builder = new ManifestBuilder();
  const site = builder.site({ format: "%H", arguments: [{ buckets }] });
  const words: bigint[] = Array.from({ length: buckets }, (_, i) => BigInt(counts[i] ?? 0));
  const formatter = createFormatter(WASM, builder.done());
  let text = "";
  for (const part of formatter.format(records([item(site, [low, width, ...words])]))) {
    assert.is(Buffer.from(part.messages).toString("latin1"), "");
    text += Buffer.from(part.text).toString("latin1");
  }
  return text;
}

/** A histogram of powers of two; `counts` by the value that a row shows. */
function drawLog(counts: Record<number, number>): string {
  const byBucket: Record<number, number> = {};
  for (const [value, count] of Object.entries(counts)) {
    const magnitude = Number(value) === 0 ? 0 : Math.log2(Math.abs(Number(value))) + 1;
    byBucket[LOG_ZERO + Math.sign(Number(value)) * magnitude] = count;
  }
  return draw(0n, 0n, 128, byBucket);
}

const bar = (length: number) => "@".repeat(length).padEnd(50);
const RULE = "-".repeat(50);

test("a logarithmic histogram shows two empty rows on either side, and none below zero without need", () => {
  const expected = [
    `value |${RULE} count`,
    `    0 |${bar(2)}  2`,
    `    1 |${bar(1)}  1`,
    `    2 |${bar(19)} 19`,
    `    4 |${bar(8)}  8`,
    `    8 |${bar(1)}  1`,
    `   16 |${bar(2)}  2`,
    `   32 |${bar(0)}  0`,
    `   64 |${bar(0)}  0`,
    "\n",
  ].join("\n");
  assert.is(drawLog({ 0: 2, 1: 1, 2: 19, 4: 8, 8: 1, 16: 2 }), expected);
});

test("bars are scaled down to 50 characters, and runs of empty rows become one ~", () => {
  const lines = drawLog({ "-67108864": 1, "-2048": 31, 0: 246, 4096: 102 }).split("\n");
  const expected = [
    `     value |${RULE} count`,
    `-268435456 |${bar(0)}   0`,
    `-134217728 |${bar(0)}   0`,
    ` -67108864 |${bar(0)}   1`,
    ` -33554432 |${bar(0)}   0`,
    ` -16777216 |${bar(0)}   0`,
    "           ~",
    `     -8192 |${bar(0)}   0`,
    `     -4096 |${bar(0)}   0`,
    `     -2048 |${bar(6)}  31`,
    `     -1024 |${bar(0)}   0`,
    `      -512 |${bar(0)}   0`,
    "           ~",
    `        -2 |${bar(0)}   0`,
    `        -1 |${bar(0)}   0`,
    `         0 |${bar(49)} 246`,
    `         1 |${bar(0)}   0`,
    `         2 |${bar(0)}   0`,
    "           ~",
    `      1024 |${bar(0)}   0`,
  ];
  assert.equal(lines.slice(0, expected.length), expected);
});

test("a linear histogram has rows for what lies outside only where something does", () => {
  const inside = draw(10n, 10n, 7, { 3: 4 });
  assert.is(
    inside,
    [
      `value |${RULE} count`,
      `   10 |${bar(0)} 0`,
      `   20 |${bar(0)} 0`,
      `   30 |${bar(4)} 4`,
      `   40 |${bar(0)} 0`,
      `   50 |${bar(0)} 0`,
      "\n",
    ].join("\n"),
  );
  const outside = draw(1n, 1n, 5, { 0: 1, 1: 1, 4: 7 });
  assert.is(
    outside,
    [
      `value |${RULE} count`,
      `   <1 |${bar(1)} 1`,
      `    1 |${bar(1)} 1`,
      `    2 |${bar(0)} 0`,
      `    3 |${bar(0)} 0`,
      `   >3 |${bar(7)} 7`,
      "\n",
    ].join("\n"),
  );
});

test("the greatest and least values of 64 bits have their rows", () => {
  const text = draw(0n, 0n, 128, { 0: 1, 127: 1 });
  assert.match(text, /^-9223372036854775808 \|@ /m);
  assert.match(text, /^ 4611686018427387904 \|@ /m);
});

test("numbers that no script makes are drawn in finite space", () => {
  const top = 2n ** 64n - 1n;
  for (const [low, width] of [
    [0n, 0n],
    [-(2n ** 63n), 2n ** 63n - 1n],
    [5n, -1n],
  ] as const) {
    for (const buckets of [1, 2, 3, 128, 1000]) {
      const text = draw(low, width, buckets, { 0: top, [buckets - 1]: 1, [buckets >> 1]: top });
      assert.ok(text.length < 100 * (buckets + 4), `${low} ${width} ${buckets}`);
    }
  }
  assert.match(draw(0n, 0n, 128, {}), /^ *value \|-+ count\n/);
});

test("a histogram of no buckets, or of a size that is none, is refused with the manifest", () => {
  const builder = new ManifestBuilder();
  builder.site({ format: "%H", arguments: [{ buckets: 0 }] });
  assert.throws(() => createFormatter(WASM, builder.done()));
});

test.run();
