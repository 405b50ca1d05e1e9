// The plan of the claimed frame, which holds values that have no register (docs/bpf-abi.md).
//
//   0        64                 F                    H
//   +--------+------------------+--------------------+----------------+
//   | header | areas of          | area of the        | output of the  |
//   |        | script functions  | handler that runs  | handler        |
//   +--------+------------------+--------------------+----------------+
//
// Each script function that is a subprogram has its own area. Without recursion it has one activation at a time in a
// frame. Handlers share one area, because a frame belongs to one handler at a time. F and H are known only when
// everything is lowered. Until then they are placeholders: constants of a function that `finish` fills in.

import { MAX_RECORD_BYTES } from "../../common/format/record";
import { FRAME_ALIGN, powerOfTwo } from "../../common/format/runtime";
import { constantRef, Func, Ref } from "../ir/function";

/** Byte offsets in a frame's header. */
export const enum FrameWord {
  /** u32: handlers that hold the frame or are trying to claim it; 0: the frame is free. */
  Claim = 0,
  /** u64: bytes of output collected so far. */
  OutputLength = 8,
  /** u32: the error with which a subprogram ended, as its site and flags plus one; 0: none. */
  Error = 16,
  /**
   * u8, for a unit of output written in pieces: RecordFlags.More once a piece is written, Torn once a piece is lost.
   */
  Cut = 20,
  /** u16, of a handler at an LSM hook: what it answers, plus MAX_ERRNO of the kernel. */
  Verdict = 22,
  /** u64: statements that remain until MAXACTION. */
  Actions = 24,
  /** In a handler that runs in steps (lower/steps.ts). u32: the piece that runs next. */
  Piece = 32,
  /** u32: start of the running activation's record, relative to the handlers' area. */
  Record = 36,
  /** u64: the number that a function has returned. */
  Result = 40,
  /** u32: calls that have not returned yet. */
  Nesting = 48,
  /** u32: the number of the probe site that has fired, for code that is not the handler's own function. */
  Place = 52,
  /** u64: the number in the text of the error with which a subprogram ended. */
  Fault = 56,
  Size = 64,
}

/** Limit of a frame's bytes. With larger frames, the largest map of Linux 5.10 would hold too few. */
const MAX_FRAME_BYTES: i32 = 262144;

/** The value for which a placeholder stands. */
export const enum Hole {
  /** F: offset of the handlers' area. */
  Handler,
  /** H: offset of the output. */
  Output,
  /** Bytes of a frame, a multiple of FRAME_ALIGN. */
  Bytes,
  /** A mask for offsets in a frame, 2^n - 1. */
  Mask,
  /** Bytes of output that fit in a frame, minus one. It is a mask for the output's length, 2^n - 1. */
  OutputMask,
  /** Bytes of the handlers' area for records of activations. */
  Records,
}

/** A constant whose value is known only at the end. */
class Placeholder {
  constructor(
    public fn: Func,
    public index: i32,
    public hole: Hole,
  ) {}
}

/** The state of a plan at some moment. */
export class PlanMark {
  constructor(
    public used: bool,
    public functionBytes: i32,
    public outputBytes: i32,
    public placeholders: i32,
  ) {}
}

/** The frame that all handlers of one object use. */
export class FramePlan {
  used: bool = false;
  private functionBytes: i32 = 0;
  private handlerBytes: i32 = 0;
  private outputBytes: i32 = 0;
  /** The handler that needs most; -1: no handler needs a frame. */
  largest: i32 = -1;
  /** Bytes of a whole frame, known once the plan is finished. */
  private bytes: i32 = 0;
  private recordsWanted: i32 = 0;
  private placeholders: Placeholder[] = [];

  /** Reserves bytes of the functions' part. Returns their offset in the frame. */
  reserveFunction(bytes: i32): i32 {
    this.used = true;
    const at = FrameWord.Size + this.functionBytes;
    this.functionBytes += (bytes + 7) & ~7;
    return at;
  }

  /** Records how much of the handlers' area a handler needs. */
  needHandler(bytes: i32, handler: i32): void {
    if (this.largest >= 0 && bytes <= this.handlerBytes) return;
    this.handlerBytes = bytes;
    this.largest = handler;
  }

  /** The error if the largest handler does not fit in the finished frame, else the empty string. */
  get problem(): string {
    if (this.largest < 0 || this.bytes <= MAX_FRAME_BYTES) return "";
    const most = MAX_FRAME_BYTES - this.outputBytes - FrameWord.Size;
    const own = `this probe needs ${this.handlerBytes} bytes for its strings`;
    return `${own} and the script's functions need ${this.functionBytes}, but only ${most} are available`;
  }

  /**
   * Records how much of the handlers' area the records of activations want. They get the space that a frame has left.
   */
  wantRecords(bytes: i32): void {
    if (bytes > this.recordsWanted) this.recordsWanted = bytes;
  }

  /** Bytes that a frame has left for records of activations. */
  get recordsRoom(): i32 {
    return (MAX_FRAME_BYTES - FrameWord.Size - this.functionBytes - this.outputBytes) & ~7;
  }

  /** Records the bytes of output that an item or a whole handler needs. */
  needOutput(bytes: i32): void {
    const wanted = bytes < MAX_RECORD_BYTES ? bytes : MAX_RECORD_BYTES;
    if (wanted > this.outputBytes) this.outputBytes = (wanted + 7) & ~7;
  }

  /** The current plan. `rollback` removes what was added since. */
  mark(): PlanMark {
    return new PlanMark(this.used, this.functionBytes, this.outputBytes, this.placeholders.length);
  }

  rollback(mark: PlanMark): void {
    this.used = mark.used;
    this.functionBytes = mark.functionBytes;
    this.outputBytes = mark.outputBytes;
    this.placeholders.length = mark.placeholders;
  }

  /** A constant of `fn` that gets its value when everything is lowered. */
  placeholder(fn: Func, hole: Hole): Ref {
    this.used = true;
    const index = fn.constants.length;
    fn.constants.push(0);
    this.placeholders.push(new Placeholder(fn, index, hole));
    return constantRef(index);
  }

  /** Fills in the placeholders. Returns the bytes of a frame, or 0 if no handler needs one. */
  finish(): i32 {
    if (!this.used) return 0;
    const handlers = FrameWord.Size + this.functionBytes;
    const records = min(this.recordsWanted, this.recordsRoom);
    this.handlerBytes = max(this.handlerBytes, records);
    const output = handlers + ((this.handlerBytes + 7) & ~7);
    const bytes = (output + this.outputBytes + FRAME_ALIGN - 1) & -FRAME_ALIGN;
    this.bytes = bytes;
    let outputMask = 7;
    while (outputMask < this.outputBytes) outputMask = (outputMask << 1) | 1;
    for (let i = 0, n = this.placeholders.length; i < n; ++i) {
      const it = this.placeholders[i];
      const values: StaticArray<i32> = [handlers, output, bytes, powerOfTwo(bytes) - 1, outputMask, records];
      it.fn.constants[it.index] = values[it.hole];
    }
    return bytes;
  }
}
