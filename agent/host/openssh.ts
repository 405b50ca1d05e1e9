// The second transport: the system's ssh program, for what ssh2 lacks (certificates, FIDO keys, ProxyCommand, a master
// connection) and for users who ask for it. ssh itself reads its configuration, checks the host's key and asks for
// passwords on the terminal. We never weaken any of that.
//
// At log level VERBOSE, ssh prints "Authenticated to …" when the connection is up. Standard error before that message
// is ssh's own; standard error after it is the command's.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { printHost } from "./address.ts";
import { hasTerminal } from "./ask.ts";
import { Running, toRemoteProcess } from "./child.ts";
import { openKey } from "./identity.ts";
import { fingerprint, knownHostName, loadKnownHosts, matchesHost, recordedAs } from "./known-hosts.ts";
import { explainOpenssh } from "./openssh-errors.ts";
import { printable } from "./printable.ts";
import { sourceArguments } from "./ssh-config.ts";
import type { HostConfig } from "./ssh-settings.ts";
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

/** How much is kept of what ssh says before it is logged in. */
const MOST_PENDING = 1 << 18;

/** The limit of a step where neither the caller nor the configuration has one. */
const TIMEOUT_MS = 20_000;

/** How long a user may take to type what ssh asks for; servers wait for two minutes. */
const TYPING_MS = 150_000;

/** Whether there is an ssh program on this machine. */
export function hasOpenssh(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("ssh", ["-V"], (error) => resolve(error === null));
  });
}

/** A transport that runs ssh for each command; a master connection of the user's configuration is used as it is. */
export async function connectOpenssh(route: HostConfig[], options: ConnectOptions): Promise<Transport> {
  const config = route.at(-1)!;
  const revoked = await keepRevoked(config);
  const args = sshArguments(config, options, { globalKnownHosts: revoked?.file });
  const where = `${config.user}@${printHost(config.alias, config.port)}`;
  const running = new Running();
  const hear = (said: string) => tell(said, route, options.notify ?? (() => {}));
  const start: Start = { where, hear, host: config.host, muxed: hasMaster(config), limitMs: limitOf(route, options) };
  return {
    kind: "openssh",
    where,
    exec: async (command) => {
      return running.keep(await startSsh([...args, "--", config.alias, command], start));
    },
    close: async () => {
      await running.endAll();
      await revoked?.remove();
    },
  };
}

/** Whether ssh has a way to ask the user: a terminal, or the program of SSH_ASKPASS. */
function canAsk({ SSH_ASKPASS, SSH_ASKPASS_REQUIRE, DISPLAY, WAYLAND_DISPLAY } = process.env): boolean {
  if (hasTerminal()) return true;
  return Boolean(SSH_ASKPASS && (DISPLAY || WAYLAND_DISPLAY || /^(force|prefer)$/.test(SSH_ASKPASS_REQUIRE ?? "")));
}

function hasMaster(config: HostConfig): boolean {
  const path = config.settings.get("controlpath")?.[0];
  return path !== undefined && path !== "none" && existsSync(path);
}

/** A hop's time for its three steps: connection, log-in, and the time in which a user finds a password. */
function limitOf(route: HostConfig[], options: ConnectOptions): number {
  const steps = route.map(({ connectTimeoutMs }) => 2 * (options.timeoutMs ?? connectTimeoutMs ?? TIMEOUT_MS));
  const whole = steps.reduce((sum, step) => sum + step, 0);
  return canAsk() && !route.at(-1)!.login.batch ? whole + TYPING_MS : whole;
}

/** --known-hosts replaces the system's files, but not the keys that they revoke: these go to a file of their own. */
async function keepRevoked(config: HostConfig): Promise<{ file: string; remove(): Promise<void> } | null> {
  if (!config.onlyRevokedOfGlobal) return null;
  const lines = (await loadKnownHosts(config.globalKnownHosts)).filter(({ marker }) => marker === "revoked");
  if (lines.length === 0) return null;
  const folder = await mkdtemp(join(tmpdir(), "stap-remote-"));
  const file = join(folder, "revoked");
  const text = lines.map(
    ({ patterns, type, key }) => `@revoked ${patterns.join(",")} ${type} ${key.toString("base64")}`,
  );
  await writeFile(file, `${text.join("\n")}\n`, { mode: 0o600, flag: "wx" });
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** ssh's arguments up to the host. The first value of a setting counts, so ours come before the user's. */
export function sshArguments(
  config: HostConfig,
  options: ConnectOptions,
  given: { terminal?: boolean; globalKnownHosts?: string | undefined } = {},
): string[] {
  const args = ["-T", "-x", "-a", "-e", "none"];
  const set = (name: string, value: string) => args.push("-o", `${name}=${value}`);
  // An older ssh refuses a setting that it does not know.
  const setIfKnown = (name: string, value: string) => {
    if (config.settings.has(name.toLowerCase())) set(name, value);
  };
  set("LogLevel", "VERBOSE");
  set("ClearAllForwardings", "yes");
  set("Tunnel", "no");
  set("PermitLocalCommand", "no");
  set("ControlMaster", "no");
  set("UpdateHostKeys", "no");
  set("NoHostAuthenticationForLocalhost", "no");
  set("RemoteCommand", "none");
  setIfKnown("SessionType", "default");
  setIfKnown("StdinNull", "no");
  setIfKnown("ForkAfterAuthentication", "no");
  set("ServerAliveInterval", String(Math.max(1, Math.round(config.keepaliveMs / 1000))));
  if (!(given.terminal ?? canAsk())) set("BatchMode", "yes");
  const takesNew = config.hostKeyPolicy === "no" || config.hostKeyPolicy === "accept-new";
  if (takesNew) set("StrictHostKeyChecking", "accept-new");
  if (options.timeoutMs !== undefined) set("ConnectTimeout", String(Math.max(1, Math.ceil(options.timeoutMs / 1000))));
  if (options.knownHosts?.length) {
    set("UserKnownHostsFile", options.knownHosts.map(quoteSetting).join(" "));
    const none = process.platform === "win32" ? "NUL" : "/dev/null";
    set("GlobalKnownHostsFile", given.globalKnownHosts === undefined ? none : `"${given.globalKnownHosts}"`);
  }
  const { user, port } = config;
  return [...args, ...sourceArguments({ host: config.alias, user, port }, options)];
}

function quoteSetting(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/**
 * Tells the user what ssh said before it was logged in and meant for the user: which keys it recorded, which of the
 * user's keys it passed over. ssh does not say the fingerprints of the former; the files now do.
 */
async function tell(said: string, route: HostConfig[], notify: (line: string) => void): Promise<void> {
  // A server's banner stands there too: only files of the configuration and names of hops are believed.
  const keys = new Set(route.flatMap((config) => config.identities));
  for (const [, mode, file] of said.matchAll(/^Permissions (\d+) for '(.+)' are too open\.\r?$/gm)) {
    if (keys.has(file!)) notify(openKey(file!, mode!));
  }
  for (const [, name] of said.matchAll(
    /^Warning: Permanently added '([^',]+)[^']*' \(\S+\) to the list of known hosts/gm,
  )) {
    const hop = route.find((config) => knownHostName(...recordedAs(config)) === name);
    const line = hop && (await loadKnownHosts(hop.userKnownHosts)).findLast((known) => matchesHost(known, name!));
    if (line) notify(`recorded the key of ${name}: ${line.type} ${fingerprint(line.key)} in ${line.file}`);
    else if (hop) notify(`accepted the key of ${name}; no file records it`);
  }
}

interface Start {
  where: string;
  /** The name with which ssh reports the log-in. */
  host: string;
  muxed: boolean;
  limitMs: number;
  /** Is given what ssh said until it was logged in or failed. */
  hear(said: string): Promise<void>;
}

/** Runs ssh; resolves once it is logged in, and throws what kept it from that. */
async function startSsh(args: string[], start: Start): Promise<RemoteProcess> {
  const { where } = start;
  // Ctrl-C is for the host program, which stops the agent and waits for its last words: ssh must outlive it. A session
  // of its own would do that too, but would take away the terminal on which ssh asks for a password.
  const [program, list] =
    process.platform === "win32" ? ["ssh", args] : ["/bin/sh", ["-c", 'trap "" INT; exec "$@"', "sh", "ssh", ...args]];
  const child = spawn(program, list, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  const errors = new Errors(child.stderr, start);
  const toEnd = (code: number | null, signal: string | null): ProcessEnd => {
    if (code !== SSH_FAILED) return signal === null ? { code } : { code, signal };
    const error = explainOpenssh(errors.text, where);
    return error ? { code: null, error } : { code };
  };
  const running = toRemoteProcess(child, errors.rest, toEnd);
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new TransportError("unsupported", `cannot run ssh: ${error.message}`)));
    child.once("close", () => reject(errors.explain(where)));
    const seconds = Math.round(start.limitMs / 1000);
    timer = setTimeout(() => {
      reject(new TransportError("timeout", `ssh did not log in to ${where} within ${seconds} s`));
      child.kill("SIGTERM");
    }, start.limitMs);
  });
  // 'readable' is told at the end of a stream as well, where there is nothing to read.
  const answered = new Promise<void>((resolve) => {
    child.stdout.once("readable", () => child.stdout.readableLength > 0 && resolve());
  });
  failed.catch(() => {});
  await Promise.race([errors.loggedIn, answered, failed]).finally(async () => {
    clearTimeout(timer);
    await start.hear(errors.before);
  });
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
  private readonly host: string;
  private resolve: () => void = () => {};
  private open: boolean;
  private pending = "";

  constructor(stream: NodeJS.ReadableStream, { muxed, host }: Start) {
    this.host = host.toLowerCase();
    this.loggedIn = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.open = muxed;
    if (muxed) this.resolve();
    stream.on("data", (chunk: Buffer) => this.take(chunk));
    stream.on("close", () => this.rest.end());
  }

  /** What ssh has said before it was logged in. */
  get before(): string {
    return this.pending;
  }

  /** Why ssh ended before it was logged in. */
  explain(where: string): TransportError {
    const last = printable(this.text.trim().split(/\r?\n/).at(-1) ?? "");
    const unknown = new TransportError("cut", `ssh ended without connecting to ${where}${last ? `: ${last}` : ""}`);
    return explainOpenssh(this.text, where) ?? unknown;
  }

  private take(chunk: Buffer) {
    const text = chunk.toString("latin1");
    this.text = (this.text + text).slice(-KEPT);
    if (this.open) return this.pass(text);
    // A server's banner may be long; only the last of it can matter.
    this.pending = (this.pending + text).slice(-MOST_PENDING);
    const match = [...this.pending.matchAll(/^Authenticated to (\S+) .*\r?\n/gm)].find(
      ([, host]) => host!.toLowerCase() === this.host,
    );
    if (!match) return;
    this.open = true;
    this.resolve();
    // From here on a failure is about the command's connection, not about what came before.
    this.text = this.pending.slice(match.index + match[0].length);
    this.pending = this.pending.slice(0, match.index);
    this.pass(this.text);
  }

  /** Leaves out the statistics that VERBOSE adds at the end. */
  private pass(text: string) {
    const own = text.replace(/^(Transferred: sent \d+|Bytes per second: sent).*\r?\n/gm, "");
    if (own !== "") this.rest.write(Buffer.from(own, "latin1"));
  }
}
