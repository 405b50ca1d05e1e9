// Facts of a kernel that does not exist: those of a machine with other types. What is compiled with them has wrong
// numbers for the machine, until it is relocated.

import { deflateSync, inflateSync } from "node:zlib";
import {
  BtfEnum,
  BtfHeader,
  BtfKind,
  BtfMember,
  BtfParam,
  BtfType,
  btfKind,
  btfTrailerBytes,
  btfVlen,
} from "../../common/format/btf.ts";
import { decodeFacts } from "../../facts/file.ts";
import { encodeFacts } from "../../facts/write.ts";

/** The types of a kernel, to be changed in place. */
export class TypeEditor {
  private readonly view: DataView;
  private readonly offsets: number[] = [0];
  private readonly strings: number;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const header = this.word(BtfHeader.HeaderBytes);
    this.strings = header + this.word(BtfHeader.StringOffset);
    const end = header + this.word(BtfHeader.TypeOffset) + this.word(BtfHeader.TypeBytes);
    for (let at = header + this.word(BtfHeader.TypeOffset); at < end; ) {
      this.offsets.push(at);
      at += BtfType.Size + btfTrailerBytes(this.view.getInt32(at + BtfType.Info, true));
    }
  }

  /** Moves all members of a struct behind what they are. */
  move(struct: string, bits: number): void {
    const at = this.find(BtfKind.Struct, struct);
    this.set(at + BtfType.SizeOrType, this.word(at + BtfType.SizeOrType) + bits / 8);
    for (const member of this.fields(at, BtfMember.Size)) {
      this.set(member + BtfMember.Offset, this.word(member + BtfMember.Offset) + bits);
    }
  }

  /** Takes the first letter from a member's name. */
  behead(struct: string, name: string): void {
    const member = this.member(struct, name);
    this.set(member + BtfMember.Name, this.word(member + BtfMember.Name) + 1);
  }

  /** Makes a member an integer of that type. */
  retype(struct: string, name: string, integer: string): void {
    this.set(this.member(struct, name) + BtfMember.Type, this.idOf(BtfKind.Int, integer));
  }

  /** Gives an enumerator another value. */
  renumber(enumeration: string, name: string, value: number): void {
    const at = this.find(BtfKind.Enum, enumeration);
    const found = this.fields(at, BtfEnum.Size).find((one) => this.text(this.word(one)) === name);
    this.set((found ?? 0) + BtfEnum.Value, value);
  }

  /** Exchanges two parameters of a function. */
  exchange(func: string, first: number, second: number): void {
    const proto = this.offsets[this.word(this.find(BtfKind.Func, func) + BtfType.SizeOrType)] as number;
    const [a, b] = [first, second].map((i) => proto + BtfType.Size + i * BtfParam.Size) as [number, number];
    for (const field of [BtfParam.Name, BtfParam.Type]) {
      const word = this.word(a + field);
      this.set(a + field, this.word(b + field));
      this.set(b + field, word);
    }
  }

  private member(struct: string, name: string): number {
    const at = this.find(BtfKind.Struct, struct);
    const found = this.fields(at, BtfMember.Size).find((one) => this.text(this.word(one)) === name);
    if (found === undefined) throw new Error(`no member ${struct}.${name}`);
    return found;
  }

  private fields(at: number, bytes: number): number[] {
    const count = btfVlen(this.word(at + BtfType.Info));
    return Array.from({ length: count }, (_, i) => at + BtfType.Size + i * bytes);
  }

  private find(kind: BtfKind, name: string): number {
    return this.offsets[this.idOf(kind, name)] as number;
  }

  private idOf(kind: BtfKind, name: string): number {
    const id = this.offsets.findIndex(
      (at) => at > 0 && btfKind(this.word(at + BtfType.Info)) === kind && this.text(this.word(at)) === name,
    );
    if (id < 0) throw new Error(`no type ${name}`);
    return id;
  }

  private text(at: number): string {
    const from = this.strings + at;
    return new TextDecoder().decode(this.bytes.subarray(from, this.bytes.indexOf(0, from)));
  }

  private word(at: number): number {
    return this.view.getUint32(at, true);
  }

  private set(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }
}

/** A file of facts with other types, and another build id. */
export async function otherFacts(file: Uint8Array, edit: (types: TypeEditor) => void): Promise<Uint8Array> {
  const facts = await decodeFacts(file);
  const blobs = facts.blobs.map(({ name, stream }) => {
    if (name !== "kernel-btf") return { name, stream };
    const types = new Uint8Array(inflateSync(stream));
    edit(new TypeEditor(types));
    return { name, stream: new Uint8Array(deflateSync(types)) };
  });
  return encodeFacts({ ...facts, hello: { ...facts.hello, buildId: "0123456789abcdef" }, blobs });
}
