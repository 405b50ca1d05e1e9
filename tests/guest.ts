// Real kernels for tests: guests booted by scripts/guest, stock Debian kernels with an SSH server and nothing else.
//
//   const guest = await bootGuest("6.12");
//   const { stdout } = await guest.run("uname -r");
//
// A guest that runs already (`scripts/vm up`, or another test process) is used as it is and left running. One that this
// process boots ends with it, however that comes. A kernel that does not boot is an error, never a reason to skip.

import { spawn } from "node:child_process";
import { type Machine, readConsole, startMachine, stopMachine } from "../scripts/guest/machine.ts";
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
  /** `root` (the default), `tester` (sudo without a password), `nosudo`, or `asker` (sudo with the password "guest"). */
  user?: string;
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
const booting = new Map<string, Promise<Guest>>();
const bootedByUs = new Set<string>();

/** Returns the guest of that name, booting it where it does not run. */
export function bootGuest(name: string): Promise<Guest> {
  let guest = booting.get(name);
  if (!guest) {
    guest = startMachine(name, "with-us").then(({ machine, booted }) => {
      if (booted) bootedByUs.add(name);
      return guestOf(machine);
    });
    booting.set(name, guest);
  }
  return guest;
}

/** Stops the guests that this process booted. */
export async function shutdownGuests(): Promise<void> {
  await Promise.allSettled(booting.values());
  booting.clear();
  for (const name of bootedByUs) await stopMachine(name);
  bootedByUs.clear();
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

function runInGuest(machine: Machine, command: string, options: RunOptions): Promise<GuestResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, user = "root" } = options;
  return new Promise((resolve, reject) => {
    const ssh = spawn("ssh", ["-F", machine.sshConfig, "-o", "BatchMode=yes", `${user}@guest`, command], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    ssh.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
    ssh.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
    const fail = (reason: string): void => {
      ssh.kill("SIGKILL");
      const printed = `${output.stdout}${output.stderr}`;
      reject(new Error(`'${command}' in guest ${machine.name}: ${reason}${printed && `; it printed:\n${printed}`}`));
    };
    const timer = setTimeout(() => fail(`not done after ${timeoutMs / 1000} seconds`), timeoutMs);
    ssh.once("error", (error) => fail(`cannot run ssh: ${error.message}`));
    ssh.once("close", (code) => {
      clearTimeout(timer);
      // ssh itself ends with 255 where it fails; so may the command, but then it says nothing of ssh's.
      if (code === 255 && /^(ssh:|kex_|Connection |.*Permission denied \()/m.test(output.stderr)) fail("ssh failed");
      else resolve({ code: code ?? 1, ...output });
    });
  });
}
