// Whether a handler uses one element only of each array of its group, by a key that it knows from the start:
//
//   probe …return { if (tid() in s) { h <<< t() - s[tid()]; delete s[tid()] } }
//   probe …        { id = pid(); n[id] = 0; begun[id] = t() }

import { BuiltinFlags } from "../builtins/builtin";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  Expression,
  ExpressionStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  Statement,
  UnaryExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { CodeUnit } from "./analysis";
import { LockGroup } from "./lock-use";
import { BuiltinSymbol, FunctionSymbol, GlobalSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** The key of the elements that a unit uses of a group; null if it uses several, or whole arrays. */
export function commonKey(unit: CodeUnit, group: LockGroup): Expression[] | null {
  const search = new KeySearch(group);
  for (let i = 0, n = unit.conditions.length; i < n; ++i) search.expression(unit.conditions[i].expression);
  for (let i = 0, n = unit.parts.length; i < n; ++i) search.topLevel(unit.parts[i].block.statements);
  search.functions(unit.callees);
  return search.failed ? null : search.key;
}

/** Collects the keys of elements. */
class KeySearch extends Visitor {
  key: Expression[] | null = null;
  failed: bool = false;
  /** What locals hold that are assigned once, before the statements that follow. */
  private values: Map<LocalSymbol, Expression> = new Map<LocalSymbol, Expression>();
  private visited: Set<FunctionSymbol> = new Set<FunctionSymbol>();
  private inFunction: bool = false;

  constructor(private group: LockGroup) {
    super();
  }

  /** Visits the statements of a body, in order. */
  topLevel(statements: Statement[]): void {
    for (let i = 0, n = statements.length; i < n; ++i) {
      this.statement(statements[i]);
      this.noteValue(statements[i]);
    }
  }

  /** Visits functions: an element that one of them uses has a key that is not known from the start. */
  functions(called: FunctionSymbol[]): void {
    this.inFunction = true;
    for (let i = 0, n = called.length; i < n; ++i) {
      const fn = called[i];
      if (this.visited.has(fn)) continue;
      this.visited.add(fn);
      const body = fn.declaration.body;
      if (body !== null) this.block(body);
      this.functions(fn.callees);
    }
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Index) {
      const index = <IndexExpression>e;
      this.element(index.base, index.keys);
    } else if (e.kind == NodeKind.In) {
      const within = <InExpression>e;
      this.element(within.array, within.keys);
    } else {
      if (e.kind == NodeKind.Identifier && this.isOfGroup(e)) this.failed = true;
      this.children(e);
    }
  }

  private isOfGroup(e: Expression): bool {
    if (e.kind != NodeKind.Identifier) return false;
    const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
    return symbol !== null && symbol.kind == SymbolKind.Global && this.group.globals.includes(<GlobalSymbol>symbol);
  }

  private element(array: Expression, keys: Expression[]): void {
    this.list(keys);
    if (!this.isOfGroup(array)) {
      this.expression(array);
      return;
    }
    const known: Expression[] = [];
    for (let i = 0, n = keys.length; i < n; ++i) {
      const value = this.valueOf(keys[i]);
      if (value === null || this.inFunction) {
        this.failed = true;
        return;
      }
      known.push(value);
    }
    const key = this.key;
    if (key === null) this.key = known;
    else if (!sameKeys(key, known)) this.failed = true;
  }

  /** What an expression is at the start of the handler; null if that is not known. */
  private valueOf(e: Expression): Expression | null {
    if (e.type != Type.Long) return null;
    if (e.kind == NodeKind.Identifier) {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      if (symbol === null || symbol.kind != SymbolKind.Local) return null;
      const local = <LocalSymbol>symbol;
      return this.values.has(local) ? this.values.get(local) : null;
    }
    return isConstant(e) ? e : null;
  }

  /** `local = constant`, if nothing else assigns the local. */
  private noteValue(s: Statement): void {
    if (s.kind != NodeKind.Expression) return;
    const e = (<ExpressionStatement>s).expression;
    if (e.kind != NodeKind.Assignment) return;
    const assignment = <AssignmentExpression>e;
    if (assignment.op != Operator.Assign || assignment.target.kind != NodeKind.Identifier) return;
    const symbol = <ScriptSymbol | null>(<Identifier>assignment.target).symbol;
    if (symbol === null || symbol.kind != SymbolKind.Local) return;
    const local = <LocalSymbol>symbol;
    const value = this.valueOf(assignment.value);
    if (local.writes == 1 && value !== null) this.values.set(local, value);
  }
}

/** Whether a number is the same whenever a handler evaluates it, and needs no memory. */
function isConstant(e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return true;
    case NodeKind.Unary:
      return isConstant((<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      const plain = binary.op == Operator.Add || binary.op == Operator.Subtract || binary.op == Operator.BitAnd;
      return plain && isConstant(binary.left) && isConstant(binary.right);
    }
    case NodeKind.Call: {
      const call = <CallExpression>e;
      const symbol = <ScriptSymbol | null>call.symbol;
      if (symbol === null || symbol.kind != SymbolKind.Builtin) return false;
      for (let i = 0, n = call.args.length; i < n; ++i) if (!isConstant(call.args[i])) return false;
      return e.type == Type.Long && ((<BuiltinSymbol>symbol).flags & BuiltinFlags.Constant) != 0;
    }
    default:
      return false;
  }
}

function sameKeys(a: Expression[], b: Expression[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0, n = a.length; i < n; ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

/** Whether two constants are the same by their text. */
function same(a: Expression, b: Expression): bool {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case NodeKind.NumberLiteral:
      return (<NumberLiteral>a).value == (<NumberLiteral>b).value;
    case NodeKind.Unary: {
      const x = <UnaryExpression>a;
      const y = <UnaryExpression>b;
      return x.op == y.op && same(x.operand, y.operand);
    }
    case NodeKind.Binary: {
      const x = <BinaryExpression>a;
      const y = <BinaryExpression>b;
      return x.op == y.op && same(x.left, y.left) && same(x.right, y.right);
    }
    default:
      return (
        (<CallExpression>a).symbol === (<CallExpression>b).symbol &&
        sameKeys((<CallExpression>a).args, (<CallExpression>b).args)
      );
  }
}
