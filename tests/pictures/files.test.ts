// Files of other tools: read by decoders that others wrote.

import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Profile } from "pprof-format";
import protobuf from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KINDS, kindNamed, kindOfFile } from "../../pictures/kinds.ts";
import { globalOf, marksOf, stackOf } from "../../pictures/meaning.ts";
import { FileError, linesOf } from "../../pictures/readers.ts";
import { type Item, LineReader, parseItem } from "../../pictures/record.ts";
import { SAMPLE, T0 } from "./sample.ts";

const items = SAMPLE.map((line) => parseItem(line) as Item);

/** The file that a kind's writer makes of lines; bytes are taken as they come. */
async function fileOf(kind: string, lines: Item[] = items): Promise<Buffer> {
  const writer = (await kindNamed(kind).writer!(() => ""))();
  writer.begin?.({ values: 3 });
  const parts: Uint8Array[] = [];
  for (const item of lines) {
    writer.add(item, "");
    parts.push(writer.take());
  }
  return Buffer.concat([...parts, writer.end()]);
}

test("an ending of a file's name says the kind, the longest first", () => {
  const kind = (file: string) => kindOfFile(file)?.name;
  assert.is(kind("a.json"), "json");
  assert.is(kind("dir.csv/a.speedscope.json"), "speedscope");
  assert.is(kind("A.PB.GZ"), "pprof");
  assert.is(kind("a.gz"), undefined);
  assert.is(kind("csv"), undefined);
  for (const { name, endings } of KINDS) for (const ending of endings) assert.is(kind(`x${ending}`), name);
});

test("numbers of 64 bits keep their digits, and text that looks like one stays text", () => {
  const item = parseItem(
    `{"host":"b","type":"print","time":${T0},"text":"1796066916193710079",` +
      `"values":["1796066916193710079",-9223372036854775808,5]}`,
  );
  assert.is(item?.time, T0);
  assert.is(item?.text, "1796066916193710079");
  assert.equal(item?.values, ["1796066916193710079", -9223372036854775808n, 5]);
  for (const bad of ["", "{", "null", "[]", '{"type":1}', '{"type":"print","values":7,"stacks":{}}x']) {
    assert.is(parseItem(bad), undefined, bad);
  }
  const odd = parseItem('{"type":"print","values":[null,[],{"buckets":7}],"stacks":["a",1],"time":"x"}');
  assert.equal([odd?.values.length, odd?.stacks, odd?.time], [3, [1], 0n]);
});

test("lines come in any pieces", () => {
  const reader = new LineReader();
  const bytes = new TextEncoder().encode("é1\n\nü2\nrest");
  const lines = [...bytes].flatMap((byte) => reader.add(Uint8Array.of(byte)));
  assert.equal([...lines, ...reader.end()], ["é1", "ü2", "rest"]);
});

test("a print is a global, a stack or a mark by what it is", () => {
  assert.equal(globalsOf(items), [
    { name: "total", keys: [], value: 12 },
    { name: "hits", keys: ["dd", 1], value: 5 },
    { name: "hits", keys: ["sh", 2], value: 9 },
    { name: "lat", keys: [], value: { count: 2, min: 1, max: 3, sum: 4, avg: 2 } },
  ]);
  assert.equal(stackOf(items.at(-2)!), { keys: [], frames: ["ksys_write", "vfs_write"], weight: 1 });
  const none = parseItem('{"type":"print","values":["sh","",3],"stacks":[1]}') as Item;
  assert.equal(stackOf(none), { keys: ["sh"], frames: ["[no kernel stack]"], weight: 3 });
  const marks = (text: string) => marksOf({ type: "print", host: "", values: [], text }).map(({ kind }) => kind);
  assert.equal(marks("B|1|a\nE|1\nS|1|x|7\nF|1|x|7\nI|0|now\n"), ["B", "E", "S", "F", "I"]);
  assert.equal(marks("B|1|\nB|x|a\nX|1|a\nC|1|a\nQ|1|a\nB |1|a\n"), []);
});

test("folded: the same stacks are added up, over hosts", async () => {
  const text = (await fileOf("folded")).toString();
  assert.is(text, "dd;ksys_write;vfs_write 6\nsh;ksys_read;vfs_read 2\nksys_write;vfs_write 1\n");
});

test("csv: a row for each print, fields quoted by RFC 4180", async () => {
  const rows = (await fileOf("csv")).toString().split("\r\n");
  assert.is(rows[0], "host,type,time,cpu,probe,text,value1,value2,value3");
  assert.is(
    rows.find((row) => row.includes("quoted")),
    `box,print,${T0 + 6000n},1,"kernel.function(""vfs_read"")","a ""quoted"", line",quoted,42,`,
  );
  assert.is(rows.length, 2 + items.filter(({ type }) => type === "print").length);
});

test("pprof: an independent decoder finds the stacks, counts and hosts", async () => {
  const profile = Profile.decode(await fileOf("pprof"));
  const text = (index: number | bigint) => profile.stringTable.strings[Number(index)];
  assert.is(text(profile.sampleType[0]!.type), "samples");
  const names = new Map(profile.function.map(({ id, name }) => [Number(id), text(name)]));
  const at = new Map(profile.location.map(({ id, line }) => [Number(id), names.get(Number(line[0]!.functionId))]));
  const samples = profile.sample.map(({ locationId, value, label }) => [
    locationId.map((id) => at.get(Number(id))).join("<"),
    Number(value[0]),
    text(label[0]!.str),
  ]);
  assert.equal(samples, [
    ["vfs_write<ksys_write<dd", 6, "box"],
    ["vfs_read<ksys_read<sh", 2, "other"],
    ["vfs_write<ksys_write", 1, "box"],
  ]);
  assert.is(BigInt(profile.timeNanos), T0);
});

test("speedscope: the file follows its schema; spans are nested and closed", async () => {
  const path = new URL("../../node_modules/speedscope/dist/release/file-format-schema.json", import.meta.url);
  const isValid = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(path, "utf8")));
  const open = parseItem(SAMPLE[2]!) as Item;
  for (const lines of [items, [], [open], [parseItem(SAMPLE[5]!) as Item]]) {
    const file = JSON.parse((await fileOf("speedscope", lines)).toString());
    assert.ok(isValid(file), JSON.stringify(isValid.errors));
  }
  const file = JSON.parse((await fileOf("speedscope")).toString());
  const frame = (i: number) => file.shared.frames[i].name;
  const [box, other, thread, later] = file.profiles;
  assert.equal(
    box.samples.map((s: number[]) => s.map(frame).join(";")),
    ["dd;ksys_write;vfs_write", "ksys_write;vfs_write"],
  );
  assert.equal([box.weights, box.endValue, other.name, other.weights], [[6, 1], 7, "other", [2]]);
  const events = (profile: typeof thread) =>
    profile.events.map((e: { type: string; at: number; frame: number }) => `${e.type} ${e.at} ${frame(e.frame)}`);
  assert.equal(events(thread), ["O 0 read", "O 1000 inner", "C 2000 inner", "C 3000 read"]);
  assert.equal(events(later), ["O 0 write", "C 4000 write"]);
});

/** The parts of Perfetto's protos that are used, by the numbers that its project documents. */
const PERFETTO = `syntax = "proto2";
message Trace { repeated TracePacket packet = 1; }
message TracePacket { optional ClockSnapshot clock_snapshot = 6; optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10; optional TrackEvent track_event = 11;
  optional InternedData interned_data = 12; optional uint32 sequence_flags = 13;
  optional TrackDescriptor track_descriptor = 60; }
message ClockSnapshot { repeated Clock clocks = 1; }
message Clock { optional uint32 clock_id = 1; optional uint64 timestamp = 2; }
message InternedData { repeated EventName event_names = 2; }
message EventName { optional uint64 iid = 1; optional string name = 2; }
message TrackDescriptor { optional uint64 uuid = 1; optional string name = 2; optional uint64 parent_uuid = 5;
  optional CounterDescriptor counter = 8; }
message CounterDescriptor { }
message TrackEvent { repeated DebugAnnotation debug_annotations = 4; enum Type { NONE = 0; SLICE_BEGIN = 1;
  SLICE_END = 2; INSTANT = 3; COUNTER = 4; } optional Type type = 9; optional uint64 name_iid = 10;
  optional uint64 track_uuid = 11; optional int64 counter_value = 30; }
message DebugAnnotation { optional string name = 10; optional int64 int_value = 4; optional string string_value = 6; }`;

test("perfetto: exact times, interned names, a track for each thread, CPU and counter below its host", async () => {
  const type = protobuf.parse(PERFETTO).root.lookupType("Trace");
  const trace = type.toObject(type.decode(await fileOf("perfetto")), { longs: String, enums: String });
  const names = new Map<string, string>();
  const tracks = new Map<string, { name: string; parentUuid?: string; counter?: unknown }>();
  const events: string[] = [];
  let annotated: unknown;
  for (const packet of trace.packet) {
    assert.is(packet.trustedPacketSequenceId, 1);
    if (packet.trackDescriptor) tracks.set(packet.trackDescriptor.uuid, packet.trackDescriptor);
    for (const { iid, name } of packet.internedData?.eventNames ?? []) names.set(iid, name);
    const event = packet.trackEvent;
    if (!event) continue;
    const track = tracks.get(event.trackUuid)!;
    const host = tracks.get(track.parentUuid ?? "")!.name;
    assert.is(track.counter !== undefined, event.type === "COUNTER");
    const what = event.counterValue ?? (event.nameIid ? names.get(event.nameIid) : "");
    events.push(`${host}/${track.name} ${event.type} ${BigInt(packet.timestamp) - T0} ${what}`);
    if (what === 'kernel.function("vfs_read")') annotated = event.debugAnnotations;
  }
  assert.equal(events.slice(0, 11), [
    "box/thread 431 SLICE_BEGIN 0 read",
    "box/thread 431 SLICE_BEGIN 1000 inner",
    "box/thread 431 SLICE_END 2000 ",
    "box/thread 431 SLICE_END 3000 ",
    "box/thread 432 SLICE_BEGIN 5000 write",
    "box/thread 432 SLICE_END 9000 ",
    "box/depth COUNTER 5000 -3",
    'box/CPU 1 INSTANT 6000 kernel.function("vfs_read")',
    "box/total COUNTER 7000 12",
    "box/hits[dd,1] COUNTER 8000 5",
    "box/hits[sh,2] COUNTER 8000 9",
  ]);
  assert.equal(annotated, [
    { name: "text", stringValue: 'a "quoted", line' },
    { name: "value1", stringValue: "quoted" },
    { name: "value2", intValue: "42" },
  ]);
  assert.equal(
    trace.packet[0].clockSnapshot.clocks.map((clock: { timestamp: string }) => clock.timestamp),
    [String(T0), String(T0)],
  );
});

test("what is written is read again: the same stacks, spans, counters and values", async () => {
  const again = async (kind: string) => linesOf(kind, await fileOf(kind)).map((line) => parseItem(line) as Item);
  const stacks = (all: Item[]) =>
    all
      .flatMap((item) => stackOf(item) ?? [])
      .map(({ keys, frames, weight }) => [[...keys, ...frames].join(";"), weight]);
  const expected = [
    ["dd;ksys_write;vfs_write", 6],
    ["sh;ksys_read;vfs_read", 2],
    ["ksys_write;vfs_write", 1],
  ];
  assert.equal(stacks(await again("folded")), expected);
  assert.equal(stacks(await again("pprof")), expected);
  assert.equal(new Set(stacks(await again("speedscope")).map(String)), new Set(expected.map(String)));
  const marks = (all: Item[]) => all.flatMap(marksOf).map(({ kind, thread, name }) => `${kind}${thread} ${name}`);
  assert.equal(marks(await again("perfetto")).slice(0, 4), ["B431 read", "B431 inner", "E431 ", "E431 "]);
  assert.is((await again("perfetto")).find(({ text }) => text.includes("quoted"))?.time, T0 + 6000n);
  const rows = await again("csv");
  assert.equal(rows.flatMap((item) => globalOf(item) ?? []).slice(0, 3), globalsOf(items).slice(0, 3));
  assert.is(rows[0]?.time, T0);
});

const globalsOf = (all: Item[]) => all.flatMap((item) => globalOf(item) ?? []);

test("a file that is damaged, or another, is one sentence", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.throws(() => linesOf("text", bytes("x")), /text holds no values; write the run with -o x\.jsonl/);
  assert.throws(() => linesOf("json", bytes("[1]\n")), /no lines of --output json/);
  assert.throws(() => linesOf("folded", bytes("a;b\n")), /no folded stack: 'a;b'/);
  assert.throws(() => linesOf("html", bytes("<html>")), /no page of stap-remote/);
  assert.throws(() => linesOf("csv", bytes("a,b\r\n1,2\r\n")), /no CSV file of stap-remote/);
  for (const kind of ["pprof", "perfetto", "speedscope"]) {
    const file = await fileOf(kind);
    assert.throws(
      () => linesOf(kind, file.subarray(0, file.length - 1)),
      (error: Error) => error instanceof FileError,
    );
    for (let i = 0; i < 300; i++) {
      const damaged = Uint8Array.from(file);
      damaged[(i * 37) % file.length] = (i * 91) & 255;
      try {
        linesOf(kind, damaged);
      } catch (error) {
        assert.instance(error, FileError);
      }
    }
  }
});

test.run();
