// What a run takes of the machine: memory of maps and programs, the agent's own, files. Asked for with -v, once all is
// attached.

import { LoadedObject } from "./object";
import { fileLimit } from "./resources";
import { close, isOpen, O_CLOEXEC, O_RDONLY, open, read } from "./syscall";

/** A file of /proc about one descriptor or process is shorter. */
const BUFFER_BYTES: i32 = 8192;
const BUFFER: usize = memory.data(8192, 8);

/** The fields of frame.ts's Usage. */
export class Usage {
  /** Memory of maps and programs, bytes. Before Linux 5.11 it counts as locked memory. */
  kernelBytes: u64 = 0;
  /** Resident memory of the agent, with the maps that it has mapped, and the part of it that is locked. */
  agentBytes: u64 = 0;
  lockedBytes: u64 = 0;
  descriptors: i32 = 0;
  mostDescriptors: i64 = 0;
}

/** What a loaded object and this process take now. */
export function measureUsage(o: LoadedObject): Usage {
  const usage = new Usage();
  for (let i = 0, n = o.maps.length; i < n; ++i) usage.kernelBytes += lockedBy(o.maps[i].fd);
  for (let i = 0, n = o.programs.length; i < n; ++i) usage.kernelBytes += lockedBy(o.programs[i].fd);
  usage.kernelBytes += lockedBy(o.bssFd) + lockedBy(o.rodataFd);
  const status = readInto("/proc/self/status");
  usage.agentBytes = numberAfter(status, "VmRSS:") << 10;
  usage.lockedBytes = (numberAfter(status, "VmLck:") + numberAfter(status, "VmPin:")) << 10;
  const slots = <i32>numberAfter(status, "FDSize:");
  for (let fd = 0; fd < slots; ++fd) if (isOpen(fd)) ++usage.descriptors;
  usage.mostDescriptors = fileLimit();
  return usage;
}

/** Bytes that the kernel accounts to a map or program. */
function lockedBy(fd: i32): u64 {
  return fd < 0 ? 0 : numberAfter(readInto(`/proc/self/fdinfo/${fd}`), "memlock:");
}

/** Reads the beginning of a file into BUFFER; how many bytes. */
function readInto(path: string): i32 {
  const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const got = read(fd, BUFFER, BUFFER_BYTES);
  close(fd);
  return max(got, 0);
}

/** The number behind a word at the start of a line of BUFFER, 0 if there is none. */
function numberAfter(length: i32, word: string): u64 {
  let at = 0;
  while (at < length && !standsAt(at, length, word)) {
    while (at < length && load<u8>(BUFFER + at) != 10) ++at;
    ++at;
  }
  at += word.length;
  while (at < length && (load<u8>(BUFFER + at) == 0x20 || load<u8>(BUFFER + at) == 9)) ++at;
  let number: u64 = 0;
  for (; at < length; ++at) {
    const digit = load<u8>(BUFFER + at) - 0x30;
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  return number;
}

function standsAt(at: i32, length: i32, word: string): bool {
  if (at + word.length > length) return false;
  for (let i = 0, n = word.length; i < n; ++i) {
    if (load<u8>(BUFFER + at + i) != <u8>word.charCodeAt(i)) return false;
  }
  return true;
}
