// Pass 4: compiled functions and their unit → the bytes of a .bo (docs/bpf-abi.md).
//
//   programs    each in the section libbpf's conventions name; several may share one
//   .text       subprograms that programs in the kernel call        .stap.agent   all code that the agent runs
//   .rodata .bss .maps license .BTF .BTF.ext                        .stap.manifest

import { Relocation } from "../../common/as/relocation";
import {
  MAP_CONTROL,
  MAP_OUTPUT,
  SECTION_AGENT,
  SECTION_BSS,
  SECTION_BTF,
  SECTION_BTF_EXT,
  SECTION_LICENSE,
  SECTION_MANIFEST,
  SECTION_MAPS,
  SECTION_RODATA,
  SECTION_TEXT,
} from "../../common/format/attach";
import { INSN_BYTES, Insn, MapFlag, MapType, PSEUDO_CALL } from "../../common/format/bpf";
import { RelocationType, SectionFlag, SectionType, SymbolType } from "../../common/format/elf";
import { Engine, LineRow, NONE, TableKind } from "../../common/format/manifest";
import {
  arenaBytes,
  BssHeader,
  FRAME_ALIGN,
  FRAME_LEVELS,
  powerOfTwo,
  RodataHeader,
} from "../../common/format/runtime";
import { Code, RelocationKind } from "../bpf/code";
import { Linkage } from "../ir/function";
import { Unit, UnitArrayMap, UnitMap, UnitPosition } from "../ir/unit";
import { BtfExtWriter, BtfWriter, CoreEntry } from "./btf";
import { CoreTypes } from "./core-types";
import { ElfWriter, Section } from "./elf";
import { ManifestWriter } from "./manifest";
import { writeTables } from "./tables";

/** Bytes of the control ring. The size of the output ring is an option (-s). */
export const CONTROL_RING_BYTES: i32 = 65536;

/** A function that was placed in a section. */
class Placed {
  constructor(
    public code: Code,
    public section: Section,
    public offset: i32,
    public symbol: i32,
    /** Index of the program, or NONE. */
    public program: i32,
  ) {}
}

/** Stands for sections that are made in the constructor. */
const NO_SECTION = new Section("", SectionType.Null, SectionFlag.None, 1);

/** An object under construction. */
class ObjectWriter {
  elf: ElfWriter = new ElfWriter();
  btf: BtfWriter = new BtfWriter();
  ext: BtfExtWriter = new BtfExtWriter(this.btf);
  types: CoreTypes = new CoreTypes(this.btf);
  manifest: ManifestWriter = new ManifestWriter();
  placed: Placed[] = [];
  /** By function index: its place among `placed` in the kernel's and the agent's code; -1 none. */
  kernel: i32[] = [];
  agent: i32[] = [];
  text: Section = NO_SECTION;
  agentCode: Section = NO_SECTION;
  rodata: Section = NO_SECTION;
  bss: Section = NO_SECTION;
  maps: Section = NO_SECTION;
  mapSymbols: i32[] = [];

  constructor(
    public unit: Unit,
    public codes: Code[],
    public outputRingBytes: i32,
  ) {
    const code = SectionFlag.Alloc | SectionFlag.Exec;
    this.text = this.elf.section(SECTION_TEXT, SectionType.Progbits, code);
    for (let i = 0, n = codes.length; i < n; ++i) {
      this.kernel.push(-1);
      this.agent.push(-1);
    }
    this.placePrograms(code);
    this.agentCode = this.elf.section(SECTION_AGENT, SectionType.Progbits, SectionFlag.None);
    this.placeAgentPrograms();
    this.rodata = this.elf.section(SECTION_RODATA, SectionType.Progbits, SectionFlag.Alloc);
    this.bss = this.elf.section(SECTION_BSS, SectionType.Nobits, SectionFlag.Alloc | SectionFlag.Write, 64);
    this.maps = this.elf.section(SECTION_MAPS, SectionType.Progbits, SectionFlag.Alloc | SectionFlag.Write);
  }

  /** Programs of the kernel, grouped by section, and behind them what they call in .text. */
  private placePrograms(flags: SectionFlag): void {
    const sections = new Map<string, Section>();
    const programs = this.unit.programs;
    for (let i = 0, n = programs.length; i < n; ++i) {
      const program = programs[i];
      if (program.engine == Engine.Agent) continue;
      const name = program.section;
      if (!sections.has(name)) sections.set(name, this.elf.section(name, SectionType.Progbits, flags));
      const section = sections.get(name);
      this.place(this.codes[program.func], section, this.kernel, i);
      this.placeCallees(program.func, this.text, this.kernel);
    }
  }

  private placeAgentPrograms(): void {
    const programs = this.unit.programs;
    for (let i = 0, n = programs.length; i < n; ++i) {
      if (programs[i].engine != Engine.Agent) continue;
      this.place(this.codes[programs[i].func], this.agentCode, this.agent, i);
      this.placeCallees(programs[i].func, this.agentCode, this.agent);
    }
  }

  /** Places all subprograms that a function calls, directly or not. */
  private placeCallees(func: i32, section: Section, where: i32[]): void {
    const work: i32[] = [func];
    while (work.length > 0) {
      const relocations = this.codes[work.pop()].relocations;
      for (let i = 0, n = relocations.length; i < n; ++i) {
        if (relocations[i].kind != RelocationKind.Function) continue;
        const callee = relocations[i].addend;
        if (where[callee] >= 0) continue;
        this.place(this.codes[callee], section, where, NONE);
        work.push(callee);
      }
    }
  }

  private place(code: Code, section: Section, where: i32[], program: i32): void {
    const offset = section.data.length;
    for (let i = 0, n = code.insns.length; i < n; ++i) section.data.u8(code.insns[i]);
    // The agent's copy of a subprogram has a name of its own: two symbols must not share one.
    const agent = section.name == SECTION_AGENT && program == NONE;
    const name = agent ? code.name + ".agent" : code.name;
    const symbol = this.elf.symbol(name, SymbolType.Func, section, offset, code.insns.length);
    where[code.index] = this.placed.length;
    this.placed.push(new Placed(code, section, offset, symbol, program));
  }

  // ---------------------------------------------------------------------------------------------------- relocations

  relocate(): void {
    for (let i = 0, n = this.placed.length; i < n; ++i) this.relocateOne(this.placed[i]);
  }

  /** A relocated ld_imm64 has src 0 in a file: the loader says what it is, and llvm-objdump crashes otherwise. */
  private clearSource(section: Section, offset: i32): void {
    section.data.patch32(offset, section.data.get32(offset) & ~0xf000);
  }

  private relocateOne(at: Placed): void {
    const elf = this.elf;
    const relocations = at.code.relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      const relocation = relocations[i];
      const offset = at.offset + relocation.insn * INSN_BYTES;
      switch (relocation.kind) {
        case RelocationKind.Bss:
          this.clearSource(at.section, offset);
          at.section.data.patch32(offset + Insn.Imm, relocation.addend);
          elf.relocate(at.section, offset, RelocationType.Ld64, elf.sectionSymbol(this.bss));
          break;
        case RelocationKind.Rodata:
          this.clearSource(at.section, offset);
          at.section.data.patch32(offset + Insn.Imm, relocation.addend);
          elf.relocate(at.section, offset, RelocationType.Ld64, elf.sectionSymbol(this.rodata));
          break;
        case RelocationKind.Map:
          this.clearSource(at.section, offset);
          elf.relocate(at.section, offset, RelocationType.Ld64, this.mapSymbols[relocation.addend]);
          break;
        case RelocationKind.Core:
          this.relocateByTypes(at, offset, this.unit.relocations[relocation.addend]);
          break;
        default: {
          const where = at.section === this.agentCode ? this.agent : this.kernel;
          const callee = this.placed[where[relocation.addend]];
          at.section.data.patch32(offset + Insn.Imm, -1);
          at.section.data.patch8(offset + Insn.Registers, PSEUDO_CALL << 4);
          elf.relocate(at.section, offset, RelocationType.Call, callee.symbol);
        }
      }
    }
  }

  /** Puts in what holds for the kernel that the object is compiled for, and says what it is. */
  private relocateByTypes(at: Placed, offset: i32, relocation: Relocation): void {
    at.section.data.patch32(offset + Insn.Imm, <i32>relocation.value);
    at.section.data.patch32(offset + INSN_BYTES + Insn.Imm, <i32>(relocation.value >> 32));
    const type = this.types.typeOf(relocation);
    const entry = new CoreEntry(type, this.types.accessOf(relocation), relocation.kind);
    this.ext.relocation(at.section.name, offset, entry);
  }

  // ----------------------------------------------------------------------------------------------------------- data

  writeData(): void {
    const unit = this.unit;
    this.rodata.data = unit.rodata;
    const rodataBytes = unit.rodata.length;
    this.dataVariable("stp_config", this.rodata, 0, RodataHeader.Size);
    if (rodataBytes > RodataHeader.Size) {
      this.dataVariable("stp_literals", this.rodata, RodataHeader.Size, rodataBytes - RodataHeader.Size);
    }
    this.btf.datasec(SECTION_RODATA, rodataBytes);
    this.dataVariable("stp_state", this.bss, 0, BssHeader.Size);
    const names = new Set<string>();
    for (let i = 0, n = unit.globals.length; i < n; ++i) {
      const global = unit.globals[i];
      let name = identifier(global.name);
      while (names.has(name)) name += "_";
      names.add(name);
      this.dataVariable("global_" + name, this.bss, global.offset, global.bytes);
    }
    let bytes = unit.bssBytes;
    if (unit.frameBytes > 0) {
      // Room for one CPU; the agent makes room for all.
      const span = powerOfTwo(unit.frameBytes * FRAME_LEVELS);
      const arena = arenaBytes(span, unit.frameBytes);
      this.dataVariable("stp_frames", this.bss, unit.frameOffset, arena);
      bytes = unit.frameOffset + arena;
      this.rodata.data.patch32(RodataHeader.FrameMask, span - FRAME_ALIGN);
      this.rodata.data.patch32(RodataHeader.FrameCount, FRAME_LEVELS);
      this.rodata.data.patch32(RodataHeader.FrameStride, 1);
    }
    this.bss.nobits = bytes;
    this.btf.datasec(SECTION_BSS, bytes);
    this.writeMaps();
    const license = this.elf.section(SECTION_LICENSE, SectionType.Progbits, SectionFlag.Alloc | SectionFlag.Write, 1);
    license.data.text("GPL");
    license.data.u8(0);
  }

  private dataVariable(name: string, section: Section, offset: i32, bytes: i32): void {
    this.elf.symbol(name, SymbolType.Object, section, offset, bytes);
    this.btf.place(this.btf.variable(name, this.btf.chars(bytes)), offset, bytes);
  }

  private writeMaps(): void {
    this.ring(MAP_OUTPUT, this.outputRingBytes);
    this.ring(MAP_CONTROL, CONTROL_RING_BYTES);
    for (let i = 0, n = this.unit.maps.length; i < n; ++i) this.arrayMap(this.unit.maps[i]);
    this.btf.datasec(SECTION_MAPS, this.maps.data.length);
  }

  private ring(name: string, bytes: i32): void {
    assert(this.mapSymbols.length <= UnitMap.Control, "maps are numbered as UnitMap has them");
    this.map(name, ["type", "max_entries"], [<i32>MapType.Ringbuf, bytes]);
  }

  /** The elements of a large array, or the control group of --cgroup. */
  private arrayMap(map: UnitArrayMap): void {
    const names = ["type", "max_entries", "map_flags", "key_size", "value_size"];
    const flags = map.type == MapType.Array ? MapFlag.Mmapable : MapFlag.None;
    const values = [<i32>map.type, map.entries, <i32>flags, 4, map.valueBytes];
    this.map(identifier(map.name), names, values);
  }

  /** A map by libbpf's convention: each number is the length of an array that a pointer points to. */
  private map(name: string, names: string[], values: i32[]): void {
    const offset = this.maps.data.length;
    const bytes = names.length * 8;
    this.maps.data.zeros(bytes);
    this.mapSymbols.push(this.elf.symbol(name, SymbolType.Object, this.maps, offset, bytes));
    this.btf.place(this.btf.mapVariable(name, names, values), offset, bytes);
  }

  // -------------------------------------------------------------------------------------------------------- debugging

  /** Functions' types and lines, for libbpf and the kernel's log. */
  writeDebug(): void {
    for (let i = 0, n = this.placed.length; i < n; ++i) {
      const at = this.placed[i];
      this.writeLineRows(at);
      if (at.section === this.agentCode) continue;
      const code = at.code;
      const type = this.btf.func(code.name, code.parameterCount, code.linkage == Linkage.Handler);
      this.ext.func(at.section.name, at.offset, type);
      this.writeLines(at);
    }
    const btf = this.elf.section(SECTION_BTF, SectionType.Progbits, SectionFlag.None);
    // The second first: it still adds strings to the first.
    if (!this.ext.isEmpty) {
      this.ext.write(this.elf.section(SECTION_BTF_EXT, SectionType.Progbits, SectionFlag.None).data);
    }
    this.btf.write(btf.data);
  }

  private writeLines(at: Placed): void {
    const lines = at.code.lines;
    const own = at.program == NONE ? NONE : this.unit.programs[at.program].position;
    // Every function must begin with a line.
    if (lines.length == 0 || lines[0].insn > 0) this.writeLine(at, 0, own);
    for (let i = 0, n = lines.length; i < n; ++i) this.writeLine(at, lines[i].insn, lines[i].position);
  }

  private writeLine(at: Placed, insn: i32, position: i32): void {
    const offset = at.offset + insn * INSN_BYTES;
    if (position < 0) {
      const own = new UnitPosition(baseName(this.unit.scriptName), 0, 0, at.code.name);
      this.ext.line(at.section.name, offset, own);
      return;
    }
    const it = this.unit.positions[position];
    const place = new UnitPosition(baseName(it.file), it.line, it.column, it.text);
    this.ext.line(at.section.name, offset, place);
  }

  /** Our own table of lines, which knows columns and files in full. */
  private writeLineRows(at: Placed): void {
    if (at.section === this.agentCode && at.program == NONE) return;
    const manifest = this.manifest;
    const lines = at.code.lines;
    const base = at.program == NONE ? at.offset / INSN_BYTES : 0;
    for (let i = 0, n = lines.length; i < n; ++i) {
      const row = manifest.row(TableKind.Line);
      manifest.put(TableKind.Line, row, LineRow.Program, at.program);
      manifest.put(TableKind.Line, row, LineRow.Insn, base + lines[i].insn);
      manifest.put(TableKind.Line, row, LineRow.Position, lines[i].position);
    }
  }
}

/** Writes the object. `machine` is the ELF number of the CPU it is for. */
export function writeObject(unit: Unit, codes: Code[], machine: i32, outputRingBytes: i32): Uint8Array {
  const writer = new ObjectWriter(unit, codes, outputRingBytes);
  writer.writeData();
  writer.relocate();
  writer.writeDebug();
  writeTables(writer.manifest, unit, machine, outputRingBytes);
  const section = writer.elf.section(SECTION_MANIFEST, SectionType.Progbits, SectionFlag.None);
  writer.manifest.finish(section.data);
  return writer.elf.finish();
}

/** The last part of a path: the kernel's log cuts longer names. */
function baseName(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? path : path.substring(slash + 1);
}

/** A name that BTF accepts: letters, digits, underscores. */
function identifier(name: string): string {
  let result = "";
  for (let i = 0, n = name.length; i < n; ++i) {
    const c = name.charCodeAt(i);
    const letter = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c == 0x5f;
    result += letter ? name.charAt(i) : "_";
  }
  return result;
}
