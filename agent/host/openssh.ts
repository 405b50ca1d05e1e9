// The second transport: the system's ssh program, for what ssh2 lacks (certificates, FIDO keys, ProxyCommand, a master
// connection) and for users who ask for it. ssh itself reads its configuration, checks the host's key and asks for
// passwords on the terminal. We never weaken any of that.
//
// At log level VERBOSE, ssh prints "Authenticated to …" when the connection is up. Standard error before that message
// is ssh's own; standard error after it is the command's.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import { printHost } from "./address.ts";
import { hasTerminal } from "./ask.ts";
import { toRemoteProcess } from "./child.ts";
import { explainOpenssh } from "./openssh-errors.ts";
import type { HostConfig } from "./ssh-config.ts";
import {
  type ConnectOptions,
  type ProcessEnd,
  type RemoteProcess,
  type Transport,
  TransportError,
} from "./transport.ts";

/** ssh's own exit status for "the connection failed"; a command may use it too. */
const SSH_FAILED = 255;

/** How much of standard error is kept to explain a failure. */
const KEPT = 8192;

/** Whether there is an ssh program on this machine. */
export function hasOpenssh(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("ssh", ["-V"], (error) => resolve(error === null));
  });
}

/** A transport that runs ssh for each command; a master connection of the user's configuration is used as it is. */
export async function connectOpenssh(config: HostConfig, options: ConnectOptions): Promise<Transport> {
  const args = sshArguments(config, options);
  const where = `${config.user}@${printHost(config.alias, config.port)}`;
  const running = new Set<RemoteProcess>();
  return {
    kind: "openssh",
    where,
    exec: async (command) => {
      const started = await startSsh([...args, "--", config.alias, command], { where, muxed: hasMaster(config) });
      running.add(started);
      void started.done.then(() => running.delete(started));
      return started;
    },
    close: async () => {
      for (const each of running) each.kill();
      await Promise.all([...running].map((each) => each.done));
    },
  };
}

function hasMaster(config: HostConfig): boolean {
  const path = config.settings.get("controlpath")?.[0];
  return path !== undefined && path !== "none" && existsSync(path);
}

/** ssh's arguments up to the host. */
export function sshArguments(config: HostConfig, options: ConnectOptions, terminal = hasTerminal()): string[] {
  const args = ["-T", "-x", "-a", "-e", "none", "-p", String(config.port), "-l", config.user];
  const set = (name: string, value: string) => args.push("-o", `${name}=${value}`);
  if (options.configFile !== undefined) args.push("-F", options.configFile);
  set("LogLevel", "VERBOSE");
  set("ClearAllForwardings", "yes");
  set("RemoteCommand", "none");
  set("ServerAliveInterval", String(Math.max(1, Math.round(config.keepaliveMs / 1000))));
  if (!terminal) set("BatchMode", "yes");
  if (options.acceptNew) set("StrictHostKeyChecking", "accept-new");
  if (options.timeoutMs !== undefined) set("ConnectTimeout", String(Math.max(1, Math.ceil(options.timeoutMs / 1000))));
  if (options.knownHosts?.length) {
    set("UserKnownHostsFile", options.knownHosts.map(quoteSetting).join(" "));
    set("GlobalKnownHostsFile", process.platform === "win32" ? "NUL" : "/dev/null");
  }
  for (const file of options.identity ?? []) args.push("-i", file.replaceAll("%", "%%"));
  return args;
}

function quoteSetting(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/** Runs ssh; resolves once it is logged in, and throws what kept it from that. */
async function startSsh(args: string[], { where, muxed }: { where: string; muxed: boolean }): Promise<RemoteProcess> {
  // Ctrl-C is for the host program, which stops the agent and waits for its last words: ssh must outlive it. A session
  // of its own would do that too, but would take away the terminal on which ssh asks for a password.
  const [program, list] =
    process.platform === "win32" ? ["ssh", args] : ["/bin/sh", ["-c", 'trap "" INT; exec "$@"', "sh", "ssh", ...args]];
  const child = spawn(program, list, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  const errors = new Errors(child.stderr, muxed);
  const toEnd = (code: number | null, signal: string | null): ProcessEnd => {
    if (code !== SSH_FAILED) return signal === null ? { code } : { code, signal };
    const error = explainOpenssh(errors.text, where);
    return error ? { code: null, error } : { code };
  };
  const running = toRemoteProcess(child, errors.rest, toEnd);
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new TransportError("unsupported", `cannot run ssh: ${error.message}`)));
    child.once("close", () => reject(errors.explain(where)));
  });
  // 'readable' is told at the end of a stream as well, where there is nothing to read.
  const answered = new Promise<void>((resolve) => {
    child.stdout.once("readable", () => child.stdout.readableLength > 0 && resolve());
  });
  failed.catch(() => {});
  await Promise.race([errors.loggedIn, answered, failed]);
  return running;
}

/** Standard error, split into what ssh says while it connects and what the command says afterwards. */
class Errors {
  /** The command's part. */
  readonly rest = new PassThrough();
  /** Resolves when ssh says that it is logged in. */
  readonly loggedIn: Promise<void>;
  /** The last of everything, to explain a failure. */
  text = "";
  private resolve: () => void = () => {};
  private open: boolean;
  private pending = "";

  constructor(stream: NodeJS.ReadableStream, muxed: boolean) {
    this.loggedIn = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.open = muxed;
    if (muxed) this.resolve();
    stream.on("data", (chunk: Buffer) => this.take(chunk));
    stream.on("close", () => this.rest.end());
  }

  /** Why ssh ended before it was logged in. */
  explain(where: string): TransportError {
    const last = this.text.trim().split("\n").at(-1) ?? "";
    const unknown = new TransportError("cut", `ssh ended without connecting to ${where}${last ? `: ${last}` : ""}`);
    return explainOpenssh(this.text, where) ?? unknown;
  }

  private take(chunk: Buffer) {
    const text = chunk.toString("latin1");
    this.text = (this.text + text).slice(-KEPT);
    if (this.open) return this.pass(text);
    this.pending += text;
    const match = /^Authenticated to .*\r?\n/m.exec(this.pending);
    if (!match) return;
    this.open = true;
    this.resolve();
    // From here on a failure is about the command's connection, not about what came before.
    this.text = this.pending.slice(match.index + match[0].length);
    this.pass(this.text);
  }

  /** Leaves out the statistics that VERBOSE adds at the end. */
  private pass(text: string) {
    const own = text.replace(/^(Transferred: sent \d+|Bytes per second: sent).*\r?\n/gm, "");
    if (own !== "") this.rest.write(Buffer.from(own, "latin1"));
  }
}
