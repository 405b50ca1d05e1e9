// One session with an agent, over any RemoteProcess: hello, questions, load, run, end (docs/wire.md has the dialogue).
//
//   Session.open -> query* -> load -> run (events until `finished`) -> close
//
// The session pulls frames: it reads nothing from the remote while the caller handles an event. So a slow terminal
// slows the agent's pipe down, and nothing accumulates here.
//
// The remote may be hostile. So a question has a deadline that no dripping of bytes moves; a run, which may print
// nothing for hours, only ends when the agent is silent. What the remote says is bounded in length and number.
//
// Invariant: every failure of a session is a SessionError with one sentence for the user.

import {
  AgentFrame,
  BlobState,
  HEARTBEAT_MS,
  HostFrame,
  MAX_BLOB_BYTES,
  type QueryKind,
  RunFlags,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame.ts";
import { ByteWriter } from "./bytes.ts";
import {
  type BlobPart,
  type Failure,
  type Hello,
  HelloError,
  type LoadedProgram,
  type MeasuredProgram,
  type Rejection,
  type RunEvent,
  readBlob,
  readCommandOutput,
  readFailure,
  readFinished,
  readHello,
  readLoaded,
  readMeasured,
  readNames,
  readProgress,
  readRejection,
  readStarted,
  readText,
  readUsage,
} from "./events.ts";
import { encodeFrame, type Frame, FrameDecoder, FrameError } from "./frames.ts";
import { printable } from "./printable.ts";
import type { ProcessEnd, RemoteProcess } from "./transport.ts";

/** Silence of the agent after which it counts as lost, while it should answer heartbeats. */
const SILENCE_MS = 60_000;
/** How long the first frame may take: the agent may just have been sent. */
const HELLO_MS = 30_000;
/** How long an answer may take in all: the verifier over all programs, or many names over a slow link. */
const ANSWER_MS = 600_000;
/** How long the agent may take to finish after it failed. */
const AFTER_FAILURE_MS = 15_000;
/** How much of the remote's last words on its standard error is kept. */
const STDERR_BYTES = 1000;
/** Warnings and notes that an agent may send in one session: it has a few for each probe that it cannot attach. */
const MAX_REMARKS = 100_000;

export type SessionErrorCode =
  | "cut" // the connection or the agent ended in the middle
  | "silent" // no sign of life
  | "protocol" // the data is not a frame, or not the expected one
  | "failed" // the agent says that it cannot
  | "rejected"; // the verifier refused a program

/** A session that ended badly. */
export class SessionError extends Error {
  override name = "SessionError";

  constructor(
    readonly code: SessionErrorCode,
    message: string,
    readonly detail: { hint?: string; failure?: Failure; rejection?: Rejection } = {},
  ) {
    super(message);
  }
}

/** What `run` is asked to do. */
export interface RunRequest {
  /** -x, or 0 */
  targetPid?: number;
  /** -T, milliseconds, or 0 */
  timeoutMs?: number;
  /** ask what the run takes of the machine */
  wantsUsage?: boolean;
  /** -c, or empty */
  command?: string;
  /** user and group that run the command; the agent's own if absent */
  commandUid?: number;
  commandGid?: number;
  commandUser?: string;
}

/** How to open a session. */
export interface SessionOptions {
  /** The remote as messages name it. */
  where?: string;
  heartbeatMs?: number;
  silenceMs?: number;
  helloMs?: number;
  answerMs?: number;
  /** Told of warnings that come before the run; the session waits for it. */
  onWarning?: (text: string) => void | Promise<void>;
}

/** A session; see the head of this file. */
export class Session {
  hello!: Hello;
  private readonly decoder = new FrameDecoder();
  private readonly chunks: AsyncIterator<Uint8Array>;
  private readonly where: string;
  private heartbeat: NodeJS.Timeout | undefined;
  private stderr = Buffer.alloc(0);
  private remarks = 0;
  private writeError: Error | undefined;

  private constructor(
    private readonly process: RemoteProcess,
    private readonly options: SessionOptions,
  ) {
    this.where = options.where ?? "the remote";
    this.chunks = process.stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    process.stdin.on("error", (error: Error) => {
      this.writeError ??= error;
    });
    process.stderr.on("data", (chunk: Uint8Array) => {
      this.stderr = Buffer.concat([this.stderr, chunk]).subarray(-STDERR_BYTES);
    });
    process.stderr.on("error", () => {});
  }

  /** Exchanges hellos; throws if the other side is not an agent of this version. */
  static async open(process: RemoteProcess, options: SessionOptions = {}): Promise<Session> {
    const session = new Session(process, options);
    const helloMs = options.helloMs ?? HELLO_MS;
    try {
      const frame = await session.nextFrame(patience(helloMs, helloMs));
      if (frame.kind !== AgentFrame.Hello) throw new HelloError("the remote process is not an agent of stap-remote");
      session.hello = session.read(frame, readHello);
    } catch (error) {
      process.kill();
      throw error instanceof HelloError || error instanceof FrameError ? session.noAgent(error) : error;
    }
    await session.send(HostFrame.Hello, new ByteWriter().u32(WIRE_MAGIC).u32(WIRE_VERSION).done());
    session.startHeartbeat();
    return session;
  }

  /** Which of the names (or glob patterns) exist on the remote. */
  async query(kind: QueryKind, names: string[]): Promise<string[]> {
    const payload = new ByteWriter().u8(kind);
    for (const name of names) payload.string(name);
    await this.send(HostFrame.Query, payload.done());
    const frame = await this.answer([AgentFrame.Names], this.answerPatience(this.silenceMs));
    return this.read(frame, readNames).names;
  }

  /**
   * A blob as the agent sends it: a zlib stream, not yet unpacked. undefined: there is no such blob. `onPart` is told
   * how far it is.
   */
  async fetch(name: string, onPart: (part: BlobPart) => void = () => {}): Promise<Uint8Array | undefined> {
    await this.send(HostFrame.Fetch, new ByteWriter().string(name).done());
    const stream = new ByteWriter();
    const wait = this.answerPatience(this.silenceMs);
    let bytes = 0;
    for (;;) {
      const frame = await this.answer([AgentFrame.Blob], wait);
      const part = this.read(frame, readBlob);
      if (part.state === BlobState.Absent) return undefined;
      bytes += part.bytes.length;
      if (bytes > MAX_BLOB_BYTES) throw this.liar(`sent more than ${MAX_BLOB_BYTES} bytes for '${name}'`);
      stream.bytes(part.bytes);
      onPart(part);
      if (part.state === BlobState.Last) return stream.done();
    }
  }

  /** Sends an object and has it loaded; throws a "rejected" or "failed" SessionError. */
  async load(object: Uint8Array): Promise<LoadedProgram[]> {
    await this.send(HostFrame.Object, object);
    const frame = await this.answer([AgentFrame.Loaded, AgentFrame.Rejected], this.answerPatience(ANSWER_MS));
    if (frame.kind === AgentFrame.Loaded) return this.read(frame, readLoaded);
    const rejection = this.read(frame, readRejection);
    throw new SessionError("rejected", `the kernel's verifier refused program '${rejection.program}'`, { rejection });
  }

  /** What the verifier does with each program of the object that was loaded. */
  async measure(): Promise<MeasuredProgram[]> {
    await this.send(HostFrame.Measure, new Uint8Array(0));
    return this.read(await this.answer([AgentFrame.Measured], this.answerPatience(ANSWER_MS)), readMeasured);
  }

  /**
   * Attaches and runs; yields what happens, `finished` last. After `failed` the agent may or may not get as far as
   * `finished`; if not, that failure is thrown.
   */
  async *run(request: RunRequest = {}): AsyncGenerator<RunEvent> {
    await this.send(HostFrame.Run, runPayload(request));
    let failure: Failure | undefined;
    for (;;) {
      let event: RunEvent | null;
      try {
        const wait = failure ? patience(AFTER_FAILURE_MS, AFTER_FAILURE_MS) : patience(this.silenceMs);
        event = this.eventOf(await this.nextFrame(wait));
      } catch (error) {
        throw failure ? failed(failure) : error;
      }
      if (event) yield event;
      if (event?.type === "failed") failure ??= event.failure;
      if (event?.type === "finished") return;
    }
  }

  /** Asks the agent to stop in order; `run` continues until `finished`. */
  stop(): void {
    this.send(HostFrame.Stop).catch(() => {});
  }

  /** Ends the session at once; the agent sees end of file and cleans up. */
  async close(graceMs = 2000): Promise<void> {
    clearInterval(this.heartbeat);
    this.process.stdin.end();
    const ended = this.readToEnd().then(() => this.process.done);
    if ((await within(ended, graceMs)) === undefined) this.process.kill();
  }

  /** Drains the stream: an unread stream never ends. */
  private async readToEnd(): Promise<void> {
    try {
      while (!(await this.chunks.next()).done);
    } catch {
      // ended, only not well
    }
  }

  private get silenceMs(): number {
    return this.options.silenceMs ?? SILENCE_MS;
  }

  private startHeartbeat(): void {
    this.heartbeat = setInterval(
      () => {
        if (!this.writeError) this.process.stdin.write(encodeFrame(HostFrame.Heartbeat));
      },
      this.options.heartbeatMs ?? HEARTBEAT_MS / 2,
    );
    this.heartbeat.unref();
  }

  private eventOf(frame: Frame): RunEvent | null {
    switch (frame.kind) {
      case AgentFrame.Output:
        return { type: "output", records: frame.payload };
      case AgentFrame.Control:
        return { type: "control", records: frame.payload };
      case AgentFrame.Symbols:
        return { type: "symbols", payload: frame.payload };
      case AgentFrame.CommandOutput:
        return readCommandOutput(frame.payload);
      case AgentFrame.Started:
        return this.read(frame, readStarted);
      case AgentFrame.Usage:
        return { type: "usage", usage: this.read(frame, readUsage) };
      case AgentFrame.Progress:
        return this.read(frame, readProgress);
      case AgentFrame.Warning:
        return { type: "warning", text: this.remark(frame) };
      case AgentFrame.Note:
        return { type: "note", text: this.remark(frame) };
      case AgentFrame.Failed:
        return { type: "failed", failure: this.read(frame, readFailure) };
      case AgentFrame.Finished:
        return { type: "finished", summary: this.read(frame, readFinished) };
      default:
        return null;
    }
  }

  /** The text of a warning or note; an agent that never ends to remark something is no agent of ours. */
  private remark(frame: Frame): string {
    if (++this.remarks > MAX_REMARKS) throw this.liar(`sent more than ${MAX_REMARKS} warnings and notes`);
    return this.read(frame, readText);
  }

  /** What is said of an agent that does what none of ours does. */
  liar(what: string): SessionError {
    return new SessionError("protocol", `the agent on ${this.where} ${what}`);
  }

  private answerPatience(silenceMs: number): Patience {
    return patience(silenceMs, this.options.answerMs ?? ANSWER_MS);
  }

  /** Waits for one of `kinds`, past warnings and signs of life. */
  private async answer(kinds: AgentFrame[], wait: Patience): Promise<Frame> {
    for (;;) {
      const frame = await this.nextFrame(wait);
      if (kinds.includes(frame.kind)) return frame;
      if (frame.kind === AgentFrame.Failed) throw failed(this.read(frame, readFailure));
      if (frame.kind === AgentFrame.Warning) await this.options.onWarning?.(this.remark(frame));
    }
  }

  private async nextFrame(wait: Patience): Promise<Frame> {
    for (;;) {
      const frame = this.decodeNext();
      if (frame) return frame;
      const chunk = await this.nextChunk(wait);
      if (chunk === null) throw await this.cut();
      this.decoder.push(chunk);
    }
  }

  private decodeNext(): Frame | null {
    try {
      return this.decoder.next();
    } catch (error) {
      if (this.hello === undefined || !(error instanceof FrameError)) throw error;
      throw new SessionError("protocol", `the agent on ${this.where} sent damaged data: ${error.message}`);
    }
  }

  /** The next bytes; null at the end of the stream, however it came about. */
  private async nextChunk(wait: Patience): Promise<Uint8Array | null> {
    const read = this.chunks.next().then(
      (result) => (result.done ? null : result.value),
      () => null,
    );
    const left = wait.end - performance.now();
    const chunk = left > 0 ? await within(read, Math.min(wait.silenceMs, left)) : undefined;
    if (chunk === undefined) {
      this.process.kill();
      const late = left < wait.silenceMs && wait.wholeMs > wait.silenceMs;
      const seconds = Math.min(wait.silenceMs, wait.wholeMs) / 1000;
      const what = late
        ? `has not given a whole answer in ${wait.wholeMs / 1000} s`
        : `has not answered for ${seconds} s`;
      throw new SessionError("silent", `the agent on ${this.where} ${what}`);
    }
    return chunk;
  }

  private read<T>(frame: Frame, reader: (payload: Uint8Array) => T): T {
    try {
      return reader(frame.payload);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SessionError("protocol", `the agent on ${this.where} sent a damaged frame (kind ${frame.kind})`);
    }
  }

  /** Writes a frame; waits while the pipe is full. */
  private async send(kind: HostFrame, payload?: Uint8Array): Promise<void> {
    if (this.writeError) return; // the reading side tells why
    const stdin = this.process.stdin;
    if (stdin.write(encodeFrame(kind, payload))) return;
    const gone = this.process.done.then(() => {});
    await Promise.race([new Promise<void>((resolve) => stdin.once("drain", resolve)), gone]);
  }

  private async cut(): Promise<SessionError> {
    clearInterval(this.heartbeat);
    const end = await within(this.process.done, 1000);
    const said = printable(this.stderr.toString().trim());
    return new SessionError("cut", cutMessage(this.where, end), said ? { hint: `the remote said: ${said}` } : {});
  }

  private noAgent(error: Error): SessionError {
    const seen = printable(new TextDecoder().decode(this.decoder.peek(80))).trim();
    const hint = seen ? `it sent instead: ${seen}` : undefined;
    return new SessionError("protocol", error.message, hint ? { hint } : {});
  }
}

/** How long to wait for a frame. */
interface Patience {
  /** While nothing at all comes, milliseconds. */
  silenceMs: number;
  /** Whatever comes meanwhile: a moment of performance.now(). */
  end: number;
  wholeMs: number;
}

/** Waits while there are signs of life, at most `wholeMs`. */
function patience(silenceMs: number, wholeMs = Number.POSITIVE_INFINITY): Patience {
  return { silenceMs, end: performance.now() + wholeMs, wholeMs };
}

function cutMessage(where: string, end: ProcessEnd | undefined): string {
  if (end?.signal) return `the agent on ${where} was killed by signal ${end.signal}`;
  if (end && end.code !== null) return `the agent on ${where} ended unexpectedly with status ${end.code}`;
  return end?.error?.message ?? `the connection to ${where} was cut`;
}

function failed(failure: Failure): SessionError {
  return new SessionError("failed", failure.text, { failure, ...(failure.hint ? { hint: failure.hint } : {}) });
}

function runPayload(request: RunRequest): Uint8Array {
  return new ByteWriter()
    .u32(request.targetPid ?? 0)
    .u32(request.timeoutMs ?? 0)
    .u32(request.commandUid ?? -1)
    .u32(request.commandGid ?? -1)
    .u32(request.wantsUsage ? RunFlags.Usage : RunFlags.None)
    .string(request.command ?? "")
    .string(request.commandUser ?? "")
    .done();
}

/** The promise's value, or undefined if it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
