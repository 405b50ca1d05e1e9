// The numbers that functions have among the kernel's types (BTF): programs for one function are verified for it.

import { BTF_MAGIC, BtfHeader, BtfKind, BtfType } from "../../common/format/btf";
import { Errno } from "./errors";
import { close, fileSize, O_CLOEXEC, O_RDONLY, open, read } from "./syscall";

const TYPES: string = "/sys/kernel/btf/vmlinux";
const MOST_BYTES: i64 = 1 << 26;
/** Bytes behind the common part of a type, by kind: fixed ones, and for each of its vlen elements; -1: unknown kind. */
const FIXED: StaticArray<i32> = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const EACH: StaticArray<i32> = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

let types: usize = 0;
let typesBytes: i32 = 0;

/** The number of a function of the kernel among its types; 0 if there is none. */
export function functionId(name: string): i32 {
  if (types == 0 && !readTypes()) return 0;
  if (load<u16>(types, BtfHeader.Magic) != BTF_MAGIC) return 0;
  const base = <u64>load<u32>(types, BtfHeader.HeaderBytes);
  const strings = base + load<u32>(types, BtfHeader.StringOffset);
  const stringsEnd = strings + load<u32>(types, BtfHeader.StringBytes);
  let at = base + load<u32>(types, BtfHeader.TypeOffset);
  const end = at + load<u32>(types, BtfHeader.TypeBytes);
  if (stringsEnd > <u64>typesBytes || end > <u64>typesBytes) return 0;
  const wanted = findString(<usize>strings, <usize>stringsEnd, name);
  if (wanted == 0) return 0;
  for (let id = 1; at + BtfType.Size <= end; ++id) {
    const info = load<u32>(types + <usize>at, BtfType.Info);
    const kind = <i32>((info >> 24) & 0x7f);
    if (kind == BtfKind.Func && load<u32>(types + <usize>at, BtfType.Name) == wanted) return id;
    if (kind >= FIXED.length) return 0;
    at += BtfType.Size + FIXED[kind] + <u64>(info & 0xffff) * EACH[kind];
  }
  return 0;
}

/** Where a string is among the strings; 0: nowhere. */
function findString(from: usize, end: usize, text: string): u32 {
  const wanted = String.UTF8.encode(text, true);
  const bytes = wanted.byteLength;
  for (let at = from + 1; at + bytes <= end; ++at) {
    if (load<u8>(types + at - 1) != 0) continue;
    if (memory.compare(types + at, changetype<usize>(wanted), bytes) == 0) return <u32>(at - from);
  }
  return 0;
}

/** Reads the kernel's types once. */
function readTypes(): bool {
  const fd = open(TYPES, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const size = fileSize(fd);
  if (size < BtfHeader.Size || size > MOST_BYTES) {
    close(fd);
    return false;
  }
  typesBytes = <i32>size;
  types = heap.alloc(<usize>size);
  let done = 0;
  while (done < typesBytes) {
    const got = read(fd, types + done, typesBytes - done);
    if (got == -Errno.EINTR) continue;
    if (got <= 0) break;
    done += got;
  }
  close(fd);
  typesBytes = done;
  return done >= BtfHeader.Size;
}
