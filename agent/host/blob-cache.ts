// A cache on the host of kernels' types, compressed as they came: one file for each build of a kernel or module, in the
// folder of the facts (facts-cache.ts).
//
// Damaged types would make scripts read wrong memory. So a file is believed when it unpacks, with its check sum, to
// what looks like types; else it counts as missing, and is fetched and written again.
//
// Invariant: a cache that cannot be read or written counts as empty; it is never an error.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { BTF_MAGIC, BtfHeader } from "../../common/format/btf.ts";
import { MAX_BLOB_BYTES } from "../../common/format/frame.ts";
import type { Hello } from "./events.ts";
import { cacheFolder } from "./facts-cache.ts";

const ENDING = ".btf.z";
/** Files that are kept: those that were used last. A kernel's has 2 MB. */
const MAX_FILES = 64;

/** Files by key; see the head of this file. */
export class BlobCache {
  constructor(private readonly folder: string = cacheFolder()) {}

  /** The unpacked types of a key, if they are here and whole. */
  read(key: string): Uint8Array | undefined {
    try {
      const file = this.fileOf(key);
      const types = unpackTypes(readFileSync(file));
      if (types) utimesSync(file, new Date(), new Date());
      else rmSync(file, { force: true });
      return types;
    } catch {
      return undefined;
    }
  }

  /** Writes a file, all or nothing, and drops those that were not used for longest. */
  write(key: string, stream: Uint8Array): void {
    try {
      mkdirSync(this.folder, { recursive: true });
      const temporary = `${this.fileOf(key)}.${process.pid}`;
      writeFileSync(temporary, stream);
      renameSync(temporary, this.fileOf(key));
      this.dropOldest();
    } catch {
      // The next run fetches them again.
    }
  }

  private dropOldest(): void {
    const files = readdirSync(this.folder).filter((name) => name.endsWith(ENDING));
    const used = files.map((name) => ({ name, at: statSync(join(this.folder, name)).mtimeMs }));
    used.sort((a, b) => b.at - a.at);
    for (const { name } of used.slice(MAX_FILES)) rmSync(join(this.folder, name), { force: true });
  }

  /** Keys are made below, of nothing that could be a path. */
  private fileOf(key: string): string {
    return join(this.folder, key + ENDING);
  }
}

/** What names a build of a kernel in the cache: its build id, or else a hash of what it says of itself. */
export function kernelKey({ buildId, release, kernelVersion, machine }: Hello): string {
  if (isBuildId(buildId)) return buildId;
  const words = [release, kernelVersion, String(machine)].join("\n");
  return `unnamed-${createHash("sha256").update(words).digest("hex").slice(0, 40)}`;
}

/**
 * The same of a module, whose types build on the kernel's; undefined without a build id, and if the name could be a
 * path.
 */
export function moduleKey(hello: Hello, module: string, buildId: string): string | undefined {
  if (!isBuildId(buildId) || !/^[\w-]{1,56}$/.test(module)) return undefined;
  return `${kernelKey(hello)}.${module}.${buildId}`;
}

/** Whether a text is a build id as the agent writes it, and no path. */
function isBuildId(text: string): boolean {
  return /^[0-9a-f]{16,128}$/.test(text);
}

/** Unpacks a zlib stream of types; undefined if it is damaged, too long, or no types. */
export function unpackTypes(stream: Uint8Array): Uint8Array | undefined {
  try {
    const types = inflateSync(stream, { maxOutputLength: MAX_BLOB_BYTES });
    return isBtf(types) ? types : undefined;
  } catch {
    return undefined;
  }
}

/** Unpacks a zlib stream of at most so many bytes; undefined if it is damaged or longer. */
export function unpackRange(stream: Uint8Array, most: number): Uint8Array | undefined {
  try {
    return inflateSync(stream, { maxOutputLength: Math.max(most, 1) });
  } catch {
    return undefined;
  }
}

/** Whether bytes have the header of BTF, and its two sections lie inside them. */
function isBtf(bytes: Uint8Array): boolean {
  if (bytes.length < BtfHeader.Size) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint16(BtfHeader.Magic, true) !== BTF_MAGIC) return false;
  const start = view.getUint32(BtfHeader.HeaderBytes, true);
  const end = (offset: number, length: number) => start + view.getUint32(offset, true) + view.getUint32(length, true);
  const types = end(BtfHeader.TypeOffset, BtfHeader.TypeBytes);
  return types <= bytes.length && end(BtfHeader.StringOffset, BtfHeader.StringBytes) <= bytes.length;
}
