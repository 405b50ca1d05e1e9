// An agent in TypeScript: it speaks frames over pipes in this process, so that sessions and command lines can be tested
// without a kernel. A test can replace its reaction to each frame of the host.

import { PassThrough } from "node:stream";
import { ByteReader, ByteWriter } from "../../agent/host/bytes.ts";
import { encodeFrame, FrameDecoder } from "../../agent/host/frames.ts";
import type { ProcessEnd, RemoteProcess } from "../../agent/host/transport.ts";
import {
  AgentFrame,
  BlobState,
  HostFrame,
  StopReason,
  Summary,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame.ts";

/** What a test may change; each is called with the payload when such a frame comes. */
export interface Behaviour {
  /** Sent first; null: nothing. */
  hello?: Uint8Array | null;
  onQuery?: (agent: FakeAgent, payload: Uint8Array) => void;
  onFetch?: (agent: FakeAgent, payload: Uint8Array) => void;
  onMeasure?: (agent: FakeAgent) => void;
  onObject?: (agent: FakeAgent, payload: Uint8Array) => void;
  onRun?: (agent: FakeAgent, payload: Uint8Array) => void;
  onStop?: (agent: FakeAgent) => void;
  /** Whether heartbeats are answered; default true. */
  alive?: boolean;
}

/** The numbers of a Finished frame. */
export interface SummaryShape {
  reason?: StopReason;
  commandStatus?: number;
  errors?: number;
  skippedLock?: number;
  lostOutput?: number;
  lostControl?: number;
  handlers?: number;
  isEstimate?: boolean;
}

/** The first frame of a well-behaved agent. */
export function helloPayload(
  change: { version?: number; magic?: number; uid?: number; machine?: number; buildId?: string } = {},
): Uint8Array {
  const numbers = [change.magic ?? WIRE_MAGIC, change.version ?? WIRE_VERSION, change.machine ?? 62, 2, 4096];
  const writer = new ByteWriter();
  for (const number of [...numbers, change.uid ?? 0, 4321, 250]) writer.u32(number);
  return writer
    .string("6.1.0-49-amd64")
    .string("#1 SMP Debian")
    .string(change.buildId ?? "c0ffee")
    .done();
}

/** The payload of a Finished frame. */
function summaryPayload(shape: SummaryShape = {}): Uint8Array {
  const bytes = new Uint8Array(Summary.Size);
  const view = new DataView(bytes.buffer);
  view.setUint32(Summary.Reason, shape.reason ?? StopReason.Exit, true);
  view.setInt32(Summary.CommandStatus, shape.commandStatus ?? -1, true);
  view.setBigUint64(Summary.Errors, BigInt(shape.errors ?? 0), true);
  view.setBigUint64(Summary.SkippedLock, BigInt(shape.skippedLock ?? 0), true);
  view.setBigUint64(Summary.LostOutput, BigInt(shape.lostOutput ?? 0), true);
  view.setBigUint64(Summary.LostControl, BigInt(shape.lostControl ?? 0), true);
  view.setBigUint64(Summary.Handlers, BigInt(shape.handlers ?? 0), true);
  view.setUint32(Summary.IsEstimate, shape.isEstimate ? 1 : 0, true);
  return bytes;
}

/** A failure frame's payload. */
export function failurePayload(code: number, errno: number, text: string, hint = ""): Uint8Array {
  return new ByteWriter().u32(code).u32(errno).string(text).string(hint).done();
}

/** See the head of this file. */
export class FakeAgent {
  /** Kinds of the host's frames, in order; heartbeats are left out. */
  readonly received: HostFrame[] = [];
  readonly process: RemoteProcess;
  readonly stderr = new PassThrough();
  private readonly input = new PassThrough();
  private readonly output = new PassThrough();
  private end!: (end: ProcessEnd) => void;

  constructor(private readonly behaviour: Behaviour = {}) {
    const done = new Promise<ProcessEnd>((resolve) => {
      this.end = resolve;
    });
    this.process = {
      stdin: this.input,
      stdout: this.output,
      stderr: this.stderr,
      done,
      kill: () => this.die({ code: null }),
    };
    const decoder = new FrameDecoder();
    this.input.on("data", (chunk: Uint8Array) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame; frame = decoder.next()) this.receive(frame.kind, frame.payload);
    });
    this.input.on("end", () => this.die({ code: 0 }));
    if (behaviour.hello !== null) this.send(AgentFrame.Hello, behaviour.hello ?? helloPayload());
  }

  send(kind: AgentFrame, payload?: Uint8Array): void {
    this.output.write(encodeFrame(kind, payload));
  }

  /** Bytes that need not be a frame. */
  sendRaw(bytes: Uint8Array): void {
    this.output.write(bytes);
  }

  finish(shape: SummaryShape = {}): void {
    this.send(AgentFrame.Finished, summaryPayload(shape));
  }

  /** Ends the process (or the connection: a null code). */
  die(end: ProcessEnd): void {
    this.output.end();
    this.end(end);
  }

  private receive(kind: HostFrame, payload: Uint8Array): void {
    if (kind === HostFrame.Heartbeat) {
      if (this.behaviour.alive !== false) this.send(AgentFrame.Alive);
      return;
    }
    this.received.push(kind);
    const { onQuery, onFetch, onObject, onMeasure, onRun, onStop } = this.behaviour;
    if (kind === HostFrame.Query) (onQuery ?? answerAll)(this, payload);
    if (kind === HostFrame.Fetch) (onFetch ?? sendNoBlob)(this, payload);
    if (kind === HostFrame.Object) (onObject ?? loadAll)(this, payload);
    if (kind === HostFrame.Measure) onMeasure?.(this);
    if (kind === HostFrame.Run) (onRun ?? ((agent: FakeAgent) => agent.finish()))(this, payload);
    if (kind === HostFrame.Stop) (onStop ?? ((agent: FakeAgent) => agent.finish({ reason: StopReason.Stopped })))(this);
  }
}

/** Says that everything asked for exists. */
function answerAll(agent: FakeAgent, payload: Uint8Array): void {
  agent.send(AgentFrame.Names, payload);
}

function sendNoBlob(agent: FakeAgent): void {
  agent.send(AgentFrame.Blob, blobPayload(BlobState.Absent));
}

/** The payload of a Blob frame. */
export function blobPayload(state: number, bytes: Uint8Array = new Uint8Array(0), done = bytes.length): Uint8Array {
  return new ByteWriter().u8(state).u32(done).u32(0).bytes(bytes).done();
}

function loadAll(agent: FakeAgent): void {
  agent.send(AgentFrame.Loaded, new ByteWriter().u32(1).string("probe_1").u32(42).u32(1500).done());
}

/** The payload of a Names frame. */
export function namesPayload(kind: number, names: string[]): Uint8Array {
  const writer = new ByteWriter().u8(kind);
  for (const name of names) writer.string(name);
  return writer.done();
}

/** The names of a Query's payload. */
export function queryNames(payload: Uint8Array): string[] {
  const reader = new ByteReader(payload.subarray(1));
  const names: string[] = [];
  while (reader.left > 0) names.push(reader.string());
  return names;
}
