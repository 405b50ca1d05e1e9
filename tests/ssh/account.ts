// An account on a real sshd of this machine whose login shell, environment and tools a test decides, and a shell script
// in place of the agent. The server runs every command through the file `force`, which the test writes.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { AgentArch } from "../../agent/host/bootstrap.ts";
import { connect } from "../../agent/host/connect.ts";
import { type PushOptions, type StartedAgent, startAgent } from "../../agent/host/push.ts";
import { type Transport, TransportError } from "../../agent/host/transport.ts";
import { type Sshd, startSshd } from "./sshd.ts";

/** Stands in for the agent: says how it was called, then echoes. Long enough to need several reads. */
export const AGENT = Buffer.from(`#!/bin/sh
case $1 in
  version) exit 0;;
  grant) exit 0;;
  serve) shift; umask; for word in "$@"; do printf "<%s>" "$word"; done; echo; exec cat;;
esac
exit 9
# ${"padding ".repeat(12_000)}
`);
export const NAME = `agent-${createHash("sha256").update(AGENT).digest("hex")}`;

/** Folders in which the bootstrap may make a temporary one. */
export const TEMPORARY = ["/var/tmp", "/dev/shm", "/tmp", "/run/user/0"];

/** Names that the bootstrap left in the places for temporary files. */
export function leftovers(): string[] {
  return TEMPORARY.filter((place) => existsSync(place)).flatMap((place) =>
    readdirSync(place).filter((name) => name.startsWith("stap-remote-")),
  );
}

/** The same bytes for each CPU. */
export function agents(bytes: Uint8Array = AGENT): Map<AgentArch, Uint8Array> {
  return new Map([
    ["x86_64", bytes],
    ["arm64", bytes],
  ]);
}

/** The account. */
export class Account {
  /** A new folder for each test. */
  home = "";

  private constructor(readonly sshd: Sshd) {}

  static async open(): Promise<Account> {
    return new Account(await startSshd(["ForceCommand sh {folder}/force"]));
  }

  /** A new home, and the usual shell. */
  reset() {
    this.home = join(this.sshd.folder, `home-${randomBytes(4).toString("hex")}`);
    mkdirSync(this.home, { mode: 0o700 });
    this.plain();
  }

  /** Lets commands run in another way: `lines` are the body of a shell script. */
  runs(...lines: string[]) {
    writeFileSync(join(this.sshd.folder, "force"), `${lines.join("\n")}\n`);
  }

  /** The usual way: its cache in the test's own folder. */
  plain(shell = "sh -c", environment = "") {
    this.runs(`export XDG_CACHE_HOME='${this.home}/.cache' ${environment}`, `exec ${shell} "$SSH_ORIGINAL_COMMAND"`);
  }

  /** A program of this account's that shadows the system's. */
  program(name: string, ...lines: string[]) {
    mkdirSync(join(this.home, "bin"), { recursive: true });
    writeFileSync(join(this.home, "bin", name), `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o700 });
    this.plain("sh -c", `PATH='${this.home}/bin':"$PATH"`);
  }

  /** The files of the cache, with hidden ones. */
  cached(): string[] {
    const folder = join(this.home, ".cache", "stap-remote");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** Starts the agent, says something, and returns what it answered. */
  async start(
    options: Partial<PushOptions> = {},
    open: () => Promise<Transport> = () => connect(this.sshd.options()),
  ): Promise<StartedAgent & { said: string }> {
    const transport = await open();
    try {
      const agent = await startAgent(transport, { agents: agents(), timeoutMs: 10_000, ...options });
      const parts: Buffer[] = [];
      agent.process.stdout.on("data", (chunk: Buffer) => parts.push(chunk));
      agent.process.stderr.resume();
      agent.process.stdin.end("hello\n");
      await agent.process.done;
      return { ...agent, said: Buffer.concat(parts).toString() };
    } finally {
      await transport.close();
    }
  }

  /** The error of a start that must fail. */
  async failure(options: Partial<PushOptions> = {}, open?: () => Promise<Transport>): Promise<TransportError> {
    try {
      const { said } = await this.start(options, open);
      return assert.unreachable(`started: ${said}`) as never;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      assert.not.match(error.message, /[\u0000-\u001f\u007f-\u009f]/, "one line without control characters");
      return error;
    }
  }
}
