// A small object that has some of everything, for tests of what reads and links objects.

import { ByteWriter } from "../../../common/as/byte-writer";
import { ElfBuilder, ManifestBuilder } from "../../../common/as/testing/elf-builder";
import { TargetKind } from "../../../common/format/attach";
import { Opcode, ProgramType, PSEUDO_CALL } from "../../../common/format/bpf";
import { BTF_MAGIC, BtfKind, btfInfo } from "../../../common/format/btf";
import { RelocationType, SymbolType } from "../../../common/format/elf";
import { AttachKind, Engine, Manifest, NONE, ProbeFlags, TableKind } from "../../../common/format/manifest";
import { BssHeader, RodataHeader } from "../../../common/format/runtime";

/** Appends one instruction without an offset. */
function insn(code: ByteWriter, opcode: i32, registers: i32, imm: i32): void {
  code.u8(opcode);
  code.u8(registers);
  code.u16(0);
  code.u32(imm);
}

function load64(code: ByteWriter, register: i32, imm: i32): void {
  insn(code, Opcode.LdImm64, register, imm);
  insn(code, 0, 0, 0);
}

const CALL: i32 = PSEUDO_CALL << 4;

/**
 * kprobe/f: main (ring, .bss, call outer); .text: inner, outer (calls inner twice, once by its section's symbol);
 * .stap.agent: helper, start (calls helper, .rodata).
 */
export function sampleObject(): StaticArray<u8> {
  return sampleBuilder().build();
}

function textCode(): ByteWriter {
  const text = new ByteWriter(256);
  insn(text, Opcode.MovImm64, 0, 1); // inner
  insn(text, Opcode.Exit, 0, 0);
  insn(text, Opcode.Call, CALL, -1); // outer: inner by symbol
  insn(text, Opcode.Call, CALL, -4); // inner by distance
  insn(text, Opcode.Exit, 0, 0);
  return text;
}

function mainCode(): ByteWriter {
  const main = new ByteWriter(256);
  load64(main, 1, 0); // the ring
  load64(main, 2, 8); // .bss + 128 + 8
  insn(main, Opcode.Call, CALL, -1); // outer
  insn(main, Opcode.Call, 0, 5); // a helper
  insn(main, Opcode.Exit, 0, 0);
  return main;
}

function agentCode(): ByteWriter {
  const agent = new ByteWriter(256);
  insn(agent, Opcode.MovImm64, 0, 7); // helper
  insn(agent, Opcode.Exit, 0, 0);
  load64(agent, 1, 0); // start: .rodata + 64
  insn(agent, Opcode.Call, CALL, -5);
  insn(agent, Opcode.Exit, 0, 0);
  return agent;
}

/** The same before it is a file. */
function sampleBuilder(): ElfBuilder {
  const elf = new ElfBuilder();
  const textSection = elf.section(".text", textCode());
  const mainSection = elf.section("kprobe/f", mainCode());
  const agentSection = elf.section(".stap.agent", agentCode());
  const rodata = new ByteWriter(128);
  rodata.zeros(RodataHeader.Size + 16);
  const rodataSection = elf.section(".rodata", rodata);
  const bssSection = elf.nobits(".bss", BssHeader.Size + 64);
  const maps = new ByteWriter(64);
  maps.zeros(32);
  const mapsSection = elf.section(".maps", maps);
  const license = new ByteWriter(16);
  license.text("GPL\0");
  elf.section("license", license);
  elf.section(".BTF", sampleBtf());
  elf.section(".BTF.ext", sampleBtfExt());
  elf.section(".stap.manifest", sampleManifest().build());

  elf.symbol("main", SymbolType.Func, mainSection, 0, 56);
  const inner = elf.symbol("inner", SymbolType.Func, textSection, 0, 16);
  const outer = elf.symbol("outer", SymbolType.Func, textSection, 16, 24);
  elf.symbol("helper", SymbolType.Func, agentSection, 0, 16);
  elf.symbol("start", SymbolType.Func, agentSection, 16, 32);
  const ring = elf.symbol("stp_output", SymbolType.Object, mapsSection, 0, 16);
  elf.symbol("stp_control", SymbolType.Object, mapsSection, 16, 16);
  const bss = elf.symbol("globals", SymbolType.Object, bssSection, 128, 64);
  const constants = elf.symbol("constants", SymbolType.Object, rodataSection, 64, 16);
  elf.relocate(textSection, 16, RelocationType.Call, inner);
  elf.relocate(mainSection, 0, RelocationType.Ld64, ring);
  elf.relocate(mainSection, 16, RelocationType.Ld64, bss);
  elf.relocate(mainSection, 32, RelocationType.Call, outer);
  elf.relocate(agentSection, 16, RelocationType.Ld64, constants);
  return elf;
}

/**
 * An object in which two programs, p0 and p1, are alternatives of each other in two groups: probe 0 (p0) or 1 (p1),
 * probe 2 (p0) or 3 (p1). Probe `i` is on function `f<i>`; those of `lacking` need a feature that does not exist.
 */
export function alternativesObject(lacking: i32[]): StaticArray<u8> {
  const manifest = new ManifestBuilder();
  const point = manifest.text("point");
  for (let i = 0; i < 2; ++i) {
    const program: i32[] = [
      manifest.text(`p${i}`),
      manifest.text("kprobe/f"),
      Engine.Kernel,
      ProgramType.Kprobe,
      NONE,
      0,
      0,
    ];
    manifest.row(TableKind.Program, program);
  }
  for (let i = 0; i < 4; ++i) {
    const target: i32[] = [TargetKind.Function, manifest.text(`f${i}`), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const probe: i32[] = [i & 1, AttachKind.Kprobe, i, 0, 0, 0, 0, 0, 0, NONE, point, i >> 1, 0, 0];
    manifest.row(TableKind.Target, target);
    manifest.row(TableKind.Probe, probe);
  }
  for (let i = 0; i < lacking.length; ++i) {
    const feature: i32[] = [manifest.text("nonsense"), NONE, lacking[i]];
    manifest.row(TableKind.Feature, feature);
  }
  const elf = new ElfBuilder();
  const code = new ByteWriter(64);
  for (let i = 0; i < 2; ++i) {
    insn(code, Opcode.MovImm64, 0, 0);
    insn(code, Opcode.Exit, 0, 0);
  }
  const section = elf.section("kprobe/f", code);
  const rodata = new ByteWriter(128);
  rodata.zeros(RodataHeader.Size);
  elf.section(".rodata", rodata);
  elf.nobits(".bss", BssHeader.Size);
  elf.section(".stap.manifest", manifest.build());
  elf.symbol("p0", SymbolType.Func, section, 0, 16);
  elf.symbol("p1", SymbolType.Func, section, 16, 16);
  return elf.build();
}

/** Two programs, three probes, an arena of frames. */
function sampleManifest(): ManifestBuilder {
  const manifest = new ManifestBuilder();
  manifest.set(Manifest.FrameOffset, BssHeader.Size + 64);
  manifest.set(Manifest.FrameSize, 1024);
  manifest.set(Manifest.FrameLevels, 4);
  const point = manifest.text('kernel.function("f")');
  const kprobe: i32[] = [
    manifest.text("main"),
    manifest.text("kprobe/f"),
    Engine.Kernel,
    ProgramType.Kprobe,
    NONE,
    0,
    0,
  ];
  const start: i32[] = [manifest.text("start"), manifest.text(".stap.agent"), Engine.Agent, 0, NONE, 0, 0];
  manifest.row(TableKind.Program, kprobe);
  manifest.row(TableKind.Program, start);
  const f: i32[] = [0, AttachKind.Kprobe, 0, 0, 0, 0, 0, 0, ProbeFlags.Optional, NONE, point, NONE, 0, 0];
  const begin: i32[] = [1, AttachKind.Begin, NONE, 0, 0, 0, 0, -5, 0, NONE, manifest.text("begin(-5)"), NONE, 0, 0];
  const name = manifest.text("timer.ms(1)");
  const timer: i32[] = [1, AttachKind.Timer, NONE, 1000000, 0, 0, 0, 0, 0, NONE, name, NONE, 0, 0];
  const target: i32[] = [TargetKind.Function, manifest.text("f"), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  manifest.row(TableKind.Target, target);
  manifest.row(TableKind.Probe, f);
  manifest.row(TableKind.Probe, begin);
  manifest.row(TableKind.Probe, timer);
  return manifest;
}

// Strings of the sample's BTF: offsets in the text below.
const BTF_STRINGS: string = "\0int\0main\0inner\0outer\0kprobe/f\0.text\0x.stp\0line\0";
const NAME_INT: i32 = 1;
const NAME_MAIN: i32 = 5;
const NAME_INNER: i32 = 10;
const NAME_OUTER: i32 = 16;
const NAME_KPROBE: i32 = 22;
const NAME_TEXT: i32 = 31;
const NAME_FILE: i32 = 37;
const NAME_LINE: i32 = 43;

/** 1 int, 2 int (void), 3 main, 4 inner, 5 outer. */
function sampleBtf(): ByteWriter {
  const types = new ByteWriter(128);
  types.u32(NAME_INT);
  types.u32(btfInfo(BtfKind.Int, 0, 0));
  types.u32(4);
  types.u32((1 << 24) | 32);
  types.u32(0);
  types.u32(btfInfo(BtfKind.FuncProto, 0, 0));
  types.u32(1);
  const names: i32[] = [NAME_MAIN, NAME_INNER, NAME_OUTER];
  for (let i = 0; i < 3; ++i) {
    types.u32(names[i]);
    types.u32(btfInfo(BtfKind.Func, 1, 0));
    types.u32(2);
  }
  const btf = new ByteWriter(256);
  btf.u16(BTF_MAGIC);
  btf.u16(1);
  btf.u32(24);
  btf.u32(0);
  btf.u32(types.length);
  btf.u32(types.length);
  btf.u32(BTF_STRINGS.length);
  btf.append(types);
  btf.text(BTF_STRINGS);
  return btf;
}

function sampleBtfExt(): ByteWriter {
  const funcs = words([8, NAME_KPROBE, 1, 0, 3, NAME_TEXT, 2, 0, 4, 16, 5]);
  const lines = words([16, NAME_KPROBE, 2]);
  lines.append(words([0, NAME_FILE, NAME_LINE, 1 << 10, 40, NAME_FILE, NAME_LINE, 2 << 10]));
  lines.append(words([NAME_TEXT, 2, 0, NAME_FILE, NAME_LINE, 3 << 10, 16, NAME_FILE, NAME_LINE, 4 << 10]));
  const ext = new ByteWriter(256);
  ext.u16(BTF_MAGIC);
  ext.u16(1);
  ext.append(words([32, 0, funcs.length, funcs.length, lines.length, 0, 0]));
  ext.append(funcs);
  ext.append(lines);
  return ext;
}

function words(values: i32[]): ByteWriter {
  const writer = new ByteWriter(values.length * 4);
  for (let i = 0; i < values.length; ++i) writer.u32(values[i]);
  return writer;
}
