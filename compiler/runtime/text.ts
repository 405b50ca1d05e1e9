// A string that is built piece by piece in the frame: concatenations, sprintf.
//
// While only literals are appended, the length is known at compile time. After that it is a value in a register. A
// piece is checked against the limit only if all pieces at their maximum length would exceed it. Text beyond the limit
// is cut, as in stap. `finish` adds the NUL.

import { Helper } from "../../common/format/helpers";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { maskFor } from "./bits";
import { passString, zero } from "./copy";
import { DIGITS, FORMAT_LONG, FORMAT_TEXT } from "./digits";
import { Frame } from "./frame";
import { isInFrame, literalWord, Place } from "./place";
import { Digits } from "./runtime";

/** Literals of up to this many bytes are stored word by word; longer ones are copied. */
const STORED_BYTES: i32 = 32;
/** Most characters of a number with its sign. */
const NUMBER_BYTES: i32 = 22;

/** A text under construction. */
export class Text {
  /** Length so far if it is known at compile time, else -1. */
  private known: i32 = 0;
  /** Length so far otherwise. */
  private length: Ref = NoRef;
  /** Upper bound of the length so far. */
  private most: i32 = 0;
  /** There is a NUL after the text. */
  private ended: bool = false;
  /** Limit of the length. */
  private limit: i32;

  /** Begins with the empty string. If `isFresh`, all bytes of a small place are cleared first. */
  constructor(
    private frame: Frame,
    public place: Place,
    isFresh: bool = true,
  ) {
    assert(isInFrame(place), "a text is put together in the frame");
    this.limit = min(place.capacity - 1, this.frame.runtime.maxLength);
    if (place.isSmall && isFresh) zero(this.frame, place);
    this.ended = place.isSmall;
  }

  /** Continues after a string of that length that is in the place already. */
  goOn(length: Ref): void {
    this.known = -1;
    this.length = length;
    this.most = this.limit;
    this.ended = true;
  }

  /** Appends a literal. */
  putLiteral(text: string): void {
    const b = this.frame.b;
    const known = this.known;
    if (known >= 0 && known + text.length > this.limit) text = text.substring(0, this.limit - known);
    const bytes = text.length;
    if (bytes == 0) return;
    if (this.most + bytes > this.limit && known < 0) {
      this.copyString(this.literalAt(text), bytes);
      return;
    }
    if (bytes > STORED_BYTES) {
      b.callHelper(Helper.ProbeReadKernel, [this.end(), b.constant(bytes), this.literalAt(text)]);
    } else {
      this.storeLiteral(text);
    }
    this.grow(b.constant(bytes), bytes);
    this.changed();
  }

  /** In a small place, the bytes after the text are zero already. */
  private changed(): void {
    this.ended = this.place.isSmall;
  }

  private literalAt(text: string): Ref {
    return this.frame.b.addressOf(AddressKind.Rodata, this.frame.runtime.unit.literal(text));
  }

  private storeLiteral(text: string): void {
    const b = this.frame.b;
    const known = this.known;
    const base = known >= 0 ? this.frame.baseOf(this.place) : this.end();
    const start = known >= 0 ? this.frame.offsetOf(this.place) + known : 0;
    let at = 0;
    for (let size = 8; size > 0; size >>= 1) {
      const op = size == 8 ? Op.Store64 : size == 4 ? Op.Store32 : size == 2 ? Op.Store16 : Op.Store8;
      while (at + size <= text.length) {
        b.store(op, base, start + at, b.constant(literalWord(text.substring(at, at + size), 0)));
        at += size;
      }
    }
  }

  /** Appends a string of at most `longest` bytes. If it is longer, appends its first bytes. */
  private copyString(from: Ref, longest: i32, isLonger: bool = false): void {
    const b = this.frame.b;
    let size = b.constant(longest + 1);
    if (this.most + longest > this.limit) {
      if (isLonger) size = b.binary(Op.Add, this.cut(b.constant(longest), maskFor(this.limit)), b.constant(1));
      else size = this.roomWithNul(longest);
    }
    const copied = b.callHelper(Helper.ProbeReadKernelStr, [this.end(), size, from]);
    this.grow(b.binary(Op.Sub, copied, b.constant(1)), longest);
    this.ended = true;
  }

  /** Appends a string, limited to `most` bytes. */
  putString(place: Place, most: i32): void {
    if (place.isLiteral) this.putLiteral(place.text.substring(0, most));
    else this.copyString(this.frame.pointer(place), min(most, place.capacity - 1), most < place.capacity - 1);
  }

  /** Appends a number without flags, width or precision. */
  putLong(value: Ref, spec: i64): void {
    const frame = this.frame;
    const b = frame.b;
    const start = frame.address();
    const count = b.callFunction(DIGITS.of(frame.runtime), [frame.offset(), value, b.constant(spec)]);
    const digits = b.binary(Op.And, count, b.constant(31));
    const end = b.binary(Op.Add, start, b.constant(frame.runtime.digitsArea + Digits.End));
    const size = this.most + NUMBER_BYTES <= this.limit ? digits : this.cut(digits, 31);
    b.callHelper(Helper.ProbeReadKernel, [this.end(), size, b.binary(Op.Sub, end, digits)]);
    this.grow(size, NUMBER_BYTES);
    this.changed();
  }

  /** Appends a number with flags, width and precision. */
  putFormattedLong(value: Ref, spec: Ref): void {
    this.callWriter(FORMAT_LONG.of(this.frame.runtime), value, spec);
  }

  /** Appends `length` bytes of the text area, padded. */
  putFormattedText(length: Ref, spec: Ref): void {
    this.callWriter(FORMAT_TEXT.of(this.frame.runtime), length, spec);
  }

  private callWriter(routine: i32, value: Ref, spec: Ref): void {
    const frame = this.frame;
    const b = frame.b;
    frame.address();
    const at = b.binary(Op.Add, passString(frame, this.place), this.lengthRef());
    const room = b.binary(Op.Sub, b.constant(this.limit), this.lengthRef());
    const written = b.callFunction(routine, [frame.offset(), at, room, value, spec]);
    this.grow(written, this.limit);
    this.changed();
  }

  /** Appends the lowest 1, 2, 4 or 8 bytes of a value. */
  putBytes(value: Ref, bytes: i32): void {
    const b = this.frame.b;
    const op = bytes == 8 ? Op.Store64 : bytes == 4 ? Op.Store32 : bytes == 2 ? Op.Store16 : Op.Store8;
    if (this.most + bytes <= this.limit) {
      b.store(op, this.end(), 0, value);
      this.grow(b.constant(bytes), bytes);
    } else {
      // The place has no space beyond the limit, so the bytes go through the area for digits.
      const from = b.binary(Op.Add, this.frame.address(), b.constant(this.frame.runtime.digitsArea));
      b.store(Op.Store64, from, 0, value);
      const size = this.cut(b.constant(bytes), 15);
      b.callHelper(Helper.ProbeReadKernel, [this.end(), size, from]);
      this.grow(size, bytes);
    }
    this.changed();
  }

  /** Ends the string. */
  finish(): void {
    if (!this.ended) this.frame.b.store(Op.Store8, this.end(), 0, this.frame.b.constant(0));
    this.ended = true;
  }

  private lengthRef(): Ref {
    return this.known >= 0 ? this.frame.b.constant(this.known) : this.length;
  }

  /** The address after the last byte. */
  private end(): Ref {
    const start = this.frame.pointer(this.place);
    const b = this.frame.b;
    if (this.known == 0) return start;
    if (this.known > 0) return b.binary(Op.Add, start, b.constant(this.known));
    return b.binary(Op.Add, start, b.binary(Op.And, this.length, b.constant(maskFor(this.limit))));
  }

  /** Bytes available for a string and its NUL. */
  private roomWithNul(longest: i32): Ref {
    const b = this.frame.b;
    if (this.known >= 0) return b.constant(min(longest, this.limit - this.known) + 1);
    const room = b.binary(Op.Sub, b.constant(this.limit + 1), this.length);
    return b.binary(Op.And, room, b.constant(maskFor(this.limit + 1)));
  }

  /** The lesser of the space left and a number of bytes, which is itself at most `mask`. */
  private cut(bytes: Ref, mask: i64): Ref {
    const b = this.frame.b;
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
    const b = this.frame.b;
    this.most = min(this.most + most, this.limit);
    if (this.known >= 0 && bytes == b.constant(most)) {
      this.known += most;
      return;
    }
    this.length = this.known == 0 ? bytes : b.binary(Op.Add, this.lengthRef(), bytes);
    this.known = -1;
  }
}
