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
import { FEATURES, featureOf, PREEMPTIBLE } from "../../common/format/features";
import { FailureCode } from "../../common/format/frame";
import { Helper } from "../../common/format/helpers";
import { UtsField } from "../../common/format/linux";
import {
  CGROUP_FEATURE,
  FeatureRow,
  KERNEL_FEATURE,
  KERNEL_REASON,
  LACKING_FEATURE,
  NONE,
  PARAMETER_FEATURE,
  TableKind,
  TICKS_FEATURE,
  TYPES_FEATURE,
} from "../../common/format/manifest";
import { createMap, hasRecursionGuard, loadProgram, MapRequest, ProgramRequest, testRun } from "./bpf";
import { Errno, Failure } from "./errors";
import { jiffiesPerSecond, kernelBuildId } from "./kernel";
import { LoadedObject } from "./object";
import { hasCookies } from "./places";
import { isPreemptible } from "./preemption";
import { checkParameter } from "./relocate";
import { close, O_CLOEXEC, O_RDONLY, open, uname } from "./syscall";

/** How one feature is probed. */
class Probed {
  constructor(
    public name: string,
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

/** One row for each row of the table of features. */
const PROBES: StaticArray<Probed> = [
  new Probed("bpf", (): bool => probeBpf()),
  new Probed("raw_tp", (): bool => probeProgram(ProgramType.RawTracepoint, RETURN_0)),
  new Probed("kprobe_pmu", (): bool => exists("/sys/bus/event_source/devices/kprobe/type")),
  new Probed("btf", (): bool => exists("/sys/kernel/btf/vmlinux")),
  new Probed("ringbuf", (): bool => probeMap(MapType.Ringbuf, 0, 0, 4096)),
  new Probed("raw_tp_test_run", (): bool => probeTestRun()),
  new Probed("atomics_fetch", (): bool => probeProgram(ProgramType.Kprobe, FETCH_ADD)),
  new Probed("recursion_guard", (): bool => probeGuard()),
  new Probed("snprintf", (): bool => probeProgram(ProgramType.Kprobe, CALL_SNPRINTF)),
  new Probed("attach_cookie", (): bool => hasCookies(ProgramType.Kprobe)),
  new Probed("bpf_loop", (): bool => probeProgram(ProgramType.Kprobe, CALL_LOOP)),
  new Probed("signed_div", (): bool => probeProgram(ProgramType.Kprobe, SIGNED_DIV)),
  new Probed("may_goto", (): bool => probeProgram(ProgramType.Kprobe, MAY_GOTO)),
  new Probed(PREEMPTIBLE, (): bool => isPreemptible()),
];

/** Those of the features that this kernel has; "*": all. Programs of a few instructions are loaded to find out. */
export function findFeatures(names: string[]): string[] {
  const found: string[] = [];
  for (let i = 0, n = PROBES.length; i < n; ++i) {
    const isWanted = names.includes("*") || names.includes(PROBES[i].name);
    if (isWanted && PROBES[i].probe()) found.push(PROBES[i].name);
  }
  return found;
}

function findProbe(name: string): Probed | null {
  for (let i = 0, n = PROBES.length; i < n; ++i) if (PROBES[i].name == name) return PROBES[i];
  return null;
}

/** Probes what the whole object needs; what single probes need goes to them (alternatives.ts). */
export function checkFeatures(o: LoadedObject): Failure | null {
  o.isAtHome = isAtHome(o);
  for (let row = 0, n = o.manifest.count(TableKind.Feature); row < n; ++row) {
    const name = o.manifest.text(TableKind.Feature, row, FeatureRow.Name);
    const probe = o.manifest.field(TableKind.Feature, row, FeatureRow.Probe);
    if (name.startsWith(TYPES_FEATURE)) continue;
    if (name.startsWith(PARAMETER_FEATURE) && o.isAtHome) continue;
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

/** Whether the object has the types of another kernel in it, and may run here nonetheless. */
function isAtHome(o: LoadedObject): bool {
  for (let row = 0, n = o.manifest.count(TableKind.Feature); row < n; ++row) {
    const name = o.manifest.text(TableKind.Feature, row, FeatureRow.Name);
    if (name.startsWith(TYPES_FEATURE)) return name.substring(TYPES_FEATURE.length) == thisKernel();
  }
  return true;
}

/** Probes one feature by its name. */
export function checkFeature(name: string): Failure | null {
  if (name.startsWith(PARAMETER_FEATURE)) return checkParameter(name);
  if (name.startsWith(TICKS_FEATURE)) return checkTicks(name);
  if (name.startsWith(KERNEL_FEATURE)) return checkKernel(name.substring(KERNEL_FEATURE.length));
  const isLacking = name.startsWith(LACKING_FEATURE);
  if (isLacking) name = name.substring(LACKING_FEATURE.length);
  const feature = featureOf(name);
  const probe = findProbe(name);
  if (!feature || !probe) {
    const what = `the object needs '${name}', which this agent does not know`;
    return new Failure(FailureCode.Feature, 0, what, "Use an agent as new as the compiler.");
  }
  if (probe.probe() != isLacking) return null;
  if (isLacking) {
    const what = `this kernel has ${feature.text}, and the object was compiled for one without`;
    return new Failure(FailureCode.Feature, 0, what, "Compile its script for this machine.");
  }
  const hint = `Linux ${feature.since} or newer has it.`;
  return new Failure(FailureCode.Feature, 0, `this kernel has no ${feature.text}`, hint);
}

/** Refuses an object in whose code another kernel's ticks per second stand. */
function checkTicks(feature: string): Failure | null {
  const here = jiffiesPerSecond();
  if (here == 0 || feature == `${TICKS_FEATURE}${here}`) return null;
  const text = `the object was compiled for a kernel with ${feature.substring(TICKS_FEATURE.length)} ticks per second`;
  return new Failure(FailureCode.Feature, 0, `${text}; this one has ${here}`, "Compile its script for this machine.");
}

/** What names this kernel in features. */
function thisKernel(): string {
  const buildId = kernelBuildId();
  return buildId.length > 0 ? buildId : `${uname(UtsField.Release)} ${uname(UtsField.Version)}`;
}

/** Refuses an object that has another kernel's types in it: it would read wrong memory here. */
function checkKernel(feature: string): Failure | null {
  const at = feature.indexOf(KERNEL_REASON);
  const wanted = at < 0 ? feature : feature.substring(0, at);
  const reason = at < 0 ? "" : `, and is for that one only${feature.substring(at)}`;
  const here = thisKernel();
  if (wanted == here) return null;
  const text = `the object was compiled with the types of another kernel (${wanted}; this one is ${here})${reason}`;
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

/** Kernels with the guard count what it keeps out, in what they tell of any program. */
function probeGuard(): bool {
  const fd = loadInsns(ProgramType.Kprobe, RETURN_0, 0, 0);
  if (fd < 0) return false;
  const has = hasRecursionGuard(fd);
  close(fd);
  return has;
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
  assert(FEATURES.length == PROBES.length, "one probe for each feature");
  for (let i = 0, n = PROBES.length; i < n; ++i) assert(PROBES[i].name == FEATURES[i].name, "they stand in one order");
}
