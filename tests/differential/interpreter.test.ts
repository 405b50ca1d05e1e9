// Random programs: the agent's interpreter must print what evaluate.ts says. A difference is shown with a small
// program.
//
//   STAP_REMOTE_SEED=1000 STAP_REMOTE_COUNT=5000 npx tsx tests/differential/interpreter.test.ts

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { createCompiler, type Facts } from "../../compiler/host/compile.ts";
import { batchScripts } from "../conformance/batch.ts";
import { compareInterpreter, subjects } from "./compare.ts";

const SEED = Number(process.env.STAP_REMOTE_SEED ?? 1);
const COUNT = Number(process.env.STAP_REMOTE_COUNT ?? 1000);
const GROUP = 100;
/** A kernel that has the function that the probes are on, and no other. */
const FACTS: Facts = {
  names: new Map([["functions", ["vfs_symlink"]]]),
  absent: new Map(),
  features: [],
};
const KERNEL: [string, string][] = [
  ["arch", "x86_64"],
  ["release", "6.12.0"],
  ["warn", "w"],
];
const test = suite("differential");

test("a seed gives the same program every time", () => {
  const [first, second] = [subjects(SEED, 5), subjects(SEED, 5)];
  assert.equal(
    first.map(({ script }) => script),
    second.map(({ script }) => script),
  );
  assert.is(new Set(first.map(({ script }) => script)).size, 5);
});

test("random programs do most of what the language has", () => {
  const text = subjects(SEED, 100)
    .map(({ script }) => script)
    .join("");
  for (const part of [
    "foreach (",
    "while (",
    "for (",
    "try {",
    "catch (",
    "delete ",
    "return ",
    " in a",
    " limit ",
    " <<< ",
    "@count(",
    "@min(",
    "@variance(",
    "@hist_log(",
    "@hist_linear(",
    "delete q",
    "error(",
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test("random programs compile as kernel probes", () => {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const refused: string[] = [];
  for (const { seed, script } of subjects(SEED, Math.min(COUNT, 300))) {
    const bytes = new TextEncoder().encode(batchScripts([script]));
    const result = compiler.compile({ scripts: [{ name: "<input>", bytes }], options: KERNEL, args: [], facts: FACTS });
    if (result.status !== "done") refused.push(`seed ${seed}: ${result.messages}`);
  }
  assert.equal(refused, []);
});

for (let from = 0; from < COUNT; from += GROUP) {
  test(`programs from seed ${SEED + from}`, async () => {
    const reports: string[] = [];
    for (const subject of subjects(SEED + from, Math.min(GROUP, COUNT - from))) {
      if (subject.seed >= SEED + from + GROUP || reports.length >= 3) break;
      const report = await compareInterpreter(subject);
      if (report) reports.push(report);
    }
    assert.is(reports.join("\n\n"), "");
  });
}

test.run();
