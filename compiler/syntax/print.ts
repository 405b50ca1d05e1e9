// The tree → canonical script text (`-p1`), which parses to the same tree: one line for each declaration and statement,
// two spaces for each level, parentheses only where the tree needs them. Braces, macros, conditionals and script
// arguments are already expanded. Strings are escaped so that every byte survives.

import {
  AliasDeclaration,
  BlockStatement,
  DeleteStatement,
  EmbeddedDeclaration,
  EmbeddedStatement,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  FunctionDeclaration,
  GlobalDeclaration,
  IfStatement,
  Node,
  NodeKind,
  NumberLiteral,
  ProbeDeclaration,
  ProbePoint,
  ReturnStatement,
  ScriptFile,
  SortOrder,
  Statement,
  TryStatement,
  WhileStatement,
} from "./ast";
import { ExpressionPrinter } from "./print-expression";
import { Operator } from "./token";
import { Type, typeName } from "./type";

/** The canonical text of a file, a byte string. */
export function printFile(file: ScriptFile): string {
  const printer = new Printer();
  for (let i = 0, n = file.declarations.length; i < n; ++i) printer.declaration(file.declarations[i]);
  return printer.text;
}

/** The text of one expression, for messages and `-p2`. */
export function printExpression(expression: Expression): string {
  const printer = new Printer();
  printer.expression(expression);
  return printer.text;
}

/** The text of a probe point, for messages and `-p2`. */
export function printProbePoint(point: ProbePoint): string {
  const printer = new Printer();
  printer.point(point);
  return printer.text;
}

class Printer extends ExpressionPrinter {
  private level: i32 = 0;

  private line(): void {
    this.put("\n");
    for (let i = 0; i < this.level; ++i) this.put("  ");
  }

  // -------------------------------------------------------------------------------------------------- declarations

  declaration(node: Node): void {
    switch (node.kind) {
      case NodeKind.Global:
        this.global(<GlobalDeclaration>node);
        break;
      case NodeKind.Function:
        this.functionDeclaration(<FunctionDeclaration>node);
        break;
      case NodeKind.Probe:
        this.put("probe ");
        this.points((<ProbeDeclaration>node).points);
        this.put(" ");
        this.block((<ProbeDeclaration>node).body);
        break;
      case NodeKind.Alias:
        this.alias(<AliasDeclaration>node);
        break;
      case NodeKind.EmbeddedDeclaration:
        this.embeddedCode((<EmbeddedDeclaration>node).code);
        break;
      default:
        assert(false, "not a declaration");
    }
    this.put("\n");
  }

  private global(node: GlobalDeclaration): void {
    this.put(node.isPrivate ? "private global " : "global ");
    this.put(node.name);
    if (node.wrap) this.put("%");
    if (node.size != 0) this.put(`[${node.size}]`);
    const initializer = node.initializer;
    if (initializer) {
      this.put(" = ");
      this.literal(initializer);
    }
  }

  private functionDeclaration(node: FunctionDeclaration): void {
    if (node.isPrivate) this.put("private ");
    this.put("function ");
    this.put(node.name);
    this.typeMark(node.returnType);
    this.put("(");
    for (let i = 0; i < node.parameters.length; ++i) {
      if (i > 0) this.put(", ");
      this.put(node.parameters[i].name);
      this.typeMark(node.parameters[i].type);
    }
    this.put(")");
    if (node.priority >= 0) this.put(`:${node.priority}`);
    this.put(" ");
    const body = node.body;
    const embedded = node.embedded;
    if (body) this.block(body);
    else if (embedded) this.embeddedCode(embedded.code);
  }

  private typeMark(type: Type): void {
    if (type == Type.Long || type == Type.String) this.put(":" + typeName(type));
  }

  private alias(node: AliasDeclaration): void {
    this.put("probe ");
    for (let i = 0; i < node.names.length; ++i) {
      this.point(node.names[i]);
      const isLast = i + 1 == node.names.length;
      this.put(node.epilogue && isLast ? " += " : " = ");
    }
    this.points(node.points);
    this.put(" ");
    this.block(node.body);
    const epilogue = node.epilogueBody;
    if (!epilogue) return;
    this.put(", ");
    this.block(epilogue);
  }

  private points(points: ProbePoint[]): void {
    for (let i = 0; i < points.length; ++i) {
      if (i > 0) this.put(", ");
      this.point(points[i]);
    }
  }

  point(point: ProbePoint): void {
    for (let i = 0; i < point.components.length; ++i) {
      const component = point.components[i];
      if (i > 0) this.put(".");
      this.put(component.name);
      const argument = component.argument;
      if (argument) {
        this.put("(");
        this.literal(argument);
        this.put(")");
      }
    }
    if (point.optional) this.put(point.sufficient ? "!" : "?");
    const condition = point.condition;
    if (condition) {
      this.put(" if (");
      this.expression(condition);
      this.put(")");
    }
  }

  /** A literal, where a sign belongs to the number. */
  private literal(node: Expression): void {
    if (node.kind == NodeKind.NumberLiteral) this.put((<NumberLiteral>node).value.toString());
    else this.expression(node);
  }

  // ---------------------------------------------------------------------------------------------------- statements

  private block(node: BlockStatement): void {
    this.put("{");
    ++this.level;
    for (let i = 0, n = node.statements.length; i < n; ++i) {
      this.line();
      this.statement(node.statements[i]);
    }
    --this.level;
    this.line();
    this.put("}");
  }

  /** The body of an `if` or a loop. */
  private body(node: Statement): void {
    if (node.kind == NodeKind.Block) {
      this.put(" ");
      this.block(<BlockStatement>node);
      return;
    }
    ++this.level;
    this.line();
    this.statement(node);
    --this.level;
  }

  private statement(node: Statement): void {
    switch (node.kind) {
      case NodeKind.Block:
        this.block(<BlockStatement>node);
        break;
      case NodeKind.Empty:
        this.put(";");
        break;
      case NodeKind.Expression:
        this.expression((<ExpressionStatement>node).expression);
        this.put(";");
        break;
      case NodeKind.If:
        this.ifStatement(<IfStatement>node);
        break;
      case NodeKind.While:
        this.put("while (");
        this.expression((<WhileStatement>node).condition);
        this.put(")");
        this.body((<WhileStatement>node).body);
        break;
      case NodeKind.For:
        this.forStatement(<ForStatement>node);
        break;
      case NodeKind.Foreach:
        this.foreachStatement(<ForeachStatement>node);
        break;
      case NodeKind.Try:
        this.tryStatement(<TryStatement>node);
        break;
      default:
        this.simple(node);
        break;
    }
  }

  private simple(node: Statement): void {
    switch (node.kind) {
      case NodeKind.Break:
        this.put("break;");
        break;
      case NodeKind.Continue:
        this.put("continue;");
        break;
      case NodeKind.Next:
        this.put("next;");
        break;
      case NodeKind.Return: {
        const value = (<ReturnStatement>node).value;
        this.put(value ? "return " : "return");
        if (value) this.expression(value);
        this.put(";");
        break;
      }
      case NodeKind.Delete:
        this.put("delete ");
        this.expression((<DeleteStatement>node).target);
        this.put(";");
        break;
      case NodeKind.EmbeddedStatement:
        this.embeddedCode((<EmbeddedStatement>node).code);
        this.put(";");
        break;
      default:
        assert(false, "not a statement");
    }
  }

  private ifStatement(first: IfStatement): void {
    let node = first;
    while (true) {
      this.put("if (");
      this.expression(node.condition);
      this.put(")");
      this.body(node.whenTrue);
      const other = node.whenFalse;
      if (!other) return;
      if (node.whenTrue.kind == NodeKind.Block) this.put(" ");
      else this.line();
      this.put("else");
      if (other.kind != NodeKind.If) {
        this.body(other);
        return;
      }
      this.put(" ");
      node = <IfStatement>other;
    }
  }

  private forStatement(node: ForStatement): void {
    this.put("for (");
    this.optional(node.initializer, "");
    this.put(";");
    this.optional(node.condition, " ");
    this.put(";");
    this.optional(node.step, " ");
    this.put(")");
    this.body(node.body);
  }

  private optional(node: Expression | null, before: string): void {
    if (!node) return;
    this.put(before);
    this.expression(node);
  }

  private foreachStatement(node: ForeachStatement): void {
    this.put("foreach (");
    const value = node.value;
    if (value) {
      this.put(value.name);
      this.put(" = ");
    }
    this.put("[");
    for (let i = 0; i < node.keys.length; ++i) {
      if (i > 0) this.put(", ");
      this.put(node.keys[i].variable.name);
      this.sortMark(node.keys[i].sort);
    }
    this.put("] in ");
    this.expression(node.array);
    const slice = node.slice;
    if (slice) this.keys(slice);
    if (node.valueExtractor != Operator.None) {
      this.put(" ");
      this.operator(node.valueExtractor);
    }
    this.sortMark(node.valueSort);
    this.optional(node.limit, " limit ");
    this.put(")");
    this.body(node.body);
  }

  private sortMark(sort: SortOrder): void {
    if (sort != SortOrder.None) this.put(sort == SortOrder.Ascending ? "+" : "-");
  }

  private tryStatement(node: TryStatement): void {
    this.put("try");
    this.body(node.body);
    this.put(" catch");
    const variable = node.variable;
    if (variable) this.put(` (${variable.name})`);
    this.body(node.handler);
  }
}
