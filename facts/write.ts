// Writes the file of facts (file.ts). The same facts give the same bytes.

import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { FACTS_FILE, type Head } from "./file.ts";
import type { KernelFacts } from "./kernel.ts";

/** The bytes of a file. */
export function encodeFacts({ blobs, ...facts }: KernelFacts): Uint8Array {
  const { magic, version, headAt } = FACTS_FILE;
  const rows = blobs.map(({ name, stream }) => ({
    name,
    bytes: stream.length,
    sha256: createHash("sha256").update(stream).digest("hex"),
  }));
  const head = deflateSync(Buffer.from(JSON.stringify({ ...facts, blobs: rows } satisfies Head)), { level: 9 });
  const start = Buffer.alloc(headAt);
  start.write(magic, "latin1");
  start.writeUInt32LE(version, 8);
  start.writeUInt32LE(head.length, 12);
  return Buffer.concat([start, head, ...blobs.map(({ stream }) => stream)]);
}
