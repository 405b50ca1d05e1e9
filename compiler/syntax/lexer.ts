// Bytes → tokens. The lexer works on the source's raw memory; a token makes a string of its text only on request.
//
//   identifier  [A-Za-z_$][A-Za-z0-9_$]*          keyword if it has a row in OPERATORS
//   number      0x… | 0… | 1…                     the parser decodes it, so that errors name the whole word
//   string      "…" with backslash escapes, on one line (a backslash may continue it)
//   @-word      @[A-Za-z_]…                       an operator of the language or a macro
//   embedded    %{ … %}                           kept as text
//   comments    # …   // …   /* … */              but $# and @# are the number of script arguments
//
// `$1` and `@1` insert script arguments: the first as text, which is lexed in turn, the second as a string literal.

import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { byteString, Range, Source, SourceKind } from "../source/source";
import { MAX_EXPANSION_DEPTH, MAX_INSERTED_BYTES, MAX_SOURCE_BYTES, MAX_TOKENS, MAX_WORD_BYTES } from "./limit";
import { OPERATORS, Operator, OperatorFlags, Token, TokenKind } from "./token";

/**
 * Lexes a whole source. What cannot be read becomes `Junk` tokens, reported when they matter; only what ends the text
 * too early is reported here. The last token is `End`. The numbers of the arguments that the text names go to `used`.
 */
export function lex(source: Source, args: string[], reporter: Reporter, used: Set<i32> = new Set<i32>()): Token[] {
  const lexer = new Lexer(source, new Arguments(args, used), reporter);
  if (source.length > MAX_SOURCE_BYTES) {
    reporter.parseError(Code.SourceSize, new Range(source, 0, 0), MAX_SOURCE_BYTES.toString());
  } else {
    lexer.run();
  }
  lexer.tokens.push(new Token(TokenKind.End, Operator.None, new Range(source, source.length, source.length)));
  return lexer.tokens;
}

const enum Char {
  Tab = 0x09,
  Newline = 0x0a,
  Space = 0x20,
  Bang = 0x21,
  Quote = 0x22,
  Hash = 0x23,
  Dollar = 0x24,
  Percent = 0x25,
  Star = 0x2a,
  Slash = 0x2f,
  Zero = 0x30,
  Nine = 0x39,
  At = 0x40,
  UpperA = 0x41,
  UpperZ = 0x5a,
  Backslash = 0x5c,
  Underscore = 0x5f,
  LowerA = 0x61,
  LowerZ = 0x7a,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
  Delete = 0x7f,
}

function isDigit(c: i32): bool {
  return c >= Char.Zero && c <= Char.Nine;
}

/** Whether a byte may begin an identifier. */
function isNameStart(c: i32): bool {
  const lower = c | 0x20;
  return (lower >= Char.LowerA && lower <= Char.LowerZ) || c == Char.Underscore || c == Char.Dollar;
}

/** Whether a byte may go on an identifier. */
function isNamePart(c: i32): bool {
  return isNameStart(c) || isDigit(c);
}

// Keywords and @-words, found by a hash of their bytes: open addressing, a power of two, at most half full.
const WORD_SLOTS: i32 = 256;
const WORD_TABLE: StaticArray<u8> = makeWordTable();

function hashStep(hash: u32, c: u32): u32 {
  return (hash ^ c) * 0x01000193;
}

function makeWordTable(): StaticArray<u8> {
  const table = new StaticArray<u8>(WORD_SLOTS);
  for (let op = 1; op < OPERATORS.length; ++op) {
    const row = OPERATORS[op];
    if (!(row.flags & (OperatorFlags.Keyword | OperatorFlags.AtWord))) continue;
    let hash: u32 = 0x811c9dc5;
    for (let i = 0; i < row.text.length; ++i) hash = hashStep(hash, row.text.charCodeAt(i));
    let slot = (hash ^ (hash >> 15)) & (WORD_SLOTS - 1);
    while (table[slot] != 0) slot = (slot + 1) & (WORD_SLOTS - 1);
    table[slot] = <u8>op;
  }
  return table;
}

/** The script arguments, and how much of them was inserted so far. */
class Arguments {
  insertedBytes: i32 = 0;
  private sources: Map<i32, Source> = new Map<i32, Source>();

  constructor(
    public texts: string[],
    public used: Set<i32>,
  ) {}

  get count(): i32 {
    return this.texts.length;
  }

  /** The text of an argument (from 1) as a source. */
  getSource(number: i32): Source {
    if (this.sources.has(number)) return this.sources.get(number);
    const source = Source.fromText(`<argument ${number}>`, this.texts[number - 1], SourceKind.Expression);
    this.sources.set(number, source);
    return source;
  }
}

class Lexer {
  tokens: Token[] = [];
  /** Set when the rest is not worth reading. */
  private stopped: bool = false;
  private start: usize;
  private length: i32;
  private position: i32 = 0;
  private depth: i32 = 0;
  /** Where the text being lexed was inserted, if it is a script argument. */
  private expansion: Range | null = null;

  constructor(
    private source: Source,
    private args: Arguments,
    private reporter: Reporter,
  ) {
    this.start = source.bytes.dataStart;
    this.length = source.length;
    this.position = source.textStart;
  }

  run(): void {
    while (this.skipBlank() && !this.stopped) {
      this.lexToken();
      if (this.tokens.length > MAX_TOKENS) this.stop(Code.TokenCount, this.position, MAX_TOKENS.toString());
    }
  }

  /** Reports (once) and gives up. */
  private stop(code: Code, from: i32, argument: string = ""): void {
    if (!this.stopped) {
      this.reporter.parseError(code, this.range(from), argument);
      this.push(TokenKind.Junk, Operator.None, from);
    }
    this.stopped = true;
  }

  private at(position: i32): i32 {
    return position < this.length ? <i32>load<u8>(this.start + <usize>position) : -1;
  }

  private range(from: i32): Range {
    return new Range(this.source, from, this.position, this.expansion);
  }

  private push(kind: TokenKind, op: Operator, from: i32): void {
    this.tokens.push(new Token(kind, op, this.range(from)));
  }

  private junk(code: Code, from: i32, argument: string = ""): void {
    const token = new Token(TokenKind.Junk, Operator.None, this.range(from), argument);
    token.problem = code;
    this.tokens.push(token);
  }

  /** Skips white space and comments; false at the end. */
  private skipBlank(): bool {
    while (true) {
      const c = this.at(this.position);
      if (c < 0) return false;
      if (c == Char.Space || (c >= Char.Tab && c <= 0x0d)) {
        ++this.position;
      } else if (c == Char.Hash || (c == Char.Slash && this.at(this.position + 1) == Char.Slash)) {
        while (this.position < this.length && this.at(this.position) != Char.Newline) ++this.position;
      } else if (c == Char.Slash && this.at(this.position + 1) == Char.Star) {
        this.skipComment();
      } else {
        return true;
      }
    }
  }

  private skipComment(): void {
    const from = this.position;
    this.position += 2;
    while (this.position < this.length) {
      if (this.at(this.position) == Char.Star && this.at(this.position + 1) == Char.Slash) {
        this.position += 2;
        return;
      }
      ++this.position;
    }
    this.reporter.parseError(Code.UnterminatedComment, new Range(this.source, from, from + 2, this.expansion));
  }

  private lexToken(): void {
    const from = this.position;
    const c = this.at(from);
    if (c == Char.Dollar && this.lexArgument(from, false)) return;
    if (isNameStart(c)) {
      this.lexName(from);
    } else if (isDigit(c)) {
      while (isNamePart(this.at(this.position)) && this.at(this.position) != Char.Dollar) ++this.position;
      this.pushWord(TokenKind.Number, Operator.None, from);
    } else if (c == Char.Quote) {
      this.lexString(from);
    } else if (c == Char.At) {
      this.lexAtWord(from);
    } else if (c == Char.Percent && this.at(from + 1) == Char.OpenBrace) {
      this.lexEmbedded(from);
    } else {
      this.lexOperator(from);
    }
  }

  private lexName(from: i32): void {
    let hash: u32 = 0x811c9dc5;
    while (isNamePart(this.at(this.position))) hash = hashStep(hash, this.at(this.position++));
    const op = this.findWord(from, hash);
    this.pushWord(op == Operator.None ? TokenKind.Identifier : TokenKind.Keyword, op, from);
  }

  /** A word, unless it is too long: messages repeat it. */
  private pushWord(kind: TokenKind, op: Operator, from: i32): void {
    if (this.position - from <= MAX_WORD_BYTES) this.push(kind, op, from);
    else this.junk(Code.WordSize, from, MAX_WORD_BYTES.toString());
  }

  /** The keyword or @-word from `from` up to the position, whose hash is given. */
  private findWord(from: i32, hash: u32): Operator {
    const table = WORD_TABLE;
    const length = this.position - from;
    let slot = (hash ^ (hash >> 15)) & (WORD_SLOTS - 1);
    while (table[slot] != 0) {
      const op = <Operator>table[slot];
      const text = OPERATORS[op].text;
      if (text.length == length && this.matches(text, from)) return op;
      slot = (slot + 1) & (WORD_SLOTS - 1);
    }
    return Operator.None;
  }

  private matches(text: string, from: i32): bool {
    for (let i = 0, n = text.length; i < n; ++i) {
      if (text.charCodeAt(i) != this.at(from + i)) return false;
    }
    return true;
  }

  private lexString(from: i32): void {
    ++this.position;
    while (true) {
      const c = this.at(this.position);
      if (c < 0 || c == Char.Newline) {
        this.junk(Code.UnterminatedString, from);
        return;
      }
      ++this.position;
      if (c == Char.Quote) break;
      if (c == Char.Backslash && this.position < this.length) ++this.position;
    }
    this.push(TokenKind.String, Operator.None, from);
  }

  private lexAtWord(from: i32): void {
    if (this.lexArgument(from, true)) return;
    ++this.position;
    if (!isNameStart(this.at(this.position))) {
      this.junk(Code.BadCharacter, from);
      return;
    }
    let hash: u32 = hashStep(0x811c9dc5, Char.At);
    while (isNamePart(this.at(this.position))) hash = hashStep(hash, this.at(this.position++));
    this.pushWord(TokenKind.AtWord, this.findWord(from, hash), from);
  }

  /** `$1 $#` (text) and `@1 @#` (string): true if there was one. */
  private lexArgument(from: i32, quoted: bool): bool {
    const next = this.at(from + 1);
    if (next == Char.Hash) {
      this.position = from + 2;
      const kind = quoted ? TokenKind.String : TokenKind.Number;
      this.tokens.push(new Token(kind, Operator.None, this.range(from), this.args.count.toString()));
      return true;
    }
    if (!isDigit(next)) return false;
    this.position = from + 1;
    let number: i32 = 0;
    while (isDigit(this.at(this.position))) {
      if (number < 1000000) number = number * 10 + (this.at(this.position) - Char.Zero);
      ++this.position;
    }
    const count = this.args.count;
    this.args.used.add(number);
    if (number < 1 || number > count) {
      const given = count == 1 ? "1 argument was given" : `${count} arguments were given`;
      this.junk(Code.ArgumentRange, from, count == 0 ? "no arguments were given" : given);
    } else if (quoted) {
      this.tokens.push(new Token(TokenKind.String, Operator.None, this.range(from), this.args.texts[number - 1]));
    } else {
      this.lexInserted(from, number);
    }
    return true;
  }

  /** Lexes the text of a script argument as if it stood where `$number` stands. */
  private lexInserted(from: i32, number: i32): void {
    const text = this.args.getSource(number);
    this.args.insertedBytes += text.length + 1;
    if (this.args.insertedBytes > MAX_INSERTED_BYTES) this.stop(Code.ArgumentSize, from);
    else if (this.depth >= MAX_EXPANSION_DEPTH) this.stop(Code.ArgumentNesting, from);
    if (this.stopped) return;
    const inner = new Lexer(text, this.args, this.reporter);
    inner.expansion = this.range(from);
    inner.depth = this.depth + 1;
    inner.tokens = this.tokens;
    inner.run();
    this.stopped = inner.stopped;
  }

  private lexEmbedded(from: i32): void {
    this.position += 2;
    while (this.position < this.length) {
      if (this.at(this.position) == Char.Percent && this.at(this.position + 1) == Char.CloseBrace) {
        this.position += 2;
        this.push(TokenKind.EmbeddedCode, Operator.None, from);
        return;
      }
      ++this.position;
    }
    this.position = from + 2;
    this.junk(Code.UnterminatedEmbedded, from);
    this.position = this.length;
  }

  /** The longest row of punctuation or operators that begins here. */
  private lexOperator(from: i32): void {
    const op = this.findOperator(from);
    if (op != Operator.None) {
      this.position = from + OPERATORS[op].text.length;
      this.push(TokenKind.Operator, op, from);
      return;
    }
    // A character that no token begins with; bytes above 0x7f belong together.
    const wide = this.at(from) > Char.Delete;
    ++this.position;
    while (wide && this.at(this.position) > Char.Delete) ++this.position;
    this.junk(Code.BadCharacter, from);
  }

  private findOperator(from: i32): Operator {
    const a = this.at(from);
    const b = this.at(from + 1);
    const c = this.at(from + 2);
    switch (a) {
      case 0x7b:
        return Operator.OpenBrace;
      case 0x7d:
        return Operator.CloseBrace;
      case 0x28:
        return Operator.OpenParen;
      case 0x29:
        return Operator.CloseParen;
      case 0x5b:
        return Operator.OpenBracket;
      case 0x5d:
        return Operator.CloseBracket;
      case 0x3b:
        return Operator.Semicolon;
      case 0x2c:
        return Operator.Comma;
      case 0x3a:
        return Operator.Colon;
      case 0x3f:
        return Operator.Question;
      case 0x7e:
        return Operator.BitNot;
      case 0x2e:
        return b == 0x3d ? Operator.ConcatAssign : Operator.Concat;
      case 0x2a:
        return b == 0x3d ? Operator.MultiplyAssign : Operator.Multiply;
      case 0x2f:
        return b == 0x3d ? Operator.DivideAssign : Operator.Divide;
      case 0x5e:
        return b == 0x3d ? Operator.BitXorAssign : Operator.BitXor;
      case 0x3d:
        return b == 0x3d ? Operator.Equal : b == 0x7e ? Operator.Match : Operator.Assign;
      case Char.Bang:
        return b == 0x3d ? Operator.NotEqual : b == 0x7e ? Operator.NotMatch : Operator.Not;
      case 0x2b:
        return b == 0x2b ? Operator.Increment : b == 0x3d ? Operator.AddAssign : Operator.Add;
      case 0x2d:
        if (b == 0x3e) return Operator.Arrow;
        return b == 0x2d ? Operator.Decrement : b == 0x3d ? Operator.SubtractAssign : Operator.Subtract;
      case 0x26:
        return b == 0x26 ? Operator.LogicalAnd : b == 0x3d ? Operator.BitAndAssign : Operator.BitAnd;
      case 0x7c:
        return b == 0x7c ? Operator.LogicalOr : b == 0x3d ? Operator.BitOrAssign : Operator.BitOr;
      case 0x3c:
        if (b == 0x3c)
          return c == 0x3c ? Operator.Aggregate : c == 0x3d ? Operator.ShiftLeftAssign : Operator.ShiftLeft;
        return b == 0x3d ? Operator.LessEqual : Operator.Less;
      case 0x3e:
        if (b == 0x3e) {
          return c == 0x3e ? Operator.ShiftRightLogical : c == 0x3d ? Operator.ShiftRightAssign : Operator.ShiftRight;
        }
        return b == 0x3d ? Operator.GreaterEqual : Operator.Greater;
      case Char.Percent:
        return this.findPercent(b);
      default:
        return Operator.None;
    }
  }

  private findPercent(b: i32): Operator {
    switch (b) {
      case 0x28:
        return Operator.PreOpen;
      case 0x3f:
        return Operator.PreThen;
      case 0x3a:
        return Operator.PreElse;
      case 0x29:
        return Operator.PreClose;
      case 0x3d:
        return Operator.ModuloAssign;
      default:
        return Operator.Modulo;
    }
  }
}

/** A decoded number literal. */
export class DecodedNumber {
  ok: bool = false;
  value: u64 = 0;
}

/** Decodes `0x1F`, `017` and `15`; not `ok` if it is none of them or needs more than 64 bits. */
export function decodeNumber(text: string): DecodedNumber {
  const result = new DecodedNumber();
  let base: u64 = 10;
  let i = 0;
  const n = text.length;
  if (n > 1 && text.charCodeAt(0) == Char.Zero) {
    const second = text.charCodeAt(1) | 0x20;
    base = second == 0x78 ? 16 : 8;
    i = base == 16 ? 2 : 1;
  }
  if (i >= n) return result;
  let value: u64 = 0;
  for (; i < n; ++i) {
    const digit = digitOf(text.charCodeAt(i));
    if (digit < 0 || <u64>digit >= base) return result;
    if (value > (u64.MAX_VALUE - <u64>digit) / base) return result;
    value = value * base + <u64>digit;
  }
  result.ok = true;
  result.value = value;
  return result;
}

function digitOf(c: i32): i32 {
  if (isDigit(c)) return c - Char.Zero;
  const lower = c | 0x20;
  return lower >= Char.LowerA && lower <= 0x66 ? lower - Char.LowerA + 10 : -1;
}

/** Decodes the escapes of a string literal, given with its quotes, as C does. */
export function decodeString(text: string): string {
  const n = text.length - 1;
  if (text.indexOf("\\") < 0) return text.substring(1, n);
  const bytes = new Uint8Array(n);
  let length = 0;
  let i = 1;
  while (i < n) {
    let c = text.charCodeAt(i++);
    if (c == Char.Backslash && i < n) {
      c = text.charCodeAt(i++);
      if (c == Char.Newline) continue;
      if (c == 0x78 && i < n && digitOf(text.charCodeAt(i)) >= 0) {
        c = digitOf(text.charCodeAt(i++));
        if (i < n && digitOf(text.charCodeAt(i)) >= 0) c = (c << 4) | digitOf(text.charCodeAt(i++));
      } else if (c >= Char.Zero && c <= 0x37) {
        c -= Char.Zero;
        for (let k = 0; k < 2 && i < n && text.charCodeAt(i) >= Char.Zero && text.charCodeAt(i) <= 0x37; ++k) {
          c = ((c << 3) | (text.charCodeAt(i++) - Char.Zero)) & 0xff;
        }
      } else {
        c = simpleEscape(c);
      }
    }
    bytes[length++] = <u8>c;
  }
  return byteString(bytes, 0, length);
}

function simpleEscape(c: i32): i32 {
  switch (c) {
    case 0x61:
      return 7;
    case 0x62:
      return 8;
    case 0x74:
      return 9;
    case 0x6e:
      return 10;
    case 0x76:
      return 11;
    case 0x66:
      return 12;
    case 0x72:
      return 13;
    default:
      return c;
  }
}
