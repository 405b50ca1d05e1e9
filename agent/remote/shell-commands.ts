// The commands of system(). A handler sends the text as a record of the control ring; the session hands it in here.
//
//   record --take--> queue --start--> /bin/sh -c TEXT, as the user of -c --two pipes--> Listener
//
// A command starts when all that was printed before it has been handed on, so that its output comes after that. For a
// handler that still runs, what it prints before it ends counts as before. Commands run at the same time, as in stap.
//
// Nothing is allocated by a command: a script may run any number of them, and the agent's memory is never freed.

import { ManifestReader } from "../../common/as/manifest-reader";
import { SiteRow, TableKind } from "../../common/format/manifest";
import { RecordItem, SiteKind } from "../../common/format/record";
import { CommandRequest, Spawner } from "./command";
import { Failure } from "./errors";
import { RecordSink } from "./ring";
import { CLOCK_MONOTONIC, clock_gettime, kill, SIGCONT, SIGKILL, SIGTERM, sleepMs, WNOHANG, wait4 } from "./syscall";

/** Commands that may run at the same time; the others wait. */
const MOST_RUNNING: i32 = 32;
/** Bytes of commands that may wait. */
const QUEUE_BYTES: i32 = 1 << 18;
/** How long a command may go on after the end of the session, nanoseconds. */
const GRACE_NS: i64 = 10000000000;
/** How long it may take to end when it is told to, in steps of STEP_MS. */
const STEPS: i32 = 50;
const STEP_MS: i32 = 20;

/** Whether a script of this object can call system(). */
export function runsCommands(manifest: ManifestReader): bool {
  for (let i = 0, n = manifest.count(TableKind.Site); i < n; ++i) {
    if (manifest.field(TableKind.Site, i, SiteRow.Kind) == SiteKind.System) return true;
  }
  return false;
}

/** Takes commands out of the control records, and hands the other records on. */
export class CommandSink extends RecordSink {
  constructor(
    private manifest: ManifestReader,
    private commands: ShellCommands,
    private next: RecordSink,
  ) {
    super();
  }

  record(address: usize, bytes: i32): bool {
    if (bytes < RecordItem.Size + 4) return this.next.record(address, bytes);
    const site = <i32>load<u16>(address, RecordItem.Site);
    const isCommand =
      site < this.manifest.count(TableKind.Site) &&
      this.manifest.field(TableKind.Site, site, SiteRow.Kind) == SiteKind.System;
    if (!isCommand) return this.next.record(address, bytes);
    const length = load<u32>(address, RecordItem.Size);
    if (length <= <u32>(bytes - RecordItem.Size - 4)) this.commands.take(address + RecordItem.Size + 4, <i32>length);
    return true;
  }
}

/** The commands that wait and those that run. */
export class ShellCommands {
  /** descriptors of what they print; -1: it goes where the agent's own output goes */
  stdout: i32 = -1;
  stderr: i32 = -1;
  /** Commands that were dropped since too many waited. */
  dropped: u64 = 0;
  /** Commands have come since the last mark. */
  hasNew: bool = false;
  private spawner: Spawner = new Spawner();
  private queue: usize = heap.alloc(QUEUE_BYTES);
  /** Where the waiting commands begin and end in the queue, each with a NUL, and up to which they may start. */
  private first: i32 = 0;
  private end: i32 = 0;
  private marked: i32 = 0;
  private mayStart: i32 = 0;
  private running: StaticArray<i32> = new StaticArray<i32>(MOST_RUNNING);
  private count: i32 = 0;

  /** Prepares whom they run as. */
  open(request: CommandRequest): Failure | null {
    const failure = this.spawner.openShared(request.captured);
    if (failure) return failure;
    this.spawner.setUser(request);
    this.stdout = this.spawner.stdoutRead;
    this.stderr = this.spawner.stderrRead;
    return null;
  }

  /** Puts a command into the queue. */
  take(address: usize, bytes: i32): void {
    if (this.end + bytes + 1 > QUEUE_BYTES) this.shift();
    if (this.end + bytes + 1 > QUEUE_BYTES) {
      ++this.dropped;
      return;
    }
    memory.copy(this.queue + this.end, address, bytes);
    store<u8>(this.queue + this.end + bytes, 0);
    this.end += bytes + 1;
    this.hasNew = true;
  }

  private shift(): void {
    memory.copy(this.queue, this.queue + this.first, this.end - this.first);
    this.end -= this.first;
    this.marked -= this.first;
    this.mayStart -= this.first;
    this.first = 0;
  }

  /** Remembers which commands are here. */
  mark(): void {
    this.marked = this.end;
    this.hasNew = false;
  }

  /** All that was printed before the marked commands came has been handed on: they may start. */
  allow(): void {
    this.mayStart = this.marked;
  }

  /** Starts those that may, as many as may run at the same time. False: a process could not be made. */
  start(): bool {
    while (this.first < this.mayStart && this.count < MOST_RUNNING) {
      const text = this.queue + this.first;
      const pid = this.spawner.forkAgain(text);
      if (pid < 0) return false;
      this.running[this.count++] = pid;
      let bytes = 0;
      while (load<u8>(text + bytes) != 0) ++bytes;
      this.first += bytes + 1;
    }
    return true;
  }

  /** Forgets those that have ended; to be asked after SIGCHLD. */
  reap(): void {
    for (let i = 0; i < this.count; ) {
      if (wait4(this.running[i], 0, WNOHANG) == 0) ++i;
      else this.running[i] = this.running[--this.count];
    }
  }

  /** Whether some run or wait. */
  get isBusy(): bool {
    return this.count != 0 || this.first != this.end;
  }

  /** When those that run at the end of the session are stopped. */
  deadline(): i64 {
    return clock_gettime(CLOCK_MONOTONIC) + GRACE_NS;
  }

  /** Ends those that run, with their process groups; how many there were. */
  stop(): i32 {
    this.first = this.end;
    this.reap();
    const count = this.count;
    this.signal(SIGTERM);
    this.signal(SIGCONT);
    for (let i = 0; i < STEPS && this.count != 0; ++i) {
      sleepMs(STEP_MS);
      this.reap();
    }
    this.signal(SIGKILL);
    for (let i = 0; i < this.count; ++i) wait4(this.running[i], 0, 0);
    this.count = 0;
    return count;
  }

  private signal(signal: i32): void {
    for (let i = 0; i < this.count; ++i) kill(-this.running[i], signal);
  }
}
