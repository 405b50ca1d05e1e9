// A file: tokens → ScriptFile.
//
//   file     = { "probe" points { ("=" | "+=") points } block [ "," block ]
//              | ["private"] "function" name [":" type] "(" [parameters] ")" [":" priority] (block | %{ … %})
//              | ["private"] "global" global { "," global } [";"]       `private` alone is a private global, too
//              | %{ … %} }
//   points   = point { "," point }
//   point    = part { "." part } ["?" | "!"] ["if" "(" expression ")"]
//   part     = name ["(" literal ")"] | "{" point { "," point } "}"
//   global   = name ["%"] [ "[" number "]" | "=" literal ]
//
// After an error parsing goes on at the next top-level item, so that one run shows many errors.

import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { Range, Source, SourceKind } from "../source/source";
import {
  AliasDeclaration,
  BlockStatement,
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
import { bpftraceProbeHint } from "./hints";
import { lex } from "./lexer";
import { MAX_EXPANDED_TOKENS, MAX_PROBE_PARTS, MAX_PROBE_POINTS } from "./limit";
import { PreprocessOptions } from "./options";
import { embeddedText } from "./parse-expression";
import { StatementParser } from "./parse-statement";
import { preprocess, preprocessMacroFile } from "./preprocess";
import { Operator, Token, TokenKind } from "./token";
import { Type } from "./type";

/** Reads a script. Errors are in the reporter; what could be read is in the file. */
export function parseFile(source: Source, options: PreprocessOptions, reporter: Reporter): ScriptFile {
  const first = reporter.diagnostics.length;
  const tokens = preprocess(lex(source, options.args, reporter, options.usedArgs), options, reporter);
  const file = new Parser(tokens, options, reporter).parseFile(source);
  // The lexer spoke about the whole text before the parser did.
  reporter.sortFrom(first);
  return file;
}

/** Reads a file of macros (`.stpm`); what it defines is added to `options.macros`. */
export function parseMacroFile(source: Source, options: PreprocessOptions, reporter: Reporter): void {
  preprocessMacroFile(lex(source, options.args, reporter), options, reporter);
}

/** One of the points that a text with braces stands for. */
class PointPath {
  optional: bool = false;
  sufficient: bool = false;
  /** The position of the condition's `(`, or -1. */
  condition: i32 = -1;
  constructor(public components: ProbeComponent[]) {}

  /** The same with more parts in front. */
  behind(parts: ProbeComponent[]): PointPath {
    const path = new PointPath(parts.concat(this.components));
    path.optional = this.optional;
    path.sufficient = this.sufficient;
    path.condition = this.condition;
    return path;
  }
}

/** Whether any path has what may only stand at the end. */
function hasSuffix(paths: PointPath[]): bool {
  for (let i = 0, n = paths.length; i < n; ++i) {
    if (paths[i].optional || paths[i].condition >= 0) return true;
  }
  return false;
}

class Parser extends StatementParser {
  /** The last token of a probe point, before its condition. */
  private pointEnd: Token = this.token;
  /** The file's globals, by name. */
  private globals: Map<string, GlobalDeclaration> = new Map<string, GlobalDeclaration>();

  parseFile(source: Source): ScriptFile {
    const file = new ScriptFile(new Range(source, 0, source.length), source);
    while (!this.atKind(TokenKind.End) && !this.reporter.isFull) {
      const start = this.position;
      this.parseItem(file);
      if (this.panic) this.recover(start);
    }
    this.raiseAll(file, file.declarations);
    const isEmpty = file.declarations.length == 0 && source.kind == SourceKind.UserScript;
    if (isEmpty && !this.reporter.hasErrors) this.fail(Code.NothingDeclared, source.name);
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
        this.failWithHint(Code.ExpectedDeclaration, "", bpftraceProbeHint(token, this.following));
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
      if (!this.addGlobalName(node)) continue;
      file.globals.push(node);
      file.declarations.push(node);
    } while (this.accept(Operator.Comma));
    this.accept(Operator.Semicolon);
  }

  /** Notes a global's name; false (and a complaint) if the file has a global of that name already. */
  private addGlobalName(node: GlobalDeclaration): bool {
    if (!this.globals.has(node.name)) {
      this.globals.set(node.name, node);
      return true;
    }
    const other = this.globals.get(node.name);
    const code = other.isPrivate == node.isPrivate ? Code.DuplicateGlobal : Code.GlobalPrivacy;
    this.reporter.parseError(code, node.range, node.name).note("first declared here", other.range);
    return false;
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
    if (name.kind != TokenKind.Identifier && !name.is(Operator.Long) && !name.is(Operator.String)) {
      this.failExpected("a function's name");
      // A keyword in its place begins no item.
      if (name.kind == TokenKind.Keyword) ++this.position;
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
      if (!this.accept(Operator.Comma) || !this.hasRoom(node.parameters.length)) break;
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
    let second: BlockStatement | null = null;
    if (names.length > 0 && this.at(Operator.Comma)) {
      if (epilogue) this.fail(Code.AliasBodies);
      this.take();
      second = this.parseBlock();
    }
    if (this.panic) return;
    if (names.length == 0) {
      this.addProbe(file, new ProbeDeclaration(this.since(first), points, body));
    } else {
      const alias = new AliasDeclaration(this.since(first), names, epilogue, points, body);
      alias.epilogueBody = second;
      this.addAlias(file, alias);
    }
  }

  private addProbe(file: ScriptFile, node: ProbeDeclaration): void {
    this.raiseAll(node, node.points);
    this.raise(node, node.body);
    file.probes.push(node);
    file.declarations.push(node);
  }

  private addAlias(file: ScriptFile, node: AliasDeclaration): void {
    this.raiseAll(node, node.points);
    this.raise(node, node.body);
    this.raise(node, node.epilogueBody);
    file.aliases.push(node);
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
    const paths = this.parsePointPaths();
    const range = first.range.to(this.pointEnd.range);
    const end = this.position;
    for (let i = 0; i < paths.length && !this.panic; ++i) {
      points.push(this.makePoint(range, paths[i]));
      if (points.length > MAX_PROBE_POINTS) this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
    }
    if (!this.panic) this.position = end;
  }

  /** Each point owns its condition, because later passes write into it: so it is read once for each. */
  private makePoint(range: Range, path: PointPath): ProbePoint {
    const point = new ProbePoint(range, path.components);
    point.optional = path.optional;
    point.sufficient = path.sufficient;
    if (path.condition < 0) return point;
    this.position = path.condition;
    const condition = this.parseParenthesized();
    point.condition = condition;
    this.raise(point, condition);
    return point;
  }

  /** A point with what may follow it: `part.part…`, `?` or `!`, a condition. Braces multiply. */
  private parsePointPaths(): PointPath[] {
    const first = this.token;
    let paths: PointPath[] = [new PointPath([])];
    do {
      if (hasSuffix(paths)) {
        this.complain(Code.PointFlagPlace, first.range);
        this.panic = true;
        return paths;
      }
      if (this.accept(Operator.OpenBrace)) paths = this.multiply(paths, this.parseAlternatives());
      else this.appendComponent(paths);
      if (paths.length > 0 && paths[0].components.length > MAX_PROBE_PARTS) {
        this.fail(Code.TooManyParts, MAX_PROBE_PARTS.toString());
      }
    } while (!this.panic && this.accept(Operator.Concat));
    this.parseSuffix(paths);
    return paths;
  }

  /** `?`, `!`, `if (condition)`, which hold for all paths. */
  private parseSuffix(paths: PointPath[]): void {
    this.pointEnd = this.previous;
    const isFlag = this.at(Operator.Not) || this.at(Operator.Question);
    if (!isFlag && !this.at(Operator.If)) return;
    if (hasSuffix(paths)) {
      this.fail(Code.PointFlagAgain);
      return;
    }
    const sufficient = this.accept(Operator.Not);
    const optional = sufficient || this.accept(Operator.Question);
    this.pointEnd = this.previous;
    let condition = -1;
    if (this.accept(Operator.If)) {
      condition = this.position;
      this.parseParenthesized();
      const tokens = <i64>(this.position - condition) * <i64>paths.length;
      if (tokens > <i64>MAX_EXPANDED_TOKENS) this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
    }
    for (let i = 0, n = paths.length; i < n; ++i) {
      paths[i].sufficient = sufficient;
      paths[i].optional = optional;
      paths[i].condition = condition;
    }
  }

  private parseParenthesized(): Expression {
    this.expect(Operator.OpenParen);
    const condition = this.parseExpression();
    this.expect(Operator.CloseParen);
    return condition;
  }

  private appendComponent(paths: PointPath[]): void {
    const component = this.parseComponent();
    for (let i = 0, n = paths.length; i < n; ++i) paths[i].components.push(component);
  }

  /** `a, b.c?, {d, e}` up to and with `}`. */
  private parseAlternatives(): PointPath[] {
    const all: PointPath[] = [];
    if (!this.enter()) return all;
    do {
      const paths = this.parsePointPaths();
      for (let i = 0, n = paths.length; i < n; ++i) all.push(paths[i]);
    } while (!this.panic && this.accept(Operator.Comma));
    this.expect(Operator.CloseBrace);
    this.leave();
    return all;
  }

  private multiply(left: PointPath[], right: PointPath[]): PointPath[] {
    const result: PointPath[] = [];
    if (left.length * right.length > MAX_PROBE_POINTS) {
      this.fail(Code.TooManyPoints, MAX_PROBE_POINTS.toString());
      return result;
    }
    for (let i = 0; i < left.length; ++i) {
      for (let k = 0; k < right.length; ++k) result.push(right[k].behind(left[i].components));
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
