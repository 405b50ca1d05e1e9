// The relocations of an object by the kernel's types, as .BTF.ext has them: which members and types its code names.

import {
  BtfExtHeader,
  BtfExtSection,
  BtfHeader,
  BtfKind,
  BtfMember,
  BtfType,
  btfKind,
  btfTrailerBytes,
  CoreKind,
  CoreRelocation,
} from "../../common/format/btf.ts";
import { type ElfView, ObjectError } from "./elf.ts";

/** What the code takes from the types of the kernel that runs it. */
export interface TypeUse {
  /** "offset of task_struct.pid" */
  what: string;
  count: number;
}

const WHAT: Partial<Record<CoreKind, string>> = {
  [CoreKind.FieldOffset]: "offset of",
  [CoreKind.FieldSize]: "size of",
  [CoreKind.FieldExists]: "existence of",
  [CoreKind.FieldSigned]: "sign of",
  [CoreKind.LeftShift]: "bits of",
  [CoreKind.RightShift]: "bits of",
  [CoreKind.TypeSize]: "size of",
  [CoreKind.EnumeratorExists]: "existence of",
  [CoreKind.EnumeratorValue]: "value of",
};

/** Each with how often the code names it, in the order of the code. */
export function typeUses(elf: ElfView): TypeUse[] {
  const types = elf.find(".BTF");
  const ext = elf.find(".BTF.ext");
  if (!types || !ext) return [];
  try {
    return countUses(new Types(types), viewOf(ext));
  } catch (error) {
    if (error instanceof RangeError) throw new ObjectError("damaged BTF");
    throw error;
  }
}

function countUses(types: Types, ext: DataView): TypeUse[] {
  const header = ext.getUint32(BtfExtHeader.HeaderBytes, true);
  const bytes = header < BtfExtHeader.Size ? 0 : ext.getUint32(BtfExtHeader.CoreReloBytes, true);
  if (bytes === 0) return [];
  let at = header + ext.getUint32(BtfExtHeader.CoreReloOffset, true);
  const end = at + bytes;
  const size = Math.max(ext.getUint32(at, true), CoreRelocation.Size);
  const counts = new Map<string, number>();
  for (at += 4; at < end; ) {
    const count = ext.getUint32(at + BtfExtSection.Count, true);
    at += BtfExtSection.Size;
    for (let i = 0; i < count; ++i, at += size) {
      const word = (field: CoreRelocation) => ext.getUint32(at + field, true);
      const named = types.spell(word(CoreRelocation.Type), types.text(word(CoreRelocation.Access)));
      const what = `${WHAT[word(CoreRelocation.Kind) as CoreKind] ?? "something of"} ${named}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  }
  return [...counts].map(([what, count]) => ({ what, count }));
}

/** The types of an object. */
class Types {
  private readonly view: DataView;
  private readonly offsets: number[] = [0];
  private readonly strings: number;

  constructor(private readonly bytes: Uint8Array) {
    this.view = viewOf(bytes);
    const header = this.view.getUint32(BtfHeader.HeaderBytes, true);
    let at = header + this.view.getUint32(BtfHeader.TypeOffset, true);
    const end = at + this.view.getUint32(BtfHeader.TypeBytes, true);
    this.strings = header + this.view.getUint32(BtfHeader.StringOffset, true);
    while (at < end) {
      const trailer = btfTrailerBytes(this.view.getInt32(at + BtfType.Info, true));
      if (trailer < 0) throw new RangeError("an unknown kind of type");
      this.offsets.push(at);
      at += BtfType.Size + trailer;
    }
  }

  text(at: number): string {
    const from = this.strings + at;
    const end = this.bytes.indexOf(0, from);
    if (end < 0) throw new RangeError("a string without an end");
    return new TextDecoder().decode(this.bytes.subarray(from, end));
  }

  /** "task_struct.mm", "enum.VALUE" */
  spell(type: number, access: string): string {
    const steps = access.split(":").map(Number);
    let at = this.at(type);
    let text = this.text(this.word(at + BtfType.Name));
    const kind = btfKind(this.word(this.strip(at) + BtfType.Info));
    if (kind === BtfKind.Enum || kind === BtfKind.Enum64) {
      const bytes = kind === BtfKind.Enum ? 8 : 12;
      return this.text(this.word(this.strip(at) + BtfType.Size + steps[0]! * bytes));
    }
    for (const step of steps.slice(1)) {
      at = this.strip(at);
      const member = at + BtfType.Size + step * BtfMember.Size;
      const name = this.text(this.word(member + BtfMember.Name));
      if (name !== "") text += `.${name}`;
      at = this.at(this.word(member + BtfMember.Type));
    }
    return text;
  }

  private strip(at: number): number {
    for (let links = 0; links < 32 && btfKind(this.word(at + BtfType.Info)) === BtfKind.Typedef; ++links) {
      at = this.at(this.word(at + BtfType.SizeOrType));
    }
    return at;
  }

  private at(type: number): number {
    const at = this.offsets[type];
    if (!at) throw new RangeError("no such type");
    return at;
  }

  private word(at: number): number {
    return this.view.getUint32(at, true);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
