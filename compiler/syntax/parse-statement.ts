// Statements:
//
//   statement = block | ";" | simple [";"]
//             | "if" "(" expression ")" statement [ "else" statement ]
//             | "while" "(" expression ")" statement
//             | "for" "(" [expression] ";" [expression] ";" [expression] ")" statement
//             | "foreach" "(" [name [sort] "="] keys "in" array [slice] [[@op] sort] ["limit" expression] ")" statement
//             | "try" block "catch" [ "(" name ")" ] block
//   simple    = expression | "break" | "continue" | "next" | "return" [expression] | "delete" expression | %{ … %}
//
// A semicolon after a simple statement belongs to it; any other semicolon is an empty statement.

import { Code } from "../diagnostics/messages";
import {
  BlockStatement,
  BreakStatement,
  ContinueStatement,
  DeleteStatement,
  EmbeddedStatement,
  EmptyStatement,
  Expression,
  ExpressionStatement,
  ForeachKey,
  ForeachStatement,
  ForStatement,
  Identifier,
  IfStatement,
  NextStatement,
  ReturnStatement,
  SortOrder,
  Statement,
  TryStatement,
  WhileStatement,
} from "./ast";
import { ExpressionParser, embeddedText } from "./parse-expression";
import { Operator, OperatorFlags, operatorIs, TokenKind } from "./token";

/** Parses statements. */
export class StatementParser extends ExpressionParser {
  /** Whether `return` is allowed here. */
  protected inFunction: bool = false;

  protected parseStatement(): Statement {
    const token = this.token;
    if (!this.enter()) return new EmptyStatement(token.range);
    const statement = this.parseAnyStatement();
    this.leave();
    return statement;
  }

  private parseAnyStatement(): Statement {
    const token = this.token;
    switch (token.op) {
      case Operator.OpenBrace:
        return this.parseBlock();
      case Operator.Semicolon:
        return new EmptyStatement(this.take().range);
      case Operator.If:
        return this.parseIf();
      case Operator.While:
        return this.parseWhile();
      case Operator.For:
        return this.parseFor();
      case Operator.Foreach:
        return this.parseForeach();
      case Operator.Try:
        return this.parseTry();
      default:
        break;
    }
    const statement = this.parseSimple();
    this.accept(Operator.Semicolon);
    return statement;
  }

  private parseSimple(): Statement {
    const token = this.token;
    switch (token.op) {
      case Operator.Break:
        return new BreakStatement(this.take().range);
      case Operator.Continue:
        return new ContinueStatement(this.take().range);
      case Operator.Next:
        return new NextStatement(this.take().range);
      case Operator.Return:
        return this.parseReturn();
      case Operator.Delete:
        return this.parseDelete();
      default:
        break;
    }
    if (token.kind == TokenKind.EmbeddedCode) {
      this.needGuru(this.take());
      return new EmbeddedStatement(token.range, embeddedText(token));
    }
    if (token.kind == TokenKind.Keyword || token.kind == TokenKind.End) {
      this.fail(Code.ExpectedStatement);
      return new EmptyStatement(token.range);
    }
    const expression = this.parseExpression();
    const node = new ExpressionStatement(expression.range, expression);
    this.raise(node, expression);
    return node;
  }

  /** `{ … }`. */
  protected parseBlock(): BlockStatement {
    const first = this.token;
    const statements: Statement[] = [];
    this.expect(Operator.OpenBrace);
    this.braces.push(first);
    while (!this.panic && !this.at(Operator.CloseBrace)) statements.push(this.parseStatement());
    this.expect(Operator.CloseBrace);
    this.braces.pop();
    const node = new BlockStatement(this.since(first), statements);
    this.raiseAll(node, statements);
    return node;
  }

  private parseCondition(): Expression {
    this.expect(Operator.OpenParen);
    const condition = this.parseExpression();
    this.expect(Operator.CloseParen);
    return condition;
  }

  private parseIf(): Statement {
    const first = this.take();
    const condition = this.parseCondition();
    const whenTrue = this.parseStatement();
    const whenFalse: Statement | null = this.accept(Operator.Else) ? this.parseStatement() : null;
    const node = new IfStatement(this.since(first), condition, whenTrue, whenFalse);
    this.raise(node, condition);
    this.raise(node, whenTrue);
    this.raise(node, whenFalse);
    return node;
  }

  private parseWhile(): Statement {
    const first = this.take();
    const condition = this.parseCondition();
    const body = this.parseStatement();
    const node = new WhileStatement(this.since(first), condition, body);
    this.raise(node, condition);
    this.raise(node, body);
    return node;
  }

  private parseFor(): Statement {
    const first = this.take();
    this.expect(Operator.OpenParen);
    const initializer = this.parseOptional(Operator.Semicolon);
    const condition = this.parseOptional(Operator.Semicolon);
    const step = this.parseOptional(Operator.CloseParen);
    const body = this.parseStatement();
    const node = new ForStatement(this.since(first), body);
    node.initializer = initializer;
    node.condition = condition;
    node.step = step;
    this.raise(node, initializer);
    this.raise(node, condition);
    this.raise(node, step);
    this.raise(node, body);
    return node;
  }

  /** An expression up to `end`, or just `end`. */
  private parseOptional(end: Operator): Expression | null {
    if (this.accept(end)) return null;
    const expression = this.parseExpression();
    this.expect(end);
    return expression;
  }

  // ------------------------------------------------------------------------------------------------------- foreach

  private parseForeach(): Statement {
    const first = this.take();
    this.expect(Operator.OpenParen);
    // Filled in as it is read; the body comes last.
    const node = new ForeachStatement(
      first.range,
      [],
      new Identifier(first.range, ""),
      new EmptyStatement(first.range),
    );
    this.parseForeachHead(node);
    this.expect(Operator.CloseParen);
    node.body = this.parseStatement();
    node.range = this.since(first);
    this.raise(node, node.array);
    this.raise(node, node.limit);
    this.raise(node, node.body);
    const slice = node.slice;
    if (slice) this.raiseAll(node, slice);
    return node;
  }

  private parseForeachHead(node: ForeachStatement): void {
    if (this.at(Operator.OpenBracket)) {
      this.parseForeachKeys(node);
    } else {
      const name = this.parseVariable();
      const sort = this.parseSort(node);
      if (this.accept(Operator.Assign)) {
        node.value = name;
        node.valueSort = sort;
        if (this.at(Operator.OpenBracket)) this.parseForeachKeys(node);
        else this.addForeachKey(node);
      } else {
        const key = new ForeachKey(name.range, name);
        key.sort = sort;
        node.keys.push(key);
      }
    }
    this.expect(Operator.In);
    node.array = this.parseArrayName();
    if (this.accept(Operator.OpenBracket)) node.slice = this.parseKeys();
    this.parseValueSort(node);
    if (this.accept(Operator.Limit)) node.limit = this.parseExpression();
  }

  private parseForeachKeys(node: ForeachStatement): void {
    this.take();
    do {
      this.addForeachKey(node);
    } while (this.accept(Operator.Comma));
    if (!this.accept(Operator.CloseBracket)) this.failExpected("',' or ']'");
  }

  private addForeachKey(node: ForeachStatement): void {
    const name = this.parseVariable();
    const key = new ForeachKey(name.range, name);
    key.sort = this.parseSort(node);
    node.keys.push(key);
  }

  /** The name of a variable that is assigned to. */
  private parseVariable(): Identifier {
    const token = this.token;
    if (token.kind == TokenKind.Identifier) {
      this.take();
      return new Identifier(token.range, token.text);
    }
    this.failExpected("a variable's name");
    return new Identifier(token.range, "");
  }

  /** `+` or `-`, of which a whole foreach may have one. */
  private parseSort(node: ForeachStatement): SortOrder {
    const token = this.token;
    if (!token.is(Operator.Add) && !token.is(Operator.Subtract)) return SortOrder.None;
    if (isSorted(node)) {
      this.fail(Code.SortTwice);
      return SortOrder.None;
    }
    this.take();
    return token.is(Operator.Add) ? SortOrder.Ascending : SortOrder.Descending;
  }

  /** `+`, `-`, or `@sum +` and so on, after the array. */
  private parseValueSort(node: ForeachStatement): void {
    const token = this.token;
    const hasExtractor = token.kind == TokenKind.AtWord;
    if (hasExtractor) {
      if (!operatorIs(token.op, OperatorFlags.Extractor)) {
        this.failExpected("'@count', '@sum', '@min', '@max', '@avg' or '@variance'");
        return;
      }
      this.take();
    }
    const sort = this.parseSort(node);
    if (hasExtractor && sort == SortOrder.None) this.failExpected("'+' or '-'");
    if (sort == SortOrder.None) return;
    node.valueSort = sort;
    if (hasExtractor) node.valueExtractor = token.op;
  }

  // -------------------------------------------------------------------------------------------------------- others

  private parseTry(): Statement {
    const first = this.take();
    const body = this.parseBlock();
    this.expect(Operator.Catch);
    let variable: Identifier | null = null;
    if (this.accept(Operator.OpenParen)) {
      variable = this.parseVariable();
      this.expect(Operator.CloseParen);
    }
    const handler = this.parseBlock();
    const node = new TryStatement(this.since(first), body, variable, handler);
    this.raise(node, body);
    this.raise(node, handler);
    return node;
  }

  /** `return` alone when `;` or `}` follows. */
  private parseReturn(): Statement {
    const first = this.take();
    if (!this.inFunction) this.complain(Code.ReturnOutside, first.range);
    const isBare = this.at(Operator.Semicolon) || this.at(Operator.CloseBrace);
    const value: Expression | null = isBare ? null : this.parseExpression();
    const node = new ReturnStatement(this.since(first), value);
    this.raise(node, value);
    return node;
  }

  private parseDelete(): Statement {
    const first = this.take();
    const target = this.parseExpression();
    const node = new DeleteStatement(this.since(first), target);
    this.raise(node, target);
    return node;
  }
}

/** Whether a sort direction was given already. */
function isSorted(node: ForeachStatement): bool {
  if (node.valueSort != SortOrder.None) return true;
  for (let i = 0; i < node.keys.length; ++i) {
    if (node.keys[i].sort != SortOrder.None) return true;
  }
  return false;
}
