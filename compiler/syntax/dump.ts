// The tree → an indented list of its nodes (`--dump=ast`). Each node is a line with its kind and its fields, apart from
// its children. Two trees have the same dump exactly if they are the same (apart from positions).

import { joinTexts } from "../../common/as/text-builder";
import {
  AliasDeclaration,
  AssignmentExpression,
  AtVarExpression,
  BinaryExpression,
  CallExpression,
  CastExpression,
  ConstExpression,
  DerefExpression,
  EmbeddedDeclaration,
  EmbeddedExpression,
  EmbeddedStatement,
  ForeachKey,
  ForeachStatement,
  ForStatement,
  FunctionDeclaration,
  GlobalDeclaration,
  HistogramExpression,
  Identifier,
  Node,
  NodeKind,
  NumberLiteral,
  Parameter,
  PathKind,
  PathPart,
  PerfExpression,
  ProbeComponent,
  ProbePoint,
  RegisterExpression,
  ScriptFile,
  SortOrder,
  StatisticExpression,
  StringLiteral,
  TargetExpression,
  TargetVariable,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
} from "./ast";
import { quoteString } from "./print-expression";
import { Operator, operatorText } from "./token";
import { typeName } from "./type";
import { Walk } from "./walk";

/** The nodes of a file, one a line. */
export function dumpFile(file: ScriptFile): string {
  const dump = new Dump();
  dump.visit(file);
  return joinTexts(dump.lines);
}

class Dump extends Walk {
  lines: string[] = [];
  private level: i32 = 0;

  override enter(node: Node): bool {
    const details = describe(node);
    const gap = details.length > 0 ? " " : "";
    this.lines.push(`${"  ".repeat(this.level)}${NodeKind[node.kind]}${gap}${details}\n`);
    ++this.level;
    return true;
  }

  override leave(_node: Node): void {
    --this.level;
  }
}

/** What a node holds besides its children. */
function describe(node: Node): string {
  switch (node.kind) {
    case NodeKind.NumberLiteral:
      return (<NumberLiteral>node).value.toString();
    case NodeKind.StringLiteral:
      return quoteString((<StringLiteral>node).value);
    case NodeKind.Identifier:
      return (<Identifier>node).name;
    case NodeKind.Call:
      return (<CallExpression>node).name;
    case NodeKind.Unary:
      return operatorText((<UnaryExpression>node).op);
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return operatorText((<UpdateExpression>node).op);
    case NodeKind.Binary:
      return operatorText((<BinaryExpression>node).op);
    case NodeKind.Assignment:
      return operatorText((<AssignmentExpression>node).op);
    case NodeKind.EmbeddedExpression:
      return quoteString((<EmbeddedExpression>node).code);
    case NodeKind.TargetVariable:
    case NodeKind.AtVar:
    case NodeKind.Cast:
    case NodeKind.Autocast:
      return ((<TargetExpression>node).addressOf ? "& " : "") + describeTarget(node);
    default:
      return node.kind < NodeKind.Block ? describeAtWord(node) : describeOther(node);
  }
}

function describeTarget(node: Node): string {
  switch (node.kind) {
    case NodeKind.TargetVariable:
      return (<TargetVariable>node).name;
    case NodeKind.AtVar:
      return `${quoteString((<AtVarExpression>node).name)} ${quoteString((<AtVarExpression>node).module)}`;
    case NodeKind.Cast:
      return `${quoteString((<CastExpression>node).typeName)} ${quoteString((<CastExpression>node).module)}`;
    default:
      return "";
  }
}

function describeAtWord(node: Node): string {
  switch (node.kind) {
    case NodeKind.Perf:
      return quoteString((<PerfExpression>node).counter);
    case NodeKind.Const:
      return quoteString((<ConstExpression>node).text);
    case NodeKind.Deref:
      return `${operatorText((<DerefExpression>node).op)} ${(<DerefExpression>node).size}`;
    case NodeKind.Register:
      return `${operatorText((<RegisterExpression>node).op)} ${(<RegisterExpression>node).number}`;
    case NodeKind.Statistic:
      return withNumbers((<StatisticExpression>node).op, (<StatisticExpression>node).parameters);
    case NodeKind.Histogram:
      return withNumbers((<HistogramExpression>node).op, (<HistogramExpression>node).parameters);
    default:
      return "";
  }
}

function withNumbers(op: Operator, numbers: i64[]): string {
  return numbers.length > 0 ? `${operatorText(op)} ${numbers.join(" ")}` : operatorText(op);
}

function describeOther(node: Node): string {
  switch (node.kind) {
    case NodeKind.For:
      return describeFor(<ForStatement>node);
    case NodeKind.Foreach:
      return describeForeach(<ForeachStatement>node);
    case NodeKind.Try:
      return (<TryStatement>node).variable ? "variable" : "";
    case NodeKind.EmbeddedStatement:
      return quoteString((<EmbeddedStatement>node).code);
    case NodeKind.PathPart:
      return describePathPart(<PathPart>node);
    case NodeKind.ForeachKey:
      return sortName((<ForeachKey>node).sort);
    case NodeKind.ProbeComponent:
      return (<ProbeComponent>node).name;
    case NodeKind.ProbePoint:
      return (<ProbePoint>node).sufficient ? "!" : (<ProbePoint>node).optional ? "?" : "";
    case NodeKind.Alias:
      return describeAlias(<AliasDeclaration>node);
    case NodeKind.Parameter:
      return `${(<Parameter>node).name} ${typeName((<Parameter>node).type)}`;
    case NodeKind.Function:
      return describeFunction(<FunctionDeclaration>node);
    case NodeKind.Global:
      return describeGlobal(<GlobalDeclaration>node);
    case NodeKind.EmbeddedDeclaration:
      return quoteString((<EmbeddedDeclaration>node).code);
    default:
      return "";
  }
}

function describeFor(node: ForStatement): string {
  const initializer = node.initializer ? "initializer " : "";
  const condition = node.condition ? "condition " : "";
  return initializer + condition + (node.step ? "step" : "");
}

function describeForeach(node: ForeachStatement): string {
  const parts: string[] = [];
  if (node.value) parts.push("value");
  if (node.slice) parts.push("slice");
  if (node.limit) parts.push("limit");
  if (node.valueExtractor != Operator.None) parts.push(operatorText(node.valueExtractor));
  if (node.valueSort != SortOrder.None) parts.push(sortName(node.valueSort));
  return joinTexts(parts, " ");
}

function sortName(sort: SortOrder): string {
  if (sort == SortOrder.None) return "";
  return sort == SortOrder.Ascending ? "ascending" : "descending";
}

function describePathPart(node: PathPart): string {
  switch (node.pathKind) {
    case PathKind.Member:
      return `->${node.name}`;
    case PathKind.LiteralIndex:
      return `[${node.number}]`;
    case PathKind.Index:
      return "[]";
    default:
      return node.depth == 1 ? "$" : "$$";
  }
}

function describeAlias(node: AliasDeclaration): string {
  if (node.epilogueBody) return "both";
  return node.epilogue ? "epilogue" : "";
}

function describeFunction(node: FunctionDeclaration): string {
  const visibility = node.isPrivate ? "private " : "";
  const priority = node.priority >= 0 ? ` priority ${node.priority}` : "";
  return `${visibility}${node.name} ${typeName(node.returnType)}${priority}`;
}

function describeGlobal(node: GlobalDeclaration): string {
  const visibility = node.isPrivate ? "private " : "";
  const size = node.size != 0 ? ` size ${node.size}` : "";
  return `${visibility}${node.name}${node.wrap ? " wrap" : ""}${size}`;
}
