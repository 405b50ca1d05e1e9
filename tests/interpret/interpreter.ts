// Runs command lines of stap-remote without a kernel: the real compiler, client, formatter and agent, whose system
// calls fake-kernel.ts answers. Only `begin`, `end`, `error` and timer handlers run. Several hundred runs a second.

import { PassThrough } from "node:stream";
import { encodeFrame, type Frame, FrameDecoder } from "../../agent/host/frames.ts";
import type { ProcessEnd, RemoteProcess } from "../../agent/host/transport.ts";
import { readAsset } from "../../cli/assets.ts";
import { ExitError } from "../../cli/exit.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { parseOptions } from "../../cli/options.ts";
import { Output } from "../../cli/output.ts";
import { errorLine } from "../../cli/report.ts";
import { runJob } from "../../cli/run.ts";
import { AgentFrame, BlobState, HostFrame, WIRE_MAGIC, WIRE_VERSION } from "../../common/format/frame.ts";
import { compileModule } from "../../compiler/host/load.ts";
import { Captured, captureMessages } from "../captured.ts";
import { runAgent } from "./fake-kernel.ts";

/** What came of a command line. */
export interface Ended {
  status: number;
  out: string;
  err: string;
}

const HELLO = encodeFrame(HostFrame.Hello, new Uint8Array(Uint32Array.of(WIRE_MAGIC, WIRE_VERSION).buffer));
let agent: WebAssembly.Module | undefined;
/** The agent's first frame, which is always the same. */
let hello: Uint8Array | undefined;

function agentModule(): WebAssembly.Module {
  agent ??= compileModule(readAsset("agent.wasm"));
  return agent;
}

/** All frames that an agent with this input says. */
function framesOf(input: Uint8Array): Frame[] {
  const decoder = new FrameDecoder();
  decoder.push(runAgent(agentModule(), input).stdout);
  const frames: Frame[] = [];
  for (let frame = decoder.next(); frame; frame = decoder.next()) frames.push(frame);
  return frames;
}

const parsed = new Map<string, ReturnType<typeof parseOptions>>();

/** Settings of a command line with the script in `-e`; yargs takes longer than compiling, so it is asked once. */
function settingsOf(script: string, options: string[], args: string[]) {
  const key = JSON.stringify([options, args]);
  const known = parsed.get(key) ?? parseOptions(["--host", "interpreter", ...options, "-e", "", ...args]);
  parsed.set(key, known);
  return { ...known, script };
}

/** Runs a script as `stap-remote OPTIONS -e SCRIPT ARGS` does; what it prints, and its exit status. */
export async function interpret(script: string, options: string[] = [], args: string[] = []): Promise<Ended> {
  const out = new Captured();
  const messages = captureMessages();
  const around = {
    interrupts: new Interrupts(),
    factsFolder: "/nonexistent",
    ...messages.to,
    openOutput: (file: string | undefined) => (file === undefined ? out : Output.open(file)),
    openRemote: async () => {
      const { process } = new InterpretedAgent();
      return { process, where: "the interpreter", kind: "local", uploaded: false, close: async () => {} };
    },
  };
  try {
    const status = await runJob(settingsOf(script, options, args), around);
    return { status, out: out.text, err: messages.said() };
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    return { status: error.status, out: out.text, err: messages.said() + errorLine(error) };
  }
}

/**
 * An agent as a process: it says hello, and that an object was loaded; when the host says Run, the agent of
 * fake-kernel.ts is given all that the host has said, and what that one says after its hello is passed on.
 */
class InterpretedAgent {
  readonly process: RemoteProcess;
  private readonly output = new PassThrough();
  private object: Uint8Array | undefined;

  constructor() {
    let end!: (end: ProcessEnd) => void;
    const done = new Promise<ProcessEnd>((resolve) => (end = resolve));
    const input = new PassThrough();
    const die = () => {
      this.output.end();
      end({ code: 0 });
    };
    this.process = { stdin: input, stdout: this.output, stderr: new PassThrough(), done, kill: die };
    const decoder = new FrameDecoder();
    input.on("data", (chunk: Uint8Array) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame; frame = decoder.next()) this.receive(frame);
    });
    input.on("end", die);
    hello ??= frameBytes(framesOf(HELLO)[0] as Frame);
    this.output.write(hello);
  }

  private receive(frame: Frame): void {
    if (frame.kind === HostFrame.Query) this.say(AgentFrame.Names, frame.payload);
    // It has no types.
    if (frame.kind === HostFrame.Fetch) this.say(AgentFrame.Blob, new Uint8Array(9).fill(BlobState.Absent, 0, 1));
    if (frame.kind === HostFrame.Object) {
      this.object = encodeFrame(HostFrame.Object, frame.payload);
      this.say(AgentFrame.Loaded, new Uint8Array(4));
    }
    if (frame.kind !== HostFrame.Run || !this.object) return;
    const said = framesOf(Buffer.concat([HELLO, this.object, encodeFrame(HostFrame.Run, frame.payload)]));
    const isGreeting = ({ kind }: Frame) => kind === AgentFrame.Hello || kind === AgentFrame.Loaded;
    for (const answer of said) if (!isGreeting(answer)) this.output.write(frameBytes(answer));
  }

  private say(kind: AgentFrame, payload: Uint8Array): void {
    this.output.write(encodeFrame(kind, payload));
  }
}

function frameBytes(frame: Frame): Uint8Array {
  return encodeFrame(frame.kind, frame.payload);
}
