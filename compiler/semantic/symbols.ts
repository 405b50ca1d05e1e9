// The classes of symbols: the objects behind every `symbol` field of the tree.
//
// There is one object for each global, local, function and builtin of a compilation, and identity is equality. Symbol
// resolution makes them, type inference fills in their types, and `effects.ts` sets the use flags. `lower` reads them
// and changes nothing.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { Builtin, BuiltinFlags, BuiltinRow } from "../builtins/builtin";
import { PrintStyle } from "../builtins/print";
import { Range } from "../source/source";
import { CallExpression, Expression, FunctionDeclaration } from "../syntax/ast";
import { Binding, Type } from "../syntax/type";
import { Directive } from "./formats";
import { PointeeType } from "./pointee";

/** Which class a symbol is. */
export const enum SymbolKind {
  Global,
  Local,
  Function,
  /** An intrinsic: `BuiltinSymbol`. */
  Builtin,
  /** One call of the printf family: `PrintSymbol`. */
  Print,
}

/** What every symbol has. */
export abstract class ScriptSymbol extends Binding {
  /** What its values point to, if that is known and the same of all. */
  pointee: PointeeType | null = null;
  /** They point to things of different types. */
  private isMixed: bool = false;

  constructor(
    public kind: SymbolKind,
    /** Unique among its kind (private names are mangled), a byte string. */
    public name: string,
  ) {
    super();
  }

  /** Takes note of what a value of it points to; true if that tells something new. */
  learn(pointee: PointeeType): bool {
    const known = this.pointee;
    if (this.isMixed || (known !== null && known.equals(pointee))) return false;
    this.isMixed = known !== null;
    this.pointee = known === null ? pointee : null;
    return true;
  }
}

/** Whether a string holds stacks in packed form (packing.ts); what is learnt only makes it a greater one. */
export const enum StackForm {
  /** nothing is known to be put into it */
  Unknown,
  /** stacks only, which nobody looks into */
  Stack,
  Text,
}

/** What a value may hold, as bits. */
export const enum Holds {
  /** Only what the script itself says. */
  Nothing = 0,
  /** Bytes of the traced machine. */
  MachineBytes = 1,
  /** Bytes of the traced machine that a shell would understand: not what shell_quote() returned. */
  UnquotedBytes = 2,
  All = 3,
}

/** A variable of either kind. */
export abstract class VariableSymbol extends ScriptSymbol {
  /** Long, String or Stats; of an array: its elements' type. Never Unknown after a successful analysis. */
  type: Type = Type.Unknown;
  /** Greatest length of the value in bytes without the NUL, if it is a string. */
  maxLength: i32 = 0;
  /** What its values may hold (origins.ts). */
  holds: Holds = Holds.Nothing;
  /** Of its value; of an array: of its elements. */
  stackForm: StackForm = StackForm.Unknown;
  constructor(
    kind: SymbolKind,
    name: string,
    /** Position among the globals used, or within the owner's locals. */
    public index: i32,
    /** Where it is declared, or first named if it is an implicit local. */
    public range: Range,
  ) {
    super(kind, name);
  }
}

/** How a global is used, and where; over all handlers, calls included. */
export const enum GlobalUse {
  None = 0,
  /** Its value is used somewhere (an update such as `x++;`, whose value is dropped, does not read). */
  Read = 1 << 0,
  Written = 1 << 1,
  ReadByKernel = 1 << 2,
  WrittenByKernel = 1 << 3,
  ReadByAgent = 1 << 4,
  WrittenByAgent = 1 << 5,
  /** Some handler that may run while others do changes it other than by commutative updates. */
  NonAtomic = 1 << 6,
  /** Some handler that may run while others do writes it: not only begin and end. */
  WrittenWhileRunning = 1 << 7,
  /** A handler that holds the lock writes it: all others that write it must hold the lock as well. */
  Guarded = 1 << 8,
  /** Some handler that may run while others do reads it. */
  ReadWhileRunning = 1 << 9,
}

/** A global variable or array. */
export class GlobalSymbol extends VariableSymbol {
  /** The name as the script spells it. */
  displayName: string;
  /** Number of keys; 0 for a scalar, -1 while unknown, -2 for an array that nothing indexed yet. */
  arity: i32 = -1;
  /** What decided the arity, for messages. */
  arityRange: Range | null = null;
  keyTypes: Type[] = [];
  /** Greatest lengths of string keys, 0 for integer keys. */
  keyLengths: i32[] = [];
  /** What each key may hold (origins.ts). */
  keysHold: Holds[] = [];
  /** Of each key. */
  keyForms: StackForm[] = [];
  /** Elements declared, 0 if the size was left out. */
  size: i64 = 0;
  /** `%`: the oldest element makes room. */
  wrap: bool = false;
  hasInitial: bool = false;
  initialNumber: i64 = 0;
  /** Byte string. */
  initialString: string = "";
  use: GlobalUse = GlobalUse.None;
  /** What is kept of it, if it is a statistic. */
  statistic: Statistic = new Statistic();
  /** Number of the lock under which elements are inserted while handlers run, for an array that only grows; or -1. */
  growLock: i32 = -1;
  /** Locks among which the key of an element chooses; 1: one lock guards the whole array. */
  stripes: i32 = 1;
  /** Number of the first of them. */
  firstLock: i32 = -1;
  constructor(name: string, displayName: string, range: Range) {
    super(SymbolKind.Global, name, -1, range);
    this.displayName = displayName;
  }

  get isArray(): bool {
    return this.arity > 0;
  }

  /**
   * An array of numbers, or of statistics without a variance, that only grows, and whose elements are only added to
   * while handlers run side by side: an element may be found, and added to, without the lock.
   */
  get isCounted(): bool {
    const isPlain = this.type == Type.Stats && !this.statistic.has(StatisticField.Squares);
    return this.isArray && (this.type == Type.Long || isPlain) && !this.wrap && !this.is(GlobalUse.NonAtomic);
  }

  /** Whether all the flags of a set hold. */
  is(use: GlobalUse): bool {
    return (this.use & use) == use;
  }

  /** Whether any flag of a set holds. */
  isAny(use: GlobalUse): bool {
    return (this.use & use) != 0;
  }
}

/** A variable of a probe or a function, zero or "" when its owner begins; or a parameter. */
export class LocalSymbol extends VariableSymbol {
  isParameter: bool = false;
  /** How often the code reads and writes it. */
  reads: i32 = 0;
  writes: i32 = 0;
  /** Of the writes, those that add to the old value: `x++;`, `x += n;`. */
  updates: i32 = 0;
  /** Something in the text assigns it. */
  isAssigned: bool = false;
  constructor(name: string, index: i32, range: Range) {
    super(SymbolKind.Local, name, index, range);
  }
}

/** The effects that some code may have, calls included. */
export const enum Effects {
  None = 0,
  /** Needs something that only a program in the kernel has: the current task, its CPU. */
  NeedsKernelContext = 1 << 0,
  ReadsGlobals = 1 << 1,
  WritesGlobals = 1 << 2,
  /** Adds output: the printf family, but not sprintf. */
  Prints = 1 << 3,
  /** Adds control records: exit, error, warn, log. */
  Controls = 1 << 4,
  /** May end the handler with a soft error: error(), division. */
  MayFail = 1 << 5,
  /** Contains a loop or a recursive call: there is no known bound on its run time. */
  Loops = 1 << 6,
  /** Contains `next` (leaves the handler, or tries the next overload). */
  Next = 1 << 7,
  /** Calls tokenize(), whose state begins empty in each handler. */
  Tokenizes = 1 << 8,
  /** Reads memory of the kernel or of a process, which only a program in the kernel can. */
  ReadsMemory = 1 << 9,
  /** Asks for registers of the probed place. */
  ReadsRegisters = 1 << 10,
}

/** One body of a function. Bodies with the same name and number of parameters are its overloads. */
export class FunctionSymbol extends ScriptSymbol {
  /** Position in `Script.functions`, or -1 if it is not lowered (unused, or inlined everywhere). */
  index: i32 = -1;
  displayName: string;
  /** All bodies with this name and arity in the order they are tried, this one included; one array, shared. */
  overloads: FunctionSymbol[] = [];
  parameters: LocalSymbol[] = [];
  /** Parameters first. */
  locals: LocalSymbol[] = [];
  /** Void if no `return` has a value. */
  returnType: Type = Type.Unknown;
  /** Greatest length of the result, if it is a string. */
  maxLength: i32 = 0;
  /** What its result may hold (origins.ts). */
  holds: Holds = Holds.Nothing;
  /** Of its result. */
  stackForm: StackForm = StackForm.Unknown;
  /** Whether it may call itself, directly or not. */
  recursive: bool = false;
  /** Whether the names in its body were resolved. */
  resolved: bool = false;
  /** Its position among all functions declared. */
  order: i32 = 0;
  /** Whether some `return` has a value. */
  hasValue: bool = false;
  /** Functions that its body calls, overloads included. */
  callees: FunctionSymbol[] = [];
  /** Calls in code that can be reached. */
  callCount: i32 = 0;
  effects: Effects = Effects.None;
  constructor(
    name: string,
    displayName: string,
    public declaration: FunctionDeclaration,
  ) {
    super(SymbolKind.Function, name);
    this.displayName = displayName;
  }

  get range(): Range {
    return this.declaration.nameRange;
  }
}

/**
 * A name that the compiler itself knows; scripts reach most of them through the tapset. One object for each in an
 * analysis.
 */
export class BuiltinSymbol extends ScriptSymbol {
  id: Builtin;
  parameters: Type[];
  returnType: Type;
  /** Greatest length of the result, if it is a string. */
  maxLength: i32;
  flags: BuiltinFlags;
  constructor(row: BuiltinRow) {
    super(SymbolKind.Builtin, row.name);
    this.id = row.id;
    this.parameters = row.parameters;
    this.returnType = row.returnType;
    this.maxLength = row.maxLength;
    this.flags = row.flags;
  }
}

/** One call of the printf family, checked; `CallExpression.symbol` of such a call. */
export class PrintSymbol extends ScriptSymbol {
  /** Printf: the format; Delimited: the delimiter; else empty. Byte string, escapes decoded. */
  format: string = "";
  /** Of Printf: the format's parts in order. */
  directives: Directive[] = [];
  /** What is printed, in order; of Printf, `*` widths and precisions stand where the format wants them. */
  values: Expression[] = [];
  /** Greatest length of the text, if `isValue`. */
  maxLength: i32 = 0;
  /** A sprintf that a target variable stands for. */
  isMade: bool = false;
  constructor(
    name: string,
    public call: CallExpression,
    public style: PrintStyle,
    /** sprintf, sprint and so on: the text is the value of the call. */
    public isValue: bool,
  ) {
    super(SymbolKind.Print, name);
  }
}
