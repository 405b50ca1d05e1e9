// Golden files of pass 1: `parse/x.stp` beside `x.p1` (what -p1 prints), `x.ast` (the nodes) or `x.err` (diagnostics).
//
// The first line of a script may be `# options: -g` or `# args: one two`. BLESS=1 writes what came out; read the diff.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instantiate } from "@assemblyscript/loader";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildModule, RELEASE, ROOT } from "../build-as.ts";

const FOLDER = join(ROOT, "tests/golden/parse");
const BLESS = process.env.BLESS === "1";

interface Exports extends Record<string, unknown> {
  addArgument(argument: number): void;
  setGuru(): void;
  parse(name: number, text: number, result: number): number;
  render(): number;
  json(): number;
}

interface Options {
  guru: boolean;
  args: string[];
}

interface Parsed {
  text: string;
  dump: string;
  errors: string;
  json: unknown[];
}

let module: WebAssembly.Module;

function latin1(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** Parses a byte string in a fresh instance; `result` 0 is the text, 1 the nodes. */
async function run(name: string, text: string, options: Options, result: number) {
  const { exports } = await instantiate<Exports>(module);
  for (const argument of options.args) exports.addArgument(exports.__newString(argument));
  if (options.guru) exports.setGuru();
  const output = exports.__getString(exports.parse(exports.__newString(name), exports.__newString(text), result));
  return { text: output, errors: exports.__getString(exports.render()), json: exports.__getString(exports.json()) };
}

/** Everything pass 1 says about a script. */
async function parse(name: string, text: string): Promise<Parsed> {
  const first = text.split("\n")[0]!;
  const args = first.startsWith("# args: ") ? first.slice("# args: ".length).split(" ") : [];
  const options = { guru: first === "# options: -g", args };
  const printed = await run(name, text, options, 0);
  const dumped = await run(name, text, options, 1);
  if (printed.text !== "") {
    const again = await run(name, printed.text, options, 1);
    assert.is(again.errors, "", `${name}: what -p1 prints can be parsed`);
    assert.is(again.text, dumped.text, `${name}: what -p1 prints is the same tree`);
  }
  return {
    text: latin1(printed.text),
    dump: latin1(dumped.text),
    errors: printed.errors,
    json: JSON.parse(printed.json) as unknown[],
  };
}

function compare(file: string, actual: string): void {
  if (BLESS) writeFileSync(file, actual);
  assert.fixture(actual, readFileSync(file, "utf8"), file);
}

test("the parser is built", async () => {
  module = await buildModule("golden-parse", ["tests/as/parse.ts"], RELEASE);
});

test("a large script takes linear memory", async () => {
  const statements = 'x = a["key", i + 1] . "text"; if (x == "") { printf("%s\\n", x) }\n';
  const script = `probe begin {\n${statements.repeat(3000)}}\n`;
  const { exports } = await instantiate<Exports>(module);
  const printed = exports.__getString(exports.parse(exports.__newString("large.stp"), exports.__newString(script), 0));
  assert.is(exports.__getString(exports.render()), "");
  assert.ok(printed.length > script.length, "all of it is printed");
  assert.ok(exports.memory!.buffer.byteLength < 200 * script.length, `${exports.memory!.buffer.byteLength} bytes`);
});

test("what is nested 100,000 deep is a diagnostic", async () => {
  for (const [head, part, tail] of [
    ["probe begin { x = ", "(", ""],
    ["probe begin ", "{", ""],
    ["probe begin { x = 1", " + 1", " }"],
    ["probe begin { ", "if (a) b; else ", "c }"],
  ] as const) {
    const script = head + part.repeat(100000) + tail;
    const parsed = await run("deep.stp", script, { guru: false, args: [] }, 0);
    assert.match(parsed.errors, /^parse error: nested too deeply \(the limit is \d+\)\n/);
  }
});

const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".stp"));

test("there are scripts", () => {
  assert.ok(scripts.length > 10);
});

for (const script of scripts) {
  test(script, async () => {
    const parsed = await parse(script, readFileSync(join(FOLDER, script), "latin1"));
    const expected = (extension: string) => join(FOLDER, script.replace(/stp$/, extension));
    const hasErrors = parsed.text === "";
    assert.is(parsed.json.length > 0, parsed.errors !== "", "JSON and text tell of the same diagnostics");
    if (hasErrors) {
      compare(expected("err"), parsed.errors);
      assert.not.ok(existsSync(expected("p1")), "a script has either a tree or errors");
    } else {
      compare(expected("p1"), parsed.text);
      if (existsSync(expected("ast"))) compare(expected("ast"), parsed.dump);
      if (parsed.errors !== "" || existsSync(expected("err"))) compare(expected("err"), parsed.errors);
    }
  });
}

test.run();
