// One run of a loaded object: begin probes, attach, the loop, detach, end probes, summary. serve.ts and run.ts start it
// and listen through Listener; they know nothing about rings, timers and processes.
//
//   kernel ring --drain--> Listener.output, .control --flush--> host or terminal
//
// Invariant: while the loop runs nothing is allocated by a record; when the listener is full nothing is drained, the
// kernel's ring fills, and the kernel side counts what it could not put there.

import { StopReason } from "../../common/format/frame";
import { AttachKind, Manifest, NONE } from "../../common/format/manifest";
import { BssHeader, Phase } from "../../common/format/runtime";
import { followCpus } from "./attach/each-cpu";
import { attachObject, detachObject, missedEvents } from "./attach/table";
import { Command, CommandRequest, startCommand } from "./command";
import { Contact } from "./contact";
import { Errno, Failure } from "./errors";
import { Events, Tag } from "./events";
import { waitForHandlers } from "./grace";
import { Interpreter } from "./interpret";
import { suppressesErrors, watchObject } from "./load-meter";
import { LoadWatch } from "./load-watch";
import { loadAcquire32 } from "./native";
import { LoadedObject } from "./object";
import { RecordSink } from "./ring";
import { CommandSink, runsCommands, ShellCommands } from "./shell-commands";
import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  clock_gettime,
  close,
  kill,
  read,
  readSignal,
  SIGCHLD,
  sleepMs,
} from "./syscall";
import { Timers } from "./timers";
import { measureUsage, Usage } from "./usage";

/** The loop wakes up at least this often, milliseconds: for records without a wake-up, the clock, the heartbeat. */
const TICK_MS: i32 = 100;
/** A ring that had records is looked at again after this time, nanoseconds. */
const GATHER_NS: i64 = 4000000;
/** How long a handler that runs while its probe is detached may take to finish a record, milliseconds. */
const LAST_MS: i32 = 1000;
const COMMAND_BYTES: i32 = 16384;
/** The most that a pipe can hold, bytes: what the command wrote before the end is no more than that. */
const PIPE_BYTES: i32 = 1 << 20;
const COMMAND_BUFFER: usize = memory.data(16384, 8);
/** Said where the kernel does not count runs of programs for this agent. */
const BLIND: string = "The load of handlers is not measured: that needs CAP_SYS_ADMIN.";
const NO_GRACE: string =
  "end probes may run before the last handler has finished: this kernel has no way to wait for it";
/** No reason to stop yet. */
export const NO_REASON: i32 = -1;

/** A pipe that commands write to. */
class OutputPipe {
  /** There may be something to read. */
  isReady: bool = false;

  constructor(
    /** -1: it has ended */
    public fd: i32,
    /** 1 or 2 */
    public stream: i32,
  ) {}
}

/** Where the results of a session go. */
export abstract class Listener extends Contact {
  constructor(
    public output: RecordSink,
    public control: RecordSink,
  ) {
    super();
  }

  /** All is attached. */
  abstract started(attached: i32, commandPid: i32): void;
  /** What the run takes of the machine. */
  abstract usage(usage: Usage): void;
  abstract warning(text: string): void;
  /** Something for users who ask for details. */
  abstract note(text: string): void;
  /** What the command wrote: stream 1 or 2. */
  abstract commandOutput(stream: i32, at: usize, bytes: i32): void;
  /** Sends what has collected; false if something is left because nobody takes it. */
  abstract flush(): bool;
  /** Sends all: a reader that is slow is waited for, one that has gone is not. */
  abstract flushAll(): void;
  /** Whether to wait for the reader instead of being full: the agent's own handlers cannot be suspended. */
  abstract setPatient(patient: bool): void;
  /** Reads what the one who started the session may have said. */
  abstract takeInput(): void;
  /** A StopReason if the one who started the session wants it to end, or has closed its end; else NO_REASON. */
  abstract wantsStop(): i32;
}

/** What a session is asked to do. */
export class RunRequest {
  /** -x, 0 none */
  targetPid: i32 = 0;
  /** -T milliseconds, 0 none */
  timeoutMs: i64 = 0;
  /** -c */
  command: CommandRequest | null = null;
  /** Say what the run takes. */
  wantsUsage: bool = false;

  /** `shell`: as whom system() runs commands, and whether the agent reads what they print. */
  constructor(public shell: CommandRequest) {}
}

/** How a session ended; the fields of frame.ts's Summary. */
export class SessionSummary {
  reason: i32 = 0;
  commandStatus: i32 = -1;
  errors: u64 = 0;
  skippedLock: u64 = 0;
  skippedFrame: u64 = 0;
  skippedKernel: u64 = 0;
  lostOutput: u64 = 0;
  lostControl: u64 = 0;
  handlers: u64 = 0;
  isEstimate: bool = false;
}

/** One run. Make one, `run` it, read `summary`. */
export class Session {
  summary: SessionSummary = new SessionSummary();
  private object: LoadedObject;
  private command: Command | null = null;
  private timers: Timers;
  private watch: LoadWatch;
  private reason: i32 = NO_REASON;
  private deadline: i64 = i64.MAX_VALUE;
  /** The listener was full: the rings are not drained until it has taken something. */
  private blocked: bool = false;
  private pipes: OutputPipe[] = [];
  /** The commands of system(), if the script can call it. */
  private shell: ShellCommands | null = null;
  /** Up to where the output ring is to be drained before its new commands start; MAX_VALUE: none wait. */
  private shellAfter: u64 = u64.MAX_VALUE;
  private control: RecordSink;
  /** What the kernel had missed before tracing began. */
  private missedBefore: u64 = 0;

  constructor(
    private interpreter: Interpreter,
    private listener: Listener,
    private events: Events,
    private signals: i32,
  ) {
    this.watch = watchObject(interpreter.object);
    this.object = interpreter.object;
    this.timers = new Timers(events);
    this.control = listener.control;
    const manifest = this.object.manifest;
    if (runsCommands(manifest)) {
      const shell = new ShellCommands();
      this.shell = shell;
      this.control = new CommandSink(manifest, shell, listener.control);
    }
    interpreter.connect(listener.output, this.control, listener);
  }

  /** Runs from begin to end. If it could not start it says why, and nothing is left attached. */
  run(request: RunRequest): Failure | null {
    const failure = this.start(request);
    if (failure) {
      this.stopAll();
      const shell = this.shell;
      if (shell) shell.stop();
      return failure;
    }
    if (request.timeoutMs > 0) this.deadline = clock_gettime(CLOCK_MONOTONIC) + request.timeoutMs * 1000000;
    while (this.reason == NO_REASON) this.turn();
    this.finish();
    return null;
  }

  private start(request: RunRequest): Failure | null {
    const command = request.command;
    if (command) {
      const failure = this.hold(command);
      if (failure) return failure;
    } else if (request.targetPid != 0 && kill(request.targetPid, 0) == -Errno.ESRCH) {
      this.listener.warning(`process ${request.targetPid} of -x does not exist`);
    }
    const shell = this.shell;
    if (shell) {
      const failure = shell.open(request.shell);
      if (failure) return failure;
      this.addPipe(shell.stdout, 1);
      this.addPipe(shell.stderr, 2);
    }
    const child = this.command;
    this.store32(BssHeader.TargetPid, child ? child.pid : request.targetPid);
    this.refreshClock();
    this.watchRings();
    this.runProbes(AttachKind.Begin);
    this.checkHandlers();
    let count = 0;
    if (this.reason == NO_REASON) {
      this.watch.begin(clock_gettime(CLOCK_MONOTONIC));
      if (this.watch.isBlind) this.object.notes.push(BLIND);
      // Handlers return at once until all probes are there.
      this.store32(BssHeader.Exiting, Phase.Attaching);
      const attached = attachObject(this.object, this.listener);
      let failure = attached.failure;
      if (!failure) failure = this.timers.start(this.object.probes);
      this.showWarnings();
      if (failure) return failure;
      count = attached.count;
      this.missedBefore = missedEvents(this.object);
    }
    this.showWarnings();
    if (this.reason == NO_REASON) this.store32(BssHeader.Exiting, Phase.Running);
    if (child && command && this.reason == NO_REASON) {
      const failure = child.release(command.text);
      if (failure) return failure;
    }
    if (request.wantsUsage) this.listener.usage(measureUsage(this.object));
    this.listener.started(count, child ? child.pid : 0);
    return null;
  }

  /** Starts the command, which waits until it is released. */
  private hold(request: CommandRequest): Failure | null {
    const result = startCommand(request);
    const child = result.value;
    if (!child) return result.failure;
    this.command = child;
    this.addPipe(child.stdout, 1);
    this.addPipe(child.stderr, 2);
    return null;
  }

  private addPipe(fd: i32, stream: i32): void {
    if (fd < 0) return;
    this.events.addEdge(fd, Tag.Pipe + this.pipes.length);
    this.pipes.push(new OutputPipe(fd, stream));
  }

  private watchRings(): void {
    const output = this.object.outputRing;
    const control = this.object.controlRing;
    if (output) this.events.addEdge(output.fd, Tag.OutputRing);
    if (control) this.events.addEdge(control.fd, Tag.ControlRing);
  }

  /** One turn of the loop: drain, send, wait, act. */
  private turn(): void {
    if (this.pumpWaitMs() == 0) this.pump();
    this.checkHandlers();
    if (this.reason != NO_REASON) return;
    const count = this.events.wait(this.waitMs());
    for (let i = 0; i < count; ++i) this.act(this.events.tag(i));
    this.refreshClock();
    if (this.reason == NO_REASON) this.reason = this.listener.wantsStop();
    const now = clock_gettime(CLOCK_MONOTONIC);
    if (this.reason == NO_REASON && now >= this.deadline) this.reason = StopReason.Timeout;
    if (this.reason == NO_REASON) this.reason = this.watch.look(now);
    followCpus(now);
  }

  private waitMs(): i32 {
    if (this.hasMore && !this.blocked) return this.pumpWaitMs();
    const wait = this.isRinging ? this.pumpWaitMs() : TICK_MS;
    return this.deadline == i64.MAX_VALUE ? wait : min(wait, millisecondsUntil(this.deadline));
  }

  /** Milliseconds until the rings are drained again: a busy ring is let fill a little, so that one write sends much. */
  private pumpWaitMs(): i32 {
    return this.hasMore || this.nextPump == 0 ? 0 : millisecondsUntil(this.nextPump);
  }
  private nextPump: i64 = 0;
  /** A ring has records since the last drain. */
  private isRinging: bool = false;

  private act(tag: i32): void {
    switch (tag) {
      case Tag.Signal:
        this.takeSignal();
        break;
      case Tag.Input:
        this.listener.takeInput();
        break;
      case Tag.OutputRing:
      case Tag.ControlRing:
        this.isRinging = true;
        break;
      default:
        if (tag >= Tag.Timer) this.runTimer(tag - Tag.Timer);
        else if (tag >= Tag.Pipe) this.pipes[tag - Tag.Pipe].isReady = true;
    }
  }

  private takeSignal(): void {
    let signal: i32;
    while ((signal = readSignal(this.signals)) > 0) {
      if (signal != SIGCHLD) this.reason = StopReason.Signal;
    }
    const shell = this.shell;
    if (shell) shell.reap();
    const command = this.command;
    if (command && command.reap() && this.reason == NO_REASON) this.reason = StopReason.TargetEnded;
  }

  private runTimer(index: i32): void {
    const probe = this.timers.takeExpired(index);
    if (!probe || this.reason != NO_REASON || this.load32(BssHeader.Exiting) != 0) return;
    this.listener.setPatient(true);
    this.interpreter.run(probe);
    this.showWarnings();
    this.listener.setPatient(false);
    this.checkHandlers();
  }

  private runProbes(kind: AttachKind): void {
    this.listener.setPatient(true);
    this.interpreter.runAll(kind);
    this.listener.setPatient(false);
  }

  /** Drains the rings and the command's output into the listener and sends it. */
  private pump(): void {
    const count = this.drainRings();
    this.nextPump = count == 0 ? 0 : clock_gettime(CLOCK_MONOTONIC) + GATHER_NS;
    this.blocked = !this.listener.flush();
    if (this.blocked) return;
    this.pumpPipes();
    this.runShell();
  }
  private hasMore: bool = false;

  /** Hands on the records that the listener has room for; how many. `hasMore` says whether some are left. */
  private drainRings(): i32 {
    this.hasMore = false;
    this.isRinging = false;
    let count = 0;
    const control = this.object.controlRing;
    if (control) {
      count += control.drain(this.control);
      if (control.waiting != 0) this.hasMore = true;
    }
    const output = this.object.outputRing;
    if (output) {
      count += output.drain(this.listener.output);
      if (output.waiting != 0) this.hasMore = true;
    }
    return count;
  }

  private pumpPipes(): void {
    for (let i = 0, n = this.pipes.length; i < n; ++i) {
      if (!this.pipes[i].isReady) continue;
      this.copyPipe(this.pipes[i]);
      if (this.pipes[i].isReady) this.hasMore = true;
    }
  }

  /** Passes on some of what a command wrote. */
  private copyPipe(pipe: OutputPipe): void {
    const got = pipe.fd < 0 ? -Errno.EAGAIN : read(pipe.fd, COMMAND_BUFFER, COMMAND_BYTES);
    if (got > 0) {
      this.listener.commandOutput(pipe.stream, COMMAND_BUFFER, got);
      return;
    }
    if (got == -Errno.EINTR) return;
    pipe.isReady = false;
    if (got == -Errno.EAGAIN) return;
    close(pipe.fd);
    pipe.fd = -1;
  }

  /** Starts the commands of system() whose turn it is. */
  private runShell(): void {
    const shell = this.shell;
    if (!shell || !shell.isBusy) return;
    const output = this.object.outputRing;
    if (shell.hasNew && this.shellAfter == u64.MAX_VALUE) {
      shell.mark();
      // The handlers that asked for them print until they end.
      if (output) waitForHandlers();
      this.shellAfter = output ? output.produced : 0;
    }
    if (this.shellAfter != u64.MAX_VALUE) {
      if (output && output.drained < this.shellAfter) output.drain(this.listener.output);
      if (output && output.drained < this.shellAfter) {
        this.hasMore = true;
        return;
      }
      this.shellAfter = u64.MAX_VALUE;
      shell.allow();
      this.listener.flush();
    }
    shell.start();
  }

  /** Runs what is left of system(), and waits a while for what runs. */
  private finishShell(): void {
    const shell = this.shell;
    if (!shell) return;
    shell.mark();
    shell.allow();
    const deadline = shell.deadline();
    let isWanted = true;
    while (isWanted && shell.isBusy && clock_gettime(CLOCK_MONOTONIC) < deadline) {
      if (!this.hasMore) shell.start();
      const count = this.events.wait(this.hasMore ? 0 : TICK_MS);
      for (let i = 0; i < count; ++i) {
        const tag = this.events.tag(i);
        if (tag >= Tag.Pipe && tag < Tag.Timer) this.pipes[tag - Tag.Pipe].isReady = true;
      }
      isWanted = this.takeChildren(shell) && this.listener.keep();
      this.hasMore = false;
      this.pumpPipes();
      this.listener.flushAll();
    }
    const stopped = shell.stop();
    if (stopped != 0)
      this.object.warnings.push(
        `commands of system() that still ran after the end of the session were ended: ${stopped}`,
      );
    if (shell.dropped != 0)
      this.object.warnings.push(`commands of system() that were not run, as too many waited: ${shell.dropped}`);
    this.drainPipes();
  }

  /** False: somebody wants the agent to end. */
  private takeChildren(shell: ShellCommands): bool {
    let goesOn = true;
    let signal: i32;
    while ((signal = readSignal(this.signals)) > 0) if (signal != SIGCHLD) goesOn = false;
    shell.reap();
    return goesOn;
  }

  /** Ends the session if a handler has called exit(), or if too many have failed or were skipped. */
  private checkHandlers(): void {
    if (this.reason != NO_REASON) return;
    const manifest = this.object.manifest;
    const isLimited = !suppressesErrors(this.object);
    const mostSkipped = manifest.header(Manifest.MaxSkipped);
    const isCounted = isLimited && mostSkipped != NONE;
    if (isLimited && this.load64(BssHeader.Errors) > <u64>manifest.header(Manifest.MaxErrors))
      this.reason = StopReason.Errors;
    else if (isCounted && this.load64(BssHeader.SkippedLock) > <u64>mostSkipped) this.reason = StopReason.Skipped;
    else if (this.load32(BssHeader.Exiting) != 0) this.reason = StopReason.Exit;
  }

  /** Detaches, runs the last probes, sends the last records, fills the summary. */
  private finish(): void {
    this.store32(BssHeader.Exiting, Phase.Ending);
    this.summary.skippedKernel = missedEvents(this.object) - this.missedBefore;
    this.watch.end(clock_gettime(CLOCK_MONOTONIC));
    this.stopAll();
    if (!waitForHandlers()) this.object.notes.push(NO_GRACE);
    this.drainAll();
    // As in stap. Where only the load was too much, what was counted is worth a report.
    const failed = this.reason == StopReason.Errors || this.reason == StopReason.Skipped;
    const last = failed ? AttachKind.Error : AttachKind.End;
    this.refreshClock();
    this.runProbes(last);
    this.drainAll();
    this.finishShell();
    this.showWarnings();
    const summary = this.summary;
    const command = this.command;
    summary.reason = this.reason;
    summary.commandStatus = command ? command.status : -1;
    summary.errors = this.load64(BssHeader.Errors);
    summary.skippedLock = this.load64(BssHeader.SkippedLock);
    summary.skippedFrame = this.load64(BssHeader.SkippedFrame);
    summary.lostOutput = this.load64(BssHeader.LostOutput);
    summary.lostControl = this.load64(BssHeader.LostControl);
    summary.handlers = this.watch.handlers;
    summary.isEstimate = this.watch.isEstimate;
  }

  private stopAll(): void {
    this.timers.stop();
    detachObject(this.object, this.listener);
    const command = this.command;
    if (command) command.stop();
  }

  /** Sends all that is left, however slow the reader is. Nothing is added any more: the probes are detached. */
  private drainAll(): void {
    for (let idle = 0; idle < LAST_MS; ) {
      const count = this.drainRings();
      this.listener.flushAll();
      if (!this.hasMore) break;
      // A handler is still writing the next record.
      if (count == 0) {
        ++idle;
        sleepMs(1);
      }
    }
    this.drainPipes();
  }

  /** Reads what commands have written so far. Processes that they started may go on writing. */
  private drainPipes(): void {
    for (let i = 0, n = this.pipes.length; i < n; ++i) this.pipes[i].isReady = true;
    this.hasMore = true;
    for (let round = 0; this.hasMore && round < PIPE_BYTES / COMMAND_BYTES; ++round) {
      this.hasMore = false;
      this.pumpPipes();
      this.listener.flushAll();
    }
    this.hasMore = false;
  }

  private showWarnings(): void {
    const warnings = this.object.warnings;
    const notes = this.object.notes;
    if (warnings.length == 0 && notes.length == 0) return;
    for (let i = 0, n = notes.length; i < n; ++i) this.listener.note(notes[i]);
    for (let i = 0, n = warnings.length; i < n; ++i) this.listener.warning(warnings[i]);
    this.object.notes = [];
    this.object.warnings = [];
  }

  private refreshClock(): void {
    const offset = clock_gettime(CLOCK_REALTIME) - clock_gettime(CLOCK_MONOTONIC);
    store<i64>(this.object.bssAddress, offset, BssHeader.ClockOffset);
  }

  private load32(field: BssHeader): u32 {
    return loadAcquire32(this.object.bssAddress + field);
  }

  private load64(field: BssHeader): u64 {
    return load<u64>(this.object.bssAddress + field);
  }

  private store32(field: BssHeader, value: u32): void {
    store<u32>(this.object.bssAddress + field, value);
  }
}

function millisecondsUntil(time: i64): i32 {
  const left = (time - clock_gettime(CLOCK_MONOTONIC) + 999999) / 1000000;
  return <i32>max<i64>(0, min<i64>(left, TICK_MS));
}
