// The commands of bpf(2) that the agent gives, each as a function: fills `union bpf_attr`, calls, answers what the kernel
// did (a descriptor, 0, or -errno). Offsets below are those of uapi/linux/bpf.h.

import { encodeTextZ } from "../../common/as/bytes";
import { AttachType, BpfCommand, OBJECT_NAME_BYTES } from "../../common/format/bpf";
import { addressOf, bpf } from "./syscall";

const ATTR_BYTES: i32 = 128;
const ATTR: usize = memory.data(128, 8);
const BPF_PERF_EVENT: i32 = 41;
const BPF_LINK_TYPE_PERF_EVENT: i32 = 7;
const BPF_LINK_TYPE_KPROBE_MULTI: i32 = 8;
const BPF_F_KPROBE_MULTI_RETURN: i32 = 1;
const BPF_PERF_EVENT_KPROBE: i32 = 3;
const BPF_PERF_EVENT_KRETPROBE: i32 = 4;
const INFO_BYTES: i32 = 232;
const INFO: usize = memory.data(232, 8);

/** What a new map is to be. */
export class MapRequest {
  constructor(
    public name: string,
    /** MapType */
    public type: i32,
    public keyBytes: i32,
    public valueBytes: i32,
    public maxEntries: i32,
    /** MapFlag bits */
    public flags: i32,
  ) {}
}

/** Makes a map. */
export function createMap(request: MapRequest): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, request.type);
  store<i32>(ATTR, request.keyBytes, 4);
  store<i32>(ATTR, request.valueBytes, 8);
  store<i32>(ATTR, request.maxEntries, 12);
  store<i32>(ATTR, request.flags, 16);
  storeName(ATTR + 28, request.name);
  return bpf(BpfCommand.MapCreate, ATTR, 72);
}

/** Sets element `key` of an array map to the bytes at `value`. */
export function updateElement(map: i32, key: i32, value: usize): i32 {
  let scratch = ATTR + 64;
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(scratch, key);
  store<i32>(ATTR, map);
  store<u64>(ATTR, addressOf(scratch), 8);
  store<u64>(ATTR, addressOf(value), 16);
  return bpf(BpfCommand.MapUpdateElem, ATTR, 32);
}

/** User space may not write it any more; the verifier may take its values for constants. */
export function freezeMap(map: i32): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, map);
  return bpf(BpfCommand.MapFreeze, ATTR, 4);
}

/** Hands types to the kernel. With a log, `logBytes` > 0. */
export function loadBtf(bytes: StaticArray<u8>, log: usize, logBytes: i32): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<u64>(ATTR, addressOf(changetype<usize>(bytes)));
  if (logBytes > 0) store<u64>(ATTR, addressOf(log), 8);
  store<i32>(ATTR, bytes.length, 16);
  store<i32>(ATTR, logBytes, 20);
  store<i32>(ATTR, logBytes > 0 ? 1 : 0, 24);
  return bpf(BpfCommand.BtfLoad, ATTR, 28);
}

/** What a new program is to be. Arrays are referred to by address: the caller keeps them alive. */
export class ProgramRequest {
  /** ProgramType */
  type: i32 = 0;
  name: string = "";
  license: string = "GPL";
  insns: usize = 0;
  insnCount: i32 = 0;
  btf: i32 = -1;
  funcInfo: usize = 0;
  funcInfoCount: i32 = 0;
  lineInfo: usize = 0;
  lineInfoCount: i32 = 0;
  /** AttachType, for the kinds that differ at load */
  attachType: i32 = 0;
  /** LogLevel bits; 0: no log */
  logLevel: i32 = 0;
  log: usize = 0;
  logBytes: i32 = 0;
}

/** Has the verifier look at a program, and loads it. */
export function loadProgram(request: ProgramRequest): i32 {
  let license = encodeTextZ(request.license);
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, request.type);
  store<i32>(ATTR, request.insnCount, 4);
  store<u64>(ATTR, addressOf(request.insns), 8);
  store<u64>(ATTR, addressOf(changetype<usize>(license)), 16);
  if (request.logLevel != 0) {
    store<i32>(ATTR, request.logLevel, 24);
    store<i32>(ATTR, request.logBytes, 28);
    store<u64>(ATTR, addressOf(request.log), 32);
  }
  storeName(ATTR + 48, request.name);
  store<i32>(ATTR, request.attachType, 68);
  if (request.btf >= 0 && request.funcInfoCount > 0) {
    store<i32>(ATTR, request.btf, 72);
    store<i32>(ATTR, 8, 76);
    store<u64>(ATTR, addressOf(request.funcInfo), 80);
    store<i32>(ATTR, request.funcInfoCount, 88);
    if (request.lineInfoCount > 0) {
      store<i32>(ATTR, 16, 92);
      store<u64>(ATTR, addressOf(request.lineInfo), 96);
      store<i32>(ATTR, request.lineInfoCount, 104);
    }
  }
  return bpf(BpfCommand.ProgLoad, ATTR, 116);
}

/** Attaches a raw tracepoint program; the descriptor is what holds it. */
export function openRawTracepoint(name: string, program: i32): i32 {
  let text = encodeTextZ(name);
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<u64>(ATTR, addressOf(changetype<usize>(text)));
  store<i32>(ATTR, program, 8);
  return bpf(BpfCommand.RawTracepointOpen, ATTR, 16);
}

/** Puts a program on a perf event by a link (from 5.15); the link's descriptor holds it. */
export function linkPerfEvent(event: i32, program: i32): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, program);
  store<i32>(ATTR, event, 4);
  store<i32>(ATTR, BPF_PERF_EVENT, 8);
  return bpf(BpfCommand.LinkCreate, ATTR, 24);
}

/** Hooks a program to the entry or return of many functions; `names`: u64 host addresses of NUL-terminated names. */
export function linkKprobes(program: i32, names: usize, count: i32, isReturn: bool): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, program);
  store<i32>(ATTR, AttachType.TraceKprobeMulti, 8);
  store<i32>(ATTR, isReturn ? BPF_F_KPROBE_MULTI_RETURN : 0, 16);
  store<i32>(ATTR, count, 20);
  store<u64>(ATTR, addressOf(names), 24);
  return bpf(BpfCommand.LinkCreate, ATTR, 48);
}

/** Times the kprobes of a link could not run (from 6.7); 0 where the kernel does not tell. */
export function readLinkMissed(link: i32): u64 {
  if (readInfo(link) < 0) return 0;
  if (load<i32>(INFO) == BPF_LINK_TYPE_KPROBE_MULTI) return load<u64>(INFO, 32);
  if (load<i32>(INFO) != BPF_LINK_TYPE_PERF_EVENT) return 0;
  let kind = load<i32>(INFO, 16);
  return kind == BPF_PERF_EVENT_KPROBE || kind == BPF_PERF_EVENT_KRETPROBE ? load<u64>(INFO, 48) : 0;
}

/** Runs a raw tracepoint program once, now, in the kernel, without arguments. */
export function testRun(program: i32): i32 {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, program);
  return bpf(BpfCommand.ProgTestRun, ATTR, 72);
}

/** Reads what the kernel knows about a program, for the getters below. */
export function readProgramInfo(program: i32): i32 {
  return readInfo(program);
}

function readInfo(fd: i32): i32 {
  memory.fill(INFO, 0, INFO_BYTES);
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, fd);
  store<i32>(ATTR, INFO_BYTES, 4);
  store<u64>(ATTR, addressOf(INFO), 8);
  return bpf(BpfCommand.ObjGetInfoByFd, ATTR, 16);
}

/** Times the newest readProgramInfo's program could not run because one ran already (from 5.12). */
export function infoRecursionMisses(): u64 {
  return load<u64>(INFO, 208);
}

/** Instructions that the verifier walked through for it (from 5.16). */
export function infoVerifiedInsns(): u32 {
  return load<u32>(INFO, 216);
}

/** The kernel takes names of 15 bytes, of letters, digits, '_' and '.'. */
function storeName(at: usize, name: string): void {
  for (let i = 0, n = min(name.length, OBJECT_NAME_BYTES - 1); i < n; ++i) {
    let c = name.charCodeAt(i);
    let isDigit = c >= 0x30 && c <= 0x39;
    let isLetter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    store<u8>(at + i, isDigit || isLetter || c == 0x2e ? <u8>c : 0x5f);
  }
}
