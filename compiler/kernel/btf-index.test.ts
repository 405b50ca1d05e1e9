import { BtfBuilder } from "../../common/as/testing/btf-builder";
import { BtfHeader, BtfInt, BtfKind, BtfType, btfInfo } from "../../common/format/btf";
import { BtfIndex, indexBtf, only } from "./btf-index";
import { sampleKernel } from "./testing/sample";

function nameOf(index: BtfIndex, id: i32): string {
  return index.text(load<u32>(index.at(id), BtfType.Name));
}

export function test_finds_types_by_name_and_kind(): void {
  const kernel = sampleKernel();
  const index = indexBtf(kernel.build(), null);
  assert(index.problem == "", index.problem);
  assert(index.firstId == 1 && index.end == kernel.next, "all types");
  const task = index.find("task_struct", only(BtfKind.Struct));
  assert(task > 0 && index.text(load<u32>(index.at(task), BtfType.Name)) == "task_struct", "a struct");
  assert(index.find("task_struct", only(BtfKind.Typedef)) == 0, "of another kind");
  assert(index.find("task_struc", only(BtfKind.Struct)) == 0, "a part of a name");
  assert(index.find("", only(BtfKind.Struct)) == 0, "what has no name is not found");
  assert(index.find("_Bool", only(BtfKind.Int)) != 0 && index.find("int", only(BtfKind.Int)) == 1, "short names");
  const twice = index.findAll("show", only(BtfKind.Func));
  assert(twice.length == 2 && twice[0] < twice[1], "all of a name, in order");
  assert(index.at(0) == 0 && index.at(-1) == 0 && index.at(index.end) == 0, "ids that do not exist");
}

export function test_finds_each_of_many_names(): void {
  const btf = new BtfBuilder();
  // Lengths on both sides of the eight bytes that are hashed at once.
  for (let i = 0; i < 3000; ++i) btf.reference(BtfKind.Typedef, "a".repeat(i % 27) + i.toString(), 0);
  const index = indexBtf(btf.build(), null);
  for (let i = 0; i < 3000; ++i) {
    const found = index.find("a".repeat(i % 27) + i.toString(), only(BtfKind.Typedef));
    assert(found == i + 1, `name ${i}`);
  }
}

export function test_btf_of_a_module_continues_its_kernels(): void {
  const kernel = sampleKernel();
  const base = indexBtf(kernel.build(), null);
  const module = new BtfBuilder(kernel);
  const own = module.reference(BtfKind.Typedef, "own", 1);
  const show = module.type("show", btfInfo(BtfKind.Func, 0, 0), 0);
  const index = indexBtf(module.build(), base);
  assert(index.problem == "" && index.firstId == base.end && index.end == base.end + 2, "ids go on");
  assert(index.find("own", only(BtfKind.Typedef)) == own, "its own type");
  assert(base.find("own", only(BtfKind.Typedef)) == 0, "which the kernel has not");
  const kinds = only(BtfKind.Struct);
  assert(index.find("task_struct", kinds) == base.find("task_struct", kinds), "the kernel's");
  const all = index.findAll("show", only(BtfKind.Func));
  assert(all.length == 3 && all[0] == show, "its own first");
  assert(index.find("show", only(BtfKind.Func)) == show, "and alone");
}

export function test_finds_enumerators_of_a_module_and_of_its_kernel(): void {
  const kernel = sampleKernel();
  const module = new BtfBuilder(kernel);
  const values = module.fields().add("FIRST", 1).add("GREEN", 2);
  const own = module.type("", btfInfo(BtfKind.Enum, 2, 0), 4, values.words);
  const base = indexBtf(kernel.build(), null);
  const index = indexBtf(module.build(), base);
  const green = index.findEnumerator("GREEN")!;
  assert(green.type == own && green.number == 1, "its own before the kernel's");
  assert(base.findEnumerator("GREEN")!.type < own && base.findEnumerator("FIRST") === null, "the kernel's alone");
  assert(index.findEnumerator("HUGE_HIGH")!.number == 1, "of 64 bits, in the kernel");
  assert(index.findEnumerator("GREE") === null && index.findEnumerator("") === null, "none");
}

export function test_a_type_of_a_module_may_have_a_name_of_its_kernel(): void {
  const kernel = sampleKernel();
  const name = kernel.string("shared_name");
  const module = new BtfBuilder(kernel);
  module.type("", btfInfo(BtfKind.Typedef, 0, 0), 1);
  const bytes = module.build();
  store<u32>(bytes.dataStart + BtfHeader.Size, name, BtfType.Name);
  const index = indexBtf(bytes, indexBtf(kernel.build(), null));
  assert(index.find("shared_name", only(BtfKind.Typedef)) == index.firstId, "found by the kernel's string");
}

export function test_refuses_what_is_damaged(): void {
  const good = sampleKernel().build();
  for (let length = 0; length < good.length; ++length) {
    const index = indexBtf(good.slice(0, length), null);
    assert(index.problem != "" && index.end == 1, `${length} bytes of it`);
    assert(index.find("int", only(BtfKind.Int)) == 0, "nothing is found");
  }
  const unknown = new BtfBuilder();
  unknown.type("", btfInfo(100, 0, 0), 0);
  assert(indexBtf(unknown.build(), null).problem == "type 1 is of kind 100, which is not known here", "a new kind");
  const swapped = good.slice();
  store<u16>(swapped.dataStart, 0x9feb);
  assert(indexBtf(swapped, null).problem.includes("little-endian"), "a big-endian machine's");
}

export function test_kinds_that_the_layout_describes_are_skipped(): void {
  const btf = new BtfBuilder();
  btf.type("", btfInfo(100, 2, 0), 0, [1, 2, 3]);
  const int = btf.int("int", 4, BtfInt.Signed);
  for (let kind = 0; kind < 101; ++kind) btf.layout.push(kind == 100 ? 4 | (4 << 8) : 0);
  const index = indexBtf(btf.build(), null);
  assert(index.problem == "", index.problem);
  assert(index.find("int", only(BtfKind.Int)) == int, "what follows");
}

export function test_a_name_is_printable_and_not_endless(): void {
  const btf = new BtfBuilder();
  btf.reference(BtfKind.Typedef, "a\x1b[1m", 0);
  btf.reference(BtfKind.Typedef, "b".repeat(511), 0);
  btf.reference(BtfKind.Typedef, "b".repeat(512), 0);
  const index = indexBtf(btf.build(), null);
  assert(nameOf(index, 1) == "" && nameOf(index, 2).length == 511 && nameOf(index, 3) == "", "names");
  assert(index.find("b".repeat(511), only(BtfKind.Typedef)) == 2, "the longest");
  assert(index.find("b".repeat(512), only(BtfKind.Typedef)) == 0, "one that is longer");
}
