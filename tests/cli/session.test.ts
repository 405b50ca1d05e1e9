// Sessions against an agent that behaves correctly, and against agents that do not.

import type { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ByteReader, ByteWriter } from "../../agent/host/bytes.ts";
import type { RunEvent } from "../../agent/host/events.ts";
import { encodeFrame, FrameDecoder } from "../../agent/host/frames.ts";
import { Session, SessionError } from "../../agent/host/session.ts";
import { AgentFrame, FailureCode, HostFrame, QueryKind, StopReason } from "../../common/format/frame.ts";
import { type Behaviour, FakeAgent, failurePayload, helloPayload, queryNames } from "./fake-agent.ts";

async function open(behaviour: Behaviour = {}, options = {}): Promise<{ agent: FakeAgent; session: Session }> {
  const agent = new FakeAgent(behaviour);
  return { agent, session: await Session.open(agent.process, { where: "box", ...options }) };
}

async function failure(promise: Promise<unknown>): Promise<SessionError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SessionError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

async function events(session: Session): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of session.run()) seen.push(event);
  return seen;
}

test("a session goes from hello over query and load to finished", async () => {
  const { agent, session } = await open();
  assert.is(session.hello.release, "6.1.0-49-amd64");
  assert.equal(await session.query(QueryKind.Functions, ["vfs_read", "a"]), ["vfs_read", "a"]);
  const loaded = await session.load(new Uint8Array(5_000_000));
  assert.equal(loaded, [{ name: "probe_1", verified: 42, loadMicroseconds: 1500 }]);
  const seen = await events(session);
  assert.equal(
    seen.map((event) => event.type),
    ["finished"],
  );
  assert.equal(agent.received, [HostFrame.Hello, HostFrame.Query, HostFrame.Object, HostFrame.Run]);
  await session.close();
  assert.equal(await agent.process.done, { code: 0 });
});

test("names in a query may be patterns, and the answer may be shorter or longer", async () => {
  const asked: string[] = [];
  const onQuery = (agent: FakeAgent, payload: Uint8Array) => {
    asked.push(...queryNames(payload));
    agent.send(AgentFrame.Names, new ByteWriter().u8(1).string("sched_switch").string("sched_wakeup").done());
  };
  const { session } = await open({ onQuery });
  assert.equal(await session.query(QueryKind.Tracepoints, ["sched_*", "nope"]), ["sched_switch", "sched_wakeup"]);
  assert.equal(asked, ["sched_*", "nope"]);
});

test("the run request carries pid, timeout and command", async () => {
  let seen: unknown[] = [];
  const onRun = (agent: FakeAgent, payload: Uint8Array) => {
    const reader = new ByteReader(payload);
    seen = [reader.u32(), reader.u32(), reader.i32(), reader.i32(), reader.u32(), reader.string(), reader.string()];
    agent.finish();
  };
  const { session } = await open({ onRun });
  for await (const _ of session.run({ targetPid: 7, timeoutMs: 1500, command: "sleep 1" }));
  assert.equal(seen, [7, 1500, -1, -1, 0, "sleep 1", ""]);
});

test("output, warnings and unknown frames arrive in order, the unknown ones ignored", async () => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Started, new ByteWriter().u32(3).u32(99).done());
    agent.send(AgentFrame.Output, Uint8Array.of(1, 2, 3));
    agent.send(77 as AgentFrame, Uint8Array.of(0));
    agent.send(AgentFrame.Warning, new ByteWriter().string("clock stepped").done());
    agent.send(AgentFrame.CommandOutput, Uint8Array.of(2, 65));
    agent.finish({ reason: StopReason.Timeout, errors: 2, lostOutput: 5 });
  };
  const { session } = await open({ onRun });
  const seen = await events(session);
  assert.equal(
    seen.map((event) => event.type),
    ["started", "output", "warning", "command", "finished"],
  );
  const last = seen.at(-1);
  assert.ok(last?.type === "finished" && last.summary.errors === 2n && last.summary.lostOutput === 5n);
});

test("stop ends a run in good order", async () => {
  const { session } = await open({ onRun: (agent) => agent.send(AgentFrame.Started, new Uint8Array(8)) });
  const seen: string[] = [];
  for await (const event of session.run()) {
    seen.push(event.type);
    if (event.type === "started") session.stop();
  }
  assert.equal(seen, ["started", "finished"]);
});

test("a process that is no agent is told apart, with what it said", async () => {
  const agent = new FakeAgent({ hello: null });
  agent.sendRaw(new TextEncoder().encode("bash: line 1: exec format error\n"));
  agent.die({ code: 126 });
  const error = await failure(Session.open(agent.process, { where: "box" }));
  assert.is(error.code, "protocol");
  assert.match(error.detail.hint ?? "", /exec format error/);
});

test("an agent of another version is refused by name of both versions", async () => {
  const error = await failure(open({ hello: helloPayload({ version: 99 }) }));
  assert.match(error.message, /version 99 of the protocol, but this stap-remote speaks version \d+/);
});

test("a process that says nothing and ends gives its status and what it wrote", async () => {
  const agent = new FakeAgent({ hello: null });
  agent.stderr.write("cannot allocate memory\n");
  agent.die({ code: 1 });
  const error = await failure(Session.open(agent.process, { where: "box" }));
  assert.is(error.message, "the agent on box ended unexpectedly with status 1");
  assert.match(error.detail.hint ?? "", /cannot allocate memory/);
});

test("a connection cut in the middle of a frame is a cut connection", async () => {
  const onRun = (agent: FakeAgent) => {
    agent.sendRaw(encodeFrame(AgentFrame.Output, new Uint8Array(100)).subarray(0, 50));
    agent.die({ code: null });
  };
  const { session } = await open({ onRun });
  const error = await failure(events(session));
  assert.is(error.code, "cut");
  assert.is(error.message, "the connection to box was cut");
});

test("an agent killed by a signal is named with it", async () => {
  const { session } = await open({ onRun: (agent) => agent.die({ code: null, signal: "SIGKILL" }) });
  assert.is((await failure(events(session))).message, "the agent on box was killed by signal SIGKILL");
});

test("a frame longer than any is an error at its header, not memory", async () => {
  const { session } = await open({ onRun: (agent) => agent.sendRaw(Uint8Array.of(255, 255, 255, 255, 4, 0, 0, 0)) });
  assert.is((await failure(events(session))).code, "protocol");
});

test("a frame too short for its kind is a protocol error", async () => {
  const { session } = await open({ onRun: (agent) => agent.send(AgentFrame.Finished, new Uint8Array(3)) });
  assert.is((await failure(events(session))).code, "protocol");
});

test("silence of an agent that should be running ends the session", async () => {
  const { session } = await open({ onRun: () => {}, alive: false }, { silenceMs: 150, heartbeatMs: 20 });
  assert.is((await failure(events(session))).code, "silent");
});

test("answered heartbeats keep a quiet session going", async () => {
  const onRun = (agent: FakeAgent) => void setTimeout(() => agent.finish(), 400);
  const { session } = await open({ onRun }, { silenceMs: 150, heartbeatMs: 20 });
  assert.equal(
    (await events(session)).map((event) => event.type),
    ["finished"],
  );
});

test("a failure before anything ran carries code, text and hint", async () => {
  const onObject = (agent: FakeAgent) =>
    agent.send(AgentFrame.Failed, failurePayload(FailureCode.Feature, 22, "no ring buffer", "5.8 has it"));
  const { session } = await open({ onObject });
  const error = await failure(session.load(new Uint8Array(8)));
  assert.is(error.code, "failed");
  assert.is(error.message, "no ring buffer");
  assert.is(error.detail.failure?.code, FailureCode.Feature);
  assert.is(error.detail.hint, "5.8 has it");
});

test("a failure in a run that never finishes is that failure, not a cut connection", async () => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Failed, failurePayload(FailureCode.Attach, 2, "cannot attach"));
    agent.die({ code: 1 });
  };
  const { session } = await open({ onRun });
  assert.is((await failure(events(session))).message, "cannot attach");
});

test("frames come whole out of single bytes and out of one large chunk", () => {
  const sent = [encodeFrame(1), encodeFrame(5, Uint8Array.of(1, 2, 3)), encodeFrame(6, new Uint8Array(1000).fill(9))];
  const all = Uint8Array.from(sent.flatMap((frame) => [...frame]));
  for (const step of [1, 7, all.length]) {
    const decoder = new FrameDecoder();
    const kinds: number[] = [];
    for (let at = 0; at < all.length; at += step) {
      decoder.push(all.subarray(at, at + step));
      for (let frame = decoder.next(); frame; frame = decoder.next())
        kinds.push(frame.kind * 10000 + frame.payload.length);
    }
    assert.equal(kinds, [10000, 50003, 61000]);
    assert.is(decoder.rest, 0);
  }
});

test("nothing more is read while the caller still deals with an event", async () => {
  const onRun = (agent: FakeAgent) => {
    for (let i = 0; i < 200; i++) agent.send(AgentFrame.Output, new Uint8Array(10_000));
    agent.finish();
  };
  const { agent, session } = await open({ onRun });
  const stdout = agent.process.stdout as PassThrough;
  for await (const event of session.run()) {
    if (event.type !== "output") continue;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const waiting = stdout.readableLength + stdout.writableLength;
    assert.ok(waiting > 1_000_000, `${waiting} bytes wait in the pipe`);
    break;
  }
});

test.run();
