// Many functions with one link (kprobe.multi, where the kernel has fprobe): attaching and detaching hundreds of probes
// takes one grace period instead of one for each. kprobe.ts attaches what this file cannot: all probes on a kernel
// without kprobe.multi, and functions that ftrace does not know.

import { encodeTextZ } from "../../../common/as/bytes";
import { ATTACH_ROWS, AttachFlags, attachRow, TargetKind } from "../../../common/format/attach";
import { AttachType } from "../../../common/format/bpf";
import { AttachKind, NONE } from "../../../common/format/manifest";
import { KprobeList, linkKprobes } from "../bpf";
import { firstWord, openTraceable } from "../kallsyms";
import { loadVariant } from "../load";
import { Probe, Program } from "../manifest";
import { NameFilter } from "../name-filter";
import { LoadedObject } from "../object";
import { addressOf, close } from "../syscall";

/** Fewer probes than this are attached one by one: loading the program once more would cost as much. */
const FEWEST: i32 = 4;

/** Attaches the probes of programs that have many, as far as it can: they are marked as shared then. */
export function attachManyKprobes(o: LoadedObject): void {
  for (let kind = 0; kind < ATTACH_ROWS.length; ++kind) {
    const row = attachRow(kind);
    if (!row.is(AttachFlags.Multi) || row.target != TargetKind.Function) continue;
    for (let i = 0, n = o.programs.length; i < n; ++i) attachGroup(o, o.programs[i], kind);
  }
}

function attachGroup(o: LoadedObject, program: Program, kind: AttachKind): void {
  let probes: Probe[] = [];
  for (let i = 0, n = program.probes.length; i < n; ++i) {
    const probe = program.probes[i];
    if (probe.attach == kind && isPlain(probe)) probes.push(probe);
  }
  if (probes.length < FEWEST) return;
  probes = traceable(probes);
  if (probes.length < FEWEST) return;
  const fd = loadVariant(o, program, AttachType.TraceKprobeMulti);
  if (fd < 0) return;
  const link = linkAll(fd, probes);
  if (link < 0) {
    close(fd);
    return;
  }
  for (let i = 0, n = probes.length; i < n; ++i) probes[i].isShared = true;
  probes[0].fds.push(link);
  probes[0].ownProgram = fd;
}

/** Whether a probe is on the first instruction of a function of the kernel and has no alternatives. */
function isPlain(probe: Probe): bool {
  const target = probe.target;
  return probe.group == NONE && target.offset == 0 && target.module.length == 0;
}

/** Those of distinct functions that ftrace can hook; one that it cannot would spoil the link. */
function traceable(probes: Probe[]): Probe[] {
  const reader = openTraceable();
  const filter = new NameFilter(probes.map<string>((probe: Probe): string => probe.target.name));
  const known = new Map<string, i32>();
  while (reader.next()) {
    const length = firstWord(reader);
    if (!filter.hasName(reader.at, length)) continue;
    const name = String.UTF8.decodeUnsafe(reader.at, length);
    known.set(name, known.has(name) ? 2 : 1);
  }
  reader.close();
  const found: Probe[] = [];
  for (let i = 0, n = probes.length; i < n; ++i) {
    const name = probes[i].target.name;
    if (!known.has(name) || known.get(name) != 1) continue;
    known.set(name, 2); // a second probe of the same function gets a kprobe of its own
    found.push(probes[i]);
  }
  return found;
}

function linkAll(program: i32, probes: Probe[]): i32 {
  const names: StaticArray<u8>[] = [];
  const pointers = new StaticArray<u64>(probes.length);
  const cookies = new StaticArray<u64>(probes.length);
  for (let i = 0, n = probes.length; i < n; ++i) {
    const name = encodeTextZ(probes[i].target.name);
    names.push(name);
    pointers[i] = addressOf(changetype<usize>(name));
    cookies[i] = probes[i].cookie;
  }
  const list = new KprobeList();
  list.count = names.length;
  list.names = changetype<usize>(pointers);
  list.cookies = changetype<usize>(cookies);
  return linkKprobes(program, list, probes[0].attach == AttachKind.Kretprobe);
}
