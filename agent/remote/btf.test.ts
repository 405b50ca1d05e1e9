// The object's types on their way to the kernel: filled in from the ELF file, and made harmless for older kernels.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteWriter } from "../../common/as/byte-writer";
import { ByteReader } from "../../common/as/bytes";
import { readElf } from "../../common/as/elf-reader";
import { ElfBuilder, toStatic } from "../../common/as/testing/elf-builder";
import { BTF_MAGIC, BtfKind, btfInfo } from "../../common/format/btf";
import { SymbolType } from "../../common/format/elf";
import { prepareBtf, sanitizeBtf } from "./btf";

const STRINGS: string = "\0int\0count\0.bss\0e\0A\0";
const NAME_COUNT: u32 = 5;
const NAME_BSS: u32 = 11;
const NAME_E: u32 = 16;
const NAME_A: u32 = 18;

function btf(types: u32[]): StaticArray<u8> {
  const out = new ByteWriter(256);
  out.u16(BTF_MAGIC);
  out.u16(1);
  const bytes = types.length * 4;
  const header: u32[] = [24, 0, bytes, bytes, STRINGS.length];
  for (let i = 0; i < header.length; ++i) out.u32(header[i]);
  for (let i = 0; i < types.length; ++i) out.u32(types[i]);
  out.text(STRINGS);
  return toStatic(out);
}

function info(kind: i32, vlen: i32): u32 {
  return <u32>btfInfo(kind, vlen, 0);
}

export function test_fills_in_sizes_and_offsets_of_variables(): void {
  const builder = new ElfBuilder();
  const bss = builder.nobits(".bss", 512);
  builder.symbol("count", SymbolType.Object, bss, 192, 8);
  const elf = readElf(builder.build());
  // 1 int; 2 var count; 3 datasec .bss { count }
  const types: u32[] = [1, info(BtfKind.Int, 0), 8, 64, NAME_COUNT, info(BtfKind.Var, 0), 1, 1];
  const datasec: u32[] = [NAME_BSS, info(BtfKind.Datasec, 1), 0, 2, 0, 8];
  const bytes = prepareBtf(ByteReader.over(btf(types.concat(datasec))), elf);
  const b = readBtf(ByteReader.over(bytes!))!;
  assert(b.sizeOrType(3) == 512, "the section's size");
  assert(b.trailer(3, 0, 12, 4) == 192, "the variable's offset");
}

export function test_replaces_kinds_that_older_kernels_refuse(): void {
  // 1 int; 2 float; 3 type tag -> 1; 4 declaration tag -> 1; 5 enum64 e { A }
  const types: u32[] = [1, info(BtfKind.Int, 0), 4, 32, NAME_A, info(BtfKind.Float, 0), 8];
  const tags: u32[] = [NAME_A, info(BtfKind.TypeTag, 0), 1, NAME_A, info(BtfKind.DeclTag, 0), 1, 0xffffffff];
  const last: u32[] = [NAME_E, info(BtfKind.Enum64, 1), 8, NAME_A, 5, 0];
  const bytes = btf(types.concat(tags).concat(last));
  assert(sanitizeBtf(bytes), "something was replaced");
  const b: BtfReader = readBtf(ByteReader.over(bytes))!;
  assert(b.count == 6, "ids are what they were");
  assert(b.kind(2) == BtfKind.Struct && b.sizeOf(2) == 8 && b.vlen(2) == 0, "a float is a struct of its size");
  assert(b.kind(3) == BtfKind.Const && b.strip(3) == 1, "a type tag is a qualifier");
  assert(b.kind(4) == BtfKind.Int && b.sizeOf(4) == 1, "a declaration tag is an int");
  assert(b.kind(5) == BtfKind.Union && b.sizeOf(5) == 8, "an enum of 64 bits is a union of its size");
  assert(b.trailer(5, 0, 12, 4) == 1 && b.trailer(5, 0, 12, 8) == 0, "of members that fit");
  assert(!sanitizeBtf(bytes), "once is enough");
}
