// AssemblyScript: the reader of kernel types alone, for sweeps and measurements.

import { BtfKind } from "../../common/format/btf";
import { BtfIndex, indexBtf, only } from "../../compiler/kernel/btf-index";
import { explore } from "../../compiler/kernel/testing/explore";
import { sampleKernel } from "../../compiler/kernel/testing/sample";

let input: Uint8Array = new Uint8Array(0);
let index: BtfIndex | null = null;

/** Makes room for so many bytes of BTF; its address. */
export function reserve(length: i32): usize {
  input = new Uint8Array(length);
  return input.dataStart;
}

/** Puts the BTF of the sample kernel there; its length. */
export function takeSample(): i32 {
  input = sampleKernel().build();
  return input.length;
}

/** Where the BTF is. */
export function address(): usize {
  return input.dataStart;
}

/** Finds the types of the BTF; how many ids there are, or 0 if it is refused. */
export function read(): i32 {
  const found = indexBtf(input, null);
  index = found;
  return found.problem.length > 0 ? 0 : found.end;
}

/** Makes the table of names; the id of a struct that every kernel has. */
export function hash(): i32 {
  return index!.find("task_struct", only(BtfKind.Struct));
}

/** Asks everything of all types. */
export function exploreAll(): i32 {
  return explore(index!);
}
