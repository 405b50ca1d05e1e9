// Many functions with one link (kprobe.multi, where the kernel has fprobe): attaching and detaching hundreds of probes
// takes one grace period instead of one for each. kprobe.ts attaches what this file cannot: all probes on a kernel
// without kprobe.multi, functions that ftrace does not know, and functions of modules: a link would hold the module.

import { encodeTextZ } from "../../../common/as/bytes";
import { ATTACH_ROWS, AttachFlags, attachRow, TRACEPOINT_CALLER } from "../../../common/format/attach";
import { AttachType } from "../../../common/format/bpf";
import { AttachKind, NONE } from "../../../common/format/manifest";
import { KprobeList, linkKprobes } from "../bpf";
import { findSymbols, TraceableReader } from "../kallsyms";
import { loadVariant } from "../load";
import { Probe, Program } from "../manifest";
import { NameFilter } from "../name-filter";
import { LoadedObject } from "../object";
import { addressOf, close } from "../syscall";
import { attachIdle } from "./tracepoint-call";

/** Fewer probes than this are attached one by one: loading the program once more would cost as much. */
const FEWEST: i32 = 4;

/** From here on (6.14) the kernel keeps notes of calls for kprobe.multi on the stack of each task: none is missed. */
const SEES_ALL: string = "fprobe_fgraph_entry";

/** Attaches the probes of programs that have many, as far as it can: they are marked as shared then. */
export function attachManyKprobes(o: LoadedObject): void {
  for (let kind = 0; kind < ATTACH_ROWS.length; ++kind) {
    const row = attachRow(kind);
    if (!row.is(AttachFlags.Multi)) continue;
    const isLossless = kind == AttachKind.Kretprobe && hasReturns(o) && findSymbols([SEES_ALL]).has(SEES_ALL);
    const fewest = isLossless ? 1 : FEWEST;
    for (let i = 0, n = o.programs.length; i < n; ++i) {
      attachGroup(o, o.programs[i], probesOf(o.programs[i], kind), fewest);
    }
  }
}

/** Probes of one kind on the first instructions of functions of the kernel that have no alternatives. */
function probesOf(program: Program, kind: AttachKind): Probe[] {
  const probes: Probe[] = [];
  for (let i = 0, n = program.probes.length; i < n; ++i) {
    const probe = program.probes[i];
    const target = probe.target;
    if (probe.attach != kind || probe.group != NONE || target.offset != 0 || target.module.length != 0) continue;
    probes.push(probe);
  }
  return probes;
}

function attachGroup(o: LoadedObject, program: Program, all: Probe[], fewest: i32): void {
  if (all.length < fewest) return;
  const probes = traceable(all);
  if (probes.length < fewest) return;
  const fd = loadVariant(o, program, AttachType.TraceKprobeMulti);
  if (fd < 0) return;
  const link = linkAll(fd, probes);
  if (link < 0) {
    close(fd);
    return;
  }
  for (let i = 0, n = probes.length; i < n; ++i) probes[i].isShared = makesCalls(probes[i]);
  probes[0].fds.push(link);
  probes[0].ownProgram = fd;
}

/** Whether a probe's function is called when its event happens. */
function makesCalls(probe: Probe): bool {
  return probe.attach != AttachKind.TracepointCall || attachIdle(probe) === null;
}

/** The function that a probe is on. */
function symbolOf(probe: Probe): string {
  const target = probe.target;
  return probe.attach == AttachKind.TracepointCall ? TRACEPOINT_CALLER + target.name : target.symbol;
}

function hasReturns(o: LoadedObject): bool {
  for (let i = 0, n = o.probes.length; i < n; ++i) if (o.probes[i].attach == AttachKind.Kretprobe) return true;
  return false;
}

/** Those of distinct functions that ftrace can hook; one that it cannot would spoil the link. */
function traceable(probes: Probe[]): Probe[] {
  const reader = new TraceableReader();
  const filter = new NameFilter(probes.map<string>((probe: Probe): string => symbolOf(probe)));
  const known = new Map<string, i32>();
  while (reader.next()) {
    if (!filter.hasName(reader.at, reader.length)) continue;
    const name = String.UTF8.decodeUnsafe(reader.at, reader.length);
    known.set(name, known.has(name) ? 2 : 1);
  }
  reader.close();
  const found: Probe[] = [];
  for (let i = 0, n = probes.length; i < n; ++i) {
    const name = symbolOf(probes[i]);
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
    const symbol = symbolOf(probes[i]);
    const name = encodeTextZ(symbol);
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
