// Control characters on a terminal: the machine's are shown, the script's pass as far as its literals have them.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFormatter, type OnTerminal } from "../../agent/host/formatter.ts";
import { Origin } from "../../common/format/manifest.ts";
import { SiteKind } from "../../common/format/record.ts";
import { type ArgumentValue, item, ManifestBuilder, records, type SiteShape } from "./manifest-builder.ts";

const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));
const BOTH: OnTerminal = { text: true, messages: true };

/** What a site prints for one value, as Latin-1: text and messages one after the other. */
function shown(value: ArgumentValue, shape: SiteShape, onTerminal = BOTH, controls = ["", ""]): string {
  const builder = new ManifestBuilder();
  builder.controls = { characters: controls[0]!, afterEscape: controls[1]! };
  const site = builder.site({ arguments: [typeof value === "number" ? "long" : "string"], ...shape });
  const formatter = createFormatter(WASM, builder.done());
  formatter.onTerminal(onTerminal);
  let all = "";
  for (const { text, messages } of formatter.format(records([item(site, [value])]))) {
    all += Buffer.from(text).toString("latin1") + Buffer.from(messages).toString("latin1");
  }
  return all;
}

const ofMachine = (value: ArgumentValue, format = "%s") => shown(value, { format });
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

test("control characters of the machine are escaped, newlines and tabs are not", () => {
  assert.is(ofMachine("a\x1b[2J\x07\r\b\x7f\n\tb"), "a\\x1b[2J\\x07\\x0d\\x08\\x7f\n\tb");
  assert.is(ofMachine("plain text"), "plain text");
  assert.is(ofMachine(""), "");
});

test("so are C1, characters that change the direction of text, and bytes that are not UTF-8", () => {
  assert.is(ofMachine("\u009b31m"), "\\xc2\\x9b31m");
  assert.is(ofMachine("\u202eabc\u2066\u061c\u2028"), "\\xe2\\x80\\xaeabc\\xe2\\x81\\xa6\\xd8\\x9c\\xe2\\x80\\xa8");
  assert.is(ofMachine(Uint8Array.of(0x9b, 0x41, 0xff, 0xc3)), "\\x9bA\\xff\\xc3");
  assert.is(ofMachine(Uint8Array.of(0xed, 0xa0, 0x80, 0xe0, 0x80, 0x80)), "\\xed\\xa0\\x80\\xe0\\x80\\x80");
  assert.is(ofMachine("é 日本 😀 \u00a0"), utf8("é 日本 😀 \u00a0"));
});

test("every conversion that shows bytes is covered, and digits are left alone", () => {
  assert.is(ofMachine(27, "%c"), "\\x1b");
  assert.is(ofMachine(0x1b41, "%2b"), "A\\x1b");
  assert.is(ofMachine("\x1b", "%5s|"), "    \\x1b|");
  assert.is(ofMachine("\x1b", "%#s"), "\\033");
  assert.is(ofMachine(27, "%d"), "27");
  assert.is(ofMachine(Uint8Array.of(0x1b, 0x41), "%.2m"), "\\x1bA");
  assert.is(ofMachine(Uint8Array.of(0x1b, 0x41), "%.2M"), "1b41");
});

test("the text of a format passes as it is", () => {
  assert.is(shown("x\x1b", { format: "\x1b[1m%s\x1b[0m" }), "\x1b[1mx\\x1b\x1b[0m");
});

test("the script's own values pass as far as its literals hold such characters", () => {
  const script = { format: "%s", origin: Origin.Script };
  assert.is(shown("\x1b[2J\x07", script, BOTH, ["\x1b", "["]), "\x1b[2J\\x07");
  assert.is(shown("\x1b]0;x\x07", script, BOTH, ["\x1b\x07", "["]), "\\x1b]0;x\x07");
  assert.is(shown("\x1b]0;x\x07", script, BOTH, ["\x1b\x07", "\x1b"]), "\x1b]0;x\x07");
  assert.is(shown("\x1b[2J", script), "\\x1b[2J");
  assert.is(shown("\u009b", script, BOTH, ["\x9b", ""]), "\xc2\x9b");
  assert.is(shown("\x1b[2J", { format: "%s" }, BOTH, ["\x1b", "["]), "\\x1b[2J");
});

test("messages follow their own stream, and what goes to no terminal is as it is", () => {
  const warning = { kind: SiteKind.Warning, format: "%s" };
  assert.is(shown("\x1b", warning, { text: false, messages: true }), "WARNING: \\x1b\n");
  assert.is(shown("\x1b", warning, { text: true, messages: false }), "WARNING: \x1b\n");
  assert.is(shown("\x1b", { format: "%s" }, { text: false, messages: true }), "\x1b");
});

test.run();
