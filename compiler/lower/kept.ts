// The words of a handler's context that must be in the frame, because code outside of the handler's own function needs
// them (context.ts).

import { NoRef } from "../ir/function";
import { Base, Place } from "../runtime/place";
import { Runtime } from "../runtime/runtime";

/** Stands for the offset of a word that is 1 if the handler has registers, else 0. */
export const HAS_REGISTERS: i32 = -1;
/** Stands for the offset of a word with the number of addresses in the area of the stack (stack.ts). */
export const STACK_COUNT: i32 = -2;

/** A number in the context. */
export class ContextWord {
  constructor(
    /** Bytes from the context's beginning, HAS_REGISTERS or STACK_COUNT. */
    public offset: i32,
    /** 1, 2, 4 or 8. */
    public bytes: i32,
    /** Its eight bytes in the frame. */
    public place: Place,
  ) {}
}

/** The words of one handler, or those that one script function asks for. */
export class KeptWords {
  words: ContextWord[] = [];

  /** The place of a word, which is kept from now on. */
  placeOf(runtime: Runtime, offset: i32, bytes: i32): Place {
    for (let i = 0, n = this.words.length; i < n; ++i) {
      if (this.words[i].offset == offset && this.words[i].bytes == bytes) return this.words[i].place;
    }
    const place = new Place(Base.Frame, NoRef, runtime.area(`context${offset}_${bytes}`, 8), 8);
    this.words.push(new ContextWord(offset, bytes, place));
    return place;
  }
}
