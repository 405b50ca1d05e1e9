// What a kernel must be able to do for an object, one row per feature. Features are probed, never inferred from version
// numbers: distributions backport. Manifest rows name them; a kernel that lacks one is refused by that name.

import {
  Alu,
  Atomic,
  Class,
  Jmp,
  LogLevel,
  MapFlag,
  MapType,
  Opcode,
  ProgramType,
  Source,
} from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { Helper } from "../../common/format/helpers";
import { UtsField } from "../../common/format/linux";
import { CGROUP_FEATURE, FeatureRow, KERNEL_FEATURE, NONE, TableKind } from "../../common/format/manifest";
import { createMap, loadProgram, MapRequest, ProgramRequest, testRun } from "./bpf";
import { Errno, Failure } from "./errors";
import { kernelBuildId } from "./kernel";
import { LoadedObject } from "./object";
import { hasCookies } from "./places";
import { isPreemptible } from "./preemption";
import { close, O_CLOEXEC, O_RDONLY, open, uname } from "./syscall";

/** One thing that a kernel can or cannot do. */
export class Feature {
  constructor(
    /** as manifests spell it */
    public name: string,
    /** first mainline release that has it */
    public since: string,
    /** what it is, for messages */
    public text: string,
    /** asks the kernel; true: it can */
    public probe: () => bool,
  ) {}
}

// Programs that only a kernel with the feature accepts. One 64-bit word per instruction:
// imm << 32 | off << 16 | src << 12 | dst << 8 | opcode.

const MOV_R0_0: u64 = <u64>Opcode.MovImm64;
const EXIT: u64 = <u64>Opcode.Exit;
const RETURN_0: StaticArray<u64> = [MOV_R0_0, EXIT];
/** *(u64 *)(r10 - 8) = 0; r1 = 1; r1 = fetch_add(r10 - 8, r1); return 0 */
const FETCH_ADD: StaticArray<u64> = [
  0x0000_0000_fff8_0a00 | <u64>Opcode.StDW,
  0x0000_0001_0000_0100 | <u64>Opcode.MovImm64,
  ((<u64>(Atomic.Add | Atomic.Fetch)) << 32) | 0xfff8_1a00 | <u64>Opcode.AtomicDW,
  MOV_R0_0,
  EXIT,
];
/** r0 = 7; r1 = 2; r0 s/= r1; return 0 */
const SIGNED_DIV: StaticArray<u64> = [
  0x0000_0007_0000_0000 | <u64>Opcode.MovImm64,
  0x0000_0002_0000_0100 | <u64>Opcode.MovImm64,
  0x0000_0000_0001_1000 | <u64>(Alu.Div | Source.X | Class.Alu64),
  MOV_R0_0,
  EXIT,
];
/** r0 = 0; may_goto +1; r0 = 1; return */
const MAY_GOTO: StaticArray<u64> = [
  MOV_R0_0,
  0x0000_0000_0001_0000 | <u64>(Jmp.Jcond | Class.Jmp),
  0x0000_0001_0000_0000 | MOV_R0_0,
  EXIT,
];
/**
 * bpf_loop with garbage: known helpers are refused for their arguments, unknown ones as unknown; told apart by the log.
 */
const CALL_LOOP: StaticArray<u64> = [
  0x0000_0000_0000_0100 | <u64>Opcode.MovImm64,
  ((<u64>Helper.Loop) << 32) | <u64>Opcode.Call,
  MOV_R0_0,
  EXIT,
];

/** The same with bpf_snprintf. */
const CALL_SNPRINTF: StaticArray<u64> = [
  0x0000_0000_0000_0100 | <u64>Opcode.MovImm64,
  ((<u64>Helper.Snprintf) << 32) | <u64>Opcode.Call,
  MOV_R0_0,
  EXIT,
];

/** All features the agent can probe. */
const FEATURES: StaticArray<Feature> = [
  new Feature("bpf", "3.18", "the bpf() system call", (): bool => probeBpf()),
  new Feature("ringbuf", "5.8", "BPF ring buffers", (): bool => probeMap(MapType.Ringbuf, 0, 0, 4096)),
  new Feature(
    "raw_tp",
    "4.17",
    "raw tracepoint programs",
    (): bool => probeProgram(ProgramType.RawTracepoint, RETURN_0),
  ),
  new Feature("raw_tp_test_run", "5.10", "running raw tracepoint programs on order", (): bool => probeTestRun()),
  new Feature(
    "kprobe_pmu",
    "4.17",
    "kprobes through perf events",
    (): bool => exists("/sys/bus/event_source/devices/kprobe/type"),
  ),
  new Feature("btf", "5.2", "types of the kernel itself (BTF)", (): bool => exists("/sys/kernel/btf/vmlinux")),
  new Feature(
    "atomics_fetch",
    "5.12",
    "atomic operations that return a value",
    (): bool => probeProgram(ProgramType.Kprobe, FETCH_ADD),
  ),
  new Feature("attach_cookie", "5.15", "attach cookies", (): bool => hasCookies(ProgramType.Kprobe)),
  new Feature(
    "snprintf",
    "5.13",
    "names of its symbols for programs (bpf_snprintf)",
    (): bool => probeProgram(ProgramType.Kprobe, CALL_SNPRINTF),
  ),
  new Feature("bpf_loop", "5.17", "the bpf_loop() helper", (): bool => probeProgram(ProgramType.Kprobe, CALL_LOOP)),
  new Feature("signed_div", "6.6", "signed division", (): bool => probeProgram(ProgramType.Kprobe, SIGNED_DIV)),
  new Feature("may_goto", "6.9", "may_goto", (): bool => probeProgram(ProgramType.Kprobe, MAY_GOTO)),
];

/** Not a need: handlers on tracepoints may be preempted, and the compiler chooses another way to attach them. */
const PREEMPTIBLE: string = "preemptible";

/** Those of the features that this kernel has. Programs of a few instructions are loaded to find out. */
export function findFeatures(names: string[]): string[] {
  const found: string[] = [];
  for (let i = 0, n = names.length; i < n; ++i) {
    const feature = findFeature(names[i]);
    const isThere = feature ? feature.probe() : names[i] == PREEMPTIBLE && isPreemptible();
    if (isThere) found.push(names[i]);
  }
  return found;
}

/** The row of that name; null if there is none. */
function findFeature(name: string): Feature | null {
  for (let i = 0, n = FEATURES.length; i < n; ++i) {
    if (FEATURES[i].name == name) return FEATURES[i];
  }
  return null;
}

/** Probes what the whole object needs; what single probes need goes to them (alternatives.ts). */
export function checkFeatures(o: LoadedObject): Failure | null {
  for (let row = 0, n = o.manifest.count(TableKind.Feature); row < n; ++row) {
    const name = o.manifest.text(TableKind.Feature, row, FeatureRow.Name);
    const probe = o.manifest.field(TableKind.Feature, row, FeatureRow.Probe);
    if (probe != NONE) {
      o.probes[probe].features.push(name);
      continue;
    }
    if (name.startsWith(CGROUP_FEATURE)) {
      o.cgroup = name.substring(CGROUP_FEATURE.length);
      continue;
    }
    const failure = checkFeature(name);
    if (failure) return failure;
  }
  return null;
}

/** Probes one feature by its name. */
export function checkFeature(name: string): Failure | null {
  if (name.startsWith(KERNEL_FEATURE)) return checkKernel(name.substring(KERNEL_FEATURE.length));
  const feature = findFeature(name);
  if (!feature) {
    const what = `the object needs '${name}', which this agent does not know`;
    return new Failure(FailureCode.Feature, 0, what, "Use an agent as new as the compiler.");
  }
  if (feature.probe()) return null;
  const hint = `Linux ${feature.since} or newer has it.`;
  return new Failure(FailureCode.Feature, 0, `this kernel has no ${feature.text}`, hint);
}

/** Refuses an object that has another kernel's types in it: it would read wrong memory here. */
function checkKernel(wanted: string): Failure | null {
  const buildId = kernelBuildId();
  const here = buildId.length > 0 ? buildId : `${uname(UtsField.Release)} ${uname(UtsField.Version)}`;
  if (wanted == here) return null;
  const text = `the object was compiled with the types of another kernel (${wanted}; this one is ${here})`;
  return new Failure(FailureCode.Feature, 0, text, "Compile its script for this machine.");
}

function probeBpf(): bool {
  const fd = createMap(new MapRequest("probe", MapType.Array, 4, 8, 1, MapFlag.None));
  if (fd >= 0) close(fd);
  return fd != -Errno.ENOSYS;
}

function probeMap(type: i32, keyBytes: i32, valueBytes: i32, maxEntries: i32): bool {
  const fd = createMap(new MapRequest("probe", type, keyBytes, valueBytes, maxEntries, 0));
  if (fd >= 0) close(fd);
  return fd >= 0;
}

function loadInsns(type: i32, insns: StaticArray<u64>, log: usize, logBytes: i32): i32 {
  const request = new ProgramRequest();
  request.type = type;
  request.name = "probe";
  request.insns = changetype<usize>(insns);
  request.insnCount = insns.length;
  if (logBytes > 0) {
    request.logLevel = LogLevel.Level1;
    request.log = log;
    request.logBytes = logBytes;
  }
  return loadProgram(request);
}

function probeProgram(type: i32, insns: StaticArray<u64>): bool {
  const isCall = insns == CALL_LOOP || insns == CALL_SNPRINTF;
  const log = new StaticArray<u8>(isCall ? 65536 : 8);
  const fd = loadInsns(type, insns, changetype<usize>(log), isCall ? log.length : 0);
  if (fd >= 0) close(fd);
  if (!isCall) return fd >= 0;
  let length = 0;
  while (length < log.length && log[length] != 0) ++length;
  const text = String.UTF8.decodeUnsafe(changetype<usize>(log), length);
  return fd != -Errno.EPERM && !text.includes("invalid func") && !text.includes("unknown func");
}

function probeTestRun(): bool {
  const fd = loadInsns(ProgramType.RawTracepoint, RETURN_0, 0, 0);
  if (fd < 0) return false;
  const result = testRun(fd);
  close(fd);
  return result >= 0;
}

function exists(path: string): bool {
  const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/** Checks the table; called by tests. */
export function selfCheckFeatures(): void {
  for (let i = 0, n = FEATURES.length; i < n; ++i)
    assert(findFeature(FEATURES[i].name) == FEATURES[i], "feature names differ");
}
