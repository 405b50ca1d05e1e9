// Packed code is the same code.

import { Func, Linkage } from "../ir/function";
import { Code, CodeLine, Relocation, RelocationKind } from "./code";
import { packCode, unpackCode } from "./pack";

function sample(): Func {
  const fn = new Func("p0_x", Linkage.Subprogram, 3);
  fn.index = 7;
  fn.rounds = 12345678901;
  return fn;
}

export function test_code_is_the_same_after_packing(): void {
  const fn = sample();
  const code = new Code(fn);
  for (let i = 0; i < 80; ++i) code.insns.push(<u8>(i * 37));
  code.relocations.push(new Relocation(3, RelocationKind.Map, 2));
  code.relocations.push(new Relocation(5, RelocationKind.Function, 900));
  code.lines.push(new CodeLine(0, 4));
  code.lines.push(new CodeLine(6, -1));
  code.stackBytes = 264;
  const again = unpackCode(fn, packCode(code));
  assert(again.name == "p0_x" && again.index == 7 && again.parameterCount == 3, "what the function is");
  assert(again.linkage == Linkage.Subprogram && again.rounds == 12345678901, "and how it counts");
  assert(again.stackBytes == 264 && again.error == "" && again.count() == 10, "sizes");
  for (let i = 0; i < 80; ++i) assert(again.insns[i] == <u8>(i * 37), "bytes");
  assert(again.relocations.length == 2 && again.lines.length == 2, "counts");
  assert(again.relocations[1].insn == 5 && again.relocations[1].kind == RelocationKind.Function, "relocations");
  assert(again.relocations[1].addend == 900 && again.relocations[0].kind == RelocationKind.Map, "in their order");
  assert(again.lines[1].insn == 6 && again.lines[1].position == -1 && again.lines[0].position == 4, "lines");
}

export function test_why_there_is_no_code_is_packed_as_well(): void {
  const fn = sample();
  const code = new Code(fn);
  code.error = "has 1000001 instructions";
  const again = unpackCode(fn, packCode(code));
  assert(again.error == "has 1000001 instructions" && again.count() == 0, "the error");
}
