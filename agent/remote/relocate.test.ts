// Relocation: the numbers of another kernel, by libbpf's rules, and no bytes whatever trap.

import { readBtf } from "../../common/as/btf-reader";
import { ByteWriter } from "../../common/as/byte-writer";
import { ByteReader } from "../../common/as/bytes";
import { readElf } from "../../common/as/elf-reader";
import { BtfBuilder, Fields } from "../../common/as/testing/btf-builder";
import { ElfBuilder } from "../../common/as/testing/elf-builder";
import { INSN_BYTES, Insn, Opcode } from "../../common/format/bpf";
import { BTF_MAGIC, BtfInt, BtfKind, btfInfo, CoreKind } from "../../common/format/btf";
import { Failure } from "./errors";
import { TypeSearch } from "./kernel-types";
import { LoadedObject, openObject } from "./object";
import { missingInLog, relocateFor } from "./relocate";
import { sampleObject } from "./testing/sample";

/** What a relocation of the test asks. */
class Ask {
  constructor(
    public kind: CoreKind,
    public type: i32,
    public access: string,
  ) {}
}

function enumOf(btf: BtfBuilder, name: string, values: Fields): i32 {
  return btf.type(name, btfInfo(BtfKind.Enum, values.count, 0), 4, values.words);
}

// Types of the object: their numbers.
const INT: i32 = 1;
const POINTER: i32 = 3;
const TASK: i32 = 6;
const STATE: i32 = 7;
const COUNTER: i32 = 9;

/** struct task { int pid; struct file *file; int flags[4]; int bit:3; }, enum state { RUNS = 1 }, counter_t. */
function ownTypes(): BtfBuilder {
  const btf = new BtfBuilder();
  btf.int("int", 4, BtfInt.Signed);
  btf.composite(BtfKind.Struct, "file", 8, btf.fields());
  btf.pointer(2);
  btf.array(INT, 4);
  btf.int("unsigned int", 4, BtfInt.None);
  const members = btf.fields().bits("pid", INT, 0, 0).bits("file", POINTER, 64, 0).bits("flags", 4, 128, 0);
  btf.composite(BtfKind.Struct, "task", 40, members.bits("bit", 5, 256, 3));
  enumOf(btf, "state", btf.fields().add("RUNS", 1).add("GONE", 2));
  btf.composite(BtfKind.Struct, "", 4, btf.fields().add2("value", INT, 0));
  btf.reference(BtfKind.Typedef, "counter_t", 8);
  return btf;
}

/** The same in another kernel: in other places, in an anonymous union, with other sizes. */
function otherTypes(): BtfBuilder {
  const btf = new BtfBuilder();
  const long = btf.int("long", 8, BtfInt.Signed);
  const file = btf.composite(BtfKind.Struct, "file", 8, btf.fields());
  const pointer = btf.pointer(btf.reference(BtfKind.Const, "", file));
  const int = btf.int("int", 4, BtfInt.Signed);
  const flags = btf.array(int, 8);
  const inner = btf.composite(BtfKind.Union, "", 8, btf.fields().add2("x", long, 0).add2("file", pointer, 0));
  const members = btf.fields().bits("pid", long, 64, 0).bits("", inner, 128, 0).bits("flags", flags, 192, 0);
  btf.composite(BtfKind.Struct, "task", 64, members.bits("bit", int, 500, 5));
  enumOf(btf, "state", btf.fields().add("NEW", 1).add("RUNS", 7));
  const counter = btf.composite(BtfKind.Struct, "", 8, btf.fields().add2("other", int, 0).add2("value", int, 32));
  btf.reference(BtfKind.Typedef, "counter_t", counter);
  return btf;
}

function bytesOf(array: Uint8Array): StaticArray<u8> {
  const bytes = new StaticArray<u8>(array.length);
  memory.copy(changetype<usize>(bytes), array.dataStart, array.length);
  return bytes;
}

function search(btf: BtfBuilder): TypeSearch {
  return new TypeSearch(readBtf(ByteReader.over(bytesOf(btf.build())))!);
}

/** An object whose code has one ld_imm64 for each question. */
function objectOf(asks: Ask[], btf: BtfBuilder = ownTypes()): LoadedObject {
  const code = new ByteWriter(256);
  const records = new ByteWriter(256);
  const section = btf.string("kprobe/f");
  for (let i = 0, n = asks.length; i < n; ++i) {
    records.u32(code.length);
    records.u32(asks[i].type);
    records.u32(btf.string(asks[i].access));
    records.u32(asks[i].kind);
    code.u8(Opcode.LdImm64);
    code.zeros(2 * INSN_BYTES - 1);
  }
  const ext = new ByteWriter(256);
  ext.u16(BTF_MAGIC);
  ext.u16(1);
  const header: i32[] = [32, 0, 0, 0, 0, 0, 12 + records.length, 16, section, asks.length];
  for (let i = 0; i < header.length; ++i) ext.u32(header[i]);
  ext.append(records);
  const types = new ByteWriter(1024);
  types.appendArray(btf.build());
  const elf = new ElfBuilder();
  elf.section("kprobe/f", code);
  elf.section(".BTF", types);
  elf.section(".BTF.ext", ext);
  const o = openObject(sampleObject()).value!;
  o.elf = readElf(elf.build());
  o.btf = o.elf.findSection(".BTF");
  o.btfExt = o.elf.findSection(".BTF.ext");
  return o;
}

/** The number in the ld_imm64 of question `i`; i64.MIN_VALUE: it was replaced by the call of something missing. */
function numberAt(o: LoadedObject, i: i32): i64 {
  const code = o.elf.findSection("kprobe/f")!.data;
  const at = i * 2 * INSN_BYTES;
  if (code.u8(at) == Opcode.Call) return i64.MIN_VALUE;
  return <i64>code.u32(at + Insn.Imm) | ((<i64>code.u32(at + INSN_BYTES + Insn.Imm)) << 32);
}

const GONE: i64 = i64.MIN_VALUE;

function same(ask: Ask, wanted: i64, kernel: BtfBuilder = otherTypes()): void {
  const o = objectOf([ask]);
  const failure = relocateFor(o, search(kernel));
  assert(!failure, failure ? failure.render() : "");
  assert(numberAt(o, 0) == wanted, `${<i32>ask.kind} ${ask.access}: ${numberAt(o, 0)}, not ${wanted}`);
}

export function test_finds_a_member_where_it_is_and_as_large_as_it_is(): void {
  same(new Ask(CoreKind.FieldOffset, TASK, "0:0"), 8);
  same(new Ask(CoreKind.FieldSize, TASK, "0:0"), 8);
  same(new Ask(CoreKind.LeftShift, TASK, "0:0"), 0);
  same(new Ask(CoreKind.FieldSigned, TASK, "0:0"), 1);
  same(new Ask(CoreKind.TypeSize, TASK, "0"), 64);
}

export function test_finds_a_member_of_an_anonymous_union(): void {
  same(new Ask(CoreKind.FieldOffset, TASK, "0:1"), 16);
  same(new Ask(CoreKind.FieldExists, TASK, "0:1"), 1);
}

export function test_finds_the_bits_of_a_field_as_libbpf_does(): void {
  // Five bits from bit 500 on: in the int at byte 60, 20 bits in.
  same(new Ask(CoreKind.FieldOffset, TASK, "0:3"), 60);
  same(new Ask(CoreKind.FieldSize, TASK, "0:3"), 4);
  same(new Ask(CoreKind.LeftShift, TASK, "0:3"), 64 - 25);
  same(new Ask(CoreKind.RightShift, TASK, "0:3"), 59);
  same(new Ask(CoreKind.FieldSigned, TASK, "0:3"), 1);
}

export function test_goes_through_a_typedef_of_a_struct_without_a_name(): void {
  same(new Ask(CoreKind.FieldOffset, COUNTER, "0:0"), 4);
}

export function test_finds_enumerators_by_their_names(): void {
  same(new Ask(CoreKind.EnumeratorValue, STATE, "0"), 7);
  same(new Ask(CoreKind.EnumeratorExists, STATE, "0"), 1);
  same(new Ask(CoreKind.EnumeratorExists, STATE, "1"), 0);
  same(new Ask(CoreKind.EnumeratorValue, STATE, "1"), GONE);
}

export function test_takes_no_member_of_another_type_for_the_one_that_is_meant(): void {
  const kernel = new BtfBuilder();
  const int = kernel.int("int", 4, BtfInt.Signed);
  const inode = kernel.pointer(kernel.composite(BtfKind.Struct, "inode", 8, kernel.fields()));
  const long = kernel.int("long", 8, BtfInt.Signed);
  const members = kernel.fields().add2("pid", inode, 0).add2("file", inode, 64);
  kernel.composite(BtfKind.Struct, "task", 64, members.add2("flags", kernel.array(long, 4), 128));
  same(new Ask(CoreKind.FieldOffset, TASK, "0:0"), GONE, kernel);
  same(new Ask(CoreKind.FieldOffset, TASK, "0:1"), GONE, kernel);
  same(new Ask(CoreKind.FieldOffset, TASK, "0:2"), GONE, kernel);
  same(new Ask(CoreKind.FieldExists, TASK, "0:3"), 0, kernel);
  assert(int == 1, "the int is there for nothing");
}

export function test_refuses_types_that_contradict_each_other(): void {
  const kernel = otherTypes();
  const int = kernel.int("int", 4, BtfInt.Signed);
  kernel.composite(BtfKind.Struct, "task", 64, kernel.fields().add2("pid", int, 0));
  same(new Ask(CoreKind.FieldOffset, TASK, "0:0"), GONE, kernel);
  // Only one of the two has this one.
  same(new Ask(CoreKind.FieldOffset, TASK, "0:1"), 16, kernel);
}

export function test_names_what_is_missing_when_the_verifier_goes_there(): void {
  const o = objectOf([new Ask(CoreKind.FieldOffset, TASK, "0:0"), new Ask(CoreKind.EnumeratorValue, STATE, "1")]);
  const failure = relocateFor(o, search(new BtfBuilder()));
  assert(!failure && o.missing.length == 2, "both are missing");
  const code = o.elf.findSection("kprobe/f")!.data;
  const number = code.i32(2 * INSN_BYTES + Insn.Imm);
  const found = missingInLog(o, `3: (85) call unknown#${number}\ninvalid func unknown#${number}\n`);
  assert(found != null && found.render().includes("'GONE'"), found ? found.render() : "nothing");
  assert(!missingInLog(o, "invalid func unknown#7"), "another call");
  assert(!missingInLog(o, "R1 invalid mem access"), "another refusal");
}

export function test_refuses_records_that_make_no_sense(): void {
  const asks: Ask[] = [
    new Ask(CoreKind.FieldOffset, TASK, "0:9"),
    new Ask(CoreKind.FieldOffset, TASK, "0:x"),
    new Ask(CoreKind.FieldOffset, TASK, "0"),
    new Ask(CoreKind.FieldOffset, 99, "0:0"),
    new Ask(CoreKind.EnumeratorValue, TASK, "0"),
    new Ask(CoreKind.EnumeratorValue, STATE, "5"),
    new Ask(CoreKind.TargetTypeId, TASK, "0"),
    new Ask(77 as CoreKind, TASK, "0:0"),
  ];
  for (let i = 0; i < asks.length; ++i) {
    const failure = relocateFor(objectOf([asks[i]]), search(otherTypes()));
    assert(failure != null, `record ${i}`);
  }
}

/** A small generator: tests have no other randomness. */
let seed: u32 = 1;
function random(below: i32): i32 {
  seed = seed * 1664525 + 1013904223;
  return <i32>((seed >> 8) % <u32>below);
}

function mutate(bytes: ByteReader): void {
  for (let k = random(4); k >= 0; --k) store<u8>(bytes.address + random(bytes.length), <u8>random(256));
}

export function test_no_bytes_of_the_object_or_the_kernel_trap(): void {
  const asks: Ask[] = [];
  for (let kind = 0; kind <= 12; ++kind) {
    asks.push(new Ask(kind as CoreKind, TASK, "0:1"));
    asks.push(new Ask(kind as CoreKind, STATE, "0"));
  }
  let answered = 0;
  for (let round = 0; round < 4000; ++round) {
    const o = objectOf([asks[round % asks.length], asks[(round * 7) % asks.length]]);
    const bytes = bytesOf(otherTypes().build());
    if (round % 3 == 0) mutate(ByteReader.over(bytes));
    else if (round % 3 == 1) mutate(o.btf!.data);
    else mutate(o.btfExt!.data);
    const btf = readBtf(ByteReader.over(bytes));
    if (!btf || o.btfExt!.data.u32(28) == 0) continue;
    const failure: Failure | null = relocateFor(o, new TypeSearch(btf));
    if (!failure) ++answered;
  }
  assert(answered > 200, `${answered} of them were read to the end`);
}
