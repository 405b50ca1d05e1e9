// Many functions with one link (kprobe.multi, where the kernel has fprobe): attaching and detaching hundreds of probes
// takes one grace period instead of one for each. What cannot be attached so is left to kprobe.ts: a kernel without it,
// functions that ftrace does not know.

import { encodeTextZ } from "../../../common/as/bytes";
import { AttachType } from "../../../common/format/bpf";
import { AttachKind } from "../../../common/format/manifest";
import { linkKprobes } from "../bpf";
import { NameFilter } from "../glob";
import { firstWord, openTraceable } from "../kallsyms";
import { loadVariant } from "../load";
import { Probe, Program } from "../manifest";
import { LoadedObject } from "../object";
import { addressOf, close } from "../syscall";

/** Fewer probes than this are attached one by one: loading the program once more would cost as much. */
const FEWEST: i32 = 4;

/** Attaches the kprobes and kretprobes of programs that have many, as far as it can: those have descriptors then. */
export function attachManyKprobes(o: LoadedObject): void {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    attachGroup(o, o.programs[i], AttachKind.Kprobe);
    attachGroup(o, o.programs[i], AttachKind.Kretprobe);
  }
}

function attachGroup(o: LoadedObject, program: Program, kind: AttachKind): void {
  let probes: Probe[] = [];
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    let probe = o.probes[i];
    if (probe.program == program && probe.attach == kind) probes.push(probe);
  }
  if (probes.length < FEWEST) return;
  probes = traceable(probes);
  if (probes.length < FEWEST) return;
  let fd = loadVariant(o, program, AttachType.TraceKprobeMulti);
  if (fd < 0) return;
  let link = linkAll(fd, probes, kind == AttachKind.Kretprobe);
  if (link < 0) {
    close(fd);
    return;
  }
  for (let i = 0, n = probes.length; i < n; ++i) probes[i].isShared = true;
  probes[0].fds.push(link);
  probes[0].fds.push(fd);
}

/** Those of distinct functions that ftrace can hook; one that it cannot would spoil the link. */
function traceable(probes: Probe[]): Probe[] {
  let reader = openTraceable();
  let filter = new NameFilter(probes.map<string>((probe: Probe): string => probe.target));
  let known = new Map<string, i32>();
  while (reader.next()) {
    let length = firstWord(reader);
    if (!filter.hasName(reader.at, length)) continue;
    let name = String.UTF8.decodeUnsafe(reader.at, length);
    known.set(name, known.has(name) ? 2 : 1);
  }
  reader.close();
  let found: Probe[] = [];
  for (let i = 0, n = probes.length; i < n; ++i) {
    let target = probes[i].target;
    if (!known.has(target) || known.get(target) != 1) continue;
    known.set(target, 2); // a second probe of the same function gets a kprobe of its own
    found.push(probes[i]);
  }
  return found;
}

function linkAll(program: i32, probes: Probe[], isReturn: bool): i32 {
  let names: StaticArray<u8>[] = [];
  let pointers = new StaticArray<u64>(probes.length);
  for (let i = 0, n = probes.length; i < n; ++i) {
    let name = encodeTextZ(probes[i].target);
    names.push(name);
    pointers[i] = addressOf(changetype<usize>(name));
  }
  return linkKprobes(program, changetype<usize>(pointers), names.length, isReturn);
}
