// The dialogue with the host over frames (docs/wire.md):
//
//   -> Hello  <- Hello  <- Query -> Names ...  <- Object -> Loaded | Rejected  <- Run -> Started, Output ... Finished
//
// Until Run the agent only answers; then session.ts runs the loop and asks `wantsStop` whether the host has said
// something. Any bytes may come: bytes that are not a frame, and frames out of order, are answered by Failed, and the
// agent ends.

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
import { Errno, Failure } from "./errors";
import { Events, Tag } from "./events";
import { FrameReader, FrameWriter, Incoming, Payload } from "./frames";
import { Interpreter, prepareInterpreter } from "./interpret";
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
  const server = new Server();
  const status = server.run();
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
    const writer = this.server.writer;
    writer.begin(AgentFrame.Started);
    writer.u32(attached);
    writer.u32(commandPid);
    writer.finish();
  }

  warning(text: string): void {
    const writer = this.server.writer;
    writer.begin(AgentFrame.Warning);
    writer.text(text);
    writer.finish();
  }

  note(text: string): void {
    const writer = this.server.writer;
    writer.begin(AgentFrame.Note);
    writer.text(text);
    writer.finish();
  }

  commandOutput(stream: i32, at: usize, bytes: i32): void {
    const writer = this.server.writer;
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
  private interpreter: Interpreter | null = null;
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
      const signal = readSignal(this.signals);
      if (signal > 0 && signal != SIGCHLD) this.signalled = true;
      const failure = this.takeInput();
      if (failure) return this.endFailed(failure);
      const request = this.request;
      if (request) return this.runSession(request);
    }
    return this.isSilent() ? this.endSilent() : 0;
  }

  private endSilent(): i32 {
    const seconds = (MISSED_HEARTBEATS * HEARTBEAT_MS) / 1000;
    return this.endFailed(protocolFailure(`the agent heard nothing from the host for ${seconds} seconds`));
  }

  /** Reads what the host says while a session runs. */
  takeSessionInput(): void {
    if (this.broken) return;
    const failure = this.takeInput();
    if (!failure) return;
    this.broken = true;
    sayFailed(this.writer, failure);
  }

  /** Asked in the loop of the session: why the host wants to end it, or NO_REASON. */
  wantsStop(): i32 {
    if (this.inputWatch == -Errno.EPERM) this.takeSessionInput();
    if (this.broken) return StopReason.Failure;
    if (this.stopped) return StopReason.Stopped;
    return this.isHostGone() ? StopReason.HostGone : NO_REASON;
  }

  private isOver(): bool {
    return this.stopped || this.signalled || this.isHostGone();
  }

  /** Whether the host has closed its end, or was silent for too long. */
  private isHostGone(): bool {
    return this.reader.ended || this.writer.broken || this.isSilent();
  }

  private isSilent(): bool {
    const silence = clock_gettime(CLOCK_MONOTONIC) - this.lastHeard;
    return silence > <i64>MISSED_HEARTBEATS * HEARTBEAT_MS * 1000000;
  }

  /** Reads what the host has said and acts on it. */
  private takeInput(): Failure | null {
    while (!this.reader.ended && this.reader.fill()) {
      const failure = this.actOnFrames();
      // Set afterwards: loading programs may take long, and nothing is read meanwhile.
      this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
      if (failure || this.stopped || this.request) return failure;
    }
    return null;
  }

  private actOnFrames(): Failure | null {
    while (true) {
      const incoming = this.reader.next();
      if (incoming == Incoming.None) return null;
      if (incoming == Incoming.Malformed) return protocolFailure("the host sent bytes that are not a frame");
      this.payload.open(this.reader.at, this.reader.length);
      const failure = this.act(this.reader.kind, this.payload);
      if (failure || this.stopped) return failure;
    }
  }

  private act(kind: i32, payload: Payload): Failure | null {
    if (!this.greeted && kind != HostFrame.Hello) return protocolFailure("the host's first frame was not Hello");
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
        return null;
      case HostFrame.Stop:
        this.stopped = true;
        return null;
      default:
        return protocolFailure(`the host sent a frame of unknown kind ${kind}`);
    }
  }

  /** Answers a heartbeat, unless other frames wait to be sent: they are an answer, too. */
  private sayAlive(): void {
    if (this.writer.pending > 0) return;
    this.writer.begin(AgentFrame.Alive);
    this.writer.finish();
  }

  private takeHello(payload: Payload): Failure | null {
    const magic = payload.u32();
    const version = payload.u32();
    if (payload.failed || magic != <u32>WIRE_MAGIC) return protocolFailure("the other side is not stap-remote");
    if (version != <u32>WIRE_VERSION) {
      const text = `the host speaks version ${version} of the protocol, this agent version ${WIRE_VERSION}`;
      return new Failure(FailureCode.Protocol, 0, text, "Use an agent of the same release as the client.");
    }
    this.greeted = true;
    return null;
  }

  private takeQuery(payload: Payload): Failure | null {
    if (this.request) return outOfOrder("Query");
    const kind = payload.u8();
    const wanted: string[] = [];
    while (payload.left > 0 && !payload.failed) wanted.push(payload.text());
    if (payload.failed || kind > QueryKind.Config) return malformed("Query");
    const names =
      kind == QueryKind.Functions
        ? findFunctions(wanted)
        : kind == QueryKind.Tracepoints
          ? findTracepoints(wanted)
          : findConfig(wanted);
    sayNames(this.writer, kind, names);
    return null;
  }

  private takeObject(payload: Payload): Failure | null {
    if (this.request) return outOfOrder("Object");
    const bytes = new StaticArray<u8>(payload.left);
    memory.copy(changetype<usize>(bytes), payload.at, payload.left);
    const old = this.interpreter;
    if (old) closeObject(old.object);
    this.interpreter = null;
    const opened = openObject(bytes);
    const object = opened.value;
    if (!object) return opened.failure;
    let failure = checkPrivilege();
    if (!failure) failure = loadObject(object);
    if (!failure) failure = this.prepare(object);
    if (!failure) {
      sayLoaded(this.writer, object);
      return null;
    }
    closeObject(object);
    if (object.rejectedProgram.length == 0) return failure;
    sayRejected(this.writer, object);
    return null;
  }

  private prepare(object: LoadedObject): Failure | null {
    const prepared = prepareInterpreter(object);
    this.interpreter = prepared.value;
    return prepared.failure;
  }

  private takeRun(payload: Payload): Failure | null {
    if (this.request || !this.interpreter) return outOfOrder("Run");
    if (payload.left < RunOptions.Size) return malformed("Run");
    const at = payload.at;
    const request = new RunRequest();
    request.targetPid = load<i32>(at, RunOptions.TargetPid);
    request.timeoutMs = load<u32>(at, RunOptions.TimeoutMs);
    const strings = new Payload(at + RunOptions.Size, payload.left - RunOptions.Size);
    const command = new CommandRequest();
    command.text = strings.text();
    command.user = strings.text();
    command.uid = load<i32>(at, RunOptions.CommandUid);
    command.gid = load<i32>(at, RunOptions.CommandGid);
    if (strings.failed) return malformed("Run");
    if (command.text.length != 0) request.command = command;
    this.request = request;
    return null;
  }

  private runSession(request: RunRequest): i32 {
    const interpreter = this.interpreter;
    if (!interpreter) return 1;
    const output = new FrameSink(this.writer, AgentFrame.Output);
    const control = new FrameSink(this.writer, AgentFrame.Control);
    const session = new Session(interpreter, new HostListener(this, output, control), this.events, this.signals);
    const failure = session.run(request);
    if (failure) return this.endFailed(failure);
    sayFinished(this.writer, session.summary);
    return 0;
  }

  private endFailed(failure: Failure): i32 {
    sayFailed(this.writer, failure);
    return 1;
  }
}

function protocolFailure(text: string): Failure {
  return new Failure(FailureCode.Protocol, 0, text);
}

function outOfOrder(frame: string): Failure {
  return protocolFailure(`the host sent a frame ${frame} out of order`);
}

function malformed(frame: string): Failure {
  return protocolFailure(`the host sent a damaged frame ${frame}`);
}
