// A process of this machine as a RemoteProcess: the common part of the transports that start programs.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { ProcessEnd, RemoteProcess } from "./transport.ts";

/** A program that ignores end of file and closed pipes is ended after this time. */
const PATIENCE_MS = 3000;

/** Something that a process started may keep its output open; its end is not waited for longer than this. */
const LINGER_MS = 500;

/** Wraps a child; `toEnd` says what its exit means. */
export function toRemoteProcess(
  child: ChildProcessWithoutNullStreams,
  stderr: NodeJS.ReadableStream,
  toEnd: (code: number | null, signal: string | null) => ProcessEnd,
): RemoteProcess {
  // Writing to a process that has exited makes no exception; `done` reports the end.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
  const done = new Promise<ProcessEnd>((resolve) => {
    const settle = () => resolve(toEnd(child.exitCode, child.signalCode));
    child.once("close", settle);
    child.once("exit", () => setTimeout(settle, LINGER_MS).unref());
  });
  const kill = () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    const timer = setTimeout(() => child.kill("SIGTERM"), PATIENCE_MS);
    timer.unref();
    child.once("exit", () => clearTimeout(timer));
  };
  return { stdin: child.stdin, stdout: child.stdout, stderr, done, kill };
}

/** How a plain process ended. */
export function plainEnd(code: number | null, signal: string | null): ProcessEnd {
  return signal === null ? { code } : { code, signal };
}

/** The processes that a transport has started and that have not ended. */
export class Running {
  private readonly processes = new Set<RemoteProcess>();

  /** Keeps a process until it ends. */
  keep(process: RemoteProcess): RemoteProcess {
    this.processes.add(process);
    void process.done.then(() => this.processes.delete(process));
    return process;
  }

  /** Ends all of them, and waits for their ends. */
  async endAll(): Promise<void> {
    for (const each of this.processes) each.kill();
    await Promise.all([...this.processes].map((each) => each.done));
  }
}
