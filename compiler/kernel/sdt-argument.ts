// Where the arguments of a marker are, as expressions of the script. The C compiler wrote them down in the assembler's
// words, with the size in front (negative: it has a sign):
//
//   x86_64   -4@%edi   8@$5   8@(%rax)   4@-20(%rbp)   8@16(%rdx,%rcx,8)   4@count(%rip)   8@8+table(%rip)
//   arm64    8@x1      4@5    8@[x0]     -4@[sp, 28]
//
//   -4@-20(%rbp)   becomes   ((@uderef(4, __context(32) + -20) << 32) >> 32)

import { Arch } from "./facts";
import { ProgramFile } from "./program-file";
import { registersOf } from "./registers";
import { Marker } from "./sdt";

/** Arguments that a marker may have; sys/sdt.h knows 12. */
const MOST_ARGUMENTS: i32 = 32;

/** One argument. */
export class MarkerArgument {
  /** Its value as an expression; empty if it cannot be read. */
  text: string = "";
  /** Why it cannot be read. */
  problem: string = "";
  constructor(
    /** as the file has it */
    public place: string,
  ) {}
}

/** The arguments of a marker in a file, in their order. */
export function markerArguments(marker: Marker, file: ProgramFile, arch: Arch): MarkerArgument[] {
  const places = split(marker.args);
  const found: MarkerArgument[] = [];
  for (let i = 0, n = min(places.length, MOST_ARGUMENTS); i < n; ++i) {
    const argument = new MarkerArgument(places[i]);
    new ArgumentReader(argument, marker, file, arch).read();
    found.push(argument);
  }
  return found;
}

/** Splits at blanks, but not in brackets: arm64 writes [sp, 28]. */
function split(args: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0, n = args.length; i <= n; ++i) {
    const c = i < n ? args.charCodeAt(i) : 0x20;
    if (c == 0x5b || c == 0x28) ++depth;
    if (c == 0x5d || c == 0x29) --depth;
    if (i < n && (c != 0x20 || depth > 0)) continue;
    if (i > from) parts.push(args.substring(from, i));
    from = i + 1;
  }
  return parts;
}

/** Whether a text is a decimal or hexadecimal number with or without a sign. */
function isNumber(text: string): bool {
  let at = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
  const isHex = text.startsWith("0x", at);
  if (isHex) at += 2;
  if (at == text.length || text.length > 20) return false;
  for (; at < text.length; ++at) {
    const c = text.charCodeAt(at);
    const isDigit = c >= 0x30 && c <= 0x39;
    const isLetter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66;
    if (!isDigit && !(isHex && isLetter)) return false;
  }
  return true;
}

function numberOf(text: string): i64 {
  const isNegative = text.startsWith("-");
  const from = isNegative || text.startsWith("+") ? 1 : 0;
  const isHex = text.startsWith("0x", from);
  const value = I64.parseInt(text.substring(isHex ? from + 2 : from), isHex ? 16 : 10);
  return isNegative ? -value : value;
}

/** A number that an expression of the script may have in it. */
function spelt(value: i64): string {
  return value < 0 ? `(${value})` : `${value}`;
}

class ArgumentReader {
  constructor(
    private argument: MarkerArgument,
    private marker: Marker,
    private file: ProgramFile,
    private arch: Arch,
  ) {}

  read(): void {
    const place = this.argument.place;
    const at = place.indexOf("@");
    const size = at > 0 ? place.substring(0, at) : "";
    const bytes = isNumber(size) ? <i32>abs(numberOf(size)) : 0;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) {
      this.fail("it is no integer");
      return;
    }
    const operand = place.substring(at + 1);
    const value = this.arch == Arch.Arm64 ? this.arm64(operand, bytes) : this.x86(operand, bytes);
    if (value.length == 0) {
      this.fail("it is in a form that is not known");
      return;
    }
    const bits = 64 - bytes * 8;
    if (bytes == 8) this.argument.text = value;
    else if (size.startsWith("-")) this.argument.text = `((${value} << ${bits}) >> ${bits})`;
    else this.argument.text = `(${value} & ${((<i64>1) << (bytes * 8)) - 1})`;
  }

  private fail(problem: string): void {
    if (this.argument.problem.length == 0) this.argument.problem = problem;
  }

  private memory(address: string, bytes: i32): string {
    return address.length > 0 ? `@uderef(${bytes}, ${address})` : "";
  }

  /** The value of a register; empty if there is none of that name. */
  private register(name: string): string {
    const found = registersOf(this.arch).find(name);
    return found === null ? "" : `__context(${found.offset})`;
  }

  // ------------------------------------------------------------------------------------------------------------ arm64

  private arm64(operand: string, bytes: i32): string {
    if (isNumber(operand)) return spelt(numberOf(operand));
    if (!operand.startsWith("[")) return this.arm64Register(operand);
    if (!operand.endsWith("]")) return "";
    const parts = operand.substring(1, operand.length - 1).split(",");
    const base = this.arm64Register(parts[0].trim());
    if (base.length == 0 || parts.length > 2) return "";
    if (parts.length == 1) return this.memory(base, bytes);
    const rest = parts[1].trim();
    const offset = isNumber(rest) ? spelt(numberOf(rest)) : this.arm64Register(rest);
    return offset.length > 0 ? this.memory(`${base} + ${offset}`, bytes) : "";
  }

  private arm64Register(name: string): string {
    if (name == "xzr" || name == "wzr") return "0";
    const isHalf = name.startsWith("w");
    const value = this.register(isHalf ? `x${name.substring(1)}` : name);
    return isHalf && value.length > 0 ? `(${value} & 0xffffffff)` : value;
  }

  // ----------------------------------------------------------------------------------------------------------- x86_64

  private x86(operand: string, bytes: i32): string {
    if (operand.startsWith("$")) {
      const number = operand.substring(1);
      return isNumber(number) ? spelt(numberOf(number)) : "";
    }
    if (operand.startsWith("%")) return this.x86Register(operand.substring(1));
    const open = operand.indexOf("(");
    if (open < 0 || !operand.endsWith(")")) return "";
    const before = operand.substring(0, open);
    const inside = operand.substring(open + 1, operand.length - 1);
    if (inside == "%rip") return this.memory(this.relative(before), bytes);
    if (before.length > 0 && !isNumber(before)) return "";
    const offset = before.length > 0 ? numberOf(before) : 0;
    const parts = inside.split(",");
    if (parts.length > 3) return "";
    let address = "";
    for (let i = 0, n = min(parts.length, 2); i < n; ++i) {
      const name = parts[i].trim();
      if (i == 0 && name.length == 0 && parts.length > 1) continue;
      let value = name.startsWith("%") ? this.x86Register(name.substring(1)) : "";
      if (value.length == 0) return "";
      if (i == 1 && parts.length == 3) {
        const scale = parts[2].trim();
        if (!isNumber(scale)) return "";
        value = `${value} * ${numberOf(scale)}`;
      }
      address += address.length > 0 ? ` + ${value}` : value;
    }
    return this.memory(offset != 0 ? `${address} + ${spelt(offset)}` : address, bytes);
  }

  /** rdi, edi, di and dil are parts of one register; the size says how much is meant. */
  private x86Register(name: string): string {
    const length = name.length;
    const last = name.charAt(length - 1);
    const second = length > 1 ? name.charCodeAt(1) : 0;
    if (name.startsWith("r") && second >= 0x30 && second <= 0x39) {
      const isPart = last == "b" || last == "w" || last == "d";
      return this.register(isPart ? name.substring(0, length - 1) : name);
    }
    if (length == 2 && last == "h") {
      const whole = this.register(`${name.charAt(0)}x`);
      return whole.length > 0 ? `(${whole} >> 8)` : "";
    }
    if (length == 2 && last == "l") return this.register(`${name.charAt(0)}x`);
    if (length == 3 && last == "l") return this.register(name.substring(0, 2));
    if (length == 3 && (name.startsWith("e") || name.startsWith("r"))) return this.register(name.substring(1));
    return this.register(name);
  }

  /** The address of `symbol`, `8+symbol` or `symbol-4`, by its distance from the marker. */
  private relative(text: string): string {
    let symbol = "";
    let offset: i64 = 0;
    let from = 0;
    for (let i = 1, n = text.length; i <= n; ++i) {
      const c = i < n ? text.charCodeAt(i) : 0x2b;
      if (c != 0x2b && c != 0x2d) continue;
      const part = text.substring(from, i);
      if (isNumber(part)) offset += numberOf(part);
      else if (symbol.length == 0) symbol = part.startsWith("+") ? part.substring(1) : part;
      else return "";
      from = i;
    }
    if (symbol.length == 0) return "";
    const address = this.file.addressOfData(symbol);
    if (address <= 0) {
      this.fail(address < 0 ? `several are called '${symbol}'` : `the file has no symbol '${symbol}'`);
      return "";
    }
    const distance = address + offset - <i64>this.marker.address;
    return `__context(${registersOf(this.arch).pointerOffset}) + ${spelt(distance)}`;
  }
}
