// BTF of a test kernel and of its modules, as /sys/kernel/btf has it there, taken out of the kernel's image and of the
// modules' files: no guest has to run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { writeWhole } from "./cache.ts";
import { fetchKernel } from "./kernel.ts";
import type { GuestSpec } from "./matrix.ts";

const HEADER_BYTES = 24;
/** A kernel's types have millions of bytes; what is shorter is something else that looks like a header. */
const LEAST_BYTES = 1 << 20;
const MOST_BYTES = 1 << 28;

/** What a compressed image's payload begins with, and the program that unpacks it. */
const PAYLOADS: [number[], string][] = [
  [[0x1f, 0x8b, 0x08], "gzip"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0x02, 0x21, 0x4c, 0x18], "lz4"],
];

/** The BTF of a test kernel. It is kept beside the image. */
export async function kernelBtf(spec: GuestSpec): Promise<Buffer> {
  const { image } = await fetchKernel(spec);
  const file = join(dirname(image), "btf");
  if (existsSync(file)) return readFileSync(file);
  const packed = readFileSync(image);
  const found = findBtf(packed) ?? findInPayloads(packed);
  if (!found) throw new Error(`${image} has no BTF`);
  writeWhole(file, found);
  return found;
}

/** The BTF of the modules that the guest of a kernel loads, by name; it needs llvm-objcopy. */
export async function moduleBtf(spec: GuestSpec): Promise<Map<string, Buffer>> {
  const { modules } = await fetchKernel(spec);
  const found = new Map<string, Buffer>();
  const folder = mkdtempSync(join(tmpdir(), "module-btf-"));
  try {
    for (const [path, data] of readCpio(readFileSync(modules))) {
      if (!path.endsWith(".ko")) continue;
      writeFileSync(join(folder, "module"), data);
      const btf = join(folder, basename(path, ".ko"));
      const dump = (section: string, file: string) =>
        spawnSync("llvm-objcopy", ["--dump-section", `${section}=${file}`, join(folder, "module")]);
      dump(".BTF", btf);
      dump(".BTF.base", `${btf}.base`);
      // Modules of 5.10 have none. With a base of its own, the kernel changes all ids when it loads the module.
      if (existsSync(btf) && !existsSync(`${btf}.base`)) found.set(basename(btf), readFileSync(btf));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}

/** The files of an archive that cpio.ts wrote. */
function readCpio(archive: Buffer): [string, Buffer][] {
  const files: [string, Buffer][] = [];
  // Zeros fill the last block.
  for (let at = 0; archive.toString("latin1", at, at + 6) === "070701"; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameBytes = field(11);
    const begin = at + ((110 + nameBytes + 3) & -4);
    const end = begin + field(6);
    files.push([archive.toString("utf8", at + 110, at + 110 + nameBytes - 1), archive.subarray(begin, end)]);
    at = (end + 3) & -4;
  }
  return files;
}

function findInPayloads(image: Buffer): Buffer | undefined {
  for (const [magic, program] of PAYLOADS) {
    for (let at = image.indexOf(Buffer.from(magic)); at >= 0; at = image.indexOf(Buffer.from(magic), at + 1)) {
      // What follows the payload makes the program fail in the end; its output is whole nonetheless.
      const { stdout } = spawnSync(program, ["-dc"], { input: image.subarray(at), maxBuffer: MOST_BYTES });
      const found = stdout?.length > LEAST_BYTES ? findBtf(stdout) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

/** The first thing in some bytes that is laid out as a kernel's BTF. */
function findBtf(bytes: Buffer): Buffer | undefined {
  const magic = Buffer.from([0x9f, 0xeb, 0x01, 0x00]);
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    if (at + HEADER_BYTES > bytes.length) break;
    const header = bytes.readUInt32LE(at + 4);
    const typeBytes = bytes.readUInt32LE(at + 12);
    const end = header + bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20);
    if (header > 64 || typeBytes < LEAST_BYTES || at + end > bytes.length) continue;
    return bytes.subarray(at, at + end);
  }
  return undefined;
}
