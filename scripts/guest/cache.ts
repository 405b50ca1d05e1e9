// The folder that caches everything about guests:
//
//   ${XDG_CACHE_HOME:-~/.cache}/stap-remote/guests/
//     apt/SUITE-ARCH/     apt's own state for one suite
//     debs/               downloaded packages
//     kernels/            kernel image and modules for each guest
//     keys/               SSH keys of guests and of the harness
//     userland/           the files of a guest, one archive for each CPU
//     run/NAME/           a running guest: state, console, known_hosts
//
// A file or directory is made under a temporary name and renamed when it is complete, so a crash leaves nothing half
// written. The process that makes one holds a lock, which the operating system releases if the process dies.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** The cache's folder, or a path in it. */
export function cachePath(...parts: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "stap-remote", "guests", ...parts);
}

/** Writes a file so that a reader sees all of it or nothing. */
export function writeWhole(path: string, data: Buffer | string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${process.pid}`;
  writeFileSync(temporary, data, { mode });
  renameSync(temporary, path);
}

/** Makes the directory `path` with `fill`, once: an existing one is taken as complete. */
export async function makeOnce(path: string, fill: (directory: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  await withLock(path, async () => {
    if (existsSync(path)) return;
    removeAbandoned(path);
    const temporary = mkdtempSync(`${path}.tmp-`);
    try {
      await fill(temporary);
      renameSync(temporary, path);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

/** Removes the files of interrupted attempts to make `path`; the caller holds its lock. */
function removeAbandoned(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(`${basename(path)}.tmp-`)) rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
}

/** Runs `body` while this process, alone on the machine, holds the lock that belongs to `path`. */
export async function withLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  // The lock lives as long as a child that waits for the end of its standard input, and so never longer than we do.
  const holder = spawn("flock", [`${path}.lock`, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => holder.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("error", (error) => reject(new Error(`cannot run 'flock' (package util-linux): ${error.message}`)));
    holder.once("exit", (code) => reject(new Error(`cannot lock ${path}.lock: flock ended with status ${code}`)));
  });
  try {
    return await body();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** Runs a program of this machine and returns what it printed; a failure is an error with the program's own words. */
export async function exec(program: string, args: string[], cwd?: string): Promise<string> {
  try {
    const result = await promisify(execFile)(program, args, { cwd, maxBuffer: 1 << 28 });
    return result.stdout;
  } catch (error) {
    throw new Error(`'${describe(program, args)}' failed: ${reasonOf(program, error)}`);
  }
}

/** As `exec`, for output that is not text. */
export async function execBytes(program: string, args: string[]): Promise<Buffer> {
  try {
    const result = await promisify(execFile)(program, args, { encoding: "buffer", maxBuffer: 1 << 28 });
    return result.stdout;
  } catch (error) {
    throw new Error(`'${describe(program, args)}' failed: ${reasonOf(program, error)}`);
  }
}

/** The command without its settings: apt takes a dozen, and none of them is ever the reason. */
function describe(program: string, args: string[]): string {
  return [program, ...args].join(" ").replace(/ -o \S+/g, "");
}

function reasonOf(program: string, error: unknown): string {
  const failure = error as NodeJS.ErrnoException & { stderr?: string | Buffer };
  if (failure.code === "ENOENT") return `'${program}' is not installed; run scripts/setup.sh test`;
  return String(failure.stderr ?? "").trim() || failure.message;
}
