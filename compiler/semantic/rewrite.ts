// Walks a tree and replaces expressions. A pass extends `Rewriter` and overrides `expression` or `statement`; the
// result of the override takes the node's place. An override calls `children` or `parts` to continue below its node.
// Passes that only read extend `Visitor` (visit.ts).

import {
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
  Expression,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  HistogramExpression,
  Identifier,
  IfStatement,
  IndexExpression,
  InExpression,
  NodeKind,
  ProbeWriteExpression,
  ReturnStatement,
  Statement,
  StatisticExpression,
  TargetExpression,
  TernaryExpression,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
  WhileStatement,
} from "../syntax/ast";

/** The walk itself changes nothing. */
export class Rewriter {
  /** What takes the place of an expression. */
  expression(e: Expression): Expression {
    this.children(e);
    return e;
  }

  /** What takes the place of a statement. */
  statement(s: Statement): Statement {
    this.parts(s);
    return s;
  }

  /** Rewrites a block; a block stays a block. */
  block(block: BlockStatement): void {
    const list = block.statements;
    for (let i = 0, n = list.length; i < n; ++i) list[i] = this.statement(list[i]);
  }

  /** Rewrites a list in place. */
  list(list: Expression[]): void {
    for (let i = 0, n = list.length; i < n; ++i) list[i] = this.expression(list[i]);
  }

  /** Where only a name may stand (a loop variable): an override must answer with an identifier. */
  protected name(e: Identifier): Identifier {
    const replaced = this.expression(e);
    return replaced.kind == NodeKind.Identifier ? <Identifier>replaced : e;
  }

  /** Rewrites what stands below an expression. */
  children(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Index: {
        const index = <IndexExpression>e;
        index.base = this.expression(index.base);
        this.list(index.keys);
        return;
      }
      case NodeKind.In: {
        const test = <InExpression>e;
        this.list(test.keys);
        test.array = this.expression(test.array);
        return;
      }
      case NodeKind.Call:
        this.list((<CallExpression>e).args);
        return;
      case NodeKind.Unary: {
        const unary = <UnaryExpression>e;
        unary.operand = this.expression(unary.operand);
        return;
      }
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate: {
        const update = <UpdateExpression>e;
        update.operand = this.expression(update.operand);
        return;
      }
      case NodeKind.Binary: {
        const binary = <BinaryExpression>e;
        binary.left = this.expression(binary.left);
        binary.right = this.expression(binary.right);
        return;
      }
      case NodeKind.Ternary: {
        const ternary = <TernaryExpression>e;
        ternary.condition = this.expression(ternary.condition);
        ternary.whenTrue = this.expression(ternary.whenTrue);
        ternary.whenFalse = this.expression(ternary.whenFalse);
        return;
      }
      case NodeKind.Assignment: {
        const assignment = <AssignmentExpression>e;
        assignment.target = this.expression(assignment.target);
        assignment.value = this.expression(assignment.value);
        return;
      }
      default:
        this.atChildren(e);
    }
  }

  /** The @-words and target variables. */
  private atChildren(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Cast: {
        const cast = <CastExpression>e;
        cast.operand = this.expression(cast.operand);
        this.path(cast);
        return;
      }
      case NodeKind.Autocast: {
        const cast = <AutocastExpression>e;
        cast.operand = this.expression(cast.operand);
        this.path(cast);
        return;
      }
      case NodeKind.TargetVariable:
      case NodeKind.AtVar:
        this.path(<TargetExpression>e);
        return;
      case NodeKind.Entry: {
        const entry = <EntryExpression>e;
        entry.operand = this.expression(entry.operand);
        return;
      }
      case NodeKind.Defined: {
        const defined = <DefinedExpression>e;
        defined.operand = this.expression(defined.operand);
        return;
      }
      case NodeKind.ChooseDefined: {
        const choose = <ChooseDefinedExpression>e;
        choose.value = this.expression(choose.value);
        choose.fallback = this.expression(choose.fallback);
        return;
      }
      case NodeKind.ProbeWrite: {
        const write = <ProbeWriteExpression>e;
        write.operand = this.expression(write.operand);
        return;
      }
      case NodeKind.Deref: {
        const deref = <DerefExpression>e;
        deref.address = this.expression(deref.address);
        return;
      }
      case NodeKind.Statistic: {
        const statistic = <StatisticExpression>e;
        statistic.operand = this.expression(statistic.operand);
        return;
      }
      case NodeKind.Histogram: {
        const histogram = <HistogramExpression>e;
        histogram.operand = this.expression(histogram.operand);
        return;
      }
      default:
        // Leaves: literals, names, @const, @perf, registers, wildcards, embedded code, errors.
        return;
    }
  }

  private path(e: TargetExpression): void {
    for (let i = 0, n = e.path.length; i < n; ++i) {
      const index = e.path[i].index;
      if (index) e.path[i].index = this.expression(index);
    }
  }

  /** Rewrites what stands below a statement. */
  parts(s: Statement): void {
    switch (s.kind) {
      case NodeKind.Block:
        this.block(<BlockStatement>s);
        return;
      case NodeKind.Expression: {
        const statement = <ExpressionStatement>s;
        statement.expression = this.expression(statement.expression);
        return;
      }
      case NodeKind.If: {
        const branch = <IfStatement>s;
        branch.condition = this.expression(branch.condition);
        branch.whenTrue = this.statement(branch.whenTrue);
        const other = branch.whenFalse;
        if (other) branch.whenFalse = this.statement(other);
        return;
      }
      case NodeKind.Return: {
        const exit = <ReturnStatement>s;
        const value = exit.value;
        if (value) exit.value = this.expression(value);
        return;
      }
      case NodeKind.Delete: {
        const removal = <DeleteStatement>s;
        removal.target = this.expression(removal.target);
        return;
      }
      case NodeKind.Try:
        this.tryParts(<TryStatement>s);
        return;
      default:
        this.loopParts(s);
    }
  }

  private tryParts(s: TryStatement): void {
    s.body = this.statement(s.body);
    const variable = s.variable;
    if (variable) s.variable = this.name(variable);
    s.handler = this.statement(s.handler);
  }

  private loopParts(s: Statement): void {
    switch (s.kind) {
      case NodeKind.While: {
        const loop = <WhileStatement>s;
        loop.condition = this.expression(loop.condition);
        loop.body = this.statement(loop.body);
        return;
      }
      case NodeKind.For: {
        const loop = <ForStatement>s;
        const initializer = loop.initializer;
        if (initializer) loop.initializer = this.expression(initializer);
        const condition = loop.condition;
        if (condition) loop.condition = this.expression(condition);
        const step = loop.step;
        if (step) loop.step = this.expression(step);
        loop.body = this.statement(loop.body);
        return;
      }
      case NodeKind.Foreach:
        this.foreachParts(<ForeachStatement>s);
        return;
      default:
        // Leaves: empty, break, continue, next, embedded code.
        return;
    }
  }

  private foreachParts(s: ForeachStatement): void {
    s.array = this.expression(s.array);
    const slice = s.slice;
    if (slice) this.list(slice);
    const limit = s.limit;
    if (limit) s.limit = this.expression(limit);
    for (let i = 0, n = s.keys.length; i < n; ++i) s.keys[i].variable = this.name(s.keys[i].variable);
    const value = s.value;
    if (value) s.value = this.name(value);
    s.body = this.statement(s.body);
  }
}
