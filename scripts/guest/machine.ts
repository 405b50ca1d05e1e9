// Boots a guest under QEMU, knows which guests are running, and stops them.
//
// A guest is one QEMU process and one folder, cachePath("run", NAME), which contains console.log (everything it
// printed), console.sock (its serial line), state.json (written once it is ready), known_hosts and ssh_config. Its root
// file system is an initramfs, so nothing survives it. It reaches only this machine's loopback, through one forwarded
// port.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cachePath, withLock, writeWhole } from "./cache.ts";
import { fetchKernel } from "./kernel.ts";
import { type GuestArch, type GuestSpec, getGuestSpec } from "./matrix.ts";
import { fetchKeys, fetchUserland, type Keys, writeOwnFiles } from "./userland.ts";

/** How long a guest may take to be ready on a busy machine, in milliseconds. */
const BOOT_TIMEOUT_MS: Record<GuestArch, number> = { x86_64: 90_000, arm64: 240_000 };
// The end of the line must be there: the console is read while the guest writes to it.
const READY = /^guest ready: (\S+)\r?\n/m;
const PORT_ATTEMPTS = 3;

/** A running guest. */
export interface Machine {
  name: string;
  arch: GuestArch;
  /** As `uname -r` prints it; "" while the guest boots. */
  release: string;
  /** Port on 127.0.0.1 that is forwarded to the guest's SSH server. */
  port: number;
  /** Process id of QEMU. */
  pid: number;
  /** When that process started, in the kernel's ticks: tells it from a later process of the same id. */
  started: string;
  /** Path of the harness's private SSH key. */
  identity: string;
  knownHosts: string;
  /** An ssh_config file in which the guest is called `guest`. */
  sshConfig: string;
}

/** Whether a guest ends with the process that boots it (tests) or stays until it is told to stop (`scripts/vm up`). */
export type Lifetime = "with-us" | "until-down";

/** The folder of a running guest. */
export function runFolder(name: string): string {
  return cachePath("run", name);
}

/** What a guest has printed on its console so far. */
export function readConsole(name: string): string {
  const path = join(runFolder(name), "console.log");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** The running guest of that name, if there is one and it is ready. */
export function findMachine(name: string): Machine | null {
  const machine = findProcess(name);
  return machine && machine.release !== "" ? machine : null;
}

/** As `findMachine`, but also one that still boots, or whose boot was interrupted. */
function findProcess(name: string): Machine | null {
  const path = join(runFolder(name), "state.json");
  if (!existsSync(path)) return null;
  const machine = JSON.parse(readFileSync(path, "utf8")) as Machine;
  return startOf(machine.pid) === machine.started ? machine : null;
}

/** The last lines of a guest's console, introduced: the end of a message about a guest that failed. */
export function consoleEnd(name: string): string {
  return `its console ends:\n${readConsole(name).trimEnd().split("\n").slice(-80).join("\n")}`;
}

/** Returns the running guest of that name, or boots it; `booted` says which. */
export async function startMachine(name: string, lifetime: Lifetime): Promise<{ machine: Machine; booted: boolean }> {
  const spec = getGuestSpec(name);
  const [kernel, userland, keys] = [await fetchKernel(spec), await fetchUserland(spec.arch), await fetchKeys()];
  return withLock(runFolder(name), async () => {
    const running = findMachine(name);
    if (running) return { machine: running, booted: false };
    await stopMachine(name);
    rmSync(runFolder(name), { recursive: true, force: true });
    mkdirSync(runFolder(name), { recursive: true, mode: 0o700 });
    const parts = [readFileSync(userland), readFileSync(kernel.modules), writeOwnFiles(name, keys)];
    writeFileSync(join(runFolder(name), "initrd"), Buffer.concat(parts));
    for (let attempt = 1; ; attempt++) {
      const machine = await boot(spec, { image: kernel.image, keys, lifetime });
      if (machine) return { machine, booted: true };
      if (attempt === PORT_ATTEMPTS) throw new Error(`guest ${name}: found no free port in ${PORT_ATTEMPTS} attempts`);
    }
  });
}

/** Stops a guest; false where none was running. */
export async function stopMachine(name: string): Promise<boolean> {
  const machine = findProcess(name);
  if (!machine) return false;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (startOf(machine.pid) === machine.started) process.kill(machine.pid, signal);
    for (let i = 0; i < 100 && startOf(machine.pid) === machine.started; i++) await sleep(50);
  }
  rmSync(join(runFolder(name), "state.json"), { force: true });
  return true;
}

interface BootRequest {
  image: string;
  keys: Keys;
  lifetime: Lifetime;
}

/** Boots once; null if QEMU could not get the port because another process has just taken it. */
async function boot(spec: GuestSpec, request: BootRequest): Promise<Machine | null> {
  const port = await findFreePort();
  const qemu = spawnQemu(spec, request, port);
  let failure = "";
  qemu.once("error", (error) => (failure = `cannot run QEMU, run scripts/setup.sh test: ${error.message}`));
  qemu.once("exit", (code, signal) => (failure ||= `QEMU ended with ${signal ?? `status ${code}`}`));
  qemu.unref();
  const machine = describe(spec, { port, pid: qemu.pid ?? 0 }, request.keys);
  writeState(machine, request.keys);

  const deadline = Date.now() + BOOT_TIMEOUT_MS[spec.arch];
  while (!failure) {
    await sleep(100);
    const ready = readConsole(spec.name).match(READY);
    if (ready) {
      qemu.removeAllListeners();
      machine.release = ready[1];
      writeState(machine, request.keys);
      return machine;
    }
    if (Date.now() > deadline) failure = `not ready after ${BOOT_TIMEOUT_MS[spec.arch] / 1000} seconds`;
  }
  qemu.kill("SIGKILL");
  const complaints = readFileSync(join(runFolder(spec.name), "qemu.log"), "utf8").trim();
  if (/could not set up host forwarding/i.test(complaints)) return null;
  throw new Error(`guest ${spec.name} did not boot: ${failure}\n${complaints}\n${consoleEnd(spec.name)}`);
}

function describe(spec: GuestSpec, found: { port: number; pid: number }, keys: Keys): Machine {
  return {
    name: spec.name,
    arch: spec.arch,
    release: "",
    port: found.port,
    pid: found.pid,
    started: startOf(found.pid) ?? "",
    identity: keys.client,
    knownHosts: join(runFolder(spec.name), "known_hosts"),
    sshConfig: join(runFolder(spec.name), "ssh_config"),
  };
}

function writeState(machine: Machine, keys: Keys): void {
  const hostKey = readFileSync(`${keys.host}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  writeWhole(machine.knownHosts, `[127.0.0.1]:${machine.port} ${hostKey}\n`);
  const options = [
    "Host guest",
    "HostName 127.0.0.1",
    `Port ${machine.port}`,
    "User root",
    `IdentityFile "${machine.identity}"`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile "${machine.knownHosts}"`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
    // The newer key exchanges take a guest without hardware support a second each.
    "KexAlgorithms curve25519-sha256",
  ];
  writeWhole(machine.sshConfig, `${options.join("\n  ")}\n`);
  writeWhole(join(runFolder(machine.name), "state.json"), `${JSON.stringify(machine, null, 2)}\n`);
}

function spawnQemu(spec: GuestSpec, request: BootRequest, port: number): ChildProcess {
  const { program, cpu, emulation, console } = HARDWARE[spec.arch];
  const kernelArgs = [
    `console=${console} quiet panic=-1 cryptomgr.notests tsc=reliable`,
    `guest.time=${Math.floor(Date.now() / 1000)}`,
  ];
  const args = [
    ...[program, ...cpu, "-accel", ACCELERATOR || emulation, "-m", "1024", "-smp", CPUS],
    ...["-nodefaults", "-display", "none", "-no-reboot"],
    ...["-kernel", request.image, "-initrd", "initrd", "-append", kernelArgs.join(" ")],
    ...["-chardev", "socket,id=console,path=console.sock,server=on,wait=off,logfile=console.log"],
    ...["-serial", "chardev:console"],
    ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"],
  ];
  // A guest of a test must not outlive it, not even one that is killed: the kernel ends it then.
  const command = request.lifetime === "with-us" ? ["setpriv", "--pdeathsig", "KILL", ...args] : args;
  const log = openSync(join(runFolder(spec.name), "qemu.log"), "w");
  const qemu = spawn(command[0], command.slice(1), {
    cwd: runFolder(spec.name), // keeps the socket's path short: it may have 107 bytes
    stdio: ["ignore", log, log],
    detached: true, // an interrupt typed at us is not for the guest
  });
  closeSync(log);
  return qemu;
}

/**
 * Two findings about QEMU 7.2's emulation of x86: without "-cx16" a 6.12 kernel on two CPUs crashes in most boots; and
 * with a thread for each CPU, every kernel crashes when it puts a probe on a function that the other CPU runs into at
 * that moment (seen with the kernel's own kprobe_events, too), so both CPUs take turns on one thread.
 */
const HARDWARE: Record<GuestArch, { program: string; cpu: string[]; emulation: string; console: string }> = {
  x86_64: {
    program: "qemu-system-x86_64",
    cpu: ["-machine", "q35", "-cpu", "max,la57=off,-cx16"],
    emulation: "tcg,thread=single",
    console: "ttyS0",
  },
  arm64: {
    program: "qemu-system-aarch64",
    cpu: ["-machine", "virt", "-cpu", "max,pauth-impdef=on"],
    emulation: "tcg,thread=multi",
    console: "ttyAMA0",
  },
};

/**
 * Software emulation, the same on every machine. STAP_REMOTE_GUEST_ACCEL=kvm asks for the hardware's help, which cannot
 * be the default: inside another virtual machine /dev/kvm may be there and still fail on some instructions.
 */
const ACCELERATOR = process.env.STAP_REMOTE_GUEST_ACCEL;

/** The tests count on two CPUs; the sweep of stress asks for more. */
const CPUS = process.env.STAP_REMOTE_GUEST_CPUS ?? "2";

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** When a process started, or null where it has ended. */
function startOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? null : fields[19];
  } catch {
    return null;
  }
}
