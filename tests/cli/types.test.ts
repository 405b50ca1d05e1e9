// The types of a kernel on their way from an agent to the compiler: fetched once, kept compressed, and believed neither
// from the agent nor from the disk before they were looked at.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kernelKey, unpackTypes } from "../../agent/host/blob-cache.ts";
import { readHello } from "../../agent/host/events.ts";
import { Session } from "../../agent/host/session.ts";
import { main } from "../../cli/command.ts";
import { EXIT } from "../../cli/exit.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { AgentFrame, BlobState, HostFrame, MAX_BLOB_BYTES, QueryKind } from "../../common/format/frame.ts";
import { Captured, captureMessages } from "../captured.ts";
import { type Behaviour, blobPayload, FakeAgent, helloPayload, namesPayload, queryNames } from "./fake-agent.ts";

const test = suite<{ folder: string }>("types");
const BUILD_ID = "c0ffee0123456789c0ffee0123456789c0ffee01";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-types-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true, force: true }));

/** BTF without types, whose strings are this text. */
function btf(strings = "\0types of a kernel\0"): Buffer {
  const bytes = Buffer.alloc(24 + strings.length);
  bytes.writeUInt16LE(0xeb9f, 0);
  bytes.writeUInt8(1, 2);
  bytes.writeUInt32LE(24, 4);
  bytes.writeUInt32LE(strings.length, 20);
  bytes.write(strings, 24, "latin1");
  return bytes;
}

const TYPES = btf();

/** Sends these bytes as a blob, in parts. */
function sendStream(agent: FakeAgent, stream: Uint8Array): void {
  const middle = stream.length >> 1;
  agent.send(AgentFrame.Blob, blobPayload(BlobState.Part, stream.subarray(0, middle)));
  agent.send(AgentFrame.Blob, blobPayload(BlobState.Last, stream.subarray(middle)));
}

/** An agent whose kernel has these types. */
const having = (types: Uint8Array, buildId = BUILD_ID): Behaviour => ({
  hello: helloPayload({ buildId }),
  onFetch: (agent) => sendStream(agent, deflateSync(types)),
});

/** A command line that looks at the first bytes of the kernel's types, or of another blob. */
async function look(
  folder: string,
  behaviour: Behaviour,
  { dump = "blob:kernel-btf,0,64", options = ["-v"], messagesOnTerminal = false } = {},
) {
  const agent = new FakeAgent(behaviour);
  const out = new Captured();
  const messages = captureMessages();
  const argv = ["--host", "box", "-p2", `--dump=${dump}`, ...options, "-e", "probe begin {}"];
  const status = await main(argv, {
    ...messages.to,
    interrupts: new Interrupts(),
    messagesOnTerminal,
    factsFolder: folder,
    openOutput: () => out,
    openRemote: async () => ({
      ...{ process: agent.process, where: "box", kind: "fake", uploaded: false },
      close: async () => {},
    }),
  });
  const fetches = agent.received.filter((kind) => kind === HostFrame.Fetch).length;
  return { status, out: out.text, err: messages.said(), fetches };
}

const FILE = `${BUILD_ID}.btf.z`;
const ROW = "00000000  9f eb 01 00 18 00 00 00";

test("types are fetched once, kept compressed, and not fetched again for the same build", async ({ folder }) => {
  const first = await look(folder, having(TYPES));
  assert.is(first.status, EXIT.done);
  assert.ok(first.out.startsWith(ROW), first.out);
  const packed = deflateSync(TYPES).length;
  assert.match(first.err, `types of the kernel: ${TYPES.length} bytes, ${packed} bytes transferred from box.`);
  assert.is(first.fetches, 1);
  assert.equal(inflateSync(readFileSync(join(folder, FILE))), TYPES);
  const second = await look(folder, having(btf("\0other\0")));
  assert.is(second.fetches, 0);
  assert.is(second.out, first.out);
  assert.match(second.err, `types of the kernel: ${TYPES.length} bytes, from the cache.`);
  const other = await look(folder, having(TYPES, "deadbeef".repeat(5)));
  assert.is(other.fetches, 1, "another kernel has other types");
});

test("a script that needs no types fetches none", async ({ folder }) => {
  const { fetches, status } = await look(folder, having(TYPES), { dump: "ast" });
  assert.is(status, EXIT.done);
  assert.is(fetches, 0);
  assert.equal(readdirSync(folder), []);
});

test("a damaged file of the cache is fetched again and replaced", async ({ folder }) => {
  const packed = deflateSync(TYPES);
  const flipped = Buffer.from(packed);
  flipped[flipped.length - 3]! ^= 1;
  const damaged: [string, Uint8Array][] = [
    ["empty", Buffer.alloc(0)],
    ["cut", packed.subarray(0, packed.length - 1)],
    ["a bit of its check sum flipped", flipped],
    ["no zlib stream", Buffer.from("types")],
    ["no types", deflateSync(Buffer.alloc(100))],
    ["a section behind the end", deflateSync(TYPES.subarray(0, TYPES.length - 1))],
  ];
  for (const [name, bytes] of damaged) {
    writeFileSync(join(folder, FILE), bytes);
    const { fetches, out } = await look(folder, having(TYPES));
    assert.is(fetches, 1, name);
    assert.ok(out.startsWith(ROW), name);
    assert.equal(inflateSync(readFileSync(join(folder, FILE))), TYPES, name);
  }
});

test("a cache that cannot be written or read is no error", async () => {
  const { status, out } = await look("/dev/null/nowhere", having(TYPES));
  assert.is(status, EXIT.done);
  assert.ok(out.startsWith(ROW));
});

test("no more files are kept than are useful, those used last", async ({ folder }) => {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < 70; i++) {
    const file = join(folder, `${String(i).padStart(40, "0")}.btf.z`);
    writeFileSync(file, deflateSync(TYPES));
    utimesSync(file, 1e9 + i, 1e9 + i);
  }
  writeFileSync(join(folder, `${BUILD_ID}.json`), "{}");
  // Used now, though it is the oldest.
  await look(folder, having(TYPES, "0".repeat(40)));
  await look(folder, having(TYPES));
  const files = readdirSync(folder).filter((name) => name.endsWith(".btf.z"));
  assert.is(files.length, 64);
  assert.ok(files.includes(FILE) && files.includes(`${"0".repeat(40)}.btf.z`));
  assert.not.ok(files.includes(`${"1".padStart(40, "0")}.btf.z`));
  assert.ok(existsSync(join(folder, `${BUILD_ID}.json`)), "facts are other files");
});

test("a kernel without a build id, or with one that could be a path, is known by what it says of itself", async ({
  folder,
}) => {
  for (const buildId of ["", "../../evil", "c0ffee", "a".repeat(5000)]) {
    const hello = readHello(helloPayload({ buildId }));
    assert.match(kernelKey(hello), /^unnamed-[0-9a-f]{40}$/, buildId);
    assert.is.not(kernelKey(hello), kernelKey({ ...hello, release: "6.1.0-50-amd64" }));
    assert.is.not(kernelKey(hello), kernelKey({ ...hello, kernelVersion: "#2 SMP Debian" }));
    assert.is.not(kernelKey(hello), kernelKey({ ...hello, machine: 183 }));
  }
  assert.is((await look(folder, having(TYPES, "../../evil"))).fetches, 1);
  assert.is((await look(folder, having(TYPES, "../../evil"))).fetches, 0);
  assert.is(readdirSync(folder).length, 1);
});

test("an agent that lies about types gets one sentence, and nothing of it is kept", async ({ folder }) => {
  const packed = deflateSync(TYPES);
  const part = (bytes: Uint8Array) => blobPayload(BlobState.Part, bytes);
  const last = (bytes: Uint8Array) => blobPayload(BlobState.Last, bytes);
  const bomb = deflateSync(Buffer.alloc(MAX_BLOB_BYTES + 1));
  const answers: [string, Uint8Array[], RegExp][] = [
    ["no zlib stream", [last(Buffer.from("types"))], /sent damaged types for 'kernel-btf'/],
    ["no bytes at all", [last(Buffer.alloc(0))], /sent damaged types for 'kernel-btf'/],
    ["a stream that is cut", [last(packed.subarray(0, -1))], /sent damaged types/],
    ["what is no BTF", [last(deflateSync(Buffer.from("types".repeat(10))))], /sent damaged types/],
    ["more than any kernel has, packed", [last(bomb)], /sent damaged types/],
    ["a state that is none", [blobPayload(7)], /sent a damaged frame/],
    ["a frame cut short", [Buffer.from([1, 0])], /sent a damaged frame/],
    [
      "parts without end",
      [...Array.from({ length: 17 }, () => part(Buffer.alloc(MAX_BLOB_BYTES / 16)))],
      /sent more than 67108864 bytes for 'kernel-btf'/,
    ],
  ];
  for (const [name, frames, message] of answers) {
    const onFetch = (agent: FakeAgent) => {
      for (const frame of frames) agent.send(AgentFrame.Blob, frame);
    };
    const { status, err } = await look(folder, { onFetch }, { options: [] });
    assert.is(status, EXIT.connection, name);
    assert.match(err, message, name);
    assert.match(err, /^stap-remote: the agent on box [^\n]*\n$/, name);
    assert.equal(readdirSync(folder), [], name);
  }
});

test("a terminal shows how far a fetch is that takes long, and is clean after it", async ({ folder }) => {
  const packed = deflateSync(TYPES);
  const size = 5 << 20;
  const part = (state: number, bytes: Uint8Array, done: number) =>
    Buffer.concat([Uint8Array.of(state), Uint8Array.from(new Uint8Array(Uint32Array.of(done, size).buffer)), bytes]);
  const slowly = (end?: number) => (agent: FakeAgent) => {
    agent.send(AgentFrame.Blob, part(BlobState.Part, packed.subarray(0, 9), 1 << 20));
    setTimeout(() => agent.send(AgentFrame.Blob, part(BlobState.Part, packed.subarray(9, end), 3 << 20)), 1100);
    setTimeout(() => agent.send(AgentFrame.Blob, part(BlobState.Last, new Uint8Array(0), size)), 1200);
  };
  const clear = "\r\x1b[K";
  const shown = `${clear}Fetching types of the kernel: 3.0 MiB of 5.0 MiB${clear}`;
  const bad = await look(folder, { onFetch: slowly(-1) }, { messagesOnTerminal: true, options: [] });
  assert.ok(bad.err.startsWith(`${shown}stap-remote: the agent on box sent damaged types`), JSON.stringify(bad.err));
  const piped = await look(folder, { onFetch: slowly() }, { options: [] });
  assert.is(piped.err, "");
  rmSync(folder, { recursive: true });
  const good = await look(folder, { onFetch: slowly() }, { messagesOnTerminal: true, options: [] });
  assert.is(good.err, shown);
});

test("types that drip have an end", async () => {
  let timer: NodeJS.Timeout | undefined;
  const onFetch = (agent: FakeAgent) => {
    timer = setInterval(() => agent.send(AgentFrame.Blob, blobPayload(BlobState.Part)), 10).unref();
  };
  const session = await Session.open(new FakeAgent({ onFetch }).process, { silenceMs: 200, answerMs: 400 });
  try {
    await session.fetch("kernel-btf");
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /has not given a whole answer in 0\.4 s/);
  }
  clearInterval(timer);
});

test("a kernel without types has none, and is asked again the next time", async ({ folder }) => {
  const { status, err, fetches } = await look(folder, {}, { options: [] });
  assert.is(status, EXIT.failed);
  assert.match(err, /the remote has no blob 'kernel-btf'/);
  assert.is(fetches, 1);
  assert.equal(readdirSync(folder), []);
});

test("a module's types are kept by its own build and the kernel's, and not at all if it has none", async ({
  folder,
}) => {
  const build = "ab".repeat(20);
  const module = (id: string, kernel = BUILD_ID): Behaviour => ({
    ...having(TYPES, kernel),
    onQuery: (agent, payload) => {
      if (payload[0] === QueryKind.Features) return agent.send(AgentFrame.Names, namesPayload(QueryKind.Features, []));
      assert.is(payload[0], QueryKind.ModuleBuilds);
      const answers = id === "" ? [] : queryNames(payload).map((name) => `${name}=${id}`);
      agent.send(AgentFrame.Names, namesPayload(QueryKind.ModuleBuilds, answers));
    },
  });
  const ask = (behaviour: Behaviour, name = "ext4") =>
    look(folder, behaviour, { dump: `blob:module-btf ${name},0,64` });
  const first = await ask(module(build));
  assert.is(first.fetches, 1);
  assert.ok(first.out.startsWith(ROW), first.out + first.err);
  assert.match(first.err, "types of module 'ext4'");
  assert.equal(readdirSync(folder), [`${BUILD_ID}.ext4.${build}.btf.z`]);
  assert.is((await ask(module(build))).fetches, 0);
  assert.is((await ask(module("cd".repeat(20)))).fetches, 1, "another build of the module");
  assert.is((await ask(module(build, "deadbeef".repeat(5)))).fetches, 1, "another kernel");
  assert.is((await ask(module(build), "xfs")).fetches, 1, "another module");
  const kept = readdirSync(folder).length;
  for (const id of ["", "../../evil", "c0ffee"]) {
    for (let i = 0; i < 2; i++) assert.is((await ask(module(id))).fetches, 1, `build '${id}'`);
  }
  assert.is((await ask(module(build), "../../evil")).fetches, 1);
  assert.is(readdirSync(folder).length, kept);
});

test("what unpacks to more than any kernel has costs no memory", () => {
  const bomb = deflateSync(Buffer.alloc(8 * MAX_BLOB_BYTES));
  const before = process.memoryUsage().rss;
  assert.is(unpackTypes(bomb), undefined);
  assert.ok(process.memoryUsage().rss - before < 3 * MAX_BLOB_BYTES);
});

test.run();
