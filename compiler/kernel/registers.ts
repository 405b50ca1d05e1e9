// The registers of each CPU as struct pt_regs has them: their names, and the calling convention of its kernels.

import { Arch } from "./facts";

/** One name of a register. */
export class RegisterName {
  constructor(
    public name: string,
    /** Bytes from the beginning of struct pt_regs. */
    public offset: i32,
    /** Bits that the name means. */
    public bits: i32 = 64,
  ) {}
}

/** What kernels of one CPU architecture do with registers. Offsets are those in struct pt_regs. */
export class CpuRegisters {
  names: RegisterName[] = [];
  /** Of the registers of a function's first arguments, in their order. */
  argumentOffsets: StaticArray<i32> = [];
  /** When a function begins: how many words behind the stack pointer the other arguments are. */
  stackWords: i32 = 0;
  /** Of the value that a function returns. */
  resultOffset: i32 = 0;
  /** Of the stack pointer, and of the instruction pointer. */
  stackOffset: i32 = 0;
  pointerOffset: i32 = 0;
  /** Of the word that says who was running, its bits that say so, and their value in user mode. */
  modeOffset: i32 = 0;
  modeMask: i32 = 0;
  userMode: i32 = 0;
  /** By the numbers that DWARF gives the registers. */
  byNumber: StaticArray<i32> = [];

  /** A register by its name, or null. */
  find(name: string): RegisterName | null {
    for (let i = 0, n = this.names.length; i < n; ++i) {
      if (this.names[i].name == name) return this.names[i];
    }
    return null;
  }

  get allNames(): string[] {
    return this.names.map<string>((it: RegisterName): string => it.name);
  }
}

/** The registers of an architecture's kernels. */
export function registersOf(arch: Arch): CpuRegisters {
  return arch == Arch.Arm64 ? arm64() : x86_64();
}

function x86_64(): CpuRegisters {
  const names: RegisterName[] = [];
  // Word by word, as pt_regs has them.
  const words = "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss".split(" ");
  for (let i = 0, n = words.length; i < n; ++i) {
    const name = words[i];
    const at = i * 8;
    if (name.startsWith("r")) {
      names.push(new RegisterName(name, at));
    } else if (name == "cs" || name == "ss") {
      names.push(new RegisterName(name, at));
      names.push(new RegisterName("x" + name, at));
    } else if (name == "flags") {
      names.push(new RegisterName(name, at, 32));
      names.push(new RegisterName("eflags", at, 32));
    } else if (name == "orig_ax") {
      names.push(new RegisterName("orig_rax", at));
      names.push(new RegisterName(name, at));
      names.push(new RegisterName("orig_eax", at, 32));
    } else {
      names.push(new RegisterName(name, at));
      names.push(new RegisterName("r" + name, at));
      names.push(new RegisterName("e" + name, at, 32));
    }
  }
  // DWARF: ax dx cx bx si di bp sp, r8 … r15, ip.
  const byNumber: StaticArray<i32> = [80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0, 128];
  const byArgument: StaticArray<i32> = [112, 104, 96, 88, 72, 64];
  const cpu = new CpuRegisters();
  cpu.names = names;
  cpu.argumentOffsets = byArgument;
  cpu.stackWords = 1;
  cpu.resultOffset = 80;
  cpu.stackOffset = 152;
  cpu.pointerOffset = 128;
  cpu.modeOffset = 136;
  cpu.modeMask = 3;
  cpu.userMode = 3;
  cpu.byNumber = byNumber;
  return cpu;
}

function arm64(): CpuRegisters {
  const names: RegisterName[] = [];
  const byNumber = new StaticArray<i32>(32);
  for (let i = 0; i < 31; ++i) {
    names.push(new RegisterName("x" + i.toString(), i * 8));
    byNumber[i] = i * 8;
  }
  names.push(new RegisterName("fp", 29 * 8));
  names.push(new RegisterName("lr", 30 * 8));
  names.push(new RegisterName("sp", 248));
  names.push(new RegisterName("pc", 256));
  names.push(new RegisterName("pstate", 264));
  names.push(new RegisterName("orig_x0", 272));
  byNumber[31] = 248;
  const byArgument: StaticArray<i32> = [0, 8, 16, 24, 32, 40, 48, 56];
  const cpu = new CpuRegisters();
  cpu.names = names;
  cpu.argumentOffsets = byArgument;
  cpu.stackOffset = 248;
  cpu.pointerOffset = 256;
  cpu.modeOffset = 264;
  cpu.modeMask = 15;
  cpu.byNumber = byNumber;
  return cpu;
}
