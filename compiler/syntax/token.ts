// Tokens, and the one table of everything that has a fixed spelling.
//
// Each spelling is a row: punctuation, operators, keywords and @-words. The lexer finds a row by its text, the parser
// uses its precedence, and the printer writes its text. Passes compare members of `Operator`, never strings.

import { Code } from "../diagnostics/messages";
import { Range } from "../source/source";

/** What a token is. */
export const enum TokenKind {
  /** The end of the text. */
  End,
  /** A name, also one that begins with `$`. */
  Identifier,
  Number,
  String,
  /** Punctuation or an operator: `Token.op` says which. */
  Operator,
  /** A reserved word: `Token.op` says which. */
  Keyword,
  /** A name after `@`: `Token.op` says which, or is `Operator.None` for a macro's name. */
  AtWord,
  /** `%{ … %}`; the text is what stands between. */
  EmbeddedCode,
  /** Something the lexer could not read; `Token.problem` says why. */
  Junk,
}

/** Everything with a fixed spelling. The members follow the rows of `OPERATORS`. */
export enum Operator {
  None,
  // Punctuation.
  OpenBrace,
  CloseBrace,
  OpenParen,
  CloseParen,
  OpenBracket,
  CloseBracket,
  Semicolon,
  Comma,
  Colon,
  Question,
  Arrow,
  /** `%(`. */
  PreOpen,
  /** `%?`. */
  PreThen,
  /** `%:`. */
  PreElse,
  /** `%)`. */
  PreClose,
  // Binary operators.
  LogicalOr,
  LogicalAnd,
  BitOr,
  BitXor,
  BitAnd,
  Less,
  Greater,
  LessEqual,
  GreaterEqual,
  Equal,
  NotEqual,
  Match,
  NotMatch,
  /** `.`, string concatenation. */
  Concat,
  ShiftLeft,
  /** `>>`, arithmetic. */
  ShiftRight,
  /** `>>>`, logical. */
  ShiftRightLogical,
  Add,
  Subtract,
  Multiply,
  Divide,
  Modulo,
  // Unary operators; + - & are the binary members.
  Not,
  BitNot,
  Increment,
  Decrement,
  // Assignment operators.
  Assign,
  AddAssign,
  SubtractAssign,
  MultiplyAssign,
  DivideAssign,
  ModuloAssign,
  BitAndAssign,
  BitOrAssign,
  BitXorAssign,
  ShiftLeftAssign,
  ShiftRightAssign,
  ConcatAssign,
  /** `<<<`, adds a sample to a statistic. */
  Aggregate,
  // Keywords.
  Probe,
  Global,
  Private,
  Function,
  If,
  Else,
  For,
  Foreach,
  While,
  In,
  Limit,
  Return,
  Delete,
  Break,
  Continue,
  Next,
  Try,
  Catch,
  String,
  Long,
  // @-words.
  AtVar,
  AtCast,
  AtEntry,
  AtDefined,
  AtChooseDefined,
  AtConst,
  AtPerf,
  AtProbeWrite,
  AtKderef,
  AtUderef,
  AtKregister,
  AtUregister,
  AtCount,
  AtSum,
  AtMin,
  AtMax,
  AtAvg,
  AtVariance,
  AtHistLinear,
  AtHistLog,
  AtDefine,
  Size,
}

/** Groups of rows, as a set of bits. */
export const enum OperatorFlags {
  None = 0,
  Punctuation = 1 << 0,
  Arithmetic = 1 << 1,
  Comparison = 1 << 2,
  Logical = 1 << 3,
  /** `=~` and `!~`. */
  Match = 1 << 4,
  Concat = 1 << 5,
  Unary = 1 << 6,
  Assignment = 1 << 7,
  Keyword = 1 << 8,
  AtWord = 1 << 9,
  /** @count … @variance: a number out of a statistic. */
  Extractor = 1 << 10,
  Histogram = 1 << 11,
}

/** How tightly `in` binds, which is a keyword: between `&` and the comparisons. */
export const IN_PRECEDENCE: i32 = 6;

/** How tightly comparisons and matches bind. */
export const COMPARISON_PRECEDENCE: i32 = 7;

/** One row: a spelling and how it is parsed. */
export class OperatorRow {
  constructor(
    public op: Operator,
    public text: string,
    public flags: OperatorFlags,
    /** How tightly a binary operator binds, from 1; 0 means that it is not binary. All are left-associative. */
    public precedence: i32 = 0,
    /** The binary operator inside a compound assignment; `Operator.None` for `=` and `<<<`. */
    public base: Operator = Operator.None,
  ) {}
}

function row(op: Operator, text: string, flags: OperatorFlags, precedence: i32 = 0): OperatorRow {
  return new OperatorRow(op, text, flags, precedence);
}

function punctuation(op: Operator, text: string): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.Punctuation);
}

function arithmetic(op: Operator, text: string, precedence: i32): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.Arithmetic, precedence);
}

function comparison(op: Operator, text: string, precedence: i32): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.Comparison, precedence);
}

function assignment(op: Operator, text: string, base: Operator): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.Assignment, 0, base);
}

function keyword(op: Operator, text: string): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.Keyword);
}

function atWord(op: Operator, text: string, flags: OperatorFlags = OperatorFlags.None): OperatorRow {
  return new OperatorRow(op, text, OperatorFlags.AtWord | flags);
}

/** The table; `selfCheckTokens` asserts that row i is member i. */
export const OPERATORS: StaticArray<OperatorRow> = [
  row(Operator.None, "", OperatorFlags.None),
  punctuation(Operator.OpenBrace, "{"),
  punctuation(Operator.CloseBrace, "}"),
  punctuation(Operator.OpenParen, "("),
  punctuation(Operator.CloseParen, ")"),
  punctuation(Operator.OpenBracket, "["),
  punctuation(Operator.CloseBracket, "]"),
  punctuation(Operator.Semicolon, ";"),
  punctuation(Operator.Comma, ","),
  punctuation(Operator.Colon, ":"),
  punctuation(Operator.Question, "?"),
  punctuation(Operator.Arrow, "->"),
  punctuation(Operator.PreOpen, "%("),
  punctuation(Operator.PreThen, "%?"),
  punctuation(Operator.PreElse, "%:"),
  punctuation(Operator.PreClose, "%)"),
  row(Operator.LogicalOr, "||", OperatorFlags.Logical, 1),
  row(Operator.LogicalAnd, "&&", OperatorFlags.Logical, 2),
  arithmetic(Operator.BitOr, "|", 3),
  arithmetic(Operator.BitXor, "^", 4),
  arithmetic(Operator.BitAnd, "&", 5),
  comparison(Operator.Less, "<", 7),
  comparison(Operator.Greater, ">", 7),
  comparison(Operator.LessEqual, "<=", 7),
  comparison(Operator.GreaterEqual, ">=", 7),
  comparison(Operator.Equal, "==", 7),
  comparison(Operator.NotEqual, "!=", 7),
  row(Operator.Match, "=~", OperatorFlags.Match, 7),
  row(Operator.NotMatch, "!~", OperatorFlags.Match, 7),
  row(Operator.Concat, ".", OperatorFlags.Concat, 9),
  arithmetic(Operator.ShiftLeft, "<<", 8),
  arithmetic(Operator.ShiftRight, ">>", 8),
  arithmetic(Operator.ShiftRightLogical, ">>>", 8),
  arithmetic(Operator.Add, "+", 10),
  arithmetic(Operator.Subtract, "-", 10),
  arithmetic(Operator.Multiply, "*", 11),
  arithmetic(Operator.Divide, "/", 11),
  arithmetic(Operator.Modulo, "%", 11),
  row(Operator.Not, "!", OperatorFlags.Unary),
  row(Operator.BitNot, "~", OperatorFlags.Unary),
  row(Operator.Increment, "++", OperatorFlags.Unary),
  row(Operator.Decrement, "--", OperatorFlags.Unary),
  assignment(Operator.Assign, "=", Operator.None),
  assignment(Operator.AddAssign, "+=", Operator.Add),
  assignment(Operator.SubtractAssign, "-=", Operator.Subtract),
  assignment(Operator.MultiplyAssign, "*=", Operator.Multiply),
  assignment(Operator.DivideAssign, "/=", Operator.Divide),
  assignment(Operator.ModuloAssign, "%=", Operator.Modulo),
  assignment(Operator.BitAndAssign, "&=", Operator.BitAnd),
  assignment(Operator.BitOrAssign, "|=", Operator.BitOr),
  assignment(Operator.BitXorAssign, "^=", Operator.BitXor),
  assignment(Operator.ShiftLeftAssign, "<<=", Operator.ShiftLeft),
  assignment(Operator.ShiftRightAssign, ">>=", Operator.ShiftRight),
  assignment(Operator.ConcatAssign, ".=", Operator.Concat),
  assignment(Operator.Aggregate, "<<<", Operator.None),
  keyword(Operator.Probe, "probe"),
  keyword(Operator.Global, "global"),
  keyword(Operator.Private, "private"),
  keyword(Operator.Function, "function"),
  keyword(Operator.If, "if"),
  keyword(Operator.Else, "else"),
  keyword(Operator.For, "for"),
  keyword(Operator.Foreach, "foreach"),
  keyword(Operator.While, "while"),
  keyword(Operator.In, "in"),
  keyword(Operator.Limit, "limit"),
  keyword(Operator.Return, "return"),
  keyword(Operator.Delete, "delete"),
  keyword(Operator.Break, "break"),
  keyword(Operator.Continue, "continue"),
  keyword(Operator.Next, "next"),
  keyword(Operator.Try, "try"),
  keyword(Operator.Catch, "catch"),
  keyword(Operator.String, "string"),
  keyword(Operator.Long, "long"),
  atWord(Operator.AtVar, "@var"),
  atWord(Operator.AtCast, "@cast"),
  atWord(Operator.AtEntry, "@entry"),
  atWord(Operator.AtDefined, "@defined"),
  atWord(Operator.AtChooseDefined, "@choose_defined"),
  atWord(Operator.AtConst, "@const"),
  atWord(Operator.AtPerf, "@perf"),
  atWord(Operator.AtProbeWrite, "@probewrite"),
  atWord(Operator.AtKderef, "@kderef"),
  atWord(Operator.AtUderef, "@uderef"),
  atWord(Operator.AtKregister, "@kregister"),
  atWord(Operator.AtUregister, "@uregister"),
  atWord(Operator.AtCount, "@count", OperatorFlags.Extractor),
  atWord(Operator.AtSum, "@sum", OperatorFlags.Extractor),
  atWord(Operator.AtMin, "@min", OperatorFlags.Extractor),
  atWord(Operator.AtMax, "@max", OperatorFlags.Extractor),
  atWord(Operator.AtAvg, "@avg", OperatorFlags.Extractor),
  atWord(Operator.AtVariance, "@variance", OperatorFlags.Extractor),
  atWord(Operator.AtHistLinear, "@hist_linear", OperatorFlags.Histogram),
  atWord(Operator.AtHistLog, "@hist_log", OperatorFlags.Histogram),
  atWord(Operator.AtDefine, "@define"),
];

/** The row of an operator. */
export function operatorRow(op: Operator): OperatorRow {
  return OPERATORS[op];
}

/** The spelling of an operator. */
export function operatorText(op: Operator): string {
  return OPERATORS[op].text;
}

/** Whether an operator belongs to any of some groups. */
export function operatorIs(op: Operator, flags: OperatorFlags): bool {
  return (OPERATORS[op].flags & flags) != 0;
}

/** Asserts that the table agrees with the enum. */
export function selfCheckTokens(): void {
  assert(OPERATORS.length == <i32>Operator.Size, "one row for each operator");
  for (let i = 0; i < OPERATORS.length; ++i) assert(<i32>OPERATORS[i].op == i, "row and member agree");
}

/** One token; its text stays in the source until it is needed. */
export class Token {
  constructor(
    public kind: TokenKind,
    public op: Operator,
    public range: Range,
    /** Set where the text is not the source's: a string made of a script argument, a number made of `$#`. */
    public given: string | null = null,
  ) {}

  /**
   * What is wrong with `Junk` (`given` is the message's argument), or `Semantic` if that was reported already. It is
   * reported when the preprocessor lets the token through: an arm that is not chosen may hold anything.
   */
  problem: Code = Code.Semantic;

  /** Whether this token is a certain operator, keyword or @-word. */
  is(op: Operator): bool {
    return this.op == op;
  }

  /** The token's text as written (a byte string), or what it was given. */
  get text(): string {
    const given = this.given;
    return given !== null ? given : this.range.text;
  }

  /** The same token where a macro call or a script argument put it. */
  expandedAt(expansion: Range): Token {
    const range = this.range;
    const moved = new Range(range.source, range.start, range.end, expansion);
    const token = new Token(this.kind, this.op, moved, this.given);
    token.problem = this.problem;
    return token;
  }
}
