// Hooks an object's kernel probes and unhooks them: one row per way a probe can fire in the kernel. Members of AttachKind
// without a row fire in the agent itself (interpret.ts, timers.ts).

import { FailureCode } from "../../../common/format/frame";
import { AttachKind, Engine } from "../../../common/format/manifest";
import { infoRecursionMisses, readLinkMissed, readProgramInfo } from "../bpf";
import { fail, getFailure } from "../errors";
import { Probe } from "../manifest";
import { LoadedObject } from "../object";
import { close } from "../syscall";
import { attachCpuClock } from "./cpu-clock";
import { attachKprobe } from "./kprobe";
import { attachManyKprobes } from "./kprobe-multi";
import { attachRawTracepoint } from "./raw-tracepoint";

/** How probes of one kind are attached. */
class Row {
  constructor(
    public kind: AttachKind,
    /** 0, or -errno with the failure kept */
    public attach: (probe: Probe) => i32,
  ) {}
}

const ROWS: StaticArray<Row> = [
  new Row(AttachKind.Kprobe, (probe: Probe): i32 => attachKprobe(probe)),
  new Row(AttachKind.Kretprobe, (probe: Probe): i32 => attachKprobe(probe)),
  new Row(AttachKind.RawTracepoint, (probe: Probe): i32 => attachRawTracepoint(probe)),
  new Row(AttachKind.CpuClock, (probe: Probe): i32 => attachCpuClock(probe)),
];

/** Who waits while hundreds of probes are attached or detached, which may take a minute, and must not think us dead. */
export abstract class Contact {
  /** Called between probes. */
  abstract keep(): void;
}

/** Probes that the newest attachObject attached, in the kernel. */
export let attachedCount: i32 = 0;

/**
 * Attaches all kernel probes in the manifest's order; 0, or -errno with the failure kept and nothing left attached.
 * Optional ones that fail are warnings.
 */
export function attachObject(o: LoadedObject, contact: Contact): i32 {
  attachedCount = 0;
  attachManyKprobes(o);
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    let probe = o.probes[i];
    if (probe.program.engine != Engine.Kernel) continue;
    let result = probe.isShared ? 0 : attachProbe(probe);
    contact.keep();
    if (result >= 0) {
      ++attachedCount;
      continue;
    }
    release(probe);
    if (!probe.isOptional) {
      detachObject(o, contact);
      return result;
    }
    o.warnings.push(`${probe.point}: ${getFailure().render()}`);
  }
  return 0;
}

/** Unhooks all probes; handlers that run at this moment finish. */
export function detachObject(o: LoadedObject, contact: Contact): void {
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    let isHeld = o.probes[i].fds.length != 0;
    release(o.probes[i]);
    if (isHeld) contact.keep();
  }
}

/** Events that the kernel itself missed, as far as it tells. Ask before detaching. */
export function missedEvents(o: LoadedObject): u64 {
  let missed: u64 = 0;
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    let fd = o.programs[i].fd;
    if (fd >= 0 && readProgramInfo(fd) >= 0) missed += infoRecursionMisses();
  }
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    let fds = o.probes[i].fds;
    for (let j = 0, m = fds.length; j < m; ++j) missed += readLinkMissed(fds[j]);
  }
  return missed;
}

function attachProbe(probe: Probe): i32 {
  for (let i = 0, n = ROWS.length; i < n; ++i) {
    if (ROWS[i].kind == probe.attach) return ROWS[i].attach(probe);
  }
  return fail(FailureCode.Object, 0, `probe '${probe.point}' attaches in a way this agent does not know`);
}

function release(probe: Probe): void {
  for (let i = 0, n = probe.fds.length; i < n; ++i) close(probe.fds[i]);
  probe.fds = [];
  probe.isShared = false;
}
