// The agent's dialogue with a host, and its answers to invalid bytes. Nothing here loads anything into a kernel.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeFrame } from "../../agent/host/frames.ts";
import {
  AgentFrame,
  BlobState,
  FailureCode,
  HostFrame,
  MAX_FRAME_BYTES,
  QueryKind,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame.ts";
import { AGENT, type AgentEnd, AgentProcess, HELLO, payload, ROOT, readFailed } from "./agent-process.ts";

/** How an agent that greets its host ends after these bytes. */
const after = (...frames: Uint8Array[]) =>
  new AgentProcess().finish(Buffer.concat([encodeFrame(HostFrame.Hello, HELLO), ...frames]));

test("prints the version of the package", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.is(spawnSync(AGENT, ["version"], { encoding: "utf8" }).stdout, `stap-agent ${version}\n`);
});

test("refuses what it does not know with exit status 2", () => {
  for (const args of [[], ["sing"], ["serve", "x"], ["run"], ["run", "a.bo", "-q", "1"], ["run", "a.bo", "-x", "0"]]) {
    const result = spawnSync(AGENT, args, { encoding: "utf8" });
    assert.is(result.status, 2, args.join(" "));
    assert.match(result.stderr, /^stap-agent: .+\n/);
  }
});

test("is a static executable of at most 290 KB for each CPU", () => {
  for (const [name, machine] of [["x86_64", 62] as const, ["arm64", 183] as const]) {
    const path = join(ROOT, "build", `stap-agent-${name}`);
    assert.ok(statSync(path).size <= 290 * 1024, `${name}: ${statSync(path).size} bytes`);
    const elf = readFileSync(path);
    assert.is(elf.readUInt16LE(18), machine);
    const headers = Number(elf.readBigUInt64LE(32));
    for (let i = 0; i < elf.readUInt16LE(56); ++i) assert.is.not(elf.readUInt32LE(headers + 56 * i), 3, "PT_INTERP");
  }
});

test("greets first, with facts of the machine", async () => {
  const agent = new AgentProcess();
  const hello = await agent.frame();
  const view = new DataView(hello.payload.buffer, hello.payload.byteOffset, hello.payload.length);
  assert.is(hello.kind, AgentFrame.Hello);
  assert.is(view.getUint32(0, true), WIRE_MAGIC);
  assert.is(view.getUint32(4, true), WIRE_VERSION);
  assert.ok(view.getUint32(12, true) >= 1, "possible CPUs");
  assert.ok(view.getUint32(16, true) >= 4096, "page size");
  assert.is(view.getUint32(20, true), process.getuid!());
  assert.is(view.getUint32(24, true), agent.child.pid);
  assert.ok([100, 250, 300, 1000].includes(view.getUint32(28, true)), "CONFIG_HZ");
  const release = spawnSync("uname", ["-r"], { encoding: "utf8" }).stdout.trim();
  assert.is(new TextDecoder().decode(hello.payload.subarray(36, 36 + view.getUint32(32, true))), release);
  assert.is((await agent.finish()).code, 0);
});

test("answers a heartbeat", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(encodeFrame(HostFrame.Heartbeat));
  assert.is((await agent.frame()).kind, AgentFrame.Alive);
  assert.is((await agent.finish()).code, 0);
});

test("takes frames that come a byte at a time", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  for (const byte of Buffer.concat([encodeFrame(HostFrame.Hello, HELLO), encodeFrame(HostFrame.Heartbeat)])) {
    agent.send(Uint8Array.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.is((await agent.frame()).kind, AgentFrame.Alive);
  assert.is((await agent.finish()).code, 0);
});

test("ends in good order when told to stop, at end of file, and on SIGTERM", async () => {
  assert.is((await after(encodeFrame(HostFrame.Stop))).code, 0);
  assert.is((await after()).code, 0);
  const agent = new AgentProcess();
  await agent.frame();
  agent.child.kill("SIGTERM");
  const end = await agent.end;
  assert.is(end.code, 0);
  assert.is(end.signal, null);
});

test("knows which kernel functions exist", async () => {
  const query = payload(Uint8Array.of(QueryKind.Functions), "vfs_read", "vfs_raed", "vfs_fsyn?", "*nothing*like*it*");
  const end = await after(encodeFrame(HostFrame.Query, query));
  const names = end.frames.find((frame) => frame.kind === AgentFrame.Names);
  assert.ok(names);
  const text = new TextDecoder().decode(names.payload);
  assert.match(text, /vfs_read/);
  assert.match(text, /vfs_fsync/);
  assert.not.match(text, /vfs_raed|nothing/);
});

/** Asks for a blob; the agent's answer to it, part by part. */
async function fetched(name: string): Promise<AgentEnd & { parts: Buffer[] }> {
  const agent = new AgentProcess();
  await agent.frame();
  agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(encodeFrame(HostFrame.Fetch, payload(name)));
  const parts: Buffer[] = [];
  do parts.push(Buffer.from((await agent.frame()).payload));
  while (parts.at(-1)!.readUInt8(0) === BlobState.Part);
  return { ...(await agent.finish()), parts };
}

test("sends the kernel's types compressed, in parts that say how far they are", async () => {
  const types = readFileSync("/sys/kernel/btf/vmlinux");
  const { parts, code } = await fetched("kernel-btf");
  assert.is(code, 0);
  assert.equal(inflateSync(Buffer.concat(parts.map((part) => part.subarray(9)))), types);
  assert.ok(parts.length > 10 && parts.every((part) => part.length < 200_000));
  assert.is(parts.at(-1)!.readUInt8(0), BlobState.Last);
  assert.ok(parts.slice(0, -1).every((part) => part.readUInt8(0) === BlobState.Part));
  assert.ok(parts.every((part, i) => i === 0 || part.readUInt32LE(1) >= parts[i - 1]!.readUInt32LE(1)));
  assert.is(parts.at(-1)!.readUInt32LE(1), types.length);
  assert.is(parts[0]!.readUInt32LE(5), types.length);
});

test("has no blob by the name of a file, or of a module that is not loaded", async () => {
  const modules = ["", ".", "..", "../vmlinux", "../../../../etc/passwd", "vmlinux", "no_such_module", "a".repeat(300)];
  for (const name of ["", "/etc/passwd", "kernel-btf ", "vmlinux", ...modules.map((one) => `module-btf ${one}`)]) {
    const { parts, code, frames } = await fetched(name);
    assert.is(code, 0, name);
    assert.equal([...parts[0]!], [BlobState.Absent, 0, 0, 0, 0, 0, 0, 0, 0], name);
    assert.is(frames.filter(({ kind }) => kind === AgentFrame.Warning).length, 0, name);
  }
});

test("keeps little of a blob that is not read, and gives it up when the host has gone", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  agent.child.stdout!.pause();
  agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(encodeFrame(HostFrame.Fetch, payload("kernel-btf")));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const status = readFileSync(`/proc/${agent.child.pid}/status`, "utf8");
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]);
  assert.ok(resident < 6000, `${resident} KB`);
  agent.child.stdin!.end();
  agent.child.stdout!.resume();
  const end = await agent.end;
  assert.is(end.rest, 0);
  assert.not.ok(end.frames.some((frame) => frame.kind === AgentFrame.Blob && frame.payload[0] === BlobState.Last));
});

test("refuses bytes that are no frame", async () => {
  const end = await new AgentProcess().finish(Buffer.from("GET / HTTP/1.1\r\nHost: box\r\n\r\n"));
  assert.is(end.code, 1);
  assert.is(readFailed(end.frames.at(-1)!).code, FailureCode.Protocol);
});

test("refuses a frame longer than any, before its bytes have come", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  agent.send(Uint8Array.of(...new Uint8Array(Uint32Array.of(MAX_FRAME_BYTES + 1).buffer), 3, 0, 0, 0));
  assert.is(readFailed(await agent.frame()).code, FailureCode.Protocol);
  assert.is((await agent.end).code, 1);
});

test("refuses a host that does not greet, or speaks another version", async () => {
  const mute = await new AgentProcess().finish(encodeFrame(HostFrame.Heartbeat));
  assert.match(readFailed(mute.frames.at(-1)!).text, /first frame was not Hello/);
  const other = await new AgentProcess().finish(encodeFrame(HostFrame.Hello, payload(WIRE_MAGIC, WIRE_VERSION + 1)));
  assert.match(readFailed(other.frames.at(-1)!).text, /version/);
  const stranger = await new AgentProcess().finish(encodeFrame(HostFrame.Hello, payload(1, 1)));
  assert.match(readFailed(stranger.frames.at(-1)!).text, /not stap-remote/);
});

test("refuses unknown and damaged frames", async () => {
  const cases: [Uint8Array, RegExp][] = [
    [encodeFrame(77), /unknown kind 77/],
    [encodeFrame(HostFrame.Query), /damaged frame Query/],
    [encodeFrame(HostFrame.Query, payload(Uint8Array.of(9), "x")), /damaged frame Query/],
    [encodeFrame(HostFrame.Fetch), /damaged frame Fetch/],
    [encodeFrame(HostFrame.Fetch, payload("kernel-btf", "x")), /damaged frame Fetch/],
    [encodeFrame(HostFrame.Fetch, payload(0xffffffff)), /damaged frame Fetch/],
    [encodeFrame(HostFrame.Query, payload(Uint8Array.of(0), 0xffffffff)), /damaged frame Query/],
    [encodeFrame(HostFrame.Query, payload(Uint8Array.of(0), "x".repeat(5000))), /damaged frame Query/],
  ];
  for (const [frame, message] of cases) {
    const end = await after(frame);
    assert.is(end.code, 1);
    assert.match(readFailed(end.frames.at(-1)!).text, message);
  }
});

test("refuses each frame where docs/wire.md does not allow it, before an object is loaded", async () => {
  const run = encodeFrame(HostFrame.Run, payload(0, 0, 0xffffffff, 0xffffffff, 0, "", ""));
  const hello = encodeFrame(HostFrame.Hello, HELLO);
  const query = encodeFrame(HostFrame.Query, payload(Uint8Array.of(QueryKind.Config), "CONFIG_X"));
  const fetch = encodeFrame(HostFrame.Fetch, payload("kernel-btf"));
  const object = encodeFrame(HostFrame.Object, Buffer.from("none"));
  const [heartbeat, stop] = [encodeFrame(HostFrame.Heartbeat), encodeFrame(HostFrame.Stop)];
  for (const frame of [query, fetch, object, run, stop, heartbeat]) {
    const end = await new AgentProcess().finish(frame);
    assert.match(readFailed(end.frames.at(-1)!).text, /the host's first frame was not Hello/);
  }
  const after = { asking: [hello, query], ending: [hello, stop] };
  const cases: [Uint8Array[], Uint8Array, string][] = [
    [after.asking, hello, "Hello"],
    [after.asking, run, "Run"],
    [after.ending, hello, "Hello"],
    [after.ending, query, "Query"],
    [after.ending, fetch, "Fetch"],
    [after.ending, object, "Object"],
    [after.ending, run, "Run"],
  ];
  for (const [before, frame, name] of cases) {
    const end = await new AgentProcess().finish(Buffer.concat([...before, frame]));
    assert.is(readFailed(end.frames.at(-1)!).text, `the host sent a frame ${name} out of order`);
    assert.is(readFailed(end.frames.at(-1)!).code, FailureCode.Protocol);
    assert.is(end.code, 1, name);
  }
  for (const frame of [heartbeat, stop]) {
    assert.is((await new AgentProcess().finish(Buffer.concat([...after.ending, frame]))).code, 0);
  }
});

/** A query of many patterns that nothing matches: it takes long. */
function longQuery(count: number): Uint8Array {
  const name = Buffer.from("\u0017\0\0\0*a*b*c*d*e*f*g*h*i*j*k*", "latin1");
  const names = Buffer.alloc(name.length * count, name);
  return encodeFrame(HostFrame.Query, payload(Uint8Array.of(QueryKind.Functions), names));
}

test("stops computing when its input ends, or its output is not read", async () => {
  for (const close of [
    (agent: AgentProcess) => agent.child.stdin!.end(),
    (agent: AgentProcess) => agent.child.stdout!.destroy(),
  ]) {
    const agent = new AgentProcess();
    await agent.frame();
    agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(longQuery(20_000));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.is(agent.child.exitCode, null, "it is still computing");
    const began = Date.now();
    close(agent);
    await agent.end;
    assert.ok(Date.now() - began < 5000, `it ended after ${Date.now() - began} ms`);
  }
});

test("says that it is alive while it computes", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(longQuery(20_000));
  assert.is((await agent.frame()).kind, AgentFrame.Alive);
  agent.child.kill("SIGKILL");
  await agent.end;
});

test("refuses a million names, in one query or in many", async () => {
  const empty = (count: number) =>
    encodeFrame(HostFrame.Query, Buffer.concat([Uint8Array.of(QueryKind.Config), Buffer.alloc(4 * count)]));
  for (const frames of [[empty(2_000_000)], Array.from({ length: 11 }, () => empty(100_000))]) {
    const end = await after(...frames);
    assert.is(readFailed(end.frames.at(-1)!).text, "the host asked for more than 1000000 names in one session");
    assert.is(readFailed(end.frames.at(-1)!).code, FailureCode.Resource);
  }
});

/** An agent whose answer, all functions of the kernel, is more than a pipe holds and is not read. */
async function unreadAgent(): Promise<AgentProcess> {
  const agent = new AgentProcess();
  await agent.frame();
  agent.child.stdout!.pause();
  agent.send(encodeFrame(HostFrame.Hello, HELLO));
  return agent.send(encodeFrame(HostFrame.Query, payload(Uint8Array.of(QueryKind.Functions), "*")));
}

test("waits for a host that reads slowly as long as its heartbeats come, and not for one that is gone", async () => {
  const [slow, gone] = [await unreadAgent(), await unreadAgent()];
  const beat = setInterval(() => slow.send(encodeFrame(HostFrame.Heartbeat)), 1000);
  setTimeout(() => slow.send(encodeFrame(HostFrame.Stop)), 2000);
  setTimeout(() => gone.child.stdin!.end(), 2000);
  let isEnded = false;
  gone.child.once("exit", () => (isEnded = true));
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  assert.ok(isEnded, "the host that closed its end is given up after ten seconds");
  assert.is(slow.child.exitCode, null, "the other one is waited for");
  slow.child.stdout!.resume();
  const end = await slow.end;
  clearInterval(beat);
  gone.child.stdout!.resume();
  assert.is(end.rest, 0);
  const names = end.frames.find((frame) => frame.kind === AgentFrame.Names);
  assert.ok(names!.payload.length > 500_000, "all of the answer has come");
});

test("opens /dev/null for standard descriptors that are closed", async () => {
  const child = spawn("sh", ["-c", `exec ${AGENT} serve >&- 2>&-`], { stdio: ["pipe", "ignore", "ignore"] });
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const fd of [1, 2]) assert.is(readlinkSync(`/proc/${child.pid}/fd/${fd}`), "/dev/null");
  child.stdin.end();
  await new Promise((resolve) => child.once("exit", resolve));
});

/** A small generator, so that a failure can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("survives any bytes on its standard input", async () => {
  const good = [
    encodeFrame(HostFrame.Hello, HELLO),
    encodeFrame(HostFrame.Heartbeat),
    encodeFrame(HostFrame.Query, payload(Uint8Array.of(0), "no_such_function")),
    encodeFrame(HostFrame.Object, Buffer.from("\x7fELF\x02\x01\x01 and nothing else", "latin1")),
    encodeFrame(HostFrame.Run, payload(0, 0, 0, 0, 0, "true", "nobody")),
  ];
  for (let seed = 1; seed <= 150; ++seed) {
    const random = randomNumbers(seed);
    const bytes = Buffer.concat(good.filter(() => random() < 0.8));
    const changes = Math.floor(random() * 6);
    for (let i = 0; i < changes && bytes.length > 0; ++i) bytes[Math.floor(random() * bytes.length)] = random() * 256;
    const end = await new AgentProcess().finish(bytes.subarray(0, Math.floor(bytes.length * (0.5 + random()))));
    assert.ok(end.code === 0 || end.code === 1, `seed ${seed}: exit status ${end.code}, ${end.signal}, ${end.stderr}`);
    assert.is(end.rest, 0, `seed ${seed}: what it says are whole frames`);
    if (end.code === 1) readFailed(end.frames.at(-1)!);
  }
});

test("ends when the host reads no more", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  agent.child.stdout!.destroy();
  agent.send(encodeFrame(HostFrame.Hello, HELLO)).send(encodeFrame(HostFrame.Heartbeat));
  assert.is((await agent.end).code, 0);
});

test("ends when the host has been silent for five heartbeats", async () => {
  const agent = new AgentProcess();
  await agent.frame();
  const began = Date.now();
  const end = await agent.end;
  assert.is(end.code, 1);
  assert.match(readFailed(end.frames.at(-1)!).text, /the agent heard nothing from the host for 10 seconds/);
  const seconds = (Date.now() - began) / 1000;
  assert.ok(seconds > 9 && seconds < 15, `${seconds} s`);
});

test.run();
