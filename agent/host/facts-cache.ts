// A cache on the host of what a kernel has, by the kernel's build id, so that compiling the same script again needs no
// question to the remote. The cache keeps only names that exist, because a missing name may appear when a module is
// loaded.
//
// A cached name may be wrong after its module was unloaded. When attaching fails, `forget` deletes the file.
//
// Invariant: a cache that cannot be read or written counts as empty; it is never an error.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** 2: "functions" has no functions of modules. */
const FORMAT = 2;
/** More names than this are not worth keeping. */
const MAX_NAMES = 20_000;

/** Names that exist on one kernel, by kind ("functions", "tracepoints", …). */
export class FactsCache {
  private readonly file: string | null;
  private readonly names: Map<string, Set<string>>;
  private changed = false;

  /** The cache of one kernel; without a build id it holds nothing. */
  constructor(buildId: string, folder: string = cacheFolder()) {
    this.file = /^[0-9a-f]{8,}$/.test(buildId) ? join(folder, `${buildId}.json`) : null;
    this.names = this.read();
  }

  has(kind: string, name: string): boolean {
    return this.names.get(kind)?.has(name) ?? false;
  }

  add(kind: string, names: string[]): void {
    const known = this.names.get(kind) ?? new Set();
    this.names.set(kind, known);
    for (const name of names) {
      if (known.has(name) || known.size >= MAX_NAMES) continue;
      known.add(name);
      this.changed = true;
    }
  }

  /** Writes what was added, all or nothing. */
  save(): void {
    if (!this.file || !this.changed) return;
    const kinds = Object.fromEntries([...this.names].map(([kind, names]) => [kind, [...names]]));
    try {
      mkdirSync(join(this.file, ".."), { recursive: true });
      const temporary = `${this.file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify({ format: FORMAT, kinds }));
      renameSync(temporary, this.file);
      this.changed = false;
    } catch {
      // The next run asks the remote again.
    }
  }

  /** Drops everything, on disk too. */
  forget(): void {
    this.names.clear();
    if (this.file) rmSync(this.file, { force: true });
  }

  private read(): Map<string, Set<string>> {
    try {
      const { format, kinds } = JSON.parse(readFileSync(this.file as string, "utf8"));
      if (format !== FORMAT) return new Map();
      return new Map(Object.entries(kinds as Record<string, string[]>).map(([kind, names]) => [kind, new Set(names)]));
    } catch {
      return new Map();
    }
  }
}

/** Where caches go on this system. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const base = XDG_CACHE_HOME || (process.platform === "win32" && LOCALAPPDATA) || join(homedir(), ".cache");
  return join(base, "stap-remote", "facts");
}
