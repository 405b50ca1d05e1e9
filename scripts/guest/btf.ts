// A test kernel's BTF, as /sys/kernel/btf/vmlinux has it there, taken out of the kernel's image: no guest has to run.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
