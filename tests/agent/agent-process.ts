// An agent of this machine's CPU as a child process, for tests that load nothing into the kernel.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Frame, FrameDecoder } from "../../agent/host/frames.ts";
import { AgentFrame, WIRE_MAGIC, WIRE_VERSION } from "../../common/format/frame.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CPU = process.arch === "arm64" ? "arm64" : "x86_64";
/** The agent for the CPU that the tests run on. */
export const AGENT = join(ROOT, "build", `stap-agent-${CPU}`);

/** How an agent ended, and all that it said. */
export interface AgentEnd {
  code: number | null;
  signal: string | null;
  frames: Frame[];
  /** bytes on standard output that are not a whole frame */
  rest: number;
  stderr: string;
}

/** A running `stap-agent serve`. */
export class AgentProcess {
  readonly child: ChildProcess;
  readonly end: Promise<AgentEnd>;
  private readonly frames: Frame[] = [];
  private wake: () => void = () => {};
  private taken = 0;

  constructor(args: string[] = ["serve"]) {
    if (!existsSync(AGENT)) throw new Error(`${AGENT} is missing: npm run build`);
    const child = spawn(AGENT, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    const decoder = new FrameDecoder();
    let stderr = "";
    child.stdin!.on("error", () => {});
    child.stderr!.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.stdout!.on("data", (chunk: Uint8Array) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame; frame = decoder.next()) this.frames.push(frame);
      this.wake();
    });
    this.end = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal, frames: this.frames, rest: decoder.rest, stderr });
        this.wake();
      });
    });
  }

  send(bytes: Uint8Array): this {
    this.child.stdin!.write(bytes);
    return this;
  }

  /** Closes the agent's standard input. */
  finish(bytes: Uint8Array = new Uint8Array(0)): Promise<AgentEnd> {
    this.child.stdin!.end(bytes);
    return this.end;
  }

  /** The next frame of the agent; throws if it ends, or takes longer than ten seconds. */
  async frame(): Promise<Frame> {
    const deadline = Date.now() + 10_000;
    while (this.taken >= this.frames.length) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error("the agent has ended");
      if (Date.now() > deadline) throw new Error("the agent said nothing for ten seconds");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.frames[this.taken++]!;
  }
}

/** A payload of words and strings. */
export function payload(...fields: (number | string | Uint8Array)[]): Uint8Array {
  const parts = fields.map((field) => {
    if (typeof field === "number") return Buffer.from(Uint32Array.of(field).buffer);
    if (typeof field !== "string") return Buffer.from(field);
    const bytes = Buffer.from(field);
    return Buffer.concat([Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]);
  });
  return Buffer.concat(parts);
}

/** The host's greeting. */
export const HELLO = payload(WIRE_MAGIC, WIRE_VERSION);

/** Code and text of a Failed frame. */
export function readFailed(frame: Frame): { code: number; text: string } {
  if (frame.kind !== AgentFrame.Failed) throw new Error(`frame ${frame.kind} is no Failed`);
  const view = new DataView(frame.payload.buffer, frame.payload.byteOffset, frame.payload.length);
  const text = frame.payload.subarray(12, 12 + view.getUint32(8, true));
  return { code: view.getUint32(0, true), text: new TextDecoder().decode(text) };
}
