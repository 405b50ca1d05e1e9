// What the verifier does with each program that is loaded: loads it twice more with a log, and counts in the log how
// often the verifier walked each instruction. Nothing is attached. The host adds up the counts of each line of the
// script.

import { LogLevel } from "../../common/format/bpf";
import { LineInfo } from "../../common/format/btf";
import { AgentFrame } from "../../common/format/frame";
import { loadProgram, readJitedBytes } from "./bpf";
import { Contact } from "./contact";
import { FrameWriter } from "./frames";
import { LinkedProgram, linkProgram } from "./link";
import { aimAtFirst, makeRequest } from "./load";
import { Program } from "./manifest";
import { LoadedObject } from "./object";
import { close } from "./syscall";

const LOG_BYTES: i32 = (1 << 24) - 1;
/** Of a log that has statistics only. */
const STATS_BYTES: i32 = 4096;
const MOST_LINES: i32 = 20000;

/** Says Measured; false if nobody waits any more. */
export function measureObject(o: LoadedObject, contact: Contact, writer: FrameWriter): bool {
  const log = heap.alloc(LOG_BYTES);
  const measured: Measured[] = [];
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    if (o.programs[i].fd < 0) continue;
    if (!contact.keep()) return false;
    const one = measure(o, o.programs[i], log);
    if (one) measured.push(one);
  }
  heap.free(log);
  writer.begin(AgentFrame.Measured);
  writer.u32(measured.length);
  for (let i = 0, n = measured.length; i < n; ++i) measured[i].say(writer);
  writer.finish();
  return true;
}

/** What is known of one program. */
class Measured {
  /** How often each instruction was walked, as far as the log goes. */
  visits: StaticArray<u32>;
  stats: string = "";
  /** The log did not hold all of the walk. */
  isCut: bool = false;

  constructor(
    public program: Program,
    public linked: LinkedProgram,
  ) {
    this.visits = new StaticArray<u32>(linked.insnCount);
  }

  say(writer: FrameWriter): void {
    writer.text(this.program.name);
    writer.u32(this.program.loadMicroseconds);
    writer.u32(this.linked.insnCount);
    writer.u32(readJitedBytes(this.program.fd));
    writer.u32(this.isCut ? 1 : 0);
    writer.text(this.stats);
    const lines = min(this.linked.lineInfoCount, MOST_LINES);
    writer.u32(lines);
    for (let i = 0; i < lines; ++i) this.sayLine(writer, i);
  }

  /** A row of the line information, with the walks of all instructions up to the next row. */
  private sayLine(writer: FrameWriter, i: i32): void {
    const at = this.linked.lineInfo.dataStart + <usize>(i * LineInfo.Size);
    const insn = load<u32>(at, LineInfo.InsnOffset);
    const isLast = i + 1 >= this.linked.lineInfoCount;
    const end = isLast ? <u32>this.visits.length : load<u32>(at + LineInfo.Size, LineInfo.InsnOffset);
    let sum: u32 = 0;
    for (let k = insn; k < min(end, <u32>this.visits.length); ++k) sum += this.visits[k];
    writer.u32(load<u32>(at, LineInfo.File));
    writer.u32(load<u32>(at, LineInfo.Text));
    writer.u32(load<u32>(at, LineInfo.LineColumn));
    writer.u32(sum);
  }
}

function measure(o: LoadedObject, program: Program, log: usize): Measured | null {
  const linked = linkProgram(o, program).value;
  if (!linked) return null;
  const one = new Measured(program, linked);
  const request = makeRequest(o, program, linked);
  if (aimAtFirst(request, program)) return null;
  request.log = log;
  request.logLevel = LogLevel.Stats;
  request.logBytes = STATS_BYTES;
  store<u8>(log, 0);
  let fd = loadProgram(request);
  if (fd >= 0) close(fd);
  one.stats = String.UTF8.decodeUnsafe(log, lengthOf(log, STATS_BYTES));
  // At level 1 the kernel keeps nothing of a path that ended well.
  request.logLevel = LogLevel.Level2;
  request.logBytes = LOG_BYTES;
  store<u8>(log, 0);
  fd = loadProgram(request);
  // Kernels before 6.4 refuse to load a program whose log did not fit; later ones keep its end.
  if (fd >= 0) close(fd);
  const length = lengthOf(log, LOG_BYTES);
  one.isCut = fd < 0 || length >= LOG_BYTES - 1;
  countVisits(log, length, one.visits);
  return one;
}

function lengthOf(log: usize, most: i32): i32 {
  let length = 0;
  while (length < most && load<u8>(log + length) != 0) ++length;
  return length;
}

/** Counts the lines that begin with "N: (": each is one walk of instruction N. */
function countVisits(log: usize, length: i32, visits: StaticArray<u32>): void {
  for (let at = 0; at < length; ++at) {
    let insn: u32 = 0;
    const start = at;
    for (; at < length && at < start + 9; ++at) {
      const digit = <u32>load<u8>(log + at) - 0x30;
      if (digit > 9) break;
      insn = insn * 10 + digit;
    }
    const isInsn =
      at > start &&
      at + 2 < length &&
      load<u8>(log + at) == 0x3a &&
      load<u8>(log + at + 1) == 0x20 &&
      load<u8>(log + at + 2) == 0x28;
    if (isInsn && insn < <u32>visits.length) visits[insn] += 1;
    while (at < length && load<u8>(log + at) != 0x0a) ++at;
  }
}
