// Rounds between host and compiler: what an instance is given bit by bit, and what another is given at once, is the
// same compile. With `check`, memory that a round gave back is overwritten, so that a round which still used it would
// differ.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { REQUEST_MAGIC, RequestHeader, RequestKind, RequestTag } from "../../common/format/request.ts";
import { type CompileInput, type CompileResult, createCompiler, type Facts } from "../../compiler/host/compile.ts";
import { compileModule, instantiate } from "../../compiler/host/load.ts";
import { type Section, textSection, writeRequest } from "../../compiler/host/request.ts";
import { readResult } from "../../compiler/host/result.ts";
import { memorySource, readBlobs, type Source } from "../../compiler/host/source.ts";

const wasm = readAsset("compiler.wasm");
const compiler = createCompiler(wasm, readTapset(), readTapsetIndex());
const SCRIPT = `global n, by
probe kernel.function("vfs_read") { n++; by[execname(), pid()] <<< n }
probe kernel.function("vfs_wr*").return { printf("%s %d\\n", ppfunc(), tid()) }
probe kernel.trace("sched_switch") { if (n > 3) exit() }
probe end { foreach ([a, b] in by-) printf("%s %d %d\\n", a, b, @count(by[a, b])) }`;

function inputOf(text: string, options: [string, string][] = []): CompileInput {
  const scripts = [{ name: "x.stp", bytes: Buffer.from(text) }];
  return { scripts, options, args: [], facts: { names: new Map(), absent: new Map(), features: ["hz=100"] } };
}

/** Answers names as a remote would that has every plain name, and two functions for a pattern. */
function answerNames(result: CompileResult): Facts {
  const names = new Map<string, string[]>();
  for (const need of result.needs) {
    const found = need.names.flatMap((name) => (name.includes("*") ? [name, "vfs_write", "vfs_writev"] : [name]));
    names.set(need.kind, [...(names.get(need.kind) ?? []), ...found]);
  }
  return { names, absent: new Map() };
}

for (const options of [[], [["check", "1"]], [["arch", "arm64"]]] as [string, string][][]) {
  test(`rounds and one compile of all their inputs give the same bytes (${options.join() || "plain"})`, () => {
    const session = compiler.begin(inputOf(SCRIPT, options));
    let rounds = 0;
    while (session.result.status === "needs" && ++rounds < 8) session.add(answerNames(session.result));
    assert.is(session.result.status, "done", session.result.messages);
    assert.ok(rounds >= 1, "something was needed");
    const again = compiler.compile(session.input);
    assert.equal(again.object, session.result.object);
    assert.is(again.messages, session.result.messages);
    assert.equal(again.counts, session.result.counts);
  });
}

test("every round of a session is what a fresh compile of the inputs so far gives", () => {
  const session = compiler.begin(inputOf('probe kernel.function("vfs_w*") { println(pid()) }', [["check", "1"]]));
  for (let round = 0; round < 8 && session.result.status === "needs"; round++) {
    const fresh = compiler.compile(session.input);
    assert.is(fresh.status, "needs");
    assert.equal(fresh.needs, session.result.needs);
    session.add(answerNames(session.result));
  }
  assert.equal(compiler.compile(session.input).object, session.result.object);
});

test("a session that was refused can be told more, and stays what its inputs say", () => {
  const session = compiler.begin(inputOf('probe kernel.function("nope") { }'));
  for (let round = 0; round < 8 && session.result.status === "needs"; round++) {
    const absent = new Map(session.result.needs.map(({ kind, names }) => [kind, names]));
    session.add({ names: new Map(), absent });
  }
  const refused = session.result;
  assert.is(refused.status, "refused");
  const same = session.add({ names: new Map(), absent: new Map() });
  assert.is(same.messages, refused.messages);
});

// ------------------------------------------------------------------------------------------------------------- blobs

const BLOB = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) & 0xff);

/** The rows of --dump=blob. */
function rows(bytes: Uint8Array, offset: number): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const hex = [...bytes.subarray(at, at + 16)].map((byte) => ` ${byte.toString(16).padStart(2, "0")}`).join("");
    text += `${(offset + at).toString(16).padStart(8, "0")} ${hex}\n`;
  }
  return text;
}

async function dumpBlob(dump: string, source?: Source) {
  const session = compiler.begin(inputOf("probe begin { exit() }", [["dump", dump]]));
  const asked: CompileResult["needs"] = [];
  for (let round = 0; round < 8 && session.result.status === "needs"; round++) {
    asked.push(...session.result.needs);
    session.add(await readBlobs(session.result.needs, source));
  }
  assert.equal(compiler.compile(session.input).text, session.result.text);
  assert.equal(compiler.compile(session.input).messages, session.result.messages);
  return { result: session.result, asked };
}

test("bytes of a blob are asked for in grains, and arrive", async () => {
  const source = memorySource(new Map([["kernel-btf", BLOB]]));
  const { result, asked } = await dumpBlob("blob:kernel-btf,5000,100", source);
  assert.equal(asked, [{ kind: "blob", names: ["kernel-btf"], ranges: [{ offset: 4096, length: 4096 }] }]);
  assert.is(result.text, rows(BLOB.subarray(5000, 5100), 5000));
});

test("what lies behind the end of a blob is not sent, nor asked for again", async () => {
  const source = memorySource(new Map([["file:/usr/bin/my prog", BLOB]]));
  const { result, asked } = await dumpBlob("blob:file:/usr/bin/my prog,9990,500", source);
  assert.is(asked.length, 1);
  assert.is(result.text, rows(BLOB.subarray(9990), 9990));
});

test("a blob may come in parts, from a source that takes its time", async () => {
  const source: Source = {
    size: async () => BLOB.length,
    read: async (_, offset, length) => BLOB.slice(offset, offset + length),
  };
  const { result } = await dumpBlob("blob:b,4000,5000", source);
  assert.is(result.text, rows(BLOB.subarray(4000, 9000), 4000));
  const split: Facts = { names: new Map(), absent: new Map(), bytes: [] };
  for (let at = 0; at < BLOB.length; at += 1000) {
    split.bytes?.push({ blob: "b", offset: at, size: BLOB.length, bytes: BLOB.subarray(at, at + 1000) });
  }
  const whole = compiler.compile({
    ...inputOf("probe begin { exit() }", [["dump", "blob:b,4000,5000"]]),
    facts: split,
  });
  assert.is(whole.text, result.text);
});

test("a blob that nobody has is absent, and whoever needs it hears of it", async () => {
  for (const source of [undefined, memorySource(new Map())]) {
    const { result } = await dumpBlob("blob:kallsyms,0,10", source);
    assert.is(result.status, "refused");
    assert.match(result.messages, "the remote has no blob 'kallsyms'");
  }
});

test("a source that gives too little is an error of its own", async () => {
  const source: Source = { size: () => 100, read: () => new Uint8Array(3) };
  const needs = [{ kind: "blob", names: ["b"], ranges: [{ offset: 0, length: 4096 }] }];
  try {
    await readBlobs(needs, source);
    assert.unreachable("it must throw");
  } catch (error) {
    assert.match((error as Error).message, "blob 'b': 3 bytes at 0, not 100");
  }
});

// ---------------------------------------------------------------------------------------------------------- the wire

function call(sections: Section<RequestTag>[], kind: RequestKind, instance = instantiate(compileModule(wasm), HOST)) {
  return readResult(instance.call("compile", writeRequest(sections, kind)), [], 0);
}

const HOST = { enterPass: () => undefined };
const BEGIN = textSection(RequestTag.Script, "x.stp", "probe begin { exit() }");

test("inputs that follow nothing, and sections that are damaged, are refused", () => {
  assert.match(call([BEGIN], RequestKind.More).messages, "adds to inputs that there are not");
  for (const name of ["b", "b 1", "b x 3", "b 1 x", "b 4 3", "b -1 3", " 0 1", "b 0 1", "b 2 4"]) {
    const result = call([BEGIN, { tag: RequestTag.Bytes, name, data: new Uint8Array(3) }], RequestKind.Whole);
    assert.match(result.messages, "the compile request is malformed", name);
  }
  const bytes = writeRequest([BEGIN], RequestKind.Whole);
  new DataView(bytes.buffer).setUint32(RequestHeader.Version, 1, true);
  assert.is(new DataView(bytes.buffer).getUint32(RequestHeader.Magic, true), REQUEST_MAGIC);
  const old = readResult(instantiate(compileModule(wasm), HOST).call("compile", bytes), [], 0);
  assert.match(old.messages, "the compile request is malformed");
});

test("an instance can be given a whole request again, and forgets what it had", () => {
  const instance = instantiate(compileModule(wasm), HOST);
  const dump = textSection(RequestTag.Option, "dump", "script");
  const first = call([BEGIN, dump], RequestKind.Whole, instance);
  const other = textSection(RequestTag.Script, "y.stp", "probe end { println(2) }");
  const second = call([other, dump], RequestKind.Whole, instance);
  const third = call([BEGIN, dump], RequestKind.Whole, instance);
  assert.is(first.text, third.text);
  assert.is(second.text, call([other, dump], RequestKind.Whole).text);
  assert.is.not(first.text, second.text);
});

test.run();
