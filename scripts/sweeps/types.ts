// Damaged and random kernel types (BTF) through their reader: every question about every type has an answer that is
// sane (compiler/kernel/testing/explore.ts). A case is a finding if the reader traps or takes long.

import { fileURLToPath } from "node:url";
import { buildModule, makeImports, RELEASE } from "../../tests/build-as.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

const MOST_MS = 10_000;
const HEADER_BYTES = 24;
const NAMES = ["", "a", "b", "task_struct", "size_t", "int", "x\x1b[1m", "y".repeat(600)];

/** The exports of tests/as/types.ts. */
interface Reader {
  memory: WebAssembly.Memory;
  reserve(length: number): number;
  takeSample(): number;
  address(): number;
  read(): number;
  exploreAll(): number;
}

/** Damages some BTF: mostly words of the types, with values that such words have. */
function damage(btf: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(btf);
  const typeBytes = bytes.readUInt32LE(12);
  const strings = bytes.readUInt32LE(20);
  for (let i = 1 + random.below(12); i > 0; i--) {
    const at = HEADER_BYTES + random.below(typeBytes >> 2) * 4;
    const kind = random.below(8);
    if (kind < 3) bytes.writeUInt32LE(random.below(80), at);
    else if (kind === 3) bytes.writeUInt32LE(info(random, 6), at);
    else if (kind === 4) bytes.writeUInt32LE(random.word(), at);
    else if (kind === 5) bytes.writeUInt32LE(random.below(strings + 4), at);
    else if (kind === 6) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    else bytes[random.below(bytes.length)] = random.below(256);
  }
  return random.oneIn(20) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

function info(random: Random, most: number): number {
  return ((random.below(2) << 31) | (random.below(24) << 24) | random.below(most)) >>> 0;
}

/** Types of all kinds that refer to one another at random: circles, deep nests, what no compiler makes. */
function randomTypes(random: Random): Buffer {
  const count = random.pick([4, 12, 40, 40, 150]);
  const members = random.pick([2, 4, 30]);
  const strings = Buffer.from(NAMES.map((name) => `${name}\0`).join(""), "latin1");
  const names = NAMES.map((_, i) => NAMES.slice(0, i).reduce((sum, name) => sum + name.length + 1, 0));
  const words: number[] = [];
  for (let i = 0; i < count; i++) {
    const word = info(random, members);
    const trailer = trailerWords(word);
    if (trailer < 0) continue;
    words.push(random.oneIn(2) ? 0 : random.pick(names), word, random.below(count + 1));
    // Records begin with a name or an id, and go on with ids, offsets and values.
    for (let k = 0; k < trailer; k++) {
      words.push(random.oneIn(3) ? 0 : random.oneIn(8) ? random.word() : random.below(count + 1));
    }
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(0x1eb9f, 0);
  [HEADER_BYTES, 0, words.length * 4, words.length * 4, strings.length].forEach((word, i) => {
    header.writeUInt32LE(word, 4 + i * 4);
  });
  return Buffer.concat([header, Buffer.from(Uint32Array.from(words).buffer), strings]);
}

/** Words behind the common part of a type; -1 for kinds that do not exist. */
function trailerWords(info: number): number {
  const kind = (info >>> 24) & 127;
  const vlen = info & 0xffffff;
  if ([1, 14, 17].includes(kind)) return 1;
  if (kind === 3) return 3;
  if ([4, 5, 15, 19, 22].includes(kind)) return vlen * 3;
  if ([6, 13].includes(kind)) return vlen * 2;
  if (kind === 20) return 1 + vlen;
  if (kind === 21) return vlen;
  return kind === 0 || kind > 22 ? -1 : 0;
}

/** Damaged and random types through their reader. */
export async function typeSweep(): Promise<Sweep> {
  const module = await buildModule("tests-types", ["tests/as/types.ts"], RELEASE);
  const sample = takeSample(instantiate(module));
  return {
    name: "types",
    batch: 50,
    run: (first, count, seed) =>
      Array.from({ length: count }, (_, i) => {
        const random = new Random(seed, first + i);
        return readCase(instantiate(module), random.oneIn(2) ? damage(sample, random) : randomTypes(random));
      }),
  };
}

function instantiate(module: WebAssembly.Module): Reader {
  const imports = makeImports(module, () => reader.memory);
  const reader = new WebAssembly.Instance(module, imports).exports as unknown as Reader;
  return reader;
}

function takeSample(reader: Reader): Buffer {
  const length = reader.takeSample();
  return Buffer.from(Buffer.from(reader.memory.buffer, reader.address(), length));
}

function readCase(reader: Reader, input: Buffer): CaseEnd {
  const began = Date.now();
  try {
    const address = reader.reserve(input.length);
    Buffer.from(reader.memory.buffer).set(input, address);
    const isRead = reader.read() > 0;
    reader.exploreAll();
    const took = Date.now() - began;
    const problem = took > MOST_MS ? `it took ${took} ms` : "";
    return { end: isRead ? "read" : "refused", ...(problem ? { problem, input } : {}) };
  } catch (error) {
    return { end: "trap", problem: error instanceof Error ? error.message : String(error), input };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(await typeSweep());
