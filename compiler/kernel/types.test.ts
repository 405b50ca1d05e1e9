import { BtfBuilder } from "../../common/as/testing/btf-builder";
import { BtfInt, BtfKind, btfInfo } from "../../common/format/btf";
import { indexBtf } from "./btf-index";
import { sampleKernel } from "./testing/sample";
import { findType, NO_TYPE, spell } from "./type-names";
import { Types } from "./types";

function typesOf(btf: BtfBuilder): Types {
  const index = indexBtf(btf.build(), null);
  assert(index.problem == "", index.problem);
  return new Types(index);
}

function sample(): Types {
  return typesOf(sampleKernel());
}

export function test_sizes_go_through_typedefs_arrays_and_pointers(): void {
  const types = sample();
  const task = findType(types, "task_struct");
  assert(types.sizeOf(task) == 88 && types.sizeOf(findType(types, "size_t")) == 8, "named types");
  assert(types.sizeOf(findType(types, "task_struct *")) == 8, "a pointer");
  assert(types.sizeOf(types.findMember(task, "comm")!.type) == 16, "an array");
  assert(types.sizeOf(types.findMember(task, "grid")!.type) == 48, "an array of arrays");
  assert(types.sizeOf(types.findMember(task, "rest")!.type) == 0, "a flexible array");
  assert(types.sizeOf(0) == -1 && types.sizeOf(99999) == -1, "void, and what does not exist");
  assert(types.sizeOf(types.findFunctions("vfs_read")[0]) == -1, "a function");
}

export function test_finds_members_with_their_offsets(): void {
  const types = sample();
  const task = findType(types, "struct task_struct");
  const pid = types.findMember(task, "pid")!;
  assert(pid.name == "pid" && pid.bitOffset == 64 && pid.offset == 8 && pid.bitSize == 0, "a plain one");
  assert(types.isInteger(pid.type) && types.isSigned(pid.type), "and its type");
  const parent = types.findMember(task, "parent")!;
  assert(types.pointee(parent.type) == task && types.isPointer(parent.type), "a pointer to its own type");
  assert(types.findMember(task, "nothing") === null && types.findMember(task, "") === null, "no such member");
  assert(types.memberCount(task) == 6 && types.member(task, 6).name == "", "their number");
  assert(types.element(types.member(task, 2).type) == findType(types, "char"), "elements of an array");
  assert(types.arrayLength(types.member(task, 2).type) == 16 && types.arrayLength(pid.type) == -1, "their number");
}

export function test_finds_members_of_anonymous_members_and_bit_fields(): void {
  const types = sample();
  const file = findType(types, "struct file");
  const count = types.findMember(file, "f_count")!;
  assert(count.bitOffset == 0 && count.path.length == 2 && count.path[0] == 0 && count.path[1] == 1, "in a union");
  assert(types.isUnion(types.member(file, 0).type) && !types.isUnion(file), "which is anonymous");
  const high = types.findMember(file, "f_high")!;
  assert(high.bitOffset == 67 && high.bitSize == 29 && high.path[0] == 2, "a bit-field");
  assert(types.findMember(file, "f_name")!.bitSize == 0, "no bit-field");
  assert(types.memberNames(file).join(" ") == "f_list f_count f_low f_high f_name", "all names");
}

export function test_bit_fields_of_old_btf_have_integers_of_their_own(): void {
  const btf = new BtfBuilder();
  const bits = btf.type("int", btfInfo(BtfKind.Int, 0, 0), 4, [(BtfInt.Signed << 24) | (5 << 16) | 3]);
  btf.composite(BtfKind.Struct, "s", 4, btf.fields().add2("x", bits, 32));
  const types = typesOf(btf);
  const x = types.findMember(findType(types, "struct s"), "x")!;
  assert(x.bitOffset == 37 && x.bitSize == 3, "offset and size");
}

export function test_a_forward_declaration_becomes_the_struct(): void {
  const types = sample();
  const prototype = types.prototypeOf(types.findFunctions("vfs_read")[0])!;
  const pointed = types.pointee(prototype.parameterType(0));
  assert(types.kind(pointed) == BtfKind.Fwd && types.strip(pointed) == findType(types, "struct file"), "in full");
  assert(types.findMember(pointed, "f_name") !== null && types.sizeOf(pointed) == 16, "its members");
  const alone = new BtfBuilder();
  alone.type("x", btfInfo(BtfKind.Fwd, 0, 1), 0);
  const lonely = typesOf(alone);
  assert(lonely.isForward(1) && lonely.sizeOf(1) == -1 && spell(lonely, 1) == "union x", "one that is never defined");
}

export function test_enums(): void {
  const types = sample();
  const green = types.findEnumerator("GREEN")!;
  assert(green.value == 7 && green.index == 1 && types.name(green.type) == "colour", "a value");
  assert(types.findEnumerator("COLD")!.value == -1 && types.isSigned(types.findEnumerator("COLD")!.type), "signed");
  assert(types.findEnumerator("TOP")!.value == 0x80000000, "unsigned, with the highest bit");
  assert(!types.isSigned(green.type) && types.sizeOf(green.type) == 4, "unsigned");
  assert(types.findEnumerator("HUGE_LOW")!.value == 0x1ffffffff, "64 bits");
  assert(types.findEnumerator("HUGE_HIGH")!.value == i64.MIN_VALUE, "all of them");
  assert(types.findEnumerator("GREE") === null && types.enumeratorName(green.type, 7) == "GREEN", "names");
  assert(types.enumeratorName(green.type, 8) == "" && types.enumeratorCount(green.type) == 2, "what there is not");
}

export function test_old_btf_does_not_mark_enums_with_negative_values(): void {
  const btf = new BtfBuilder();
  btf.type("e", btfInfo(BtfKind.Enum, 2, 0), 4, btf.fields().add("LOW", -5).add("HIGH", 5).words);
  btf.type("u", btfInfo(BtfKind.Enum, 1, 0), 4, btf.fields().add("UP", 5).words);
  const types = typesOf(btf);
  assert(types.findEnumerator("LOW")!.value == -5 && types.isSigned(1) && !types.isSigned(2), "by their values");
}

export function test_prototypes(): void {
  const types = sample();
  const read = types.prototypeOf(types.findFunctions("vfs_read")[0])!;
  assert(read.parameterCount == 3 && read.parameterName(2) == "count" && read.parameterName(3) == "", "parameters");
  assert(read.findParameter("buf") == 1 && read.findParameter("x") == -1, "by name");
  assert(spell(types, read.returnType) == "size_t" && !read.isVariadic, "what it returns");
  const show = types.prototypeOf(types.findFunctions("show")[1])!;
  const callback = types.prototypeOf(show.parameterType(0))!;
  assert(callback.isVariadic && callback.parameterCount == 1, "a pointer to a function with ...");
  assert(types.isFunction(types.pointee(show.parameterType(0))) && types.prototypeOf(1) === null, "functions");
}

export function test_tracepoints(): void {
  const types = sample();
  const known = types.tracepointPrototype("sched_switch")!;
  assert(known.parameterCount == 2 && known.parameterName(0) == "preempt", "named by the kernel's own function");
  const unnamed = types.tracepointPrototype("cpu_idle")!;
  assert(unnamed.parameterCount == 1 && unnamed.parameterName(0) == "", "without names");
  assert(spell(types, unnamed.parameterType(0)) == "int" && types.tracepointPrototype("x") === null, "types");
}

export function test_variables(): void {
  const types = sample();
  const variable = types.findVariable("runqueues")!;
  assert(variable.section == ".data..percpu" && variable.offset == 64 && variable.bytes == 4, "its place");
  assert(spell(types, variable.type) == "int" && types.findVariable("jiffies") === null, "its type");
}

export function test_names_become_types(): void {
  const types = sample();
  const task = findType(types, "struct task_struct");
  assert(findType(types, "task_struct") == task && findType(types, " const struct  task_struct ") == task, "structs");
  assert(types.pointee(findType(types, "struct task_struct*")) == task, "a pointer");
  assert(types.pointee(types.pointee(findType(types, "task_struct * const *"))) == task, "two");
  assert(types.kind(findType(types, "void *")) == BtfKind.Ptr && findType(types, "void") == 0, "void");
  const list = findType(types, "int *[3]");
  assert(types.arrayLength(list) == 3 && types.isPointer(types.element(list)), "an array of pointers");
  assert(types.arrayLength(findType(types, "int[]")) == 0, "a flexible array");
  const long = findType(types, "unsigned long");
  assert(long != NO_TYPE && findType(types, "long unsigned int") == long, "integers as people write them");
  assert(types.isEnum(findType(types, "enum colour")) && types.isEnum(findType(types, "huge")), "enums");
  assert(types.isFloat(findType(types, "double")) && types.isBool(findType(types, "_Bool")), "others");
  assert(types.isChar(findType(types, "char")) && !types.isChar(findType(types, "_Bool")), "characters");
}

export function test_names_of_nothing_are_no_types(): void {
  const types = sample();
  const wrong = ["", " ", "*", "struct", "struct x", "enum task_struct", "int x", "int[", "int[x]", "int[-1]", "int)"];
  for (let i = 0; i < wrong.length; ++i) assert(findType(types, wrong[i]) == NO_TYPE, wrong[i]);
  assert(findType(types, "int[99999999999]") == NO_TYPE && findType(types, "unsigned") != NO_TYPE, "numbers");
}

export function test_types_are_spelled_as_stap_does(): void {
  const types = sample();
  assert(spell(types, findType(types, "task_struct *")) == "struct task_struct*", "a pointer to a struct");
  assert(spell(types, types.member(findType(types, "file"), 3).type) == "char const*", "a qualified one");
  const show = types.prototypeOf(types.findFunctions("show")[1])!;
  assert(spell(types, show.parameterType(0)) == "int (*) (void*, ...)", "to a function");
  assert(spell(types, show.parameterType(1)) == "int (* restrict) (void*, ...)", "qualified");
  assert(spell(types, types.member(findType(types, "task_struct"), 4).type) == "int[]", "an array of arrays");
  assert(spell(types, types.member(findType(types, "file"), 0).type) == "union {...}", "one without a name");
  assert(spell(types, types.findEnumerator("GREEN")!.type) == "enum colour" && spell(types, 0) == "void", "others");
  const read = types.prototypeOf(types.findFunctions("vfs_read")[0])!;
  assert(spell(types, read.parameterType(1)) == "int const*", "tags are not shown");
}

export function test_circles_end(): void {
  const btf = new BtfBuilder();
  btf.reference(BtfKind.Typedef, "a", 2);
  btf.reference(BtfKind.Typedef, "b", 1);
  btf.array(3, 2);
  btf.pointer(4);
  btf.composite(BtfKind.Struct, "s", 8, btf.fields().add2("", 5, 0).add2("", 5, 0).add2("", 5, 0));
  btf.proto(6, btf.fields().add("", 6).add("", 6).add("", 6));
  const types = typesOf(btf);
  assert(types.strip(1) == 0 && types.sizeOf(1) == -1, "typedefs");
  assert(types.sizeOf(3) == -1 && spell(types, 3).length > 0, "an array of itself");
  assert(spell(types, 4).length > 0 && types.pointee(4) == 4, "a pointer to itself");
  assert(types.findMember(5, "x") === null && types.memberNames(5).length == 0, "a struct in itself");
  assert(spell(types, 6).length < 10000, "a function that returns itself");
}
