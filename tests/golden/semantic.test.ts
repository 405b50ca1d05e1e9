// Golden files of pass 2: `semantic/x.stp` beside `x.p2` (what -p2 prints, or the needs of the first round) and `x.err`
// (errors or warnings, if there are any).
//
// Lines at the top of a script describe its environment. BLESS=1 writes the results; read the diff.
//
//   # functions: vfs_read *     names that the remote has, and patterns that were answered
//   # absent: vfs_raed          names that it does not have
//   # tracepoints: …            the same of tracepoints
//   # modules: ext4 *           the same of modules that are loaded
//   # module-functions: ext4:ext4_sync_file *:*     # absent-module-functions: *:vfs_raed
//   # remote                    there is a remote, and nothing was asked yet
//   # arch: arm64               # define: NAME=VALUE       # global: NAME=VALUE       # tapset: none

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instantiateSync } from "@assemblyscript/loader";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tapsetIndex } from "../../scripts/generate/tapset-index.ts";
import { buildModule, ROOT } from "../build-as.ts";

const FOLDER = join(ROOT, "tests/golden/semantic");
const TAPSET = join(ROOT, "tapset");
const BLESS = process.env.BLESS === "1";

interface Exports extends Record<string, unknown> {
  addPresent(kind: number, text: number): void;
  addAbsent(kind: number, text: number): void;
  setArch(name: number): void;
  setGuru(): void;
  define(name: number, value: number): void;
  setGlobal(name: number, value: number): void;
  setIndex(text: number): void;
  addTapset(name: number, text: number): void;
  addScript(name: number, text: number): void;
  run(): number;
  render(): number;
}

let module: WebAssembly.Module;

/** What pass 2 makes of a script, in a fresh instance. */
function analyse(name: string, text: string): { text: string; errors: string } {
  const { exports } = instantiateSync<Exports>(module);
  const put = (value: string) => exports.__newString(value);
  const settings = [...text.matchAll(/^# ([a-z-]+)(?:: (.*))?$/gm)];
  const lines = (words: string) => put(words.split(" ").join("\n"));
  const pair = (words: string) => words.split("=").map(put) as [number, number];
  let tapset = true;
  for (const [, key, value = ""] of settings) {
    if (/^(functions|tracepoints|modules|module-functions)$/.test(key)) exports.addPresent(put(key), lines(value));
    else if (key.startsWith("absent-")) exports.addAbsent(put(key.slice(7)), lines(value));
    else if (key === "absent") exports.addAbsent(put("functions"), lines(value));
    else if (key === "remote") exports.addPresent(put("functions"), put(""));
    else if (key === "arch") exports.setArch(put(value));
    else if (key === "guru") exports.setGuru();
    else if (key === "define") exports.define(...pair(value));
    else if (key === "global") exports.setGlobal(...pair(value));
    else if (key === "tapset") tapset = value !== "none";
  }
  exports.setIndex(put(tapsetIndex(TAPSET)));
  for (const file of tapset ? readdirSync(TAPSET).filter((one) => one.endsWith(".stp")) : []) {
    exports.addTapset(put(file), put(readFileSync(join(TAPSET, file), "latin1")));
  }
  exports.addScript(put(name), put(text));
  const printed = exports.__getString(exports.run());
  return { text: Buffer.from(printed, "latin1").toString("utf8"), errors: exports.__getString(exports.render()) };
}

/** Compares a text with its file; no text means no file. */
function compare(file: string, actual: string): void {
  if (BLESS && actual !== "") writeFileSync(file, actual);
  else if (BLESS) rmSync(file, { force: true });
  assert.fixture(actual, existsSync(file) ? readFileSync(file, "utf8") : "", file);
}

test("pass 2 is built", async () => {
  module = await buildModule("golden-semantic", ["tests/as/semantic.ts"]);
});

const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".stp"));

test("there are scripts", () => {
  assert.ok(scripts.length > 20);
});

for (const script of scripts) {
  test(script, () => {
    const result = analyse(script, readFileSync(join(FOLDER, script), "latin1"));
    assert.ok(result.text !== "" || result.errors !== "", "something comes out");
    compare(join(FOLDER, script.replace(/stp$/, "p2")), result.text);
    compare(join(FOLDER, script.replace(/stp$/, "err")), result.errors);
  });
}

test.run();
