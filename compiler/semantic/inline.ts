// Inlines thin wrappers: a call of a function that only calls a builtin becomes a call of the builtin. So the tapset's
// `function pid:long() { return __pid() }` costs nothing. Messages about the call keep the script's name and place.

import { CallExpression, Expression, ExpressionStatement, Identifier, NodeKind, ReturnStatement } from "../syntax/ast";
import { cloneExpression } from "./clone";
import { refreshPrint } from "./prints";
import { Rewriter } from "./rewrite";
import { FunctionSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";

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
      }
    }
    return e;
  }
}

/** The builtin call that is all a function consists of, with its parameters in order and then literals; or null. */
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
  for (let i = count, n = call.args.length; i < n; ++i) {
    if (call.args[i].kind != NodeKind.NumberLiteral && call.args[i].kind != NodeKind.StringLiteral) return null;
  }
  for (let i = 0; i < count; ++i) {
    const arg = call.args[i];
    if (arg.kind != NodeKind.Identifier || (<Identifier>arg).symbol !== symbol.parameters[i]) return null;
  }
  return call;
}
