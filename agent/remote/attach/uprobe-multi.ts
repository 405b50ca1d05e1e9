// Many places of one file with one link (uprobe.multi, from 6.6 on): detaching takes one grace period instead of one
// for each. uprobe.ts attaches what this file cannot: all probes on a kernel without uprobe.multi.

import { AttachType } from "../../../common/format/bpf";
import { AttachKind, NONE } from "../../../common/format/manifest";
import { linkUprobes, UprobeList } from "../bpf";
import { checkPlace, placeOf } from "../code-file";
import { loadVariant } from "../load";
import { Probe, Program } from "../manifest";
import { LoadedObject } from "../object";
import { close } from "../syscall";

/** Attaches the probes of programs that are in programs of user space, as far as it can: they are marked as shared. */
export function attachManyUprobes(o: LoadedObject): void {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    const program = o.programs[i];
    if (program.probes.length == 0) continue;
    const kind = program.probes[0].attach;
    if (kind != AttachKind.Uprobe && kind != AttachKind.Uretprobe) continue;
    const paths = new Set<string>();
    for (let k = 0, m = program.probes.length; k < m; ++k) paths.add(program.probes[k].target.path);
    const files = paths.values();
    for (let k = 0, m = files.length; k < m; ++k) {
      if (!attachGroup(o, program, placesIn(program, files[k], kind))) return;
    }
  }
}

/** The probes of a program in one file that have no alternatives, and may be attached. */
function placesIn(program: Program, path: string, kind: AttachKind): Probe[] {
  const probes: Probe[] = [];
  for (let i = 0, n = program.probes.length; i < n; ++i) {
    const probe = program.probes[i];
    if (probe.attach != kind || probe.group != NONE || probe.target.path != path) continue;
    if (!checkPlace(probe.target)) probes.push(probe);
  }
  return probes;
}

/** False: the kernel has no uprobe.multi. */
function attachGroup(o: LoadedObject, program: Program, probes: Probe[]): bool {
  if (probes.length == 0) return true;
  const fd = loadVariant(o, program, AttachType.TraceUprobeMulti);
  if (fd < 0) return false;
  const link = linkAll(fd, probes);
  if (link < 0) {
    close(fd);
    return true;
  }
  for (let i = 0, n = probes.length; i < n; ++i) probes[i].isShared = true;
  probes[0].fds.push(link);
  probes[0].ownProgram = fd;
  return true;
}

function linkAll(program: i32, probes: Probe[]): i32 {
  const offsets = new StaticArray<u64>(probes.length);
  const semaphores = new StaticArray<u64>(probes.length);
  const cookies = new StaticArray<u64>(probes.length);
  let hasSemaphores = false;
  for (let i = 0, n = probes.length; i < n; ++i) {
    offsets[i] = probes[i].target.offset;
    semaphores[i] = probes[i].target.semaphore;
    cookies[i] = probes[i].cookie;
    if (semaphores[i] != 0) hasSemaphores = true;
  }
  const list = new UprobeList();
  list.count = probes.length;
  list.offsets = changetype<usize>(offsets);
  list.cookies = changetype<usize>(cookies);
  if (hasSemaphores) list.semaphores = changetype<usize>(semaphores);
  return linkUprobes(program, placeOf(probes[0].target), list, probes[0].attach == AttachKind.Uretprobe);
}
