// A real OpenSSH server on a loopback port for the tests, with its own keys, configuration and folder. It runs as the
// user who runs the tests, and does not read or write that user's ssh files.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ConnectOptions } from "../../agent/host/transport.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));

/** Types of host keys. */
export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** Where a test server is and how to reach it. */
export interface Sshd {
  port: number;
  /** The test's folder: keys, known_hosts, configuration. */
  folder: string;
  /** The private key that may log in. */
  key: string;
  /** A private key that may not. */
  strangerKey: string;
  /** A known_hosts file with this server's keys. */
  knownHosts: string;
  /** The types of its host keys. */
  types: KeyType[];
  /** Public half of a host key: "ssh-ed25519 AAAA…". */
  hostKey(type: KeyType): string;
  /** What the server logged. */
  log(): string;
  /** Options that connect; a test changes what it is about. */
  options(changes?: Partial<ConnectOptions>): ConnectOptions;
  /** Ends the server and every connection of it. */
  stop(): void;
}

/** Makes a key pair; returns the private file's path. */
export function makeKey(file: string, type = "ed25519", passphrase = ""): string {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", file]);
  return file;
}

/** A port on loopback on which nothing listens. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** What another server than the usual one has. */
interface Unusual {
  types?: KeyType[];
  /** Works on the folder before the server starts. */
  prepare?: (folder: string) => void;
}

/** Starts a server; `lines` are added to its configuration, with `{folder}` in them replaced by the folder. */
export async function startSshd(lines: string[] = [], unusual: Unusual = {}): Promise<Sshd> {
  const types = unusual.types ?? ["ed25519", "ecdsa"];
  if (!SSHD) throw new Error("these tests need OpenSSH's server: apt-get install openssh-server");
  const folder = mkdtempSync(join(tmpdir(), "sshd-test-"));
  const port = await freePort();
  const key = makeKey(join(folder, "id"));
  const strangerKey = makeKey(join(folder, "stranger"));
  for (const type of types) makeKey(join(folder, `host_${type}`), type);
  writeFileSync(join(folder, "authorized_keys"), readFileSync(`${key}.pub`));
  writeFileSync(join(folder, "empty_config"), "");
  const added = lines.map((line) => line.replaceAll("{folder}", folder));
  writeFileSync(join(folder, "sshd_config"), [...configuration(folder, port, types), ...added, ""].join("\n"));
  const hostKey = (type: string) =>
    readFileSync(join(folder, `host_${type}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  const knownHosts = join(folder, "known_hosts");
  const known = types.map((type) => `[127.0.0.1]:${port} ${hostKey(type)}\n`);
  writeFileSync(knownHosts, known.join(""));
  unusual.prepare?.(folder);
  const child = await launch(folder, port);
  return {
    port,
    types,
    folder,
    key,
    strangerKey,
    knownHosts,
    hostKey,
    log: () => readFileSync(join(folder, "log"), "utf8"),
    options: (changes = {}) => ({
      host: `${userInfo().username}@127.0.0.1:${port}`,
      identity: [key],
      knownHosts: [knownHosts],
      configFile: join(folder, "empty_config"),
      askPassword: async () => null,
      ...changes,
    }),
    stop: () => {
      stopTree(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, types: KeyType[]): string[] {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    ...types.map((type) => `HostKey ${folder}/host_${type}`),
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${folder}/pid`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "LogLevel VERBOSE",
  ];
}

async function launch(folder: string, port: number): Promise<ChildProcess> {
  // sshd of Debian insists on this folder where it runs as root.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const args = ["-D", "-f", join(folder, "sshd_config"), "-E", join(folder, "log")];
  const child = spawn(SSHD!, args, { stdio: "ignore", detached: true });
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${readFileSync(join(folder, "log"), "utf8")}`);
    if (await answers(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("sshd does not answer");
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** The processes that serve connections leave the server's group but stay its children: found by their parent. */
function stopTree(child: ChildProcess) {
  const connections = child.pid === undefined ? [] : connectionPids(child.pid);
  child.kill("SIGKILL");
  for (const pid of connections) killIfThere(pid);
}

/** Its connection may have ended it between the listing and the signal. */
function killIfThere(pid: number) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function connectionPids(parent: number): number[] {
  try {
    return readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
