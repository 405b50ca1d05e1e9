// Makes one kernel program of its section's code and the subprograms that it calls, as libbpf does: subprograms of .text
// are appended behind it, calls and map references are resolved, func_info and line_info follow their instructions.
//
//      kprobe/x   | main ... call f ... |              ->  | main ... call f ... | f ... call g ... | g ... |
//      .text      | g ... | f ... call g ... |
//
// Hostile input: every offset is checked, a problem is text, nothing traps. No kernel involved: descriptors of maps are
// numbers here. `.stap.agent` is linked by interpret.ts, which shares `readTarget` and `readReference`.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteWriter } from "../../common/as/byte-writer";
import { ByteReader } from "../../common/as/bytes";
import { Section, SymbolEntry } from "../../common/as/elf-reader";
import { INSN_BYTES, Insn, Opcode, PSEUDO_CALL, Pseudo } from "../../common/format/bpf";
import { BtfExtHeader, BtfExtSection, FuncInfo, LineInfo } from "../../common/format/btf";
import { RelocationType, SymbolType } from "../../common/format/elf";
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

/** A function on its way into a program. */
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

/** What is wrong with the last program that was refused. */
export let linkProblem: string = "";

/** Links one kernel program; maps must have their descriptors. Null with `linkProblem` when the code is damaged. */
export function linkProgram(o: LoadedObject, program: Program): LinkedProgram | null {
  linkProblem = "";
  let parts = findParts(o, program);
  if (!parts) return null;
  let last = parts[parts.length - 1];
  let bytes = new StaticArray<u8>(last.at + last.bytes);
  for (let p = 0, n = parts.length; p < n; ++p) {
    let part = parts[p];
    memory.copy(changetype<usize>(bytes) + part.at, part.section.data.address + part.start, part.bytes);
    if (!relocatePart(o, parts, part, changetype<usize>(bytes) + part.at)) return null;
  }
  let linked = new LinkedProgram(bytes);
  let ext = o.btfExt;
  if (ext && o.btfFd >= 0) addInfo(o, linked, parts, ext.data);
  return linked;
}

/** The program's function and all that it calls, each once, in the order in which calls name them. */
function findParts(o: LoadedObject, program: Program): Part[] | null {
  let parts: Part[] = [new Part(program.section, program.start, program.bytes, 0)];
  for (let p = 0; p < parts.length; ++p) {
    let part = parts[p];
    for (let at = part.start, end = part.start + part.bytes; at < end; at += INSN_BYTES) {
      if (!isCall(part.section.data, at)) continue;
      let target = readTarget(o, part.section, at);
      if (!target) return null;
      if (findPart(parts, target.section, target.value)) continue;
      let last = parts[parts.length - 1];
      let next = last.at + last.bytes;
      if (next + target.bytes > MAX_INSNS * INSN_BYTES) {
        linkProblem = `program '${program.name}' has more than ${MAX_INSNS} instructions`;
        return null;
      }
      parts.push(new Part(o.elf.sections[target.section], target.value, target.bytes, next));
    }
  }
  return parts;
}

function findPart(parts: Part[], section: i32, start: i32): Part | null {
  for (let p = 0, n = parts.length; p < n; ++p) {
    let part = parts[p];
    if (part.start == start && part.section.index == section) return part;
  }
  return null;
}

/** Is there a call of a function of the same object at that byte of a section? */
export function isCall(code: ByteReader, at: i32): bool {
  return code.u8(at) == Opcode.Call && code.u8(at + Insn.Registers) >> 4 == PSEUDO_CALL;
}

/** The function that the call at byte `at` of a section means; null with `linkProblem`. */
export function readTarget(o: LoadedObject, section: Section, at: i32): SymbolEntry | null {
  let imm = <i64>section.data.i32(at + Insn.Imm);
  let targetSection = section.index;
  let target = <i64>at + (imm + 1) * INSN_BYTES;
  let reloc = section.findRelocation(at);
  if (reloc) {
    let symbol = o.elf.symbols[reloc.symbol];
    targetSection = symbol.section;
    target = <i64>symbol.value + (imm + 1) * INSN_BYTES;
    if (reloc.type != RelocationType.Call) targetSection = 0;
  }
  let text = o.text;
  let isSubprogram = (text !== null && targetSection == text.index) || targetSection == agentIndex(o);
  let isReachable = agentIndex(o) != section.index || targetSection == section.index;
  let fits = target >= 0 && target < i32.MAX_VALUE;
  let found =
    isSubprogram && isReachable && fits ? o.elf.findSymbolAt(targetSection, <i32>target, SymbolType.Func) : null;
  if (found && found.bytes > 0 && found.value % INSN_BYTES == 0 && found.bytes % INSN_BYTES == 0) {
    let code = o.elf.sections[found.section].data;
    if (found.value + found.bytes <= code.length) return found;
  }
  linkProblem = `instruction ${at / INSN_BYTES} of '${section.name}' calls what is no function`;
  return null;
}

function agentIndex(o: LoadedObject): i32 {
  let agent = o.agentCode;
  return agent ? agent.index : -1;
}

/** What a ld_imm64 with a relocation refers to. */
export const enum ReferenceKind {
  Map = 0,
  Rodata = 1,
  Bss = 2,
}

/** The newest answer of readReference. */
export let referenceKind: i32 = 0;
/** Index in the object's maps, or offset in .rodata or .bss. */
export let referenceValue: i32 = 0;

/** Reads what the ld_imm64 at byte `at` of a section refers to; false with `linkProblem`. */
export function readReference(o: LoadedObject, section: Section, at: i32, symbol: SymbolEntry): bool {
  let offset = <i64>symbol.value + <i64>section.data.i32(at + Insn.Imm);
  if (symbol.section == o.rodata.index || symbol.section == o.bss.index) {
    referenceKind = symbol.section == o.bss.index ? ReferenceKind.Bss : ReferenceKind.Rodata;
    let limit = symbol.section == o.bss.index ? o.bss.bytes : o.rodata.bytes;
    referenceValue = <i32>offset;
    if (offset >= 0 && offset < <i64>limit) return true;
  } else {
    referenceKind = ReferenceKind.Map;
    for (let m = 0, n = o.maps.length; m < n; ++m) {
      if (o.maps[m].name != symbol.name || o.maps[m].offset != symbol.value) continue;
      referenceValue = m;
      return true;
    }
  }
  linkProblem = `instruction ${at / INSN_BYTES} of '${section.name}' refers to '${symbol.name}', which is no map`;
  return false;
}

/** Resolves the calls and references of one part, whose copy is at `to`. */
function relocatePart(o: LoadedObject, parts: Part[], part: Part, to: usize): bool {
  let code = part.section.data;
  for (let offset = 0; offset < part.bytes; offset += INSN_BYTES) {
    let at = part.start + offset;
    if (isCall(code, at)) {
      let target = readTarget(o, part.section, at);
      let callee = target ? findPart(parts, target.section, target.value) : null;
      if (!callee) return false;
      store<i32>(to + offset + Insn.Imm, (callee.at - (part.at + offset)) / INSN_BYTES - 1);
      continue;
    }
    let reloc = part.section.findRelocation(at);
    if (code.u8(at) != Opcode.LdImm64) {
      if (!reloc) continue;
      linkProblem = `instruction ${at / INSN_BYTES} of '${part.section.name}' cannot be relocated`;
      return false;
    }
    if (offset + 2 * INSN_BYTES > part.bytes) {
      linkProblem = `'${part.section.name}' ends in the middle of an instruction`;
      return false;
    }
    if (reloc && !relocateLoad(o, part, at, to + offset, o.elf.symbols[reloc.symbol])) return false;
    offset += INSN_BYTES;
  }
  return true;
}

function relocateLoad(o: LoadedObject, part: Part, at: i32, to: usize, symbol: SymbolEntry): bool {
  if (!readReference(o, part.section, at, symbol)) return false;
  let isMap = referenceKind == ReferenceKind.Map;
  let data = referenceKind == ReferenceKind.Bss ? o.bssFd : o.rodataFd;
  let pseudo = isMap ? Pseudo.MapFd : Pseudo.MapValue;
  store<u8>(to + Insn.Registers, (load<u8>(to + Insn.Registers) & 15) | <u8>(pseudo << 4));
  store<i32>(to + Insn.Imm, isMap ? o.maps[referenceValue].fd : data);
  store<i32>(to + INSN_BYTES + Insn.Imm, isMap ? 0 : referenceValue);
  return true;
}

// ---- func_info and line_info ----------------------------------------------------------------------------------------

/** Adds both kinds of info, each only if every part has it from its first instruction on: else the kernel refuses. */
function addInfo(o: LoadedObject, linked: LinkedProgram, parts: Part[], ext: ByteReader): void {
  let section = o.btf;
  let btf: BtfReader | null = section ? readBtf(section.data) : null;
  if (!btf) return;
  let funcs = collect(btf, ext, parts, BtfExtHeader.FuncInfoOffset, FuncInfo.Size);
  if (funcs) {
    linked.funcInfo = funcs.toArray();
    linked.funcInfoCount = funcs.length / FuncInfo.Size;
  }
  let lines = collect(btf, ext, parts, BtfExtHeader.LineInfoOffset, LineInfo.Size);
  if (lines && linked.funcInfoCount != 0) {
    linked.lineInfo = lines.toArray();
    linked.lineInfoCount = lines.length / LineInfo.Size;
  }
}

/** Records of one kind for all parts, with offsets in instructions of the program; null when a part has none. */
function collect(btf: BtfReader, ext: ByteReader, parts: Part[], field: i32, size: i32): ByteWriter | null {
  let header = ext.u32(BtfExtHeader.HeaderBytes);
  let info = ext.slice(header + ext.u32(field), ext.u32(field + 4));
  let recordBytes = <i32>info.u32(0);
  if (ext.failed || recordBytes < size || recordBytes > 4096) return null;
  let records = new ByteWriter(1024);
  for (let p = 0, n = parts.length; p < n; ++p) {
    if (!collectPart(btf, info, parts[p], recordBytes, size, records)) return null;
  }
  return records;
}

/** Appends the records of one part; false when its first instruction has none or the info is damaged. */
function collectPart(btf: BtfReader, info: ByteReader, part: Part, recordBytes: i32, size: i32, to: ByteWriter): bool {
  let isFirst = true;
  let previous = -1;
  let at = 4;
  while (at + BtfExtSection.Size <= info.length) {
    let isOurs = btf.textAt(info.u32(at + BtfExtSection.Name)) == part.section.name;
    let count = info.u32(at + BtfExtSection.Count);
    at += BtfExtSection.Size;
    if (<u64>count * <u64>recordBytes > <u64>(info.length - at)) return false;
    let end = at + <i32>count * recordBytes;
    for (; isOurs && at < end; at += recordBytes) {
      let offset = info.i32(at + FuncInfo.InsnOffset);
      if (offset < part.start || offset >= part.start + part.bytes) continue;
      if (isFirst && offset != part.start) return false;
      // A function has one type; lines must come in strictly increasing order.
      if (!isFirst && (size == FuncInfo.Size || offset <= previous)) continue;
      isFirst = false;
      previous = offset;
      to.u32((part.at + offset - part.start) / INSN_BYTES);
      for (let word = 4; word < size; word += 4) to.u32(info.i32(at + word));
    }
    at = end;
  }
  return !isFirst;
}
