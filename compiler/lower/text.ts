// A string that is put together piece by piece in the frame: concatenations, sprintf.
//
// Its length is known while lowering as long as only literals were put, and a value in a register from then on. Pieces
// are checked against the limit only where all of them at their longest would exceed it; what exceeds it is cut, as stap
// cuts. A NUL follows when `finish` is called.

import { Helper } from "../../common/format/helpers";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { digitsRoutine, formatLongRoutine, formatTextRoutine } from "./format-routines";
import { Digits, digitsArea, maskFor } from "./library";
import { Lowering } from "./lowering";
import { Base, literalWord, Place } from "./place";
import { offsetInArena, zero } from "./string";

/** Literals up to this are stored word by word, longer ones are copied. */
const STORED_BYTES: i32 = 32;
/** Most digits of a number with its sign. */
const NUMBER_BYTES: i32 = 22;

/** Whether a place is in the frame, where a text can be put together. */
export function isInFrame(place: Place): bool {
  return place.base == Base.Handler || place.base == Base.Frame;
}

/** A text under construction. */
export class Text {
  /** Bytes so far if that is known, else -1. */
  private known: i32 = 0;
  /** Bytes so far, otherwise. */
  private length: Ref = NoRef;
  /** At most so many bytes so far. */
  private most: i32 = 0;
  /** A NUL follows what is there. */
  private ended: bool = false;
  /** The longest it may get. */
  private limit: i32;

  /** Begins with the empty string; of a small place all bytes are cleared first, if `isFresh`. */
  constructor(
    private l: Lowering,
    public place: Place,
    isFresh: bool = true,
  ) {
    assert(isInFrame(place), "a text is put together in the frame");
    this.limit = min(place.capacity - 1, l.shared.maxLength);
    if (place.isSmall && isFresh) zero(l, place);
    this.ended = place.isSmall;
  }

  /** Goes on behind a string that is in the place already, of that length. */
  goOn(length: Ref): void {
    this.known = -1;
    this.length = length;
    this.most = this.limit;
    this.ended = true;
  }

  /** Appends a literal. */
  putLiteral(text: string): void {
    const l = this.l;
    const known = this.known;
    if (known >= 0 && known + text.length > this.limit) text = text.substring(0, this.limit - known);
    const bytes = text.length;
    if (bytes == 0) return;
    if (this.most + bytes > this.limit && known < 0) {
      this.copyString(this.literalAt(text), bytes);
      return;
    }
    if (bytes > STORED_BYTES) {
      l.b.callHelper(Helper.ProbeReadKernel, [this.end(), l.constant(bytes), this.literalAt(text)]);
    } else {
      this.storeLiteral(text);
    }
    this.grow(l.constant(bytes), bytes);
    this.changed();
  }

  /** Of a small place what follows is zero already. */
  private changed(): void {
    this.ended = this.place.isSmall;
  }

  private literalAt(text: string): Ref {
    return this.l.b.addressOf(AddressKind.Rodata, this.l.unit.literal(text));
  }

  private storeLiteral(text: string): void {
    const b = this.l.b;
    const known = this.known;
    const base = known >= 0 ? this.l.baseOf(this.place) : this.end();
    const start = known >= 0 ? this.l.offsetOf(this.place) + known : 0;
    let at = 0;
    for (let size = 8; size > 0; size >>= 1) {
      const op = size == 8 ? Op.Store64 : size == 4 ? Op.Store32 : size == 2 ? Op.Store16 : Op.Store8;
      while (at + size <= text.length) {
        b.store(op, base, start + at, b.constant(literalWord(text.substring(at, at + size), 0)));
        at += size;
      }
    }
  }

  /** Appends a string of at most `longest` bytes; of a longer one, the beginning. */
  private copyString(from: Ref, longest: i32, isLonger: bool = false): void {
    const b = this.l.b;
    let size = b.constant(longest + 1);
    if (this.most + longest > this.limit) {
      if (isLonger) size = b.binary(Op.Add, this.cut(b.constant(longest), maskFor(this.limit)), b.constant(1));
      else size = this.roomWithNul(longest);
    }
    const copied = b.callHelper(Helper.ProbeReadKernelStr, [this.end(), size, from]);
    this.grow(b.binary(Op.Sub, copied, b.constant(1)), longest);
    this.ended = true;
  }

  /** Appends a string, or as many bytes of it as `most` says. */
  putString(place: Place, most: i32): void {
    if (place.isLiteral) this.putLiteral(place.text.substring(0, most));
    else this.copyString(this.l.pointer(place), min(most, place.capacity - 1), most < place.capacity - 1);
  }

  /** Appends a number in the plainest form. */
  putLong(value: Ref, spec: i64): void {
    const l = this.l;
    const b = l.b;
    const frame = l.frame();
    const count = b.callFunction(digitsRoutine(l.shared), [b.getVar(l.frameOffset), value, l.constant(spec)]);
    const digits = b.binary(Op.And, count, l.constant(31));
    const end = b.binary(Op.Add, frame, l.constant(digitsArea(l.shared) + Digits.End));
    const size = this.most + NUMBER_BYTES <= this.limit ? digits : this.cut(digits, 31);
    b.callHelper(Helper.ProbeReadKernel, [this.end(), size, b.binary(Op.Sub, end, digits)]);
    this.grow(size, NUMBER_BYTES);
    this.changed();
  }

  /** Appends a number with flags, width and precision. */
  putFormattedLong(value: Ref, spec: Ref): void {
    this.callWriter(formatLongRoutine(this.l.shared), value, spec);
  }

  /** Appends what is in the text area, `length` bytes, padded. */
  putFormattedText(length: Ref, spec: Ref): void {
    this.callWriter(formatTextRoutine(this.l.shared), length, spec);
  }

  private callWriter(routine: i32, value: Ref, spec: Ref): void {
    const l = this.l;
    const b = l.b;
    l.frame();
    const at = b.binary(Op.Add, offsetInArena(l, this.place), this.lengthRef());
    const room = b.binary(Op.Sub, l.constant(this.limit), this.lengthRef());
    const written = b.callFunction(routine, [b.getVar(l.frameOffset), at, room, value, spec]);
    this.grow(written, this.limit);
    this.changed();
  }

  /** Appends the lowest 1, 2, 4 or 8 bytes of a value. */
  putBytes(value: Ref, bytes: i32): void {
    const b = this.l.b;
    const op = bytes == 8 ? Op.Store64 : bytes == 4 ? Op.Store32 : bytes == 2 ? Op.Store16 : Op.Store8;
    if (this.most + bytes <= this.limit) {
      b.store(op, this.end(), 0, value);
      this.grow(b.constant(bytes), bytes);
    } else {
      // Behind the limit the place has no room: by way of the area for digits.
      const from = b.binary(Op.Add, this.l.frame(), b.constant(digitsArea(this.l.shared)));
      b.store(Op.Store64, from, 0, value);
      const size = this.cut(b.constant(bytes), 15);
      b.callHelper(Helper.ProbeReadKernel, [this.end(), size, from]);
      this.grow(size, bytes);
    }
    this.changed();
  }

  /** Ends the string. */
  finish(): void {
    if (!this.ended) this.l.b.store(Op.Store8, this.end(), 0, this.l.constant(0));
    this.ended = true;
  }

  private lengthRef(): Ref {
    return this.known >= 0 ? this.l.constant(this.known) : this.length;
  }

  /** The address behind the last byte. */
  private end(): Ref {
    const start = this.l.pointer(this.place);
    const b = this.l.b;
    if (this.known == 0) return start;
    if (this.known > 0) return b.binary(Op.Add, start, b.constant(this.known));
    return b.binary(Op.Add, start, b.binary(Op.And, this.length, b.constant(maskFor(this.limit))));
  }

  /** Bytes that a string and its NUL may take. */
  private roomWithNul(longest: i32): Ref {
    const b = this.l.b;
    if (this.known >= 0) return b.constant(min(longest, this.limit - this.known) + 1);
    const room = b.binary(Op.Sub, b.constant(this.limit + 1), this.length);
    return b.binary(Op.And, room, b.constant(maskFor(this.limit + 1)));
  }

  /** The lesser of a number of bytes, itself at most `mask`, and the room there is. */
  private cut(bytes: Ref, mask: i64): Ref {
    const b = this.l.b;
    const size = b.variable("size");
    b.setVar(size, bytes);
    const room = b.binary(Op.Sub, b.constant(this.limit), this.lengthRef());
    const full = b.newBlock("full");
    const fits = b.newBlock("fits");
    b.branchIf(Op.Ugt, bytes, room, full, fits);
    b.setBlock(full);
    b.setVar(size, room);
    b.jump(fits);
    b.setBlock(fits);
    return b.binary(Op.And, b.getVar(size), b.constant(mask));
  }

  private grow(bytes: Ref, most: i32): void {
    const l = this.l;
    this.most = min(this.most + most, this.limit);
    if (this.known >= 0 && bytes == l.constant(most)) {
      this.known += most;
      return;
    }
    this.length = this.known == 0 ? bytes : l.b.binary(Op.Add, this.lengthRef(), bytes);
    this.known = -1;
  }
}
