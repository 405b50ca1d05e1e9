// The length of a handler's output while it is lowered. print.ts describes the two ways of output.
//
// A length that is known at compile time costs nothing at run time. Before control joins code that does not know it,
// the length is stored in the frame. Loops and functions keep it there as well.

import { Op } from "../ir/op";
import { Frame } from "../runtime/frame";
import { FrameWord } from "../runtime/plan";

/** The output of one function under construction. */
export class Output {
  /** The output is collected in the frame. */
  isBuffered: bool = false;
  /** The output may outgrow the frame, so it is written in pieces. */
  mayCut: bool = false;
  /** Direct: the maximum number of items printed on any path so far. */
  directItems: i32 = 0;
  /** Set during a direct attempt: the handler must be lowered again, buffered. */
  needsBuffer: bool = false;
  /** Set during an attempt without cuts: the handler must be lowered again, with cuts. */
  needsCut: bool = false;
  /** Upper bound of the output in bytes, summed over all paths. */
  total: i32 = 0;
  /** The length of the output so far if it is known; -1 if it is in the frame. */
  known: i32 = 0;

  constructor(private frame: Frame) {}

  /** Stores a known length in the frame, before control joins code that does not know it. */
  flush(): void {
    if (!this.isBuffered || this.known < 0) return;
    this.frame.store(Op.Store64, FrameWord.OutputLength, this.frame.b.constant(this.known));
  }

  /** From here on only the frame holds the length. */
  leaveUnknown(): void {
    this.flush();
    if (this.isBuffered) this.known = -1;
  }
}
