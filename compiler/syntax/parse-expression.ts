// Expressions, from loose to tight; all binary operators are left-associative:
//
//   expression = ternary [ assignment-operator expression ]
//   ternary    = binary [ "?" expression ":" ternary ]
//   binary     = ||  &&  |  ^  &  in  (< > <= >= == != | =~ !~)  (<< >> >>>)  .  (+ -)  (* / %)
//   unary      = ("-" | "+" | "!" | "~") unary | "&" value | ("++" | "--") value | value ["++" | "--"]
//   value      = primary { "->" name | "[" expression "]" } [ "$" | "$$" ]
//
// `in` takes one comparison, or a list of keys in brackets, and does not chain; nor do `=~` and `!~`.

import { joinTexts } from "../../common/as/text-builder";
import { Code } from "../diagnostics/messages";
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
  ErrorExpression,
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
  WildcardExpression,
} from "./ast";
import { stringValue } from "./condition";
import { Cursor } from "./cursor";
import { bpftraceMapHint } from "./hints";
import { isLaterMacro } from "./later-macros";
import { decodeNumber } from "./lexer";
import { MAX_ARGUMENTS } from "./limit";
import { PrintWord, printWord } from "./print-words";
import {
  COMPARISON_PRECEDENCE,
  IN_PRECEDENCE,
  Operator,
  OperatorFlags,
  operatorIs,
  operatorRow,
  Token,
  TokenKind,
} from "./token";
import { compareVersions } from "./wildcard";

const DOLLAR: i32 = 0x24;

/** Parses expressions. */
export class ExpressionParser extends Cursor {
  protected parseExpression(): Expression {
    const first = this.token;
    if (!this.enter()) return this.errorExpression();
    let result = this.parseTernary();
    const op = this.token;
    if (operatorIs(op.op, OperatorFlags.Assignment)) {
      this.take();
      const value = this.parseExpression();
      const node = new AssignmentExpression(this.since(first), op.op, result, value, op.range);
      this.raise(node, result);
      this.raise(node, value);
      result = node;
    }
    this.leave();
    return result;
  }

  protected errorExpression(): Expression {
    return new ErrorExpression(this.token.range);
  }

  private parseTernary(): Expression {
    const first = this.token;
    const condition = this.parseBinary(1);
    if (!this.accept(Operator.Question)) return condition;
    if (!this.enter()) return this.errorExpression();
    const whenTrue = this.parseExpression();
    this.expect(Operator.Colon);
    // Up to 3.3 the third operand was any expression: `x ? y : y = 1`.
    const isOld = compareVersions(this.options.systemtapVersion, "3.3") <= 0;
    const whenFalse = isOld ? this.parseExpression() : this.parseTernary();
    this.leave();
    const node = new TernaryExpression(this.since(first), condition, whenTrue, whenFalse);
    this.raise(node, condition);
    this.raise(node, whenTrue);
    this.raise(node, whenFalse);
    return node;
  }

  /** Operators that bind at least as tightly as `min`. */
  private parseBinary(min: i32): Expression {
    const first = this.token;
    if (!this.enter()) return this.errorExpression();
    const isKeys = min <= IN_PRECEDENCE && this.at(Operator.OpenBracket);
    let left: Expression;
    // What follows may not bind tighter than this: `a in b == c` is not `(a in b) == c`.
    let max = i32.MAX_VALUE;
    if (isKeys) {
      left = this.parseKeysIn(first);
      max = IN_PRECEDENCE - 1;
    } else {
      left = this.parseUnary();
    }
    while (true) {
      const op = this.token;
      if (op.op == Operator.In && min <= IN_PRECEDENCE && max >= IN_PRECEDENCE) {
        const keys: Expression[] = [left];
        left = this.parseIn(first, keys);
        max = IN_PRECEDENCE - 1;
        continue;
      }
      const precedence = operatorRow(op.op).precedence;
      if (precedence == 0 || precedence < min || precedence > max) break;
      if (operatorIs(op.op, OperatorFlags.Match)) {
        if (max == COMPARISON_PRECEDENCE) break;
        left = this.parseMatch(first, left);
        max = COMPARISON_PRECEDENCE - 1;
        continue;
      }
      this.take();
      const right = this.parseBinary(precedence + 1);
      left = this.makeBinary(first, op, left, right);
      max = precedence;
    }
    this.leave();
    return left;
  }

  private makeBinary(first: Token, op: Token, left: Expression, right: Expression): Expression {
    const node = new BinaryExpression(this.since(first), op.op, left, right, op.range);
    this.raise(node, left);
    this.raise(node, right);
    return node;
  }

  /** `=~ "regular expression"`. */
  private parseMatch(first: Token, left: Expression): Expression {
    const op = this.take();
    if (!this.atKind(TokenKind.String)) {
      this.failExpected("string literal");
      return this.errorExpression();
    }
    return this.makeBinary(first, op, left, this.parseString());
  }

  /** `[key, …] in array`. */
  private parseKeysIn(first: Token): Expression {
    this.take();
    const keys = this.parseKeys();
    if (!this.at(Operator.In)) {
      this.fail(Code.KeyList);
      return this.errorExpression();
    }
    return this.parseIn(first, keys);
  }

  private parseIn(first: Token, keys: Expression[]): Expression {
    this.expect(Operator.In);
    const array = this.parseArrayName();
    const node = new InExpression(this.since(first), keys, array);
    this.raiseAll(node, keys);
    this.raise(node, array);
    return node;
  }

  /** An array's name or a histogram, after `in`. */
  protected parseArrayName(): Expression {
    const token = this.token;
    if (token.kind == TokenKind.Identifier) {
      this.take();
      return new Identifier(token.range, token.text);
    }
    if (operatorIs(token.op, OperatorFlags.Histogram)) return this.parseHistogram();
    this.failExpected("an array's name");
    return this.errorExpression();
  }

  /** Keys up to and with `]`, where `*` stands for any. */
  protected parseKeys(): Expression[] {
    const keys: Expression[] = [];
    do {
      if (this.at(Operator.Multiply)) keys.push(new WildcardExpression(this.take().range));
      else keys.push(this.parseExpression());
    } while (this.accept(Operator.Comma) && this.hasRoom(keys.length));
    if (!this.accept(Operator.CloseBracket)) this.failExpected("',' or ']'");
    return keys;
  }

  /** Whether a list may have one more; a failure if not. */
  protected hasRoom(count: i32): bool {
    if (count < MAX_ARGUMENTS) return true;
    this.fail(Code.TooManyArguments, MAX_ARGUMENTS.toString());
    return false;
  }

  private parseUnary(): Expression {
    const op = this.token;
    switch (op.op) {
      case Operator.Subtract:
      case Operator.Add:
      case Operator.Not:
      case Operator.BitNot:
        return this.parsePrefix();
      case Operator.Increment:
      case Operator.Decrement: {
        this.take();
        const operand = this.parseReference();
        const node = new UpdateExpression(NodeKind.PreUpdate, this.since(op), op.op, operand);
        this.raise(node, operand);
        return node;
      }
      default:
        return this.parsePostfix();
    }
  }

  private parsePrefix(): Expression {
    const op = this.take();
    if (!this.enter()) return this.errorExpression();
    const operand = this.parseUnary();
    this.leave();
    const node = new UnaryExpression(this.since(op), op.op, operand);
    this.raise(node, operand);
    return node;
  }

  private parsePostfix(): Expression {
    const first = this.token;
    const operand = this.parseReference();
    const op = this.token.op;
    if (op != Operator.Increment && op != Operator.Decrement) return operand;
    this.take();
    const node = new UpdateExpression(NodeKind.PostUpdate, this.since(first), op, operand);
    this.raise(node, operand);
    return node;
  }

  /** `& value`, or a value. */
  private parseReference(): Expression {
    const first = this.token;
    if (!this.accept(Operator.BitAnd)) return this.parseValue();
    const operand = this.parseValue();
    const isTarget = operand.kind >= NodeKind.TargetVariable && operand.kind <= NodeKind.Autocast;
    if (isTarget && !(<TargetExpression>operand).addressOf) {
      operand.range = this.since(first);
      (<TargetExpression>operand).addressOf = true;
      return operand;
    }
    const node = new AutocastExpression(this.since(first), operand);
    node.addressOf = true;
    this.raise(node, operand);
    return node;
  }

  /** A primary with its path. */
  private parseValue(): Expression {
    const first = this.token;
    const base = this.parsePrimary();
    const isBare = !first.is(Operator.OpenParen);
    if (this.panic) return base;
    const isTarget = base.kind >= NodeKind.TargetVariable && base.kind <= NodeKind.Cast;
    if (isBare && isTarget) {
      this.parsePath(<TargetExpression>base);
      base.range = this.since(first);
      return base;
    }
    if (!this.at(Operator.Arrow) && !this.at(Operator.OpenBracket) && !this.atPretty) return base;
    // Up to 2.5 only variables of the traced code had members.
    if (compareVersions(this.options.systemtapVersion, "2.5") <= 0) return base;
    const node = new AutocastExpression(this.since(first), base);
    this.raise(node, base);
    this.parsePath(node);
    node.range = this.since(first);
    return node;
  }

  /** Whether the next token is a `$` or `$$` that ends a path. */
  private get atPretty(): bool {
    const token = this.token;
    if (token.kind != TokenKind.Identifier || token.range.end - token.range.start > 2) return false;
    return token.text == "$" || token.text == "$$";
  }

  private parsePath(target: TargetExpression): void {
    while (true) {
      const path = target.path;
      const pretty = path.length > 0 && path[path.length - 1].pathKind == PathKind.Pretty;
      if (this.at(Operator.Arrow) || this.at(Operator.OpenBracket)) {
        if (pretty) {
          this.fail(Code.PrettyEnd);
          return;
        }
        if (this.at(Operator.Arrow)) this.parseMember(target);
        else this.parsePathIndex(target);
      } else if (this.atPretty && !pretty) {
        const token = this.take();
        this.addPretty(target, token, token.range.end - token.range.start);
      } else {
        return;
      }
    }
  }

  private addPretty(target: TargetExpression, token: Token, depth: i32): void {
    const part = new PathPart(token.range, PathKind.Pretty);
    part.depth = depth;
    target.path.push(part);
  }

  /** `->name`, whose name may end with a pretty-printing `$`. */
  private parseMember(target: TargetExpression): void {
    this.take();
    const token = this.token;
    if (token.kind != TokenKind.Identifier && token.kind != TokenKind.Keyword) {
      this.failExpected("a member's name");
      return;
    }
    this.take();
    const name = token.text;
    const dollars = trailingDollars(name);
    const part = new PathPart(token.range, PathKind.Member);
    part.name = name.substring(0, name.length - dollars);
    target.path.push(part);
    if (dollars > 0) this.addPretty(target, token, dollars);
  }

  private parsePathIndex(target: TargetExpression): void {
    const open = this.take();
    const index = this.parseExpression();
    this.expect(Operator.CloseBracket);
    const isLiteral = index.kind == NodeKind.NumberLiteral;
    const part = new PathPart(this.since(open), isLiteral ? PathKind.LiteralIndex : PathKind.Index);
    if (isLiteral) part.number = (<NumberLiteral>index).value;
    else part.index = index;
    target.path.push(part);
    this.raise(target, index);
  }

  // ----------------------------------------------------------------------------------------------------- primaries

  private parsePrimary(): Expression {
    const token = this.token;
    switch (token.kind) {
      case TokenKind.Number:
        return this.parseNumber();
      case TokenKind.String:
        return this.parseString();
      case TokenKind.Identifier:
        return this.parseName();
      case TokenKind.AtWord:
        return this.parseAtWord();
      case TokenKind.EmbeddedCode:
        this.needGuru(this.take());
        return new EmbeddedExpression(token.range, embeddedText(token));
      default:
        break;
    }
    if (this.accept(Operator.OpenParen)) {
      const inner = this.parseExpression();
      this.expect(Operator.CloseParen);
      return inner;
    }
    this.fail(Code.ExpectedExpression);
    return this.errorExpression();
  }

  protected parseNumber(): NumberLiteral {
    const token = this.token;
    const number = decodeNumber(token.text);
    if (!number.ok) this.fail(Code.BadNumber);
    this.take();
    return new NumberLiteral(token.range, <i64>number.value);
  }

  /** A number with an optional sign, where only a literal will do. */
  protected parseSignedNumber(): NumberLiteral {
    const first = this.token;
    const negative = this.accept(Operator.Subtract);
    if (!this.atKind(TokenKind.Number)) {
      this.failExpected("number literal");
      return new NumberLiteral(first.range, 0);
    }
    const literal = this.parseNumber();
    return negative ? new NumberLiteral(this.since(first), -literal.value) : literal;
  }

  /** One or more adjacent string literals. */
  protected parseString(): StringLiteral {
    const first = this.take();
    let value = stringValue(first);
    if (this.atKind(TokenKind.String)) {
      const parts: string[] = [value];
      // Up to 1.8 only white space could stand between them.
      const isOld = compareVersions(this.options.systemtapVersion, "1.8") <= 0;
      for (let last = first; this.atKind(TokenKind.String); ) {
        const next = this.token.range;
        if (isOld && last.range.source.slice(last.range.end, next.start).trim().length > 0) break;
        last = this.take();
        parts.push(stringValue(last));
      }
      value = joinTexts(parts);
    }
    return new StringLiteral(this.since(first), value);
  }

  /** A string literal where only that will do; its value. */
  private takeString(): string {
    if (this.atKind(TokenKind.String)) return this.parseString().value;
    this.failExpected("string literal");
    return "";
  }

  /** `name`, `name(…)`, `name[…]`, `$name`. */
  private parseName(): Expression {
    const token = this.take();
    const name = token.text;
    if (name.charCodeAt(0) == DOLLAR) return this.makeTargetVariable(token, name);
    if (this.at(Operator.OpenParen)) return this.parseCall(token, name);
    if (this.at(Operator.OpenBracket)) return this.parseIndex(token, new Identifier(token.range, name));
    return new Identifier(token.range, name);
  }

  private makeTargetVariable(token: Token, name: string): Expression {
    let dollars = trailingDollars(name);
    if (dollars == name.length) dollars = 0;
    const node = new TargetVariable(token.range, name.substring(0, name.length - dollars));
    if (dollars > 0) this.addPretty(node, token, dollars);
    return node;
  }

  private parseCall(token: Token, name: string): Expression {
    this.take();
    const word = printWord(name);
    const takesHistogram = word == PrintWord.Value || word == PrintWord.Line;
    const mayBeEmpty = word == PrintWord.None || word == PrintWord.Line;
    const args: Expression[] = [];
    let isWhole = false;
    if (!mayBeEmpty || !this.at(Operator.CloseParen)) {
      do {
        if (takesHistogram && args.length == 0 && operatorIs(this.token.op, OperatorFlags.Histogram)) {
          // A whole histogram is all that is printed.
          args.push(this.parseHistogramValue(true));
          isWhole = args[0].kind == NodeKind.Histogram;
        } else if (args.length == 0 && word >= PrintWord.Format) {
          args.push(this.parsePrintText(word, name));
        } else {
          args.push(this.parseExpression());
        }
      } while (!isWhole && this.accept(Operator.Comma) && this.hasRoom(args.length));
    }
    if (word == PrintWord.Delimiter && args.length < 2) this.failExpected("',' and a value after the delimiter");
    if (!this.accept(Operator.CloseParen)) this.failExpected(isWhole ? "')'" : "',' or ')'");
    const node = new CallExpression(this.since(token), name, token.range, args);
    this.raiseAll(node, args);
    return node;
  }

  /** The format or the delimiter of a print: a literal. */
  private parsePrintText(word: PrintWord, name: string): Expression {
    if (this.atKind(TokenKind.String)) return this.parseString();
    this.failExpected(`a string literal as the ${word == PrintWord.Format ? "format" : "delimiter"} of '${name}'`);
    return this.errorExpression();
  }

  private parseIndex(first: Token, base: Expression): Expression {
    this.take();
    const keys = this.parseKeys();
    const node = new IndexExpression(this.since(first), base, keys);
    this.raise(node, base);
    this.raiseAll(node, keys);
    return node;
  }

  // ------------------------------------------------------------------------------------------------------- @-words

  private parseAtWord(): Expression {
    const token = this.token;
    if (operatorIs(token.op, OperatorFlags.Histogram)) return this.parseHistogramValue(false);
    if (operatorIs(token.op, OperatorFlags.Extractor)) return this.parseStatistic();
    switch (token.op) {
      case Operator.AtVar:
        return this.parseAtVar();
      case Operator.AtCast:
        return this.parseCast();
      case Operator.AtEntry:
      case Operator.AtDefined:
      case Operator.AtProbeWrite:
        return this.parseOfOperand();
      case Operator.AtChooseDefined:
        return this.parseChooseDefined();
      case Operator.AtConst:
      case Operator.AtPerf:
        return this.parseOfString();
      case Operator.AtKderef:
      case Operator.AtUderef:
      case Operator.AtKregister:
      case Operator.AtUregister:
        return this.parseRaw();
      default:
        if (isLaterMacro(token.text.substring(1))) this.fail(Code.LaterMacro, token.text);
        else this.failWithHint(Code.UnknownAtWord, token.text, bpftraceMapHint(token, this.following));
        return this.errorExpression();
    }
  }

  private parseAtVar(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const name = this.takeString();
    const module = this.accept(Operator.Comma) ? this.takeString() : "";
    this.expect(Operator.CloseParen);
    return new AtVarExpression(this.since(token), name, module);
  }

  private parseCast(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const operand = this.parseExpression();
    this.expect(Operator.Comma);
    const typeName = this.takeString();
    const module = this.accept(Operator.Comma) ? this.takeString() : "";
    this.expect(Operator.CloseParen);
    const node = new CastExpression(this.since(token), operand, typeName, module);
    this.raise(node, operand);
    return node;
  }

  /** `@entry(…)`, `@defined(…)`, `@probewrite(…)`. */
  private parseOfOperand(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const operand = this.parseExpression();
    this.expect(Operator.CloseParen);
    const range = this.since(token);
    let node: Expression;
    if (token.op == Operator.AtEntry) node = new EntryExpression(range, operand);
    else if (token.op == Operator.AtDefined) node = new DefinedExpression(range, operand);
    else node = new ProbeWriteExpression(range, operand);
    this.raise(node, operand);
    return node;
  }

  private parseChooseDefined(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const value = this.parseExpression();
    this.expect(Operator.Comma);
    const fallback = this.parseExpression();
    this.expect(Operator.CloseParen);
    const node = new ChooseDefinedExpression(this.since(token), value, fallback);
    this.raise(node, value);
    this.raise(node, fallback);
    return node;
  }

  /** `@const("…")`, `@perf("…")`. */
  private parseOfString(): Expression {
    const token = this.take();
    if (token.op == Operator.AtConst) this.needGuru(token);
    this.expect(Operator.OpenParen);
    const text = this.takeString();
    if (text.length == 0 && token.op == Operator.AtPerf) this.failExpected("non-empty string");
    this.expect(Operator.CloseParen);
    const range = this.since(token);
    return token.op == Operator.AtConst ? new ConstExpression(range, text) : new PerfExpression(range, text);
  }

  /** `@kderef(size, address)`, `@kregister(number)` and those of user space. */
  private parseRaw(): Expression {
    const token = this.take();
    this.needGuru(token);
    this.expect(Operator.OpenParen);
    const number = this.parseSignedNumber().value;
    const isRegister = token.op == Operator.AtKregister || token.op == Operator.AtUregister;
    if (isRegister) {
      this.expect(Operator.CloseParen);
      return new RegisterExpression(this.since(token), token.op, number);
    }
    this.expect(Operator.Comma);
    const address = this.parseExpression();
    this.expect(Operator.CloseParen);
    const node = new DerefExpression(this.since(token), token.op, number, address);
    this.raise(node, address);
    return node;
  }

  /** `@count(s)` …; only `@variance` takes a second, numeric argument. */
  private parseStatistic(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const operand = this.parseExpression();
    const parameters: i64[] = [];
    while (this.at(Operator.Comma)) {
      const most = token.op == Operator.AtVariance ? 1 : 0;
      if (parameters.length >= most) {
        this.fail(Code.StatisticParameters, token.text);
        break;
      }
      this.take();
      parameters.push(this.parseSignedNumber().value);
    }
    this.expect(Operator.CloseParen);
    const node = new StatisticExpression(this.since(token), token.op, operand, parameters);
    this.raise(node, operand);
    return node;
  }

  /** `@hist_log(s)` or `@hist_linear(s, low, high, width)` itself. */
  protected parseHistogram(): Expression {
    const token = this.take();
    this.expect(Operator.OpenParen);
    const operand = this.parseExpression();
    const parameters: i64[] = [];
    if (token.op == Operator.AtHistLinear) {
      for (let i = 0; i < 3; ++i) {
        this.expect(Operator.Comma);
        parameters.push(this.parseSignedNumber().value);
      }
    }
    this.expect(Operator.CloseParen);
    const node = new HistogramExpression(this.since(token), token.op, operand, parameters);
    this.raise(node, operand);
    return node;
  }

  /** A bucket of a histogram; the whole of it only where that is `allowed`, as the argument of a print. */
  private parseHistogramValue(allowed: bool): Expression {
    const token = this.token;
    const histogram = this.parseHistogram();
    if (this.at(Operator.OpenBracket)) return this.parseIndex(token, histogram);
    if (!allowed) this.complain(Code.Histogram, histogram.range);
    return histogram;
  }
}

/** How many of the last two chars are `$`. */
function trailingDollars(name: string): i32 {
  const n = name.length;
  if (n == 0 || name.charCodeAt(n - 1) != DOLLAR) return 0;
  return n > 1 && name.charCodeAt(n - 2) == DOLLAR ? 2 : 1;
}

/** What stands between `%{` and `%}`. */
export function embeddedText(token: Token): string {
  return token.range.source.slice(token.range.start + 2, token.range.end - 2);
}
