// JSON Lines and lines with times, as the formatter makes them. The lines are checked against docs/json.schema.json by
// a validator that others wrote.

import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFormatter, type Formatter } from "../../agent/host/formatter.ts";
import { JsonLines } from "../../cli/json-lines.ts";
import { StopReason } from "../../common/format/frame.ts";
import { Show } from "../../common/format/manifest.ts";
import { SiteKind } from "../../common/format/record.ts";
import { item, ManifestBuilder, records, type SiteShape } from "./manifest-builder.ts";

const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));
const schema = JSON.parse(readFileSync(new URL("../../docs/json.schema.json", import.meta.url), "utf8"));
const isValid = new Ajv2020({ allErrors: true, strictTypes: false }).compile(schema);

/** The lines' objects; all are valid. */
function objects(text: string): Record<string, unknown>[] {
  const lines = text.split("\n");
  assert.is(lines.pop(), "");
  return lines.map((line) => {
    const value = JSON.parse(line) as Record<string, unknown>;
    assert.ok(isValid(value), `${line}\n${JSON.stringify(isValid.errors)}`);
    return value;
  });
}

type Values = Parameters<typeof item>[1];

function format(shape: SiteShape, values: Values, how: (formatter: Formatter) => void) {
  const builder = new ManifestBuilder();
  const site = builder.site(shape);
  const formatter = createFormatter(WASM, builder.done());
  how(formatter);
  const parts = [...formatter.format(records([item(site, values)]))];
  const join = (which: "text" | "messages") => Buffer.concat(parts.map((part) => part[which])).toString("utf8");
  return { text: join("text"), messages: join("messages") };
}

const json = (formatter: Formatter) => formatter.jsonLines('"host":"box",');

test("a print has its text and its values", () => {
  const shape: SiteShape = { format: "%d %s %x\n", arguments: ["long", "string", "long"] };
  const { text, messages } = format(shape, [-1n, 'a"\\\n\t\x01é', -1n], json);
  assert.is(messages, "");
  const [line] = objects(text);
  assert.is(line!.host, "box");
  assert.is(line!.text, '-1 a"\\\n\t\x01é ffffffffffffffff\n');
  assert.ok(text.includes('"values":[-1,"a\\"\\\\\\n\\t\\u0001é",18446744073709551615]'), text);
});

test("a line says which of its values are stacks", () => {
  const shape: SiteShape = { format: "%s %s\n", arguments: ["string", "string"], show: Show.Folded };
  const [line] = objects(format(shape, ["0x10 0x20", "0x30"], json).text);
  assert.equal(
    [line!.values, line!.stacks],
    [
      ["0x20;0x10", "0x30"],
      [0, 1],
    ],
  );
  const [plain] = objects(format({ format: "%s\n", arguments: ["string"] }, ["0x10"], json).text);
  assert.is(plain!.stacks, undefined);
});

test("what is no UTF-8, or a control character, is escaped", () => {
  const cases: [number[], string][] = [
    [[0xff, 0x41], "\\ufffdA"],
    [[0xc3], "\\ufffd"],
    [[0xc0, 0x80], "\\ufffd\\ufffd"],
    [[0xed, 0xa0, 0x80], "\\ufffd\\ufffd\\ufffd"],
    [[0xf4, 0x90, 0x80, 0x80], "\\ufffd\\ufffd\\ufffd\\ufffd"],
    [[0xf0, 0x9f, 0x98, 0x80], "😀"],
    [[0xe2, 0x82, 0xac], "€"],
    [[0xc2, 0x9b], "\\u009b"],
    [[0x1b, 0x7f], "\\u001b\\u007f"],
  ];
  for (const [bytes, wanted] of cases) {
    const shape: SiteShape = { format: "%s", arguments: ["string"] };
    const { text } = format(shape, [Uint8Array.from(bytes)], json);
    objects(text);
    assert.ok(text.includes(`"text":"${wanted}"`), `${bytes}: ${text}`);
  }
});

test("an error says where, and is a message as well", () => {
  const builder = new ManifestBuilder();
  const position = builder.position("x.stp", 2, 7, "a = b / c");
  const site = builder.site({ kind: SiteKind.Error, format: "division by 0", near: "operator '/'", position });
  const formatter = createFormatter(WASM, builder.done());
  json(formatter);
  const [part] = [...formatter.format(records([item(site)]))];
  assert.is(Buffer.from(part!.messages).toString(), "ERROR: division by 0 near operator '/' at x.stp:2:7\n");
  const [line] = objects(Buffer.from(part!.text).toString());
  assert.equal(line, {
    host: "box",
    type: "error",
    text: "division by 0",
    near: "operator '/'",
    file: "x.stp",
    line: 2,
    column: 7,
    values: [],
  });
});

test("a histogram's buckets have their bounds", () => {
  const log = new Array<bigint>(128).fill(0n);
  log[64] = 1n; // 0
  log[65] = 2n; // 1
  log[70] = 3n; // 32 to 63
  log[63] = 4n; // -1
  log[62] = 5n; // -3 to -2
  const { text } = format({ format: "%H", arguments: [{ buckets: 128 }] }, [0n, 0n, ...log], json);
  const [line] = objects(text);
  assert.equal(line!.values, [
    {
      type: "hist_log",
      buckets: [
        { from: -3, to: -1, count: 5 },
        { from: -1, to: 0, count: 4 },
        { from: 0, to: 1, count: 1 },
        { from: 1, to: 2, count: 2 },
        { from: 32, to: 64, count: 3 },
      ],
    },
  ]);
  // Below 10; 10, 20, 30; above.
  const linear = format({ format: "%H", arguments: [{ buckets: 5 }] }, [10n, 10n, 1n, 2n, 0n, 3n, 4n], json);
  assert.equal((objects(linear.text)[0]!.values as { buckets: unknown }[])[0]!.buckets, [
    { from: null, to: 10, count: 1 },
    { from: 10, to: 20, count: 2 },
    { from: 30, to: 40, count: 3 },
    { from: 40, to: null, count: 4 },
  ]);
});

test("times and CPUs stand behind the arguments, and are not printed", () => {
  const stamped: SiteShape = {
    format: "hi %d\nho\n",
    arguments: ["long", { long: Show.Time }, { long: Show.Cpu }],
  };
  const values: Values = [7n, 1796066916193710078n, 3n];
  assert.is(format(stamped, values, () => {}).text, "hi 7\nho\n");
  const { text } = format(stamped, values, json);
  objects(text);
  assert.ok(text.startsWith('{"host":"box","type":"print","time":1796066916193710078,"cpu":3,"text":'), text);
  const zone = process.env.TZ;
  process.env.TZ = "UTC";
  const dated = format(stamped, values, (formatter) => formatter.stampLines("date")).text;
  assert.is(dated, "2026-11-30 19:28:36.193710 hi 7\n2026-11-30 19:28:36.193710 ho\n");
  const leap: Values = [7n, 1709164799_000_001_000n, 3n];
  const leaped = format(stamped, leap, (formatter) => formatter.stampLines("date")).text;
  assert.ok(leaped.startsWith("2024-02-28 23:59:59.000001 "), leaped);
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  const counted = format(stamped, values, (formatter) => formatter.stampLines("seconds")).text;
  assert.is(counted, "0.000000 hi 7\n0.000000 ho\n");
});

test("the lines of the client are of the schema, too", () => {
  const lines = new JsonLines('a "box"');
  const hello = { version: 1, machine: 62, cpus: 2, pageSize: 4096, uid: 0, pid: 1, hz: 250 };
  const words = { release: "6.1", kernelVersion: "", buildId: "" };
  const none = { errors: 0n, skippedLock: 1n, skippedFrame: 2n, skippedKernel: 3n, lostOutput: 4n, lostControl: 5n };
  const summary = { ...none, reason: StopReason.Crowded, commandStatus: -1, handlers: 0n, isEstimate: false };
  const bytes = [
    lines.run("x.stp", "x86_64", { ...hello, ...words }),
    lines.started(3),
    lines.command(2, "oops\n"),
    lines.end(summary, 1),
    lines.failure(3, "box: connection refused"),
  ];
  const [run, started, command, end] = objects(Buffer.concat(bytes).toString());
  assert.equal([run!.type, started!.probes, command!.stream], ["run", 3, "stderr"]);
  assert.equal(end, {
    host: 'a "box"',
    type: "end",
    reason: "skipped",
    status: 1,
    errors: 0,
    skipped: { lock: 1, reentrancy: 2, kernel: 3 },
    lost: { output: 4, messages: 5 },
    handlers: null,
  });
});

test.run();
