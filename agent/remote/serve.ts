// The dialogue with the host over frames (docs/wire.md):
//
//   -> Hello  <- Hello  <- Query -> Names ...  <- Fetch -> Blob ...  <- Object -> Loaded | Rejected
//   <- Run -> Started, Output ... Finished
//
// Until Run the agent only answers; then session.ts runs the loop and asks `wantsStop` whether the host has said
// something. Any bytes may come: bytes that are not a frame, and frames out of order, are answered by Failed, and the
// agent ends. FRAME_RULES says which frame may come when.

import {
  AgentFrame,
  FailureCode,
  HEARTBEAT_MS,
  HostFrame,
  MAX_COMMAND_BYTES,
  MAX_FRAME_BYTES,
  MAX_NAME_BYTES,
  MAX_NAMES,
  MISSED_HEARTBEATS,
  ProgressStep,
  QueryKind,
  RunFlags,
  RunOptions,
  StopReason,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame";
import { printsAddresses } from "./addresses";
import { sendBlob } from "./blob";
import { CommandRequest } from "./command";
import { findConfig } from "./config";
import { Contact, goneFailure, LongWork } from "./contact";
import { Errno, Failure } from "./errors";
import { Events, Tag } from "./events";
import { findFeatures } from "./features";
import { FrameReader, FrameWriter, Incoming, Payload } from "./frames";
import { Interpreter, prepareInterpreter } from "./interpret";
import { findFunctions, SymbolOwner } from "./kallsyms";
import { closeObject, loadObject } from "./load";
import { Login } from "./login";
import { measureObject } from "./measure";
import { findModuleBuilds, findModules } from "./modules";
import { LoadedObject, openObject } from "./object";
import { checkPrivilege } from "./privilege";
import { findPrograms } from "./programs";
import { RecordSink } from "./ring";
import { sayFailed, sayFinished, sayHello, sayLoaded, sayNames, sayRejected, sayWarning } from "./say";
import { Listener, NO_REASON, RunRequest, Session } from "./session";
import { openSignals } from "./signals";
import { CLOCK_MONOTONIC, clock_gettime, EPOLLOUT, poll, readSignal, SIGCHLD, setNonblocking } from "./syscall";
import { SymbolTeller } from "./tell-symbols";
import { findTracepoints } from "./tracefs";
import { findTrampolines } from "./trampolines";
import { Usage } from "./usage";

/** How long a host that has closed its end may leave frames unread, milliseconds. */
const PATIENCE_MS: i32 = 10000;
/** A host that does not read is looked after so often, milliseconds. */
const GLANCE_MS: i32 = 100;

/** Serves one host on standard input and output; the exit status. */
export function serve(login: Login): i32 {
  setNonblocking(0, true);
  setNonblocking(1, true);
  const server = new Server(login);
  const status = server.run();
  server.finish();
  setNonblocking(0, false);
  setNonblocking(1, false);
  return status;
}

/** Turns records into Output or Control frames. */
class FrameSink extends RecordSink {
  patient: bool = false;

  constructor(
    private server: Server,
    private kind: i32,
  ) {
    super();
  }

  record(address: usize, bytes: i32): bool {
    const writer = this.server.writer;
    const teller = this.server.teller;
    if (teller && this.kind == AgentFrame.Output) teller.tell(address, bytes);
    if (writer.record(this.kind, address, bytes)) return true;
    if (!this.patient) return false;
    this.server.flushAll();
    return writer.record(this.kind, address, bytes);
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

  usage(usage: Usage): void {
    const writer = this.server.writer;
    writer.begin(AgentFrame.Usage);
    writer.u64(usage.kernelBytes);
    writer.u64(usage.agentBytes);
    writer.u64(usage.lockedBytes);
    writer.u32(usage.descriptors);
    writer.u32(<u32>min(usage.mostDescriptors, <i64>i32.MAX_VALUE));
    writer.finish();
  }

  warning(text: string): void {
    sayWarning(this.server.writer, text);
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

  flushAll(): void {
    this.server.flushAll();
  }

  setPatient(patient: bool): void {
    this.outputFrames.patient = patient;
    this.controlFrames.patient = patient;
  }

  keep(): bool {
    return this.server.keep();
  }

  override progress(step: ProgressStep, done: i32, total: i32): void {
    const writer = this.server.writer;
    writer.begin(AgentFrame.Progress);
    writer.u32(step);
    writer.u32(done);
    writer.u32(total);
    writer.finish();
  }

  takeInput(): void {
    this.server.takeSessionInput();
  }

  wantsStop(): i32 {
    return this.server.wantsStop();
  }
}

/** How far the dialogue is. Bits, because a frame may come in several states. */
const enum State {
  /** the host has not said hello */
  Greeting = 1,
  /** it asks what there is */
  Asking = 2,
  /** its object is loaded */
  Loaded = 4,
  /** the session runs */
  Running = 8,
  /** the host has said Stop */
  Ending = 16,
}

/** One kind of frame: when it may come, and what is done then. */
class FrameRule {
  constructor(
    public kind: HostFrame,
    public name: string,
    /** bits of State */
    public states: i32,
    public act: (server: Server, payload: Payload) => Failure | null,
  ) {}
}

const GREETED: i32 = State.Asking | State.Loaded | State.Running | State.Ending;

/** All that a host may say. docs/wire.md has the same table. */
const FRAME_RULES: StaticArray<FrameRule> = [
  new FrameRule(HostFrame.Hello, "Hello", State.Greeting, (s: Server, p: Payload): Failure | null => s.takeHello(p)),
  new FrameRule(HostFrame.Query, "Query", State.Asking, (s: Server, p: Payload): Failure | null => s.takeQuery(p)),
  new FrameRule(HostFrame.Fetch, "Fetch", State.Asking, (s: Server, p: Payload): Failure | null => s.takeFetch(p)),
  new FrameRule(HostFrame.Object, "Object", State.Asking, (s: Server, p: Payload): Failure | null => s.takeObject(p)),
  new FrameRule(HostFrame.Run, "Run", State.Loaded, (s: Server, p: Payload): Failure | null => s.takeRun(p)),
  new FrameRule(HostFrame.Measure, "Measure", State.Loaded, (s: Server, _: Payload): Failure | null => s.measure()),
  new FrameRule(HostFrame.Stop, "Stop", GREETED, (s: Server, _: Payload): Failure | null => s.takeStop()),
  new FrameRule(HostFrame.Heartbeat, "Heartbeat", GREETED, (s: Server, _: Payload): Failure | null => s.sayAlive()),
];

class Server extends Contact {
  writer: FrameWriter = new FrameWriter(1);
  /** Of a script that prints names for addresses. */
  teller: SymbolTeller | null = null;
  private reader: FrameReader = new FrameReader(0);
  /** Reused: heartbeats come as long as the session lasts, and nothing is freed. */
  private payload: Payload = new Payload(0, 0);
  private events: Events = new Events();
  private signals: i32 = openSignals();
  private lastHeard: i64 = clock_gettime(CLOCK_MONOTONIC);
  /** When the host last heard that a long step goes on. */
  private lastAlive: i64 = 0;
  private state: State = State.Greeting;
  private signalled: bool = false;
  /** The host has sent something that it may not, and was told so. */
  private broken: bool = false;
  private isDone: bool = false;
  /** Names that the host has asked for, and that it was told. */
  private namesSoFar: i32 = 0;
  private interpreter: Interpreter | null = null;
  private request: RunRequest | null = null;
  /** -EPERM: standard input is a plain file, always ready. */
  private inputWatch: i32 = 0;

  constructor(private login: Login) {
    super();
  }

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
    if (this.state == State.Ending) return StopReason.Stopped;
    return this.isHostGone() ? StopReason.HostGone : NO_REASON;
  }

  /**
   * While a step takes long. In a session the host's heartbeats are answered. Before, its frames are read but wait
   * until the step is done, so it is told now and then that the agent is alive.
   */
  keep(): bool {
    if (this.request) {
      this.takeSessionInput();
    } else {
      const now = clock_gettime(CLOCK_MONOTONIC);
      if (this.reader.fill()) this.lastHeard = now;
      if (now - this.lastAlive > <i64>HEARTBEAT_MS * 1000000) {
        this.lastAlive = now;
        this.sayAlive();
      }
    }
    this.writer.flush();
    return !this.isHostGone();
  }

  /**
   * Writes all that is to be said. A host that is slow is waited for as long as its heartbeats come; one that has
   * closed its end, until it reads nothing for PATIENCE_MS.
   */
  flushAll(): void {
    let before = this.writer.written;
    let since = clock_gettime(CLOCK_MONOTONIC);
    while (!this.writer.flush()) {
      poll(1, EPOLLOUT, GLANCE_MS);
      if (this.isDone) this.listen();
      else this.takeSessionInput();
      const now = clock_gettime(CLOCK_MONOTONIC);
      if (this.writer.written != before) {
        before = this.writer.written;
        since = now;
      }
      const isDeaf = now - since > <i64>PATIENCE_MS * 1000000;
      if (isDeaf && (this.reader.ended || this.broken || this.isSilent())) this.writer.giveUp();
    }
  }

  /** All is said: writes it, whatever the host says from now on. */
  finish(): void {
    this.isDone = true;
    this.flushAll();
  }

  /** Notices that the host is there. */
  private listen(): void {
    while (this.reader.skip()) this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
  }

  private isOver(): bool {
    return this.state == State.Ending || this.signalled || this.isHostGone();
  }

  /** Whether the host has closed its end, or was silent for too long. */
  private isHostGone(): bool {
    return this.reader.ended || this.writer.broken || this.isSilent();
  }

  private isSilent(): bool {
    const silence = clock_gettime(CLOCK_MONOTONIC) - this.lastHeard;
    return silence > <i64>MISSED_HEARTBEATS * HEARTBEAT_MS * 1000000;
  }

  /** Acts on what the host has said and reads on. */
  private takeInput(): Failure | null {
    while (true) {
      const failure = this.actOnFrames();
      if (failure || this.reader.ended || !this.reader.fill()) return failure;
      this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
    }
  }

  private actOnFrames(): Failure | null {
    while (true) {
      const incoming = this.reader.next();
      if (incoming == Incoming.None) return null;
      if (incoming == Incoming.Malformed) return protocolFailure("the host sent bytes that are not a frame");
      this.payload.open(this.reader.at, this.reader.length);
      const failure = this.act(this.reader.kind, this.payload);
      // Loading programs may take long, and nothing is read meanwhile.
      this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
      if (failure) return failure;
    }
  }

  private act(kind: i32, payload: Payload): Failure | null {
    if (this.state == State.Greeting && kind != HostFrame.Hello)
      return protocolFailure("the host's first frame was not Hello");
    for (let i = 0; i < FRAME_RULES.length; ++i) {
      const rule = FRAME_RULES[i];
      if (rule.kind != kind) continue;
      if ((rule.states & this.state) == 0) return protocolFailure(`the host sent a frame ${rule.name} out of order`);
      return rule.act(this, payload);
    }
    return protocolFailure(`the host sent a frame of unknown kind ${kind}`);
  }

  /** Answers a heartbeat, unless other frames wait to be sent: they are an answer, too. */
  sayAlive(): Failure | null {
    if (this.writer.pending > 0) return null;
    this.writer.begin(AgentFrame.Alive);
    this.writer.finish();
    return null;
  }

  /** From now on the session ends in good order. */
  takeStop(): Failure | null {
    this.state = State.Ending;
    return null;
  }

  takeHello(payload: Payload): Failure | null {
    const magic = payload.u32();
    const version = payload.u32();
    if (payload.failed || magic != <u32>WIRE_MAGIC) return protocolFailure("the other side is not stap-remote");
    if (version != <u32>WIRE_VERSION) {
      const text = `the host speaks version ${version} of the protocol, this agent version ${WIRE_VERSION}`;
      return new Failure(FailureCode.Protocol, 0, text, "Use an agent of the same release as the client.");
    }
    this.state = State.Asking;
    return null;
  }

  takeQuery(payload: Payload): Failure | null {
    const kind = payload.u8();
    const wanted: string[] = [];
    while (payload.left > 0 && !payload.failed && this.countNames(1)) wanted.push(payload.text(MAX_NAME_BYTES));
    if (this.hasTooManyNames) return tooManyNames();
    if (payload.failed || kind > QueryKind.Trampolines) return malformed("Query");
    const names = findNames(kind, wanted, new LongWork(this));
    if (!names) return goneFailure();
    if (!this.countNames(names.length) || bytesOf(names) > MAX_FRAME_BYTES) return tooManyNames();
    sayNames(this.writer, kind, names);
    return null;
  }

  takeFetch(payload: Payload): Failure | null {
    const name = payload.text(MAX_NAME_BYTES);
    if (payload.failed || payload.left > 0) return malformed("Fetch");
    if (!this.countNames(1)) return tooManyNames();
    return sendBlob(name, this.writer, this);
  }

  /** Memory is never freed: names are counted over the whole session. False when there were too many. */
  private countNames(count: i32): bool {
    this.namesSoFar += count;
    return !this.hasTooManyNames;
  }

  private get hasTooManyNames(): bool {
    return this.namesSoFar > MAX_NAMES;
  }

  takeObject(payload: Payload): Failure | null {
    const bytes = new StaticArray<u8>(payload.left);
    memory.copy(changetype<usize>(bytes), payload.at, payload.left);
    const opened = openObject(bytes);
    const object = opened.value;
    if (!object) return opened.failure;
    object.loginUid = this.login.known;
    let failure = checkPrivilege();
    if (!failure) failure = loadObject(object, this);
    if (!failure) failure = this.prepare(object);
    if (!failure) {
      this.state = State.Loaded;
      if (printsAddresses(object)) this.teller = new SymbolTeller(object, this.writer);
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

  /** What the verifier does with each program of the object that is loaded. */
  measure(): Failure | null {
    const interpreter = this.interpreter;
    if (!interpreter) return null;
    return measureObject(interpreter.object, this, this.writer) ? null : goneFailure();
  }

  takeRun(payload: Payload): Failure | null {
    if (payload.left < RunOptions.Size) return malformed("Run");
    const at = payload.at;
    const command = new CommandRequest(this.login);
    const request = new RunRequest(command);
    request.targetPid = load<i32>(at, RunOptions.TargetPid);
    request.timeoutMs = load<u32>(at, RunOptions.TimeoutMs);
    request.wantsUsage = (load<u32>(at, RunOptions.Flags) & RunFlags.Usage) != 0;
    const strings = new Payload(at + RunOptions.Size, payload.left - RunOptions.Size);
    command.text = strings.text(MAX_COMMAND_BYTES);
    command.user = strings.text(MAX_NAME_BYTES);
    command.uid = load<i32>(at, RunOptions.CommandUid);
    command.gid = load<i32>(at, RunOptions.CommandGid);
    if (strings.failed) return malformed("Run");
    if (command.text.length != 0) request.command = command;
    this.request = request;
    this.state = State.Running;
    return null;
  }

  private runSession(request: RunRequest): i32 {
    const interpreter = this.interpreter;
    if (!interpreter) return 1;
    const output = new FrameSink(this, AgentFrame.Output);
    const control = new FrameSink(this, AgentFrame.Control);
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

/** What there is of the names and patterns of a Query; null: nobody waits. */
function findNames(kind: QueryKind, texts: string[], work: LongWork): string[] | null {
  switch (kind) {
    case QueryKind.Functions:
      return findFunctions(texts, SymbolOwner.Kernel, work);
    case QueryKind.ModuleFunctions:
      return findFunctions(texts, SymbolOwner.Modules, work);
    case QueryKind.Tracepoints:
      return findTracepoints(texts, work);
    case QueryKind.Config:
      return findConfig(texts);
    case QueryKind.Modules:
      return findModules(texts);
    case QueryKind.Features:
      return findFeatures(texts);
    case QueryKind.Programs:
      return findPrograms(texts);
    case QueryKind.Trampolines:
      return findTrampolines(texts, work);
    default:
      return findModuleBuilds(texts);
  }
}

function protocolFailure(text: string): Failure {
  return new Failure(FailureCode.Protocol, 0, text);
}

/** Bytes of a Names frame, about. */
function bytesOf(names: string[]): i32 {
  let bytes = 1;
  for (let i = 0, n = names.length; i < n; ++i) bytes += 4 + <i32>String.UTF8.byteLength(names[i]);
  return bytes;
}

function tooManyNames(): Failure {
  const text = `the host asked for more than ${MAX_NAMES} names in one session`;
  return new Failure(FailureCode.Resource, 0, text);
}

function malformed(frame: string): Failure {
  return protocolFailure(`the host sent a damaged frame ${frame}`);
}
