// Collects the declarations of files: globals, functions, aliases. A duplicate is an error at the second declaration.

import {
  AliasDeclaration,
  Expression,
  FunctionDeclaration,
  GlobalDeclaration,
  NodeKind,
  NumberLiteral,
  ScriptFile,
  StringLiteral,
} from "../syntax/ast";
import { Type } from "../syntax/type";
import { AliasEntry, Analysis, FileScope, functionKey } from "./analysis";
import { isPendingGlobal, loadFunction, loadGlobal } from "./load";
import { FunctionSymbol, GlobalSymbol, LocalSymbol } from "./symbols";

/** Adds a file's declarations; its probes are left to `resolveProbes`. */
export function collectFile(a: Analysis, file: ScriptFile): FileScope {
  const scope = new FileScope(a.files.length, file);
  a.files.push(scope);
  for (let i = 0, n = file.globals.length; i < n; ++i) collectGlobal(a, scope, file.globals[i]);
  for (let i = 0, n = file.functions.length; i < n; ++i) collectFunction(a, scope, file.functions[i]);
  for (let i = 0, n = file.aliases.length; i < n; ++i) collectAlias(a, scope, file.aliases[i]);
  return scope;
}

function collectGlobal(a: Analysis, scope: FileScope, node: GlobalDeclaration): void {
  const name = node.isPrivate ? mangle(scope, node.name) : node.name;
  const known = node.isPrivate ? scope.privateGlobals : a.globalsByName;
  if (known.has(node.name)) {
    const other = known.get(node.name);
    a.reporter.error(node.range, `duplicate global variable '${node.name}'`).note("first declared here", other.range);
    return;
  }
  const symbol = new GlobalSymbol(name, node.name, node.range);
  symbol.wrap = node.wrap;
  symbol.size = node.size;
  if (node.wrap || node.size > 0) symbol.arity = -2;
  const initializer = node.initializer;
  if (initializer && node.wrap) a.reporter.error(node.range, "wrapping not supported for scalars");
  if (initializer) setInitial(symbol, initializer);
  known.set(node.name, symbol);
  node.symbol = symbol;
  a.globals.push(symbol);
}

function setInitial(symbol: GlobalSymbol, value: Expression): void {
  symbol.hasInitial = true;
  symbol.arity = 0;
  if (value.kind == NodeKind.StringLiteral) {
    symbol.type = Type.String;
    symbol.initialString = (<StringLiteral>value).value;
  } else if (value.kind == NodeKind.NumberLiteral) {
    symbol.type = Type.Long;
    symbol.initialNumber = (<NumberLiteral>value).value;
  }
}

/** The mangled form of a private name, which no script can write. */
function mangle(scope: FileScope, name: string): string {
  return `${name}#${scope.index}`;
}

function collectFunction(a: Analysis, scope: FileScope, node: FunctionDeclaration): void {
  const name = node.isPrivate ? mangle(scope, node.name) : node.name;
  const symbol = new FunctionSymbol(name, node.name, node);
  symbol.returnType = node.returnType;
  for (let i = 0, n = node.parameters.length; i < n; ++i) {
    const parameter = node.parameters[i];
    for (let j = 0; j < i; ++j) {
      if (node.parameters[j].name != parameter.name) continue;
      a.reporter.error(parameter.range, `duplicate parameter '${parameter.name}' of function '${node.name}'`);
    }
    const local = new LocalSymbol(parameter.name, i, parameter.range);
    local.isParameter = true;
    local.type = parameter.type;
    parameter.symbol = local;
    symbol.parameters.push(local);
    symbol.locals.push(local);
  }
  node.symbol = symbol;
  const key = functionKey(node.name, node.parameters.length);
  // A script's own function takes the place of the tapset's.
  const replaced = scope.isTapset && !node.isPrivate && isReplaced(a, scope, node.name, key);
  if (replaced) symbol.overloads = [symbol];
  else addOverload(node.isPrivate ? scope.privateFunctions : a.functionsByKey, symbol);
  const known = node.isPrivate ? scope.privateArities : a.arities;
  if (!known.has(node.name)) known.set(node.name, []);
  const arities = known.get(node.name);
  if (!arities.includes(node.parameters.length)) arities.push(node.parameters.length);
  symbol.order = a.functions.length;
  a.functions.push(symbol);
  a.functionFiles.push(scope);
}

/** Whether another function takes the place of the tapset's: a script's, or one of a file that takes precedence. */
function isReplaced(a: Analysis, scope: FileScope, name: string, key: string): bool {
  if (a.functionsByKey.has(key) && isUserFunction(a, key)) return true;
  const known = a.options.tapset.functions;
  if (!known.has(name) || known.get(name) == scope.file.source.name) return false;
  loadFunction(a, name);
  return a.functionsByKey.has(key);
}

function isUserFunction(a: Analysis, key: string): bool {
  return !a.functionFiles[a.functionsByKey.get(key)[0].order].isTapset;
}

/** Inserts an overload after those that are tried first: lower priorities, then earlier declarations. */
function addOverload(map: Map<string, FunctionSymbol[]>, symbol: FunctionSymbol): void {
  const key = functionKey(symbol.displayName, symbol.parameters.length);
  if (!map.has(key)) map.set(key, []);
  const list = map.get(key);
  list.push(symbol);
  const priority = priorityOf(symbol);
  let at = list.length - 1;
  for (; at > 0 && priorityOf(list[at - 1]) > priority; --at) list[at] = list[at - 1];
  list[at] = symbol;
  symbol.overloads = list;
}

function priorityOf(symbol: FunctionSymbol): i64 {
  return max<i64>(symbol.declaration.priority, 0);
}

function collectAlias(a: Analysis, scope: FileScope, node: AliasDeclaration): void {
  for (let i = 0, n = node.names.length; i < n; ++i) {
    const point = node.names[i];
    const names: string[] = [];
    let plain = true;
    for (let j = 0, m = point.components.length; j < m; ++j) {
      names.push(point.components[j].name);
      if (point.components[j].argument) plain = false;
    }
    if (!plain || point.condition || point.optional) {
      a.reporter.error(point.range, "the name of an alias takes no arguments, conditions or '?'");
      continue;
    }
    const name = names.join(".");
    const entry = new AliasEntry(node, name, names, scope);
    a.aliases.push(entry);
    if (!a.aliasesByName.has(name)) a.aliasesByName.set(name, []);
    a.aliasesByName.get(name).push(entry);
  }
}

/** Gives globals the values of -G. */
export function applyGlobalOptions(a: Analysis): void {
  const names = a.options.globals.keys();
  for (let i = 0, n = names.length; i < n; ++i) {
    const text = a.options.globals.get(names[i]);
    if (!a.globalsByName.has(names[i])) loadGlobal(a, names[i]);
    if (!a.globalsByName.has(names[i])) {
      if (isPendingGlobal(a, names[i])) continue;
      a.reporter.warning(null, `-G: there is no global variable '${names[i]}'`);
      continue;
    }
    const symbol = a.globalsByName.get(names[i]);
    const wantsNumber = symbol.type == Type.Long || (symbol.type == Type.Unknown && isInteger(text));
    if (wantsNumber && !isInteger(text)) {
      a.reporter.error(symbol.range, `-G sets '${names[i]}' to '${text}', which is not a number`);
      continue;
    }
    symbol.hasInitial = true;
    symbol.arity = 0;
    symbol.type = wantsNumber ? Type.Long : Type.String;
    if (wantsNumber) symbol.initialNumber = integerOf(text);
    else symbol.initialString = text;
  }
}

/** Whether a text is an integer as scripts write them. */
export function isInteger(text: string): bool {
  let i = text.startsWith("-") ? 1 : 0;
  if (i == text.length) return false;
  const hex = text.startsWith("0x", i);
  if (hex) i += 2;
  if (i == text.length || text.length - i > 19) return false;
  for (; i < text.length; ++i) {
    const c = text.charCodeAt(i) | 0x20;
    const digit = c >= 0x30 && c <= 0x39;
    if (!digit && !(hex && c >= 0x61 && c <= 0x66)) return false;
  }
  return true;
}

/** The value of such a text. */
export function integerOf(text: string): i64 {
  const negative = text.startsWith("-");
  const value = I64.parseInt(negative ? text.substring(1) : text);
  return negative ? -value : value;
}
