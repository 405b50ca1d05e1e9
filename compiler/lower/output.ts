// How much a handler has put out so far, while it is lowered (print.ts has the two ways of output).
//
// Where the length of the output is known, it costs nothing at run time. Before control joins code that does not know
// it, it is put into the frame, where loops and functions leave it, too.

import { Op } from "../ir/op";
import { Frame } from "../runtime/frame";
import { FrameWord } from "../runtime/plan";

/** The output of one function under construction. */
export class Output {
  /** It is put together in the frame. */
  isBuffered: bool = false;
  /** It may outgrow the frame: it is written in pieces. */
  mayCut: bool = false;
  /** Direct: most items printed on any path so far. */
  directItems: i32 = 0;
  /** Found while lowering directly: the handler must be lowered again, buffered. */
  needsBuffer: bool = false;
  /** Found while lowering without cuts: the handler must be lowered again, with them. */
  needsCut: bool = false;
  /** Most bytes of output, all paths added up. */
  total: i32 = 0;
  /** The length of the output so far, if it is known; -1: it is in the frame. */
  known: i32 = 0;

  constructor(private frame: Frame) {}

  /** Puts the length into the frame, if it is known: before control joins code that does not know it. */
  flush(): void {
    if (!this.isBuffered || this.known < 0) return;
    this.frame.store(Op.Store64, FrameWord.OutputLength, this.frame.b.constant(this.known));
  }

  /** From here on the length is in the frame only. */
  leaveUnknown(): void {
    this.flush();
    if (this.isBuffered) this.known = -1;
  }
}
