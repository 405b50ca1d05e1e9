// The operations of the IR: one row per operation, everything else (names, operand counts, what a pass may do with one)
// is derived from the row. Arithmetic is 64-bit and wraps. Nothing traps: x/0 is 0 and x%0 is x, as in BPF; a front end
// that wants an error tests first. Shift amounts are taken modulo 64.

/** Operations. Their printed names are these in lower case. */
export enum Op {
  /** A removed instruction; never in a block's list. */
  Nop,
  Add,
  Sub,
  Mul,
  /** Signed division, truncating toward zero; the least number / -1 is the least number. */
  Sdiv,
  /** Remainder with the sign of the first operand. */
  Smod,
  Udiv,
  Umod,
  And,
  Or,
  Xor,
  Shl,
  /** Logical shift right. */
  Shr,
  /** Arithmetic shift right. */
  Sar,
  /** Compares give 0 or 1. Their order matters to negate() and swap(). */
  Eq,
  Ne,
  Slt,
  Sle,
  Sgt,
  Sge,
  Ult,
  Ule,
  Ugt,
  Uge,
  Neg,
  Not,
  /** Sign extension of the low 8, 16, 32 bits. */
  Exts8,
  Exts16,
  Exts32,
  /** Zero extension of the low 8, 16, 32 bits. */
  Extu8,
  Extu16,
  Extu32,
  /** Byte order reversed; the 16 and 32 bit forms take the low bits and zero-extend. */
  Bswap16,
  Bswap32,
  Bswap64,
  /** The same value as a plain number, whatever the verifier knew of it: a pointer that it types becomes one. */
  Number,
  /** The same value under a new name. */
  Copy,
  /** a = base, immediate = offset. */
  Load8u,
  Load8s,
  Load16u,
  Load16s,
  Load32u,
  Load32s,
  Load64,
  /** a = base, b = value, immediate = offset. */
  Store8,
  Store16,
  Store32,
  Store64,
  /** *(base + offset) += value, no result: the one atomic that 5.10 has. */
  AtomicAdd32,
  AtomicAdd64,
  /** With the old value as result; newer kernels only. */
  AtomicFetchAdd32,
  AtomicFetchAdd64,
  AtomicXchg32,
  AtomicXchg64,
  /** Arguments base, expected, new; result the old value. */
  AtomicCmpXchg32,
  AtomicCmpXchg64,
  /** immediate = offset into the value of the .bss map. */
  AddressBss,
  AddressRodata,
  /** immediate = map number. */
  AddressMap,
  /** A number that depends on the types of the kernel that runs the code. immediate = number of the relocation. */
  Relocated,
  /** immediate = number of the parameter. */
  Parameter,
  /** A mutable local; opt/ssa removes both. immediate = variable. */
  GetVar,
  SetVar,
  /** Arguments in Func.args; immediate = number of the kernel's helper. */
  CallHelper,
  /** immediate = index of the function in the module. */
  CallFunction,
  /**
   * The same of a function that looks up an element of a table: its arguments are the keys' words and whether to make
   * the element if there is none. If not, it only reads; what the caller stores makes no difference to it
   * (opt/lookups).
   */
  CallLookup,
  /** Arguments are (value, predecessor block) pairs. */
  Phi,
  Size,
}

/** What a pass may assume of an operation. */
export const enum OpFlag {
  None = 0,
  /** The result depends on the operands and the immediate only, and nothing else happens. */
  Pure = 1,
  Commutative = 2,
  Compare = 4,
  Load = 8,
  Store = 16,
  /** Operands are in Func.args. */
  Arguments = 32,
  /** Defines a temp. */
  Result = 64,
  /** The immediate is printed. */
  Immediate = 128,
  /** An address: cheap to compute again. */
  Address = 256,
}

/** One row of OPS. */
export class OpInfo {
  constructor(
    public op: Op,
    /** Operands in a and b; -1: in Func.args. */
    public operands: i32,
    public flags: i32,
  ) {}
}

const PURE = OpFlag.Pure | OpFlag.Result;
const COMMUTATIVE = PURE | OpFlag.Commutative;
const COMPARE = PURE | OpFlag.Compare;
const LOAD = OpFlag.Load | OpFlag.Result | OpFlag.Immediate;
const STORE = OpFlag.Store | OpFlag.Immediate;
const ADDRESS = PURE | OpFlag.Address | OpFlag.Immediate;
const CALL = OpFlag.Arguments | OpFlag.Result | OpFlag.Immediate;

/** The table, in the order of Op. */
export const OPS: StaticArray<OpInfo> = [
  new OpInfo(Op.Nop, 0, OpFlag.None),
  new OpInfo(Op.Add, 2, COMMUTATIVE),
  new OpInfo(Op.Sub, 2, PURE),
  new OpInfo(Op.Mul, 2, COMMUTATIVE),
  new OpInfo(Op.Sdiv, 2, PURE),
  new OpInfo(Op.Smod, 2, PURE),
  new OpInfo(Op.Udiv, 2, PURE),
  new OpInfo(Op.Umod, 2, PURE),
  new OpInfo(Op.And, 2, COMMUTATIVE),
  new OpInfo(Op.Or, 2, COMMUTATIVE),
  new OpInfo(Op.Xor, 2, COMMUTATIVE),
  new OpInfo(Op.Shl, 2, PURE),
  new OpInfo(Op.Shr, 2, PURE),
  new OpInfo(Op.Sar, 2, PURE),
  new OpInfo(Op.Eq, 2, COMPARE | OpFlag.Commutative),
  new OpInfo(Op.Ne, 2, COMPARE | OpFlag.Commutative),
  new OpInfo(Op.Slt, 2, COMPARE),
  new OpInfo(Op.Sle, 2, COMPARE),
  new OpInfo(Op.Sgt, 2, COMPARE),
  new OpInfo(Op.Sge, 2, COMPARE),
  new OpInfo(Op.Ult, 2, COMPARE),
  new OpInfo(Op.Ule, 2, COMPARE),
  new OpInfo(Op.Ugt, 2, COMPARE),
  new OpInfo(Op.Uge, 2, COMPARE),
  new OpInfo(Op.Neg, 1, PURE),
  new OpInfo(Op.Not, 1, PURE),
  new OpInfo(Op.Exts8, 1, PURE),
  new OpInfo(Op.Exts16, 1, PURE),
  new OpInfo(Op.Exts32, 1, PURE),
  new OpInfo(Op.Extu8, 1, PURE),
  new OpInfo(Op.Extu16, 1, PURE),
  new OpInfo(Op.Extu32, 1, PURE),
  new OpInfo(Op.Bswap16, 1, PURE),
  new OpInfo(Op.Bswap32, 1, PURE),
  new OpInfo(Op.Bswap64, 1, PURE),
  new OpInfo(Op.Number, 1, PURE),
  new OpInfo(Op.Copy, 1, PURE),
  new OpInfo(Op.Load8u, 1, LOAD),
  new OpInfo(Op.Load8s, 1, LOAD),
  new OpInfo(Op.Load16u, 1, LOAD),
  new OpInfo(Op.Load16s, 1, LOAD),
  new OpInfo(Op.Load32u, 1, LOAD),
  new OpInfo(Op.Load32s, 1, LOAD),
  new OpInfo(Op.Load64, 1, LOAD),
  new OpInfo(Op.Store8, 2, STORE),
  new OpInfo(Op.Store16, 2, STORE),
  new OpInfo(Op.Store32, 2, STORE),
  new OpInfo(Op.Store64, 2, STORE),
  new OpInfo(Op.AtomicAdd32, 2, STORE),
  new OpInfo(Op.AtomicAdd64, 2, STORE),
  new OpInfo(Op.AtomicFetchAdd32, 2, STORE | OpFlag.Result),
  new OpInfo(Op.AtomicFetchAdd64, 2, STORE | OpFlag.Result),
  new OpInfo(Op.AtomicXchg32, 2, STORE | OpFlag.Result),
  new OpInfo(Op.AtomicXchg64, 2, STORE | OpFlag.Result),
  new OpInfo(Op.AtomicCmpXchg32, -1, STORE | OpFlag.Result | OpFlag.Arguments),
  new OpInfo(Op.AtomicCmpXchg64, -1, STORE | OpFlag.Result | OpFlag.Arguments),
  new OpInfo(Op.AddressBss, 0, ADDRESS),
  new OpInfo(Op.AddressRodata, 0, ADDRESS),
  new OpInfo(Op.AddressMap, 0, ADDRESS),
  new OpInfo(Op.Relocated, 0, ADDRESS),
  new OpInfo(Op.Parameter, 0, OpFlag.Result | OpFlag.Immediate),
  new OpInfo(Op.GetVar, 0, OpFlag.Result | OpFlag.Immediate),
  new OpInfo(Op.SetVar, 1, OpFlag.Immediate),
  new OpInfo(Op.CallHelper, -1, CALL),
  new OpInfo(Op.CallFunction, -1, CALL),
  new OpInfo(Op.CallLookup, -1, CALL),
  new OpInfo(Op.Phi, -1, OpFlag.Arguments | OpFlag.Result),
];

/** Whether the row of `op` has any of `flags`. */
export function opIs(op: Op, flags: i32): bool {
  return (OPS[op].flags & flags) != 0;
}

/** The printed name. */
export function opName(op: Op): string {
  // In two steps: asc does not resolve a method on the reverse lookup itself.
  let name = Op[op];
  // Not by toLowerCase, which brings the tables of all the world's letters along.
  let codes: Array<i32> = [];
  for (let k = 0, n = name.length; k < n; ++k) {
    let c = name.charCodeAt(k);
    codes.push(c >= 0x41 && c <= 0x5a ? c | 0x20 : c);
  }
  return String.fromCharCodes(codes);
}

/** The compare that is true where `op` is false. */
export function negateCompare(op: Op): Op {
  switch (op) {
    case Op.Eq:
      return Op.Ne;
    case Op.Ne:
      return Op.Eq;
    case Op.Slt:
      return Op.Sge;
    case Op.Sle:
      return Op.Sgt;
    case Op.Sgt:
      return Op.Sle;
    case Op.Sge:
      return Op.Slt;
    case Op.Ult:
      return Op.Uge;
    case Op.Ule:
      return Op.Ugt;
    case Op.Ugt:
      return Op.Ule;
    default:
      assert(op == Op.Uge, "negateCompare takes a compare");
      return Op.Ult;
  }
}

/** The compare that gives the same with its operands exchanged. */
export function swapCompare(op: Op): Op {
  switch (op) {
    case Op.Slt:
      return Op.Sgt;
    case Op.Sle:
      return Op.Sge;
    case Op.Sgt:
      return Op.Slt;
    case Op.Sge:
      return Op.Sle;
    case Op.Ult:
      return Op.Ugt;
    case Op.Ule:
      return Op.Uge;
    case Op.Ugt:
      return Op.Ult;
    case Op.Uge:
      return Op.Ule;
    default:
      assert(op == Op.Eq || op == Op.Ne, "swapCompare takes a compare");
      return op;
  }
}

/** Bytes that a load, store or atomic touches. */
export function accessBytes(op: Op): i32 {
  switch (op) {
    case Op.Load8u:
    case Op.Load8s:
    case Op.Store8:
      return 1;
    case Op.Load16u:
    case Op.Load16s:
    case Op.Store16:
      return 2;
    case Op.Load32u:
    case Op.Load32s:
    case Op.Store32:
    case Op.AtomicAdd32:
    case Op.AtomicFetchAdd32:
    case Op.AtomicXchg32:
    case Op.AtomicCmpXchg32:
      return 4;
    default:
      assert(opIs(op, OpFlag.Load | OpFlag.Store), "accessBytes takes a load, store or atomic");
      return 8;
  }
}

/** Asserts that the table agrees with the enum. */
export function selfCheckOps(): void {
  assert(OPS.length == Op.Size, "OPS has a row for every Op");
  for (let i = 0; i < OPS.length; ++i) assert(OPS[i].op == i, "the row of " + opName(i) + " is in its place");
}
