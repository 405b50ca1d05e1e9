// `stap-remote doctor`: tries one probe of each family on a machine, and says what works there, and why the rest does
// not. Each try is a whole run over one connection: what it takes, a user's script takes.

import type { Transport } from "../agent/host/transport.ts";
import { loadCompiler } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import type { Sink } from "./output.ts";
import { openTransport, orExitError, type Remote, startOver } from "./remote.ts";
import { runJob } from "./run.ts";
import type { Surroundings } from "./surroundings.ts";

/** One family of probes. */
interface Family {
  name: string;
  /** Prints a number: how many events there were. */
  script: string;
  /** Without it nothing of use can be traced. */
  isBasic?: boolean;
}

const COUNT = "{ n++ } global n probe end { println(n) }";
const LOAD = "i=0; while [ $i -lt 50 ]; do cat /proc/self/status /proc/stat; i=$((i+1)); done > /dev/null; sleep 0.2";
const TRY_MS = 20_000;

const FAMILIES: Family[] = [
  { name: "begin, end", script: "probe begin { println(1) exit() }", isBasic: true },
  { name: "timer", script: `probe timer.ms(20) ${COUNT}` },
  { name: "timer.profile", script: `probe timer.profile ${COUNT}` },
  { name: "kernel.function", script: `probe kernel.function("vfs_read") ${COUNT}`, isBasic: true },
  { name: "kernel.function.return", script: `probe kernel.function("vfs_read").return ${COUNT}` },
  {
    name: "types (BTF)",
    script: `probe kernel.function("vfs_read") { if ($count > 0) n++ } global n probe end { println(n) }`,
  },
  { name: "kernel.trace", script: `probe kernel.trace("sched_process_fork") ${COUNT}` },
  { name: "syscall", script: `probe syscall.openat ${COUNT}` },
  { name: "process", script: `probe process("/bin/sh").begin, process("/bin/cat").end ${COUNT}` },
  { name: "lsm", script: `probe lsm.file_open ${COUNT}` },
  {
    name: "stacks",
    script: `probe kernel.function("vfs_read") { if (backtrace() != "") n++ } global n probe end { println(n) }`,
  },
  { name: "perf, software", script: `probe perf.sw.page_faults.sample(1) ${COUNT}` },
  { name: "perf, hardware", script: `probe perf.hw.cpu_cycles.sample(1000000) ${COUNT}` },
  { name: "watchpoint", script: `probe kernel.data("jiffies_64").write ${COUNT}` },
];

/** Tries all families on one machine. */
export async function doctorJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const output = around.openOutput(undefined);
  const say = (line: string) => output.write(new TextEncoder().encode(`${line}\n`));
  const transport = await orExitError(() => openTransport(settings));
  let status: ExitStatus = EXIT.done;
  try {
    const remote = new Patient(settings, around, transport);
    for (const family of FAMILIES) {
      const { works, text, about } = await remote.try(family);
      if (family.name === FAMILIES[0]!.name) await say(`${transport.where}: ${about}`);
      await say(`${works ? "ok" : "no"}  ${family.name.padEnd(24)}${text}`.trimEnd());
      if (!works && family.isBasic) status = EXIT.refused;
      // Where the agent does not run, nothing else will.
      if (!works && family === FAMILIES[0]) break;
    }
    return status;
  } finally {
    await output.close();
    await transport.close().catch(() => {});
  }
}

interface Tried {
  works: boolean;
  /** How many events there were, or why there were none. */
  text: string;
  /** The machine, as -v names it. */
  about: string;
}

/** A machine that is examined over one connection. */
class Patient {
  private readonly compiler = loadCompiler();

  constructor(
    private readonly settings: Settings,
    private readonly around: Surroundings,
    private readonly transport: Transport,
  ) {}

  async try(family: Family): Promise<Tried> {
    const out = new Memory();
    let said = "";
    const decoder = new TextDecoder();
    const message = (text: string | Uint8Array) => {
      said += typeof text === "string" ? text : decoder.decode(text);
    };
    const command = family.isBasic && family.script.includes("exit()") ? {} : { command: LOAD };
    const script = { job: "script", script: family.script, verbose: 1, timeoutMs: TRY_MS, json: false } as const;
    let status: ExitStatus;
    try {
      status = await runJob(
        { ...this.settings, ...script, ...command },
        {
          ...this.around,
          message,
          messagesOnTerminal: false,
          openOutput: () => out,
          openRemote: () => this.open(),
          compiler: () => this.compiler,
        },
      );
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return { works: false, text: error.message, about: aboutOf(said) };
    }
    const events = Number(/(\d+)\n$/.exec(out.text)?.[1] ?? Number.NaN);
    if (status === EXIT.done && events > 0) {
      return { works: true, text: events === 1 ? "" : `${events} events`, about: aboutOf(said) };
    }
    const text = status === EXIT.done ? "attached, but saw no event" : reasonIn(said);
    return { works: false, text, about: aboutOf(said) };
  }

  private async open(): Promise<Remote> {
    const started = await orExitError(() => startOver(this.transport, this.settings));
    const { where, kind } = this.transport;
    return { ...started, where, kind, close: async () => {} };
  }
}

/** "Linux 6.12.0, x86_64, 2 CPUs", of the line that -v prints. */
function aboutOf(said: string): string {
  return /^Connected to .*: (Linux .*), in .*$/m.exec(said)?.[1] ?? "the agent does not run";
}

/** The first sentence that says what went wrong. */
function reasonIn(said: string): string {
  const lines = said.split("\n");
  const line = lines.find((one) => /^(stap-remote|semantic error|ERROR|parse error): /.test(one)) ?? lines[0] ?? "";
  return line.replace(/^(stap-remote|semantic error|ERROR): /, "");
}

/** Keeps what is printed. */
class Memory implements Sink {
  readonly isTerminal = false;
  onReaderGone = () => {};
  text = "";
  async write(bytes: Uint8Array): Promise<void> {
    this.text += Buffer.from(bytes).toString("utf8");
  }
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}
