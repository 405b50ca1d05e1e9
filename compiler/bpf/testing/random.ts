// Random functions that terminate, for tests: arithmetic, memory, calls, branches and bounded loops over a few
// variables.

import { Helper } from "../../../common/format/helpers";
import { AddressKind, Builder } from "../../ir/build";
import { isPureHelper } from "../../ir/calls";
import { Func, Linkage, Ref } from "../../ir/function";
import { Op } from "../../ir/op";
import { mix, NUMBER_HELPER, POINTER_HELPER } from "./world";

/** How many arguments the helpers and functions of random programs take. */
export function randomArity(id: i32, isFunction: bool): i32 {
  if (isFunction) return id % 6;
  if (isPureHelper(id)) return 0;
  return id >= POINTER_HELPER ? 1 + (id % 5) : id % 6;
}

const PURE_HELPERS: StaticArray<i32> = [Helper.GetSmpProcessorId, Helper.GetCurrentPidTgid];

/** Values of a random function that may be used again. */
const KEPT_VALUES: i32 = 16;

/** Makes one random function. */
export class RandomFunction {
  fn: Func;
  private b: Builder;
  private state: u64;
  private variables: Array<i32> = [];
  private values: Array<Ref> = [];
  private slots: Array<Ref> = [];
  private budget: i32;
  private depth: i32 = 0;

  constructor(seed: u64, size: i32) {
    let state = mix(seed, 0x1234567);
    let parameters = <i32>(state % 6);
    this.state = state;
    this.budget = size;
    let fn = new Func("random", Linkage.Subprogram, parameters);
    this.fn = fn;
    this.b = new Builder(fn);
    for (let k = 0; k < parameters; ++k) this.values.push(this.b.parameter(k));
    for (let k = 2 + this.next(8); k > 0; --k) this.variables.push(this.b.variable("v"));
    for (let k = this.next(3); k > 0; --k) this.addSlot();
    while (this.budget > 0) this.statement();
    this.b.ret(this.operand());
  }

  private addSlot(): void {
    let slot = this.b.slot(9 + this.next(16));
    this.slots.push(slot);
    this.b.store(Op.Store64, slot, 0, this.constant());
    this.b.store(Op.Store64, slot, 8, this.constant());
  }

  private next(bound: i32): i32 {
    this.state = mix(this.state, 0xabcdef);
    return <i32>((this.state >> 11) % <u64>bound);
  }

  private constant(): Ref {
    switch (this.next(8)) {
      case 0:
        return this.b.constant(0);
      case 1:
        return this.b.constant(1);
      case 2:
        return this.b.constant(-1);
      case 3:
        return this.b.constant(i64.MIN_VALUE >> this.next(64));
      case 4:
        return this.b.constant((<i64>1) << this.next(64));
      case 5:
        return this.b.constant(((<i64>1) << this.next(64)) - 1);
      case 6:
        return this.b.constant(<i64>mix(this.state, 7));
      default:
        return this.b.constant(this.next(100) - 50);
    }
  }

  /** Values that hold in the current block and all inside it. */
  private operand(): Ref {
    let kind = this.next(8);
    if (kind == 0) return this.constant();
    if (kind < 5 && this.values.length > 0) {
      // Recent values more often than old ones.
      let n = this.values.length;
      return this.values[n - 1 - this.next(this.next(n) + 1)];
    }
    return this.b.getVar(this.variables[this.next(this.variables.length)]);
  }

  private base(isRead: bool): Ref {
    if (this.slots.length > 0 && this.next(3) == 0) {
      let slot = this.slots[this.next(this.slots.length)];
      return this.next(2) == 0 ? slot : this.b.binary(Op.Add, slot, this.b.constant(8));
    }
    let kind = isRead && this.next(2) == 0 ? AddressKind.Rodata : AddressKind.Bss;
    return this.b.addressOf(kind, 8 * this.next(20));
  }

  private keep(r: Ref): void {
    if (this.next(3) == 0) this.b.setVar(this.variables[this.next(this.variables.length)], r);
    else this.values.push(r);
    // Old ones are forgotten, or all are live to the end of a long function.
    if (this.depth == 0 && this.values.length > KEPT_VALUES) this.values.splice(0, KEPT_VALUES / 2);
  }

  private statement(): void {
    this.budget--;
    switch (this.next(18)) {
      case 0:
      case 1:
        this.memory();
        break;
      case 2:
        this.call();
        break;
      case 3:
        this.branch();
        break;
      case 4:
        this.loop();
        break;
      case 5:
        this.b.setVar(this.variables[this.next(this.variables.length)], this.operand());
        break;
      case 6:
        this.keep(this.b.unary((Op.Neg + this.next(Op.Copy - Op.Neg + 1)) as Op, this.operand()));
        break;
      case 7:
        this.atomic();
        break;
      default:
        this.keep(this.b.binary((Op.Add + this.next(Op.Uge - Op.Add + 1)) as Op, this.operand(), this.operand()));
    }
  }

  /** Slots have 8 initialised bytes: offsets stay in them. */
  private memory(): void {
    let kind = this.next(6);
    let base = this.base(kind < 3);
    switch (kind) {
      case 0:
        this.keep(this.b.load((Op.Load8u + this.next(2)) as Op, base, this.next(8)));
        break;
      case 1:
        this.keep(this.b.load((Op.Load16u + this.next(4)) as Op, base, 4 * this.next(2)));
        break;
      case 2:
        this.keep(this.b.load(Op.Load64, base, 0));
        break;
      case 3:
        this.b.store(Op.Store8, base, this.next(8), this.operand());
        break;
      case 4:
        this.b.store((Op.Store16 + this.next(2)) as Op, base, 4 * this.next(2), this.operand());
        break;
      default:
        this.b.store(Op.Store64, base, 0, this.operand());
    }
  }

  private atomic(): void {
    let base = this.base(false);
    let bytes = this.next(2) == 0 ? 4 : 8;
    switch (this.next(5)) {
      case 0:
        this.keep(this.b.atomicFetchAdd(bytes, base, 0, this.operand()));
        break;
      case 1:
        this.keep(this.b.atomicXchg(bytes, base, 0, this.operand()));
        break;
      case 2:
        this.keep(this.b.atomicCmpXchg(base, 0, this.operand(), this.operand()));
        break;
      default:
        this.b.atomicAdd(bytes, base, 0, this.operand());
    }
  }

  private call(): void {
    let kind = this.next(3);
    let args: Array<Ref> = [];
    if (kind == 0) {
      let helper = POINTER_HELPER + this.next(20);
      args.push(this.base(false));
      while (args.length < randomArity(helper, false)) args.push(this.operand());
      this.keep(this.b.callHelper(helper, args));
      return;
    }
    let id =
      kind == 2 || this.next(4) > 0 ? NUMBER_HELPER + this.next(20) : PURE_HELPERS[this.next(PURE_HELPERS.length)];
    while (args.length < randomArity(id, kind == 2)) args.push(this.operand());
    this.keep(kind == 2 ? this.b.callFunction(id, args) : this.b.callHelper(id, args));
  }

  /** Statements whose values are forgotten at the end. */
  private body(count: i32): void {
    let known = this.values.length;
    this.depth++;
    while (count-- > 0 && this.budget > 0) this.statement();
    this.depth--;
    this.values.length = known;
  }

  private branch(): void {
    if (this.depth > 6) return;
    let b = this.b;
    let yes = b.newBlock("yes");
    let no = b.newBlock("no");
    let join = b.newBlock("join");
    if (this.next(3) == 0) b.setCold(this.next(2) == 0 ? yes : no);
    if (this.next(3) == 0) b.branch(this.operand(), yes, no);
    else b.branchIf((Op.Eq + this.next(10)) as Op, this.operand(), this.operand(), yes, no);
    b.setBlock(yes);
    this.body(this.next(6));
    if (this.next(8) == 0) b.ret(this.operand());
    else b.jump(join);
    b.setBlock(no);
    this.body(this.next(4));
    b.jump(join);
    b.setBlock(join);
  }

  private loop(): void {
    if (this.depth > 2) return;
    let b = this.b;
    let counter = b.variable("counter");
    let head = b.newBlock("head");
    let body = b.newBlock("body");
    let end = b.newBlock("end");
    b.setVar(counter, b.constant(this.next(5)));
    b.jump(head);
    b.setBlock(head);
    b.branchIf(Op.Ne, b.getVar(counter), b.constant(0), body, end);
    b.setBlock(body);
    this.body(1 + this.next(5));
    b.setVar(counter, b.binary(Op.Sub, b.getVar(counter), b.constant(1)));
    if (this.next(4) == 0) b.branch(this.operand(), head, end);
    else b.jump(head);
    b.setBlock(end);
  }
}
