// The tree of a script: one class per kind of node. The parser builds it, `semantic` fills in `type` and `symbol`,
// `lower` reads it. Names and string literals are byte strings (see source.ts). Passes switch on `kind` and cast:
//
//   switch (node.kind) { case NodeKind.Call: return this.visitCall(<CallExpression>node); … default: assert(false) }
//
// Parentheses have no node, braces in probe points are expanded, and adjacent string literals are one literal. The
// parser bounds the nesting (limit.ts), so that recursive passes need no depth counter.

import { Range, Source } from "../source/source";
import { Operator } from "./token";
import { Binding, Pointee, Type } from "./type";

/** Which class a node is. */
export enum NodeKind {
  // Expressions.
  NumberLiteral,
  StringLiteral,
  Identifier,
  Index,
  In,
  Call,
  Unary,
  PreUpdate,
  PostUpdate,
  Binary,
  Ternary,
  Assignment,
  TargetVariable,
  AtVar,
  Cast,
  Autocast,
  Entry,
  Perf,
  Defined,
  ChooseDefined,
  Const,
  ProbeWrite,
  Deref,
  Register,
  Statistic,
  Histogram,
  Wildcard,
  EmbeddedExpression,
  ErrorExpression,
  // Statements.
  Block,
  Empty,
  Expression,
  If,
  While,
  For,
  Foreach,
  Break,
  Continue,
  Return,
  Delete,
  Next,
  Try,
  EmbeddedStatement,
  // Parts of the file.
  PathPart,
  ForeachKey,
  Parameter,
  ProbeComponent,
  ProbePoint,
  Probe,
  Alias,
  Function,
  Global,
  EmbeddedDeclaration,
  ScriptFile,
}

/** What every node has. */
export abstract class Node {
  /** Levels of the tree from here down, at most `MAX_NESTING`; kept by the parser. */
  height: i32 = 1;
  constructor(
    public kind: NodeKind,
    public range: Range,
  ) {}
}

// ---------------------------------------------------------------------------------------------------- expressions

/** A node with a value. */
export abstract class Expression extends Node {
  /** Filled by type inference. */
  type: Type = Type.Unknown;
  /** What it points to, where that is known of a number; filled when target variables are resolved. */
  pointee: Pointee | null = null;
}

/** An integer: decimal, 0x… or 0…; the script's own spelling is `range.text`. */
export class NumberLiteral extends Expression {
  constructor(
    range: Range,
    public value: i64,
  ) {
    super(NodeKind.NumberLiteral, range);
    this.type = Type.Long;
  }
}

/** A string with its escapes decoded, as a byte string; adjacent literals are joined. */
export class StringLiteral extends Expression {
  constructor(
    range: Range,
    public value: string,
  ) {
    super(NodeKind.StringLiteral, range);
    this.type = Type.String;
  }
}

/** A variable's name. */
export class Identifier extends Expression {
  /** The variable it stands for; filled by symbol resolution. */
  symbol: Binding | null = null;
  constructor(
    range: Range,
    public name: string,
  ) {
    super(NodeKind.Identifier, range);
  }
}

/** `base[i, j, …]`: an array element, a slice of it (a key may be a `Wildcard`), or a histogram's bucket. */
export class IndexExpression extends Expression {
  constructor(
    range: Range,
    /** An `Identifier` or a `Histogram`. */
    public base: Expression,
    public keys: Expression[],
  ) {
    super(NodeKind.Index, range);
  }
}

/** `key in array` or `[key, …] in array`; a key may be a `Wildcard`. */
export class InExpression extends Expression {
  constructor(
    range: Range,
    public keys: Expression[],
    /** An `Identifier`, or a `Histogram`. */
    public array: Expression,
  ) {
    super(NodeKind.In, range);
  }
}

/** `name(arguments)`: a script function, a builtin, or the printf family. */
export class CallExpression extends Expression {
  /** The function it calls; filled by symbol resolution. */
  symbol: Binding | null = null;
  constructor(
    range: Range,
    public name: string,
    public nameRange: Range,
    public args: Expression[],
  ) {
    super(NodeKind.Call, range);
  }
}

/** `! ~ - +` before an operand. */
export class UnaryExpression extends Expression {
  constructor(
    range: Range,
    /** `Not`, `BitNot`, `Subtract` or `Add`. */
    public op: Operator,
    public operand: Expression,
  ) {
    super(NodeKind.Unary, range);
  }
}

/** `++x --x` (kind `PreUpdate`) and `x++ x--` (kind `PostUpdate`). */
export class UpdateExpression extends Expression {
  constructor(
    kind: NodeKind,
    range: Range,
    /** `Increment` or `Decrement`. */
    public op: Operator,
    public operand: Expression,
  ) {
    super(kind, range);
  }
}

/** A binary operator: arithmetic, comparison, logical, `.`, `=~` and `!~` (whose right side is a `StringLiteral`). */
export class BinaryExpression extends Expression {
  constructor(
    range: Range,
    public op: Operator,
    public left: Expression,
    public right: Expression,
    /** The operator itself, where errors such as a division by zero point to. */
    public opRange: Range,
  ) {
    super(NodeKind.Binary, range);
  }
}

/** `condition ? whenTrue : whenFalse`. */
export class TernaryExpression extends Expression {
  constructor(
    range: Range,
    public condition: Expression,
    public whenTrue: Expression,
    public whenFalse: Expression,
  ) {
    super(NodeKind.Ternary, range);
  }
}

/** `target op value`: `=`, the compound assignments, and `<<<` (`Operator.Aggregate`). */
export class AssignmentExpression extends Expression {
  constructor(
    range: Range,
    public op: Operator,
    public target: Expression,
    public value: Expression,
    public opRange: Range,
  ) {
    super(NodeKind.Assignment, range);
  }
}

/** What a step of a target path does. */
export const enum PathKind {
  /** `->name`. */
  Member,
  /** `[number]`. */
  LiteralIndex,
  /** `[expression]`. */
  Index,
  /** A final `$` (one level) or `$$` (all levels): print the value. */
  Pretty,
}

/** One step of `$x->name[i]$$`. */
export class PathPart extends Node {
  /** Of a `Member`. */
  name: string = "";
  /** Of a `LiteralIndex`. */
  number: i64 = 0;
  /** Of an `Index`. */
  index: Expression | null = null;
  /** Of `Pretty`: 1 for `$`, 2 for `$$`. */
  depth: i32 = 0;
  constructor(
    range: Range,
    public pathKind: PathKind,
  ) {
    super(NodeKind.PathPart, range);
  }
}

/**
 * What reads typed memory of the probed program: `$x`, `@var`, `@cast`, `value->…`, each with a path and perhaps `&` in
 * front.
 */
export abstract class TargetExpression extends Expression {
  addressOf: bool = false;
  path: PathPart[] = [];
  /** Why it cannot be resolved, and what helps; reported if the code that has it is kept. */
  problem: string = "";
  problemHint: string = "";
}

/** `$name`, `$$vars`, `$return`, `$1`-like names excluded (those are script arguments). */
export class TargetVariable extends TargetExpression {
  constructor(
    range: Range,
    /** With its dollar sign. */
    public name: string,
  ) {
    super(NodeKind.TargetVariable, range);
  }
}

/** `@var("name@file", "module")`. */
export class AtVarExpression extends TargetExpression {
  constructor(
    range: Range,
    public name: string,
    /** Empty if it was left out. */
    public module: string,
  ) {
    super(NodeKind.AtVar, range);
  }
}

/** `@cast(operand, "type", "module")`. */
export class CastExpression extends TargetExpression {
  constructor(
    range: Range,
    public operand: Expression,
    public typeName: string,
    /** Empty if it was left out. */
    public module: string,
  ) {
    super(NodeKind.Cast, range);
  }
}

/** `operand->name[i]`, whose type is that of the target variable or function it came from; `&operand` too. */
export class AutocastExpression extends TargetExpression {
  constructor(
    range: Range,
    public operand: Expression,
  ) {
    super(NodeKind.Autocast, range);
  }
}

/** `@entry(operand)`: what the operand was when the function began. */
export class EntryExpression extends Expression {
  constructor(
    range: Range,
    public operand: Expression,
  ) {
    super(NodeKind.Entry, range);
  }
}

/** `@perf("counter")`. */
export class PerfExpression extends Expression {
  constructor(
    range: Range,
    public counter: string,
  ) {
    super(NodeKind.Perf, range);
  }
}

/** `@defined(operand)`: whether a target variable can be resolved; folded to 0 or 1. */
export class DefinedExpression extends Expression {
  /** Its operand is about the types of the kernel. */
  isTyped: bool = false;
  /** In code that is relocated: whether all members exist where it runs; null: that cannot be asked. */
  exists: Expression | null = null;

  constructor(
    range: Range,
    public operand: Expression,
  ) {
    super(NodeKind.Defined, range);
  }
}

/** `@choose_defined(value, fallback)`: `value` if it can be resolved, else `fallback`. */
export class ChooseDefinedExpression extends Expression {
  /** As in a DefinedExpression, of `value`. */
  isTyped: bool = false;
  exists: Expression | null = null;

  constructor(
    range: Range,
    public value: Expression,
    public fallback: Expression,
  ) {
    super(NodeKind.ChooseDefined, range);
  }
}

/** `@const("C expression")`. */
export class ConstExpression extends Expression {
  constructor(
    range: Range,
    public text: string,
  ) {
    super(NodeKind.Const, range);
  }
}

/** `@probewrite(operand)`: whether the probe writes the target variable. */
export class ProbeWriteExpression extends Expression {
  constructor(
    range: Range,
    public operand: Expression,
  ) {
    super(NodeKind.ProbeWrite, range);
  }
}

/** `@kderef(size, address)` and `@uderef(size, address)`: a number in memory. Reads of C values become these. */
export class DerefExpression extends Expression {
  /** The number has a sign. */
  isSigned: bool = false;
  /** What a fault is said to be near; empty: the operator. */
  near: string = "";
  /** The first of the four relocations that say how it is read in the kernel that runs the code; -1: as here. */
  relocation: i32 = -1;

  constructor(
    range: Range,
    /** `AtKderef` or `AtUderef`. */
    public op: Operator,
    /** Bytes: 1, 2, 4 or 8. */
    public size: i64,
    public address: Expression,
  ) {
    super(NodeKind.Deref, range);
  }
}

/** `@kregister(number)` and `@uregister(number)`. */
export class RegisterExpression extends Expression {
  constructor(
    range: Range,
    /** `AtKregister` or `AtUregister`. */
    public op: Operator,
    public number: i64,
  ) {
    super(NodeKind.Register, range);
  }
}

/** `@count(s)`, `@sum(s)`, `@min(s)`, `@max(s)`, `@avg(s)`, `@variance(s[, shift])`. */
export class StatisticExpression extends Expression {
  constructor(
    range: Range,
    /** `AtCount` … `AtVariance`. */
    public op: Operator,
    public operand: Expression,
    /** Extra integer arguments. */
    public parameters: i64[],
  ) {
    super(NodeKind.Statistic, range);
  }
}

/** `@hist_log(s)` and `@hist_linear(s, low, high, width)`. */
export class HistogramExpression extends Expression {
  constructor(
    range: Range,
    /** `AtHistLog` or `AtHistLinear`. */
    public op: Operator,
    public operand: Expression,
    /** None, or low, high and width. */
    public parameters: i64[],
  ) {
    super(NodeKind.Histogram, range);
  }
}

/** `*` among the keys of an index, an `in` or a foreach slice. */
export class WildcardExpression extends Expression {
  constructor(range: Range) {
    super(NodeKind.Wildcard, range);
  }
}

/** `%{ … %}` where a value is wanted. */
export class EmbeddedExpression extends Expression {
  constructor(
    range: Range,
    public code: string,
  ) {
    super(NodeKind.EmbeddedExpression, range);
  }
}

/** Stands where an expression could not be parsed; an error was reported. */
export class ErrorExpression extends Expression {
  constructor(range: Range) {
    super(NodeKind.ErrorExpression, range);
    this.type = Type.Error;
  }
}

// ----------------------------------------------------------------------------------------------------- statements

/** A node that is executed. */
export abstract class Statement extends Node {}

/** `{ … }`. */
export class BlockStatement extends Statement {
  constructor(
    range: Range,
    public statements: Statement[],
  ) {
    super(NodeKind.Block, range);
  }
}

/** `;`. */
export class EmptyStatement extends Statement {
  constructor(range: Range) {
    super(NodeKind.Empty, range);
  }
}

/** An expression whose value is dropped. */
export class ExpressionStatement extends Statement {
  constructor(
    range: Range,
    public expression: Expression,
  ) {
    super(NodeKind.Expression, range);
  }
}

/** `if (condition) whenTrue else whenFalse`. */
export class IfStatement extends Statement {
  constructor(
    range: Range,
    public condition: Expression,
    public whenTrue: Statement,
    public whenFalse: Statement | null,
  ) {
    super(NodeKind.If, range);
  }
}

/** `while (condition) body`. */
export class WhileStatement extends Statement {
  constructor(
    range: Range,
    public condition: Expression,
    public body: Statement,
  ) {
    super(NodeKind.While, range);
  }
}

/** `for (initializer; condition; step) body`; each of the three may be left out. */
export class ForStatement extends Statement {
  initializer: Expression | null = null;
  condition: Expression | null = null;
  step: Expression | null = null;
  constructor(
    range: Range,
    public body: Statement,
  ) {
    super(NodeKind.For, range);
  }
}

/** A direction of sorting. */
export const enum SortOrder {
  None = 0,
  Ascending = 1,
  Descending = -1,
}

/** One loop variable over a key of the array. */
export class ForeachKey extends Node {
  sort: SortOrder = SortOrder.None;
  constructor(
    range: Range,
    public variable: Identifier,
  ) {
    super(NodeKind.ForeachKey, range);
  }
}

/** `foreach (value = [k1, k2+] in array[slice] @sum- limit n) body`. At most one sort order is given. */
export class ForeachStatement extends Statement {
  /** The variable that takes the element's value, if there is one. */
  value: Identifier | null = null;
  /** Sort by value (or by `valueExtractor` of it). */
  valueSort: SortOrder = SortOrder.None;
  /** `AtCount` … `AtAvg` when a statistic is sorted by it, else `None`. */
  valueExtractor: Operator = Operator.None;
  /** The keys to match, `Wildcard`s among them, or null for all elements. */
  slice: Expression[] | null = null;
  limit: Expression | null = null;
  constructor(
    range: Range,
    public keys: ForeachKey[],
    /** An `Identifier` or a `Histogram`. */
    public array: Expression,
    public body: Statement,
  ) {
    super(NodeKind.Foreach, range);
  }
}

/** `break`. */
export class BreakStatement extends Statement {
  constructor(range: Range) {
    super(NodeKind.Break, range);
  }
}

/** `continue`. */
export class ContinueStatement extends Statement {
  constructor(range: Range) {
    super(NodeKind.Continue, range);
  }
}

/** `return value`, or `return` alone. */
export class ReturnStatement extends Statement {
  constructor(
    range: Range,
    public value: Expression | null,
  ) {
    super(NodeKind.Return, range);
  }
}

/** `delete target`: an element, a slice, a whole array or a scalar. */
export class DeleteStatement extends Statement {
  constructor(
    range: Range,
    public target: Expression,
  ) {
    super(NodeKind.Delete, range);
  }
}

/** `next`: leaves the handler, or (in a function) tries the next overload. */
export class NextStatement extends Statement {
  constructor(range: Range) {
    super(NodeKind.Next, range);
  }
}

/** `try body catch (variable) handler`. */
export class TryStatement extends Statement {
  constructor(
    range: Range,
    public body: Statement,
    public variable: Identifier | null,
    public handler: Statement,
  ) {
    super(NodeKind.Try, range);
  }
}

/** `%{ … %}` where a statement is wanted. */
export class EmbeddedStatement extends Statement {
  constructor(
    range: Range,
    public code: string,
  ) {
    super(NodeKind.EmbeddedStatement, range);
  }
}

// ----------------------------------------------------------------------------------------------- parts of the file

/** One part of a probe point: `function("vfs_read")`, `begin(3)`, `*`. */
export class ProbeComponent extends Node {
  constructor(
    range: Range,
    /** May hold wildcards: `*`, `**`, `?`. */
    public name: string,
    /** A `NumberLiteral` or `StringLiteral`, or null. */
    public argument: Expression | null,
  ) {
    super(NodeKind.ProbeComponent, range);
  }
}

/** `kernel.function("x").call? if (condition)`. */
export class ProbePoint extends Node {
  /** `?` or `!`: no error when it does not resolve. */
  optional: bool = false;
  /** `!`: later points of the list are not wanted if this one resolves. */
  sufficient: bool = false;
  condition: Expression | null = null;
  constructor(
    range: Range,
    public components: ProbeComponent[],
  ) {
    super(NodeKind.ProbePoint, range);
  }
}

/** Something at the top level of a file. */
export abstract class Declaration extends Node {}

/** `probe points body`. */
export class ProbeDeclaration extends Declaration {
  constructor(
    range: Range,
    public points: ProbePoint[],
    public body: BlockStatement,
  ) {
    super(NodeKind.Probe, range);
  }
}

/**
 * `probe names = points body`, or `+=`, whose body runs after that of the probe that uses it; `= points body, epilogue`
 * has both.
 */
export class AliasDeclaration extends Declaration {
  /** The second body of `{ prologue }, { epilogue }`; null if there is but one. */
  epilogueBody: BlockStatement | null = null;
  constructor(
    range: Range,
    public names: ProbePoint[],
    public epilogue: bool,
    public points: ProbePoint[],
    public body: BlockStatement,
  ) {
    super(NodeKind.Alias, range);
  }
}

/** A parameter of a function. */
export class Parameter extends Node {
  symbol: Binding | null = null;
  constructor(
    range: Range,
    public name: string,
    /** `Unknown` if it was left out. */
    public type: Type,
  ) {
    super(NodeKind.Parameter, range);
  }
}

/** `private function name:type(parameters) body`. */
export class FunctionDeclaration extends Declaration {
  isPrivate: bool = false;
  /** `Unknown` if it was left out. */
  returnType: Type = Type.Unknown;
  /** Of an overload, lower is tried first; -1 if it was left out. */
  priority: i64 = -1;
  /** The body, or null if it is embedded code. */
  body: BlockStatement | null = null;
  embedded: EmbeddedStatement | null = null;
  symbol: Binding | null = null;
  constructor(
    range: Range,
    public name: string,
    public nameRange: Range,
    public parameters: Parameter[],
  ) {
    super(NodeKind.Function, range);
  }
}

/** `private global name%[size] = literal`; a list of names makes one declaration for each. */
export class GlobalDeclaration extends Declaration {
  isPrivate: bool = false;
  /** `%`: when the array is full, the oldest element makes room. */
  wrap: bool = false;
  /** The given number of elements, or 0 if it was left out. */
  size: i64 = 0;
  /** A `NumberLiteral` or `StringLiteral`, or null. */
  initializer: Expression | null = null;
  symbol: Binding | null = null;
  constructor(
    range: Range,
    public name: string,
  ) {
    super(NodeKind.Global, range);
  }
}

/** `%{ … %}` at the top level. */
export class EmbeddedDeclaration extends Declaration {
  constructor(
    range: Range,
    public code: string,
  ) {
    super(NodeKind.EmbeddedDeclaration, range);
  }
}

/** A whole file: all declarations in order, and the same by kind. */
export class ScriptFile extends Node {
  declarations: Declaration[] = [];
  globals: GlobalDeclaration[] = [];
  functions: FunctionDeclaration[] = [];
  probes: ProbeDeclaration[] = [];
  aliases: AliasDeclaration[] = [];
  embedded: EmbeddedDeclaration[] = [];
  constructor(
    range: Range,
    public source: Source,
  ) {
    super(NodeKind.ScriptFile, range);
  }
}
