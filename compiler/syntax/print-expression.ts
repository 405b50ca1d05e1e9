// Expressions → text, with parentheses only where the grammar of parse-expression.ts needs them.

import { TextBuilder } from "../../common/as/text-builder";
import {
  AssignmentExpression,
  AtVarExpression,
  AutocastExpression,
  BinaryExpression,
  CallExpression,
  CastExpression,
  ChooseDefinedExpression,
  ConstExpression,
  DefinedExpression,
  DerefExpression,
  EmbeddedExpression,
  EntryExpression,
  Expression,
  HistogramExpression,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  PathKind,
  PathPart,
  PerfExpression,
  ProbeWriteExpression,
  RegisterExpression,
  StatisticExpression,
  StringLiteral,
  TargetExpression,
  TargetVariable,
  TernaryExpression,
  UnaryExpression,
  UpdateExpression,
} from "./ast";
import { IN_PRECEDENCE, Operator, OperatorFlags, operatorIs, operatorRow, operatorText } from "./token";

/** How tightly a piece of text holds together. */
const enum Level {
  Assignment = 0,
  Ternary = 1,
  /** The loosest binary operator, of precedence 1. */
  Binary = 2,
  Unary = 13,
  /** `&$x`. */
  Reference = 14,
  Value = 15,
}

/** Collects text. */
export class ExpressionPrinter {
  private output: TextBuilder = new TextBuilder();

  /** What was printed. */
  get text(): string {
    return this.output.toString();
  }

  protected put(text: string): void {
    this.output.put(text);
  }

  protected operator(op: Operator): void {
    this.put(operatorText(op));
  }

  protected embeddedCode(code: string): void {
    this.put("%{");
    this.put(code);
    this.put("%}");
  }

  /** An expression where any will do. */
  expression(node: Expression): void {
    this.print(node, Level.Assignment);
  }

  /** An expression, in parentheses if it does not hold together as tightly as `min`. */
  private print(node: Expression, min: i32): void {
    const open = levelOf(node) < min;
    if (open) this.put("(");
    this.printBare(node);
    if (open) this.put(")");
  }

  private printBare(node: Expression): void {
    switch (node.kind) {
      case NodeKind.NumberLiteral:
        this.put((<u64>(<NumberLiteral>node).value).toString());
        break;
      case NodeKind.StringLiteral:
        this.put(quoteString((<StringLiteral>node).value));
        break;
      case NodeKind.Identifier:
        this.put((<Identifier>node).name);
        break;
      case NodeKind.Index:
        this.print((<IndexExpression>node).base, Level.Value);
        this.keys((<IndexExpression>node).keys);
        break;
      case NodeKind.In:
        this.keys((<InExpression>node).keys);
        this.put(" in ");
        this.printBare((<InExpression>node).array);
        break;
      case NodeKind.Call:
        this.put((<CallExpression>node).name);
        this.list((<CallExpression>node).args, "(", ")");
        break;
      case NodeKind.Wildcard:
        this.put("*");
        break;
      default:
        this.printOperation(node);
        break;
    }
  }

  protected keys(keys: Expression[]): void {
    this.list(keys, "[", "]");
  }

  private list(nodes: Expression[], open: string, close: string): void {
    this.put(open);
    for (let i = 0, n = nodes.length; i < n; ++i) {
      if (i > 0) this.put(", ");
      this.expression(nodes[i]);
    }
    this.put(close);
  }

  private printOperation(node: Expression): void {
    switch (node.kind) {
      case NodeKind.Unary:
        this.unary(<UnaryExpression>node);
        break;
      case NodeKind.PreUpdate:
        this.operator((<UpdateExpression>node).op);
        this.print((<UpdateExpression>node).operand, Level.Reference);
        break;
      case NodeKind.PostUpdate:
        this.print((<UpdateExpression>node).operand, Level.Reference);
        this.operator((<UpdateExpression>node).op);
        break;
      case NodeKind.Binary:
        this.binary(<BinaryExpression>node);
        break;
      case NodeKind.Ternary:
        this.print((<TernaryExpression>node).condition, Level.Binary);
        this.put(" ? ");
        this.expression((<TernaryExpression>node).whenTrue);
        this.put(" : ");
        this.print((<TernaryExpression>node).whenFalse, Level.Ternary);
        break;
      case NodeKind.Assignment:
        this.print((<AssignmentExpression>node).target, Level.Ternary);
        this.put(" ");
        this.operator((<AssignmentExpression>node).op);
        this.put(" ");
        this.expression((<AssignmentExpression>node).value);
        break;
      default:
        this.printTarget(node);
        break;
    }
  }

  /** A blank keeps `- -x` and `! ~x` apart. */
  private unary(node: UnaryExpression): void {
    this.operator(node.op);
    const kind = node.operand.kind;
    if (kind == NodeKind.Unary || kind == NodeKind.PreUpdate) this.put(" ");
    this.print(node.operand, Level.Unary);
  }

  private binary(node: BinaryExpression): void {
    const level = levelOf(node);
    // A match does not chain, neither with a match nor with a comparison on its left.
    const isComparison = operatorIs(node.op, OperatorFlags.Comparison);
    const tight = operatorIs(node.op, OperatorFlags.Match) || (isComparison && isMatch(node.left));
    this.print(node.left, tight ? level + 1 : level);
    this.put(" ");
    this.operator(node.op);
    this.put(" ");
    this.print(node.right, level + 1);
  }

  // ------------------------------------------------------------------------------------------------------- targets

  private printTarget(node: Expression): void {
    switch (node.kind) {
      case NodeKind.TargetVariable:
      case NodeKind.AtVar:
      case NodeKind.Cast:
      case NodeKind.Autocast:
        this.target(<TargetExpression>node);
        break;
      default:
        this.printAtWord(node);
        break;
    }
  }

  private target(node: TargetExpression): void {
    if (node.addressOf) this.put("&");
    if (node.kind == NodeKind.TargetVariable) this.put((<TargetVariable>node).name);
    else if (node.kind == NodeKind.AtVar) this.atVar(<AtVarExpression>node);
    else if (node.kind == NodeKind.Cast) this.cast(<CastExpression>node);
    else this.autocast(<AutocastExpression>node);
    // A name of nothing but dollar signs must not run into the `$` that prints it.
    if (node.path.length > 0 && node.path[0].pathKind == PathKind.Pretty && isDollars(node)) this.put(" ");
    for (let i = 0; i < node.path.length; ++i) this.pathPart(node.path[i]);
  }

  private atVar(node: AtVarExpression): void {
    this.put("@var(");
    this.put(quoteString(node.name));
    this.module(node.module);
  }

  private cast(node: CastExpression): void {
    this.put("@cast(");
    this.expression(node.operand);
    this.put(", ");
    this.put(quoteString(node.typeName));
    this.module(node.module);
  }

  /** The optional last argument, and the closing parenthesis. */
  private module(name: string): void {
    if (name.length > 0) {
      this.put(", ");
      this.put(quoteString(name));
    }
    this.put(")");
  }

  private autocast(node: AutocastExpression): void {
    const operand = node.operand;
    const kind = operand.kind;
    const isTarget = kind >= NodeKind.TargetVariable && kind <= NodeKind.Autocast;
    const isName = kind == NodeKind.Identifier && node.path.length > 0 && node.path[0].pathKind != PathKind.Member;
    const open = isTarget || isName || kind == NodeKind.NumberLiteral || levelOf(operand) < Level.Value;
    if (open) this.put("(");
    this.printBare(operand);
    if (open) this.put(")");
  }

  private pathPart(part: PathPart): void {
    switch (part.pathKind) {
      case PathKind.Member:
        this.put("->");
        this.put(part.name);
        break;
      case PathKind.LiteralIndex:
        this.put(`[${<u64>part.number}]`);
        break;
      case PathKind.Index: {
        this.put("[");
        const index = part.index;
        if (index) this.expression(index);
        this.put("]");
        break;
      }
      default:
        this.put(part.depth == 1 ? "$" : "$$");
        break;
    }
  }

  private printAtWord(node: Expression): void {
    switch (node.kind) {
      case NodeKind.Entry:
        this.of(Operator.AtEntry, (<EntryExpression>node).operand);
        break;
      case NodeKind.Defined:
        this.of(Operator.AtDefined, (<DefinedExpression>node).operand);
        break;
      case NodeKind.ProbeWrite:
        this.of(Operator.AtProbeWrite, (<ProbeWriteExpression>node).operand);
        break;
      case NodeKind.ChooseDefined:
        this.operator(Operator.AtChooseDefined);
        this.list([(<ChooseDefinedExpression>node).value, (<ChooseDefinedExpression>node).fallback], "(", ")");
        break;
      case NodeKind.Perf:
        this.put(`@perf(${quoteString((<PerfExpression>node).counter)})`);
        break;
      case NodeKind.Const:
        this.put(`@const(${quoteString((<ConstExpression>node).text)})`);
        break;
      case NodeKind.Statistic:
        this.withNumbers(
          (<StatisticExpression>node).op,
          (<StatisticExpression>node).operand,
          (<StatisticExpression>node).parameters,
        );
        break;
      case NodeKind.Histogram:
        this.withNumbers(
          (<HistogramExpression>node).op,
          (<HistogramExpression>node).operand,
          (<HistogramExpression>node).parameters,
        );
        break;
      default:
        this.printRaw(node);
        break;
    }
  }

  private printRaw(node: Expression): void {
    switch (node.kind) {
      case NodeKind.Register:
        this.operator((<RegisterExpression>node).op);
        this.put(`(${(<RegisterExpression>node).number})`);
        break;
      case NodeKind.Deref:
        this.operator((<DerefExpression>node).op);
        this.put(`(${(<DerefExpression>node).size}, `);
        this.expression((<DerefExpression>node).address);
        this.put(")");
        break;
      case NodeKind.EmbeddedExpression:
        // In parentheses, so that it is not taken for a statement.
        this.put("(");
        this.embeddedCode((<EmbeddedExpression>node).code);
        this.put(")");
        break;
      case NodeKind.ErrorExpression:
        this.put("<error>");
        break;
      default:
        assert(false, "not an expression");
    }
  }

  private of(op: Operator, operand: Expression): void {
    this.operator(op);
    this.put("(");
    this.expression(operand);
    this.put(")");
  }

  private withNumbers(op: Operator, operand: Expression, numbers: i64[]): void {
    this.operator(op);
    this.put("(");
    this.expression(operand);
    for (let i = 0; i < numbers.length; ++i) this.put(`, ${numbers[i]}`);
    this.put(")");
  }
}

function levelOf(node: Expression): i32 {
  switch (node.kind) {
    case NodeKind.Assignment:
      return Level.Assignment;
    case NodeKind.Ternary:
      return Level.Ternary;
    case NodeKind.Binary:
      return Level.Binary - 1 + operatorRow((<BinaryExpression>node).op).precedence;
    case NodeKind.In:
      return Level.Binary - 1 + IN_PRECEDENCE;
    case NodeKind.Unary:
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return Level.Unary;
    case NodeKind.TargetVariable:
    case NodeKind.AtVar:
    case NodeKind.Cast:
    case NodeKind.Autocast:
      return (<TargetExpression>node).addressOf ? Level.Reference : Level.Value;
    default:
      return Level.Value;
  }
}

function isDollars(node: TargetExpression): bool {
  if (node.kind != NodeKind.TargetVariable) return false;
  const name = (<TargetVariable>node).name;
  return name == "$" || name == "$$";
}

function isMatch(node: Expression): bool {
  return node.kind == NodeKind.Binary && operatorIs((<BinaryExpression>node).op, OperatorFlags.Match);
}

/** A string literal that stands for the given bytes. */
export function quoteString(value: string): string {
  const output = new TextBuilder();
  output.put('"');
  let from = 0;
  const n = value.length;
  for (let i = 0; i < n; ++i) {
    const c = value.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c && c != 0x7f) continue;
    output.putSlice(value, from, i);
    output.put(escapeByte(c));
    from = i + 1;
  }
  output.putSlice(value, from, n);
  output.put('"');
  return output.toString();
}

function escapeByte(c: i32): string {
  switch (c) {
    case 0x0a:
      return "\\n";
    case 0x09:
      return "\\t";
    case 0x22:
      return '\\"';
    case 0x5c:
      return "\\\\";
    default:
      return "\\" + c.toString(8).padStart(3, "0");
  }
}
