// Damages an object: mostly in one section, a word or an instruction at a time, so that the file remains an ELF file
// and the damage reaches the code that reads the manifest, maps, symbols, relocations, types and BPF instructions.

import type { Random } from "./sweep.ts";

/** Offsets in the ELF header and in a section's header. */
const SECTION_TABLE = 40;
const SECTION_COUNT = 60;
const NAME_SECTION = 62;
const HEADER_BYTES = 64;
const [TYPE, OFFSET, SIZE] = [4, 24, 32];
const NOBITS = 8;

interface Part {
  name: string;
  start: number;
  bytes: number;
}

/** What has contents in an object, and its headers. */
function partsOf(object: Uint8Array): Part[] {
  const view = new DataView(object.buffer, object.byteOffset, object.length);
  const table = Number(view.getBigUint64(SECTION_TABLE, true));
  const count = view.getUint16(SECTION_COUNT, true);
  const header = (index: number) => table + index * HEADER_BYTES;
  const where = (index: number) => Number(view.getBigUint64(header(index) + OFFSET, true));
  const names = where(view.getUint16(NAME_SECTION, true));
  const nameAt = (at: number) => Buffer.from(object.subarray(at, object.indexOf(0, at))).toString("latin1");
  const parts: Part[] = [
    { name: "header", start: 0, bytes: HEADER_BYTES },
    { name: "sections", start: table, bytes: count * HEADER_BYTES },
  ];
  for (let i = 1; i < count; i++) {
    const bytes = Number(view.getBigUint64(header(i) + SIZE, true));
    if (view.getUint32(header(i) + TYPE, true) === NOBITS || bytes === 0) continue;
    parts.push({ name: nameAt(names + view.getUint32(header(i), true)), start: where(i), bytes });
  }
  return parts;
}

/** How often a part is chosen: the two headers seldom, since with them the file is mostly no object at all. */
function weight({ name }: Part): number {
  if (name === "header") return 1;
  if (name === "sections") return 2;
  return name === ".stap.manifest" ? 12 : 5;
}

/** A damaged copy. */
export function mutateObject(object: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(object);
  const parts = partsOf(object);
  const urn = parts.flatMap((part) => Array.from({ length: weight(part) }, () => part));
  const part = random.pick(urn);
  for (let i = 1 + random.below(random.oneIn(4) ? 20 : 3); i > 0; i--) {
    changeOne(bytes, random.oneIn(5) ? random.pick(urn) : part, random);
  }
  if (!random.oneIn(50)) return bytes;
  return random.oneIn(2) ? bytes.subarray(0, random.below(bytes.length)) : Buffer.concat([bytes, Buffer.alloc(99, 7)]);
}

/** Changes something of a part: a word, a byte, a bit, or puts a piece of it elsewhere. */
function changeOne(bytes: Uint8Array, { start, bytes: length }: Part, random: Random): void {
  const view = new DataView(bytes.buffer);
  const word = start + 4 * random.below(length >> 2);
  const byte = start + random.below(length);
  if (length < 8 || random.oneIn(4)) {
    bytes[byte] = random.oneIn(2) ? random.below(256) : (bytes[byte] as number) ^ (1 << random.below(8));
    return;
  }
  const from = start + 8 * random.below(length >> 3);
  switch (random.below(5)) {
    case 0:
      bytes.copyWithin(start + 8 * random.below(length >> 3), from, from + 8);
      break;
    case 1:
      view.setUint32(word, (view.getUint32(word, true) + random.below(17) - 8) >>> 0, true);
      break;
    case 2:
      // Another word of the same part: an index or an offset that is valid for something else.
      view.setUint32(word, view.getUint32(start + 4 * random.below(length >> 2), true), true);
      break;
    default:
      view.setUint32(word, random.word(), true);
  }
}
