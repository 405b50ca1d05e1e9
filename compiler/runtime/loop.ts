// The only way to build a loop that the kernel's verifier can follow: a counter compared with a constant.
//
// The verifier walks such a loop round by round and gives up after a million instructions. So each loop adds its rounds
// to `Func.rounds`. From them bpf/walk.ts estimates how many instructions the verifier will walk.

import { Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";

/** `for (i = 0; ; ) { …; if (++i == bound) break }`. Code built before `again` is the body. */
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

  /**
   * Leaves the loop if the comparison is true, through a cold block, which is returned. Later code goes after the
   * check.
   */
  leaveIf(op: Op, x: Ref, y: Ref): i32 {
    const b = this.b;
    const out = b.newBlock("out");
    const on = b.newBlock("on");
    b.setCold(out);
    b.branchIf(op, x, y, out, on);
    b.setBlock(on);
    return out;
  }

  /** Ends the body: goes to the next round, or past the loop after the last one. */
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

/** Limit of calls in one driving loop, which the verifier walks to its bound. More calls need two nested loops. */
const MOST_DRIVEN: i32 = 1024;
/** Calls in the inner one of two loops, at least. */
const LEAST_INNER: i32 = 32;

/** The rounds of the inner one of two loops that together have so many. */
export function innerRounds(times: i32): i32 {
  let inner = LEAST_INNER;
  while (<i64>inner * <i64>inner < times) inner <<= 1;
  return inner;
}

/** Code that calls a function of one argument repeatedly, until it returns something other than 0. */
export class Driver {
  constructor(
    private unit: Unit,
    private b: Builder,
  ) {}

  /**
   * Calls `callee` up to `times` times, until it returns something other than 0. Returns the last result. More than
   * `most` calls use two levels of about the same length, so that the verifier walks the sum of their bounds, not the
   * product. `times` is then rounded up.
   */
  drive(callee: i32, argument: Ref, times: i32, most: i32 = MOST_DRIVEN): Ref {
    if (times <= most) return this.callUntil(callee, argument, times);
    const inner = innerRounds(times);
    return this.callUntil(this.manyCalls(callee, inner), argument, (times + inner - 1) / inner);
  }

  private callUntil(callee: i32, argument: Ref, times: i32): Ref {
    const b = this.b;
    const answer = b.variable("answer");
    const loop = new BoundedLoop(b, times);
    b.setVar(answer, b.callFunction(callee, [argument]));
    const stop = loop.leaveIf(Op.Ne, b.getVar(answer), b.constant(0));
    loop.again();
    b.jump(stop);
    b.setBlock(stop);
    return b.getVar(answer);
  }

  /** A function that calls another one up to so many times, until it returns something other than 0. */
  private manyCalls(callee: i32, times: i32): i32 {
    const ir = this.unit.ir;
    const fn = new Func(`${ir.functions[callee].name}_rounds`, Linkage.Subprogram, 1);
    const b = new Builder(fn);
    b.ret(new Driver(this.unit, b).callUntil(callee, b.parameter(0), times));
    return ir.add(fn);
  }
}
