// Command lines of stap-remote against a real kernel. The guest is named by STAP_REMOTE_GUEST. One SSH connection
// serves all runs of a test file (a handshake costs an emulated guest a second); each run has an agent of its own, as
// with users.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { FrameDecoder } from "../../agent/host/frames.ts";
import { startAgent } from "../../agent/host/push.ts";
import type { RemoteProcess, Transport } from "../../agent/host/transport.ts";
import { readAgents } from "../../cli/assets.ts";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { Output } from "../../cli/output.ts";
import { AgentFrame } from "../../common/format/frame.ts";
import { Captured, captureMessages } from "../captured.ts";
import { bootGuest, type Guest, shutdownGuests } from "../guest.ts";

/** What came of a command line. */
export interface Ended {
  status: number;
  out: string;
  err: string;
}

/** What happens while a script runs. */
export interface During {
  /** Called once the probes are attached; when it is done the script is stopped, unless it has ended before. */
  attached?: () => Promise<void>;
}

/**
 * Options for scripts whose handlers take long in an emulated guest and wait for each other: a tenth of a second, not
 * one millisecond.
 */
export const PATIENT = ["-D", "MAXTRYLOCK=10000"];

/** The program as users start it. */
export const CLIENT = fileURLToPath(new URL("../../dist/stap-remote.js", import.meta.url));
/** The longest that a script takes on a busy machine whose guests are emulated. */
const SCRIPT_TIMEOUT_MS = 120_000;

/** A guest with an open connection. */
export class Remote {
  /** Where the agent is in the guest, once it was sent. */
  agentPath = "";
  /** Where runs in this process keep what they learn of the kernel. */
  readonly factsFolder = mkdtempSync(join(tmpdir(), "stap-facts-"));

  private constructor(
    readonly guest: Guest,
    private readonly transport: Transport,
  ) {}

  /** Boots the guest unless it runs, and connects. */
  static async open(): Promise<Remote> {
    const name = process.env.STAP_REMOTE_GUEST || "6.12";
    const guest = await bootGuest(name);
    const transport = await connect({
      host: `root@${guest.host}:${guest.port}`,
      identity: [guest.identity],
      knownHosts: [guest.knownHosts],
    });
    return new Remote(guest, transport);
  }

  async close(): Promise<void> {
    rmSync(this.factsFolder, { recursive: true, force: true });
    await this.transport.close();
    await shutdownGuests();
  }

  /** Runs a command line in this process; `--host` is added. */
  async run(argv: string[], during: During = {}): Promise<Ended & { received: number }> {
    const out = new Captured();
    const traffic = { received: 0 };
    const interrupts = new Interrupts();
    const messages = captureMessages();
    let ended = false;
    let load: Promise<void> | undefined;
    const attached = () => {
      load ??= during.attached?.().then(async () => {
        await sleep(100); // the last events' records are on their way
        if (!ended) stopQuietly(interrupts);
      });
    };
    const job = ["run", "facts", "verify"].includes(argv[0] ?? "") ? [argv[0] as string] : [];
    const running = main([...job, "--host", "guest", ...argv.slice(job.length)], {
      interrupts,
      factsFolder: this.factsFolder,
      ...messages.to,
      openOutput: (file) => (file === undefined ? out : Output.open(file)),
      openRemote: async () => {
        const watched = watch(await this.startAgent(), attached, traffic);
        const { where, kind } = this.transport;
        return { process: watched, where, kind, uploaded: false, close: async () => {} };
      },
    });
    const late = sleep(SCRIPT_TIMEOUT_MS, "late" as const, { ref: false });
    const status = await Promise.race([running, late]);
    ended = true;
    if (status === "late")
      throw new Error(`not done after ${SCRIPT_TIMEOUT_MS / 1000} s: ${argv.join(" ")}\n${out.text}${messages.said()}`);
    await load;
    return { status, out: out.text, err: messages.said(), received: traffic.received };
  }

  /** Runs a command line that needs no remote, in this process. */
  async runHere(argv: string[]): Promise<Ended> {
    const out = new Captured();
    const messages = captureMessages();
    const status = await main(argv, {
      interrupts: new Interrupts(),
      ...messages.to,
      openOutput: (file) => (file === undefined ? out : Output.open(file)),
      openRemote: () => Promise.reject(new Error("this needs no remote")),
    });
    return { status, out: out.text, err: messages.said() };
  }

  /** An agent; after the first, without the bootstrap, whose many small processes take an emulated guest a second. */
  private async startAgent(): Promise<RemoteProcess> {
    if (this.agentPath) return this.transport.exec(`exec ${this.agentPath} serve`);
    const started = await startAgent(this.transport, { agents: readAgents() });
    this.agentPath = started.path;
    return started.process;
  }

  /** A shell command in the guest, over the open connection. */
  async shell(command: string): Promise<Ended> {
    const child = await this.transport.exec(command);
    child.stdin.on("error", () => {});
    child.stdin.end();
    const [out, err, end] = await Promise.all([readAll(child.stdout), readAll(child.stderr), child.done]);
    return { status: end.code ?? -1, out, err };
  }

  /** Command line arguments that name the guest, for the real program. */
  address(user = "root"): string[] {
    const { host, port, identity, knownHosts } = this.guest;
    return ["--host", `${user}@${host}:${port}`, "--identity", identity, "--known-hosts", knownHosts];
  }

  /** Everything that a run could leave in the guest, as text to compare: names of files, but not their times. */
  async traces(): Promise<string> {
    const lists = ["prog", "map", "link"].map((kind) => `echo ${kind}; bpftool ${kind} list | grep -E '^[0-9]+:'`);
    const { out } = await this.shell(
      [
        ...lists,
        "echo kprobes; cat /sys/kernel/debug/kprobes/list",
        "echo events; cat /sys/kernel/tracing/kprobe_events",
        "echo processes; ps -o comm,args | grep -E 'agent|stap' | grep -v grep",
        "echo files; find /tmp /var/tmp /dev/shm /run /root /home -name '*agent*' -o -name '*stap*' | sort",
      ].join("; "),
    );
    return out;
  }

  /** Waits until the traces are those of before; the difference if that does not come about. */
  async leftBehind(before: string, waitMs = 15_000): Promise<string> {
    for (let waited = 0; ; waited += 300) {
      const now = await this.traces();
      const known = new Set(before.split("\n"));
      const fresh = now.split("\n").filter((line) => !known.has(line));
      if (fresh.length === 0) return "";
      if (waited >= waitMs) return fresh.join("\n");
      await sleep(300);
    }
  }
}

/** The lines that a script prints, which must say nothing else and succeed. */
export async function linesOf(remote: Remote, script: string, ...options: string[]): Promise<string[]> {
  const { status, out, err } = await remote.run([...PATIENT, "-e", script, ...options]);
  assert.equal([err, status], ["", 0]);
  return out.trim().split("\n");
}

/** Ends the run as if it had come to its end by itself. */
function stopQuietly(interrupts: Interrupts): void {
  interrupts.arrived("SIGINT");
  interrupts.signal = undefined;
}

/** The same process; `attached` is called when the agent says that all probes are attached. Its bytes are counted. */
function watch(agent: RemoteProcess, attached: () => void, traffic: { received: number }): RemoteProcess {
  const decoder = new FrameDecoder();
  async function* passing() {
    for await (const chunk of agent.stdout) {
      decoder.push(chunk as Uint8Array);
      traffic.received += (chunk as Uint8Array).length;
      for (let frame = decoder.next(); frame; frame = decoder.next()) if (frame.kind === AgentFrame.Started) attached();
      yield chunk;
    }
  }
  const { stdin, stderr, done } = agent;
  return { stdin, stderr, done, kill: () => agent.kill(), stdout: Readable.from(passing()) };
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) text += decoder.decode(chunk as Uint8Array, { stream: true });
  return text;
}

/** A real client process under way. */
export interface ClientProcess {
  pid: number;
  /** Resolves with true when standard output holds the text, with false when the program ends before. */
  printed(text: string): Promise<boolean>;
  /** Standard output so far. */
  text(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** Starts `node dist/stap-remote.js`. */
export function startClient(argv: string[], input = "", environment: Record<string, string> = {}): ClientProcess {
  const child = spawn(process.execPath, [CLIENT, ...argv], { env: { ...process.env, ...environment } });
  let out = "";
  let err = "";
  let done = false;
  let changed = () => {};
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
    changed();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), 2 * SCRIPT_TIMEOUT_MS);
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      done = true;
      changed();
      resolve({ status: code ?? 1000, out, err: signal ? `${err}(ended by ${signal})\n` : err });
    });
  });
  const printed = async (text: string) => {
    while (!out.includes(text) && !done) await new Promise<void>((resolve) => (changed = resolve));
    return out.includes(text);
  };
  return { pid: child.pid as number, printed, text: () => out, kill: (signal) => child.kill(signal), ended };
}

/** Runs `node dist/stap-remote.js` to its end. */
export function runClient(argv: string[], input = "", environment: Record<string, string> = {}): Promise<Ended> {
  return startClient(argv, input, environment).ended;
}
