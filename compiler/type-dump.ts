// --dump=types:BLOB: the types of a blob of BTF as C, with the offset and size of each member. A blob that is not the
// kernel's own is that of a module, whose types continue the kernel's.

import { Reporter } from "./diagnostics/diagnostic";
import { BLOB_ABSENT, BlobReader } from "./kernel/blobs";
import { BtfIndex, indexBtf } from "./kernel/btf-index";
import { printTypes } from "./kernel/type-print";
import { Types } from "./kernel/types";

const PREFIX: string = "types:";
const KERNEL: string = "kernel-btf";

/** Whether a dump's name asks for the types of a blob. */
export function isTypeDump(name: string): bool {
  return name.startsWith(PREFIX);
}

/** The types as C; empty while the blobs are not here. */
export function dumpTypes(blobs: BlobReader, dump: string, reporter: Reporter): string {
  const name = dump.substring(PREFIX.length);
  const base = readBlob(blobs, KERNEL, null, reporter);
  const index = name == KERNEL ? base : readBlob(blobs, name, base, reporter);
  if (index === null || base === null) return "";
  return printTypes(new Types(index), index.firstId);
}

/** The index of a blob; null while it is not here, and after an error. */
function readBlob(blobs: BlobReader, name: string, base: BtfIndex | null, reporter: Reporter): BtfIndex | null {
  const size = blobs.sizeOf(name);
  if (size == BLOB_ABSENT) reporter.error(null, `the remote has no blob '${name}'`);
  if (size < 0 || size > i32.MAX_VALUE) return null;
  const bytes = blobs.bytes(name, 0, <i32>size);
  if (bytes === null) return null;
  const index = indexBtf(bytes, base);
  if (index.problem.length == 0) return index;
  reporter.error(null, `'${name}' is no BTF that can be read: ${index.problem}`);
  return null;
}
