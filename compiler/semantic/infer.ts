// Type inference: every expression, variable and function gets one of long, string and stats (a function may also be
// void).
//
// Types flow in both directions, from known to unknown: literals and operators decide a type, and names pass it on. The
// walk repeats until nothing changes and reports nothing. One more walk then reports conflicts and types that are still
// unknown. The first decision about a type stays, so a conflict is reported where a later use disagrees with it.

import { Reporter } from "../diagnostics/diagnostic";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  AutocastExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  CastExpression,
  ChooseDefinedExpression,
  DefinedExpression,
  DeleteStatement,
  DerefExpression,
  EntryExpression,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  HistogramExpression,
  Identifier,
  IfStatement,
  IndexExpression,
  InExpression,
  NodeKind,
  PathKind,
  ProbeWriteExpression,
  ReturnStatement,
  SortOrder,
  Statement,
  StatisticExpression,
  TargetExpression,
  TargetVariable,
  TernaryExpression,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
  WhileStatement,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs, operatorText } from "../syntax/token";
import { Type, typeName } from "../syntax/type";
import { checkRegex } from "./match";
import { wantedTypes } from "./prints";
import {
  BuiltinSymbol,
  FunctionSymbol,
  GlobalSymbol,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
  VariableSymbol,
} from "./symbols";

/**
 * Walks code and makes types agree. Walk everything until `changed` stays false; then set `reporting` and walk once.
 */
export class Inference {
  changed: bool = false;
  reporting: bool = false;
  /** Walk statements from last to first: types that flow upwards arrive in one walk. Alternate. */
  backwards: bool = false;
  /** The function whose body is walked, or null. */
  owner: FunctionSymbol | null = null;

  /** What decided the type of a variable, a key of an array, the result of a function, for notes. */
  private decided: Map<ScriptSymbol, Range> = new Map<ScriptSymbol, Range>();
  private decidedKeys: Map<GlobalSymbol, (Range | null)[]> = new Map<GlobalSymbol, (Range | null)[]>();
  /** What decided the type that the next expression should have. */
  private blame: Range | null = null;

  constructor(private reporter: Reporter) {}

  // ------------------------------------------------------------------------------------------------------- statements

  /** Infers a block. */
  block(block: BlockStatement): void {
    const list = block.statements;
    const n = list.length;
    for (let i = 0; i < n; ++i) this.statement(list[this.backwards ? n - 1 - i : i]);
  }

  /** Infers the condition of a probe. */
  condition(e: Expression): void {
    this.value(e, Type.Long);
  }

  /** Infers the body of a function. */
  body(symbol: FunctionSymbol): void {
    this.owner = symbol;
    this.agreeOverloads(symbol);
    const body = symbol.declaration.body;
    if (body) this.block(body);
    // Nothing is known about embedded code; it is refused later.
    if (this.reporting && body) {
      for (let i = 0, n = symbol.parameters.length; i < n; ++i) {
        this.requireType(symbol.parameters[i], symbol.parameters[i].range);
      }
      if (symbol.returnType == Type.Unknown) {
        this.reporter.error(symbol.range, `unresolved type of function '${symbol.displayName}'`);
      }
    }
    this.owner = null;
  }

  /** Reports a variable whose type is undecided or not allowed; each once. */
  private requireType(symbol: VariableSymbol, range: Range): void {
    const name = symbol.kind == SymbolKind.Global ? (<GlobalSymbol>symbol).displayName : symbol.name;
    if (symbol.type == Type.Unknown) {
      this.reporter.error(range, `unresolved type of '${name}'`);
    } else if (symbol.kind == SymbolKind.Local && symbol.type == Type.Stats) {
      this.reporter.error(range, `the statistic '${name}' must be a global variable`);
    } else {
      return;
    }
    symbol.type = Type.Error;
  }

  private statement(s: Statement): void {
    switch (s.kind) {
      case NodeKind.Block:
        this.block(<BlockStatement>s);
        return;
      case NodeKind.Expression:
        this.dropped((<ExpressionStatement>s).expression);
        return;
      case NodeKind.If: {
        const branch = <IfStatement>s;
        this.value(branch.condition, Type.Long);
        this.statement(branch.whenTrue);
        const other = branch.whenFalse;
        if (other) this.statement(other);
        return;
      }
      case NodeKind.While:
        this.value((<WhileStatement>s).condition, Type.Long);
        this.statement((<WhileStatement>s).body);
        return;
      case NodeKind.For:
        this.forLoop(<ForStatement>s);
        return;
      case NodeKind.Foreach:
        this.foreachLoop(<ForeachStatement>s);
        return;
      case NodeKind.Return:
        this.returnValue(<ReturnStatement>s);
        return;
      case NodeKind.Delete:
        this.deleteTarget((<DeleteStatement>s).target);
        return;
      case NodeKind.Try: {
        const attempt = <TryStatement>s;
        this.statement(attempt.body);
        const variable = attempt.variable;
        if (variable) this.value(variable, Type.String);
        this.statement(attempt.handler);
        return;
      }
      default:
        return;
    }
  }

  /** An expression whose value is not used; a variable that has no type there needs none. */
  private dropped(e: Expression): void {
    const symbol = e.kind == NodeKind.Identifier ? symbolIn(e) : null;
    const untyped = symbol !== null && symbol.kind == SymbolKind.Local && (<LocalSymbol>symbol).type == Type.Unknown;
    this.infer(e, this.reporting && untyped ? Type.Long : Type.Unknown);
  }

  private forLoop(s: ForStatement): void {
    const initializer = s.initializer;
    if (initializer) this.infer(initializer, Type.Unknown);
    const condition = s.condition;
    if (condition) this.value(condition, Type.Long);
    const step = s.step;
    if (step) this.infer(step, Type.Unknown);
    this.statement(s.body);
  }

  private foreachLoop(s: ForeachStatement): void {
    const array = arrayOf(s.array);
    if (array) {
      for (let i = 0, n = min(s.keys.length, array.keyTypes.length); i < n; ++i) this.key(array, i, s.keys[i].variable);
      const slice = s.slice;
      for (let i = 0; slice !== null && i < min(slice.length, array.keyTypes.length); ++i) this.key(array, i, slice[i]);
    } else {
      this.infer(s.array, Type.Unknown);
      for (let i = 0, n = s.keys.length; i < n; ++i) this.value(s.keys[i].variable, Type.Long);
    }
    const value = s.value;
    if (value) this.loopValue(s, value, array);
    if (array && s.valueExtractor != Operator.None) {
      const type = this.variable(array, Type.Stats);
      if (this.reporting && isValueType(type) && type != Type.Stats) this.disagree(s.array.range, Type.Stats, type);
    }
    const limit = s.limit;
    if (limit) this.value(limit, Type.Long);
    this.statement(s.body);
  }

  private loopValue(s: ForeachStatement, value: Identifier, array: GlobalSymbol | null): void {
    if (!array) {
      this.value(value, Type.Long);
    } else if (array.type == Type.Stats && s.valueSort == SortOrder.None) {
      this.infer(value, Type.Stats);
    } else {
      const type = this.infer(value, array.type);
      this.variable(array, type);
    }
  }

  private returnValue(s: ReturnStatement): void {
    const owner = this.owner;
    const value = s.value;
    if (owner && !value) this.bareReturn(owner, s.range);
    if (!owner || !value) return;
    this.blame = this.reasonOf(owner);
    const type = this.value(value, owner.returnType);
    if (owner.returnType == Type.Unknown && isValueType(type)) this.setReturn(owner, type, value.range);
  }

  /** A function gives back a value at each `return`, or at none. */
  private bareReturn(owner: FunctionSymbol, range: Range): void {
    if (!this.reporting || !isValueType(owner.returnType)) return;
    const what = `the function returns a ${typeName(owner.returnType)}`;
    const diagnostic = this.reporter.error(range, `type mismatch: 'return' without a value, but ${what}`);
    const reason = this.reasonOf(owner);
    if (reason) diagnostic.note("type was first inferred here", reason);
  }

  private deleteTarget(target: Expression): void {
    if (target.kind == NodeKind.Index) this.index(<IndexExpression>target, Type.Unknown, true);
    else if (target.kind != NodeKind.Identifier || !arrayOf(target)) this.infer(target, Type.Unknown);
  }

  // ------------------------------------------------------------------------------------------------------ expressions

  /** Infers an expression whose value is used. */
  private value(e: Expression, wanted: Type): Type {
    const type = this.infer(e, wanted);
    if (!this.reporting) return type;
    if (type == Type.Void) {
      const name = e.kind == NodeKind.Call ? ` of '${(<CallExpression>e).name}'` : "";
      this.reporter.error(e.range, `expected a value, but the call${name} returns none`);
      return Type.Error;
    }
    return type;
  }

  /**
   * Infers an expression and everything below it. `wanted` is the type that the context needs, `Unknown` if any type is
   * allowed.
   */
  infer(e: Expression, wanted: Type): Type {
    const blame = this.blame;
    this.blame = null;
    const type = this.typeOf(e, wanted);
    e.type = type;
    if (type == wanted || !isValueType(wanted) || !isValueType(type)) return type;
    if (this.reporting) this.mismatch(e, wanted, blame);
    return Type.Error;
  }

  /** Reports a type mismatch and what decided the type: the variable's first use, or that of its destination. */
  private mismatch(e: Expression, wanted: Type, blame: Range | null): void {
    const names = `expected ${typeName(wanted)} but found ${typeName(e.type)}`;
    const diagnostic = this.reporter.error(e.range, `type mismatch: ${names}`);
    const own = this.reasonOf(symbolIn(e));
    if (own && own.start != e.range.start) {
      diagnostic.note(`type was first inferred here (${typeName(e.type)})`, own);
    } else if (blame && blame.start != e.range.start) {
      diagnostic.note(`type was first inferred here (${typeName(wanted)})`, blame);
    }
  }

  /** What decided the type of a variable or function. */
  private reasonOf(symbol: ScriptSymbol | null): Range | null {
    return symbol && this.decided.has(symbol) ? this.decided.get(symbol) : null;
  }

  private typeOf(e: Expression, wanted: Type): Type {
    switch (e.kind) {
      case NodeKind.NumberLiteral:
        return Type.Long;
      case NodeKind.StringLiteral:
        return Type.String;
      case NodeKind.Identifier:
        return this.identifier(<Identifier>e, wanted);
      case NodeKind.Index:
        return this.index(<IndexExpression>e, wanted, false);
      case NodeKind.In:
        return this.inArray(<InExpression>e);
      case NodeKind.Call:
        return this.call(<CallExpression>e, wanted);
      case NodeKind.Unary:
        this.value((<UnaryExpression>e).operand, Type.Long);
        return Type.Long;
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        this.value((<UpdateExpression>e).operand, Type.Long);
        return Type.Long;
      case NodeKind.Binary:
        return this.binary(<BinaryExpression>e);
      case NodeKind.Ternary: {
        const ternary = <TernaryExpression>e;
        this.value(ternary.condition, Type.Long);
        return this.same(ternary.whenTrue, ternary.whenFalse, wanted, e.range);
      }
      case NodeKind.Assignment:
        return this.assignment(<AssignmentExpression>e, wanted);
      default:
        return this.atType(e, wanted);
    }
  }

  private atType(e: Expression, wanted: Type): Type {
    switch (e.kind) {
      case NodeKind.Autocast:
        this.infer((<AutocastExpression>e).operand, Type.Unknown);
        return this.target(<TargetExpression>e);
      case NodeKind.TargetVariable:
      case NodeKind.AtVar:
      case NodeKind.Cast:
        return this.target(<TargetExpression>e);
      case NodeKind.Entry:
        return this.value((<EntryExpression>e).operand, wanted);
      case NodeKind.Defined:
        this.infer((<DefinedExpression>e).operand, Type.Unknown);
        return Type.Long;
      case NodeKind.ChooseDefined: {
        const choose = <ChooseDefinedExpression>e;
        return this.same(choose.value, choose.fallback, wanted, e.range);
      }
      case NodeKind.ProbeWrite:
        this.infer((<ProbeWriteExpression>e).operand, Type.Unknown);
        return Type.Long;
      case NodeKind.Deref:
        return this.deref(<DerefExpression>e);
      case NodeKind.Statistic:
        this.value((<StatisticExpression>e).operand, Type.Stats);
        return Type.Long;
      case NodeKind.Histogram:
        this.value((<HistogramExpression>e).operand, Type.Stats);
        return Type.Stats;
      case NodeKind.EmbeddedExpression:
        return isValueType(wanted) ? wanted : Type.Long;
      case NodeKind.Wildcard:
        if (this.reporting) this.reporter.error(e.range, "'*' is not a value");
        return Type.Error;
      case NodeKind.ErrorExpression:
        return Type.Error;
      default:
        // @const, @perf, registers.
        return Type.Long;
    }
  }

  private deref(e: DerefExpression): Type {
    this.value(e.address, Type.Long);
    const isSize = e.size == 1 || e.size == 2 || e.size == 4 || e.size == 8;
    if (this.reporting && !isSize) {
      this.reporter.error(e.range, `'${operatorText(e.op)}' reads 1, 2, 4 or 8 bytes, not ${e.size}`);
    }
    return Type.Long;
  }

  private target(e: TargetExpression): Type {
    if (e.kind == NodeKind.Cast) this.value((<CastExpression>e).operand, Type.Long);
    // $$parms, $$return and so on are texts.
    const isText = e.kind == NodeKind.TargetVariable && (<TargetVariable>e).name.startsWith("$$");
    let type: Type = isText ? Type.String : Type.Long;
    for (let i = 0, n = e.path.length; i < n; ++i) {
      const index = e.path[i].index;
      if (index) this.value(index, Type.Long);
      if (e.path[i].pathKind == PathKind.Pretty) type = Type.String;
    }
    return type;
  }

  private identifier(e: Identifier, wanted: Type): Type {
    const symbol = e.symbol;
    if (!symbol) return Type.Error;
    const type = this.variable(<VariableSymbol>symbol, wanted, e.range);
    if (!this.reporting) return type;
    this.requireType(<VariableSymbol>symbol, e.range);
    return (<VariableSymbol>symbol).type;
  }

  /** The type of a variable, which it takes from `wanted` if it has none. */
  private variable(symbol: VariableSymbol, wanted: Type, at: Range | null = null): Type {
    if (symbol.type == Type.Unknown && isValueType(wanted)) {
      symbol.type = wanted;
      if (at) this.decided.set(symbol, at);
      this.changed = true;
    }
    return symbol.type;
  }

  private key(array: GlobalSymbol, at: i32, e: Expression): void {
    if (e.kind == NodeKind.Wildcard) return;
    if (!this.decidedKeys.has(array)) {
      this.decidedKeys.set(array, new Array<Range | null>(array.keyTypes.length).fill(null));
    }
    const reasons = this.decidedKeys.get(array);
    this.blame = reasons[at];
    const type = this.value(e, array.keyTypes[at]);
    if (array.keyTypes[at] != Type.Unknown) return;
    if (type != Type.Long && type != Type.String) return;
    array.keyTypes[at] = type;
    reasons[at] = e.range;
    this.changed = true;
  }

  private index(e: IndexExpression, wanted: Type, slice: bool): Type {
    const array = arrayOf(e.base);
    if (!array) {
      this.infer(e.base, Type.Unknown);
      for (let i = 0, n = e.keys.length; i < n; ++i) this.value(e.keys[i], Type.Long);
      return e.base.kind == NodeKind.Histogram ? Type.Long : Type.Error;
    }
    for (let i = 0, n = min(e.keys.length, array.keyTypes.length); i < n; ++i) {
      if (e.keys[i].kind == NodeKind.Wildcard && !slice && this.reporting) {
        this.reporter.error(e.keys[i].range, "'*' is allowed as a key only in 'delete', 'in', and 'foreach'");
      }
      this.key(array, i, e.keys[i]);
    }
    const type = this.variable(array, wanted, e.range);
    if (this.reporting) this.requireType(array, e.range);
    e.base.type = type;
    return type;
  }

  private inArray(e: InExpression): Type {
    const array = arrayOf(e.array);
    if (!array) {
      this.infer(e.array, Type.Unknown);
      for (let i = 0, n = e.keys.length; i < n; ++i) this.value(e.keys[i], Type.Long);
      return Type.Long;
    }
    for (let i = 0, n = min(e.keys.length, array.keyTypes.length); i < n; ++i) this.key(array, i, e.keys[i]);
    return Type.Long;
  }

  /** Two expressions of one type, which is the result. */
  private same(a: Expression, b: Expression, wanted: Type, range: Range): Type {
    let left = this.value(a, wanted);
    const right = this.value(b, isValueType(wanted) ? wanted : left);
    if (left == Type.Unknown && isValueType(right)) left = this.value(a, right);
    if (left == Type.Error || right == Type.Error) return Type.Error;
    if (left == Type.Stats && this.reporting) this.refuseStats(range);
    return left != Type.Unknown ? left : right;
  }

  private refuseStats(range: Range): void {
    this.reporter.error(range, "a statistic is not a value: use @count, @sum, @min, @max, @avg, or a histogram of it");
  }

  private binary(e: BinaryExpression): Type {
    if (operatorIs(e.op, OperatorFlags.Comparison)) {
      this.comparison(e);
      return Type.Long;
    }
    const isText = e.op == Operator.Concat || operatorIs(e.op, OperatorFlags.Match);
    const operand: Type = isText ? Type.String : Type.Long;
    this.value(e.left, operand);
    this.value(e.right, operand);
    if (this.reporting && operatorIs(e.op, OperatorFlags.Match)) checkRegex(this.reporter, e);
    return e.op == Operator.Concat ? Type.String : Type.Long;
  }

  private comparison(e: BinaryExpression): void {
    let left = this.value(e.left, Type.Unknown);
    let right = this.value(e.right, Type.Unknown);
    if (left == Type.Unknown && isValueType(right)) left = this.value(e.left, right);
    if (right == Type.Unknown && isValueType(left)) right = this.value(e.right, left);
    if (!this.reporting) return;
    if (left == Type.Stats || right == Type.Stats) {
      this.refuseStats(left == Type.Stats ? e.left.range : e.right.range);
    } else if (isValueType(left) && isValueType(right) && left != right) {
      const sides = `${typeName(left)} vs. ${typeName(right)}`;
      this.reporter.error(e.opRange, `type mismatch: left and right sides don't agree (${sides})`);
    }
  }

  private assignment(e: AssignmentExpression, wanted: Type): Type {
    if (e.op == Operator.Aggregate) {
      this.value(e.target, Type.Stats);
      this.value(e.value, Type.Long);
      return Type.Long;
    }
    if (e.op != Operator.Assign) {
      const type: Type = e.op == Operator.ConcatAssign ? Type.String : Type.Long;
      this.value(e.target, type);
      this.value(e.value, type);
      return type;
    }
    let target = this.value(e.target, wanted);
    this.blame = this.reasonOf(symbolIn(e.target));
    const value = this.value(e.value, isValueType(target) ? target : wanted);
    if (target == Type.Unknown && isValueType(value)) target = this.value(e.target, value);
    if (this.reporting && (target == Type.Stats || value == Type.Stats)) this.refuseStats(e.opRange);
    return target == Type.Error ? Type.Error : target != Type.Unknown ? target : value;
  }

  // ------------------------------------------------------------------------------------------------------------ calls

  private call(e: CallExpression, wanted: Type): Type {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol) {
      for (let i = 0, n = e.args.length; i < n; ++i) this.value(e.args[i], Type.Unknown);
      return Type.Error;
    }
    if (symbol.kind == SymbolKind.Print) {
      const type = this.print(<PrintSymbol>symbol);
      // As in stap, `x > 3 && printf(…)` is an expression.
      return type == Type.Void && wanted == Type.Long ? wanted : type;
    }
    if (symbol.kind == SymbolKind.Function) return this.functionCall(<FunctionSymbol>symbol, e, wanted);
    const builtin = <BuiltinSymbol>symbol;
    for (let i = 0, n = e.args.length; i < n; ++i) this.value(e.args[i], builtin.parameters[i]);
    return builtin.returnType;
  }

  private functionCall(symbol: FunctionSymbol, e: CallExpression, wanted: Type): Type {
    const overloads = symbol.overloads;
    for (let i = 0, n = e.args.length; i < n; ++i) {
      this.blame = this.reasonOf(symbol.parameters[i]);
      const type = this.value(e.args[i], symbol.parameters[i].type);
      const at = e.args[i].range;
      for (let j = 0, m = overloads.length; j < m; ++j) this.variable(overloads[j].parameters[i], type, at);
    }
    if (symbol.returnType == Type.Unknown && isValueType(wanted)) this.setReturn(symbol, wanted, e.range);
    return symbol.returnType;
  }

  private setReturn(symbol: FunctionSymbol, type: Type, at: Range | null = null): void {
    symbol.returnType = type;
    if (at) this.decided.set(symbol, at);
    this.changed = true;
  }

  /** All overloads have the same types. */
  private agreeOverloads(symbol: FunctionSymbol): void {
    const first = symbol.overloads[0];
    if (symbol === first) return;
    for (let i = 0, n = symbol.parameters.length; i < n; ++i) {
      this.agree(first.parameters[i], symbol.parameters[i], symbol);
    }
    if (first.returnType == Type.Unknown && symbol.returnType != Type.Unknown) this.setReturn(first, symbol.returnType);
    if (symbol.returnType == Type.Unknown && first.returnType != Type.Unknown) this.setReturn(symbol, first.returnType);
    if (this.reporting && symbol.returnType != first.returnType) {
      this.disagree(symbol.range, first.returnType, symbol.returnType);
    }
  }

  private agree(a: LocalSymbol, b: LocalSymbol, symbol: FunctionSymbol): void {
    this.variable(a, b.type);
    this.variable(b, a.type);
    if (this.reporting && a.type != b.type) this.disagree(symbol.parameters[b.index].range, a.type, b.type);
  }

  private disagree(range: Range, wanted: Type, found: Type): void {
    this.reporter.error(range, `type mismatch: expected ${typeName(wanted)} but found ${typeName(found)}`);
  }

  private print(print: PrintSymbol): Type {
    const wanted = wantedTypes(print);
    for (let i = 0, n = min(print.values.length, wanted.length); i < n; ++i) {
      const value = print.values[i];
      const type = this.value(value, wanted[i]);
      if (type == Type.Stats && value.kind != NodeKind.Histogram && this.reporting) this.refuseStats(value.range);
    }
    return print.isValue ? Type.String : Type.Void;
  }
}

/** Whether a type is one that a value can have. */
function isValueType(type: Type): bool {
  return type == Type.Long || type == Type.String || type == Type.Stats;
}

/** The variable or function that an expression is, or null. */
function symbolIn(e: Expression): ScriptSymbol | null {
  switch (e.kind) {
    case NodeKind.Identifier:
      return <ScriptSymbol | null>(<Identifier>e).symbol;
    case NodeKind.Index:
      return arrayOf((<IndexExpression>e).base);
    case NodeKind.Call:
      return <ScriptSymbol | null>(<CallExpression>e).symbol;
    default:
      return null;
  }
}

/** The array that an expression names, or null. */
export function arrayOf(e: Expression): GlobalSymbol | null {
  if (e.kind != NodeKind.Identifier) return null;
  const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
  if (!symbol || symbol.kind != SymbolKind.Global) return null;
  const global = <GlobalSymbol>symbol;
  return global.isArray ? global : null;
}
