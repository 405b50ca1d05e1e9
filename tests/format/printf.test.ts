// printf, print, println, printd, printdln, errors and warnings as text: expected tables, through the Wasm module that
// the host uses. Values and formats were worked out from stap's manual, not taken from a run of this code.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFormatter } from "../../agent/host/formatter.ts";
import { SiteStyle } from "../../common/format/manifest.ts";
import { SiteKind } from "../../common/format/record.ts";
import {
  type ArgumentShape,
  type ArgumentValue,
  item,
  ManifestBuilder,
  records,
  type SiteShape,
} from "./manifest-builder.ts";

const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));

function shapeOf(value: ArgumentValue): ArgumentShape {
  if (typeof value === "number" || typeof value === "bigint") return "long";
  return typeof value === "object" && "fixed" in value ? { fixed: value.fixed } : "string";
}

/** What one site prints for these values: [text, messages], as Latin-1. */
function run(shape: SiteShape, values: ArgumentValue[], builder = new ManifestBuilder()): [string, string] {
  const site = builder.site({ ...shape, arguments: values.map(shapeOf) });
  const formatter = createFormatter(WASM, builder.done());
  let text = "";
  let messages = "";
  for (const part of formatter.format(records([item(site, values)]))) {
    text += Buffer.from(part.text).toString("latin1");
    messages += Buffer.from(part.messages).toString("latin1");
  }
  return [text, messages];
}

const printf = (format: string, ...values: ArgumentValue[]) => run({ format }, values)[0];

const TABLE: [string, ArgumentValue[], string][] = [
  ["hello\n", [], "hello\n"],
  ["", [], ""],
  ["100%%\n", [], "100%\n"],
  ["%d", [-1], "-1"],
  ["%i", [7], "7"],
  ["%u", [-1], "18446744073709551615"],
  ["%d", [-(2n ** 63n)], "-9223372036854775808"],
  ["%x %X", [0xbeefn, 0xbeefn], "beef BEEF"],
  ["%o", [8], "10"],
  ["%p", [0x1234abcd], "0x1234abcd"],
  ["%p", [0], "0x0"],
  ["%#o %#x %#X", [1, 2, 3], "01 0x2 0X3"],
  ["%#x", [0], "0x0"],
  ["[%5d] [%-5d] [%05d]", [42, 42, 42], "[   42] [42   ] [00042]"],
  ["[%+d] [% d] [%+d]", [42, 42, -42], "[+42] [ 42] [-42]"],
  ["[%5d] [%05d]", [-42, -42], "[  -42] [-0042]"],
  ["[%.3d] [%8.3d] [%-8.3d]", [5, 5, 5], "[005] [     005] [005     ]"],
  ["[%#06x] [%#6x] [%-#6x]", [10, 10, 10], "[0x000a] [   0xa] [0xa   ]"],
  ["[%*d] [%-*d]", [6, 42, 6, 42], "[    42] [42    ]"],
  ["[%*d]", [-6, 42], "[42    ]"],
  ["[%.*d]", [4, 42], "[0042]"],
  ["[%.*s]", [2, "abc"], "[ab]"],
  ["[%s]", ["text"], "[text]"],
  ["[%6s] [%-6s] [%.2s] [%6.2s]", ["text", "text", "text", "text"], "[  text] [text  ] [te] [    te]"],
  ["[%s]", [{ fixed: 16, text: "swapper/0" }], "[swapper/0]"],
  ["[%s]", [{ fixed: 8, text: "12345678" }], "[12345678]"],
  ["[%s]", [""], "[]"],
  ["%c%c%c", [104, 105, 10], "hi\n"],
  ["[%c]", [0], "[\0]"],
  ["[%c]", [0x141], "[A]"],
  ["[%3c] [%-3c]", [65, 65], "[  A] [A  ]"],
  ["%#c %#c %#c", [0, 9, 42], "\\000 \\t *"],
  ["%#c%#c%#c", [39, 92, 200], "\\'\\\\\\310"],
  ["[%#s] [%#9s] [%-#9s]", ["a\n\"'\\", "\x01x", "\t"], "[a\\n\\\"'\\\\] [    \\001x] [\\t       ]"],
  ["%4b", [0x64636261], "abcd"],
  ["%1b%2b", [0x41, 0x4342], "ABC"],
  ["%b", [0x4847464544434241n], "ABCDEFGH"],
  ["[%.2b]", [0x4241], "[AB]"],
  ["[%4.2b]", [0x4241], "[  AB]"],
  ["%.4m", [Uint8Array.of(65, 0, 66, 67)], "A\0BC"],
  ["%m", ["xyz"], "x"],
  ["%.4M", [Uint8Array.of(0xde, 0xad, 0xbe, 0xef)], "deadbeef"],
  ["[%10.4M]", [Uint8Array.of(0xde, 0xad, 0xbe, 0xef)], "[  deadbeef]"],
  ["[%-10.2M]", [Uint8Array.of(0xde, 0xad)], "[dead      ]"],
  ["%.*M", [2, Uint8Array.of(1, 2)], "0102"],
  ["%d:%s:%x\n", [1, "two", 3], "1:two:3\n"],
  ["caf\u00e9", [], "caf\u00c3\u00a9"],
  ["%", [], "%"],
  ["100%", [], "100%"],
  ["%z", [], "%z"],
];

for (const [format, values, want] of TABLE) {
  test(`printf ${JSON.stringify(format)} makes ${JSON.stringify(want)}`, () => {
    assert.is(printf(format, ...values), want);
  });
}

test("print joins its arguments, println adds a newline, printd a delimiter", () => {
  const list = (style: SiteStyle, format: string) => run({ style, format }, [1, "b", -3])[0];
  assert.is(list(SiteStyle.Plain, ""), "1b-3");
  assert.is(list(SiteStyle.DelimitedLine, ""), "1b-3\n");
  assert.is(list(SiteStyle.Delimited, ", "), "1, b, -3");
  assert.is(list(SiteStyle.DelimitedLine, "|"), "1|b|-3\n");
});

test("an error says what it is near and where", () => {
  const builder = new ManifestBuilder();
  const position = builder.position("x.stp", 3, 7, "  a = b / c");
  const shape = { kind: SiteKind.Error, format: "division by 0", near: "operator '/'", position };
  assert.equal(run(shape, [], builder), ["", "ERROR: division by 0 near operator '/' at x.stp:3:7\n"]);
});

test("an error of the script's own has its text alone", () => {
  assert.equal(run({ kind: SiteKind.Error, format: "%s" }, ["no luck"]), ["", "ERROR: no luck\n"]);
});

test("a warning goes to the messages, a log line to the output", () => {
  assert.equal(run({ kind: SiteKind.Warning, format: "%s" }, ["careful\n"]), ["", "WARNING: careful\n"]);
  assert.equal(run({ kind: SiteKind.Log, format: "%s" }, ["noted"]), ["noted\n", ""]);
});

test("exit prints nothing", () => {
  assert.equal(run({ kind: SiteKind.Exit }, []), ["", ""]);
});

test.run();
