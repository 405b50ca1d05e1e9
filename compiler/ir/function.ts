// A function of the IR: instructions as parallel arrays, blocks as lists of instruction numbers.
//
// A *temp* is the result of one instruction and has its number: temp 7 is what instruction 7 defines. So the IR is SSA
// by construction; mutable locals are GetVar/SetVar until opt/ssa turns them into temps and phis. Operands are tagged
// Refs. A block ends in a jump, a branch (always a compare of two refs) or a return, kept in the block itself.

import { OPS, Op, OpFlag, opIs } from "./op";

/** A tagged operand: 3 bits kind, 29 bits index. 0 is no operand. */
export type Ref = i32;

export const enum RefKind {
  None = 0,
  /** Result of the instruction with that number. */
  Temp = 1,
  /** Index into Func.constants. */
  Constant = 2,
  /** The address of a stack slot; index into Func.slots. */
  Slot = 3,
}

/** No operand. */
export const NoRef: Ref = 0;
/** No source position. */
export const NoPosition: i32 = -1;
/** No block. */
export const NoBlock: i32 = -1;

/** The ref of the result of instruction `index`. */
export function tempRef(index: i32): Ref {
  return (index << 3) | RefKind.Temp;
}
export function constantRef(index: i32): Ref {
  return (index << 3) | RefKind.Constant;
}
export function slotRef(index: i32): Ref {
  return (index << 3) | RefKind.Slot;
}
export function refIndex(r: Ref): i32 {
  return r >>> 3;
}
export function isTemp(r: Ref): bool {
  return (r & 7) == RefKind.Temp;
}
export function isConstant(r: Ref): bool {
  return (r & 7) == RefKind.Constant;
}
export function isSlot(r: Ref): bool {
  return (r & 7) == RefKind.Slot;
}

export const enum Linkage {
  /** A BPF program: its parameter is the context pointer. */
  Handler = 0,
  /** A global BPF function: scalar parameters, scalar result. */
  Subprogram = 1,
}

/** How a block ends. */
export const enum JumpKind {
  None = 0,
  /** to Block.to */
  Jump = 1,
  /** `compare a, b` true: Block.to, else Block.otherwise */
  Branch = 2,
  /** with Block.a */
  Return = 3,
}

/** A basic block. Its predecessors and order are derived: ir/cfg fills them. */
export class Block {
  instructions: Array<i32> = [];
  jump: JumpKind = JumpKind.None;
  compare: Op = Op.Ne;
  a: Ref = NoRef;
  b: Ref = NoRef;
  to: i32 = NoBlock;
  otherwise: i32 = NoBlock;
  /** Source position of the jump. */
  position: i32 = NoPosition;
  /** An error or exit side: falls through from its branch, so that the verifier leaves it first. */
  cold: bool = false;
  /** Removed: in no order, not printed. */
  dead: bool = false;
  /** Its jump suspends the function, which goes on at `to` when it is called again: until ir/cut has cut it. */
  suspends: bool = false;

  // derived by ir/cfg
  preds: Array<i32> = [];
  /** Place in Func.rpo; -1 unreachable. */
  rpo: i32 = -1;
  /** Immediate dominator; the entry has itself. */
  idom: i32 = NoBlock;
  /** First and last number of its subtree in a walk over the dominator tree. */
  treeFirst: i32 = 0;
  treeLast: i32 = 0;
  /** Loops around it. */
  loopDepth: i32 = 0;

  constructor(
    public id: i32,
    public name: string,
  ) {}

  /** Successors: 0, 1 or 2. */
  successorCount(): i32 {
    return this.jump == JumpKind.Jump ? 1 : this.jump == JumpKind.Branch ? 2 : 0;
  }

  successor(k: i32): i32 {
    return k == 0 ? this.to : this.otherwise;
  }
}

/** A function: a handler or a subprogram. */
export class Func {
  linkage: Linkage;
  parameterCount: i32;
  /** Its place in the module; what CallFunction names. */
  index: i32 = 0;

  blocks: Array<Block> = [];
  /** Blocks in the order they are emitted; empty until ir/cfg or opt/layout fills it. */
  rpo: Array<i32> = [];

  // One entry per instruction.
  ops: Array<i32> = [];
  /** First operand; where operands are in `args`: the index of the first. */
  as: Array<Ref> = [];
  /** Second operand; where operands are in `args`: their number. */
  bs: Array<Ref> = [];
  immediates: Array<i32> = [];
  positions: Array<i32> = [];

  /** Operands of calls, compare-exchanges and (as pairs with the predecessor block) phis. */
  args: Array<i32> = [];
  constants: Array<i64> = [];
  /** Bytes of each stack slot. */
  slots: Array<i32> = [];
  variables: Array<string> = [];
  /** Instructions that the kernel's verifier walks beside the code's own: those of bounded loops, each round anew. */
  rounds: i64 = 0;
  /** It runs in the agent only: no verifier walks its loops. */
  isForAgent: bool = false;
  /** The kernel has signed division: bpf/legalize leaves it alone. */
  signedDivision: bool = false;
  private constantIndex: Map<i64, i32> = new Map();

  constructor(
    public name: string,
    linkage: Linkage,
    parameterCount: i32,
  ) {
    this.linkage = linkage;
    this.parameterCount = parameterCount;
  }

  /** The ref of a constant; equal constants have equal refs. */
  constant(value: i64): Ref {
    let map = this.constantIndex;
    return constantRef(map.has(value) ? map.get(value) : this.addConstant(value));
  }

  /** Adds a constant, equal to another or not; gives its index. */
  addConstant(value: i64): i32 {
    let index = this.constants.length;
    this.constants.push(value);
    this.constantIndex.set(value, index);
    return index;
  }

  /** The value of a constant ref. */
  valueOf(r: Ref): i64 {
    assert(isConstant(r), "valueOf takes a constant");
    return this.constants[refIndex(r)];
  }

  /** The number of a new instruction, in no block yet. */
  newInstruction(op: Op, a: Ref, b: Ref, immediate: i32): i32 {
    let i = this.ops.length;
    this.ops.push(op);
    this.as.push(a);
    this.bs.push(b);
    this.immediates.push(immediate);
    this.positions.push(NoPosition);
    return i;
  }

  newBlock(name: string): i32 {
    let b = this.blocks.length;
    this.blocks.push(new Block(b, name));
    return b;
  }

  /** The place in `args` of new arguments. */
  newArgs(args: Array<i32>): i32 {
    let start = this.args.length;
    for (let k = 0, n = args.length; k < n; ++k) this.args.push(args[k]);
    return start;
  }

  /** The number of operands of instruction `i`, wherever they are. */
  operandCount(i: i32): i32 {
    let n = OPS[this.ops[i]].operands;
    return n >= 0 ? n : this.bs[i];
  }

  operand(i: i32, k: i32): Ref {
    let op = this.ops[i];
    if (!opIs(op, OpFlag.Arguments)) return k == 0 ? this.as[i] : this.bs[i];
    return this.args[this.as[i] + (op == Op.Phi ? 2 * k : k)];
  }

  setOperand(i: i32, k: i32, r: Ref): void {
    let op = this.ops[i];
    if (opIs(op, OpFlag.Arguments)) this.args[this.as[i] + (op == Op.Phi ? 2 * k : k)] = r;
    else if (k == 0) this.as[i] = r;
    else this.bs[i] = r;
  }

  /** The predecessor block that operand `k` of phi `i` comes from. */
  phiBlock(i: i32, k: i32): i32 {
    return this.args[this.as[i] + 2 * k + 1];
  }

  setPhiBlock(i: i32, k: i32, block: i32): void {
    this.args[this.as[i] + 2 * k + 1] = block;
  }

  /** Forgets operand `k` of phi `i`. */
  removePhiOperand(i: i32, k: i32): void {
    let start = this.as[i];
    let last = this.bs[i] - 1;
    for (let j = k; j < last; ++j) {
      this.args[start + 2 * j] = this.args[start + 2 * j + 2];
      this.args[start + 2 * j + 1] = this.args[start + 2 * j + 3];
    }
    this.bs[i] = last;
  }
}
