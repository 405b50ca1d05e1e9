// Objects: read as they are meant, linked as libbpf would, and no bytes whatever trap.

import { INSN_BYTES, Insn, Opcode, Pseudo } from "../../common/format/bpf";
import { FuncInfo, LineInfo } from "../../common/format/btf";
import { AttachKind, Engine } from "../../common/format/manifest";
import { ARENA_SLACK, BssHeader } from "../../common/format/runtime";
import { linkProgram } from "./link";
import { LoadedObject, openObject } from "./object";
import { sampleObject } from "./testing/sample";

function open(): LoadedObject {
  const opened = openObject(sampleObject());
  const failure = opened.failure;
  assert(!failure, failure ? failure.render() : "");
  return opened.value!;
}

export function test_opens_an_object_and_knows_its_programs_and_probes(): void {
  const o = open();
  assert(o.license == "GPL", "license");
  assert(o.programs.length == 2 && o.programs[0].name == "main", "programs");
  assert(o.programs[0].start == 0 && o.programs[0].bytes == 56, "where the code is");
  assert(o.programs[1].engine == Engine.Agent && o.programs[1].start == 16, "code of the agent's own");
  assert(o.probes.length == 3 && o.probes[0].target.name == "f" && o.probes[0].isOptional, "a kprobe");
  assert(o.probes[1].attach == AttachKind.Begin && o.probes[1].order == -5, "a begin probe");
  assert(o.probes[2].period == 1000000 && o.probes[2].point == "timer.ms(1)", "a timer");
  assert(o.maps.length == 2 && o.maps[1].name == "stp_control" && o.maps[1].maxEntries == 65536, "maps");
}

export function test_makes_room_for_the_frames_of_all_cpus(): void {
  const o = open();
  assert(o.bssBytesFor(4096) == BssHeader.Size + 64 + 4096 + 1024 + ARENA_SLACK, "one CPU");
  o.frameSpan = 8 * 4096;
  assert(o.bssBytesFor(8 * 4096) == BssHeader.Size + 64 + 8 * 4096 + 1024 + ARENA_SLACK, "eight CPUs");
  assert(o.frameCount == 32, "four frames for each");
}

export function test_links_called_functions_behind_the_program(): void {
  const o = open();
  o.maps[0].fd = 11;
  o.bssFd = 12;
  o.btfFd = 13;
  const result = linkProgram(o, o.programs[0]);
  const failure = result.failure;
  assert(!failure, failure ? failure.text : "");
  const linked = result.value!;
  const code = changetype<usize>(linked.insns);
  // main 0..6, outer 7..9, inner 10..11
  assert(linked.insnCount == 12, "each function is there once");
  assert(load<u8>(code, Insn.Registers) == ((Pseudo.MapFd << 4) | 1) && load<i32>(code, Insn.Imm) == 11, "the ring");
  const bss = code + 2 * INSN_BYTES;
  assert(load<u8>(bss, Insn.Registers) == ((Pseudo.MapValue << 4) | 2) && load<i32>(bss, Insn.Imm) == 12, ".bss");
  assert(load<i32>(bss, INSN_BYTES + Insn.Imm) == 136, "symbol plus addend");
  assert(load<i32>(code + 4 * INSN_BYTES, Insn.Imm) == 2, "main calls outer");
  assert(load<i32>(code + 5 * INSN_BYTES, Insn.Imm) == 5, "a helper's number stays");
  assert(load<i32>(code + 7 * INSN_BYTES, Insn.Imm) == 2, "outer calls inner, by symbol");
  assert(load<i32>(code + 8 * INSN_BYTES, Insn.Imm) == 1, "outer calls inner, by distance");
  assert(load<u8>(code + 11 * INSN_BYTES) == Opcode.Exit, "inner is whole");
}

export function test_moves_types_and_lines_with_their_functions(): void {
  const o = open();
  o.btfFd = 13;
  const linked = linkProgram(o, o.programs[0]).value!;
  assert(linked.funcInfoCount == 3 && linked.lineInfoCount == 4, "one type for each function, all lines");
  const funcs = linked.funcInfo.dataStart;
  assert(load<i32>(funcs) == 0 && load<i32>(funcs, FuncInfo.Type) == 3, "main");
  assert(load<i32>(funcs, 8) == 7 && load<i32>(funcs, 8 + FuncInfo.Type) == 5, "outer");
  assert(load<i32>(funcs, 16) == 10 && load<i32>(funcs, 16 + FuncInfo.Type) == 4, "inner");
  const lines = linked.lineInfo.dataStart;
  assert(load<i32>(lines, 16) == 5 && load<i32>(lines, 16 + LineInfo.LineColumn) == 2 << 10, "main's second line");
  assert(load<i32>(lines, 32) == 7 && load<i32>(lines, 32 + LineInfo.LineColumn) == 4 << 10, "outer's line");
  assert(load<i32>(lines, 48) == 10 && load<i32>(lines, 48 + LineInfo.LineColumn) == 3 << 10, "inner's line");
}

/** Why an object is refused; fails when it is not. */
function refusal(bytes: StaticArray<u8>): string {
  const opened = openObject(bytes);
  assert(opened.value === null, "the object is refused");
  return opened.failure!.text;
}

export function test_says_what_is_wrong_with_an_object(): void {
  assert(refusal(new StaticArray<u8>(0)) == "not an ELF file", "nothing");
  const bytes = sampleObject();
  bytes[18] = 62;
  assert(refusal(bytes) == "not a relocatable BPF file", "another machine's file");
}

let seed: u64 = 0x9e3779b97f4a7c15;

function random(below: i32): i32 {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return <i32>((seed >> 11) % <u64>below);
}

/** Opens mutated objects and links what can be opened; how many could be. */
function openMutations(rounds: i32): i32 {
  const original = sampleObject();
  const bytes = new StaticArray<u8>(original.length);
  let opened = 0;
  const size = original.length;
  for (let round = 0; round < rounds; ++round) {
    memory.copy(changetype<usize>(bytes), changetype<usize>(original), size);
    for (let i = random(4); i >= 0; --i) {
      const at = random(size - 8);
      const kind = random(4);
      if (kind == 0) bytes[at] = <u8>random(256);
      else if (kind == 1) store<u32>(changetype<usize>(bytes) + at, random(2) == 0 ? 0xffffffff : 0x7ffffff8);
      else if (kind == 2) bytes[at] = bytes[at] ^ ((<u8>1) << (<u8>random(8)));
      else store<u64>(changetype<usize>(bytes) + at, <u64>random(size));
    }
    const o = openObject(bytes).value;
    if (!o) {
      assert(refusal(bytes).length > 0, "a refusal says why");
      continue;
    }
    ++opened;
    o.btfFd = 3;
    for (let p = 0; p < o.programs.length; ++p) {
      const linked = linkProgram(o, o.programs[p]);
      if (!linked.value) assert(linked.failure!.text.length > 0, "a refusal to link says why");
    }
  }
  return opened;
}

export function test_survives_mutated_objects(): void {
  const opened = openMutations(3000);
  assert(opened > 300 && opened < 2900, `some are opened and some are refused: ${opened}`);
}

export function test_survives_objects_that_are_cut_short(): void {
  const original = sampleObject();
  for (let length = 0; length < original.length; length += 7) {
    const bytes = StaticArray.slice<u8>(original, 0, length);
    assert(refusal(bytes).length > 0, "a part of an object is none");
  }
}
