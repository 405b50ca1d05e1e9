// run(): a script on a machine, as a stream of events. The same job as the command line's, with its output and its
// messages as values.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../cli/command.ts";
import { Interrupts } from "../cli/interrupts.ts";
import type { Sink } from "../cli/output.ts";
import { openRemote } from "../cli/remote.ts";
import type { RunEvent, RunRequest, ScriptFile } from "./types.ts";

/** A run that failed: `status` is the exit status that the command line would have. */
export class RunError extends Error {
  override name = "RunError";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Events that wait for whoever reads them. */
class Queue {
  private readonly waiting: RunEvent[] = [];
  private wake: () => void = () => {};
  private readable: () => void = () => {};
  private isOver = false;

  push(event: RunEvent): void {
    this.waiting.push(event);
    this.wake();
  }

  end(): void {
    this.isOver = true;
    this.wake();
  }

  /** Waits until the reader has taken what there is: so it slows the machine down. */
  async drained(): Promise<void> {
    if (this.waiting.length > MOST_WAITING) await new Promise<void>((resolve) => (this.readable = resolve));
  }

  async next(): Promise<RunEvent | undefined> {
    while (this.waiting.length === 0) {
      this.readable();
      if (this.isOver) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return this.waiting.shift();
  }
}

const MOST_WAITING = 1000;

/** JSON Lines as events. */
class LineSink implements Sink {
  readonly isTerminal = false;
  onReaderGone: () => void = () => {};
  private rest = "";
  private readonly decoder = new TextDecoder();

  constructor(private readonly queue: Queue) {}

  async write(bytes: Uint8Array): Promise<void> {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() as string;
    for (const line of lines) this.queue.push(JSON.parse(line) as RunEvent);
    await this.queue.drained();
  }

  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

/**
 * Runs a script on a machine. Leaving the loop, or aborting the signal, ends the run in order; nothing stays there. A
 * run that fails throws a RunError behind its last event.
 */
export async function* run(request: RunRequest): AsyncGenerator<RunEvent> {
  const folder = mkdtempSync(join(tmpdir(), "stap-remote-"));
  const queue = new Queue();
  const interrupts = new Interrupts();
  const stop = () => interrupts.end();
  request.signal?.addEventListener("abort", stop, { once: true });
  const sink = new LineSink(queue);
  let said = "";
  const message = (text: string | Uint8Array) => {
    const words = typeof text === "string" ? text : new TextDecoder().decode(text);
    said += words;
    if (words !== "") queue.push({ type: "message", text: words });
  };
  try {
    const ended = main(commandOf(request, folder), {
      openRemote,
      interrupts,
      message,
      settle: async () => {},
      messagesOnTerminal: false,
      openOutput: () => sink,
    }).finally(() => queue.end());
    if (request.signal?.aborted) stop();
    try {
      for (let event = await queue.next(); event; event = await queue.next()) yield event;
    } finally {
      stop();
      await ended;
    }
    const status = await ended;
    if (status !== 0 && !(status === interrupts.status && request.signal?.aborted))
      throw new RunError(status, said.trim());
  } finally {
    request.signal?.removeEventListener("abort", stop);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command line that says the same. */
function commandOf(request: RunRequest, folder: string): string[] {
  const words: string[] = ["--output=json"];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(`--${name}=${value}`);
  };
  if (request.host === undefined && request.via === undefined) words.push("--local");
  add("host", request.host);
  add("via", request.via);
  for (const file of request.identity ?? []) add("identity", file);
  for (const file of request.knownHosts ?? []) add("known-hosts", file);
  if (request.acceptNew) words.push("--accept-new");
  if (request.sudo) words.push("--sudo");
  if (request.guru) words.push("--guru");
  add("command", request.command);
  add("pid", request.pid);
  if (request.timeoutMs !== undefined) add("timeout", `${request.timeoutMs}ms`);
  for (const [name, value] of Object.entries(request.define ?? {})) add("define", `${name}=${value}`);
  for (const [name, value] of Object.entries(request.globals ?? {})) add("set", `${name}=${value}`);
  for (const { text } of request.extra ?? []) add("extra", text);
  if (request.library) {
    writeAll(folder, request.library);
    add("include", folder);
  }
  return [...words, `--script=${request.script}`, "--", ...(request.args ?? [])];
}

function writeAll(folder: string, files: ScriptFile[]): void {
  for (const { name, text } of files) {
    if (!/^[\w.-]+\.stpm?$/.test(name)) throw new RunError(2, `'${name}' is no name of a library file`);
    writeFileSync(join(folder, name), text);
  }
}
