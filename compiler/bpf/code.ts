// What the back-end hands to compiler/object: the encoded instructions of one function with their relocations and
// lines.

import { Func, Linkage } from "../ir/function";

/** What a relocation refers to. */
export const enum RelocationKind {
  /** ld_imm64 of an address in .bss; addend = offset. */
  Bss = 0,
  Rodata = 1,
  /** ld_imm64 of a map; addend = map number. */
  Map = 2,
  /** Call; addend = index of the function in the module. */
  Function = 3,
  /** ld_imm64 of a number that depends on the kernel's types; addend = number of the unit's relocation. */
  Core = 4,
}

/** An instruction whose immediate object or loader fills. */
export class Relocation {
  constructor(
    /** Index of the instruction, of the first half in an ld_imm64. */
    public insn: i32,
    public kind: RelocationKind,
    public addend: i32,
  ) {}
}

/** From this instruction on, the code belongs to that source position. */
export class CodeLine {
  constructor(
    public insn: i32,
    public position: i32,
  ) {}
}

/** The machine code of one function, or the reason why there is none. */
export class Code {
  // Facts of its function, copied because the function's IR is dropped when there is code.
  name: string;
  /** Its function's place in the module. */
  index: i32;
  linkage: Linkage;
  parameterCount: i32;
  /** Instructions that the verifier walks in bounded loops beside the code's own. */
  rounds: i64;
  /** Encoded instructions, 8 bytes each; immediates with a relocation are 0. */
  insns: Array<u8> = [];
  relocations: Array<Relocation> = [];
  /** Strictly increasing; the first is at instruction 0 if any position is known. */
  lines: Array<CodeLine> = [];
  /** Stack that the function itself uses. */
  stackBytes: i32 = 0;
  /** Not empty: the function does not fit the machine, and there is no code. */
  error: string = "";

  constructor(fn: Func) {
    this.name = fn.name;
    this.index = fn.index;
    this.linkage = fn.linkage;
    this.parameterCount = fn.parameterCount;
    this.rounds = fn.rounds;
  }

  /** Number of 8-byte instructions. */
  count(): i32 {
    return this.insns.length >> 3;
  }
}

/** What the back-end is told. */
export class BackendOptions {
  optimize: bool = true;
  /** Checks the IR after every pass and the code at the end. */
  check: bool = false;
  /** The kernel has signed division (6.12 and later: before that, the least number / -1 traps on some). */
  signedDivision: bool = false;
  /** Name of the phase whose printed form goes to `dumped`; "*": all. */
  dump: string = "";
  dumped: string = "";
  /** The script's text at each position, for dumps of code; may be empty. */
  lines: Array<string> = [];
  /** Name of a pass that is left out, to see what it is good for. */
  skip: string = "";
  /**
   * Passes to run on the IR, for finding the one that breaks something: the code cannot be made with fewer than all.
   */
  passes: i32 = i32.MAX_VALUE;
}
