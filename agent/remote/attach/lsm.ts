// Hooks of security modules. A program for one is verified for it: it is loaded once for each hook, with the number
// that the hook's function has among the kernel's types. The kernel calls such programs only where `bpf` is among its
// security modules, and else attaches them and stays silent: so that is asked first.

import { HOOK_FUNCTION } from "../../../common/format/attach";
import { BTF_MAGIC, BtfHeader, BtfKind, BtfType } from "../../../common/format/btf";
import { FailureCode } from "../../../common/format/frame";
import { openRawTracepoint } from "../bpf";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { PseudoFiles } from "../pseudo-files";
import { close, fileSize, O_CLOEXEC, O_RDONLY, open, read, readFile } from "../syscall";

const TYPES: string = "/sys/kernel/btf/vmlinux";
const MOST_BYTES: i64 = 1 << 26;
/** Bytes behind the common part of a type, by kind: fixed ones, and for each of its vlen elements; -1: unknown kind. */
const FIXED: StaticArray<i32> = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const EACH: StaticArray<i32> = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

let types: usize = 0;
let typesBytes: i32 = 0;
let files: PseudoFiles | null = null;

/** Attaches the program of a hook. */
export function attachLsm(probe: Probe): Failure | null {
  if (!callsPrograms()) {
    const hint = "Boot it with lsm=...,bpf, where ... is what /sys/kernel/security/lsm has now.";
    return new Failure(FailureCode.Feature, 0, `this kernel does not call programs at hooks: ${probe.point}`, hint);
  }
  const link = openRawTracepoint("", probe.programFd, probe.cookie);
  if (link >= 0) {
    probe.fds.push(link);
    return null;
  }
  const isForbidden = link == -Errno.EPERM || link == -Errno.EACCES;
  const code = isForbidden ? FailureCode.Permission : FailureCode.Attach;
  return new Failure(code, link, `cannot attach to ${probe.point}`, isForbidden ? obstacleTo(Call.Bpf) : "");
}

/** Whether `bpf` is among the security modules; if that cannot be read, the kernel may. */
function callsPrograms(): bool {
  if (!files) files = new PseudoFiles("securityfs", ["/sys/kernel/security"], "lsm", O_RDONLY);
  const bytes = files!.isThere ? readFile(`${files!.root}/lsm`, 4096) : null;
  if (!bytes) return true;
  return `,${String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).trim()},`.includes(",bpf,");
}

/** The number of a hook's function among the kernel's types; 0 if there is none. */
export function hookId(hook: string): i32 {
  if (types == 0 && !readTypes()) return 0;
  if (load<u16>(types, BtfHeader.Magic) != BTF_MAGIC) return 0;
  const base = <u64>load<u32>(types, BtfHeader.HeaderBytes);
  const strings = base + load<u32>(types, BtfHeader.StringOffset);
  const stringsEnd = strings + load<u32>(types, BtfHeader.StringBytes);
  let at = base + load<u32>(types, BtfHeader.TypeOffset);
  const end = at + load<u32>(types, BtfHeader.TypeBytes);
  if (stringsEnd > <u64>typesBytes || end > <u64>typesBytes) return 0;
  const name = findString(<usize>strings, <usize>stringsEnd, HOOK_FUNCTION + hook);
  if (name == 0) return 0;
  for (let id = 1; at + BtfType.Size <= end; ++id) {
    const info = load<u32>(types + <usize>at, BtfType.Info);
    const kind = <i32>((info >> 24) & 0x7f);
    if (kind == BtfKind.Func && load<u32>(types + <usize>at, BtfType.Name) == name) return id;
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
