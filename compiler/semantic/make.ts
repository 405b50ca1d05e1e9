// Makes nodes for code that the script does not spell out.

import { Range } from "../source/source";
import { BinaryExpression, CallExpression, Expression, Identifier, NumberLiteral } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Analysis, functionKey } from "./analysis";
import { loadFunction } from "./load";
import { VariableSymbol } from "./symbols";

/** A number. */
export function makeNumber(range: Range, value: i64): NumberLiteral {
  return new NumberLiteral(range, value);
}

/** A binary operator. */
export function makeBinary(range: Range, op: Operator, left: Expression, right: Expression): BinaryExpression {
  return new BinaryExpression(range, op, left, right, range);
}

/** A variable. */
export function makeName(range: Range, symbol: VariableSymbol): Identifier {
  const name = new Identifier(range, symbol.name);
  name.symbol = symbol;
  return name;
}

/** A call of a builtin, which must exist. */
export function makeCall(a: Analysis, range: Range, name: string, args: Expression[]): CallExpression {
  const call = new CallExpression(range, name, range, args);
  call.symbol = a.builtin(name);
  assert(call.symbol !== null, "the builtin exists");
  return call;
}

/** A call of a function of the tapset, whose file is loaded if it has to be. */
export function makeFunctionCall(a: Analysis, range: Range, name: string, args: Expression[]): CallExpression {
  const call = new CallExpression(range, name, range, args);
  const key = functionKey(name, args.length);
  if (!a.functionsByKey.has(key)) loadFunction(a, name);
  if (!a.functionsByKey.has(key)) return call;
  const functions = a.functionsByKey.get(key);
  call.symbol = functions[0];
  for (let i = 0, n = functions.length; i < n; ++i) if (!functions[i].resolved) a.reached.push(functions[i]);
  return call;
}
