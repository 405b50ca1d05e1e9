// The readers of ELF, BTF and manifests, each on a small good file and on bad ones.

import { BTF_MAGIC, BtfKind, btfInfo } from "../format/btf";
import { SymbolType } from "../format/elf";
import { MANIFEST_VERSION, Manifest, NONE, PositionRow, TableKind } from "../format/manifest";
import { readBtf } from "./btf-reader";
import { ByteWriter } from "./byte-writer";
import { ByteReader } from "./bytes";
import { readElf } from "./elf-reader";
import { readManifest } from "./manifest-reader";
import { ElfBuilder, ManifestBuilder, toStatic } from "./testing/elf-builder";

function words(values: u32[]): ByteWriter {
  const writer = new ByteWriter(64);
  for (let i = 0; i < values.length; ++i) writer.u32(values[i]);
  return writer;
}

export function test_finds_sections_symbols_and_relocations(): void {
  const builder = new ElfBuilder();
  const code = builder.section("kprobe/f", words([1, 2, 3, 4]));
  const data = builder.nobits(".bss", 4096);
  const f = builder.symbol("f", SymbolType.Func, code, 8, 8);
  builder.symbol("g", SymbolType.Object, data, 64, 8);
  builder.relocate(code, 8, 1, f);
  const elf = readElf(builder.build());
  assert(elf.problem == "", elf.problem);
  const section = elf.findSection("kprobe/f")!;
  assert(section.data.length == 16 && section.data.u32(4) == 2, "bytes");
  assert(elf.findSection(".bss")!.bytes == 4096, "a section without bytes has a size");
  assert(elf.findSymbol("g", SymbolType.Object)!.value == 64, "by name");
  assert(elf.findSymbolAt(code, 8, SymbolType.Func)!.name == "f", "by place");
  const reloc = section.findRelocation(8);
  assert(reloc !== null && reloc.symbol == f && reloc.type == 1, "relocation");
  assert(section.findRelocation(0) === null, "and none elsewhere");
}

export function test_refuses_elf_files_that_point_outside(): void {
  let builder = new ElfBuilder();
  let code = builder.section("kprobe/f", words([1, 2]));
  builder.symbol("f", SymbolType.Func, code, 0, 9);
  const problem = readElf(builder.build()).problem;
  assert(problem == "damaged ELF file: extent of symbol 1", problem);
  builder = new ElfBuilder();
  code = builder.section("kprobe/f", words([1, 2]));
  builder.relocate(code, 8, 1, 0);
  assert(readElf(builder.build()).problem != "", "a relocation behind its section");
  builder = new ElfBuilder();
  code = builder.section("kprobe/f", words([1, 2]));
  builder.relocate(code, 0, 1, 77);
  assert(readElf(builder.build()).problem != "", "a relocation by a symbol that does not exist");
}

function btf(types: ByteWriter, strings: string): ByteReader {
  const out = new ByteWriter(256);
  out.u16(BTF_MAGIC);
  out.u16(1);
  out.append(words([24, 0, types.length, types.length, strings.length]));
  out.append(types);
  out.text(strings);
  return ByteReader.over(toStatic(out));
}

export function test_reads_types(): void {
  // 1 int; 2 const -> 1; 3 typedef T -> 2; 4 array [3] of 3; 5 struct s { x: 4 }
  const types = words([1, btfInfo(BtfKind.Int, 0, 0), 4, 0x1000020, 0, btfInfo(BtfKind.Const, 0, 0), 1]);
  types.append(words([5, btfInfo(BtfKind.Typedef, 0, 0), 2]));
  types.append(words([0, btfInfo(BtfKind.Array, 0, 0), 0, 3, 1, 3]));
  types.append(words([7, btfInfo(BtfKind.Struct, 1, 0), 12, 9, 4, 0]));
  const b = readBtf(btf(types, "\0int\0T\0s\0x\0"));
  assert(b !== null && b.count == 6, "five types");
  assert(b!.find(BtfKind.Struct, "s") == 5 && b!.find(BtfKind.Struct, "int") == 0, "by kind and name");
  assert(b!.strip(3) == 1, "behind typedefs and qualifiers");
  assert(b!.sizeOf(4) == 12 && b!.sizeOf(5) == 12 && b!.sizeOf(0) == 0, "sizes");
  assert(b!.textAt(b!.trailer(5, 0, 12, 0)) == "x", "a member's name");
  assert(b!.kind(99) == BtfKind.Void && b!.name(99) == "" && b!.strip(-1) == -1, "ids that do not exist");
}

export function test_survives_types_that_go_round_in_circles(): void {
  const types = words([0, btfInfo(BtfKind.Const, 0, 0), 2, 0, btfInfo(BtfKind.Const, 0, 0), 1]);
  types.append(words([0, btfInfo(BtfKind.Array, 0, 0), 0, 3, 1, 0x10000]));
  const b = readBtf(btf(types, "\0"))!;
  assert(b.strip(1) == 0, "qualifiers of each other");
  assert(b.sizeOf(3) == 0, "an array of itself");
}

export function test_refuses_btf_that_is_cut_or_of_unknown_kinds(): void {
  assert(readBtf(btf(words([0, btfInfo(BtfKind.Int, 0, 0)]), "\0")) === null, "half a type");
  assert(readBtf(btf(words([0, btfInfo(31, 0, 0), 0]), "\0")) === null, "a kind nobody knows");
  assert(readBtf(ByteReader.over(new StaticArray<u8>(8))) === null, "no header");
}

function manifestWithPosition(): ManifestBuilder {
  const builder = new ManifestBuilder();
  const row: i32[] = [builder.text("a.stp"), 3, 7, builder.text("exit()")];
  builder.row(TableKind.Position, row);
  return builder;
}

export function test_reads_a_manifest(): void {
  const manifest = readManifest(ByteReader.over(toStatic(manifestWithPosition().build())));
  assert(manifest.problem == "", manifest.problem);
  assert(manifest.count(TableKind.Position) == 1 && manifest.count(TableKind.Probe) == 0, "rows");
  assert(manifest.header(Manifest.Machine) == 62, "header");
  assert(manifest.text(TableKind.Position, 0, PositionRow.File) == "a.stp", "a string");
  assert(manifest.field(TableKind.Position, 0, PositionRow.Column) == 7, "a number");
  assert(manifest.stringLength(TableKind.Position, 0, PositionRow.Text) == 6, "a string's length");
}

export function test_refuses_manifests_that_lie(): void {
  const bytes = toStatic(manifestWithPosition().build());
  const base = changetype<usize>(bytes);
  const directory = base + Manifest.Directory + TableKind.Position * 8;
  const count = load<u32>(directory, 4);
  store<u32>(directory, 0x10000000, 4);
  assert(readManifest(ByteReader.over(bytes)).problem != "", "more rows than bytes");
  store<u32>(directory, count, 4);
  const row = base + load<u32>(directory);
  const text = load<u32>(row);
  store<u32>(row, 0xfffffffe);
  assert(readManifest(ByteReader.over(bytes)).problem != "", "a string outside");
  store<u32>(row, text);
  assert(readManifest(ByteReader.over(bytes)).problem == "", "as it was");
  store<u32>(base, MANIFEST_VERSION + 1, Manifest.Version);
  const problem = readManifest(ByteReader.over(bytes)).problem;
  assert(problem.includes(`version ${MANIFEST_VERSION + 1}`), problem);
}

export function test_refuses_rows_that_name_what_is_not_there(): void {
  const builder = new ManifestBuilder();
  const line: i32[] = [NONE, 0, 0];
  builder.row(TableKind.Line, line);
  const problem = readManifest(ByteReader.over(toStatic(builder.build()))).problem;
  assert(problem == "row 0 of table 6 refers to something that does not exist", problem);
}
