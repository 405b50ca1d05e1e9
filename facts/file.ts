// The file of facts, `box.facts`:
//
//   "STPFACTS" | u32 version | u32 bytes of the head | head: zlib of JSON | blobs, each a zlib stream
//
// All integers little-endian. Written by write.ts. The reader trusts nothing: every length is checked, and every text.
// It runs in Node, Deno and browsers.

import { MAX_BLOB_BYTES, MAX_NAME_BYTES, MAX_NAMES } from "../common/format/frame.ts";
import type { KernelFacts, PackedBlob } from "./kernel.ts";
import { digestOf, inflate } from "./zlib.ts";

/** What a file begins with, the version of the format, and where the head begins. */
export const FACTS_FILE = { magic: "STPFACTS", version: 1, headAt: 16 } as const;

/** A kernel has 200,000 functions, modules included, at most 100 bytes each. */
const MAX_HEAD_BYTES = 64 << 20;

/** Why bytes are no facts. */
export class FactsError extends Error {}

/** What the head says, besides what KernelFacts has. */
export interface Head extends Omit<KernelFacts, "blobs"> {
  blobs: { name: string; bytes: number; sha256: string }[];
}

/** The facts in a file's bytes; throws a FactsError that says what is wrong. */
export async function decodeFacts(bytes: Uint8Array): Promise<KernelFacts> {
  const { magic, version: known, headAt } = FACTS_FILE;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < headAt || !magic.split("").every((letter, i) => bytes[i] === letter.charCodeAt(0)))
    throw new FactsError("it is no file of facts");
  const version = view.getUint32(8, true);
  if (version !== known) throw new FactsError(`its version is ${version}, and this program reads version ${known}`);
  const end = headAt + view.getUint32(12, true);
  if (end > bytes.length) throw new FactsError("it is cut off");
  const head = checkHead(await parse(bytes.subarray(headAt, end)));
  const blobs: PackedBlob[] = [];
  let at = end;
  for (const { name, bytes: length, sha256 } of head.blobs) {
    if (length > bytes.length - at) throw new FactsError("it is cut off");
    const stream = bytes.subarray(at, at + length);
    if ((await digestOf(stream)) !== sha256) throw new FactsError(`'${name}' in it is damaged`);
    blobs.push({ name, stream });
    at += length;
  }
  if (at !== bytes.length) throw new FactsError("something follows its end");
  return { ...head, blobs };
}

async function parse(head: Uint8Array): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await inflate(head, MAX_HEAD_BYTES)));
  } catch {
    throw new FactsError("its head is damaged");
  }
}

type Unknown = Record<string, unknown>;

function checkHead(value: unknown): Head {
  const head = asObject(value, "head");
  const hello = asObject(head.hello, "hello");
  const blobs = asArray(head.blobs, "blobs").map((one) => {
    const row = asObject(one, "blobs");
    return {
      name: asText(row.name, "blobs"),
      bytes: asNumber(row.bytes, "blobs", MAX_BLOB_BYTES),
      sha256: asText(row.sha256, "blobs"),
    };
  });
  const names = (field: keyof Omit<KernelFacts, "hello" | "blobs">) =>
    asArray(head[field], field).map((one) => asText(one, field));
  return {
    hello: {
      version: asNumber(hello.version, "hello"),
      machine: asNumber(hello.machine, "hello"),
      cpus: asNumber(hello.cpus, "hello"),
      pageSize: asNumber(hello.pageSize, "hello"),
      uid: 0,
      pid: 0,
      hz: asNumber(hello.hz, "hello"),
      release: asText(hello.release, "hello"),
      kernelVersion: asText(hello.kernelVersion, "hello"),
      buildId: asText(hello.buildId, "hello"),
    },
    features: names("features"),
    functions: names("functions"),
    modules: names("modules"),
    moduleFunctions: names("moduleFunctions"),
    moduleBuilds: names("moduleBuilds"),
    tracepoints: names("tracepoints"),
    config: names("config"),
    blobs,
  };
}

function asObject(value: unknown, field: string): Unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw damaged(field);
  return value as Unknown;
}

function asArray(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value) || value.length > MAX_NAMES) throw damaged(field);
  return value;
}

/** A text of one line without control characters: texts reach terminals, and the compiler's lists of lines. */
function asText(value: unknown, field: string): string {
  if (typeof value !== "string" || value.length > MAX_NAME_BYTES || hasControls(value)) throw damaged(field);
  return value;
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

function asNumber(value: unknown, field: string, most = 0xffffffff): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > most) throw damaged(field);
  return value as number;
}

function damaged(field: string): FactsError {
  return new FactsError(`its head is damaged ('${field}')`);
}
