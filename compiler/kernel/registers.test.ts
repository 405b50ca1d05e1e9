import { Arch } from "./facts";
import { registersOf } from "./registers";

export function test_registers_are_where_pt_regs_has_them(): void {
  const x86 = registersOf(Arch.X86_64);
  assert(x86.find("r15")!.offset == 0, "the first");
  assert(x86.find("rdi")!.offset == 112 && x86.find("di")!.offset == 112 && x86.find("edi")!.bits == 32, "di");
  assert(x86.find("ip")!.offset == 128 && x86.find("eflags")!.offset == 144, "ip and flags");
  assert(x86.find("ss")!.offset == 160, "the last");
  assert(x86.find("x0") === null, "a register of another CPU");
  const arm = registersOf(Arch.Arm64);
  assert(arm.find("x0")!.offset == 0 && arm.find("lr")!.offset == 240 && arm.find("pc")!.offset == 256, "arm64");
}

export function test_arguments_and_dwarf_numbers_name_registers(): void {
  const x86 = registersOf(Arch.X86_64);
  const order = "di si dx cx r8 r9".split(" ");
  for (let i = 0; i < order.length; ++i) assert(x86.argumentOffsets[i] == x86.find(order[i])!.offset, order[i]);
  const numbers = "ax dx cx bx si di bp sp r8 r9 r10 r11 r12 r13 r14 r15 ip".split(" ");
  for (let i = 0; i < numbers.length; ++i) assert(x86.byNumber[i] == x86.find(numbers[i])!.offset, numbers[i]);
  assert(x86.resultOffset == x86.find("ax")!.offset && x86.stackOffset == x86.find("sp")!.offset, "result and stack");
  const arm = registersOf(Arch.Arm64);
  assert(arm.byNumber[31] == arm.find("sp")!.offset && arm.argumentOffsets.length == 8, "arm64");
}
