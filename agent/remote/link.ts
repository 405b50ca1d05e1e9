// Links one kernel program, as libbpf does: the subprograms of .text that it calls are appended to its code, calls and
// references to maps are resolved, and func_info and line_info are adjusted to the new places.
//
//      kprobe/x   | main ... call f ... |              ->  | main ... call f ... | f ... call g ... | g ... |
//      .text      | g ... | f ... call g ... |
//
// Hostile input: every offset is checked, and nothing traps. No kernel is involved: descriptors of maps are numbers
// here. interpret.ts links `.stap.agent`, and shares `readTarget` and `readReference` with this file.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteWriter } from "../../common/as/byte-writer";
import { ByteReader } from "../../common/as/bytes";
import { Section, SymbolEntry } from "../../common/as/elf-reader";
import { INSN_BYTES, Insn, Opcode, PSEUDO_CALL, Pseudo } from "../../common/format/bpf";
import { BtfExtHeader, BtfExtSection, FuncInfo, LineInfo } from "../../common/format/btf";
import { RelocationType, SymbolType } from "../../common/format/elf";
import { FailureCode } from "../../common/format/frame";
import { NONE } from "../../common/format/manifest";
import { Failure, Result } from "./errors";
import { Program } from "./manifest";
import { LoadedObject } from "./object";

/** The most instructions that the kernel takes in one program. */
const MAX_INSNS: i32 = 1000000;

/** A program ready for BPF_PROG_LOAD. */
export class LinkedProgram {
  /** count of func_info records; 0: load without */
  funcInfoCount: i32 = 0;
  lineInfoCount: i32 = 0;
  funcInfo: Uint8Array = new Uint8Array(0);
  lineInfo: Uint8Array = new Uint8Array(0);

  constructor(public insns: StaticArray<u8>) {}

  get insnCount(): i32 {
    return this.insns.length / INSN_BYTES;
  }
}

/** A function that becomes part of a program. */
class Part {
  constructor(
    public section: Section,
    /** byte offset in the section */
    public start: i32,
    public bytes: i32,
    /** byte offset in the program */
    public at: i32,
  ) {}
}

/** Links one kernel program; maps must have their descriptors. */
export function linkProgram(o: LoadedObject, program: Program): Result<LinkedProgram> {
  const parts: Part[] = [new Part(program.section, program.start, program.bytes, 0)];
  const problem = findParts(o, parts);
  if (problem.length != 0) return damaged(`program '${program.name}': ${problem}`);
  const last = parts[parts.length - 1];
  const bytes = new StaticArray<u8>(last.at + last.bytes);
  for (let p = 0, n = parts.length; p < n; ++p) {
    const part = parts[p];
    const to = changetype<usize>(bytes) + part.at;
    memory.copy(to, part.section.data.address + part.start, part.bytes);
    const problem = relocatePart(o, parts, part, to);
    if (problem.length != 0) return damaged(`program '${program.name}': ${problem}`);
  }
  const linked = new LinkedProgram(bytes);
  const ext = o.btfExt;
  if (ext && o.btfFd >= 0) addInfo(o, linked, parts, ext.data);
  return new Result<LinkedProgram>(linked, null);
}

function damaged(problem: string): Result<LinkedProgram> {
  return new Result<LinkedProgram>(null, new Failure(FailureCode.Object, 0, problem));
}

// Functions below that return a string return what is wrong; empty if nothing is.

/** Appends to a program's function all that it calls, each once, in the order in which calls name them. */
function findParts(o: LoadedObject, parts: Part[]): string {
  for (let p = 0; p < parts.length; ++p) {
    const part = parts[p];
    for (let at = part.start, end = part.start + part.bytes; at < end; at += INSN_BYTES) {
      if (!isCall(part.section.data, at)) continue;
      const target = readTarget(o, part.section, at);
      if (!target) return callProblem(part.section, at);
      if (findPart(parts, target.section, target.value)) continue;
      const last = parts[parts.length - 1];
      const next = last.at + last.bytes;
      if (next + target.bytes > MAX_INSNS * INSN_BYTES) return `it has more than ${MAX_INSNS} instructions`;
      parts.push(new Part(o.elf.sections[target.section], target.value, target.bytes, next));
    }
  }
  return "";
}

function findPart(parts: Part[], section: i32, start: i32): Part | null {
  for (let p = 0, n = parts.length; p < n; ++p) {
    const part = parts[p];
    if (part.start == start && part.section.index == section) return part;
  }
  return null;
}

/** Is there a call of a function of the same object at that byte of a section? */
export function isCall(code: ByteReader, at: i32): bool {
  return code.u8(at) == Opcode.Call && code.u8(at + Insn.Registers) >> 4 == PSEUDO_CALL;
}

/** The function that the call at byte `at` of a section means; null if there is none: `callProblem` says so. */
export function readTarget(o: LoadedObject, section: Section, at: i32): SymbolEntry | null {
  const imm = <i64>section.data.i32(at + Insn.Imm);
  let targetSection = section.index;
  let target = <i64>at + (imm + 1) * INSN_BYTES;
  const reloc = section.findRelocation(at);
  if (reloc) {
    const symbol = o.elf.symbols[reloc.symbol];
    targetSection = symbol.section;
    target = <i64>symbol.value + (imm + 1) * INSN_BYTES;
    if (reloc.type != RelocationType.Call) targetSection = 0;
  }
  const text = o.text;
  const isSubprogram = (text !== null && targetSection == text.index) || targetSection == agentIndex(o);
  const isReachable = agentIndex(o) != section.index || targetSection == section.index;
  const fits = target >= 0 && target < i32.MAX_VALUE;
  const found =
    isSubprogram && isReachable && fits ? o.elf.findSymbolAt(targetSection, <i32>target, SymbolType.Func) : null;
  if (found && found.bytes > 0 && found.value % INSN_BYTES == 0 && found.bytes % INSN_BYTES == 0) {
    const code = o.elf.sections[found.section].data;
    if (found.value + found.bytes <= code.length) return found;
  }
  return null;
}

/** What is wrong with a call that `readTarget` does not understand. */
export function callProblem(section: Section, at: i32): string {
  return `instruction ${at / INSN_BYTES} of '${section.name}' calls something that is not a function`;
}

function agentIndex(o: LoadedObject): i32 {
  const agent = o.agentCode;
  return agent ? agent.index : -1;
}

/** What a ld_imm64 with a relocation refers to. */
export const enum ReferenceKind {
  Map = 0,
  Rodata = 1,
  Bss = 2,
}

/** Something in memory that code refers to. */
export class Reference {
  constructor(
    public kind: ReferenceKind,
    /** index in the object's maps, or offset in .rodata or .bss */
    public value: i32,
  ) {}
}

/** What the ld_imm64 at byte `at` of a section refers to; null if there is none: `referenceProblem` says so. */
export function readReference(o: LoadedObject, section: Section, at: i32, symbol: SymbolEntry): Reference | null {
  if (symbol.section == o.rodata.index || symbol.section == o.bss.index) {
    const isBss = symbol.section == o.bss.index;
    const offset = <i64>symbol.value + <i64>section.data.i32(at + Insn.Imm);
    if (offset < 0 || offset >= <i64>(isBss ? o.bss.bytes : o.rodata.bytes)) return null;
    return new Reference(isBss ? ReferenceKind.Bss : ReferenceKind.Rodata, <i32>offset);
  }
  for (let m = 0, n = o.maps.length; m < n; ++m) {
    if (o.maps[m].name == symbol.name && o.maps[m].offset == symbol.value) return new Reference(ReferenceKind.Map, m);
  }
  return null;
}

/** What is wrong with a reference that `readReference` does not understand. */
export function referenceProblem(section: Section, at: i32, symbol: SymbolEntry): string {
  return `instruction ${at / INSN_BYTES} of '${section.name}' refers to '${symbol.name}', which is not a map`;
}

/** Resolves the calls and references of one part, whose copy is at `to`. */
function relocatePart(o: LoadedObject, parts: Part[], part: Part, to: usize): string {
  const code = part.section.data;
  for (let offset = 0; offset < part.bytes; offset += INSN_BYTES) {
    const at = part.start + offset;
    if (isCall(code, at)) {
      const target = readTarget(o, part.section, at);
      const callee = target ? findPart(parts, target.section, target.value) : null;
      if (!callee) return callProblem(part.section, at);
      store<i32>(to + offset + Insn.Imm, (callee.at - (part.at + offset)) / INSN_BYTES - 1);
      continue;
    }
    const reloc = part.section.findRelocation(at);
    if (code.u8(at) != Opcode.LdImm64) {
      if (!reloc) continue;
      return `instruction ${at / INSN_BYTES} of '${part.section.name}' cannot be relocated`;
    }
    if (offset + 2 * INSN_BYTES > part.bytes) return `'${part.section.name}' ends in the middle of an instruction`;
    if (reloc) {
      const symbol = o.elf.symbols[reloc.symbol];
      const reference = readReference(o, part.section, at, symbol);
      if (!reference) return referenceProblem(part.section, at, symbol);
      relocateLoad(o, reference, to + offset);
    }
    offset += INSN_BYTES;
  }
  return "";
}

/** Makes the ld_imm64 at `to` load the address of a map or of a place in one. */
function relocateLoad(o: LoadedObject, reference: Reference, to: usize): void {
  const isMap = reference.kind == ReferenceKind.Map;
  const data = reference.kind == ReferenceKind.Bss ? o.bssFd : o.rodataFd;
  const pseudo = isMap ? Pseudo.MapFd : Pseudo.MapValue;
  store<u8>(to + Insn.Registers, (load<u8>(to + Insn.Registers) & 15) | <u8>(pseudo << 4));
  store<i32>(to + Insn.Imm, isMap ? o.maps[reference.value].fd : data);
  store<i32>(to + INSN_BYTES + Insn.Imm, isMap ? 0 : reference.value);
}

// ---- func_info and line_info ----------------------------------------------------------------------------------------

/** Adds both kinds of info, each only if every part has it from its first instruction on: else the kernel refuses. */
function addInfo(o: LoadedObject, linked: LinkedProgram, parts: Part[], ext: ByteReader): void {
  const section = o.btf;
  const btf: BtfReader | null = section ? readBtf(section.data) : null;
  if (!btf) return;
  const funcs = new InfoCollector(btf, ext, BtfExtHeader.FuncInfoOffset, FuncInfo.Size);
  if (funcs.collect(parts)) {
    linked.funcInfo = funcs.records.toArray();
    linked.funcInfoCount = funcs.records.length / FuncInfo.Size;
  }
  const lines = new InfoCollector(btf, ext, BtfExtHeader.LineInfoOffset, LineInfo.Size);
  if (linked.funcInfoCount != 0 && lines.collect(parts)) {
    linked.lineInfo = lines.records.toArray();
    linked.lineInfoCount = lines.records.length / LineInfo.Size;
  }
}

/** Gathers the records of one kind for all parts of a program, with offsets in instructions of the program. */
class InfoCollector {
  records: ByteWriter = new ByteWriter(1024);
  private info: ByteReader;
  private recordBytes: i32;

  constructor(
    private btf: BtfReader,
    private ext: ByteReader,
    /** member of BtfExtHeader: where that kind's offset and size are */
    field: i32,
    /** bytes of a record that are wanted */
    private size: i32,
  ) {
    const header = ext.u32(BtfExtHeader.HeaderBytes);
    this.info = ext.slice(header + ext.u32(field), ext.u32(field + 4));
    this.recordBytes = <i32>this.info.u32(0);
  }

  /** Collects for all parts; false if one of them has none, or the info is damaged. */
  collect(parts: Part[]): bool {
    if (this.ext.failed || this.recordBytes < this.size || this.recordBytes > 4096) return false;
    for (let p = 0, n = parts.length; p < n; ++p) {
      if (!this.collectPart(parts[p])) return false;
    }
    return true;
  }

  /** Appends the records of one part; false when its first instruction has none or the info is damaged. */
  private collectPart(part: Part): bool {
    const info = this.info;
    let previous = NONE;
    let at = 4;
    while (at + BtfExtSection.Size <= info.length) {
      const isOurs = this.btf.textAt(info.u32(at + BtfExtSection.Name)) == part.section.name;
      const count = info.u32(at + BtfExtSection.Count);
      at += BtfExtSection.Size;
      if (<u64>count * <u64>this.recordBytes > <u64>(info.length - at)) return false;
      const end = at + <i32>count * this.recordBytes;
      for (; isOurs && at < end; at += this.recordBytes) {
        const offset = info.i32(at + FuncInfo.InsnOffset);
        if (offset < part.start || offset >= part.start + part.bytes) continue;
        if (previous == NONE && offset != part.start) return false;
        // A function has one type; lines must come in strictly increasing order.
        if (previous != NONE && (this.size == FuncInfo.Size || offset <= previous)) continue;
        previous = offset;
        this.take(at, (part.at + offset - part.start) / INSN_BYTES);
      }
      at = end;
    }
    return previous != NONE;
  }

  /** Copies the record at `at`, which is for instruction `insn` of the program. */
  private take(at: i32, insn: i32): void {
    this.records.u32(insn);
    for (let word = 4; word < this.size; word += 4) this.records.u32(this.info.i32(at + word));
  }
}
