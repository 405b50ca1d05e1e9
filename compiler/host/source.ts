// Who serves blobs: the compiler asks for ranges of named bytes, and a source has them. A file, a download, a remote
// or, in tests, memory. Kinds of blobs that a caller cannot serve are absent.

import type { BlobPart, Facts, Need } from "./compile.ts";

/** Large inputs by name. */
export interface Source {
  /** How many bytes a blob has; undefined: there is no such blob. */
  size(blob: string): Promise<number | undefined> | number | undefined;
  /** Its bytes from `offset` on, all `length` of them: they lie inside the blob. */
  read(blob: string, offset: number, length: number): Promise<Uint8Array> | Uint8Array;
}

/** A source of what is in memory. */
export function memorySource(blobs: Map<string, Uint8Array>): Source {
  return {
    size: (blob) => blobs.get(blob)?.length,
    read: (blob, offset, length) => (blobs.get(blob) as Uint8Array).subarray(offset, offset + length),
  };
}

/** Answers the needs that are about blobs; without a source, or where it has none, a blob is absent. */
export async function readBlobs(needs: Need[], source?: Source): Promise<Facts> {
  const bytes: BlobPart[] = [];
  const absent: string[] = [];
  for (const { kind, names, ranges } of needs) {
    const blob = names[0];
    if (kind !== "blob" || blob === undefined) continue;
    const size = await source?.size(blob);
    if (source === undefined || size === undefined) absent.push(blob);
    else for (const range of ranges ?? []) bytes.push(await readPart(source, blob, size, range));
  }
  return { names: new Map(), absent: new Map([["blob", absent]]), bytes };
}

async function readPart(
  source: Source,
  blob: string,
  size: number,
  range: { offset: number; length: number },
): Promise<BlobPart> {
  const offset = Math.min(range.offset, size);
  const length = Math.min(range.length, size - offset);
  const bytes = length > 0 ? await source.read(blob, offset, length) : new Uint8Array(0);
  if (bytes.length !== length) throw new Error(`blob '${blob}': ${bytes.length} bytes at ${offset}, not ${length}`);
  return { blob, offset, size, bytes };
}
