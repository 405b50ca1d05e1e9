// Chains of calls: the kernel allows eight frames, and 512 bytes of stack for all of them together (until 6.12; later
// kernels allow more). The check here lets the compiler report that at the probe, in the script's words.

import { STACK_BYTES } from "../../common/format/bpf";
import { Code, RelocationKind } from "./code";

/** MAX_CALL_FRAMES of the kernel. */
const MAX_FRAMES: i32 = 8;
/** The kernel counts each function's stack in steps of this, and at least one. */
const STACK_STEP: i32 = 32;

/**
 * The longest chain and the deepest stack below each function; -1: not known yet, -2: being computed, and after that:
 * the function reaches itself. One object serves all programs: what they share is walked once.
 */
export class Chains {
  private frames: i32[] = [];
  private stack: i32[] = [];

  constructor(private codes: Code[]) {
    for (let i = 0, n = codes.length; i < n; ++i) {
      this.frames.push(-1);
      this.stack.push(0);
    }
  }

  /** Fills both for a function; false if it calls itself. Chains of any length: the work is on a list. */
  private fill(entry: i32): bool {
    if (this.frames[entry] == -2) return false;
    const work: i32[] = [entry];
    while (work.length > 0) {
      const f = work[work.length - 1];
      if (this.frames[f] >= 0) {
        work.pop();
        continue;
      }
      const first = this.frames[f] == -1;
      this.frames[f] = -2;
      if (first) {
        if (!this.pushCallees(f, work)) return false;
      } else {
        this.finish(f);
        work.pop();
      }
    }
    return true;
  }

  private pushCallees(f: i32, work: i32[]): bool {
    const relocations = this.codes[f].relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      if (relocations[i].kind != RelocationKind.Function) continue;
      const callee = relocations[i].addend;
      if (this.frames[callee] == -2) return false;
      if (this.frames[callee] == -1) work.push(callee);
    }
    return true;
  }

  private finish(f: i32): void {
    let frames = 0;
    let stack = 0;
    const relocations = this.codes[f].relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      if (relocations[i].kind != RelocationKind.Function) continue;
      frames = max(frames, this.frames[relocations[i].addend]);
      stack = max(stack, this.stack[relocations[i].addend]);
    }
    const own = max(this.codes[f].stackBytes, 1);
    this.frames[f] = frames + 1;
    this.stack[f] = stack + ((own + STACK_STEP - 1) & -STACK_STEP);
  }

  /** Why the kernel would refuse the chains of calls below the function `entry`; empty if it would not. */
  problemOf(entry: i32): string {
    const name = this.codes[entry].name;
    if (!this.fill(entry)) return `'${name}' calls itself through its functions`;
    const frames = this.frames[entry];
    if (frames > MAX_FRAMES) {
      return `loops and calls in '${name}' are nested ${frames} deep, and the kernel allows ${MAX_FRAMES}`;
    }
    const bytes = this.stack[entry];
    if (bytes > STACK_BYTES) {
      return `'${name}' and what it calls need ${bytes} bytes of stack, and the kernel allows ${STACK_BYTES}`;
    }
    return "";
  }
}
