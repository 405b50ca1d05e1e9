// Arithmetic and comparisons of the BPF machine: x / 0 is 0, x % 0 is x, shifts use the low bits of the count, and
// nothing traps (Wasm's own division does).

import { Alu, Jmp } from "../../format/bpf";

/** `a op b` in 64 bits. `signed`: division and remainder are. */
export function alu64(operation: i32, a: u64, b: u64, signed: bool): u64 {
  switch (operation) {
    case Alu.Add:
      return a + b;
    case Alu.Sub:
      return a - b;
    case Alu.Mul:
      return a * b;
    case Alu.Div:
      if (b == 0) return 0;
      if (!signed) return a / b;
      return b == <u64>-1 ? 0 - a : <u64>(<i64>a / <i64>b);
    case Alu.Mod:
      if (b == 0) return a;
      if (!signed) return a % b;
      return b == <u64>-1 ? 0 : <u64>(<i64>a % <i64>b);
    case Alu.Or:
      return a | b;
    case Alu.And:
      return a & b;
    case Alu.Lsh:
      return a << (b & 63);
    case Alu.Rsh:
      return a >> (b & 63);
    case Alu.Neg:
      return 0 - a;
    case Alu.Xor:
      return a ^ b;
    case Alu.Arsh:
      return <u64>(<i64>a >> <i64>(b & 63));
    default:
      return b; // Mov
  }
}

/** `a op b` in 32 bits. `signed`: division and remainder are. */
export function alu32(operation: i32, a: u32, b: u32, signed: bool): u32 {
  switch (operation) {
    case Alu.Add:
      return a + b;
    case Alu.Sub:
      return a - b;
    case Alu.Mul:
      return a * b;
    case Alu.Div:
      if (b == 0) return 0;
      if (!signed) return a / b;
      return b == <u32>-1 ? 0 - a : <u32>(<i32>a / <i32>b);
    case Alu.Mod:
      if (b == 0) return a;
      if (!signed) return a % b;
      return b == <u32>-1 ? 0 : <u32>(<i32>a % <i32>b);
    case Alu.Or:
      return a | b;
    case Alu.And:
      return a & b;
    case Alu.Lsh:
      return a << (b & 31);
    case Alu.Rsh:
      return a >> (b & 31);
    case Alu.Neg:
      return 0 - a;
    case Alu.Xor:
      return a ^ b;
    case Alu.Arsh:
      return <u32>(<i32>a >> <i32>(b & 31));
    default:
      return b; // Mov
  }
}

/** Is the jump taken? Operands of a 32-bit jump come zero-extended in `a`, `b` and sign-extended in `sa`, `sb`. */
export function isTaken(operation: i32, a: u64, b: u64, sa: i64, sb: i64): bool {
  switch (operation) {
    case Jmp.Ja:
      return true;
    case Jmp.Jeq:
      return a == b;
    case Jmp.Jne:
      return a != b;
    case Jmp.Jgt:
      return a > b;
    case Jmp.Jge:
      return a >= b;
    case Jmp.Jlt:
      return a < b;
    case Jmp.Jle:
      return a <= b;
    case Jmp.Jset:
      return (a & b) != 0;
    case Jmp.Jsgt:
      return sa > sb;
    case Jmp.Jsge:
      return sa >= sb;
    case Jmp.Jslt:
      return sa < sb;
    case Jmp.Jsle:
      return sa <= sb;
    default:
      return false;
  }
}

/** The low `bits` bits of `value`, sign-extended. */
export function signExtend(value: u64, bits: i32): u64 {
  const shift = <i64>(64 - bits);
  return <u64>(((<i64>value) << shift) >> shift);
}

/** The low `bits` bits (16, 32, 64) in the other byte order. */
export function swapBytes(value: u64, bits: i32): u64 {
  switch (bits) {
    case 16:
      return <u64>bswap<u16>(<u16>value);
    case 32:
      return <u64>bswap<u32>(<u32>value);
    default:
      return bswap<u64>(value);
  }
}
