// A lying agent: streams of frames through the real client (agent/host/session.ts, cli/run.ts). A stream is a good
// session that the real agent has said, of which frames are dropped, doubled, moved, cut and changed, with lies between
// them: frames of any kind that are well formed, with huge counts and terminal escapes. A case is a finding if the
// client throws, calls it an internal error, takes long, prints very much, or lets control characters into a message.

import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ByteWriter } from "../../agent/host/bytes.ts";
import { encodeFrame, FrameDecoder } from "../../agent/host/frames.ts";
import type { RemoteProcess } from "../../agent/host/transport.ts";
import { readAsset } from "../../cli/assets.ts";
import { ExitError } from "../../cli/exit.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { parseOptions } from "../../cli/options.ts";
import { errorLine } from "../../cli/report.ts";
import { runJob } from "../../cli/run.ts";
import { AgentFrame, HostFrame, QueryKind, WIRE_MAGIC, WIRE_VERSION } from "../../common/format/frame.ts";
import { compileModule } from "../../compiler/host/load.ts";
import { payload } from "../../tests/agent/agent-process.ts";
import { Captured } from "../../tests/captured.ts";
import { runAgent } from "../../tests/interpret/fake-kernel.ts";
import { builtCompiler } from "../fuzz.ts";
import { frameChanges, type Said } from "./mutate-frames.ts";
import { OBJECT_SCRIPTS } from "./object-scripts.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

const MOST_MS = 10_000;
const MOST_TEXT = 32 << 20;
const ESCAPES = [
  "\x1b]0;title\x07",
  "\x1b[2J",
  "\r\x1b[Kroot#",
  "\x9b31m",
  "a".repeat(5000),
  "",
  "%s%n",
  "\ufffd\u202e",
];

/** A script with what the real agent says when it runs. */
interface Session {
  script: string;
  said: Said[];
}

function recordSessions(): Session[] {
  const compiler = builtCompiler();
  const agent = compileModule(readAsset("agent.wasm"));
  return OBJECT_SCRIPTS.map((script) => {
    const scripts = [{ name: "<input>", bytes: Buffer.from(script) }];
    const { object, messages } = compiler.compile({ scripts, options: [["arch", "x86_64"]], args: [] });
    if (!object) throw new Error(messages);
    const input = [
      encodeFrame(HostFrame.Hello, payload(WIRE_MAGIC, WIRE_VERSION)),
      encodeFrame(HostFrame.Query, new ByteWriter().u8(QueryKind.Features).string("atomics_fetch").done()),
      encodeFrame(HostFrame.Object, object),
      encodeFrame(HostFrame.Run, payload(0, 0, 0xffffffff, 0xffffffff, 0, "", "")),
    ];
    const decoder = new FrameDecoder();
    decoder.push(runAgent(agent, Buffer.concat(input)).stdout);
    const said: Said[] = [];
    for (let frame = decoder.next(); frame; frame = decoder.next())
      said.push({ kind: frame.kind, payload: Uint8Array.from(frame.payload) });
    return { script, said };
  });
}

/** A frame of any kind: words, strings, records. */
function lie(random: Random): Said {
  const kind = random.oneIn(10) ? random.below(0x10000) : random.below(AgentFrame.Blob + 2);
  const fields = Array.from({ length: random.below(8) }, () =>
    random.oneIn(2) ? random.word() : random.pick(ESCAPES),
  );
  return { kind, payload: payload(...fields) };
}

function mutate(good: Said[], random: Random): Uint8Array {
  const said = [...good];
  for (let i = random.below(5); i > 0; i--) {
    const at = random.below(said.length);
    const frame = said[at];
    if (!frame) continue;
    const changes = [
      ...frameChanges(said, at, random),
      () => said.splice(at, 0, ...Array.from({ length: 1 + random.below(20) }, () => frame)),
      () => said.splice(at, random.below(2), lie(random)),
    ];
    random.pick(changes)();
  }
  const stream = Buffer.concat(said.map((frame) => encodeFrame(frame.kind, frame.payload)));
  if (random.oneIn(4))
    for (let i = random.below(8); i > 0; i--) stream[random.below(stream.length)] = random.below(256);
  return random.oneIn(6) ? stream.subarray(0, random.below(stream.length + 1)) : stream;
}

/** A process that says these bytes in pieces, and ends. */
function talker(bytes: Uint8Array, random: Random): RemoteProcess {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.oneIn(2) ? 64 : 65536);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  const stdin = new PassThrough();
  stdin.resume();
  const code = random.pick([0, 1, 70]);
  return {
    stdin,
    stdout: Readable.from(pieces),
    stderr: Readable.from([]),
    done: Promise.resolve({ code }),
    kill() {},
  };
}

/** The client's own line while it attaches and detaches: numbers are all that it takes from the remote. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it rewrites its line
const PROGRESS = /^\r\x1b\[K(?:(?:At|De)taching probes: \d+ of \d+)?$/;

/** Runs the client against one stream. */
async function runClient({ script }: Session, input: Uint8Array, random: Random): Promise<CaseEnd> {
  const out = new Captured();
  let err = "";
  const around = {
    interrupts: new Interrupts(),
    factsFolder: "/nonexistent",
    message: (text: string | Uint8Array) => {
      if (typeof text === "string") err += text.replace(PROGRESS, ""); // bytes are what a command wrote
    },
    settle: async () => {},
    messagesOnTerminal: true,
    openOutput: () => out,
    openRemote: async () => {
      const process = talker(input, random);
      return { process, where: "liar", kind: "local", uploaded: false, close: async () => {} };
    },
  };
  const began = Date.now();
  let status: number;
  try {
    status = await runJob({ ...settings, script }, around);
  } catch (error) {
    if (!(error instanceof ExitError)) return { end: "thrown", problem: String((error as Error).stack), input };
    status = error.status;
    err += errorLine(error);
  }
  const took = Date.now() - began;
  const problem = judge(err, out.text.length, took);
  return { end: `status ${status}`, ...(problem ? { problem, input } : {}) };
}

const settings = parseOptions(["--host", "liar", "-e", ""]);

function judge(err: string, textLength: number, took: number): string {
  if (/internal error/i.test(err)) return err.slice(0, 300);
  if (took > MOST_MS) return `it took ${took} ms`;
  if (textLength > MOST_TEXT || err.length > MOST_TEXT) return `${textLength} and ${err.length} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f].{0,40}/.exec(err);
  return control ? `control characters in a message: ${JSON.stringify(control[0])}` : "";
}

/** Streams of an agent through the client. */
export function framesToClientSweep(): Sweep {
  const sessions = recordSessions();
  return {
    name: "frames-to-client",
    batch: 20,
    async run(first, count, seed) {
      const ends: CaseEnd[] = [];
      for (let i = first; i < first + count; i++) {
        const random = new Random(seed, i);
        const session = random.pick(sessions);
        ends.push(await runClient(session, mutate(session.said, random), random));
      }
      return ends;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(framesToClientSweep());
