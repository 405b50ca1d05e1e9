// `stap-agent run x.bo`: the agent by itself, as stapbpf: loads, attaches, and formats what the script prints with the
// formatter that the host has, too. Text to standard output or a file, messages to standard error.

import { OutBuffer } from "../../common/as/print/buffer";
import { Controls } from "../../common/as/print/controls";
import { Formatter } from "../../common/as/print/formatter";
import { ManifestFault } from "../../common/as/print/manifest";
import { ProgressStep, StopReason } from "../../common/format/frame";
import { kernelSymbols, printsAddresses } from "./addresses";
import { parseNumber } from "./args";
import { CommandRequest } from "./command";
import { errnoText, Failure } from "./errors";
import { Events, Tag } from "./events";
import { Interpreter, prepareInterpreter } from "./interpret";
import { OutputRing } from "./kept-run";
import { loadObject } from "./load";
import { Login } from "./login";
import { LoadedObject, openObject } from "./object";
import { hasLostReader, writeAll, writeText } from "./output";
import { checkPrivilege } from "./privilege";
import { hintOf } from "./resources";
import { RecordSink } from "./ring";
import { Listener, NO_REASON, RunRequest, Session, SessionSummary } from "./session";
import { openSignals } from "./signals";
import {
  close,
  duplicate,
  isTerminal,
  O_CLOEXEC,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  open,
  readContents,
} from "./syscall";
import { Usage } from "./usage";

/** Exit statuses, as the client's. */
const EXIT_FAILED: i32 = 1;
const EXIT_USAGE: i32 = 2;
const EXIT_REFUSED: i32 = 4;
const EXIT_INTERRUPTED: i32 = 130;

/** Text that is collected before it is written, bytes. */
const BATCH_BYTES: i32 = 65536;
/** Longest object, bytes. */
export const MAX_OBJECT_BYTES: i32 = 1 << 25;
/** Lines of a verifier log that are shown: the reason is at its end. */
const LOG_LINES: i32 = 20;

/** What the command line says. */
export class RunArguments {
  object: string = "";
  pid: i32 = 0;
  command: string = "";
  timeoutMs: i64 = 0;
  output: string = "";
  /** Control characters of the machine reach a terminal as they are. */
  raw: bool = false;
  problem: string = "";

  constructor(args: string[]) {
    for (let i = 0; i < args.length && this.problem.length == 0; ++i) {
      const arg = args[i];
      if (arg == "--raw") {
        this.raw = true;
        continue;
      }
      if (!arg.startsWith("-") || arg.length == 1) {
        if (this.object.length != 0) this.problem = `unexpected argument '${arg}'`;
        this.object = arg;
        continue;
      }
      const isAttached = arg.length > 2;
      if (!isAttached && i + 1 == args.length) this.problem = `option ${arg} needs a value`;
      else this.take(arg.substring(0, 2), isAttached ? arg.substring(2) : args[++i]);
    }
    if (this.problem.length == 0 && this.object.length == 0) this.problem = "run needs an object (.bo)";
  }

  private take(option: string, value: string): void {
    if (option == "-x") {
      this.pid = parseNumber(value);
      if (this.pid <= 0) this.problem = `'${value}' is not a process id`;
    } else if (option == "-c") {
      this.command = value;
    } else if (option == "-T") {
      this.timeoutMs = parseSeconds(value);
      if (this.timeoutMs <= 0) this.problem = `'${value}' is not a number of seconds`;
    } else if (option == "-o") {
      this.output = value;
    } else {
      this.problem = `unknown option '${option}'`;
    }
  }
}

/** Milliseconds of "12" or "0.5"; -1 if it is neither. */
function parseSeconds(text: string): i64 {
  const dot = text.indexOf(".");
  const whole = parseNumber(dot < 0 ? text : text.substring(0, dot));
  if (dot < 0 || whole < 0) return <i64>whole * 1000;
  const digits = text.substring(dot + 1, dot + 4);
  const fraction = parseNumber(digits.padEnd(3, "0"));
  return fraction < 0 ? -1 : <i64>whole * 1000 + fraction;
}

/** Formats records into the buffers of the terminal. */
class TextSink extends RecordSink {
  constructor(private terminal: Terminal) {
    super();
  }

  record(address: usize, bytes: i32): bool {
    const terminal = this.terminal;
    if (terminal.text.length >= BATCH_BYTES) terminal.flush();
    terminal.formatter.format(address, bytes, terminal.text, terminal.messages);
    return true;
  }
}

/** Where the output of a run goes that is kept (keep.ts). */
export class KeptOutput {
  constructor(
    public ring: OutputRing,
    /** The ring's file. */
    public fd: i32,
    /** A pipe to whom waits for the beginning. */
    private word: i32,
  ) {}

  /** All probes are attached: who started the agent is told, and standard input, output and error are given up. */
  begin(): void {
    const none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    duplicate(none, 0);
    duplicate(this.fd, 1);
    duplicate(this.fd, 2);
    close(none);
    writeAll(this.word, memory.data(8), 1);
    close(this.word);
  }
}

/** Formatted text on its way out. */
class Terminal {
  formatter: Formatter = new Formatter();
  text: OutBuffer = new OutBuffer(2 * BATCH_BYTES, i32.MAX_VALUE);
  messages: OutBuffer = new OutBuffer(4096, i32.MAX_VALUE);
  /** The text could not be written: its reader has gone, or the disk is full. */
  private broken: bool = false;

  constructor(
    private fd: i32,
    private kept: KeptOutput | null,
  ) {}

  /** Whether nobody reads the text any more, which shows even if none was written. */
  get isUnread(): bool {
    return this.broken || hasLostReader(this.fd);
  }

  flush(): void {
    const bytes = this.text.length + this.messages.length;
    if (!writeAll(this.fd, this.text.start, this.text.length)) this.broken = true;
    this.text.clear();
    writeAll(2, this.messages.start, this.messages.length);
    this.messages.clear();
    const kept = this.kept;
    if (kept) kept.ring.wrote(this.fd, bytes);
  }
}

/** Shows a user what happens in the session. */
class TextListener extends Listener {
  constructor(
    private terminal: Terminal,
    private kept: KeptOutput | null,
  ) {
    super(new TextSink(terminal), new TextSink(terminal));
  }

  keep(): bool {
    this.terminal.flush();
    return !this.terminal.isUnread;
  }

  started(attached: i32, _commandPid: i32): void {
    this.clearProgress();
    const kept = this.kept;
    if (kept) kept.begin();
    if (attached > 0 && isTerminal(2)) complain(`Tracing: ${attached} probes are attached.`, 0, "");
  }

  override progress(step: ProgressStep, done: i32, total: i32): void {
    if (!isTerminal(2)) return;
    const what = step == ProgressStep.Detaching ? "Detaching" : "Attaching";
    writeText(2, `\r\x1b[K${what} probes: ${done} of ${total}`);
    this.showsProgress = true;
  }

  private showsProgress: bool = false;

  /** Takes the line about progress from the terminal. */
  private clearProgress(): void {
    if (!this.showsProgress) return;
    writeText(2, "\r\x1b[K");
    this.showsProgress = false;
  }

  usage(_usage: Usage): void {}

  warning(text: string): void {
    warn(text);
  }

  note(_text: string): void {}

  commandOutput(_stream: i32, _at: usize, _bytes: i32): void {}

  flush(): bool {
    this.terminal.flush();
    return true;
  }

  flushAll(): void {
    this.clearProgress();
    this.terminal.flush();
  }

  setPatient(_patient: bool): void {}

  takeInput(): void {}

  wantsStop(): i32 {
    return this.terminal.isUnread ? StopReason.HostGone : NO_REASON;
  }
}

/** Runs an object by itself; the exit status. */
export function run(args: string[]): i32 {
  const login = new Login();
  const options = new RunArguments(args);
  if (options.problem.length != 0) return complain(`${options.problem}\nTry 'stap-agent --help'.`, EXIT_USAGE);
  const contents = readContents(options.object, MAX_OBJECT_BYTES);
  const bytes = contents.bytes;
  if (!bytes) return complain(`cannot read '${options.object}': ${errnoText(contents.errno)}`, EXIT_USAGE);
  let fd = 1;
  if (options.output.length != 0) {
    fd = open(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644);
    if (fd < 0) return complain(`cannot write '${options.output}': ${errnoText(fd)}`, EXIT_USAGE);
  }
  return runBytes(bytes, options, new Destination(login, fd, null));
}

/** For whom a run is, and where its text goes. */
export class Destination {
  constructor(
    public login: Login,
    public fd: i32,
    /** Set: the text is kept, and `fd` is its file. */
    public kept: KeptOutput | null,
  ) {}
}

/** Runs an object. */
export function runBytes(bytes: StaticArray<u8>, options: RunArguments, to: Destination): i32 {
  const fd = to.fd;
  const opened = openObject(bytes);
  const object = opened.value;
  if (!object) return complainFailure(opened.failure!, EXIT_FAILED);
  const terminal = new Terminal(fd, to.kept);
  const manifest = object.manifest.data;
  if (terminal.formatter.open(manifest.address, manifest.length) != ManifestFault.None)
    return complain("the object's manifest is damaged", EXIT_FAILED);
  if (printsAddresses(object)) terminal.formatter.addresses.source = kernelSymbols();
  terminal.formatter.textOnTerminal = !options.raw && isTerminal(fd);
  terminal.formatter.messagesOnTerminal = !options.raw && isTerminal(2);
  let failure = checkPrivilege();
  const listener = new TextListener(terminal, to.kept);
  object.loginUid = to.login.known;
  if (!failure) failure = loadObject(object, listener);
  if (!failure) {
    const prepared = prepareInterpreter(object);
    const interpreter = prepared.value;
    if (interpreter) return runSession(interpreter, listener, options, to.login);
    failure = prepared.failure;
  }
  if (object.rejectedProgram.length != 0) showRejected(object);
  return complainFailure(failure!, EXIT_REFUSED);
}

function runSession(interpreter: Interpreter, listener: TextListener, options: RunArguments, login: Login): i32 {
  const command = new CommandRequest(login);
  command.text = options.command;
  command.captured = false;
  const request = new RunRequest(command);
  request.targetPid = options.pid;
  request.timeoutMs = options.timeoutMs;
  if (command.text.length != 0) request.command = command;
  const events = new Events();
  const signals = openSignals();
  events.add(signals, Tag.Signal);
  const session = new Session(interpreter, listener, events, signals);
  const failure = session.run(request);
  listener.flushAll();
  return failure ? complainFailure(failure, EXIT_REFUSED) : conclude(session.summary);
}

/** Shows losses, and chooses the exit status. */
function conclude(summary: SessionSummary): i32 {
  const ended = endedFor(summary.reason);
  if (ended.length != 0) complain(ended, 0, "ERROR: ");
  const skipped = summary.skippedLock + summary.skippedFrame + summary.skippedKernel;
  if (summary.errors + skipped != 0) warn(`Number of errors: ${summary.errors}, skipped probes: ${skipped}`);
  if (summary.lostOutput != 0) warn(`There were ${summary.lostOutput} lost units of output (the buffer was full)`);
  if (summary.lostControl != 0)
    warn(`There were ${summary.lostControl} lost errors and warnings (the buffer was full)`);
  if (skipped != 0) warn(skipLine(summary));
  const failed = summary.errors != 0 || ended.length != 0;
  if (summary.reason == StopReason.Signal) return EXIT_INTERRUPTED;
  return reportCommand(summary.commandStatus) || failed ? EXIT_FAILED : 0;
}

/** What the session was ended for, where handlers did too much; else "". */
function endedFor(reason: i32): string {
  if (reason == StopReason.Skipped) return "too many probe handlers were skipped; a larger limit is -D MAXSKIPPED=N";
  if (reason == StopReason.Crowded)
    return "more than 5 % of the probe handlers were skipped because of a lock; -D MAXSKIPPED=N allows N of them";
  return reason == StopReason.Overload ? "probe overhead exceeded threshold" : "";
}

/** Why how many handlers were skipped, and of how many. */
function skipLine(summary: SessionSummary): string {
  const causes =
    `${summary.skippedLock} by lock contention, ${summary.skippedFrame} by re-entrancy, ` +
    `${summary.skippedKernel} by the kernel`;
  if (summary.handlers == 0) return `skipped: ${causes}`;
  const all = summary.handlers + summary.skippedKernel;
  return `skipped: ${causes}, of ${summary.isEstimate ? "about " : ""}${all} handlers`;
}

/** Says how the command failed, if it did. */
function reportCommand(status: i32): bool {
  if (status == -1 || status == 0) return false;
  const signal = status & 0x7f;
  if (signal == 0) warn(`Child process exited with status ${status >> 8}`);
  else warn(`Child process exited with signal ${signal}`);
  return true;
}

function showRejected(object: LoadedObject): void {
  const log = object.verifierLog;
  let length = log.length;
  while (length > 0 && log[length - 1] <= 32) --length;
  let start = length;
  for (let lines = 0; start > 0; --start) {
    if (log[start - 1] == 10 && ++lines == LOG_LINES) break;
  }
  const lines = new OutBuffer(length - start + 1, i32.MAX_VALUE);
  new Controls().put(lines, changetype<usize>(log) + start, length - start, true);
  lines.put(10);
  writeAll(2, lines.start, lines.length);
}

function warn(text: string): void {
  complain(`WARNING: ${text}`, 0, "");
}

function complainFailure(failure: Failure, status: i32): i32 {
  const hint = hintOf(failure);
  return complain(hint.length == 0 ? failure.render() : `${failure.render()}\n${hint}`, status);
}

/** Says something on standard error. Names in it may be the machine's, so its control characters are escaped. */
function complain(text: string, status: i32, prefix: string = "stap-agent: "): i32 {
  const bytes = String.UTF8.encode(`${prefix}${text}\n`);
  const line = new OutBuffer(bytes.byteLength, i32.MAX_VALUE);
  new Controls().put(line, changetype<usize>(bytes), bytes.byteLength, true);
  writeAll(2, line.start, line.length);
  return status;
}
