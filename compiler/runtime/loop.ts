// The one way to build a loop that the kernel's verifier can follow: a counter that it knows, compared with a constant.
//
// The verifier walks such a loop round by round and gives up after a million instructions. So each loop adds its rounds
// to `Func.rounds`, from which bpf/walk.ts estimates what the verifier will walk.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";

/** `for (i = 0; ; ) { …; if (++i == bound) break }`: what is built between the constructor and `again` is the body. */
export class BoundedLoop {
  private counter: i32;
  private head: i32;
  /** The first instruction of a round. */
  private first: i32;

  constructor(
    private b: Builder,
    private bound: i64,
  ) {
    const counter = b.variable("i");
    b.setVar(counter, b.constant(0));
    const head = b.newBlock("loop");
    b.jump(head);
    b.setBlock(head);
    this.counter = counter;
    this.head = head;
    this.first = b.fn.ops.length;
  }

  /** The number of the round, from 0. */
  get index(): Ref {
    return this.b.getVar(this.counter);
  }

  /** Leaves when the compare is true: goes on in a cold block that is returned; what follows goes behind it. */
  leaveIf(op: Op, x: Ref, y: Ref): i32 {
    const b = this.b;
    const out = b.newBlock("out");
    const on = b.newBlock("on");
    b.setCold(out);
    b.branchIf(op, x, y, out, on);
    b.setBlock(on);
    return out;
  }

  /** Ends the body: goes to the next round, or on behind the last one. */
  again(): void {
    const b = this.b;
    const next = b.binary(Op.Add, b.getVar(this.counter), b.constant(1));
    b.setVar(this.counter, next);
    const end = b.newBlock("end");
    b.branchIf(Op.Ult, next, b.constant(this.bound), this.head, end);
    b.setBlock(end);
    b.fn.rounds += this.bound * <i64>(b.fn.ops.length - this.first);
  }
}
