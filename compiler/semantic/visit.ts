// Visits a tree and does not change it. Passes that only read extend `Visitor` and override `expression` or
// `statement`; an override calls `children` or `parts` to continue below its node. Passes that replace nodes extend
// `Rewriter` (rewrite.ts), which visits in the same order.

import { BlockStatement, Expression, ForeachStatement, Node, NodeKind, Statement } from "../syntax/ast";
import { Walk } from "../syntax/walk";

/** The walk of passes that only read. */
export class Visitor extends Walk {
  /** Visits an expression. */
  expression(e: Expression): void {
    this.children(e);
  }

  /** Visits a statement. */
  statement(s: Statement): void {
    this.parts(s);
  }

  /** Visits the statements of a block. */
  block(block: BlockStatement): void {
    this.visitAll(block.statements);
  }

  /** Visits the expressions of a list. */
  list(list: Expression[]): void {
    this.visitAll(list);
  }

  /** Visits what stands below an expression. */
  children(e: Expression): void {
    this.visitChildren(e);
  }

  /** Visits what stands below a statement. */
  parts(s: Statement): void {
    this.visitChildren(s);
  }

  override visit(node: Node): void {
    if (node.kind < NodeKind.Block) this.expression(<Expression>node);
    else if (node.kind < NodeKind.PathPart) this.statement(<Statement>node);
    else this.visitChildren(node);
  }

  /** The array comes first, because it decides the types of the loop's variables. */
  protected override visitForeach(s: ForeachStatement): void {
    this.visit(s.array);
    const slice = s.slice;
    if (slice) this.visitAll(slice);
    this.visitOptional(s.limit);
    this.visitAll(s.keys);
    this.visitOptional(s.value);
    this.visit(s.body);
  }
}
