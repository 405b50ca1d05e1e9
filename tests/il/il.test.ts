// Golden files of the back-end: `x.il` is a function in the IR's printed form (compiler/ir/print.ts), and beside it
// `x.<phase>` is what it is after that pass (`x.fold`, `x.number`, `x.legalize` …), `x.bpf` its code, `x.err` why it is
// refused. Every `.il` must print as it was written. BLESS=1 writes what came out; read the diff.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instantiate } from "@assemblyscript/loader";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildModule, ROOT } from "../build-as.ts";

const FOLDER = join(ROOT, "tests/il");
const BLESS = process.env.BLESS === "1";

interface Exports extends Record<string, unknown> {
  reprint(text: number): number;
  run(text: number, phase: number): number;
}

let module: WebAssembly.Module;

async function reprint(text: string): Promise<string> {
  const { exports } = await instantiate<Exports>(module);
  return exports.__getString(exports.reprint(exports.__newString(text)));
}

async function run(text: string, phase: string): Promise<string> {
  const { exports } = await instantiate<Exports>(module);
  return exports.__getString(exports.run(exports.__newString(text), exports.__newString(phase)));
}

/** The text without comment lines, which printing does not give back. */
function withoutComments(text: string): string {
  return text.replace(/^;.*\n/gm, "");
}

function compare(file: string, actual: string): void {
  if (BLESS) writeFileSync(file, actual);
  assert.fixture(actual, readFileSync(file, "utf8"), file);
}

test("the back-end is built", async () => {
  module = await buildModule("il", ["tests/il/as/il.ts"]);
});

const names = readdirSync(FOLDER);

for (const name of names.filter((other) => other.endsWith(".il"))) {
  const stem = name.slice(0, -".il".length);
  const expected = names.filter((other) => other.startsWith(`${stem}.`) && other !== name);

  test(`${name} has something to compare with`, () => assert.ok(expected.length > 0));

  for (const file of expected) {
    test(file, async () => {
      const text = readFileSync(join(FOLDER, name), "utf8");
      const phase = file.slice(stem.length + 1);
      const printed = await reprint(text);
      if (phase === "err") {
        compare(join(FOLDER, file), printed);
        return;
      }
      assert.fixture(printed, withoutComments(text), "what is parsed prints the same");
      compare(join(FOLDER, file), await run(text, phase));
    });
  }
}

test.run();
