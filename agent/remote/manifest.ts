// The manifest's programs and probes as objects, found in the ELF file and checked: what the rest of the agent works on.
// Only `readPrograms` and `readProbes` here look at manifest rows; positions, sites and formats are the host's business.

import { ElfFile, Section } from "../../common/as/elf-reader";
import { ManifestReader } from "../../common/as/manifest-reader";
import { INSN_BYTES } from "../../common/format/bpf";
import { SymbolType } from "../../common/format/elf";
import { AttachKind, Engine, ProbeFlags, ProbeRow, ProgramRow, TableKind } from "../../common/format/manifest";

/** One BPF program: where its code lies in the file and, once loaded, its descriptor. */
export class Program {
  /** descriptor of a loaded kernel program, -1 otherwise */
  fd: i32 = -1;
  /** instructions the verifier walked through; 0 if the kernel does not tell */
  verifiedInsns: u32 = 0;
  loadMicroseconds: u32 = 0;

  constructor(
    public name: string,
    /** Engine */
    public engine: i32,
    /** ProgramType */
    public type: i32,
    public section: Section,
    /** byte offset in the section */
    public start: i32,
    public bytes: i32,
  ) {}
}

/** One probe, and what holds it attached. */
export class Probe {
  /** descriptors of perf events or links; empty when not attached */
  fds: i32[] = [];
  /** attached by a link that another probe of the same program holds (attach/kprobe-multi.ts) */
  isShared: bool = false;

  constructor(
    public program: Program,
    /** AttachKind */
    public attach: i32,
    /** kernel function or tracepoint */
    public target: string,
    /** nanoseconds */
    public period: u64,
    /** nanoseconds at random around the period */
    public jitter: u64,
    public order: i32,
    /** ProbeFlags */
    public flags: i32,
    /** the probe point as -p2 shows it */
    public point: string,
  ) {}

  get isOptional(): bool {
    return (this.flags & ProbeFlags.Optional) != 0;
  }
}

/** What is wrong with the last manifest that was refused here. */
export let rowProblem: string = "";

/** The object's programs, in the manifest's order; null with `rowProblem` when one is not there. */
export function readPrograms(manifest: ManifestReader, elf: ElfFile): Program[] | null {
  let programs: Program[] = [];
  for (let row = 0, n = manifest.count(TableKind.Program); row < n; ++row) {
    let name = manifest.text(TableKind.Program, row, ProgramRow.Name);
    let section = elf.findSection(manifest.text(TableKind.Program, row, ProgramRow.Section));
    let symbol = elf.findSymbol(name, SymbolType.Func);
    if (!section || !symbol || symbol.section != section.index) {
      rowProblem = `program '${name}' of the manifest is not in the file`;
      return null;
    }
    let end = symbol.value + symbol.bytes;
    let aligned = symbol.value % INSN_BYTES == 0 && symbol.bytes % INSN_BYTES == 0;
    if (!aligned || symbol.bytes == 0 || end > section.data.length) {
      rowProblem = `program '${name}' does not consist of whole instructions`;
      return null;
    }
    let engine = manifest.field(TableKind.Program, row, ProgramRow.Engine);
    if (engine < Engine.Kernel || engine > Engine.TestRun) {
      rowProblem = `program '${name}' runs on an unknown engine (${engine})`;
      return null;
    }
    let type = manifest.field(TableKind.Program, row, ProgramRow.Type);
    programs.push(new Program(name, engine, type, section, symbol.value, symbol.bytes));
  }
  return programs;
}

/** The object's probes, in the manifest's order; null with `rowProblem` when one makes no sense. */
export function readProbes(manifest: ManifestReader, programs: Program[]): Probe[] | null {
  let probes: Probe[] = [];
  for (let row = 0, n = manifest.count(TableKind.Probe); row < n; ++row) {
    let program = programs[manifest.field(TableKind.Probe, row, ProbeRow.Program)];
    let attach = manifest.field(TableKind.Probe, row, ProbeRow.Attach);
    let isKernelKind = attach >= AttachKind.Kprobe;
    if (attach < AttachKind.Begin || attach >= AttachKind.Size || isKernelKind != (program.engine == Engine.Kernel)) {
      rowProblem = `probe ${row} attaches program '${program.name}' in a way that does not exist (${attach})`;
      return null;
    }
    probes.push(
      new Probe(
        program,
        attach,
        manifest.text(TableKind.Probe, row, ProbeRow.Target),
        manifest.long(TableKind.Probe, row, ProbeRow.Period),
        manifest.long(TableKind.Probe, row, ProbeRow.Jitter),
        manifest.field(TableKind.Probe, row, ProbeRow.Order),
        manifest.field(TableKind.Probe, row, ProbeRow.Flags),
        manifest.text(TableKind.Probe, row, ProbeRow.Point),
      ),
    );
  }
  return probes;
}
