// Runs routines of the library in the BPF machine. A test asks for routines (`X.of(rig.runtime)`), takes places in the
// frame, calls `build`, and then puts values into memory, calls a routine, looks at memory and result.
//
// What is run is what an object would hold: all functions of the module go through the back end, with its checks, and
// are linked to data sections that are laid out as the agent lays them out. The arena has four frames of which tests
// use the second, so that an offset that is forgotten is noticed. Nothing in it is zero at first, and behind each place
// there are guard bytes, which must be as they were after each call.

import { BpfMachine } from "../../../common/as/bpf-machine/machine";
import { MAP_HANDLE, MachineStatus } from "../../../common/as/bpf-machine/state";
import { INSN_BYTES, Insn, Opcode, PSEUDO_CALL } from "../../../common/format/bpf";
import { arenaBytes, FRAME_ALIGN, powerOfTwo, RodataHeader } from "../../../common/format/runtime";
import { Chains } from "../../bpf/chain";
import { BackendOptions, Code, RelocationKind } from "../../bpf/code";
import { compileFunction } from "../../bpf/compile";
import { Func, Linkage } from "../../ir/function";
import { Frame, FrameVariables } from "../frame";
import { capacityFor, SMALL_BYTES } from "../place";
import { RoutineBuilder } from "../routine";
import { Runtime } from "../runtime";
import { TestWorld } from "./world";

/** Frames in the arena, and the one that tests use. */
const FRAMES: i32 = 4;
const FRAME: i32 = 1;
const ARGUMENTS: i32 = 5;
/** Instructions of the code that calls one function: arguments, call, exit. */
const CALLER_INSNS: i32 = ARGUMENTS + 2;
const FUEL: i64 = 100_000_000;
/** Bytes behind a place that nobody may write, and what is in them. */
const GUARD_BYTES: i32 = 16;
const GUARD: u8 = 0x5a;
/** What is in the arena at first. */
const GARBAGE: u8 = 0xa5;
/** Room of a place that is passed to a routine: it may read a word behind the end of a small string. */
const LEAST_PLACE: i32 = 72;

/** A library, a machine, and memory for both. */
export class Rig {
  runtime: Runtime;
  codes: Code[] = [];
  world: TestWorld;
  private machine: BpfMachine;
  private bss: StaticArray<u8> = new StaticArray<u8>(0);
  private rodata: StaticArray<u8> = new StaticArray<u8>(0);
  private args: StaticArray<i64> = new StaticArray<i64>(ARGUMENTS);
  private frameBytes: i32 = 0;
  /** First instruction of the callers. */
  private callers: i32 = 0;
  /** The next letter of what follows strings. */
  private letter: i32 = 0;
  /** Offsets in the frame of guard bytes. */
  private guards: i32[] = [];
  /** Where the arena was when the first function of a test's own was begun; code has that offset in it. */
  private arena: i32 = -1;

  constructor(
    /** MAXSTRINGLEN */
    public maxStringLength: i32 = 64,
    fetchingAtomics: bool = true,
  ) {
    const world = new TestWorld();
    this.world = world;
    this.machine = new BpfMachine(world);
    this.runtime = new Runtime(maxStringLength - 1, fetchingAtomics);
  }

  // ---------------------------------------------------------------------------------------------- before it is built

  /** Takes bytes of the frame; returns their offset. */
  reserve(bytes: i32): i32 {
    const at = this.runtime.area(`test${this.guards.length}`, bytes + GUARD_BYTES);
    this.guards.push(at + bytes);
    return at;
  }

  /** Takes a place for the longest string. */
  place(): i32 {
    return this.reserve(max(LEAST_PLACE, capacityFor(this.runtime.maxLength)));
  }

  /** Begins a function of the test's own: parameter 0 is the frame's offset. `b.fn.index` is what `call` takes. */
  begin(name: string, parameters: i32, rounds: i64 = 0): Frame {
    const unit = this.runtime.unit;
    if (this.arena < 0) this.arena = unit.frameOffset;
    assert(this.arena == unit.frameOffset, "all of .bss is taken before there is code");
    const fn = new Func(name, Linkage.Subprogram, parameters);
    unit.ir.add(fn);
    const b = new RoutineBuilder(fn, rounds);
    const frame = new Frame(this.runtime, new FrameVariables(b), null, false);
    frame.defineMasked(b.parameter(0));
    return frame;
  }

  // -------------------------------------------------------------------------------------------------------- building

  /** Compiles and links all functions, and lays out the memory. */
  build(): void {
    const unit = this.runtime.unit;
    assert(this.arena < 0 || this.arena == unit.frameOffset, "all of .bss is taken before there is code");
    this.frameBytes = max(FRAME_ALIGN, this.runtime.plan.finish());
    const span = powerOfTwo(FRAMES * this.frameBytes);
    this.bss = new StaticArray<u8>(unit.frameOffset + arenaBytes(span, this.frameBytes));
    memory.fill(this.frame, GARBAGE, this.bss.length - unit.frameOffset - FRAME * this.frameBytes);
    for (let i = 0, n = this.guards.length; i < n; ++i) {
      memory.fill(this.frame + <usize>this.guards[i], GUARD, GUARD_BYTES);
    }
    const rodata = unit.rodata.toArray();
    this.rodata = new StaticArray<u8>(rodata.length);
    memory.copy(changetype<usize>(this.rodata), rodata.dataStart, rodata.length);
    const header = changetype<usize>(this.rodata);
    store<u32>(header, span - FRAME_ALIGN, RodataHeader.FrameMask);
    store<u32>(header, FRAMES, RodataHeader.FrameCount);
    store<u32>(header, 1, RodataHeader.FrameStride);
    for (let i = 0, n = unit.maps.length; i < n; ++i) this.world.addMap(unit.maps[i].valueBytes, unit.maps[i].entries);
    this.machine.addRegion(changetype<usize>(this.bss), this.bss.length, true);
    this.machine.addRegion(changetype<usize>(this.rodata), this.rodata.length, false);
    this.machine.addRegion(changetype<usize>(this.args), ARGUMENTS * 8, false);
    for (let i = 0, n = this.world.maps.length; i < n; ++i) {
      this.machine.addRegion(changetype<usize>(this.world.maps[i]), this.world.maps[i].length, true);
    }
    this.compile();
    this.link();
  }

  private compile(): void {
    const options = new BackendOptions();
    options.check = true;
    const functions = this.runtime.unit.ir.functions;
    for (let i = 0, n = functions.length; i < n; ++i) {
      const code = compileFunction(functions[i], options);
      assert(code.error == "", `${code.name}: ${code.error}`);
      this.codes.push(code);
    }
    const chains = new Chains(this.codes);
    for (let i = 0, n = functions.length; i < n; ++i) assert(chains.problemOf(i) == "", chains.problemOf(i));
  }

  private link(): void {
    const starts: i32[] = [];
    let count = 0;
    for (let i = 0, n = this.codes.length; i < n; ++i) {
      starts.push(count);
      count += this.codes[i].count();
    }
    this.callers = count;
    const linked = new StaticArray<u8>((count + this.codes.length * CALLER_INSNS) * INSN_BYTES);
    const base = changetype<usize>(linked);
    for (let i = 0, n = this.codes.length; i < n; ++i) {
      const code = this.codes[i];
      const at = base + <usize>(starts[i] * INSN_BYTES);
      memory.copy(at, code.insns.dataStart, code.insns.length);
      for (let k = 0, m = code.relocations.length; k < m; ++k) {
        const relocation = code.relocations[k];
        const insn = at + <usize>(relocation.insn * INSN_BYTES);
        const addend = relocation.addend;
        if (relocation.kind == RelocationKind.Function) {
          store<i32>(insn, starts[addend] - (starts[i] + relocation.insn + 1), Insn.Imm);
        } else {
          this.setAddress(insn, relocation.kind, addend);
        }
      }
      this.writeCaller(base, count + i * CALLER_INSNS, starts[i]);
    }
    this.machine.setCode(linked);
  }

  private setAddress(insn: usize, kind: RelocationKind, addend: i32): void {
    const section = changetype<usize>(kind == RelocationKind.Bss ? this.bss : this.rodata);
    const base = kind == RelocationKind.Map ? MAP_HANDLE : <u64>section;
    const address = base + <u64>addend;
    store<u32>(insn, <u32>address, Insn.Imm);
    store<u32>(insn, <u32>(address >> 32), INSN_BYTES + Insn.Imm);
  }

  /** Writes code that loads all arguments from where r1 points, calls the function, and ends. */
  private writeCaller(base: usize, first: i32, start: i32): void {
    let at = base + <usize>(first * INSN_BYTES);
    for (let k = ARGUMENTS; k > 0; --k) {
      store<u64>(at, Opcode.LdxDW | (k << 8) | (1 << 12) | (((k - 1) * 8) << 16));
      at += INSN_BYTES;
    }
    store<u64>(at, Opcode.Call | (PSEUDO_CALL << 12));
    store<i32>(at, start - (first + ARGUMENTS + 1), Insn.Imm);
    store<u64>(at + INSN_BYTES, Opcode.Exit);
  }

  // --------------------------------------------------------------------------------------------------------- running

  /** Calls a function; returns its result. */
  call(index: i32, args: i64[]): i64 {
    for (let k = 0; k < ARGUMENTS; ++k) this.args[k] = k < args.length ? args[k] : 0x5555_5555_5555_5555;
    const machine = this.machine;
    const status = machine.run(this.callers + index * CALLER_INSNS, <u64>changetype<usize>(this.args), FUEL);
    const name = this.codes[index].name;
    assert(status == MachineStatus.Done, `${name} ended with status ${<i32>status}, ${machine.fault.toString(16)}`);
    for (let i = 0, n = this.guards.length; i < n; ++i) {
      const at = this.frame + <usize>this.guards[i];
      for (let k = 0; k < GUARD_BYTES; ++k) {
        assert(load<u8>(at + <usize>k) == GUARD, `${name} wrote behind place ${i} of the test`);
      }
    }
    return <i64>machine.registers[0];
  }

  /** The frame's address. */
  private get frame(): usize {
    return this.address(this.runtime.unit.frameOffset + FRAME * this.frameBytes);
  }

  /** The address of what has an offset in .bss. */
  address(offset: i32): usize {
    return changetype<usize>(this.bss) + <usize>offset;
  }

  /** The address of a map's value. */
  inMap(map: i32, index: u32): usize {
    return this.world.lookUp(map, index);
  }

  /** The address of what has an offset in the frame. */
  inFrame(at: i32): usize {
    return this.frame + <usize>at;
  }

  /** The offset in the arena of what has an offset in the frame, as routines take it; `at(0)` is the frame itself. */
  at(place: i32): i64 {
    return FRAME * this.frameBytes + place;
  }

  /** Puts a string into a place for the longest one. */
  put(place: i32, text: string): void {
    assert(text.length < this.maxStringLength, "the string fits");
    this.putInto(place, text, max(LEAST_PLACE, capacityFor(this.runtime.maxLength)));
  }

  /** Puts a string into a place. Behind its NUL come zeros if the place is small; else letters, ever others. */
  putInto(place: i32, text: string, capacity: i32): void {
    assert(text.length < capacity, "the string fits");
    const at = this.inFrame(place);
    for (let i = 0; i < text.length; ++i) store<u8>(at + <usize>i, <u8>text.charCodeAt(i));
    store<u8>(at + <usize>text.length, 0);
    for (let i = text.length + 1; i < capacity; ++i) {
      store<u8>(at + <usize>i, capacity <= SMALL_BYTES ? 0 : <u8>(97 + (this.letter++ % 26)));
    }
  }

  /** The string in a place. */
  get(place: i32): string {
    return readText(this.inFrame(place), capacityFor(this.runtime.maxLength));
  }
}

/** The bytes before the first NUL of so many. */
export function readText(at: usize, most: i32): string {
  let length = 0;
  while (length < most && load<u8>(at + <usize>length) != 0) ++length;
  assert(length < most, "the string has an end");
  return readBytes(at, length);
}

/** So many bytes as a string. */
export function readBytes(at: usize, count: i32): string {
  const codes: i32[] = [];
  for (let i = 0; i < count; ++i) codes.push(<i32>load<u8>(at + <usize>i));
  return count == 0 ? "" : String.fromCharCodes(codes);
}
