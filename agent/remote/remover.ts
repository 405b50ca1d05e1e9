// A child that removes what the kernel keeps when the agent is gone: it waits for the end of a pipe that only the agent
// can write to, so that it does not matter how the agent ended. It is in a session of its own, and the signals that the
// agent blocks are blocked in it, too.
//
//   agent    fork ──► uses ──► close the pipe ──► wait for the child's status
//   child    wait for the end of the pipe ──────► remove ──► exit

import { Errno } from "./errors";
import { close, close_range, exit, fork, O_CLOEXEC, PipeEnds, pipe2, read, setsid, sleepMs, wait4 } from "./syscall";

/** What is removed may be in use for a moment longer than the agent lives. */
const TRIES: i32 = 200;
const PAUSE_MS: i32 = 25;

/** The child, as the agent sees it. */
export class Remover {
  private pipe: i32 = -1;
  private pid: i32 = -1;

  /**
   * Starts the child, which calls `remove` until it says that nothing is left; `kept` is a descriptor that it needs for
   * that, or -1. Returns 0 or -errno.
   */
  start(remove: () => bool, kept: i32): i32 {
    const ends = memory.data(PipeEnds.Size);
    const result = pipe2(ends, O_CLOEXEC);
    if (result < 0) return result;
    const readEnd = load<i32>(ends + PipeEnds.Read);
    this.pipe = load<i32>(ends + PipeEnds.Write);
    this.pid = fork();
    if (this.pid == 0) waitAndRemove(readEnd, remove, kept);
    close(readEnd);
    if (this.pid > 0) return 0;
    close(this.pipe);
    return this.pid;
  }

  /** Has it remove everything, and waits for that; false if something is left. */
  finish(): bool {
    if (this.pid < 0) return true;
    close(this.pipe);
    const status = memory.data(4);
    let got: i32;
    do got = wait4(this.pid, status, 0);
    while (got == -Errno.EINTR);
    const isDone = got == this.pid && load<i32>(status) == 0;
    this.pid = -1;
    return isDone;
  }
}

function waitAndRemove(readEnd: i32, remove: () => bool, kept: i32): void {
  setsid();
  // The connection to the host would stay open as long as a process has it.
  const lower = kept < 0 ? readEnd : min(readEnd, kept);
  const upper = max(readEnd, kept);
  close_range(0, lower - 1);
  close_range(lower + 1, upper - 1);
  close_range(upper + 1, -1);
  const byte = memory.data(8);
  let got: i32;
  do got = read(readEnd, byte, 1);
  while (got == -Errno.EINTR || got > 0);
  for (let i = 0; i < TRIES; ++i) {
    if (remove()) exit(0);
    sleepMs(PAUSE_MS);
  }
  exit(1);
}
