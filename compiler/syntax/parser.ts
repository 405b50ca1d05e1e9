// A file: tokens → ScriptFile.
//
//   file     = { "probe" points { ("=" | "+=") points } block
//              | ["private"] "function" name [":" type] "(" [parameters] ")" [":" priority] (block | %{ … %})
//              | ["private"] "global" global { "," global } [";"]       `private` alone is a private global, too
//              | %{ … %} }
//   points   = point { "," point }
//   point    = part { "." part } ["?" | "!"] ["if" "(" expression ")"]
//   part     = name ["(" literal ")"] | "{" part { "." part } { "," … } "}"
//   global   = name ["%"] [ "[" number "]" | "=" literal ]
//
// After an error parsing goes on at the next top-level item, so that one run shows many errors.

import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import {
  AliasDeclaration,
  BlockStatement,
  Declaration,
  EmbeddedDeclaration,
  EmbeddedStatement,
  Expression,
  FunctionDeclaration,
  GlobalDeclaration,
  Parameter,
  ProbeComponent,
  ProbeDeclaration,
  ProbePoint,
  ScriptFile,
} from "./ast";
import { lex } from "./lexer";
import { MAX_EXPANDED_TOKENS, MAX_PROBE_PARTS, MAX_PROBE_POINTS } from "./limit";
import { PreprocessOptions } from "./options";
import { embeddedText } from "./parse-expression";
import { StatementParser } from "./parse-statement";
import { preprocess, preprocessMacroFile } from "./preprocess";
import { Range, Source } from "./source";
import { Operator, Token, TokenKind } from "./token";
import { Type } from "./type";

/** Reads a script. Errors are in the reporter; what could be read is in the file. */
export function parseFile(source: Source, options: PreprocessOptions, reporter: Reporter): ScriptFile {
  const first = reporter.diagnostics.length;
  const tokens = preprocess(lex(source, options.args, reporter), options, reporter);
  const file = new Parser(tokens, options, reporter).parseFile(source);
  // The lexer spoke about the whole text before the parser did.
  reporter.sortFrom(first);
  return file;
}

/** Reads a file of macros (`.stpm`); what it defines is added to `options.macros`. */
export function parseMacroFile(source: Source, options: PreprocessOptions, reporter: Reporter): void {
  preprocessMacroFile(lex(source, options.args, reporter), options, reporter);
}

class Parser extends StatementParser {
  parseFile(source: Source): ScriptFile {
    const file = new ScriptFile(new Range(source, 0, source.length), source);
    while (!this.atKind(TokenKind.End)) {
      const start = this.position;
      this.parseItem(file);
      if (this.panic) this.recover(start);
    }
    this.raiseAll(file, file.declarations);
    return file;
  }

  private parseItem(file: ScriptFile): void {
    const token = this.token;
    this.inFunction = false;
    if (token.kind == TokenKind.EmbeddedCode) {
      this.needGuru(this.take());
      const node = new EmbeddedDeclaration(token.range, embeddedText(token));
      file.embedded.push(node);
      file.declarations.push(node);
      return;
    }
    switch (token.op) {
      case Operator.Probe:
        this.parseProbe(file);
        break;
      case Operator.Global:
        this.take();
        this.parseGlobals(file, false);
        break;
      case Operator.Function:
        this.parseFunction(file, false);
        break;
      case Operator.Private:
        this.parsePrivate(file);
        break;
      default:
        this.fail(Code.ExpectedDeclaration);
        break;
    }
  }

  private parsePrivate(file: ScriptFile): void {
    this.take();
    if (this.at(Operator.Function)) {
      this.parseFunction(file, true);
      return;
    }
    if (this.accept(Operator.Global) || this.atKind(TokenKind.Identifier)) this.parseGlobals(file, true);
    else this.failExpected("'function', 'global' or a variable's name");
  }

  // ------------------------------------------------------------------------------------------------------- globals

  private parseGlobals(file: ScriptFile, isPrivate: bool): void {
    do {
      const node = this.parseGlobal();
      if (this.panic) return;
      node.isPrivate = isPrivate;
      file.globals.push(node);
      file.declarations.push(node);
    } while (this.accept(Operator.Comma));
    this.accept(Operator.Semicolon);
  }

  private parseGlobal(): GlobalDeclaration {
    const first = this.token;
    const node = new GlobalDeclaration(first.range, first.kind == TokenKind.Identifier ? first.text : "");
    if (first.kind != TokenKind.Identifier) {
      this.failExpected("a variable's name");
      return node;
    }
    this.take();
    node.wrap = this.accept(Operator.Modulo);
    if (this.accept(Operator.OpenBracket)) {
      const size = this.parseSignedNumber();
      if (size.value < 1 || size.value > <i64>i32.MAX_VALUE) this.complain(Code.ArraySize, size.range);
      node.size = size.value;
      this.expect(Operator.CloseBracket);
    } else if (this.accept(Operator.Assign)) {
      node.initializer = this.parseLiteral();
    }
    return node;
  }

  private parseLiteral(): Expression {
    if (this.atKind(TokenKind.String)) return this.parseString();
    if (this.atKind(TokenKind.Number) || this.at(Operator.Subtract)) return this.parseSignedNumber();
    this.failExpected("literal string or number");
    return this.errorExpression();
  }

  // ----------------------------------------------------------------------------------------------------- functions

  private parseFunction(file: ScriptFile, isPrivate: bool): void {
    const first = this.take();
    const name = this.token;
    if (name.kind != TokenKind.Identifier && name.kind != TokenKind.Keyword) {
      this.failExpected("a function's name");
      return;
    }
    this.take();
    const node = new FunctionDeclaration(first.range, name.text, name.range, []);
    node.isPrivate = isPrivate;
    node.returnType = this.parseType();
    this.parseParameters(node);
    if (this.accept(Operator.Colon)) node.priority = this.parseSignedNumber().value;
    this.parseFunctionBody(node);
    node.range = this.since(first);
    if (this.panic) return;
    file.functions.push(node);
    file.declarations.push(node);
  }

  private parseFunctionBody(node: FunctionDeclaration): void {
    const token = this.token;
    if (token.kind == TokenKind.EmbeddedCode) {
      this.needGuru(this.take());
      node.embedded = new EmbeddedStatement(token.range, embeddedText(token));
      return;
    }
    this.inFunction = true;
    const body = this.parseBlock();
    this.inFunction = false;
    node.body = body;
    this.raise(node, body);
  }

  /** `:string` or `:long`; `Unknown` if there is none. */
  private parseType(): Type {
    if (!this.accept(Operator.Colon)) return Type.Unknown;
    if (this.accept(Operator.Long)) return Type.Long;
    if (this.accept(Operator.String)) return Type.String;
    this.failExpected("'string' or 'long'");
    return Type.Error;
  }

  private parseParameters(node: FunctionDeclaration): void {
    this.expect(Operator.OpenParen);
    const names = new Set<string>();
    while (!this.panic && !this.at(Operator.CloseParen)) {
      const token = this.token;
      if (token.kind != TokenKind.Identifier) {
        this.failExpected("a parameter's name");
        return;
      }
      this.take();
      const name = token.text;
      if (names.has(name)) this.complain(Code.DuplicateParameter, token.range, name);
      names.add(name);
      const type = this.parseType();
      node.parameters.push(new Parameter(token.range, name, type));
      if (!this.accept(Operator.Comma)) break;
    }
    this.expect(Operator.CloseParen);
  }

  // -------------------------------------------------------------------------------------------------------- probes

  private parseProbe(file: ScriptFile): void {
    const first = this.take();
    const names: ProbePoint[] = [];
    let epilogue = false;
    let points = this.parsePoints();
    while (!this.panic && (this.at(Operator.Assign) || this.at(Operator.AddAssign))) {
      if (points.length != 1) {
        this.failExpected("one name before the '=' of an alias");
        return;
      }
      const name = points[0];
      if (name.optional || name.condition) this.complain(Code.AliasFlag, name.range);
      names.push(name);
      epilogue = this.take().is(Operator.AddAssign);
      points = this.parsePoints();
    }
    if (!this.panic && !this.at(Operator.OpenBrace)) {
      this.failExpected("one of '. , ( ? ! if { = +='");
      return;
    }
    const body = this.parseBlock();
    if (this.panic) return;
    this.addProbe(file, first, names, epilogue, points, body);
  }

  private addProbe(
    file: ScriptFile,
    first: Token,
    names: ProbePoint[],
    epilogue: bool,
    points: ProbePoint[],
    body: BlockStatement,
  ): void {
    const range = this.since(first);
    let node: Declaration;
    if (names.length > 0) {
      const alias = new AliasDeclaration(range, names, epilogue, points, body);
      file.aliases.push(alias);
      node = alias;
    } else {
      const probe = new ProbeDeclaration(range, points, body);
      file.probes.push(probe);
      node = probe;
    }
    this.raiseAll(node, points);
    this.raise(node, body);
    file.declarations.push(node);
  }

  private parsePoints(): ProbePoint[] {
    const points: ProbePoint[] = [];
    do {
      this.parsePoint(points);
    } while (!this.panic && this.accept(Operator.Comma));
    return points;
  }

  /** One point of the list; braces make several. */
  private parsePoint(points: ProbePoint[]): void {
    const first = this.token;
    const paths = this.parseDotted();
    const sufficient = this.accept(Operator.Not);
    const optional = sufficient || this.accept(Operator.Question);
    const conditionStart = this.position;
    let range = this.since(first);
    for (let i = 0; i < paths.length && !this.panic; ++i) {
      const point = new ProbePoint(range, paths[i]);
      point.optional = optional;
      point.sufficient = sufficient;
      // Each point owns its condition: later passes write into it. So it is read once for each.
      this.position = conditionStart;
      if (this.accept(Operator.If)) {
        this.expect(Operator.OpenParen);
        const condition = this.parseExpression();
        this.expect(Operator.CloseParen);
        point.condition = condition;
        this.raise(point, condition);
      }
      const tokens = <i64>(this.position - conditionStart) * <i64>paths.length;
      if (tokens > <i64>MAX_EXPANDED_TOKENS) this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
      points.push(point);
      if (points.length > MAX_PROBE_POINTS) this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
    }
  }

  /** `part.part…`, where braces multiply. */
  private parseDotted(): ProbeComponent[][] {
    let paths: ProbeComponent[][] = [[]];
    do {
      if (this.accept(Operator.OpenBrace)) paths = this.multiply(paths, this.parseAlternatives());
      else this.appendComponent(paths);
      if (paths.length > 0 && paths[0].length > MAX_PROBE_PARTS)
        this.fail(Code.TooManyParts, MAX_PROBE_PARTS.toString());
    } while (!this.panic && this.accept(Operator.Concat));
    return paths;
  }

  private appendComponent(paths: ProbeComponent[][]): void {
    const component = this.parseComponent();
    for (let i = 0, n = paths.length; i < n; ++i) paths[i].push(component);
  }

  /** `a, b.c, {d, e}` up to and with `}`. */
  private parseAlternatives(): ProbeComponent[][] {
    const all: ProbeComponent[][] = [];
    if (!this.enter()) return all;
    do {
      const paths = this.parseDotted();
      for (let i = 0, n = paths.length; i < n; ++i) all.push(paths[i]);
    } while (!this.panic && this.accept(Operator.Comma));
    this.expect(Operator.CloseBrace);
    this.leave();
    return all;
  }

  private multiply(left: ProbeComponent[][], right: ProbeComponent[][]): ProbeComponent[][] {
    const result: ProbeComponent[][] = [];
    if (left.length * right.length > MAX_PROBE_POINTS) {
      this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
      return result;
    }
    for (let i = 0; i < left.length; ++i) {
      for (let k = 0; k < right.length; ++k) result.push(left[i].concat(right[k]));
    }
    return result;
  }

  /** A name, perhaps with stars in it, and an argument perhaps. */
  private parseComponent(): ProbeComponent {
    const first = this.token;
    if (!this.isNamePiece(false)) {
      this.failExpected("identifier or '*' or '{'");
      return new ProbeComponent(first.range, "", null);
    }
    while (this.isNamePiece(this.token !== first)) this.take();
    const name = this.since(first).text;
    let argument: Expression | null = null;
    if (this.accept(Operator.OpenParen)) {
      argument = this.parseLiteral();
      this.expect(Operator.CloseParen);
    }
    return new ProbeComponent(this.since(first), name, argument);
  }

  /** Whether the next token is (more of) a component's name. */
  private isNamePiece(more: bool): bool {
    if (more && !this.isAdjacent) return false;
    const token = this.token;
    if (token.is(Operator.Multiply)) return true;
    if (token.kind == TokenKind.Identifier) return true;
    // `kernel.function("x") if (…)`: a keyword begins a name only where one must stand.
    if (token.kind == TokenKind.Keyword) return true;
    return more && token.kind == TokenKind.Number;
  }
}
