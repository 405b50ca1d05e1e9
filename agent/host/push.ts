// Makes sure that the agent is on the remote and starts it, in one exec. This is the host's side of the conversation
// that bootstrap.ts describes. If the agent is cached, it takes one round trip.
//
// exec → hello, uid → [password]* → [send → bytes, skip]* → run → the streams are the agent's

import { createHash, randomBytes } from "node:crypto";
import { askOnTerminal } from "./ask.ts";
import { type AgentArch, type AgentFile, archOf, bootstrapScript, COMMAND } from "./bootstrap.ts";
import { Sudo } from "./sudo.ts";
import { Tap } from "./tap.ts";
import { type AskPassword, type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** What `startAgent` needs. */
export interface PushOptions {
  /** The agent for each CPU: a static ELF. */
  agents: Map<AgentArch, Uint8Array>;
  /** Whether to become root with sudo where the login user is not root. */
  sudo?: "no" | "yes";
  /** How to ask for sudo's password; by default the user is asked on the terminal, if there is one. */
  askPassword?: AskPassword;
  /** The agent's arguments; default ["serve"]. */
  args?: string[];
  /** How long the remote may be silent; default 30 s. */
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
}

const TIMEOUT_MS = 30_000;

/** If a login shell prints more than this before the script runs, it will not run the script. */
const MAX_NOISE = 4 << 20;

/** Sends the agent if it is missing, starts it, and hands over its frame streams. */
export async function startAgent(transport: Transport, options: PushOptions): Promise<StartedAgent> {
  const process = await transport.exec(COMMAND);
  const conversation = new Conversation(transport.where, process, options);
  try {
    return await conversation.run();
  } catch (error) {
    await conversation.release();
    // Drain what the remote still sends: an unread stream never ends.
    process.stdout.on("error", () => {}).resume();
    process.stderr.on("error", () => {}).resume();
    process.kill();
    throw error;
  }
}

class Conversation {
  private readonly marker = randomBytes(12).toString("hex");
  private readonly stdout: Tap;
  private readonly stderr: Tap;
  private readonly sudo: Sudo;
  private readonly where: string;
  private readonly process: RemoteProcess;
  private readonly options: PushOptions;
  private uname = "";
  private uid = -1;
  private uploaded = false;
  private asked = false;
  /** Keeps the last lines of the login shell's own output, which explain a failure. */
  private noise = "";
  private noiseBytes = 0;
  private readonly skipped: string[] = [];

  constructor(where: string, process: RemoteProcess, options: PushOptions) {
    this.where = where;
    this.process = process;
    this.options = options;
    this.stdout = new Tap(process.stdout);
    this.stderr = new Tap(process.stderr);
    this.sudo = new Sudo({ marker: this.marker, where, ask: options.askPassword ?? askOnTerminal });
    process.stdin.on("error", () => {});
  }

  async run(): Promise<StartedAgent> {
    const files = [...this.options.agents].map(([arch, bytes]) => describe(arch, bytes));
    const args = this.options.args ?? ["serve"];
    const sudo = this.options.sudo === "yes";
    this.process.stdin.write(`${bootstrapScript({ marker: this.marker, agents: files, sudo, args })}\n`);
    for (;;) {
      const [word, ...rest] = (await this.nextLine()).split(" ");
      const text = rest.join(" ");
      if (word === "hello") this.uname = text;
      else if (word === "uid") this.uid = Number(text);
      else if (word === "password") this.asked = true;
      else if (word === "send") this.send();
      else if (word === "skip") this.skipped.push(text);
      else if (word === "refuse") throw this.refusal(text);
      else if (word === "run") return await this.started(text.slice(text.indexOf(" ") + 1));
    }
  }

  async release() {
    await Promise.all([this.stdout.release(), this.stderr.release()]);
  }

  private get arch(): AgentArch | null {
    return archOf(this.uname.split(" ").at(-1) ?? "");
  }

  private send() {
    this.uploaded = true;
    this.process.stdin.write(this.options.agents.get(this.arch!)!);
  }

  private async started(path: string): Promise<StartedAgent> {
    await this.release();
    const { process, uname, uid, uploaded } = this;
    return { process, uname, arch: this.arch!, uid, uploaded, path };
  }

  /** The next line after the marker, without the marker; answers sudo while it waits. */
  private async nextLine(): Promise<string> {
    for (;;) {
      for (let line = this.stdout.takeLine(); line; line = this.stdout.takeLine()) {
        const text = line.toString("utf8");
        const at = text.indexOf(this.marker);
        if (at >= 0) return text.slice(at + this.marker.length + 1).replace(/\r$/, "");
        this.keepNoise(text);
      }
      if (this.noiseBytes + this.stdout.length > MAX_NOISE) throw this.noStart("it never stops printing");
      if (this.stdout.isEnded) throw await this.ending();
      await this.sudo.answer(this.stderr, this.process);
      await this.change();
    }
  }

  private keepNoise(text: string) {
    this.noiseBytes += text.length + 1;
    if (text.trim() !== "") this.noise = text.trim();
  }

  private async change(): Promise<void> {
    const limit = this.options.timeoutMs ?? TIMEOUT_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), limit);
    });
    const news = Promise.race([this.stdout.change(), this.stderr.change()]);
    const outcome = await Promise.race([news, late]);
    clearTimeout(timer);
    if (outcome === "late") throw this.noStart(`it was silent for ${Math.round(limit / 100) / 10} s`, "timeout");
  }

  /** Why the streams ended before the agent ran. */
  private async ending(): Promise<TransportError> {
    const end = await this.process.done;
    await this.sudo.answer(this.stderr, this.process).catch(() => {});
    if (end.error) return end.error;
    if (this.asked) return this.sudo.failure();
    if (end.code === null && end.signal === undefined) {
      return new TransportError("cut", `the connection to ${this.where} was cut while the agent was being started`);
    }
    return this.noStart(end.signal ? `it was killed by signal ${end.signal}` : `it ended with status ${end.code}`);
  }

  private noStart(why: string, code: "exec" | "timeout" = "exec"): TransportError {
    const said = this.noise || this.sudo.text.trim().split("\n").at(-1);
    const quoted = said ? `; it says: ${said.slice(0, 200)}` : "";
    const hint = "the account needs sh and a login shell that runs commands";
    return new TransportError(code, `the login shell of ${this.where} does not run our command: ${why}${quoted}`, hint);
  }

  private refusal(text: string): TransportError {
    const [why, detail] = text.split(" ");
    const { where } = this;
    switch (why) {
      case "not-linux":
        return new TransportError(
          "not-linux",
          `${where} runs ${this.uname.split(" ")[0]}, and only Linux can be traced`,
        );
      case "arch": {
        const have = [...this.options.agents.keys()].join(", ");
        return new TransportError(
          "arch",
          `there is no agent for the CPU of ${where} (${this.uname}), only for ${have}`,
        );
      }
      case "not-root": {
        const hint =
          detail === "sudo" ? "add --sudo (it works there without a password)" : "add --sudo, or log in as root";
        return new TransportError(
          "not-root",
          `tracing needs root, and the login user of ${where} has uid ${this.uid}`,
          hint,
        );
      }
      case "no-sudo":
        return new TransportError("sudo", `there is no sudo on ${where}`, "log in as root instead of using --sudo");
      case "sudo-useless":
        return new TransportError("sudo", `sudo on ${where} does not make this user root`, "check its sudoers rules");
      case "no-place":
        return this.noPlace();
      default:
        return new TransportError("exec", `${where} cannot start the agent: ${text}`);
    }
  }

  private noPlace(): TransportError {
    const tried = this.skipped.join("; ");
    if (/the agent exits there/.test(tried)) {
      return new TransportError("agent-broken", `the agent does not run on ${this.where} (${this.uname}): ${tried}`);
    }
    const hint = "make room in one of these places, or mount one of them without noexec";
    return new TransportError(
      "no-agent-place",
      `no folder on ${this.where} can keep and run the agent: ${tried}`,
      hint,
    );
  }
}

function describe(arch: AgentArch, bytes: Uint8Array): AgentFile {
  return { arch, sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
}
