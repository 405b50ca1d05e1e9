// Golden files of lowering: `lower/x.stp` beside `x.il`, what --dump=il prints of it for x86_64. The script may name
// any function of the kernel. A comment in its first line says what it is a case of. BLESS=1 writes what came out; read
// the diff.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { createCompiler } from "../../compiler/host/compile.ts";
import { ROOT } from "../build-as.ts";

const FOLDER = join(ROOT, "tests/golden/lower");
const BLESS = process.env.BLESS === "1";

const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".stp"));

/** The IR of a script, each function as lowering made it. */
function lowered(name: string, bytes: Buffer): string {
  const options: [string, string][] = [
    ["arch", "x86_64"],
    ["dump", "il"],
    ["check", "1"],
  ];
  const result = compiler.compile({ scripts: [{ name, bytes }], options, args: [] });
  assert.is(result.messages, "");
  return result.text ?? "";
}

for (const script of scripts) {
  test(script, () => {
    const bytes = readFileSync(join(FOLDER, script));
    assert.match(bytes.toString(), /^# .+\n/, "the first line says what the case is");
    const il = lowered(script, bytes);
    const file = join(FOLDER, script.replace(/stp$/, "il"));
    if (BLESS) writeFileSync(file, il);
    assert.fixture(il, existsSync(file) ? readFileSync(file, "utf8") : "", file);
  });
}

test("every file belongs to a script, and there are scripts", () => {
  const stems = scripts.map((name) => name.slice(0, -4));
  assert.ok(stems.length >= 15);
  const lost = readdirSync(FOLDER).filter((name) => !stems.includes(name.replace(/\.(stp|il)$/, "")));
  assert.equal(lost, []);
});

test.run();
