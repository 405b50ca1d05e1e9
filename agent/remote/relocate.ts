// Makes an object that was compiled with the types of another kernel right for this one: the numbers in its code that
// depend on types (CO-RE relocations in .BTF.ext) are replaced in place, before it is linked.
//
// What this kernel does not have becomes a call that no kernel knows, as libbpf has it: in code that an existing field
// guards, the verifier never goes there. Where it does, its log names the call, and the call's number what is missing.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteReader } from "../../common/as/bytes";
import { Section } from "../../common/as/elf-reader";
import { SECTION_AGENT } from "../../common/format/attach";
import { INSN_BYTES, Insn, Opcode } from "../../common/format/bpf";
import { BtfExtHeader, BtfExtSection, CoreKind, CoreRelocation, LineInfo } from "../../common/format/btf";
import { FailureCode } from "../../common/format/frame";
import { PARAMETER_FEATURE } from "../../common/format/manifest";
import { Failure } from "./errors";
import { Field, kernelTypes, TypeSearch } from "./kernel-types";
import { LoadedObject } from "./object";

/** Number of the first call that stands for something missing; libbpf's is the same. */
const POISON: i32 = 195896080;
/** Members of members of members. */
const MAX_STEPS: i32 = 64;
const HINT: string = "Guard it with @defined, or compile the script for this kernel.";

/** Puts the numbers of this kernel into an object's code. */
export function relocate(o: LoadedObject): Failure | null {
  if (o.isAtHome || !hasRelocations(o)) return null;
  const kernel = kernelTypes();
  if (kernel) return relocateFor(o, kernel);
  const what = "this kernel has no types (BTF), which the object needs: it was compiled for another kernel";
  return new Failure(FailureCode.Feature, 0, what, "It has them with CONFIG_DEBUG_INFO_BTF.");
}

function hasRelocations(o: LoadedObject): bool {
  const ext = o.btfExt;
  return ext != null && o.btf != null && ext.data.u32(BtfExtHeader.CoreReloBytes) != 0;
}

/** The same for a kernel that has these types. */
export function relocateFor(o: LoadedObject, kernel: TypeSearch): Failure | null {
  const local = readBtf(o.btf!.data);
  const ext = o.btfExt!.data;
  const at = ext.u32(BtfExtHeader.HeaderBytes) + ext.u32(BtfExtHeader.CoreReloOffset);
  const part = ext.slice(at, ext.u32(BtfExtHeader.CoreReloBytes));
  return local && !ext.failed ? new Relocator(o, local, kernel).run(part) : damaged();
}

function damaged(): Failure {
  return new Failure(FailureCode.Object, 0, "the object's relocations are damaged");
}

/** The text about what is missing, if the verifier's log says that it went there. */
export function missingInLog(o: LoadedObject, log: string): Failure | null {
  const mark = "unknown#";
  let at = log.lastIndexOf(mark);
  if (at < 0) return null;
  at += mark.length;
  let number: i64 = 0;
  for (; at < log.length && log.charCodeAt(at) >= 0x30 && log.charCodeAt(at) <= 0x39; ++at) {
    number = min<i64>(number * 10 + (log.charCodeAt(at) - 0x30), i32.MAX_VALUE);
  }
  const missing = number - POISON;
  if (missing < 0 || missing >= o.missing.length) return null;
  return new Failure(FailureCode.Feature, 0, o.missing[<i32>missing], HINT);
}

/** Checks that a parameter of what a probe is attached to is the one that the object means. */
export function checkParameter(feature: string): Failure | null {
  const words = feature.substring(PARAMETER_FEATURE.length).split(" ");
  const kernel = kernelTypes();
  if (words.length != 5 || !kernel) return damaged();
  const prototypes = kernel.prototypes(words[0], words[1]);
  const number = <i32>I64.parseInt(words[2], 10);
  // The first parameter of a tracepoint's function is the callback's own.
  const skipped = words[0] == "tracepoint" && number >= 0 ? 1 : 0;
  const wanted = `${words[3]} ${words[4]}`;
  let here = prototypes.length == 0 ? "nothing is known of it" : "";
  for (let i = 0, n = prototypes.length; i < n; ++i) {
    const found = kernel.parameter(prototypes[i], number + skipped);
    if (found != wanted) here = found.length == 0 ? "there is none" : `'${found}' is there`;
  }
  if (here.length == 0) return null;
  const place = number < 0 ? "" : `, its argument number ${number + 1}`;
  const what = `the object takes '${wanted}' from the ${words[0]} '${words[1]}'${place}; in this kernel ${here}`;
  return new Failure(FailureCode.Feature, 0, what, "Compile its script for this kernel.");
}

/** What a relocation is in this kernel. */
class Answer {
  isThere: bool = false;
  value: i64 = 0;
}

class Relocator {
  /** Of the relocation at hand: what it names, for messages. */
  private spelling: string = "";
  private answers: Map<string, Answer> = new Map<string, Answer>();

  constructor(
    private o: LoadedObject,
    private local: BtfReader,
    private kernel: TypeSearch,
  ) {
    this.mine = new TypeSearch(local);
  }

  private mine: TypeSearch;

  /** Goes through the sections of the relocations, which `part` has. */
  run(part: ByteReader): Failure | null {
    const bytes = part.u32(0);
    if (bytes < <u32>CoreRelocation.Size || bytes > 4096) return damaged();
    let at: u32 = 4;
    while (at < <u32>part.length) {
      const section = this.o.elf.findSection(this.local.textAt(part.u32(at + BtfExtSection.Name)));
      const count = part.u32(at + BtfExtSection.Count);
      at += BtfExtSection.Size;
      if (part.failed || !section || <u64>count * bytes > <u64>(part.length - at)) return damaged();
      for (let i: u32 = 0; i < count; ++i, at += bytes) {
        const failure = this.one(section, part.slice(at, bytes));
        if (failure) return failure;
      }
    }
    return null;
  }

  private one(section: Section, record: ByteReader): Failure | null {
    const offset = record.u32(CoreRelocation.InsnOffset);
    const code = section.data;
    if (offset % INSN_BYTES != 0 || !code.has(offset, 2 * INSN_BYTES)) return damaged();
    if (code.u8(offset) != Opcode.LdImm64) return damaged();
    const answer = this.answer(record);
    if (!answer) return damaged();
    const to = code.address + offset;
    if (answer.isThere) {
      store<i32>(to, <i32>answer.value, Insn.Imm);
      store<i32>(to, <i32>(answer.value >> 32), INSN_BYTES + Insn.Imm);
      return null;
    }
    const missing = `this kernel has no ${this.spelling}${this.lineOf(section.name, offset)}`;
    if (section.name == SECTION_AGENT) return new Failure(FailureCode.Feature, 0, missing, HINT);
    const call = <u64>Opcode.Call | ((<u64>(<u32>(POISON + this.o.missing.length))) << 32);
    store<u64>(to, call);
    store<u64>(to, call, INSN_BYTES);
    this.o.missing.push(missing);
    return null;
  }

  /** Null: the record makes no sense. Equal ones are answered once. */
  private answer(record: ByteReader): Answer | null {
    const type = record.i32(CoreRelocation.Type);
    const kind = record.i32(CoreRelocation.Kind);
    const access = this.local.textAt(record.u32(CoreRelocation.Access));
    const root = this.local.name(type);
    const steps = access.split(":", MAX_STEPS);
    if (root.length == 0 || !this.spell(type, kind, steps)) return null;
    const key = `${kind} ${type} ${access}`;
    if (this.answers.has(key)) return this.answers.get(key);
    const answer = new Answer();
    const essential = root.includes("___") ? root.substring(0, root.indexOf("___")) : root;
    const all = this.kernel.findAll(this.local.kind(type), essential);
    for (let i = 0, n = all.length; i < n; ++i) {
      const one = this.inType(kind, type, all[i], steps);
      if (!one.isThere) continue;
      // Several types of that name, and each says something else.
      const differs = answer.isThere && answer.value != one.value;
      answer.isThere = !differs;
      answer.value = one.value;
      if (differs) break;
    }
    if (!answer.isThere && isQuestion(kind)) {
      answer.isThere = true;
      answer.value = 0;
    }
    this.answers.set(key, answer);
    return answer;
  }

  /** Spells what a relocation names; false: that does not exist in the object's own types. */
  private spell(type: i32, kind: i32, steps: string[]): bool {
    let id = this.mine.strip(type);
    this.spelling = `'${this.local.name(type)}`;
    if (kind == CoreKind.EnumeratorExists || kind == CoreKind.EnumeratorValue) {
      const number = numberOf(steps[0]);
      const bytes = this.mine.enumeratorBytes(id);
      if (bytes == 0 || number < 0 || number >= this.local.vlen(id)) return false;
      this.spelling = `enumerator '${this.local.textAt(<u32>this.local.trailer(id, number, bytes, 0))}'`;
      return true;
    }
    if (kind > CoreKind.RightShift && kind != CoreKind.TypeSize && kind != CoreKind.TypeExists) return false;
    for (let i = 1, n = steps.length; i < n; ++i) {
      const number = numberOf(steps[i]);
      if (!this.mine.isComposite(id) || number < 0 || number >= this.local.vlen(id)) return false;
      const name = this.local.textAt(this.mine.memberName(id, number));
      if (name.length > 0) this.spelling += `.${name}`;
      id = this.mine.strip(this.mine.member(id, number).type);
    }
    this.spelling += "'";
    return kind > CoreKind.RightShift || steps.length > 1;
  }

  /** The answer of one type of this kernel. The steps exist in the object's own types. */
  private inType(kind: i32, type: i32, target: i32, steps: string[]): Answer {
    const answer = new Answer();
    const kernel = this.kernel;
    let id = this.mine.strip(type);
    if (kind == CoreKind.EnumeratorExists || kind == CoreKind.EnumeratorValue) {
      const bytes = this.mine.enumeratorBytes(id);
      const name = this.local.textAt(<u32>this.local.trailer(id, numberOf(steps[0]), bytes, 0));
      const stripped = kernel.strip(target);
      const number = kernel.findEnumerator(stripped, name);
      answer.isThere = number >= 0;
      if (number >= 0) answer.value = kind == CoreKind.EnumeratorExists ? 1 : kernel.enumeratorValue(stripped, number);
      return answer;
    }
    let here = kernel.strip(target);
    // A typedef may be of something else here.
    if (this.mine.isComposite(id) != kernel.isComposite(here)) return answer;
    if (kind > CoreKind.RightShift) {
      answer.isThere = true;
      answer.value = kind == CoreKind.TypeExists ? 1 : kernel.bytesOf(here);
      return answer;
    }
    let bits: i64 = 0;
    let found: Field | null = null;
    for (let i = 1, n = steps.length; i < n; ++i) {
      const number = numberOf(steps[i]);
      const name = this.local.textAt(this.mine.memberName(id, number));
      id = this.mine.strip(this.mine.member(id, number).type);
      if (name.length == 0) continue;
      found = kernel.findMember(here, name);
      if (!found || !kernel.matches(this.mine, id, found.type)) return answer;
      bits += found.bitOffset;
      here = kernel.strip(found.type);
    }
    if (found) this.ofField(kind, found, bits, answer);
    return answer;
  }

  /** What a kind of relocation asks of a field, `bits` from the beginning of the type. */
  private ofField(kind: i32, field: Field, bits: i64, answer: Answer): void {
    let bytes = <i64>this.kernel.bytesOf(field.type);
    let offset = bits >> 3;
    let size = bytes * 8;
    if (field.bitSize > 0) {
      if (bytes <= 0) return;
      size = field.bitSize;
      offset = (bits / 8 / bytes) * bytes;
      while (bits + size - offset * 8 > bytes * 8 && bytes < 8) {
        bytes *= 2;
        offset = (bits / 8 / bytes) * bytes;
      }
    }
    const isNumber = kind == CoreKind.FieldSize || kind == CoreKind.LeftShift || kind == CoreKind.RightShift;
    answer.isThere = (!isNumber || (bytes > 0 && bytes <= 8)) && offset <= i32.MAX_VALUE;
    switch (kind) {
      case CoreKind.FieldOffset:
        answer.value = offset;
        break;
      case CoreKind.FieldSize:
        answer.value = bytes;
        break;
      case CoreKind.FieldSigned:
        answer.value = this.kernel.isSigned(field.type) ? 1 : 0;
        break;
      case CoreKind.LeftShift:
        answer.value = 64 - (field.bitSize > 0 ? bits + size - offset * 8 : size);
        break;
      case CoreKind.RightShift:
        answer.value = 64 - size;
        break;
      default:
        answer.value = 1;
    }
  }

  /** " (x.stp:3)": the line of the script that has the instruction. */
  private lineOf(section: string, offset: u32): string {
    const ext = this.o.btfExt!.data;
    const info = ext.slice(
      ext.u32(BtfExtHeader.HeaderBytes) + ext.u32(BtfExtHeader.LineInfoOffset),
      ext.u32(BtfExtHeader.LineInfoBytes),
    );
    const bytes = info.u32(0);
    let text = "";
    if (ext.failed || bytes < <u32>LineInfo.Size || bytes > 4096) return text;
    let at: u32 = 4;
    while (info.has(at, BtfExtSection.Size)) {
      const isOurs = this.local.textAt(info.u32(at + BtfExtSection.Name)) == section;
      const count = info.u32(at + BtfExtSection.Count);
      at += BtfExtSection.Size;
      for (let i: u32 = 0; i < count && info.has(at, bytes); ++i, at += bytes) {
        if (!isOurs || info.u32(at) > offset) continue;
        text = ` (${this.local.textAt(info.u32(at + LineInfo.File))}:${info.u32(at + LineInfo.LineColumn) >> 10})`;
      }
    }
    return text;
  }
}

/** Kinds that ask whether something is there: "no" is an answer. */
function isQuestion(kind: i32): bool {
  return kind == CoreKind.FieldExists || kind == CoreKind.TypeExists || kind == CoreKind.EnumeratorExists;
}

/** A number of a path; -1 if it is none. */
function numberOf(text: string): i32 {
  let number = 0;
  for (let i = 0, n = text.length; i < n; ++i) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9 || number > 100000) return -1;
    number = number * 10 + digit;
  }
  return text.length > 0 ? number : -1;
}
