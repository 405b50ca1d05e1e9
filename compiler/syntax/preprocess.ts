// Tokens → tokens: expands macros, then evaluates conditionals.
//
//   @define NAME %( body %)            @NAME
//   @define NAME(a, b) %( @a + @b %)   @NAME(1, f(2))      ',' in a nested '(' belongs to the argument
//   %( condition %? tokens %)          %( condition %? tokens %: tokens %)
//
// Macros are expanded before conditions are evaluated, so both arms are expanded. A macro is known from its definition
// to the end of its file; macros of `.stpm` files (`options.macros`) are known everywhere. A token that a macro made
// keeps the range at which it was written, and `range.expansion` leads to the call.

import { Diagnostic, Reporter, Severity } from "../diagnostics/diagnostic";
import { Code, formatMessage } from "../diagnostics/messages";
import { Range } from "../source/source";
import { Condition, evaluateCondition } from "./condition";
import { MAX_EXPANDED_TOKENS, MAX_EXPANSION_DEPTH } from "./limit";
import { Macro, PreprocessOptions } from "./options";
import { reportJunk, sawToken } from "./saw";
import { Operator, operatorText, Token, TokenKind } from "./token";

/** Expands macros and evaluates conditionals; the result still ends with `End`. */
export function preprocess(tokens: Token[], options: PreprocessOptions, reporter: Reporter): Token[] {
  const expander = new Expander(tokens, options, reporter);
  const expanded = expander.run();
  return new Conditionals(expanded, options, reporter).run();
}

/** Reads the definitions of a macro file (`.stpm`) into `options.macros`. */
export function preprocessMacroFile(tokens: Token[], options: PreprocessOptions, reporter: Reporter): void {
  // A definition may stand in a conditional, so conditionals come first here.
  const chosen = new Conditionals(tokens, options, reporter, true).run();
  const expander = new Expander(chosen, options, reporter);
  const rest = expander.run();
  if (rest.length > 1) reporter.parseError(Code.MacroFile, rest[0].range, "", sawToken(rest[0]));
  const names = expander.local.keys();
  for (let i = 0; i < names.length; ++i) options.macros.set(names[i], expander.local.get(names[i]));
}

// ---------------------------------------------------------------------------------------------------------- macros

/** Expands all macro calls of a file. */
class Expander {
  local: Map<string, Macro> = new Map<string, Macro>();
  private output: Token[] = [];
  private position: i32 = 0;
  /** Set after an error that makes the rest of the file meaningless. */
  private stopped: bool = false;
  /** Macro calls that the one being expanded is inside of. */
  private depth: i32 = 0;
  /** Tokens that macro calls have made so far. */
  private emitted: i32 = 0;

  constructor(
    private tokens: Token[],
    private options: PreprocessOptions,
    private reporter: Reporter,
  ) {}

  run(): Token[] {
    const tokens = this.tokens;
    const last = tokens[tokens.length - 1];
    while (!this.stopped && this.position < tokens.length - 1) {
      const token = tokens[this.position];
      if (token.kind != TokenKind.AtWord) {
        this.output.push(token);
        ++this.position;
      } else if (token.op == Operator.AtDefine) {
        this.define();
      } else {
        this.position = this.expandCall(tokens, this.position, null, this.output);
      }
    }
    if (this.stopped) this.output.push(new Token(TokenKind.Junk, Operator.None, last.range));
    this.output.push(last);
    return this.output;
  }

  /** Reports, and gives up on the rest of the file. */
  private fail(code: Code, token: Token, argument: string = "", saw: bool = false): void {
    if (token.kind == TokenKind.Junk) reportJunk(token, this.reporter);
    else this.reporter.parseError(code, token.range, argument, saw ? sawToken(token) : "");
    this.stopped = true;
  }

  /** `@define NAME`, `(a, b)` perhaps, `%( body %)`; the position is at `@define`. */
  private define(): void {
    const tokens = this.tokens;
    const name = tokens[++this.position];
    if (name.kind != TokenKind.Identifier && name.kind != TokenKind.Keyword) {
      this.fail(Code.MacroName, name, "", true);
      return;
    }
    if (name.text == "define") {
      this.fail(Code.MacroDefine, name);
      return;
    }
    ++this.position;
    const parameters: string[] = [];
    if (tokens[this.position].is(Operator.OpenParen) && !this.parseParameters(parameters)) return;
    if (!tokens[this.position].is(Operator.PreOpen)) {
      this.fail(Code.MacroBody, tokens[this.position], "", true);
      return;
    }
    const body = this.takeBody(name);
    if (!body) return;
    const earlier = this.findLocal(name.text);
    if (earlier) {
      this.reporter
        .parseError(Code.MacroAgain, name.range, name.text)
        .note(formatMessage(Code.MacroFirst, name.text), earlier.range);
      return;
    }
    this.warnIfBuiltin(name);
    this.local.set(name.text, new Macro(name.text, name.range, parameters, body));
  }

  private findLocal(name: string): Macro | null {
    return this.local.has(name) ? this.local.get(name) : null;
  }

  private findMacro(name: string): Macro | null {
    const macro = this.findLocal(name);
    if (macro) return macro;
    return this.options.macros.has(name) ? this.options.macros.get(name) : null;
  }

  private warnIfBuiltin(name: Token): void {
    if (!isBuiltinWord(name.text)) return;
    const message = `macro redefines the operator '@${name.text}'`;
    this.reporter.add(new Diagnostic(Code.Warning, Severity.Warning, name.range, message));
  }

  private parseParameters(parameters: string[]): bool {
    const tokens = this.tokens;
    ++this.position;
    while (true) {
      const token = tokens[this.position];
      if (token.kind != TokenKind.Identifier && token.kind != TokenKind.Keyword) {
        this.fail(Code.Expected, token, "a parameter's name", true);
        return false;
      }
      if (parameters.includes(token.text)) {
        this.fail(Code.DuplicateParameter, token, token.text);
        return false;
      }
      parameters.push(token.text);
      const next = tokens[++this.position];
      if (next.is(Operator.CloseParen)) {
        ++this.position;
        return true;
      }
      if (!next.is(Operator.Comma)) {
        this.fail(Code.Expected, next, "',' or ')'", true);
        return false;
      }
      ++this.position;
    }
  }

  /** The tokens from `%(` to its `%)`; the position is then after it. */
  private takeBody(name: Token): Token[] | null {
    const tokens = this.tokens;
    const body: Token[] = [];
    let depth = 1;
    ++this.position;
    for (; this.position < tokens.length - 1; ++this.position) {
      const token = tokens[this.position];
      if (token.is(Operator.AtDefine)) {
        this.fail(Code.MacroInside, token);
        return null;
      }
      if (token.is(Operator.PreOpen)) ++depth;
      if (token.is(Operator.PreClose) && --depth == 0) {
        ++this.position;
        return body;
      }
      body.push(token);
    }
    this.fail(Code.MacroUnfinished, name, name.text);
    return null;
  }

  /**
   * Puts what the @-word at `position` of `tokens` stands for into `out`; returns the position after it.
   * `scope` holds the arguments of the macro whose body `tokens` is.
   */
  private expandCall(tokens: Token[], position: i32, scope: MacroScope | null, out: Token[]): i32 {
    const token = tokens[position];
    const name = token.text.substring(1);
    if (scope) {
      const argument = scope.find(name);
      if (argument) {
        for (let i = 0, n = argument.length; i < n; ++i)
          this.emit(argument[i].expandedAt(token.range), scope.macro, out);
        return position + 1;
      }
    }
    const macro = this.findMacro(name);
    if (!macro) {
      out.push(token);
      return position + 1;
    }
    const isInside = scope ? scope.isInside(macro) : false;
    if (isInside) this.fail(Code.MacroRecursion, token, name);
    else if (this.depth >= MAX_EXPANSION_DEPTH) this.fail(Code.Nesting, token, MAX_EXPANSION_DEPTH.toString());
    if (this.stopped) return tokens.length;
    const call = new MacroScope(macro, scope);
    let next = position + 1;
    if (macro.parameters.length > 0) next = this.takeArguments(tokens, next, call, scope);
    if (next < 0) return tokens.length;
    this.expandBody(call, token.range, out);
    return next;
  }

  private expandBody(call: MacroScope, place: Range, out: Token[]): void {
    const body = call.macro.body;
    if (!this.mayEmit(body.length, place, call.macro)) return;
    const placed: Token[] = [];
    for (let i = 0, n = body.length; i < n; ++i) placed.push(body[i].expandedAt(place));
    let i = 0;
    while (i < placed.length && !this.stopped) {
      const token = placed[i];
      if (token.kind == TokenKind.AtWord) {
        ++this.depth;
        i = this.expandCall(placed, i, call, out);
        --this.depth;
      } else {
        this.emit(token, call.macro, out);
        ++i;
      }
    }
  }

  private emit(token: Token, macro: Macro, out: Token[]): void {
    if (this.mayEmit(1, token.range, macro)) out.push(token);
  }

  /** Counts the tokens that macros make; false if there are too many. */
  private mayEmit(count: i32, place: Range, macro: Macro): bool {
    if (this.stopped) return false;
    this.emitted += count;
    if (this.emitted <= MAX_EXPANDED_TOKENS) return true;
    this.reporter.parseError(Code.MacroGrowth, place, macro.name);
    this.stopped = true;
    return false;
  }

  /** Reads `(…, …)` into the call's arguments, expanding macros in them; -1 if that failed (and was reported). */
  private takeArguments(tokens: Token[], from: i32, call: MacroScope, scope: MacroScope | null): i32 {
    const macro = call.macro;
    let i = from;
    if (i >= tokens.length || !tokens[i].is(Operator.OpenParen)) {
      this.fail(Code.MacroCall, i < tokens.length ? tokens[i] : tokens[from - 1], macro.name, i < tokens.length);
      return -1;
    }
    ++i;
    let nesting = 0;
    let argument: Token[] = [];
    while (i < tokens.length && tokens[i].kind != TokenKind.End && !this.stopped) {
      const token = tokens[i];
      if (nesting == 0 && (token.is(Operator.Comma) || token.is(Operator.CloseParen))) {
        call.args.push(argument);
        argument = [];
        if (call.args.length > macro.parameters.length) {
          this.fail(Code.MacroTooMany, token, macro.name);
          return -1;
        }
        if (token.is(Operator.CloseParen)) return this.checkCount(call, token) ? i + 1 : -1;
        ++i;
        continue;
      }
      if (token.is(Operator.OpenParen) || token.is(Operator.OpenBracket)) ++nesting;
      if (token.is(Operator.CloseParen) || token.is(Operator.CloseBracket)) --nesting;
      if (token.kind == TokenKind.AtWord && token.op != Operator.AtDefine) {
        ++this.depth;
        i = this.expandCall(tokens, i, scope, argument);
        --this.depth;
      } else {
        this.emit(token, macro, argument);
        ++i;
      }
    }
    if (!this.stopped) this.fail(Code.MacroUnclosed, tokens[from], macro.name);
    return -1;
  }

  private checkCount(call: MacroScope, end: Token): bool {
    if (call.args.length == call.macro.parameters.length) return true;
    this.fail(Code.MacroTooFew, end, call.macro.name);
    return false;
  }
}

/** A macro being expanded, with the arguments of its call. */
class MacroScope {
  args: Token[][] = [];
  constructor(
    public macro: Macro,
    private outer: MacroScope | null,
  ) {}

  /** The tokens of a parameter, or null if there is none of that name. */
  find(name: string): Token[] | null {
    const index = this.macro.parameters.indexOf(name);
    return index >= 0 ? this.args[index] : null;
  }

  /** Whether a macro is being expanded here or further out. */
  isInside(macro: Macro): bool {
    if (this.macro === macro) return true;
    const outer = this.outer;
    return outer ? outer.isInside(macro) : false;
  }
}

const BUILTIN_WORDS: Set<string> = builtinWords();

function isBuiltinWord(name: string): bool {
  return BUILTIN_WORDS.has(name);
}

function builtinWords(): Set<string> {
  const words = new Set<string>();
  for (let op = <i32>Operator.AtVar; op <= <i32>Operator.AtDefine; ++op) {
    // SystemTap's library defines this one as a macro; so may ours.
    if (op != <i32>Operator.AtChooseDefined) words.add(operatorName(<Operator>op));
  }
  return words;
}

function operatorName(op: Operator): string {
  return operatorText(op).substring(1);
}

// ---------------------------------------------------------------------------------------------------- conditionals

/** One open `%(`. */
class OpenConditional {
  /** Whether the tokens at hand are kept. */
  active: bool = false;
  inElse: bool = false;
  constructor(
    public token: Token,
    /** Whether the conditional itself stands among kept tokens. */
    public outerActive: bool,
    public holds: bool,
  ) {
    this.active = outerActive && holds;
  }
}

/** Keeps the tokens of the arms that are chosen. */
class Conditionals {
  private output: Token[] = [];
  private open: OpenConditional[] = [];
  private position: i32 = 0;
  constructor(
    private tokens: Token[],
    private options: PreprocessOptions,
    private reporter: Reporter,
    /** Leave the bodies of macro definitions alone. */
    private keepBodies: bool = false,
  ) {}

  run(): Token[] {
    const tokens = this.tokens;
    while (true) {
      const token = tokens[this.position];
      if (token.kind == TokenKind.End) break;
      if (this.keepBodies && token.is(Operator.AtDefine)) {
        this.passDefinition();
      } else if (token.is(Operator.PreOpen)) {
        if (!this.begin(token)) break;
      } else if (token.is(Operator.PreThen) || token.is(Operator.PreElse) || token.is(Operator.PreClose)) {
        ++this.position;
        if (!this.mark(token)) break;
      } else {
        if (this.active) this.keep(token);
        ++this.position;
      }
    }
    const last = tokens[tokens.length - 1];
    const stopped = tokens[this.position].kind != TokenKind.End;
    if (this.open.length > 0 && !stopped) {
      this.reporter.parseError(Code.UnfinishedConditional, this.open[this.open.length - 1].token.range);
    }
    // After an error, the remaining tokens would only cause a second error in the parser.
    if (stopped || this.open.length > 0) this.output.push(new Token(TokenKind.Junk, Operator.None, last.range));
    this.output.push(last);
    return this.output;
  }

  private keep(token: Token): void {
    reportJunk(token, this.reporter);
    this.output.push(token);
  }

  private get active(): bool {
    const n = this.open.length;
    return n == 0 || this.open[n - 1].active;
  }

  /** Copies `@define … %( … %)` without looking into it. */
  private passDefinition(): void {
    const tokens = this.tokens;
    let depth = 0;
    for (; tokens[this.position].kind != TokenKind.End; ++this.position) {
      const token = tokens[this.position];
      if (this.active) this.output.push(token);
      if (token.is(Operator.PreOpen)) ++depth;
      if (token.is(Operator.PreClose) && --depth <= 0) {
        ++this.position;
        return;
      }
    }
  }

  /** `%( condition %?`. */
  private begin(token: Token): bool {
    const active = this.active;
    let holds = false;
    ++this.position;
    if (active) {
      const condition = new Condition(this.tokens, this.position, this.options, this.reporter);
      holds = evaluateCondition(condition);
      if (condition.failed) return false;
      this.position = condition.position;
    } else {
      this.skipCondition();
    }
    const then = this.tokens[this.position];
    if (!then.is(Operator.PreThen)) {
      if (then.kind == TokenKind.Junk) reportJunk(then, this.reporter);
      else this.reporter.parseError(Code.MissingThen, then.range, "", sawToken(then));
      return false;
    }
    ++this.position;
    this.open.push(new OpenConditional(token, active, holds));
    return true;
  }

  /** Skips a condition in an arm that is not chosen. */
  private skipCondition(): void {
    while (this.tokens[this.position].kind != TokenKind.End && !this.tokens[this.position].is(Operator.PreThen)) {
      ++this.position;
    }
  }

  /** `%:`, `%)`, or a stray `%?`. */
  private mark(token: Token): bool {
    const n = this.open.length;
    const inner = n > 0 ? this.open[n - 1] : null;
    if (!inner || token.is(Operator.PreThen) || (token.is(Operator.PreElse) && inner.inElse)) {
      this.reporter.parseError(Code.StrayMarker, token.range, token.range.text);
      return false;
    }
    if (token.is(Operator.PreClose)) {
      this.open.pop();
    } else {
      inner.inElse = true;
      inner.active = inner.outerActive && !inner.holds;
    }
    return true;
  }
}
