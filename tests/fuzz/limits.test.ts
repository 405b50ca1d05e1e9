// Inputs that are too large: the compiler refuses each with one sentence and the place, in seconds and in bounded
// memory. Whatever is not refused compiles.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { compileFor } from "../../cli/compile.ts";
import { ExitError } from "../../cli/exit.ts";
import { createCompiler } from "../../compiler/host/compile.ts";
import { builtCompiler, FACTS } from "../../scripts/fuzz.ts";

const compiler = builtCompiler();
const MOST_MS = 20_000;
const MOST_BYTES = 2 ** 31;

const many = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join("");
const inBegin = (text: string) => `probe begin { ${text} }`;
const inRead = (text: string) => `probe kernel.function("vfs_read") { ${text} }`;
const calls = (count: number) => many(count, (i) => `print(f${i}(1));`);

interface Case {
  name: string;
  script: string;
  args?: string[];
  /** The first error; without it the script compiles. */
  error?: RegExp;
  /** Line and column of the first error. */
  at?: [number, number];
}

const CASES: Case[] = [
  {
    name: "statements, 3.8 MB",
    script: inBegin("a ".repeat(1_900_000)),
    error: /^script has more than 786432 tokens$/,
    at: [1, 1572874],
  },
  { name: "NULs, 4 MB", script: "\0".repeat(4_190_000), error: /^unexpected character$/, at: [1, 1] },
  { name: "open quotes", script: '"\n'.repeat(2_000_000), error: /^string literal without closing quote$/, at: [1, 1] },
  {
    name: "a larger script",
    script: " ".repeat(4_194_305),
    error: /^script is larger than 4194304 bytes$/,
    at: [1, 1],
  },
  {
    name: "a printf of 50,000 arguments",
    script: inBegin(`printf("${"%d".repeat(50_000)}"${",1".repeat(50_000)})`),
    error: /^more than 1024 arguments, parameters or keys$/,
    at: [1, 102071],
  },
  { name: "a printf of 1,000 arguments", script: inBegin(`printf("${"%d".repeat(1000)}"${",1".repeat(1000)})`) },
  {
    name: "a function of 2,000 parameters",
    script: `function f(${many(2000, (i) => `p${i}, `)}q) { }`,
    error: /^more than 1024 arguments, parameters or keys$/,
  },
  {
    name: "an array of 2,000 keys",
    script: inBegin(`a[${"1,".repeat(2000)}1] = 1`),
    error: /^more than 1024 arguments/,
  },
  {
    name: "a name of 1 MB",
    script: inBegin(`${"x".repeat(1e6)} = 1`),
    error: /^name or number longer than 1024/,
    at: [1, 15],
  },
  {
    name: "a number of 1 MB",
    script: inBegin(`a = ${"1".repeat(1e6)}`),
    error: /^name or number longer than 1024/,
    at: [1, 19],
  },
  { name: "an argument of 5 MB", script: inBegin("x = $1"), args: ["x".repeat(5e6)], error: /^name or number longer/ },
  {
    name: "90,000 errors on one line",
    script: inBegin("x(1);".repeat(90_000)),
    error: /^unresolved function 'x'/,
    at: [1, 15],
  },
  {
    name: "80,000 different errors",
    script: inBegin(many(80_000, (i) => `u${i}(1);\n`)),
    error: /^unresolved function 'u0'/,
  },
  {
    name: "70,000 unknown probe points",
    script: "probe a.b { }\n".repeat(70_000),
    error: /probe point mismatch/,
    at: [1, 7],
  },
  { name: "100,000 globals", script: `global ${many(100_000, (i) => `g${i},`)}z\n${inBegin("exit()")}` },
  {
    name: "4,000 globals, used",
    script: `global ${many(4000, (i) => `g${i},`)}z\n${inBegin(many(4000, (i) => `g${i}=1;`))}`,
  },
  { name: "30,000 functions", script: many(30_000, (i) => `function f${i}() { return ${i} }\n`) + inBegin("exit()") },
  { name: "16,000 statements on one line", script: inBegin("x=x+1;".repeat(16_000)) },
  {
    name: "a handler that is too long",
    script: `${many(16_000, (i) => `function f${i}(a) { return ${i}+a }\n`)}${inRead(calls(16_000))}`,
    error: /^the probe's handler does not fit the kernel's limits: it is too long/,
    at: [16_001, 7],
  },
  {
    name: "a function that is too long",
    script: `function f(a) {\n${"b += 10 / a;".repeat(16_000)} return b }\nprobe begin { exit() print(f(1), f(2)) }`,
    error: /^function 'f' does not fit the kernel's limits: it is too long/,
    at: [1, 1],
  },
  {
    name: "a probe of 10,000 points",
    script: `probe ${"timer.s(1),".repeat(10_000)} end { }`,
    error: /more than 4096 probe points/,
  },
  {
    name: "aliases that double",
    script: `probe a0 = begin {}\n${many(30, (i) => `probe a${i + 1} = a${i}, a${i} {}\n`)}probe a30 {}`,
    error: /more than 20000/,
  },
  {
    name: "braces that multiply",
    script: `probe ${"{begin,end}.".repeat(30)}x {}`,
    error: /more than 4096 probe points/,
  },
  {
    name: "macros that double",
    script: `@define m0 %( 1 %)\n${many(30, (i) => `@define m${i + 1} %( @m${i} @m${i} %)\n`)}${inBegin("@m30")}`,
    error: /too many tokens/,
  },
  { name: "deep conditionals", script: `${"%( 1 == 1 %? ".repeat(50_000)}${inBegin("exit()")}${" %)".repeat(50_000)}` },
  {
    name: "deep parentheses",
    script: inBegin(`x = ${"(".repeat(400_000)}`),
    error: /nested too deeply \(the limit is 500\)/,
  },
  { name: "a literal of 3 MB", script: inBegin(`print("${"x".repeat(3_000_000)}")`) },
  {
    name: "regular expressions",
    script: inBegin('if ("a" =~ "((a{100}){100}){100}") exit()'),
    error: /too large a table/,
  },
];

for (const { name, script, args = [], error, at } of CASES) {
  test(`${name}: ${error ? "refused with its place" : "compiled"}`, () => {
    const began = Date.now();
    const scripts = [{ name: "x.stp", bytes: Buffer.from(script, "latin1") }];
    const result = compiler.compile({ scripts, options: [], args, facts: FACTS });
    assert.ok(Date.now() - began < MOST_MS, `it took ${Date.now() - began} ms`);
    assert.ok(result.memoryBytes < MOST_BYTES, `it took ${result.memoryBytes >> 20} MiB`);
    assert.ok(result.messages.length < 100_000, `${result.messages.length} bytes of messages`);
    const first = result.diagnostics.find((diagnostic) => diagnostic.severity === "error");
    if (!error) return assert.is(result.status, "done", first?.message);
    assert.match(first!.message, error);
    assert.ok(first!.place, "it has a place");
    if (at) assert.equal([first!.place?.line, first!.place?.column], at);
  });
}

test("a mark of UTF-8 at the beginning is skipped, and columns do not count it", () => {
  const bytes = Buffer.from("\ufeffprobe begin { x( }");
  const [first] = compiler.compile({ scripts: [{ name: "x.stp", bytes }], options: [], args: [] }).diagnostics;
  assert.is(first!.place!.column, 18);
  const good = Buffer.from("\ufeffprobe begin { exit() }");
  assert.is(compiler.compile({ scripts: [{ name: "x.stp", bytes: good }], options: [], args: [] }).status, "done");
});

/** The compiler with a smaller maximum of its memory: the same bytes but for that number. */
function withMaximum(wasm: Uint8Array, pages: number): Uint8Array {
  const bytes = Uint8Array.from(wasm);
  // A section is its number and its length; that of memories is number 5: count, flags, minimum, maximum.
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    const [length, start] = readLeb(bytes, at);
    at = start + length;
    if (id !== 5) continue;
    assert.is(bytes[start + 1], 1, "the memory has a maximum");
    const place = readLeb(bytes, start + 2)[1];
    const [maximum, end] = readLeb(bytes, place);
    assert.is(maximum, 32768, "of 2 GiB");
    for (let i = place; i < end; ++i, pages >>= 7) bytes[i] = (pages & 127) | (i + 1 < end ? 128 : 0);
  }
  return bytes;
}

/** A number in LEB128, and where it ends. */
function readLeb(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}

test("a script that needs more memory than there is gets one sentence", async () => {
  const wasm = withMaximum(readAsset("compiler.wasm"), 1024);
  const small = createCompiler(wasm, readTapset(), readTapsetIndex());
  const bytes = Buffer.from(many(30_000, (i) => `function f${i}() { return ${i} }\n`) + inBegin("exit()"));
  const sentence = /^the script is too large: its compilation needs more memory than it may have \(2048 MiB\)$/;
  const input = { scripts: [{ name: "x.stp", bytes }], options: [] as [string, string][], args: [] };
  try {
    await compileFor(small, input);
    assert.unreachable("it compiles");
  } catch (error) {
    assert.instance(error, ExitError);
    assert.match((error as Error).message, sentence);
  }
});

test.run();
