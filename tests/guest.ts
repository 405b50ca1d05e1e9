// Real kernels for tests: guests booted by scripts/guest, stock Debian kernels with an SSH server and nothing else.
//
//   const guest = await bootGuest("6.12");
//   const { stdout } = await guest.run("uname -r");
//
// A guest that is already running (`scripts/vm up`, or another test process) is used as it is and left running. A guest
// that this process boots ends with this process, however that ends. A kernel that does not boot is an error, never a
// skipped test.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  consoleEnd,
  findMachine,
  type Machine,
  readConsole,
  runFolder,
  startMachine,
  stopMachine,
} from "../scripts/guest/machine.ts";
import { GUESTS } from "../scripts/guest/matrix.ts";

/** What a command in a guest did. */
export interface GuestResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a command in a guest. */
export interface RunOptions {
  /** Default: one minute. */
  timeoutMs?: number;
  /**
   * `root` (the default), `tester` (sudo without a password), `nosudo`, or `asker` (sudo with the password "guest").
   */
  user?: string;
  /** What the command reads on its standard input; nothing by default. */
  input?: string | Buffer;
}

/** A booted guest. */
export interface Guest {
  name: string;
  /** As `uname -r` prints it. */
  release: string;
  arch: "x86_64" | "arm64";
  host: "127.0.0.1";
  port: number;
  /** Path of a private key that every account accepts. */
  identity: string;
  /** Path of a known_hosts file with the guest's host key. */
  knownHosts: string;
  /** Path of an ssh_config file in which the guest is called `guest`. */
  sshConfig: string;
  /** Runs a shell command over the system's ssh. Rejects when the time is up or the guest cannot be reached. */
  run(command: string, options?: RunOptions): Promise<GuestResult>;
  /** All that the guest has printed on its console. */
  console(): string;
}

/** The names of all guests, oldest kernel first. */
export const GUEST_NAMES: string[] = GUESTS.map((guest) => guest.name);

const DEFAULT_TIMEOUT_MS = 60_000;
/** The kernel takes 107 bytes, and ssh appends 17 while it makes the socket. */
const MAX_SOCKET_PATH = 88;
/** Twenty seconds: after them, commands try for themselves and say what is wrong. */
const SHARED_WAIT_TURNS = 1000;
/** ssh ends with 255 where it fails itself; so may the command, but then it says none of these. */
const SSH_FAILURE = /^(ssh:|kex_|mux_|Connection |Shared connection |client_loop:|.*Permission denied \()/m;
/** The shared connection to each guest, by the id of its QEMU process. */
const shared = new Map<number, Promise<string | null>>();
const booting = new Map<string, Promise<Guest>>();
const bootedByUs = new Set<string>();

/** Returns the guest of that name, booting it where it does not run or has crashed since. */
export async function bootGuest(name: string): Promise<Guest> {
  const known = booting.get(name);
  if (known && (await known).port === findMachine(name)?.port) return known;
  if (booting.get(name) === known) booting.set(name, start(name));
  return booting.get(name)!;
}

async function start(name: string): Promise<Guest> {
  const { machine, booted } = await startMachine(name, "with-us");
  if (booted) bootedByUs.add(name);
  return guestOf(machine);
}

/** Stops the guests that this process booted: those named, or all. */
export async function shutdownGuests(names = [...booting.keys()]): Promise<void> {
  for (const name of names) {
    await Promise.allSettled([booting.get(name)]);
    booting.delete(name);
    if (bootedByUs.delete(name)) await stopMachine(name);
  }
}

function guestOf(machine: Machine): Guest {
  const { name, release, arch, port, identity, knownHosts, sshConfig } = machine;
  return {
    ...{ name, release, arch, port, identity, knownHosts, sshConfig },
    host: "127.0.0.1",
    run: (command, options = {}) => runInGuest(machine, command, options),
    console: () => readConsole(name),
  };
}

/**
 * Opens one connection as root that all commands of this process share: a new one costs an emulated guest most of a
 * second of arithmetic. Returns its socket; null where the path is too long for one, and commands connect by
 * themselves.
 */
async function openShared(machine: Machine): Promise<string | null> {
  const path = join(runFolder(machine.name), `shared-${process.pid}`);
  if (path.length > MAX_SOCKET_PATH) return null;
  const ssh = ["ssh", "-F", machine.sshConfig, "-o", "BatchMode=yes", "-N", "-M", "-S", path, "guest"];
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...ssh], { stdio: "ignore" });
  let ended = false;
  child.once("exit", () => (ended = true)).once("error", () => (ended = true));
  child.unref();
  for (let i = 0; i < SHARED_WAIT_TURNS && !ended && !existsSync(path); i++) await sleep(20);
  return !ended && existsSync(path) ? path : null;
}

async function sshArguments(machine: Machine, user: string): Promise<string[]> {
  const args = ["-F", machine.sshConfig, "-o", "BatchMode=yes"];
  if (user !== "root") return args;
  const known = shared.get(machine.pid) ?? openShared(machine);
  shared.set(machine.pid, known);
  const path = await known;
  return path ? [...args, "-S", path] : args;
}

async function runInGuest(machine: Machine, command: string, options: RunOptions): Promise<GuestResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, user = "root", input = "" } = options;
  const args = await sshArguments(machine, user);
  const output = { stdout: "", stderr: "" };
  const outcome = await new Promise<number | string>((resolve) => {
    const ssh = spawn("ssh", [...args, `${user}@guest`, command], { stdio: ["pipe", "pipe", "pipe"] });
    ssh.stdin.on("error", () => {}); // the command need not read its input
    ssh.stdin.end(input);
    ssh.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
    ssh.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
    const timer = setTimeout(() => {
      resolve(`not done after ${timeoutMs / 1000} seconds`);
      ssh.kill("SIGKILL");
      // The shared connection holds the other ends until the command ends.
      ssh.stdout.destroy();
      ssh.stderr.destroy();
    }, timeoutMs);
    ssh.once("error", (error) => resolve(`cannot run ssh: ${error.message}`));
    ssh.once("close", (code, signal) => resolve(code ?? `ssh was ended by ${signal}`));
    ssh.once("close", () => clearTimeout(timer));
  });
  const died = outcome !== 0 && (await hasDied(machine, outcome === 255));
  if (typeof outcome === "number" && !died && !(outcome === 255 && SSH_FAILURE.test(output.stderr))) {
    return { code: outcome, ...output };
  }
  const reason = typeof outcome === "number" ? "ssh failed" : outcome;
  const printed = `${output.stdout}${output.stderr}`;
  throw new Error(
    `'${command}' in guest ${machine.name}: ${reason}${printed && `; it printed:\n${printed}`}` +
      (died ? `\nthe guest has ended; ${consoleEnd(machine.name)}` : ""),
  );
}

/** Whether the guest has ended; `lost` says that a connection to it has, and then its process may need a moment. */
async function hasDied(machine: Machine, lost: boolean): Promise<boolean> {
  const isThere = (): boolean => findMachine(machine.name)?.pid === machine.pid;
  for (let i = 0; i < 10 && lost && isThere(); i++) await sleep(50);
  return !isThere();
}
