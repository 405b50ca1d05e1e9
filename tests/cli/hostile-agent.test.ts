// Command lines against a remote that lies: floods, drips, escape sequences, frames out of order. The client's memory
// is bounded, each run ends with one sentence, and nothing of the remote's reaches the terminal raw.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ByteWriter } from "../../agent/host/bytes.ts";
import { encodeFrame, FrameDecoder } from "../../agent/host/frames.ts";
import { printable, printableLines } from "../../agent/host/printable.ts";
import { Session, SessionError } from "../../agent/host/session.ts";
import { main } from "../../cli/command.ts";
import { EXIT } from "../../cli/exit.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { AgentFrame, FailureCode, QueryKind } from "../../common/format/frame.ts";
import { Captured, captureMessages } from "../captured.ts";
import { type Behaviour, FakeAgent, failurePayload, helloPayload } from "./fake-agent.ts";

const EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e";
const MEGABYTE = 1 << 20;

const text = (words: string) => new ByteWriter().string(words).done();

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, SessionError, String((error as Error).stack));
    const { message, detail } = error as SessionError;
    return `${message}; ${detail.hint ?? ""}`;
  }
  throw new Error("it did not fail");
}

function assertPrintable(said: string): void {
  assert.not.match(said, /[^\P{Cc}\n\t]|\p{Bidi_Control}/u, JSON.stringify(said));
}

/** A command line against such an agent. */
async function run(behaviour: Behaviour, argv = ["-e", "probe begin { exit() }"], agent = new FakeAgent(behaviour)) {
  const out = new Captured();
  const messages = captureMessages();
  const status = await main(["--host", "box", ...argv], {
    ...messages.to,
    interrupts: new Interrupts(),
    factsFolder: "/nonexistent",
    openOutput: () => out,
    openRemote: async () => ({
      process: agent.process,
      where: "box",
      kind: "fake",
      uploaded: false,
      close: async () => {},
    }),
  });
  return { status, out: out.text, err: messages.said() };
}

test("control characters become visible, and long text is cut", () => {
  assert.is(printable("a\x1b[2J\r\n\t\x7f\x9b\u202eé日"), "a\\x1b[2J\\r\\n\\t\\x7f\\x9b\\u202eé日");
  assert.is(printable("abcdef", 3), "abc…");
  assert.is(printableLines("a\tb\x07\r\nc\rd"), "a\tb\\x07\nc\\rd");
});

test("what an agent says is printable wherever it is shown", async () => {
  const { err } = await run({
    onObject: (agent) => {
      agent.send(AgentFrame.Warning, text(`warned ${EVIL}`));
      agent.send(AgentFrame.Failed, failurePayload(FailureCode.Feature, 1, `failed ${EVIL}`, `hint ${EVIL}`));
    },
  });
  assert.match(err, /WARNING: warned \\x1b\]0;owned\\x07/);
  assert.match(err, /failed \\x1b.*hint \\x1b/);
  assertPrintable(err);
});

test("so are its notes, the names of programs, and the verifier's log", async () => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Note, text(`note ${EVIL}`));
    agent.send(AgentFrame.Warning, text(`late ${EVIL}`));
    agent.finish();
  };
  const onObject = (agent: FakeAgent) =>
    agent.send(AgentFrame.Loaded, new ByteWriter().u32(1).string(`p${EVIL}`).u32(1).u32(1).done());
  const noted = await run({ onRun, onObject }, ["-vv", "-e", "probe begin { exit() }"]);
  assert.match(noted.err, /note \\x1b/);
  assertPrintable(noted.err);
  const rejection = new ByteWriter().string(`p${EVIL}`).u32(22).string(`0: (95) exit\nR0 ${EVIL}\n`).done();
  const refused = await run({ onObject: (agent) => agent.send(AgentFrame.Rejected, rejection) });
  assert.match(refused.err, /verifier refused probe 'p\\x1b/);
  assertPrintable(refused.err);
});

test("a process that is no agent cannot draw either, with what it writes to either stream", async () => {
  const agent = new FakeAgent({ hello: null });
  agent.sendRaw(new TextEncoder().encode(EVIL));
  agent.die({ code: 1 });
  assertPrintable(await refusal(Session.open(agent.process)));
  const mute = new FakeAgent({ hello: null });
  mute.stderr.write(EVIL);
  mute.die({ code: 1 });
  const said = await refusal(Session.open(mute.process));
  assert.match(said, /the remote said: \\x1b/);
  assertPrintable(said);
});

test("names that no kernel has are refused, in shape and in number", async () => {
  const answers: [string, Uint8Array][] = [
    ["an empty name", new ByteWriter().u8(0).string("").done()],
    ["a control character", new ByteWriter().u8(0).string("vfs_\x1b[2J").done()],
    ["a newline", new ByteWriter().u8(0).string("vfs_read\nprobe").done()],
    ["a long one", new ByteWriter().u8(0).string("a".repeat(5000)).done()],
    ["millions of empty ones", new Uint8Array(8 * MEGABYTE)],
    ["a length beyond the frame", new ByteWriter().u8(0).u32(1000).done()],
  ];
  for (const [name, payload] of answers) {
    const agent = new FakeAgent({ onQuery: (fake) => fake.send(AgentFrame.Names, payload) });
    const session = await Session.open(agent.process, { where: "box" });
    const said = await refusal(session.query(QueryKind.Functions, ["vfs_*"]));
    assert.match(said, /the agent on box sent a damaged frame/, name);
  }
});

test("an answer that drips, or that never comes among signs of life, has an end", async () => {
  for (const drip of [Uint8Array.of(0), encodeFrame(AgentFrame.Alive)]) {
    let timer: NodeJS.Timeout | undefined;
    const onQuery = (agent: FakeAgent) => {
      agent.sendRaw(Uint8Array.of(0, 0, 1, 0, 3, 0, 0, 0).subarray(0, drip.length === 1 ? 8 : 0));
      timer = setInterval(() => agent.sendRaw(drip), 10).unref();
    };
    const agent = new FakeAgent({ onQuery });
    const session = await Session.open(agent.process, { where: "box", silenceMs: 200, answerMs: 400 });
    assert.match(await refusal(session.query(QueryKind.Functions, ["a"])), /has not given a whole answer in 0\.4 s/);
    clearInterval(timer);
  }
  const mute = new FakeAgent({ hello: null });
  mute.sendRaw(Uint8Array.of(0, 1, 0, 0, AgentFrame.Hello, 0, 0, 0));
  const timer = setInterval(() => mute.sendRaw(Uint8Array.of(0)), 10).unref();
  assert.match(
    await refusal(Session.open(mute.process, { where: "box", helloMs: 200 })),
    /has not answered for 0\.2 s/,
  );
  clearInterval(timer);
});

test("a frame out of order, and one before the hello, is a sentence about the protocol", async () => {
  for (const kind of [AgentFrame.Loaded, AgentFrame.Output, AgentFrame.Failed, AgentFrame.Finished]) {
    const agent = new FakeAgent({ hello: null });
    agent.send(kind, new Uint8Array(16));
    const { status, err } = await run({}, undefined, agent);
    assert.is(status, EXIT.connection);
    assert.match(err, /^stap-remote: the remote process is not an agent of stap-remote/);
    assert.not.match(err, /internal error/);
  }
  const short = await run({ hello: helloPayload().subarray(0, 20) });
  assert.match(short.err, /^stap-remote: the agent on box sent a damaged frame/);
});

test("an agent that warns without end is ended, and what it says does not pile up", async () => {
  const onRun = (agent: FakeAgent) => {
    for (let i = 0; i < 100_001; i++) agent.send(AgentFrame.Warning, text("again"));
  };
  const { status, err } = await run({ onRun });
  assert.is(status, EXIT.connection);
  assert.match(err, /stap-remote: the agent on box sent more than 100000 warnings and notes\n$/);
});

test("single bytes of a large frame cost its size, not a hundred times as much", () => {
  const decoder = new FrameDecoder();
  const header = new ByteWriter()
    .u32(4 * MEGABYTE)
    .u32(AgentFrame.Names)
    .done();
  decoder.push(header);
  const before = process.memoryUsage();
  const one = Uint8Array.of(0);
  for (let i = 0; i < 4 * MEGABYTE - 1; i++) decoder.push(one);
  assert.is(decoder.next(), null);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grown < 32 * MEGABYTE, `${grown} bytes`);
  decoder.push(one);
  assert.is(decoder.next()?.payload.length, 4 * MEGABYTE);
  assert.is(decoder.rest, 0);
});

test("a flood on standard error is kept to its last words", async () => {
  const agent = new FakeAgent({ hello: null });
  const opening = refusal(Session.open(agent.process));
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 400; i++) {
    if (!agent.stderr.write(Buffer.alloc(MEGABYTE, "a")))
      await new Promise((resolve) => agent.stderr.once("drain", resolve));
  }
  agent.die({ code: 1 });
  assert.ok((await opening).length < 1200);
  assert.ok(process.memoryUsage().rss - before < 200 * MEGABYTE);
});

test.run();
