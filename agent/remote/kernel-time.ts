// How the time that CPUs spent in the kernel was shared between them, from /proc/stat:
//
//   cpu3 USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL …        ticks since the start of the machine
//
// It is read while handlers seem to take too much time, so it allocates once and nothing after that.

import { close, O_CLOEXEC, O_RDONLY, open, read } from "./syscall";

/** The lines of 1,000 CPUs; what follows them is not needed. */
const MOST_BYTES: i32 = 131072;
/** The fields of a line that are time in the kernel: system, irq, softirq. */
const KERNEL_FIELDS: i32 = (1 << 2) | (1 << 5) | (1 << 6);

/** The lines of all CPUs at two moments. */
export class KernelTime {
  private bytes: usize = 0;
  private before: StaticArray<u64>;

  constructor(private cpus: i32) {
    this.before = new StaticArray<u64>(cpus);
  }

  /** Reads the file; what is asked later counts from now on. */
  mark(): void {
    this.take(this.bytes, this.fill());
  }

  /** Reads the file again: the share that the CPU with most of it had in all time in the kernel since then. */
  busiestShare(): f64 {
    return this.take(this.bytes, this.fill());
  }

  /** Takes the lines over from the bytes of the file; the greatest share since those before. */
  take(at: usize, length: i32): f64 {
    const end = at + length;
    let greatest: u64 = 0;
    let total: u64 = 0;
    for (let line = at; line < end; line = nextLine(line, end)) {
      const cpu = cpuOf(line, end);
      if (cpu < 0 || cpu >= this.cpus) continue;
      const time = kernelTimeOf(line, end);
      const before = unchecked(this.before[cpu]);
      const spent = time > before ? time - before : 0;
      this.before[cpu] = time;
      total += spent;
      if (spent > greatest) greatest = spent;
    }
    // Too short a time for a tick: as if all CPUs had shared it equally.
    return total == 0 ? 1.0 / <f64>this.cpus : <f64>greatest / <f64>total;
  }

  /** Reads the beginning of the file; its length, 0 if it cannot be read. */
  private fill(): i32 {
    if (this.bytes == 0) this.bytes = heap.alloc(MOST_BYTES);
    const fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    let length = 0;
    let got = 1;
    while (length < MOST_BYTES && got > 0) {
      got = read(fd, this.bytes + length, MOST_BYTES - length);
      if (got > 0) length += got;
    }
    close(fd);
    return length;
  }
}

function nextLine(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != 10) ++at;
  return at + 1;
}

/** The number behind "cpu" at the start of a line, or -1: another line, or the sum of all. */
function cpuOf(at: usize, end: usize): i32 {
  if (at + 4 >= end || load<u8>(at) != 0x63 || load<u8>(at, 1) != 0x70 || load<u8>(at, 2) != 0x75) return -1;
  let number = -1;
  for (at += 3; at < end && isDigit(load<u8>(at)) && number < 1 << 20; ++at) {
    number = max(number, 0) * 10 + load<u8>(at) - 0x30;
  }
  return number;
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** The sum of the fields of a line that are time in the kernel. */
function kernelTimeOf(at: usize, end: usize): u64 {
  let sum: u64 = 0;
  while (at < end && load<u8>(at) != 0x20) ++at;
  for (let field = 0; at < end && load<u8>(at) == 0x20; ++field) {
    while (at < end && load<u8>(at) == 0x20) ++at;
    let number: u64 = 0;
    for (; at < end && isDigit(load<u8>(at)); ++at) number = number * 10 + load<u8>(at) - 0x30;
    if (((KERNEL_FIELDS >> field) & 1) != 0) sum += number;
  }
  return sum;
}
