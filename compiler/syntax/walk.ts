// Visits a whole tree, for passes that care about a few kinds of nodes. A pass extends `Walk` and overrides `enter`
// (which returns false to skip the children) and `leave`. Children are visited in the order of the script. Passes that
// care about most kinds switch on `kind` themselves.

import {
  AliasDeclaration,
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
  ExpressionStatement,
  ForeachKey,
  ForeachStatement,
  ForStatement,
  FunctionDeclaration,
  GlobalDeclaration,
  HistogramExpression,
  IfStatement,
  IndexExpression,
  InExpression,
  Node,
  NodeKind,
  PathPart,
  ProbeComponent,
  ProbeDeclaration,
  ProbePoint,
  ProbeWriteExpression,
  ReturnStatement,
  ScriptFile,
  StatisticExpression,
  TargetExpression,
  TernaryExpression,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
  WhileStatement,
} from "./ast";

/** Visits a node and all below it. */
export abstract class Walk {
  /** Called before the children; returns whether to visit them. */
  enter(_node: Node): bool {
    return true;
  }

  /** Called after the children (or instead of them). */
  leave(_node: Node): void {}

  /** Visits a node. */
  visit(node: Node): void {
    if (this.enter(node)) this.visitChildren(node);
    this.leave(node);
  }

  /** Visits a node that may be missing. */
  protected visitOptional(node: Node | null): void {
    if (node) this.visit(node);
  }

  protected visitAll<T extends Node>(nodes: T[]): void {
    for (let i = 0, n = nodes.length; i < n; ++i) this.visit(nodes[i]);
  }

  /** Visits what is directly below a node. */
  protected visitChildren(node: Node): void {
    if (node.kind < NodeKind.Block) this.visitExpressionParts(node);
    else if (node.kind < NodeKind.PathPart) this.visitStatementParts(node);
    else this.visitFileParts(node);
  }

  private visitExpressionParts(node: Node): void {
    switch (node.kind) {
      case NodeKind.Index:
        this.visit((<IndexExpression>node).base);
        this.visitAll((<IndexExpression>node).keys);
        break;
      case NodeKind.In:
        this.visitAll((<InExpression>node).keys);
        this.visit((<InExpression>node).array);
        break;
      case NodeKind.Call:
        this.visitAll((<CallExpression>node).args);
        break;
      case NodeKind.Unary:
        this.visit((<UnaryExpression>node).operand);
        break;
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        this.visit((<UpdateExpression>node).operand);
        break;
      case NodeKind.Binary:
        this.visit((<BinaryExpression>node).left);
        this.visit((<BinaryExpression>node).right);
        break;
      case NodeKind.Ternary:
        this.visit((<TernaryExpression>node).condition);
        this.visit((<TernaryExpression>node).whenTrue);
        this.visit((<TernaryExpression>node).whenFalse);
        break;
      case NodeKind.Assignment:
        this.visit((<AssignmentExpression>node).target);
        this.visit((<AssignmentExpression>node).value);
        break;
      default:
        this.visitAtParts(node);
        break;
    }
  }

  /** Of target expressions and @-words. */
  private visitAtParts(node: Node): void {
    switch (node.kind) {
      case NodeKind.Cast:
        this.visit((<CastExpression>node).operand);
        this.visitAll((<TargetExpression>node).path);
        break;
      case NodeKind.Autocast:
        this.visit((<AutocastExpression>node).operand);
        this.visitAll((<TargetExpression>node).path);
        break;
      case NodeKind.TargetVariable:
      case NodeKind.AtVar:
        this.visitAll((<TargetExpression>node).path);
        break;
      case NodeKind.Entry:
        this.visit((<EntryExpression>node).operand);
        break;
      case NodeKind.Defined:
        this.visit((<DefinedExpression>node).operand);
        break;
      case NodeKind.ChooseDefined:
        this.visit((<ChooseDefinedExpression>node).value);
        this.visit((<ChooseDefinedExpression>node).fallback);
        break;
      case NodeKind.ProbeWrite:
        this.visit((<ProbeWriteExpression>node).operand);
        break;
      case NodeKind.Deref:
        this.visit((<DerefExpression>node).address);
        break;
      case NodeKind.Statistic:
        this.visit((<StatisticExpression>node).operand);
        break;
      case NodeKind.Histogram:
        this.visit((<HistogramExpression>node).operand);
        break;
      default:
        // The rest has no children.
        break;
    }
  }

  private visitStatementParts(node: Node): void {
    switch (node.kind) {
      case NodeKind.Block:
        this.visitAll((<BlockStatement>node).statements);
        break;
      case NodeKind.Expression:
        this.visit((<ExpressionStatement>node).expression);
        break;
      case NodeKind.If:
        this.visit((<IfStatement>node).condition);
        this.visit((<IfStatement>node).whenTrue);
        this.visitOptional((<IfStatement>node).whenFalse);
        break;
      case NodeKind.While:
        this.visit((<WhileStatement>node).condition);
        this.visit((<WhileStatement>node).body);
        break;
      case NodeKind.For:
        this.visitOptional((<ForStatement>node).initializer);
        this.visitOptional((<ForStatement>node).condition);
        this.visitOptional((<ForStatement>node).step);
        this.visit((<ForStatement>node).body);
        break;
      case NodeKind.Foreach:
        this.visitForeach(<ForeachStatement>node);
        break;
      case NodeKind.Return:
        this.visitOptional((<ReturnStatement>node).value);
        break;
      case NodeKind.Delete:
        this.visit((<DeleteStatement>node).target);
        break;
      case NodeKind.Try:
        this.visit((<TryStatement>node).body);
        this.visitOptional((<TryStatement>node).variable);
        this.visit((<TryStatement>node).handler);
        break;
      default:
        // The rest has no children.
        break;
    }
  }

  protected visitForeach(node: ForeachStatement): void {
    this.visitOptional(node.value);
    this.visitAll(node.keys);
    this.visit(node.array);
    const slice = node.slice;
    if (slice) this.visitAll(slice);
    this.visitOptional(node.limit);
    this.visit(node.body);
  }

  private visitFileParts(node: Node): void {
    switch (node.kind) {
      case NodeKind.PathPart:
        this.visitOptional((<PathPart>node).index);
        break;
      case NodeKind.ForeachKey:
        this.visit((<ForeachKey>node).variable);
        break;
      case NodeKind.ProbeComponent:
        this.visitOptional((<ProbeComponent>node).argument);
        break;
      case NodeKind.ProbePoint:
        this.visitAll((<ProbePoint>node).components);
        this.visitOptional((<ProbePoint>node).condition);
        break;
      case NodeKind.Probe:
        this.visitAll((<ProbeDeclaration>node).points);
        this.visit((<ProbeDeclaration>node).body);
        break;
      case NodeKind.Alias:
        this.visitAll((<AliasDeclaration>node).names);
        this.visitAll((<AliasDeclaration>node).points);
        this.visit((<AliasDeclaration>node).body);
        this.visitOptional((<AliasDeclaration>node).epilogueBody);
        break;
      case NodeKind.Function:
        this.visitAll((<FunctionDeclaration>node).parameters);
        this.visitOptional((<FunctionDeclaration>node).body);
        this.visitOptional((<FunctionDeclaration>node).embedded);
        break;
      case NodeKind.Global:
        this.visitOptional((<GlobalDeclaration>node).initializer);
        break;
      case NodeKind.ScriptFile:
        this.visitAll((<ScriptFile>node).declarations);
        break;
      default:
        // Parameters and embedded declarations have no children.
        break;
    }
  }
}
