// Makes sure that the agent is on the remote and starts it, in one exec. This is the host's side of the conversation
// that bootstrap.ts describes. If the agent is cached, it takes one round trip.
//
// exec → READY → hello, uid → [become | password → hello, uid] → [send → bytes, skip]* → run → the agent's streams
//
// The remote may lie. So each word is taken only where it can come, each step has a limit (the time since the step
// began, not since the last byte), and all that is said until the agent runs is bounded.

import { createHash, randomBytes } from "node:crypto";
import { askOnTerminal } from "./ask.ts";
import { findWay, type WayName } from "./become.ts";
import {
  type AgentArch,
  type AgentFile,
  archOf,
  type BootstrapJob,
  bootstrapScript,
  COMMAND,
  READY,
} from "./bootstrap.ts";
import { printable } from "./printable.ts";
import { type Circumstances, endedEarly, noShell, refusalOf, type Step, tooLate } from "./start-errors.ts";
import { Sudo } from "./sudo.ts";
import { Tap } from "./tap.ts";
import { type AskPassword, type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** What `startAgent` needs. */
export interface PushOptions {
  /** The agent for each CPU: a static ELF. */
  agents: Map<AgentArch, Uint8Array>;
  /** How to become root where the login user is not root; undefined: not at all. */
  become?: WayName;
  /** How to ask for sudo's password; by default the user is asked on the terminal, if there is one. */
  askPassword?: AskPassword;
  /** The agent's arguments; default ["serve"]. */
  args?: string[];
  /** Whether the agent is kept on the remote for the next time; true if absent. */
  cache?: boolean;
  /** How long each step may take; default 30 s. */
  timeoutMs?: number;
}

/** A running agent: the process' stdin and stdout are its frame streams. */
export interface StartedAgent {
  process: RemoteProcess;
  /** `uname -srm` of the remote. */
  uname: string;
  arch: AgentArch;
  /** The login user's id, not what sudo made of it. */
  uid: number;
  /** Whether the agent had to be sent. */
  uploaded: boolean;
  /** Where the agent's file is (or was: outside a cache folder it is removed once started). */
  path: string;
  /** What the user should know: sentences. */
  notes: string[];
}

const TIMEOUT_MS = 30_000;
/** The slowest upload that is waited for, bytes in a millisecond. */
const SLOWEST = 4;
/** A remote that says more than this on either stream before the agent runs is given up. */
const MOST_BYTES = 1 << 20;
/** There are fewer places for the agent than this. */
const MOST_PLACES = 16;

/** Sends the agent if it is missing, starts it, and hands over its frame streams. */
export async function startAgent(transport: Transport, options: PushOptions): Promise<StartedAgent> {
  const conversation = await Conversation.open(transport, options, { kind: "run", cache: options.cache ?? true });
  const { process, uname, uid, uploaded, path, notes } = await conversation.run();
  return { process, uname, arch: conversation.arch!, uid, uploaded, path, notes };
}

/** Installs the agent for a group, or removes it, or those that are cached; the path of its file, or of all files. */
export async function changeInstallation(
  transport: Transport,
  options: PushOptions,
  job: Exclude<BootstrapJob, { kind: "run" }>,
): Promise<string> {
  const { path, process } = await (await Conversation.open(transport, options, job)).run();
  process.kill();
  return path;
}

/** The words of the script, and at which steps each may come. */
const WORDS: Record<string, Step[]> = {
  hello: ["script", "become"],
  uid: ["user"],
  become: ["place"],
  password: ["place"],
  send: ["place"],
  sync: ["upload"],
  skip: ["place", "upload"],
  note: ["place"],
  refuse: ["script", "user", "become", "place", "upload"],
  run: ["place", "upload"],
  done: ["place", "upload"],
};

class Conversation {
  uname = "";
  uid = -1;
  uploaded = false;
  path = "";
  readonly notes: string[] = [];
  private readonly marker = randomBytes(12).toString("hex");
  private readonly stdout: Tap;
  private readonly stderr: Tap;
  private readonly sudo: Sudo;
  private step: Step = "shell";
  private deadline = 0;
  private limitMs = 0;
  private hasBecome = false;
  /** The last line of the login shell's own output, which explains a failure. */
  private noise = "";
  private bytes = 0;
  private readonly skipped: string[] = [];

  private constructor(
    private readonly where: string,
    readonly process: RemoteProcess,
    private readonly options: PushOptions,
    private readonly job: BootstrapJob,
  ) {
    this.stdout = new Tap(process.stdout);
    this.stderr = new Tap(process.stderr);
    this.sudo = new Sudo({ marker: this.marker, where, ask: options.askPassword ?? askOnTerminal });
    process.stdin.on("error", () => {});
  }

  static async open(transport: Transport, options: PushOptions, job: BootstrapJob): Promise<Conversation> {
    return new Conversation(transport.where, await transport.exec(COMMAND), options, job);
  }

  /** Talks until the agent runs. */
  async run(): Promise<this> {
    try {
      await this.talk();
      await this.release();
      return this;
    } catch (error) {
      await this.release();
      // Drain what the remote still sends: an unread stream never ends.
      this.process.stdout.on("error", () => {}).resume();
      this.process.stderr.on("error", () => {}).resume();
      this.process.kill();
      throw error;
    }
  }

  get arch(): AgentArch | null {
    return archOf(this.uname.split(" ").at(-1) ?? "");
  }

  private async release() {
    await Promise.all([this.stdout.release(), this.stderr.release()]);
  }

  private async talk(): Promise<void> {
    const { options, marker, job } = this;
    const agents = [...options.agents].map(([arch, bytes]) => describe(arch, bytes));
    const way = options.become && { way: findWay(options.become) };
    const script = bootstrapScript({ marker, agents, ...way, args: options.args ?? ["serve"], job });
    this.enter("shell");
    this.process.stdin.write(`${script}\n`);
    while (!this.take(await this.nextLine()));
  }

  /** A step begins; it may take so long. */
  private enter(step: Step, moreMs = 0) {
    this.step = step;
    this.limitMs = (this.options.timeoutMs ?? TIMEOUT_MS) + moreMs;
    this.deadline = Date.now() + this.limitMs;
  }

  /** Acts on a line of the script; true after the last one. */
  private take(line: string): boolean {
    const [word, ...rest] = line.split(" ");
    const text = rest.join(" ");
    if (!this.mayCome(word!)) {
      const what = `${this.where} answered '${printable(line, 60)}' where that makes no sense`;
      throw new TransportError("exec", what, "something on the remote answers in place of our script");
    }
    if (word === "refuse") throw refusalOf(this.circumstances(), text);
    if (word === "hello") this.takeHello(text);
    else if (word === "uid") this.takeUid(text);
    else if (word === "become" || word === "password") this.takeBecome(word === "password");
    else if (word === "send") this.send();
    else if (word === "sync") this.process.stdin.write(`\n${this.marker}\n`);
    else if (word === "skip") this.takeSkip(text);
    else if (word === "note") this.takeNote(text);
    else {
      this.path = word === "run" ? text.slice(text.indexOf(" ") + 1) : text;
      return true;
    }
    return false;
  }

  private mayCome(word: string): boolean {
    if (!Object.hasOwn(WORDS, word) || !WORDS[word]!.includes(this.step)) return false;
    if (word === "become" || word === "password") return this.options.become !== undefined && !this.hasBecome;
    if (word === "run") return this.job.kind === "run";
    return word !== "done" || this.job.kind !== "run";
  }

  private takeHello(text: string) {
    this.uname = printable(text, 200);
    this.sudo.finish();
    this.enter("user");
  }

  private takeUid(text: string) {
    this.uid = Number(text);
    this.enter("place");
  }

  private takeBecome(asks: boolean) {
    this.hasBecome = true;
    if (asks) this.sudo.expect();
    this.enter("become");
  }

  private send() {
    const agent = this.arch && this.options.agents.get(this.arch);
    if (!agent) throw refusalOf(this.circumstances(), "arch");
    this.uploaded = true;
    this.enter("upload", agent.length / SLOWEST);
    this.process.stdin.write(agent);
  }

  private takeSkip(text: string) {
    if (this.skipped.push(printable(text, 300)) > MOST_PLACES) throw noShell(this.circumstances(), "it has no end");
    if (this.step === "upload") this.enter("place");
  }

  private takeNote(text: string) {
    const [what, ...path] = text.split(" ");
    const file = printable(path.join(" "), 300);
    if (this.notes.length > MOST_PLACES) throw noShell(this.circumstances(), "it has no end");
    if (what === "in-the-way") this.notes.push(`${file} on ${this.where} is a folder: the agent cannot be kept there`);
    if (what === "other-release") {
      const again = "install it again with 'stap-remote install'";
      this.notes.push(`${file} on ${this.where} is of another release than this program: ${again}`);
    }
  }

  /** The next line after the marker, without the marker; answers sudo while it waits. */
  private async nextLine(): Promise<string> {
    for (;;) {
      for (let line = this.stdout.takeLine(); line; line = this.stdout.takeLine()) {
        this.bytes += line.length + 1;
        const text = line.toString("utf8");
        const at = text.indexOf(this.marker);
        if (at >= 0) return text.slice(at + this.marker.length + 1).replace(/\r$/, "");
        if (this.step === "shell" && text.trim().endsWith(READY)) this.enter("script");
        else if (text.trim() !== "") this.noise = text.trim().slice(-1000);
      }
      if (await this.sudo.answer(this.stderr, this.process)) this.enter("become");
      if (Math.max(this.bytes + this.stdout.length, this.sudo.bytes) > MOST_BYTES) {
        throw noShell(this.circumstances(), "it never stops printing");
      }
      if (this.stdout.isEnded) throw await this.ending();
      await this.change();
    }
  }

  /** Waits for news until the step's time is up. */
  private async change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), Math.max(0, this.deadline - Date.now()));
    });
    const news = Promise.race([this.stdout.change(), this.stderr.change()]);
    const outcome = await Promise.race([news, late]);
    clearTimeout(timer);
    if (outcome === "late" || Date.now() >= this.deadline) throw tooLate(this.circumstances(), this.limitMs);
  }

  /** Why the streams ended before the agent ran. */
  private async ending(): Promise<TransportError> {
    const end = await this.process.done;
    await this.sudo.answer(this.stderr, this.process).catch(() => {});
    return end.error ?? endedEarly(this.circumstances(), end);
  }

  private circumstances(): Circumstances {
    const { where, step, uname, uid, skipped, options } = this;
    const said = this.step === "become" ? this.sudo.lastLine : this.noise || this.sudo.lastLine;
    const way = options.become && { way: options.become };
    return { where, step, uname, uid, skipped, said, archs: [...options.agents.keys()], ...way };
  }
}

function describe(arch: AgentArch, bytes: Uint8Array): AgentFile {
  return { arch, sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
}
