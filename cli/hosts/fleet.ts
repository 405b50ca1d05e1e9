// The same job on several hosts at the same time. Each host has a run of its own (run.ts); what they share is here: the
// compiler and what it made, the places that they print into, the limit of how many start at once, and the verdict.

import { type Compiler } from "../../compiler/host/compile.ts";
import { loadCompiler } from "../compile.ts";
import { EXIT, ExitError, type ExitStatus } from "../exit.ts";
import { JsonLines } from "../json-lines.ts";
import type { Settings } from "../options.ts";
import { errorLine, type WriteMessage } from "../report.ts";
import type { Surroundings } from "../surroundings.ts";
import { CompileOnce } from "./compile-once.ts";
import { HostSink, Prefixer, SharedSink } from "./lines.ts";
import type { Host } from "./list.ts";

/** Does a job on one host. */
export type Job = (settings: Settings, around: Surroundings) => Promise<ExitStatus>;

/** The settings of a job on one host. */
export function settingsFor({ host, identity }: Host, settings: Settings): Settings {
  return { ...settings, host, identity: identity === undefined ? settings.identity : [identity, ...settings.identity] };
}

/** Lets at most so many in at a time. */
class Gate {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async enter(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }
}

/** What the runs of a fleet share. */
class Fleet {
  private readonly gate: Gate;
  private readonly outputs = new Map<string, SharedSink>();
  private readonly compiling = new CompileOnce();
  private compiler: Compiler | undefined;

  constructor(
    private readonly around: Surroundings,
    private readonly settings: Settings,
  ) {
    this.gate = new Gate(settings.parallel);
  }

  /** Runs the job on one host; its failure is a status, and was said. */
  async run(host: Host, job: Job): Promise<ExitStatus> {
    const before = this.settings.noPrefix ? "" : `${host.name}: `;
    const messages = new Prefixer(before);
    const message: WriteMessage = (text) =>
      this.around.message(messages.add(typeof text === "string" ? new TextEncoder().encode(text) : text));
    let isStarting = true;
    const started = () => {
      if (isStarting) this.gate.leave();
      isStarting = false;
    };
    await this.gate.enter();
    const around = { ...this.forHost(before, message, started), hostName: host.name };
    try {
      return await job(settingsFor(host, this.settings), around);
    } catch (error) {
      if (process.env.STAP_REMOTE_DEBUG) message(`${(error as Error).stack}\n`);
      const status = error instanceof ExitError ? error.status : EXIT.failed;
      const text = errorLine(error instanceof Error ? error : { message: String(error) });
      message(text);
      if (this.settings.json) await this.tell(around, new JsonLines(host.name).failure(status, text.trimEnd()));
      return status;
    } finally {
      started();
      this.around.message(messages.end());
    }
  }

  private async tell(around: Surroundings, line: Uint8Array): Promise<void> {
    const sink = around.openOutput(this.settings.output, this.settings.rotate);
    await sink.write(line);
    await sink.close();
  }

  private forHost(before: string, message: WriteMessage, started: () => void): Surroundings {
    return {
      ...this.around,
      message,
      // Lines that are written over by the next one are no use among those of others.
      messagesOnTerminal: false,
      openOutput: (file, rotate) => {
        const key = file ?? "";
        const shared = this.outputs.get(key) ?? new SharedSink(this.around.openOutput(file, rotate));
        this.outputs.set(key, shared);
        return new HostSink(shared, this.settings.json ? "" : before);
      },
      compiler: () => {
        this.compiler ??= loadCompiler();
        return this.compiler;
      },
      compile: (compiler, input, asked) => this.compiling.compile(compiler, input, asked),
      onStarted: started,
    };
  }

  async close(): Promise<void> {
    for (const { sink } of this.outputs.values()) await sink.close();
  }
}

/** Does a job on several hosts. A host that cannot be reached, or fails, holds no other up. */
export async function runFleet(settings: Settings, around: Surroundings, hosts: Host[], job: Job): Promise<ExitStatus> {
  const fleet = new Fleet(around, settings);
  const ends = await Promise.all(hosts.map(async (host) => ({ host, status: await fleet.run(host, job) })));
  await fleet.close();
  const interrupted = around.interrupts.status;
  const failed = ends.filter(({ status }) => status !== EXIT.done && status !== interrupted);
  if (failed.length === 0) return interrupted ?? EXIT.done;
  const names = failed.map(({ host }) => host.name);
  around.message(errorLine({ message: `${failed.length} of ${hosts.length} hosts failed: ${names.join(", ")}` }));
  const statuses = new Set(failed.map(({ status }) => status));
  return statuses.size === 1 ? (failed[0]!.status as ExitStatus) : EXIT.failed;
}
