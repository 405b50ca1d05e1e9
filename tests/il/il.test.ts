// Golden files of the back-end: `x.il` is a function in the IR's printed form (compiler/ir/print.ts), and beside it
// `x.<phase>` is what it is after that phase (`x.fold`, `x.number`, `x.isel`, `x.regalloc` …), `x.bpf` its code,
// `x.err` why it is refused. Every `.il` must print as it was written. BLESS=1 writes what came out; read the diff.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instantiate } from "@assemblyscript/loader";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildModule, ROOT } from "../build-as.ts";

const FOLDER = join(ROOT, "tests/il");
const MACHINE_PHASES = ["isel", "regalloc", "frame"];
const BLESS = process.env.BLESS === "1";

interface Exports extends Record<string, unknown> {
  reprint(text: number): number;
  run(text: number, phase: number, skip: number): number;
  phases(): number;
}

let module: WebAssembly.Module;

async function reprint(text: string): Promise<string> {
  const { exports } = await instantiate<Exports>(module);
  return exports.__getString(exports.reprint(exports.__newString(text)));
}

async function run(text: string, phase: string, skip = ""): Promise<string> {
  const { exports } = await instantiate<Exports>(module);
  const put = (words: string) => exports.__pin(exports.__newString(words));
  return exports.__getString(exports.run(put(text), put(phase), put(skip)));
}

/** Passes on the IR, each once, and the phases behind them. */
async function phases(): Promise<string[]> {
  const { exports } = await instantiate<Exports>(module);
  return [...new Set(exports.__getString(exports.phases()).trim().split("\n"))];
}

/** Whether something else comes out when a pass is left out; others that need it may refuse to run. */
async function changesWithout(text: string, pass: string, expected: string): Promise<boolean> {
  try {
    return (await run(text, pass, pass)) !== expected;
  } catch {
    return true;
  }
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

test("every pass has a case that fails when the pass is switched off, and every other phase a case", async () => {
  const lacking: string[] = [];
  for (const phase of await phases()) {
    const cases = names.filter((name) => name.endsWith(`.${phase}`));
    let fails = false;
    for (const file of cases) {
      const text = readFileSync(join(FOLDER, `${file.slice(0, -phase.length - 1)}.il`), "utf8");
      fails ||= await changesWithout(text, phase, readFileSync(join(FOLDER, file), "utf8"));
    }
    // Instruction selection and what follows cannot be left out.
    const isPass = !MACHINE_PHASES.includes(phase);
    if (cases.length === 0 || (isPass && !fails)) lacking.push(phase);
  }
  assert.equal(lacking, []);
});

test.run();
