// Attaches an object's probes to events of the kernel and detaches them: one row for each kind that fires there. What
// the kinds are stands in common/format/attach.ts; those that the agent runs itself have no row here (interpret.ts,
// timers.ts).

import { AttachTarget } from "../../../common/as/attach-target";
import { ATTACH_ROWS, AttachFlags, attachRow, TargetKind } from "../../../common/format/attach";
import { FailureCode, ProgressStep } from "../../../common/format/frame";
import { AttachKind, Engine, NONE } from "../../../common/format/manifest";
import { describe, nextAlternative } from "../alternatives";
import { readLinkMissed, readRecursionMisses } from "../bpf";
import { Contact, goneFailure, ProgressMeter } from "../contact";
import { Failure } from "../errors";
import { readSeveral } from "../kallsyms";
import { loadForPlace, loadOne } from "../load";
import { Probe } from "../manifest";
import { readUses } from "../modules";
import { LoadedObject } from "../object";
import { close } from "../syscall";
import { attachCounter } from "./counter";
import { attachCpuClock } from "./cpu-clock";
import { stopFollowing } from "./each-cpu";
import { attachTyped } from "./fentry";
import { attachKprobe, attachKretprobe } from "./kprobe";
import { attachManyKprobes } from "./kprobe-multi";
import { attachLsm } from "./lsm";
import { missedReturns, removeEvents } from "./named-event";
import { attachRawTracepoint } from "./raw-tracepoint";
import { attachTracepointCall } from "./tracepoint-call";
import { attachUprobe } from "./uprobe";
import { attachManyUprobes } from "./uprobe-multi";
import { attachWatchpoint } from "./watchpoint";

/** How probes of one kind are attached. */
class Attacher {
  constructor(
    public kind: AttachKind,
    /** Attaches one probe; the number is how many of its kind are to be attached. */
    public attach: (probe: Probe, count: i32) => Failure | null,
  ) {}
}

const ATTACHERS: StaticArray<Attacher> = [
  new Attacher(AttachKind.Kprobe, (probe: Probe, _: i32): Failure | null => attachKprobe(probe)),
  new Attacher(AttachKind.Kretprobe, (probe: Probe, count: i32): Failure | null => attachKretprobe(probe, count)),
  new Attacher(AttachKind.RawTracepoint, (probe: Probe, _: i32): Failure | null => attachRawTracepoint(probe)),
  new Attacher(AttachKind.CpuClock, (probe: Probe, _: i32): Failure | null => attachCpuClock(probe)),
  new Attacher(AttachKind.TracepointCall, (probe: Probe, _: i32): Failure | null => attachTracepointCall(probe)),
  new Attacher(AttachKind.Counter, (probe: Probe, _: i32): Failure | null => attachCounter(probe)),
  new Attacher(AttachKind.Uprobe, (probe: Probe, _: i32): Failure | null => attachUprobe(probe)),
  new Attacher(AttachKind.Uretprobe, (probe: Probe, _: i32): Failure | null => attachUprobe(probe)),
  new Attacher(AttachKind.Lsm, (probe: Probe, _: i32): Failure | null => attachLsm(probe)),
  new Attacher(AttachKind.Fentry, (probe: Probe, _: i32): Failure | null => attachTyped(probe)),
  new Attacher(AttachKind.Fexit, (probe: Probe, _: i32): Failure | null => attachTyped(probe)),
  new Attacher(AttachKind.Watchpoint, (probe: Probe, _: i32): Failure | null => attachWatchpoint(probe)),
];

/** What attaching came to. */
export class Attached {
  /** Probes that are attached in the kernel. */
  count: i32 = 0;
  /** Why nothing is attached; null if all is. */
  failure: Failure | null = null;
}

/** Attaches all kernel probes in the manifest's order, or nothing. Optional ones that fail become warnings. */
export function attachObject(o: LoadedObject, contact: Contact): Attached {
  const isOnTracepoints = countOf(o, AttachKind.RawTracepoint) + countOf(o, AttachKind.TracepointCall) > 0;
  if (!isOnTracepoints) return attachAll(o, contact);
  const before = readUses();
  const attached = attachAll(o, contact);
  if (!attached.failure) warnOfHeld(o, before);
  return attached;
}

/** Says which modules cannot be removed meanwhile: of all kinds of probes only tracepoints hold theirs. */
function warnOfHeld(o: LoadedObject, before: Map<string, i32>): void {
  const now = readUses();
  const names = now.keys();
  for (let i = 0, n = names.length; i < n; ++i) {
    const name = names[i];
    if (!before.has(name) || now.get(name) <= before.get(name)) continue;
    o.warnings.push(`module '${name}' cannot be removed while its tracepoints are probed`);
  }
}

function attachAll(o: LoadedObject, contact: Contact): Attached {
  const attached = new Attached();
  readNames(o);
  attachManyKprobes(o);
  attachManyUprobes(o);
  const meter = new ProgressMeter(contact, ProgressStep.Attaching, countKernelProbes(o));
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    const probe = o.probes[i];
    if (probe.program.engine != Engine.Kernel || !probe.isChosen) continue;
    // It has taken the place of one that stands before it.
    if (probe.fds.length != 0 && !probe.isShared) continue;
    let failure: Failure | null = null;
    if (!probe.isShared) failure = attachOne(o, probe);
    const isWanted = meter.advance(attached.count);
    if (!failure && isWanted) {
      ++attached.count;
    } else if (failure && probe.isOptional && isWanted) {
      o.warnings.push(`${probe.point}: ${failure.render()}`);
    } else {
      detachObject(o, contact);
      attached.failure = failure ? failure : goneFailure();
      return attached;
    }
  }
  return attached;
}

/** Attaches a probe, or one of its alternatives; the reason of the last one if none can be attached. */
function attachOne(o: LoadedObject, first: Probe): Failure | null {
  let probe = first;
  while (true) {
    let failure: Failure | null = null;
    if (probe.program.fd < 0) failure = loadOne(o, probe.program);
    if (!failure) failure = loadForPlace(o, probe);
    if (!failure) failure = attachProbe(o, probe);
    if (!failure) {
      if (probe.group != NONE) o.notes.push(`${describe(probe)} is attached`);
      return null;
    }
    release(probe);
    const next = nextAlternative(o, probe, failure);
    if (!next) return failure;
    probe = next;
  }
}

/** Detaches all probes; handlers that run at this moment finish. */
export function detachObject(o: LoadedObject, contact: Contact): void {
  stopFollowing();
  const meter = new ProgressMeter(contact, ProgressStep.Detaching, countKernelProbes(o));
  let done = 0;
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    const isHeld = o.probes[i].fds.length != 0;
    if (isHeld || o.probes[i].isShared) ++done;
    release(o.probes[i]);
    if (isHeld) meter.advance(done);
  }
  removeEvents();
}

/** How many probes of a kind are to be attached. */
function countOf(o: LoadedObject, kind: AttachKind): i32 {
  let count = 0;
  for (let i = 0, n = o.probes.length; i < n; ++i) if (o.probes[i].attach == kind && o.probes[i].isChosen) ++count;
  return count;
}

/** Has the kernel's symbols read, if probes are on functions by name: several may have the name. */
function readNames(o: LoadedObject): void {
  const names = new Set<string>();
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    if (attachRow(o.probes[i].attach).target == TargetKind.Function) names.add(o.probes[i].target.symbol);
  }
  readSeveral(names.values());
}

function countKernelProbes(o: LoadedObject): i32 {
  let count = 0;
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    if (o.probes[i].program.engine == Engine.Kernel && o.probes[i].isChosen) ++count;
  }
  return count;
}

/** Events that the kernel itself missed, as far as it tells. Ask before detaching. */
export function missedEvents(o: LoadedObject): u64 {
  let missed: u64 = 0;
  let returns: u64 = 0;
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    const fd = o.programs[i].fd;
    if (fd >= 0) missed += readRecursionMisses(fd);
  }
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    if (o.probes[i].ownProgram >= 0) missed += readRecursionMisses(o.probes[i].ownProgram);
    const fds = o.probes[i].fds;
    let ofLinks: u64 = 0;
    for (let j = 0, m = fds.length; j < m; ++j) ofLinks += readLinkMissed(fds[j]);
    if (o.probes[i].attach == AttachKind.Kretprobe) returns += ofLinks;
    else missed += ofLinks;
  }
  // Newer kernels say the same of links and in the profile of tracefs.
  return missed + max(returns, missedReturns());
}

function attachProbe(o: LoadedObject, probe: Probe): Failure | null {
  if (isConfined(probe.target))
    return new Failure(FailureCode.Object, 0, `probe '${probe.point}' has a target that this agent cannot attach to`);
  for (let i = 0, n = ATTACHERS.length; i < n; ++i) {
    if (ATTACHERS[i].kind == probe.attach) return ATTACHERS[i].attach(probe, countOf(o, probe.attach));
  }
  return new Failure(
    FailureCode.Object,
    0,
    `probe '${probe.point}' is attached in a way that this agent does not know`,
  );
}

/** Whether a target says something that no way of attaching here takes account of. */
function isConfined(target: AttachTarget): bool {
  const isInModule = target.module.length != 0 && target.kind != TargetKind.Function;
  const isInFile = target.path.length != 0 || target.buildId.length != 0;
  return isInModule || (isInFile && target.kind != TargetKind.Code) || target.pid != 0;
}

function release(probe: Probe): void {
  // The newest first: in the other order the kernel waits for a grace period at each tracepoint.
  for (let i = probe.fds.length - 1; i >= 0; --i) close(probe.fds[i]);
  if (probe.ownProgram >= 0) close(probe.ownProgram);
  probe.ownProgram = -1;
  probe.fds = [];
  probe.isShared = false;
}

/** Checks that exactly the kinds that fire on kernel events have a row; called by tests. */
export function selfCheckAttachers(): void {
  for (let kind = 0; kind < ATTACH_ROWS.length; ++kind) {
    let rows = 0;
    for (let i = 0; i < ATTACHERS.length; ++i) if (ATTACHERS[i].kind == kind) ++rows;
    const isKernel = attachRow(kind).is(AttachFlags.KernelEvent);
    assert(rows == (isKernel ? 1 : 0), `${attachRow(kind).name} has ${rows} rows of the agent's`);
  }
}
