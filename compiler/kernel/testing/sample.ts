// A small kernel for tests: all kinds of BTF, and what real kernels have that is awkward.

import { BtfBuilder } from "../../../common/as/testing/btf-builder";
import { BtfInt, BtfKind, BtfLinkage, btfInfo } from "../../../common/format/btf";

/** Its BTF. Ids are looked up by name. */
export function sampleKernel(): BtfBuilder {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, BtfInt.Signed);
  const char = btf.int("char", 1, BtfInt.Signed);
  const ulong = btf.int("long unsigned int", 8, BtfInt.None);
  btf.int("_Bool", 1, BtfInt.Bool);
  btf.int("unsigned int", 4, BtfInt.None);
  btf.type("double", btfInfo(BtfKind.Float, 0, 0), 8);
  const size = btf.reference(BtfKind.Typedef, "size_t", ulong);
  const text = btf.pointer(btf.reference(BtfKind.Const, "", char));
  addTask(btf, int, char, btf.reference(BtfKind.Volatile, "", ulong));
  addEnums(btf);
  const file = btf.pointer(btf.type("file", btfInfo(BtfKind.Fwd, 0, 0), 0));
  const inner = btf.composite(BtfKind.Union, "", 8, btf.fields().add2("f_list", ulong, 0).add2("f_count", int, 0));
  const flags = btf.fields().bits("", inner, 0, 0).bits("f_low", int, 64, 3).bits("f_high", int, 67, 29);
  btf.composite(BtfKind.Struct, "file", 16, flags.bits("f_name", text, 96, 0));
  addFunctions(btf, int, size, file);
  const variable = btf.type("runqueues", btfInfo(BtfKind.Var, 0, 0), int, [BtfLinkage.Global]);
  const section = btf.fields();
  section.words = [variable, 64, 4];
  section.count = 1;
  btf.type(".data..percpu", btfInfo(BtfKind.Datasec, 1, 0), 4096, section.words);
  btf.type("tag", btfInfo(BtfKind.DeclTag, 0, 0), file, [-1]);
  return btf;
}

function addTask(btf: BtfBuilder, int: i32, char: i32, state: i32): void {
  const id = btf.next;
  // It points to itself, and its array of arrays ends in a flexible one.
  const members = btf
    .fields()
    .add2("__state", state, 0)
    .add2("pid", int, 64)
    .add2("comm", id + 2, 96)
    .add2("parent", id + 1, 256)
    .add2("grid", id + 4, 320)
    .add2("rest", id + 5, 704);
  btf.composite(BtfKind.Struct, "task_struct", 88, members);
  btf.pointer(id);
  btf.array(char, 16);
  btf.array(int, 4);
  btf.array(id + 3, 3);
  btf.array(int, 0);
}

function addEnums(btf: BtfBuilder): void {
  btf.type("colour", btfInfo(BtfKind.Enum, 2, 0), 4, btf.fields().add("RED", 0).add("GREEN", 7).words);
  btf.type("", btfInfo(BtfKind.Enum, 1, 1), 4, btf.fields().add("COLD", -1).words);
  btf.type("", btfInfo(BtfKind.Enum, 1, 0), 4, btf.fields().add("TOP", -2147483648).words);
  const wide = btf.fields().add2("HUGE_LOW", -1, 1).add2("HUGE_HIGH", 0, -2147483648);
  btf.type("huge", btfInfo(BtfKind.Enum64, 2, 0), 8, wide.words);
}

function addFunctions(btf: BtfBuilder, int: i32, size: i32, file: i32): void {
  const tagged = btf.pointer(btf.reference(BtfKind.TypeTag, "user", btf.reference(BtfKind.Const, "", int)));
  const read = btf.proto(size, btf.fields().add("file", file).add("buf", tagged).add("count", size));
  btf.type("vfs_read", btfInfo(BtfKind.Func, BtfLinkage.Static, 0), read);
  btf.type("show", btfInfo(BtfKind.Func, BtfLinkage.Static, 0), read);
  const callback = btf.pointer(btf.proto(int, btf.fields().add("", btf.pointer(0)).add("", 0)));
  const show = btf.proto(
    0,
    btf
      .fields()
      .add("m", callback)
      .add("p", btf.reference(BtfKind.Restrict, "", callback)),
  );
  btf.type("show", btfInfo(BtfKind.Func, BtfLinkage.Static, 0), show);
  const traced = btf.proto(0, btf.fields().add("__data", btf.pointer(0)).add("preempt", int).add("prev", file));
  btf.type("__traceiter_sched_switch", btfInfo(BtfKind.Func, BtfLinkage.Global, 0), traced);
  const unnamed = btf.pointer(btf.proto(0, btf.fields().add("", btf.pointer(0)).add("", int)));
  btf.reference(BtfKind.Typedef, "btf_trace_sched_switch", unnamed);
  btf.reference(BtfKind.Typedef, "btf_trace_cpu_idle", unnamed);
}
