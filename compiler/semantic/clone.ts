// Deep copies of trees. A tree is copied when it is used in several places with different meanings: the body of an
// alias in each probe that uses it, the body of a function that is inlined. The copy shares symbols and types with the
// original.

import {
  AssignmentExpression,
  AtVarExpression,
  AutocastExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  CastExpression,
  ChooseDefinedExpression,
  ConstExpression,
  DefinedExpression,
  DeleteStatement,
  DerefExpression,
  EmbeddedExpression,
  EmbeddedStatement,
  EntryExpression,
  ErrorExpression,
  Expression,
  ExpressionStatement,
  ForeachKey,
  ForeachStatement,
  ForStatement,
  HistogramExpression,
  Identifier,
  IfStatement,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  PathPart,
  PerfExpression,
  ProbeWriteExpression,
  RegisterExpression,
  ReturnStatement,
  Statement,
  StatisticExpression,
  StringLiteral,
  TargetExpression,
  TargetVariable,
  TernaryExpression,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
  WhileStatement,
  WildcardExpression,
} from "../syntax/ast";

/** A copy of an expression. */
export function cloneExpression(e: Expression): Expression {
  const copy = copyExpression(e);
  copy.type = e.type;
  copy.pointee = e.pointee;
  return copy;
}

function copyExpression(e: Expression): Expression {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return new NumberLiteral(e.range, (<NumberLiteral>e).value);
    case NodeKind.StringLiteral:
      return new StringLiteral(e.range, (<StringLiteral>e).value);
    case NodeKind.Identifier:
      return cloneIdentifier(<Identifier>e);
    case NodeKind.Index: {
      const index = <IndexExpression>e;
      return new IndexExpression(e.range, cloneExpression(index.base), cloneList(index.keys));
    }
    case NodeKind.In: {
      const test = <InExpression>e;
      return new InExpression(e.range, cloneList(test.keys), cloneExpression(test.array));
    }
    case NodeKind.Call: {
      const call = <CallExpression>e;
      const copy = new CallExpression(e.range, call.name, call.nameRange, cloneList(call.args));
      copy.symbol = call.symbol;
      return copy;
    }
    case NodeKind.Unary: {
      const unary = <UnaryExpression>e;
      return new UnaryExpression(e.range, unary.op, cloneExpression(unary.operand));
    }
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate: {
      const update = <UpdateExpression>e;
      return new UpdateExpression(e.kind, e.range, update.op, cloneExpression(update.operand));
    }
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      const left = cloneExpression(binary.left);
      return new BinaryExpression(e.range, binary.op, left, cloneExpression(binary.right), binary.opRange);
    }
    case NodeKind.Ternary: {
      const ternary = <TernaryExpression>e;
      const condition = cloneExpression(ternary.condition);
      const whenTrue = cloneExpression(ternary.whenTrue);
      return new TernaryExpression(e.range, condition, whenTrue, cloneExpression(ternary.whenFalse));
    }
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      const target = cloneExpression(assignment.target);
      const value = cloneExpression(assignment.value);
      return new AssignmentExpression(e.range, assignment.op, target, value, assignment.opRange);
    }
    default:
      return copyAtExpression(e);
  }
}

function copyAtExpression(e: Expression): Expression {
  switch (e.kind) {
    case NodeKind.TargetVariable:
      return withPath(new TargetVariable(e.range, (<TargetVariable>e).name), <TargetExpression>e);
    case NodeKind.AtVar: {
      const variable = <AtVarExpression>e;
      return withPath(new AtVarExpression(e.range, variable.name, variable.module), variable);
    }
    case NodeKind.Cast: {
      const cast = <CastExpression>e;
      const operand = cloneExpression(cast.operand);
      return withPath(new CastExpression(e.range, operand, cast.typeName, cast.module), cast);
    }
    case NodeKind.Autocast: {
      const operand = cloneExpression((<AutocastExpression>e).operand);
      return withPath(new AutocastExpression(e.range, operand), <TargetExpression>e);
    }
    case NodeKind.Entry:
      return new EntryExpression(e.range, cloneExpression((<EntryExpression>e).operand));
    case NodeKind.Perf:
      return new PerfExpression(e.range, (<PerfExpression>e).counter);
    case NodeKind.Defined: {
      const defined = <DefinedExpression>e;
      const copy = new DefinedExpression(e.range, cloneExpression(defined.operand));
      copy.isTyped = defined.isTyped;
      copy.exists = defined.exists !== null ? cloneExpression(<Expression>defined.exists) : null;
      return copy;
    }
    case NodeKind.ChooseDefined: {
      const choose = <ChooseDefinedExpression>e;
      const copy = new ChooseDefinedExpression(
        e.range,
        cloneExpression(choose.value),
        cloneExpression(choose.fallback),
      );
      copy.isTyped = choose.isTyped;
      copy.exists = choose.exists !== null ? cloneExpression(<Expression>choose.exists) : null;
      return copy;
    }
    case NodeKind.Const:
      return new ConstExpression(e.range, (<ConstExpression>e).text);
    case NodeKind.ProbeWrite:
      return new ProbeWriteExpression(e.range, cloneExpression((<ProbeWriteExpression>e).operand));
    case NodeKind.Deref: {
      const deref = <DerefExpression>e;
      const copy = new DerefExpression(e.range, deref.op, deref.size, cloneExpression(deref.address));
      copy.isSigned = deref.isSigned;
      copy.near = deref.near;
      copy.relocation = deref.relocation;
      return copy;
    }
    case NodeKind.Register: {
      const register = <RegisterExpression>e;
      return new RegisterExpression(e.range, register.op, register.number);
    }
    case NodeKind.Statistic: {
      const statistic = <StatisticExpression>e;
      const operand = cloneExpression(statistic.operand);
      return new StatisticExpression(e.range, statistic.op, operand, statistic.parameters);
    }
    case NodeKind.Histogram: {
      const histogram = <HistogramExpression>e;
      const operand = cloneExpression(histogram.operand);
      return new HistogramExpression(e.range, histogram.op, operand, histogram.parameters);
    }
    case NodeKind.Wildcard:
      return new WildcardExpression(e.range);
    case NodeKind.EmbeddedExpression:
      return new EmbeddedExpression(e.range, (<EmbeddedExpression>e).code);
    default:
      return new ErrorExpression(e.range);
  }
}

function cloneIdentifier(e: Identifier): Identifier {
  const copy = new Identifier(e.range, e.name);
  copy.symbol = e.symbol;
  copy.type = e.type;
  return copy;
}

function cloneList(list: Expression[]): Expression[] {
  const copy: Expression[] = [];
  for (let i = 0, n = list.length; i < n; ++i) copy.push(cloneExpression(list[i]));
  return copy;
}

function withPath(copy: TargetExpression, from: TargetExpression): TargetExpression {
  copy.addressOf = from.addressOf;
  for (let i = 0, n = from.path.length; i < n; ++i) {
    const part = from.path[i];
    const part2 = new PathPart(part.range, part.pathKind);
    part2.name = part.name;
    part2.number = part.number;
    part2.depth = part.depth;
    const index = part.index;
    if (index) part2.index = cloneExpression(index);
    copy.path.push(part2);
  }
  return copy;
}

/** A copy of a block. */
export function cloneBlock(block: BlockStatement): BlockStatement {
  const copy: Statement[] = [];
  for (let i = 0, n = block.statements.length; i < n; ++i) copy.push(cloneStatement(block.statements[i]));
  return new BlockStatement(block.range, copy);
}

/** A copy of a statement. */
function cloneStatement(s: Statement): Statement {
  switch (s.kind) {
    case NodeKind.Block:
      return cloneBlock(<BlockStatement>s);
    case NodeKind.Expression:
      return new ExpressionStatement(s.range, cloneExpression((<ExpressionStatement>s).expression));
    case NodeKind.If: {
      const branch = <IfStatement>s;
      const other = branch.whenFalse;
      const whenFalse: Statement | null = other ? cloneStatement(other) : null;
      return new IfStatement(s.range, cloneExpression(branch.condition), cloneStatement(branch.whenTrue), whenFalse);
    }
    case NodeKind.Return:
      return new ReturnStatement(s.range, cloneOptional((<ReturnStatement>s).value));
    case NodeKind.Delete:
      return new DeleteStatement(s.range, cloneExpression((<DeleteStatement>s).target));
    case NodeKind.Try: {
      const attempt = <TryStatement>s;
      const variable = attempt.variable;
      const name: Identifier | null = variable ? cloneIdentifier(variable) : null;
      return new TryStatement(s.range, cloneStatement(attempt.body), name, cloneStatement(attempt.handler));
    }
    case NodeKind.EmbeddedStatement:
      return new EmbeddedStatement(s.range, (<EmbeddedStatement>s).code);
    default:
      return cloneLoop(s);
  }
}

function cloneOptional(e: Expression | null): Expression | null {
  return e ? cloneExpression(e) : null;
}

function cloneLoop(s: Statement): Statement {
  switch (s.kind) {
    case NodeKind.While: {
      const loop = <WhileStatement>s;
      return new WhileStatement(s.range, cloneExpression(loop.condition), cloneStatement(loop.body));
    }
    case NodeKind.For: {
      const loop = <ForStatement>s;
      const copy = new ForStatement(s.range, cloneStatement(loop.body));
      copy.initializer = cloneOptional(loop.initializer);
      copy.condition = cloneOptional(loop.condition);
      copy.step = cloneOptional(loop.step);
      return copy;
    }
    case NodeKind.Foreach:
      return cloneForeach(<ForeachStatement>s);
    default:
      // Leaves hold nothing that a pass fills: empty, break, continue, next.
      return s;
  }
}

function cloneForeach(s: ForeachStatement): ForeachStatement {
  const keys: ForeachKey[] = [];
  for (let i = 0, n = s.keys.length; i < n; ++i) {
    const key = new ForeachKey(s.keys[i].range, cloneIdentifier(s.keys[i].variable));
    key.sort = s.keys[i].sort;
    keys.push(key);
  }
  const copy = new ForeachStatement(s.range, keys, cloneExpression(s.array), cloneStatement(s.body));
  const value = s.value;
  if (value) copy.value = cloneIdentifier(value);
  copy.valueSort = s.valueSort;
  copy.valueExtractor = s.valueExtractor;
  const slice = s.slice;
  if (slice) copy.slice = cloneList(slice);
  copy.limit = cloneOptional(s.limit);
  return copy;
}
