// The dialogue with the host over frames (docs/wire.md):
//
//   -> Hello   <- Hello   <- Query -> Names ...   <- Object -> Loaded | Rejected   <- Run -> Started, Output ... Finished
//
// Until Run the agent only answers; then session.ts runs the loop and asks `wantsStop` whether the host has said
// something. Any bytes may come: what is no frame, or out of order, is a Failed frame and the end.

import {
  AgentFrame,
  FailureCode,
  HEARTBEAT_MS,
  HostFrame,
  MISSED_HEARTBEATS,
  QueryKind,
  RunOptions,
  StopReason,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame";
import { CommandRequest } from "./command";
import { findConfig } from "./config";
import { clearFailure, Errno, fail } from "./errors";
import { Events, Tag } from "./events";
import { FrameReader, FrameWriter, Incoming, Payload } from "./frames";
import { findFunctions } from "./kallsyms";
import { closeObject, loadObject } from "./load";
import { LoadedObject, openObject } from "./object";
import { checkPrivilege } from "./privilege";
import { RecordSink } from "./ring";
import { sayFailed, sayFinished, sayHello, sayLoaded, sayNames, sayRejected } from "./say";
import { Listener, NO_REASON, RunRequest, Session } from "./session";
import { openSignals } from "./signals";
import { CLOCK_MONOTONIC, clock_gettime, readSignal, SIGCHLD, setNonblocking } from "./syscall";
import { findTracepoints } from "./tracefs";

/** How long the host may leave frames unread, milliseconds. */
const PATIENCE_MS: i32 = 10000;

/** Serves one host on standard input and output; the exit status. */
export function serve(): i32 {
  setNonblocking(0, true);
  setNonblocking(1, true);
  let server = new Server();
  let status = server.run();
  server.writer.flushAll(PATIENCE_MS);
  setNonblocking(0, false);
  setNonblocking(1, false);
  return status;
}

/** Turns records into Output or Control frames. */
class FrameSink extends RecordSink {
  patient: bool = false;

  constructor(
    private writer: FrameWriter,
    private kind: i32,
  ) {
    super();
  }

  record(address: usize, bytes: i32): bool {
    if (this.writer.record(this.kind, address, bytes)) return true;
    if (!this.patient) return false;
    this.writer.flushAll(PATIENCE_MS);
    return this.writer.record(this.kind, address, bytes);
  }
}

/** Tells the host what happens in the session. */
class HostListener extends Listener {
  constructor(
    private server: Server,
    private outputFrames: FrameSink,
    private controlFrames: FrameSink,
  ) {
    super(outputFrames, controlFrames);
  }

  started(attached: i32, commandPid: i32): void {
    let writer = this.server.writer;
    writer.begin(AgentFrame.Started);
    writer.u32(attached);
    writer.u32(commandPid);
    writer.finish();
  }

  warning(text: string): void {
    let writer = this.server.writer;
    writer.begin(AgentFrame.Warning);
    writer.text(text);
    writer.finish();
  }

  commandOutput(stream: i32, at: usize, bytes: i32): void {
    let writer = this.server.writer;
    writer.begin(AgentFrame.CommandOutput);
    writer.u8(stream);
    writer.bytes(at, bytes);
    writer.finish();
  }

  flush(): bool {
    return this.server.writer.flush();
  }

  flushAll(patienceMs: i32): void {
    this.server.writer.flushAll(patienceMs);
  }

  setPatient(patient: bool): void {
    this.outputFrames.patient = patient;
    this.controlFrames.patient = patient;
  }

  takeInput(): void {
    this.server.takeSessionInput();
  }

  wantsStop(): i32 {
    return this.server.wantsStop();
  }
}

class Server {
  writer: FrameWriter = new FrameWriter(1);
  private reader: FrameReader = new FrameReader(0);
  /** Reused: heartbeats come as long as the session lasts, and nothing is freed. */
  private payload: Payload = new Payload(0, 0);
  private events: Events = new Events();
  private signals: i32 = openSignals();
  private lastHeard: i64 = clock_gettime(CLOCK_MONOTONIC);
  private greeted: bool = false;
  private stopped: bool = false;
  private signalled: bool = false;
  private broken: bool = false;
  private object: LoadedObject | null = null;
  private request: RunRequest | null = null;
  /** -EPERM: standard input is a plain file, always ready. */
  private inputWatch: i32 = 0;

  run(): i32 {
    this.events.add(this.signals, Tag.Signal);
    this.inputWatch = this.events.add(0, Tag.Input);
    this.events.addWriter(1);
    sayHello(this.writer);
    while (!this.isOver()) {
      this.writer.flush();
      this.events.wait(this.inputWatch == -Errno.EPERM ? 0 : HEARTBEAT_MS);
      let signal = readSignal(this.signals);
      if (signal > 0 && signal != SIGCHLD) this.signalled = true;
      if (this.takeInput() < 0) return this.endFailed();
      let request = this.request;
      if (request) return this.runSession(request);
    }
    return this.isSilent() ? this.endSilent() : 0;
  }

  private endSilent(): i32 {
    fail(FailureCode.Protocol, 0, `the host was silent for ${(MISSED_HEARTBEATS * HEARTBEAT_MS) / 1000} seconds`);
    return this.endFailed();
  }

  /** Reads what the host says while a session runs. */
  takeSessionInput(): void {
    if (this.broken || this.takeInput() >= 0) return;
    this.broken = true;
    sayFailed(this.writer);
  }

  /** What the session asks in its loop: the host's wish, NO_REASON if it has none. */
  wantsStop(): i32 {
    if (this.inputWatch == -Errno.EPERM) this.takeSessionInput();
    if (this.broken) return StopReason.Failure;
    if (this.stopped) return StopReason.Stopped;
    return this.isHostGone() ? StopReason.HostGone : NO_REASON;
  }

  private isOver(): bool {
    return this.stopped || this.signalled || this.isHostGone();
  }

  /** Has the host closed its end, or been silent for too long? */
  private isHostGone(): bool {
    return this.reader.ended || this.writer.broken || this.isSilent();
  }

  private isSilent(): bool {
    let silence = clock_gettime(CLOCK_MONOTONIC) - this.lastHeard;
    return silence > <i64>MISSED_HEARTBEATS * HEARTBEAT_MS * 1000000;
  }

  /** Reads what the host has said and acts on it; 0, or -errno with the failure kept. */
  private takeInput(): i32 {
    while (!this.reader.ended && this.reader.fill()) {
      let result = this.actOnFrames();
      // Afterwards: while programs were loaded the host may have spoken, and not been heard.
      this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
      if (result < 0 || this.stopped || this.request) return result;
    }
    return 0;
  }

  private actOnFrames(): i32 {
    while (true) {
      let incoming = this.reader.next();
      if (incoming == Incoming.None) return 0;
      if (incoming == Incoming.Malformed) return fail(FailureCode.Protocol, 0, "the host sent bytes that are no frame");
      this.payload.open(this.reader.at, this.reader.length);
      let result = this.act(this.reader.kind, this.payload);
      if (result < 0 || this.stopped) return result;
    }
  }

  private act(kind: i32, payload: Payload): i32 {
    if (!this.greeted && kind != HostFrame.Hello) return fail(FailureCode.Protocol, 0, "the host did not say hello");
    switch (kind) {
      case HostFrame.Hello:
        return this.takeHello(payload);
      case HostFrame.Query:
        return this.takeQuery(payload);
      case HostFrame.Object:
        return this.takeObject(payload);
      case HostFrame.Run:
        return this.takeRun(payload);
      case HostFrame.Heartbeat:
        this.sayAlive();
        return 0;
      case HostFrame.Stop:
        this.stopped = true;
        return 0;
      default:
        return fail(FailureCode.Protocol, 0, `the host sent a frame of unknown kind ${kind}`);
    }
  }

  /** Says that it lives, unless it is saying something anyway. */
  private sayAlive(): void {
    if (this.writer.pending > 0) return;
    this.writer.begin(AgentFrame.Alive);
    this.writer.finish();
  }

  private takeHello(payload: Payload): i32 {
    let magic = payload.u32();
    let version = payload.u32();
    if (payload.failed || magic != <u32>WIRE_MAGIC) return fail(FailureCode.Protocol, 0, "the host is no stap-remote");
    if (version != <u32>WIRE_VERSION) {
      let text = `the host speaks version ${version} of the protocol, this agent version ${WIRE_VERSION}`;
      return fail(FailureCode.Protocol, 0, text, "Use an agent of the same release as the client.");
    }
    this.greeted = true;
    return 0;
  }

  private takeQuery(payload: Payload): i32 {
    if (this.request) return outOfOrder("Query");
    let kind = payload.u8();
    let wanted: string[] = [];
    while (payload.left > 0 && !payload.failed) wanted.push(payload.text());
    if (payload.failed || kind > QueryKind.Config) return malformed("Query");
    let names =
      kind == QueryKind.Functions
        ? findFunctions(wanted)
        : kind == QueryKind.Tracepoints
          ? findTracepoints(wanted)
          : findConfig(wanted);
    sayNames(this.writer, kind, names);
    return 0;
  }

  private takeObject(payload: Payload): i32 {
    if (this.request) return outOfOrder("Object");
    let bytes = new StaticArray<u8>(payload.left);
    memory.copy(changetype<usize>(bytes), payload.at, payload.left);
    let old = this.object;
    if (old) closeObject(old);
    this.object = null;
    clearFailure();
    let object = openObject(bytes);
    if (!object) return -Errno.EINVAL;
    let result = checkPrivilege();
    if (result >= 0) result = loadObject(object);
    if (result < 0) {
      closeObject(object);
      if (object.rejectedProgram.length == 0) return result;
      sayRejected(this.writer, object);
      return 0;
    }
    this.object = object;
    sayLoaded(this.writer, object);
    return 0;
  }

  private takeRun(payload: Payload): i32 {
    if (this.request || !this.object) return outOfOrder("Run");
    if (payload.left < RunOptions.Size) return malformed("Run");
    let at = payload.at;
    let request = new RunRequest();
    request.targetPid = load<i32>(at, RunOptions.TargetPid);
    request.timeoutMs = load<u32>(at, RunOptions.TimeoutMs);
    let strings = new Payload(at + RunOptions.Size, payload.left - RunOptions.Size);
    let command = new CommandRequest();
    command.text = strings.text();
    command.user = strings.text();
    command.uid = load<i32>(at, RunOptions.CommandUid);
    command.gid = load<i32>(at, RunOptions.CommandGid);
    if (strings.failed) return malformed("Run");
    if (command.text.length != 0) request.command = command;
    this.request = request;
    return 0;
  }

  private runSession(request: RunRequest): i32 {
    let object = this.object;
    if (!object) return 1;
    let output = new FrameSink(this.writer, AgentFrame.Output);
    let control = new FrameSink(this.writer, AgentFrame.Control);
    let session = new Session(object, new HostListener(this, output, control), this.events, this.signals);
    if (session.run(request) < 0) return this.endFailed();
    sayFinished(this.writer, session.summary);
    return 0;
  }

  private endFailed(): i32 {
    sayFailed(this.writer);
    return 1;
  }
}

function outOfOrder(frame: string): i32 {
  return fail(FailureCode.Protocol, 0, `the host sent a frame ${frame} out of order`);
}

function malformed(frame: string): i32 {
  return fail(FailureCode.Protocol, 0, `the host sent a damaged frame ${frame}`);
}
