// The manifest's programs and probes as objects, found in the ELF file and checked: what the rest of the agent works
// on. Only this file and features.ts look at their rows; positions, sites and formats are read by the host and the
// formatter.

import { AttachTarget } from "../../common/as/attach-target";
import { ElfFile, Section } from "../../common/as/elf-reader";
import { ManifestReader } from "../../common/as/manifest-reader";
import { attachRow, isAttachKind } from "../../common/format/attach";
import { INSN_BYTES } from "../../common/format/bpf";
import { SymbolType } from "../../common/format/elf";
import {
  AttachKind,
  Engine,
  NONE,
  ProbeFlags,
  ProbeRow,
  ProgramRow,
  TableKind,
  TargetRow,
} from "../../common/format/manifest";

/** How a program learns for which of its probes it runs (places.ts). */
export const enum PlaceMode {
  /** It does not ask. */
  None,
  Cookie,
  /** By the instruction pointer, in a table. */
  Address,
  /** The number stands in its code. */
  Literal,
}

/** One BPF program: where its code lies in the file and, once loaded, its descriptor. */
export class Program {
  /** descriptor of a loaded kernel program, -1 otherwise */
  fd: i32 = -1;
  /** instructions the verifier walked through; 0 if the kernel does not tell */
  verifiedInsns: u32 = 0;
  loadMicroseconds: u32 = 0;
  /** those that run it, in the manifest's order */
  probes: Probe[] = [];
  /** table in .bss by which it finds its place: offset and entries; no entries: there is none (places.ts) */
  placeTable: i32 = 0;
  placeCount: i32 = 0;
  placeMode: PlaceMode = PlaceMode.None;

  constructor(
    public name: string,
    public engine: Engine,
    /** ProgramType */
    public type: i32,
    public section: Section,
    /** byte offset in the section */
    public start: i32,
    public bytes: i32,
  ) {}
}

/** One probe, and the descriptors that keep it attached. */
export class Probe {
  target: AttachTarget = new AttachTarget();
  /** nanoseconds */
  period: u64 = 0;
  /** nanoseconds at random around the period */
  jitter: u64 = 0;
  order: i32 = 0;
  flags: ProbeFlags = ProbeFlags.None;
  /** the probe point as -p2 shows it */
  point: string = "";
  /** NONE, or what it shares with its alternatives, which stand next to it (alternatives.ts) */
  group: i32 = NONE;
  /** names of features that it needs; without them another alternative is chosen */
  features: string[] = [];
  /** whether it is to be attached: of alternatives at most one is */
  isChosen: bool = true;
  /** descriptors of perf events or links; empty when not attached */
  fds: i32[] = [];
  /** what its program is told when it fires: the number of its place */
  place: i32 = 0;
  /** of a kretprobe: calls that it watches at the same time; 0: the agent decides */
  active: i32 = 0;
  /** where its functions begin, if its program must know */
  addresses: u64[] = [];
  /** descriptor of a program that was loaded for this probe, or for the link that it holds; -1: `program` serves it */
  ownProgram: i32 = -1;
  /** attached by a link that another probe of the same program holds (attach/kprobe-multi.ts) */
  isShared: bool = false;

  constructor(
    public program: Program,
    public attach: AttachKind,
  ) {}

  /** The descriptor of the program that it runs. */
  get programFd(): i32 {
    return this.ownProgram >= 0 ? this.ownProgram : this.program.fd;
  }

  /** With what it is attached, so that its program can ask. */
  get cookie(): u64 {
    return this.program.placeMode == PlaceMode.Cookie ? <u64>this.place : 0;
  }

  get isOptional(): bool {
    return (this.flags & ProbeFlags.Optional) != 0;
  }
}

/** Appends the object's programs in the manifest's order; empty, or what is wrong. */
export function readPrograms(manifest: ManifestReader, elf: ElfFile, programs: Program[]): string {
  for (let row = 0, n = manifest.count(TableKind.Program); row < n; ++row) {
    const name = manifest.text(TableKind.Program, row, ProgramRow.Name);
    const section = elf.findSection(manifest.text(TableKind.Program, row, ProgramRow.Section));
    const symbol = elf.findSymbol(name, SymbolType.Func);
    if (!section || !symbol || symbol.section != section.index)
      return `program '${name}' of the manifest is not in the file`;
    const end = symbol.value + symbol.bytes;
    const aligned = symbol.value % INSN_BYTES == 0 && symbol.bytes % INSN_BYTES == 0;
    if (!aligned || symbol.bytes == 0 || end > section.data.length)
      return `program '${name}' does not consist of whole instructions`;
    const engine = manifest.field(TableKind.Program, row, ProgramRow.Engine);
    if (engine < Engine.Kernel || engine > Engine.TestRun)
      return `program '${name}' runs on an unknown engine (${engine})`;
    const type = manifest.field(TableKind.Program, row, ProgramRow.Type);
    const program = new Program(name, engine, type, section, symbol.value, symbol.bytes);
    program.placeTable = manifest.field(TableKind.Program, row, ProgramRow.PlaceTable);
    program.placeCount = manifest.field(TableKind.Program, row, ProgramRow.PlaceCount);
    programs.push(program);
  }
  return "";
}

/** Appends the object's probes in the manifest's order; empty, or what is wrong. */
export function readProbes(manifest: ManifestReader, programs: Program[], probes: Probe[]): string {
  const targets = readTargets(manifest);
  for (let row = 0, n = manifest.count(TableKind.Probe); row < n; ++row) {
    const program = programs[manifest.field(TableKind.Probe, row, ProbeRow.Program)];
    const kind = manifest.field(TableKind.Probe, row, ProbeRow.Attach);
    // A program that the agent has the kernel run stands for one that the agent runs itself.
    const isKernel = program.engine == Engine.Kernel;
    if (!isAttachKind(kind) || isKernel != (attachRow(kind).engine == Engine.Kernel))
      return `probe ${row} attaches program '${program.name}' in a way that does not exist (${kind})`;
    const probe = readProbe(manifest, row, new Probe(program, kind));
    const target = manifest.field(TableKind.Probe, row, ProbeRow.Target);
    if (target != NONE) probe.target = targets[target];
    if (probe.target.kind != attachRow(kind).target)
      return `probe ${row} (${attachRow(kind).name}) has a target of another kind (${probe.target.kind})`;
    probes.push(probe);
    program.probes.push(probe);
  }
  return checkGroups(probes);
}

function readProbe(manifest: ManifestReader, row: i32, probe: Probe): Probe {
  probe.period = manifest.long(TableKind.Probe, row, ProbeRow.Period);
  probe.jitter = manifest.long(TableKind.Probe, row, ProbeRow.Jitter);
  probe.order = manifest.field(TableKind.Probe, row, ProbeRow.Order);
  probe.flags = manifest.field(TableKind.Probe, row, ProbeRow.Flags);
  probe.point = manifest.text(TableKind.Probe, row, ProbeRow.Point);
  probe.group = manifest.field(TableKind.Probe, row, ProbeRow.Group);
  probe.place = manifest.field(TableKind.Probe, row, ProbeRow.Place);
  probe.active = manifest.field(TableKind.Probe, row, ProbeRow.Active);
  return probe;
}

function readTargets(manifest: ManifestReader): AttachTarget[] {
  const targets: AttachTarget[] = [];
  for (let row = 0, n = manifest.count(TableKind.Target); row < n; ++row) {
    const target = new AttachTarget(manifest.field(TableKind.Target, row, TargetRow.Kind));
    target.name = manifest.text(TableKind.Target, row, TargetRow.Name);
    target.system = manifest.text(TableKind.Target, row, TargetRow.System);
    target.module = manifest.text(TableKind.Target, row, TargetRow.Module);
    target.path = manifest.text(TableKind.Target, row, TargetRow.Path);
    target.offset = manifest.long(TableKind.Target, row, TargetRow.Offset);
    target.buildId = manifest.text(TableKind.Target, row, TargetRow.BuildId);
    target.pid = manifest.field(TableKind.Target, row, TargetRow.Pid);
    target.bytes = manifest.text(TableKind.Target, row, TargetRow.Bytes);
    target.semaphore = manifest.long(TableKind.Target, row, TargetRow.Semaphore);
    targets.push(target);
  }
  return targets;
}

/**
 * Alternatives must stand together, and run in the kernel: others cannot fail to attach. Groups are in ascending order.
 */
function checkGroups(probes: Probe[]): string {
  let last = NONE;
  for (let i = 0, n = probes.length; i < n; ++i) {
    const group = probes[i].group;
    if (group == NONE) continue;
    const isApart = group == last && probes[i - 1].group != group;
    if (group < last || isApart || probes[i].program.engine != Engine.Kernel)
      return `probe ${i} cannot be an alternative (group ${group})`;
    last = group;
  }
  return "";
}
