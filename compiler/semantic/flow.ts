// The flow of values into variables, for analyses that ask what a variable may hold: `lengths.ts` (how long) and
// `origins.ts` (from where). This file knows the ways that a value takes:
//
//   assignment → variable or element · argument → parameter · key → the array's keys · array → variables of foreach
//   returned value → function · message of an error → variable of catch
//
// The order of statements does not count. The caller walks all code again until nothing changes.

import {
  AssignmentExpression,
  CallExpression,
  Expression,
  ForeachStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  ReturnStatement,
  Statement,
  TryStatement,
} from "../syntax/ast";
import { arrayOf } from "./infer";
import { FunctionSymbol, GlobalSymbol, LocalSymbol, ScriptSymbol, SymbolKind, VariableSymbol } from "./symbols";
import { Visitor } from "./visit";

/** The variable that an assignment's target names; of an element, its array. */
export function variableOf(target: Expression): VariableSymbol | null {
  const base = target.kind == NodeKind.Index ? (<IndexExpression>target).base : target;
  if (base.kind != NodeKind.Identifier) return null;
  return <VariableSymbol | null>(<ScriptSymbol | null>(<Identifier>base).symbol);
}

/** Walks code and tells an analysis of each value on its way. */
export abstract class Flow extends Visitor {
  /** Something was learnt in this walk. */
  changed: bool = false;
  private owner: FunctionSymbol | null = null;

  /** Walks the body of a function. */
  body(symbol: FunctionSymbol): void {
    this.owner = symbol;
    const body = symbol.declaration.body;
    if (body) this.block(body);
    else this.unknownResult(symbol);
    this.owner = null;
  }

  protected abstract assign(e: AssignmentExpression): void;
  protected abstract argument(parameter: LocalSymbol, value: Expression): void;
  protected abstract key(array: GlobalSymbol, position: i32, value: Expression): void;
  protected abstract result(owner: FunctionSymbol, value: Expression): void;
  /** A function of embedded code, whose result nobody knows. */
  protected abstract unknownResult(owner: FunctionSymbol): void;
  protected abstract keyVariable(variable: VariableSymbol, array: GlobalSymbol, position: i32): void;
  protected abstract valueVariable(variable: VariableSymbol, array: GlobalSymbol): void;
  protected abstract message(variable: VariableSymbol): void;

  override expression(e: Expression): void {
    this.children(e);
    if (e.kind == NodeKind.Assignment) this.assign(<AssignmentExpression>e);
    else if (e.kind == NodeKind.Call) this.passArguments(<CallExpression>e);
    else if (e.kind == NodeKind.Index) this.passKeys((<IndexExpression>e).base, (<IndexExpression>e).keys);
    else if (e.kind == NodeKind.In) this.passKeys((<InExpression>e).array, (<InExpression>e).keys);
  }

  override statement(s: Statement): void {
    this.parts(s);
    const owner = this.owner;
    if (s.kind == NodeKind.Return && owner) {
      const value = (<ReturnStatement>s).value;
      if (value) this.result(owner, value);
    } else if (s.kind == NodeKind.Try) {
      const caught = (<TryStatement>s).variable;
      const variable = caught ? variableOf(caught) : null;
      if (variable) this.message(variable);
    } else if (s.kind == NodeKind.Foreach) {
      this.passLoopVariables(<ForeachStatement>s);
    }
  }

  private passArguments(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol || symbol.kind != SymbolKind.Function) return;
    const overloads = (<FunctionSymbol>symbol).overloads;
    for (let i = 0, n = e.args.length; i < n; ++i) {
      for (let j = 0, m = overloads.length; j < m; ++j) this.argument(overloads[j].parameters[i], e.args[i]);
    }
  }

  private passKeys(base: Expression, keys: Expression[]): void {
    const array = arrayOf(base);
    if (!array) return;
    for (let i = 0, n = min(keys.length, array.keyTypes.length); i < n; ++i) {
      if (keys[i].kind != NodeKind.Wildcard) this.key(array, i, keys[i]);
    }
  }

  private passLoopVariables(s: ForeachStatement): void {
    const array = arrayOf(s.array);
    if (!array) return;
    for (let i = 0, n = min(s.keys.length, array.keyTypes.length); i < n; ++i) {
      const variable = variableOf(s.keys[i].variable);
      if (variable) this.keyVariable(variable, array, i);
    }
    const value = s.value;
    const variable = value ? variableOf(value) : null;
    if (variable) this.valueVariable(variable, array);
  }
}
