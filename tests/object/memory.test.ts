// The compiler's memory: what the passes of a function used is given back, and nothing that was given back is used.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { type CompileResult, createCompiler } from "../../compiler/host/compile.ts";
import { largeScript, manyProbes } from "../../scripts/benchmarks/subjects.ts";
import { ROOT } from "../build-as.ts";

const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());

function compileText(text: string, functions: string[], options: [string, string][] = []): CompileResult {
  const scripts = [{ name: "x.stp", bytes: Buffer.from(text) }];
  const facts = { names: new Map([["functions", functions]]), absent: new Map(), features: [] };
  const result = compiler.compile({ scripts, options, args: [], facts });
  assert.is(result.status, "done", result.messages);
  return result;
}

/** Some places where the back end goes other ways: spills, loops, sorted arrays, large strings. */
function manyKinds(count: number): { text: string; functions: string[] } {
  const functions = Array.from({ length: count }, (_, i) => `function_${i}`);
  const probes = functions.map(
    (name, i) => `probe kernel.function("${name}") {
      c[execname(), pid() % ${i + 2}] <<< reads
      reads += pid() * ${i} + tid()
      for (i = 0; i < ${(i % 7) + 1}; i++) s = sprintf("%s %d", execname(), i + reads)
      if (reads > 100) printf("%s %s %d\\n", s, substr(s, 1, 3), @count(c[s, 1]))
      if (s =~ "a.*b${i}") delete c
    }\n`,
  );
  return { text: `global c, reads\n${probes.join("")}`, functions };
}

test("a small probe takes 60 KB of memory, not ten times that", () => {
  for (const count of [1000, 4000]) {
    const { text, functions } = manyProbes(count);
    const { memoryBytes } = compileText(text, functions);
    assert.ok(memoryBytes < count * 60_000, `${count} probes: ${Math.round(memoryBytes / count)} bytes a probe`);
  }
});

test("many probes of many kinds take memory in proportion", () => {
  const bytes = [100, 400].map((count) => {
    const { text, functions } = manyKinds(count);
    return compileText(text, functions).memoryBytes / count;
  });
  assert.ok(bytes[1]! < bytes[0]! * 1.3, `${bytes.map(Math.round).join(" then ")} bytes a probe`);
});

test("objects are the same when memory that was given back is overwritten", () => {
  const subjects = [manyProbes(50), manyKinds(20), { text: largeScript(), functions: ["vfs_read", "vfs_write"] }];
  for (const { text, functions } of subjects) {
    const plain = compileText(text, functions);
    const poisoned = compileText(text, functions, [["check", "1"]]);
    assert.equal(poisoned.object, plain.object);
    assert.is(poisoned.messages, plain.messages);
  }
});

test("module variables of the compiler do not change, so that none can point to memory that was given back", () => {
  // The inputs lie beneath every mark; `poisons` is a flag.
  const allowed = ["compiler/index.ts: let inputs", "compiler/memory.ts: let poisons"];
  const files = readdirSync(join(ROOT, "compiler"), { recursive: true, encoding: "utf8" })
    .map((name) => `compiler/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !/\/(host|testing)\//.test(name));
  assert.ok(files.length > 100);
  const found = files.flatMap((name) =>
    [...readFileSync(join(ROOT, name), "utf8").matchAll(/^(?:export )?(let \w+)/gm)].map(
      (match) => `${name}: ${match[1]}`,
    ),
  );
  assert.equal(found.sort(), allowed);
});

test.run();
