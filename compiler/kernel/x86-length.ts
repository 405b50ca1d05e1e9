// How long instructions of x86_64 are. A breakpoint inside an instruction corrupts the program, and the kernel does not
// look: an address of a script is compared with the boundaries that are counted from the function's beginning on.
//
//   prefixes, REX | opcode (0f, 0f38, 0f3a; VEX, EVEX) | ModRM, SIB, displacement | immediate

import { Fields } from "./program-file";

/** The longest instruction. */
const MOST_BYTES: i32 = 15;

/** What follows an opcode. */
const enum Operand {
  None,
  Byte,
  /** two bytes */
  Word,
  /** as long as the operand, at most four bytes */
  Value,
  /** as long as the operand */
  Full,
  /** ModRM */
  Modrm,
  ModrmByte,
  ModrmValue,
  /** ModRM, and an immediate if it is a test */
  TestByte,
  TestValue,
  /** four bytes */
  Jump,
  /** as long as an address */
  Offset,
  /** two bytes and one */
  Enter,
  Invalid,
}

/** Of the opcodes of one byte, rows of 16: a letter for each member of Operand. */
const ONE_BYTE: string =
  "mmmmbvxxmmmmbvxx" +
  "mmmmbvxxmmmmbvxx" +
  "mmmmbvxxmmmmbvxx" +
  "mmmmbvxxmmmmbvxx" +
  "xxxxxxxxxxxxxxxx" +
  "nnnnnnnnnnnnnnnn" +
  "xxxmxxxxvVbBnnnn" +
  "bbbbbbbbbbbbbbbb" +
  "BVxBmmmmmmmmmmmm" +
  "nnnnnnnnnnxnnnnn" +
  "oooonnnnbvnnnnnn" +
  "bbbbbbbbffffffff" +
  "BBwnxxBVenwnnbxn" +
  "mmmmxxxnmmmmmmmm" +
  "bbbbbbbbjjxbnnnn" +
  "xnxxnntTnnnnnnmm";

function operandOf(letter: i32): Operand {
  switch (letter) {
    case 0x6e: // n
      return Operand.None;
    case 0x62: // b
      return Operand.Byte;
    case 0x77: // w
      return Operand.Word;
    case 0x76: // v
      return Operand.Value;
    case 0x66: // f
      return Operand.Full;
    case 0x6d: // m
      return Operand.Modrm;
    case 0x42: // B
      return Operand.ModrmByte;
    case 0x56: // V
      return Operand.ModrmValue;
    case 0x74: // t
      return Operand.TestByte;
    case 0x54: // T
      return Operand.TestValue;
    case 0x6a: // j
      return Operand.Jump;
    case 0x6f: // o
      return Operand.Offset;
    case 0x65: // e
      return Operand.Enter;
    default:
      return Operand.Invalid;
  }
}

/** Of the opcodes behind 0f. */
function twoByte(opcode: i32): Operand {
  const isAlone =
    (opcode >= 0x05 && opcode <= 0x09) ||
    opcode == 0x0b ||
    opcode == 0x0e ||
    (opcode >= 0x30 && opcode <= 0x37) ||
    opcode == 0x77 ||
    (opcode >= 0xa0 && opcode <= 0xa2) ||
    (opcode >= 0xa8 && opcode <= 0xaa) ||
    (opcode >= 0xc8 && opcode <= 0xcf);
  if (isAlone) return Operand.None;
  if (opcode >= 0x80 && opcode <= 0x8f) return Operand.Jump;
  return hasByte(opcode) || opcode == 0x0f || opcode == 0xa4 || opcode == 0xac || opcode == 0xba
    ? Operand.ModrmByte
    : Operand.Modrm;
}

/** Opcodes behind 0f, and of VEX's first map, that have an immediate byte. */
function hasByte(opcode: i32): bool {
  return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
}

/** Decodes one instruction. */
class Decoder {
  private isShort: bool = false;
  private isWide: bool = false;
  private hasShortAddress: bool = false;

  constructor(
    private code: Fields,
    private at: i32,
  ) {}

  /** The length, or 0: it is no instruction, or not all of it is here. */
  length(): i32 {
    const start = this.at;
    this.prefixes();
    const operand = this.opcode();
    if (operand == Operand.Invalid) return 0;
    const reg = this.modrm(operand);
    this.at += this.immediate(operand, reg);
    const length = this.at - start;
    return length <= MOST_BYTES && this.code.has(start, length) ? length : 0;
  }

  private prefixes(): void {
    for (let i = 0; i < MOST_BYTES; ++i) {
      const byte = this.code.u8(this.at);
      if (byte == 0x66) this.isShort = true;
      else if (byte == 0x67) this.hasShortAddress = true;
      else if (byte != 0xf0 && byte != 0xf2 && byte != 0xf3 && (byte & 0xe7) != 0x26 && byte != 0x64 && byte != 0x65)
        break;
      ++this.at;
    }
    const byte = this.code.u8(this.at);
    if ((byte & 0xf0) != 0x40) return;
    this.isWide = (byte & 8) != 0;
    ++this.at;
  }

  private next(): i32 {
    return this.code.u8(this.at++);
  }

  private opcode(): Operand {
    const first = this.next();
    if (first == 0xc5) {
      ++this.at;
      return this.ofMap(1, this.next());
    }
    if (first == 0xc4) {
      const map = this.next() & 31;
      ++this.at;
      return this.ofMap(map, this.next());
    }
    if (first == 0x62) {
      const map = this.next() & 7;
      this.at += 2;
      return this.ofMap(map, this.next());
    }
    if (first != 0x0f) return operandOf(ONE_BYTE.charCodeAt(first));
    const second = this.next();
    if (second == 0x38) {
      ++this.at;
      return Operand.Modrm;
    }
    if (second == 0x3a) {
      ++this.at;
      return Operand.ModrmByte;
    }
    return twoByte(second);
  }

  /** Opcodes of VEX and EVEX. */
  private ofMap(map: i32, opcode: i32): Operand {
    if (map == 1) return opcode == 0x77 ? Operand.None : hasByte(opcode) ? Operand.ModrmByte : Operand.Modrm;
    if (map == 3) return Operand.ModrmByte;
    return map == 2 || map == 5 || map == 6 ? Operand.Modrm : Operand.Invalid;
  }

  /** Goes behind ModRM, if there is one; its middle field. */
  private modrm(operand: Operand): i32 {
    if (operand < Operand.Modrm || operand > Operand.TestValue) return 0;
    const byte = this.next();
    const mode = byte >> 6;
    let base = byte & 7;
    if (mode == 3) return (byte >> 3) & 7;
    if (base == 4) base = this.next() & 7;
    if (mode == 2 || (mode == 0 && base == 5)) this.at += 4;
    else if (mode == 1) this.at += 1;
    return (byte >> 3) & 7;
  }

  private immediate(operand: Operand, reg: i32): i32 {
    const value = this.isShort && !this.isWide ? 2 : 4;
    switch (operand) {
      case Operand.Byte:
      case Operand.ModrmByte:
        return 1;
      case Operand.Word:
        return 2;
      case Operand.Value:
      case Operand.ModrmValue:
        return value;
      case Operand.Full:
        return this.isWide ? 8 : value;
      case Operand.TestByte:
        return reg < 2 ? 1 : 0;
      case Operand.TestValue:
        return reg < 2 ? value : 0;
      case Operand.Jump:
        return 4;
      case Operand.Offset:
        return this.hasShortAddress ? 4 : 8;
      case Operand.Enter:
        return 3;
      default:
        return 0;
    }
  }
}

/** Bytes of the instruction at `at`; 0: there is none that is known. */
export function instructionLength(code: Fields, at: i32): i32 {
  return new Decoder(code, at).length();
}
