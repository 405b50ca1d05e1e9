// The memory and the helpers that test programs run in: the same for the IR evaluator and the BPF executor, so that
// what both leave behind can be compared. Addresses are numbers far apart; each region is checked.

import { isPureHelper } from "../../ir/calls";

/** Where regions begin. */
export const enum Region {
  Context = 0x10000,
  Bss = 0x20000,
  Rodata = 0x30000,
  Map = 0x40000,
  /** Stack, growing down from here in the executor; up from here, slot by slot, in the evaluator. */
  Stack = 0x80000,
}

/** Bytes of each region but the stack. */
const REGION_BYTES: i32 = 512;
/** Helpers from here on take a pointer to 8 bytes as their first argument, which they change. */
export const POINTER_HELPER: i32 = 400;
/** Helpers from here on take numbers. Both are numbers that no kernel has. */
export const NUMBER_HELPER: i32 = 300;

/** Mixes `value` into `hash`. */
export function mix(hash: u64, value: u64): u64 {
  let h = (hash ^ value) * 0x9e3779b97f4a7c15;
  return h ^ (h >> 29);
}

/** One run's memory, and a hash of all calls in order. */
export class World {
  memory: StaticArray<u8>;
  stack: StaticArray<u8> = new StaticArray<u8>(4096);
  trace: u64 = 0;
  /** What went wrong. */
  fault: string = "";

  constructor(seed: u64) {
    this.memory = new StaticArray<u8>(3 * REGION_BYTES);
    for (let k = 0; k < this.memory.length; ++k) this.memory[k] = <u8>(mix(seed, k) >> 20);
  }

  private place(address: u64, bytes: i32): i32 {
    let at = <i64>address - <i64>Region.Context;
    let region = at >> 16;
    let off = at & 0xffff;
    if (at >= 0 && region < 3 && off + bytes <= REGION_BYTES) return <i32>region * REGION_BYTES + <i32>off;
    let stack = <i64>address - Region.Stack + 2048;
    if (stack >= 0 && stack + bytes <= 4096) return -1 - <i32>stack;
    this.fault = "memory access at " + address.toString(16);
    return 0;
  }

  read(address: u64, bytes: i32): u64 {
    let at = this.place(address, bytes);
    let value: u64 = 0;
    for (let k = bytes - 1; k >= 0; --k) {
      value = (value << 8) | <u64>(at >= 0 ? this.memory[at + k] : this.stack[-1 - at + k]);
    }
    return value;
  }

  write(address: u64, bytes: i32, value: u64): void {
    let at = this.place(address, bytes);
    for (let k = 0; k < bytes; ++k) {
      if (at >= 0) this.memory[at + k] = <u8>(value >> (8 * k));
      else this.stack[-1 - at + k] = <u8>(value >> (8 * k));
    }
  }

  /** A helper or function call: the result depends on its arguments and on all calls before. */
  call(id: i32, isFunction: bool, args: Array<u64>): u64 {
    if (!isFunction && isPureHelper(id)) return mix(<u64>id, 77);
    let pointer = id >= POINTER_HELPER;
    let hash = mix(<u64>id, this.trace);
    for (let k = 0; k < args.length; ++k) {
      // A stack address differs between the two machines: what it points to counts.
      hash = mix(hash, k == 0 && pointer ? this.read(args[0], 8) : args[k]);
    }
    this.trace = hash;
    if (pointer && args.length > 0) this.write(args[0], 8, hash * 3);
    // Small numbers now and then, so that comparisons go both ways.
    return (hash & 3) == 0 ? (hash >> 8) & 7 : hash;
  }

  /** A hash of all that a program may leave behind. */
  digest(): u64 {
    let hash = this.trace;
    for (let k = 0; k < this.memory.length; ++k) hash = mix(hash, this.memory[k]);
    return hash;
  }
}
