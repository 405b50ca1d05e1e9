// `scripts/vm`: gives contributors a stock Debian kernel with an SSH server; see `scripts/vm help`.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { fetchKernel, forgetKernel } from "./kernel.ts";
import { findMachine, type Machine, readConsole, runFolder, startMachine, stopMachine } from "./machine.ts";
import { GUESTS, getGuestSpec } from "./matrix.ts";

const HELP = `usage: scripts/vm COMMAND

  up NAME…               boot guests (those already running are left alone) and say how to reach them
  down [NAME…]           stop guests; all of them without a name
  list                   all guests, and which are running
  ssh [USER@]NAME [CMD]  a shell in a guest, or one command; as root, or as tester, nosudo or asker
  scp FROM… TO           copy files; a path in a guest is [USER@]NAME:PATH
  console NAME           the guest's serial line, a root shell (leave with Ctrl-])
  log NAME               what the guest has printed on its console
  ssh-config NAME        an ssh_config entry, as in: scripts/vm ssh-config 6.12 >> ~/.ssh/config
  env NAME               how to reach it, as shell variables: eval "$(scripts/vm env 6.12)"
  update [NAME…]         fetch the newest kernel that Debian has for these guests

names: ${GUESTS.map((guest) => guest.name).join(" ")}
environment: STAP_REMOTE_DEBIAN_MIRROR (where packages come from), STAP_REMOTE_GUEST_ACCEL (kvm or tcg)`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  up,
  down,
  list,
  ssh,
  scp,
  console: attachConsole,
  log,
  "ssh-config": sshConfig,
  env: environment,
  update,
  help,
};

async function help(): Promise<number> {
  console.log(HELP);
  return 0;
}

async function up(names: string[]): Promise<number> {
  if (names.length === 0) throw new Error("'up' takes the names of guests; see scripts/vm list");
  for (const name of names) {
    const before = Date.now();
    const { machine, booted } = await startMachine(name, "until-down");
    const how = booted ? `booted in ${((Date.now() - before) / 1000).toFixed(1)} s` : "was running";
    console.log(`${name}: Linux ${machine.release}, port ${machine.port}, ${how}; scripts/vm ssh ${name}`);
  }
  return 0;
}

async function down(names: string[]): Promise<number> {
  for (const name of names.length > 0 ? names : GUESTS.map((guest) => guest.name)) {
    getGuestSpec(name);
    if (await stopMachine(name)) console.log(`${name}: stopped`);
    else if (names.length > 0) console.log(`${name}: was not running`);
  }
  return 0;
}

async function list(): Promise<number> {
  for (const { name, suite, arch } of GUESTS) {
    const machine = findMachine(name);
    const state = machine ? `Linux ${machine.release}, port ${machine.port}, QEMU ${machine.pid}` : "not running";
    console.log(`${name.padEnd(6)} ${arch.padEnd(6)} ${suite.padEnd(9)} ${state}`);
  }
  return 0;
}

async function ssh([destination = "", ...command]: string[]): Promise<number> {
  const { machine, user } = getRunning(destination);
  return runForeground("ssh", ["-F", machine.sshConfig, `${user}@guest`, ...command]);
}

async function scp(paths: string[]): Promise<number> {
  let machine: Machine | null = null;
  const args = paths.map((path) => {
    const [, destination, rest] = path.match(/^([^/:]+):(.*)$/) ?? [];
    if (destination === undefined) return path;
    const found = getRunning(destination);
    if (machine && machine.name !== found.machine.name) throw new Error("'scp' copies from or to one guest at a time");
    machine = found.machine;
    return `${found.user}@guest:${rest}`;
  });
  if (!machine) throw new Error("'scp' needs a path in a guest, such as 6.12:/tmp/file");
  return runForeground("scp", ["-F", (machine as Machine).sshConfig, ...args]);
}

async function log([name = ""]: string[]): Promise<number> {
  getGuestSpec(name);
  process.stdout.write(readConsole(name));
  return 0;
}

async function sshConfig([destination = ""]: string[]): Promise<number> {
  const { machine } = getRunning(destination);
  process.stdout.write(readFileSync(machine.sshConfig, "utf8").replace("Host guest", `Host guest-${machine.name}`));
  return 0;
}

async function environment([name = ""]: string[]): Promise<number> {
  const { machine } = getRunning(name);
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  console.log("GUEST_HOST=127.0.0.1");
  console.log(`GUEST_PORT=${machine.port}`);
  console.log(`GUEST_IDENTITY=${quote(machine.identity)}`);
  console.log(`GUEST_KNOWN_HOSTS=${quote(machine.knownHosts)}`);
  return 0;
}

async function update(names: string[]): Promise<number> {
  for (const name of names.length > 0 ? names : GUESTS.map((guest) => guest.name)) {
    const spec = getGuestSpec(name);
    forgetKernel(spec);
    console.log(`${name}: Linux ${(await fetchKernel(spec)).release}`);
  }
  return 0;
}

/** Joins our terminal and the guest's serial line until Ctrl-] or until the guest ends. */
async function attachConsole([name = ""]: string[]): Promise<number> {
  const { machine } = getRunning(name);
  process.chdir(runFolder(machine.name));
  const line = connect("console.sock");
  const { stdin, stdout } = process;
  if (stdin.isTTY) stdin.setRawMode(true);
  stdout.write(`[console of ${name}; Ctrl-] leaves]\r\n`);
  line.on("connect", () => {
    line.write("\n");
    stdin.on("data", (data) => (data.includes(0x1d) ? line.end() : line.write(data)));
    // Commands may be piped in; their answers take a moment.
    stdin.on("end", () => setTimeout(() => line.end(), 2000));
  });
  line.on("data", (data) => stdout.write(data));
  await new Promise<void>((resolve, reject) => line.once("close", () => resolve()).once("error", reject));
  if (stdin.isTTY) stdin.setRawMode(false);
  stdin.destroy();
  return 0;
}

/** The running guest that `[USER@]NAME` means. */
function getRunning(destination: string): { machine: Machine; user: string } {
  const at = destination.lastIndexOf("@");
  const name = getGuestSpec(destination.slice(at + 1)).name;
  const machine = findMachine(name);
  if (!machine) throw new Error(`guest ${name} is not running; start it with: scripts/vm up ${name}`);
  return { machine, user: at < 0 ? "root" : destination.slice(0, at) };
}

function runForeground(program: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    child.once("error", (error) => reject(new Error(`cannot run '${program}': ${error.message}`)));
    child.once("exit", (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}

const [name = "help", ...args] = process.argv.slice(2);
const command = COMMANDS[name.replace(/^-*h(elp)?$/, "help")];
if (!command) {
  console.error(`scripts/vm: there is no command '${name}'\n\n${HELP}`);
  process.exitCode = 2;
} else {
  process.exitCode = await command(args).catch((error: Error) => {
    console.error(`scripts/vm: ${error.message}`);
    return 1;
  });
}
