// --dump=blob:NAME,OFFSET,LENGTH: bytes of a blob as the compiler sees them, for those who write a reader of its
// format.

import { decimalOf } from "../common/as/decimal";
import { joinTexts } from "../common/as/text-builder";
import { Reporter } from "./diagnostics/diagnostic";
import { BLOB_ABSENT, BlobReader } from "./kernel/blobs";

const PREFIX: string = "blob:";
const ROW: i32 = 16;
/** Longest part that is shown. */
const LONGEST: i64 = 1 << 20;

/** Whether a dump's name asks for bytes of a blob. */
export function isBlobDump(name: string): bool {
  return name.startsWith(PREFIX);
}

/** The bytes in rows, as hexdump shows them; empty while they are not here. */
export function dumpBlob(blobs: BlobReader, dump: string, reporter: Reporter): string {
  const parts = dump.substring(PREFIX.length).split(",");
  const offset = parts.length == 3 ? decimalOf(parts[1]) : -1;
  const length = parts.length == 3 ? decimalOf(parts[2]) : -1;
  if (offset < 0 || length < 0 || length > LONGEST) {
    reporter.error(
      null,
      `--dump=${dump} names no bytes`,
      `write --dump=blob:NAME,OFFSET,LENGTH, of ${LONGEST} bytes at most`,
    );
    return "";
  }
  const bytes = blobs.bytes(parts[0], offset, <i32>length);
  if (bytes !== null) return hexRows(bytes, offset);
  if (blobs.sizeOf(parts[0]) == BLOB_ABSENT) reporter.error(null, `the remote has no blob '${parts[0]}'`);
  return "";
}

function hexRows(bytes: Uint8Array, offset: i64): string {
  const rows: string[] = [];
  for (let at = 0, n = bytes.length; at < n; at += ROW) {
    let row = (offset + at).toString(16).padStart(8, "0") + " ";
    for (let i = at; i < min(at + ROW, n); ++i) row += " " + (<i32>bytes[i]).toString(16).padStart(2, "0");
    rows.push(row + "\n");
  }
  return joinTexts(rows);
}
