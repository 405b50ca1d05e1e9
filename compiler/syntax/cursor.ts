// The parser's position among its tokens, and its errors.
//
// After an error the cursor is in *panic mode*: every look at the next token returns `End`. So all parse functions
// return at once without a second message, and the file's loop continues at the next top-level item. Nothing throws.

import { Diagnostic, Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { Range, SourceKind } from "../source/source";
import { Node } from "./ast";
import { MAX_NESTING } from "./limit";
import { PreprocessOptions } from "./options";
import { sawToken } from "./saw";
import { Operator, operatorText, Token, TokenKind } from "./token";

/** A position in a list of tokens that ends with `End`. */
export class Cursor {
  protected position: i32 = 0;
  protected panic: bool = false;
  private depth: i32 = 0;
  private last: Token;
  /** The `{` of the blocks that are being read. */
  protected braces: Token[] = [];

  constructor(
    private tokens: Token[],
    protected options: PreprocessOptions,
    protected reporter: Reporter,
  ) {
    this.last = tokens[tokens.length - 1];
  }

  /** The next token; `End` while panicking. */
  protected get token(): Token {
    return this.panic ? this.last : this.tokens[this.position];
  }

  /** The token after the next. */
  protected get following(): Token {
    const next = this.position + 1;
    return this.panic || next >= this.tokens.length ? this.last : this.tokens[next];
  }

  /** The token that was taken last. */
  protected get previous(): Token {
    return this.tokens[this.position > 0 ? this.position - 1 : 0];
  }

  /** Takes the next token; `End` stays. */
  protected take(): Token {
    const token = this.token;
    if (token.kind != TokenKind.End) ++this.position;
    return token;
  }

  protected at(op: Operator): bool {
    return this.token.op == op;
  }

  protected atKind(kind: TokenKind): bool {
    return this.token.kind == kind;
  }

  /** Takes the next token if it is `op`. */
  protected accept(op: Operator): bool {
    if (this.token.op != op) return false;
    this.take();
    return true;
  }

  /** Takes `op`, or fails. */
  protected expect(op: Operator): bool {
    if (this.accept(op)) return true;
    this.failExpected(`'${operatorText(op)}'`);
    return false;
  }

  /** The range from a token to what was taken last. */
  protected since(first: Token): Range {
    return first.range.to(this.previous.range);
  }

  /** Whether the next token begins right where the last one ended. */
  protected get isAdjacent(): bool {
    const next = this.token.range;
    const last = this.previous.range;
    return next.source === last.source && next.start == last.end && next.expansion === last.expansion;
  }

  // ------------------------------------------------------------------------------------------------------- failing

  /** Reports what was seen instead of what was wanted, and panics. */
  protected fail(code: Code, argument: string = ""): void {
    if (this.panic) return;
    const token = this.token;
    // The lexer or the preprocessor has spoken about junk.
    if (token.kind != TokenKind.Junk) {
      this.addUnclosed(this.reporter.parseError(code, token.range, argument, sawToken(token)));
    }
    this.panic = true;
  }

  /** Names the `{` that lacks its `}`, where the text ends or another item begins inside a block. */
  private addUnclosed(diagnostic: Diagnostic): void {
    const n = this.braces.length;
    if (n == 0 || !(this.atKind(TokenKind.End) || this.beginsItem(this.position))) return;
    diagnostic.note("the '}' of this '{' is missing", this.braces[n - 1].range);
  }

  /** Fails, and says what to write instead. */
  protected failWithHint(code: Code, argument: string, hint: string): void {
    if (this.panic) return;
    const token = this.token;
    if (token.kind != TokenKind.Junk) {
      this.reporter.parseError(code, token.range, argument, sawToken(token)).hint = hint;
    }
    this.panic = true;
  }

  protected failExpected(what: string): void {
    this.fail(Code.Expected, what);
  }

  /** Reports something about text that was understood; parsing goes on. */
  protected complain(code: Code, range: Range, argument: string = ""): void {
    if (!this.panic) this.reporter.parseError(code, range, argument);
  }

  /** Complains unless the text may use guru features: tapsets may, user scripts with `-g` may. */
  protected needGuru(token: Token): void {
    if (this.options.guru || token.range.source.kind == SourceKind.Tapset) return;
    if (token.kind == TokenKind.EmbeddedCode) this.complain(Code.EmbeddedNeedsGuru, token.range);
    else this.complain(Code.NeedsGuru, token.range, token.text);
  }

  // ------------------------------------------------------------------------------------------------------- nesting

  /** Goes one level down; false (and a failure) when that is too deep. Pair with `leave`. */
  protected enter(): bool {
    if (++this.depth <= MAX_NESTING) return true;
    this.fail(Code.Nesting, MAX_NESTING.toString());
    return false;
  }

  protected leave(): void {
    --this.depth;
  }

  /** Tells a node about a child, so that it knows its height. */
  protected raise(node: Node, child: Node | null): void {
    if (!child || child.height < node.height) return;
    node.height = child.height + 1;
    if (node.height > MAX_NESTING) {
      node.height = MAX_NESTING;
      this.fail(Code.Nesting, MAX_NESTING.toString());
    }
  }

  protected raiseAll<T extends Node>(node: Node, children: T[]): void {
    for (let i = 0, n = children.length; i < n; ++i) this.raise(node, children[i]);
  }

  // ------------------------------------------------------------------------------------------------------ recovery

  /** Goes on at the next token at or after `from + 1` that can begin a top-level item. */
  protected recover(from: i32): void {
    this.panic = false;
    this.depth = 0;
    this.braces = [];
    if (this.position <= from) this.position = from + 1;
    const last = this.tokens.length - 1;
    if (this.position > last) this.position = last;
    while (this.position < last && !this.beginsItem(this.position)) ++this.position;
  }

  private beginsItem(position: i32): bool {
    switch (this.tokens[position].op) {
      case Operator.Probe:
      case Operator.Global:
      case Operator.Private:
      case Operator.Function:
        // `kernel.function(…)` is a component of a probe point, and `->global` a member.
        return position == 0 || !this.isConnector(this.tokens[position - 1].op);
      default:
        return false;
    }
  }

  private isConnector(op: Operator): bool {
    return op == Operator.Concat || op == Operator.Arrow || op == Operator.OpenBrace;
  }
}
