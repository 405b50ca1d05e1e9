// Inlines thin wrappers: a call of a function that only calls a builtin becomes a call of the builtin. So the tapset's
// `function pid:long() { return __pid() }` costs nothing. The same with functions of the tapset that only print:
// print_stack(s) becomes the printf that it is. Messages about the call keep the script's name and place.

import { SourceKind } from "../source/source";
import { CallExpression, Expression, ExpressionStatement, Identifier, NodeKind, ReturnStatement } from "../syntax/ast";
import { cloneExpression } from "./clone";
import { refreshPrint } from "./prints";
import { Rewriter } from "./rewrite";
import { FunctionSymbol, LocalSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";

/** Replaces calls in a tree. */
export class Inliner extends Rewriter {
  override expression(e: Expression): Expression {
    this.children(e);
    if (e.kind != NodeKind.Call) return e;
    const call = <CallExpression>e;
    const symbol = <ScriptSymbol | null>call.symbol;
    if (!symbol) return e;
    if (symbol.kind == SymbolKind.Print) {
      refreshPrint(<PrintSymbol>symbol);
    } else if (symbol.kind == SymbolKind.Function) {
      const wrapped = wrappedCall(<FunctionSymbol>symbol);
      if (wrapped) {
        call.symbol = wrapped.symbol;
        for (let i = call.args.length, n = wrapped.args.length; i < n; ++i) {
          call.args.push(cloneExpression(wrapped.args[i]));
        }
      } else {
        const print = wrappedPrint(<FunctionSymbol>symbol);
        if (print) return printInstead(this, call, print, (<FunctionSymbol>symbol).parameters);
      }
    }
    return e;
  }
}

/** The builtin call that is all a function consists of, with its parameters in order and then fixed ones; or null. */
function wrappedCall(symbol: FunctionSymbol): CallExpression | null {
  const body = symbol.declaration.body;
  if (!body || symbol.overloads.length != 1 || body.statements.length != 1) return null;
  const only = body.statements[0];
  let inner: Expression | null = null;
  if (only.kind == NodeKind.Return) inner = (<ReturnStatement>only).value;
  else if (only.kind == NodeKind.Expression) inner = (<ExpressionStatement>only).expression;
  if (!inner || inner.kind != NodeKind.Call) return null;
  // `function f() { __pid() }` has no value, whatever it calls.
  if (only.kind == NodeKind.Expression && inner.type != symbol.returnType) return null;
  const call = <CallExpression>inner;
  const target = <ScriptSymbol | null>call.symbol;
  const count = symbol.parameters.length;
  if (!target || target.kind != SymbolKind.Builtin || call.args.length < count) return null;
  for (let i = count, n = call.args.length; i < n; ++i) if (!isFixed(call.args[i])) return null;
  for (let i = 0; i < count; ++i) {
    const arg = call.args[i];
    if (arg.kind != NodeKind.Identifier || (<Identifier>arg).symbol !== symbol.parameters[i]) return null;
  }
  return call;
}

/** Whether an expression is a literal, or a call of a builtin with such arguments. */
function isFixed(e: Expression): bool {
  if (e.kind == NodeKind.NumberLiteral || e.kind == NodeKind.StringLiteral) return true;
  if (e.kind != NodeKind.Call) return false;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  if (!symbol || symbol.kind != SymbolKind.Builtin) return false;
  const args = (<CallExpression>e).args;
  for (let i = 0, n = args.length; i < n; ++i) if (!isFixed(args[i])) return false;
  return true;
}

/** The print that is all a function of the tapset consists of, with its one parameter used once at most; or null. */
function wrappedPrint(symbol: FunctionSymbol): PrintSymbol | null {
  const body = symbol.declaration.body;
  const parameters = symbol.parameters;
  if (!body || symbol.overloads.length != 1 || body.statements.length != 1 || parameters.length > 1) return null;
  if (symbol.range.source.kind != SourceKind.Tapset) return null;
  const only = body.statements[0];
  if (only.kind != NodeKind.Expression) return null;
  const inner = (<ExpressionStatement>only).expression;
  if (inner.kind != NodeKind.Call) return null;
  const target = <ScriptSymbol | null>(<CallExpression>inner).symbol;
  if (!target || target.kind != SymbolKind.Print || (<PrintSymbol>target).isValue) return null;
  if (parameters.length == 0) return <PrintSymbol>target;
  const replacement = new Replacement(parameters[0], null);
  replacement.children(inner);
  return replacement.count == 1 ? <PrintSymbol>target : null;
}

/** A copy of a print, with the argument of a call for the parameter. */
function printInstead(
  inliner: Inliner,
  call: CallExpression,
  print: PrintSymbol,
  parameters: LocalSymbol[],
): Expression {
  const copy = <CallExpression>cloneExpression(print.call);
  copy.range = call.range;
  if (parameters.length > 0) new Replacement(parameters[0], call.args[0]).children(copy);
  // Its functions may not have had their turn yet.
  inliner.children(copy);
  const made = new PrintSymbol(call.name, copy, print.style, false);
  made.format = print.format;
  made.directives = print.directives;
  made.values = print.values;
  refreshPrint(made);
  copy.symbol = made;
  return copy;
}

/** Counts the uses of a parameter, and puts an expression there. */
class Replacement extends Rewriter {
  count: i32 = 0;

  constructor(
    private parameter: LocalSymbol,
    private argument: Expression | null,
  ) {
    super();
  }

  override expression(e: Expression): Expression {
    this.children(e);
    if (e.kind != NodeKind.Identifier || (<Identifier>e).symbol !== this.parameter) return e;
    ++this.count;
    const argument = this.argument;
    return argument ? argument : e;
  }
}
