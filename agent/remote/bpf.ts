// The commands of bpf(2) that the agent gives. Each function fills `union bpf_attr` (common/format/bpf-attr.ts), makes
// the call and returns what the kernel did: a descriptor, 0, or -errno. No two of them ever use the union at once.

import { encodeTextZ } from "../../common/as/bytes";
import { AttachType, BpfCommand, OBJECT_NAME_BYTES } from "../../common/format/bpf";
import {
  BPF_ATTR_BYTES,
  BtfLoadAttr,
  InfoAttr,
  KPROBE_MULTI_RETURN,
  KprobeMultiAttr,
  LinkCreateAttr,
  LinkInfo,
  LinkType,
  MapCreateAttr,
  MapElementAttr,
  MapFreezeAttr,
  PerfEventInfo,
  ProgInfo,
  ProgLoadAttr,
  RawTracepointAttr,
  TestRunAttr,
  UPROBE_MULTI_RETURN,
  UprobeMultiAttr,
} from "../../common/format/bpf-attr";
import { FuncInfo, LineInfo } from "../../common/format/btf";
import { addressOf, bpf } from "./syscall";

const ATTR: usize = memory.data(128, 8);
const INFO: usize = memory.data(232, 8);

/** Begins a command: all fields are zero. */
function clear(): void {
  memory.fill(ATTR, 0, BPF_ATTR_BYTES);
}

/** What a new map is to be. */
export class MapRequest {
  /** of a map of maps: descriptor of a map like those in it */
  inner: i32 = 0;

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
  clear();
  store<i32>(ATTR, request.type, MapCreateAttr.Type);
  store<i32>(ATTR, request.keyBytes, MapCreateAttr.KeyBytes);
  store<i32>(ATTR, request.valueBytes, MapCreateAttr.ValueBytes);
  store<i32>(ATTR, request.maxEntries, MapCreateAttr.MaxEntries);
  store<i32>(ATTR, request.flags, MapCreateAttr.Flags);
  store<i32>(ATTR, request.inner, MapCreateAttr.Inner);
  storeName(ATTR + MapCreateAttr.Name, request.name);
  return bpf(BpfCommand.MapCreate, ATTR, MapCreateAttr.Size);
}

/** Sets element `key` of an array map to the bytes at `value`. */
export function updateElement(map: i32, key: i32, value: usize): i32 {
  clear();
  const scratch = ATTR + MapElementAttr.Size;
  store<i32>(scratch, key);
  store<i32>(ATTR, map, MapElementAttr.Map);
  store<u64>(ATTR, addressOf(scratch), MapElementAttr.Key);
  store<u64>(ATTR, addressOf(value), MapElementAttr.Value);
  return bpf(BpfCommand.MapUpdateElem, ATTR, MapElementAttr.Size);
}

/** User space may not write it any more; the verifier may take its values for constants. */
export function freezeMap(map: i32): i32 {
  clear();
  store<i32>(ATTR, map, MapFreezeAttr.Map);
  return bpf(BpfCommand.MapFreeze, ATTR, MapFreezeAttr.Size);
}

/** Hands types to the kernel. With a log, `logBytes` > 0. */
export function loadBtf(bytes: StaticArray<u8>, log: usize, logBytes: i32): i32 {
  clear();
  store<u64>(ATTR, addressOf(changetype<usize>(bytes)), BtfLoadAttr.Btf);
  if (logBytes > 0) store<u64>(ATTR, addressOf(log), BtfLoadAttr.Log);
  store<i32>(ATTR, bytes.length, BtfLoadAttr.BtfBytes);
  store<i32>(ATTR, logBytes, BtfLoadAttr.LogBytes);
  store<i32>(ATTR, logBytes > 0 ? 1 : 0, BtfLoadAttr.LogLevel);
  return bpf(BpfCommand.BtfLoad, ATTR, BtfLoadAttr.Size);
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
  /** of programs that are verified for one place: its function among the kernel's types */
  attachTypeId: i32 = 0;
  /** LogLevel bits; 0: no log */
  logLevel: i32 = 0;
  log: usize = 0;
  logBytes: i32 = 0;
}

/** Has the verifier look at a program, and loads it. */
export function loadProgram(request: ProgramRequest): i32 {
  const license = encodeTextZ(request.license);
  clear();
  store<i32>(ATTR, request.type, ProgLoadAttr.Type);
  store<i32>(ATTR, request.insnCount, ProgLoadAttr.InsnCount);
  store<u64>(ATTR, addressOf(request.insns), ProgLoadAttr.Insns);
  store<u64>(ATTR, addressOf(changetype<usize>(license)), ProgLoadAttr.License);
  if (request.logLevel != 0) {
    store<i32>(ATTR, request.logLevel, ProgLoadAttr.LogLevel);
    store<i32>(ATTR, request.logBytes, ProgLoadAttr.LogBytes);
    store<u64>(ATTR, addressOf(request.log), ProgLoadAttr.Log);
  }
  storeName(ATTR + ProgLoadAttr.Name, request.name);
  store<i32>(ATTR, request.attachType, ProgLoadAttr.ExpectedAttachType);
  store<i32>(ATTR, request.attachTypeId, ProgLoadAttr.AttachTypeId);
  if (request.btf >= 0 && request.funcInfoCount > 0) storeDebugInfo(request);
  return bpf(BpfCommand.ProgLoad, ATTR, ProgLoadAttr.Size);
}

/** The types of the functions and the lines of the instructions, of which the second need the first. */
function storeDebugInfo(request: ProgramRequest): void {
  store<i32>(ATTR, request.btf, ProgLoadAttr.BtfFd);
  store<i32>(ATTR, FuncInfo.Size, ProgLoadAttr.FuncInfoRecordBytes);
  store<u64>(ATTR, addressOf(request.funcInfo), ProgLoadAttr.FuncInfo);
  store<i32>(ATTR, request.funcInfoCount, ProgLoadAttr.FuncInfoCount);
  if (request.lineInfoCount == 0) return;
  store<i32>(ATTR, LineInfo.Size, ProgLoadAttr.LineInfoRecordBytes);
  store<u64>(ATTR, addressOf(request.lineInfo), ProgLoadAttr.LineInfo);
  store<i32>(ATTR, request.lineInfoCount, ProgLoadAttr.LineInfoCount);
}

/**
 * Attaches a raw tracepoint program, or without a name one that was loaded for its place; it stays attached as long as
 * the descriptor is open.
 */
export function openRawTracepoint(name: string, program: i32, cookie: u64): i32 {
  const text = encodeTextZ(name);
  clear();
  if (name.length > 0) store<u64>(ATTR, addressOf(changetype<usize>(text)), RawTracepointAttr.Name);
  store<i32>(ATTR, program, RawTracepointAttr.Program);
  store<u64>(ATTR, cookie, RawTracepointAttr.Cookie);
  return bpf(BpfCommand.RawTracepointOpen, ATTR, RawTracepointAttr.Size);
}

/** Puts a program on a perf event by a link (from 5.15); it stays there as long as the link's descriptor is open. */
export function linkPerfEvent(event: i32, program: i32, cookie: u64): i32 {
  clear();
  store<i32>(ATTR, program, LinkCreateAttr.Program);
  store<i32>(ATTR, event, LinkCreateAttr.Target);
  store<i32>(ATTR, AttachType.PerfEvent, LinkCreateAttr.AttachType);
  store<u64>(ATTR, cookie, LinkCreateAttr.Cookie);
  return bpf(BpfCommand.LinkCreate, ATTR, LinkCreateAttr.Size);
}

/** The functions of one kprobe.multi link; arrays of u64, of which the caller keeps what they refer to. */
export class KprobeList {
  count: i32 = 0;
  /** host addresses of NUL-terminated names; 0: they are given by address */
  names: usize = 0;
  /** where they begin; 0: they are given by name */
  addresses: usize = 0;
  /** a cookie for each; 0: none */
  cookies: usize = 0;
}

/** Attaches a program to the entry or return of many functions. */
export function linkKprobes(program: i32, list: KprobeList, isReturn: bool): i32 {
  clear();
  store<i32>(ATTR, program, KprobeMultiAttr.Program);
  store<i32>(ATTR, AttachType.TraceKprobeMulti, KprobeMultiAttr.AttachType);
  store<i32>(ATTR, isReturn ? KPROBE_MULTI_RETURN : 0, KprobeMultiAttr.Flags);
  store<i32>(ATTR, list.count, KprobeMultiAttr.Count);
  if (list.names != 0) store<u64>(ATTR, addressOf(list.names), KprobeMultiAttr.Symbols);
  else store<u64>(ATTR, addressOf(list.addresses), KprobeMultiAttr.Addresses);
  if (list.cookies != 0) store<u64>(ATTR, addressOf(list.cookies), KprobeMultiAttr.Cookies);
  return bpf(BpfCommand.LinkCreate, ATTR, KprobeMultiAttr.Size);
}

/** The places of one uprobe.multi link in a file; arrays of u64. */
export class UprobeList {
  count: i32 = 0;
  /** where they are in the file */
  offsets: usize = 0;
  /** where their semaphores are; 0: none */
  semaphores: usize = 0;
  cookies: usize = 0;
}

/** Attaches a program to many places of a file, or to the returns of the functions that begin there. */
export function linkUprobes(program: i32, path: string, list: UprobeList, isReturn: bool): i32 {
  const name = encodeTextZ(path);
  clear();
  store<i32>(ATTR, program, UprobeMultiAttr.Program);
  store<i32>(ATTR, AttachType.TraceUprobeMulti, UprobeMultiAttr.AttachType);
  store<u64>(ATTR, addressOf(changetype<usize>(name)), UprobeMultiAttr.Path);
  store<u64>(ATTR, addressOf(list.offsets), UprobeMultiAttr.Offsets);
  if (list.semaphores != 0) store<u64>(ATTR, addressOf(list.semaphores), UprobeMultiAttr.Semaphores);
  store<u64>(ATTR, addressOf(list.cookies), UprobeMultiAttr.Cookies);
  store<i32>(ATTR, list.count, UprobeMultiAttr.Count);
  store<i32>(ATTR, isReturn ? UPROBE_MULTI_RETURN : 0, UprobeMultiAttr.Flags);
  return bpf(BpfCommand.LinkCreate, ATTR, UprobeMultiAttr.Size);
}

/** How often the kprobes of a link could not run (from 6.7); 0 where the kernel does not tell. */
export function readLinkMissed(link: i32): u64 {
  if (readInfo(link) < 0) return 0;
  const type = load<i32>(INFO, LinkInfo.Type);
  if (type == LinkType.KprobeMulti) return load<u64>(INFO, LinkInfo.KprobeMultiMissed);
  if (type != LinkType.PerfEvent) return 0;
  const kind = load<i32>(INFO, LinkInfo.PerfEventType);
  const isKprobe = kind == PerfEventInfo.Kprobe || kind == PerfEventInfo.Kretprobe;
  return isKprobe ? load<u64>(INFO, LinkInfo.KprobeMissed) : 0;
}

/** Runs a raw tracepoint program once, now, in the kernel, without arguments. */
export function testRun(program: i32): i32 {
  clear();
  store<i32>(ATTR, program, TestRunAttr.Program);
  return bpf(BpfCommand.ProgTestRun, ATTR, TestRunAttr.Size);
}

/** How often a program could not run because it ran already (from 5.12); 0 where the kernel does not tell. */
export function readRecursionMisses(program: i32): u64 {
  return readInfo(program) < 0 ? 0 : load<u64>(INFO, ProgInfo.RecursionMisses);
}

/** Whether the kernel keeps the program from running inside itself: those that do (from 5.12) count it. */
export function hasRecursionGuard(program: i32): bool {
  return readInfo(program) >= 0 && load<i32>(ATTR, InfoAttr.Bytes) >= ProgInfo.RecursionMisses + 8;
}

/** Has the kernel count runs of programs, and their time, as long as the descriptor that it returns is open. */
export function enableStatistics(): i32 {
  clear();
  return bpf(BpfCommand.EnableStats, ATTR, 4); // type 0: BPF_STATS_RUN_TIME
}

/** How often a program ran, and how long, while statistics were on. */
export class RunStatistics {
  runs: u64 = 0;
  nanoseconds: u64 = 0;

  /** Adds what the kernel tells of one program; nothing if the descriptor is another object's. */
  add(fd: i32): void {
    if (readInfo(fd) < 0) return;
    this.runs += load<u64>(INFO, ProgInfo.RunCount);
    this.nanoseconds += load<u64>(INFO, ProgInfo.RunTimeNs);
  }
}

/** How many instructions the verifier walked through for a program (from 5.16); 0 where the kernel does not tell. */
export function readVerifiedInsns(program: i32): u32 {
  return readInfo(program) < 0 ? 0 : load<u32>(INFO, ProgInfo.VerifiedInsns);
}

/** The bytes of machine code that a program became; 0 without the kernel's compiler. */
export function readJitedBytes(program: i32): u32 {
  return readInfo(program) < 0 ? 0 : load<u32>(INFO, ProgInfo.JitedBytes);
}

/** Fills INFO, in which fields that the kernel does not know stay zero. */
function readInfo(fd: i32): i32 {
  memory.fill(INFO, 0, ProgInfo.Size);
  clear();
  store<i32>(ATTR, fd, InfoAttr.Fd);
  store<i32>(ATTR, ProgInfo.Size, InfoAttr.Bytes);
  store<u64>(ATTR, addressOf(INFO), InfoAttr.Info);
  return bpf(BpfCommand.ObjGetInfoByFd, ATTR, InfoAttr.Size);
}

/** The kernel takes names of 15 bytes, of letters, digits, '_' and '.'. */
function storeName(at: usize, name: string): void {
  for (let i = 0, n = min(name.length, OBJECT_NAME_BYTES - 1); i < n; ++i) {
    const c = name.charCodeAt(i);
    const isDigit = c >= 0x30 && c <= 0x39;
    const isLetter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    store<u8>(at + i, isDigit || isLetter || c == 0x2e ? <u8>c : 0x5f);
  }
}
