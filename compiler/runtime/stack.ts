// The kernel's stack as a string: packed (common/as/stack-words.ts), or the hexadecimal text that scripts see when they
// look inside. A handler takes the stack's addresses into an area of the frame; these routines make the strings.

import { Helper } from "../../common/format/helpers";
import { Show } from "../../common/format/manifest";
import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { lesser, maskFor } from "./bits";
import { Cursor } from "./cursor";
import { Routine, RoutineBuilder } from "./routine";
import { everyByte, Runtime } from "./runtime";

/** "0x", little-endian. */
const HEX_MARK: i64 = 0x7830;
const BLANK: i64 = 0x20;
const EACH: i64 = 0x0101010101010101;

/** Frames that the area has room for beyond MAXBACKTRACE: those between the helper and the traced code. */
export const MOST_GLUE: i32 = 6;

/** Frame offset of the area with the addresses of the stack, the innermost first. */
export function stackArea(runtime: Runtime): i32 {
  return runtime.area("stack", 8 * (runtime.maxFrames + MOST_GLUE));
}

function everyFrame(runtime: Runtime): i64 {
  return <i64>runtime.maxFrames + 1;
}

/** (frame, to, count) -> 0. Writes the packed string of `count` addresses. */
export const PACK_STACK = new Routine<Runtime>("pack_stack", 3, buildPack, everyFrame);

function buildPack(runtime: Runtime, b: RoutineBuilder): void {
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const from = new Cursor(b, b.binary(Op.Add, frame, b.constant(stackArea(runtime))));
  const to = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)));
  const loop = b.loop();
  const end = loop.leaveIf(Op.Uge, loop.index, b.parameter(2));
  b.store(Op.Store64, to.pointer, 0, packed(b, from.word));
  from.skip(b.constant(8));
  to.skip(b.constant(8));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  b.store(Op.Store8, to.pointer, 0, b.constant(0));
  b.ret(b.constant(0));
}

/** packAddress, as code. */
function packed(b: Builder, address: Ref): Ref {
  let bits = b.binary(Op.And, address, b.constant(0x00ffffffffffffff));
  bits = spread(b, bits, 0x000000000fffffff, 4);
  bits = spread(b, bits, 0x00003fff00003fff, 2);
  bits = spread(b, bits, 0x007f007f007f007f, 1);
  return b.binary(Op.Or, bits, b.constant(<i64>0x8080808080808080));
}

/** Moves the upper half of each group of bits up. `low` masks the lower halves. */
function spread(b: Builder, bits: Ref, low: i64, distance: i32): Ref {
  const lower = b.binary(Op.And, bits, b.constant(low));
  const upper = b.binary(Op.Xor, bits, lower);
  return b.binary(Op.Or, lower, b.binary(Op.Shl, upper, b.constant(distance)));
}

/** (frame, to, count) -> 0. Writes the text of `count` addresses, with blanks between. */
export const HEX_STACK = new Routine<Runtime>("hex_stack", 3, buildHex, everyFrame);

function buildHex(runtime: Runtime, b: RoutineBuilder): void {
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const from = new Cursor(b, b.binary(Op.Add, frame, b.constant(stackArea(runtime))));
  const to = new Cursor(b, addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b)));
  const loop = b.loop();
  const end = loop.leaveIf(Op.Uge, loop.index, b.parameter(2));
  const word = from.word;
  b.store(Op.Store16, to.pointer, 0, b.constant(HEX_MARK));
  b.store(Op.Store64, to.pointer, 2, digits(b, b.binary(Op.Shr, word, b.constant(32))));
  b.store(Op.Store64, to.pointer, 10, digits(b, b.unary(Op.Extu32, word)));
  b.store(Op.Store8, to.pointer, 18, b.constant(BLANK));
  from.skip(b.constant(8));
  to.skip(b.constant(19));
  loop.again();
  b.jump(end);
  b.setBlock(end);
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(b.parameter(2), some, none);
  b.setBlock(some);
  // In place of the last blank.
  b.store(Op.Store8, to.pointer, -1, b.constant(0));
  b.jump(none);
  b.setBlock(none);
  b.ret(b.constant(0));
}

/** 32 bits as eight hexadecimal digits, the first of them in the lowest byte. */
function digits(b: Builder, value: Ref): Ref {
  let nibbles = spread(b, value, 0x0000ffff, 16);
  nibbles = spread(b, nibbles, 0x000000ff000000ff, 8);
  nibbles = spread(b, nibbles, 0x000f000f000f000f, 4);
  const carried = b.binary(Op.Shr, b.binary(Op.Add, nibbles, b.constant(6 * EACH)), b.constant(4));
  const letters = b.binary(Op.Mul, b.binary(Op.And, carried, b.constant(EACH)), b.constant(39));
  return b.unary(Op.Bswap64, b.binary(Op.Add, b.binary(Op.Add, nibbles, b.constant(48 * EACH)), letters));
}

// -------------------------------------------------------------------------------------------------------- symbols

/** " [kernel", "]" and "kernel", little-endian. */
const OF_KERNEL: i64 = 0x6c656e72656b5b20;
const BRACKET: i64 = 0x5d;
const KERNEL: i64 = 0x6c656e72656b;
/** "<unknown" and ">". */
const UNKNOWN: i64 = 0x6e776f6e6b6e753c;
const UNKNOWN_END: i64 = 0x3e;
/** The first digit of an address that is in no symbol. */
const DIGIT: i64 = 0x30;

/**
 * (frame, to, most, show) -> 0. Takes what `show` wants out of the text area, where the kernel has written
 * "name [module]", "name+0x10/0x40 [module]", the same without a module, or an address. Writes `most` bytes at most,
 * and a NUL.
 */
export const SYMBOL_TEXT = new Routine<Runtime>("symbol_text", 4, buildSymbolText, everyByte);

function buildSymbolText(runtime: Runtime, b: RoutineBuilder): void {
  const text = b.binary(Op.Add, frameAddress(runtime.unit, b, b.parameter(0)), b.constant(runtime.textArea.offset));
  const to = addressInArena(runtime.unit, b, b.parameter(1), arenaMask(b));
  const at = new Cursor(b, text);
  const length = b.variable("length");
  const loop = b.loop();
  const blank = loop.leaveIf(Op.Eq, at.byte(0), b.constant(BLANK));
  const end = loop.leaveIf(Op.Eq, at.byte(0), b.constant(0));
  at.skip(b.constant(1));
  loop.again();
  b.jump(end);
  const part = new SymbolPart(runtime, b, text, to);
  b.setBlock(blank);
  b.setVar(length, loop.index);
  part.build(b.getVar(length), true);
  b.setBlock(end);
  b.setVar(length, loop.index);
  part.build(b.getVar(length), false);
}

/** Writes the part of the kernel's text that is wanted. */
class SymbolPart {
  constructor(
    private runtime: Runtime,
    private b: RoutineBuilder,
    private text: Ref,
    private to: Ref,
  ) {}

  /** `length`: of what comes before the module. */
  build(length: Ref, hasModule: bool): void {
    const b = this.b;
    const name = b.newBlock("name");
    const other = b.newBlock("other");
    const data = b.newBlock("data");
    const module = b.newBlock("module");
    b.branchIf(Op.Eq, b.parameter(3), b.constant(Show.Name), name, other);
    b.setBlock(name);
    this.copy(this.text, length);
    this.done();
    b.setBlock(other);
    b.branchIf(Op.Eq, b.parameter(3), b.constant(Show.Data), data, module);
    b.setBlock(data);
    this.copy(this.text, b.constant(this.runtime.maxLength));
    if (!hasModule) this.appendKernel(length);
    this.done();
    b.setBlock(module);
    if (hasModule) this.copyModule(length);
    else this.nameKernel();
    this.done();
  }

  private done(): void {
    this.b.ret(this.b.constant(0));
  }

  /** Copies at most `length` bytes; how many, with the NUL. */
  private copy(from: Ref, length: Ref): Ref {
    const b = this.b;
    const bytes = b.binary(Op.Add, lesser(b, length, b.parameter(2)), b.constant(1));
    const size = b.binary(Op.And, bytes, b.constant(maskFor(this.runtime.maxLength + 1)));
    return b.callHelper(Helper.ProbeReadKernelStr, [this.to, size, from]);
  }

  /** Goes to the first block if the address is in some symbol. */
  private branchOnKnown(known: i32, unknown: i32): void {
    const b = this.b;
    b.branchIf(Op.Ne, b.load(Op.Load8u, this.text, 0), b.constant(DIGIT), known, unknown);
  }

  /** Appends " [kernel]" to a name that is `length` bytes long, if it fits. */
  private appendKernel(length: Ref): void {
    const b = this.b;
    const known = b.newBlock("known");
    const fits = b.newBlock("fits");
    const done = b.newBlock("named");
    this.branchOnKnown(known, done);
    b.setBlock(known);
    b.branchIf(Op.Ule, b.binary(Op.Add, length, b.constant(9)), b.parameter(2), fits, done);
    b.setBlock(fits);
    const end = b.binary(Op.Add, this.to, b.binary(Op.And, length, b.constant(maskFor(this.runtime.maxLength))));
    b.store(Op.Store64, end, 0, b.constant(OF_KERNEL));
    b.store(Op.Store16, end, 8, b.constant(BRACKET));
    b.jump(done);
    b.setBlock(done);
  }

  /** Copies what stands between the brackets. */
  private copyModule(length: Ref): void {
    const b = this.b;
    const mask = b.constant(maskFor(this.runtime.maxLength));
    const start = b.binary(Op.Add, this.text, b.binary(Op.And, b.binary(Op.Add, length, b.constant(2)), mask));
    const copied = this.copy(start, b.constant(this.runtime.maxLength));
    const last = b.binary(Op.And, b.binary(Op.Sub, copied, b.constant(2)), mask);
    b.store(Op.Store8, b.binary(Op.Add, this.to, last), 0, b.constant(0));
  }

  private nameKernel(): void {
    const b = this.b;
    const known = b.newBlock("known");
    const unknown = b.newBlock("unknown");
    const done = b.newBlock("named");
    this.branchOnKnown(known, unknown);
    b.setBlock(known);
    b.store(Op.Store64, this.to, 0, b.constant(KERNEL));
    b.jump(done);
    b.setBlock(unknown);
    b.store(Op.Store64, this.to, 0, b.constant(UNKNOWN));
    b.store(Op.Store16, this.to, 8, b.constant(UNKNOWN_END));
    b.jump(done);
    b.setBlock(done);
  }
}
