import { Reporter } from "../diagnostics/diagnostic";
import { byteString, Source } from "../source/source";
import { decodeNumber, decodeString, lex } from "./lexer";
import { reportJunk } from "./saw";
import { OPERATORS, Operator, OperatorFlags, selfCheckTokens, Token, TokenKind } from "./token";

function lexText(text: string, args: string[] = []): Token[] {
  return lex(Source.fromText("a.stp", text), args, new Reporter());
}

function errorsOf(text: string, args: string[] = []): i32 {
  const reporter = new Reporter();
  const tokens = lex(Source.fromText("a.stp", text), args, reporter);
  for (let i = 0; i < tokens.length; ++i) reportJunk(tokens[i], reporter);
  return reporter.errorCount;
}

export function test_the_table_of_operators_agrees_with_its_enum(): void {
  selfCheckTokens();
}

export function test_lexes_every_spelling_of_the_table(): void {
  for (let op = 1; op < OPERATORS.length; ++op) {
    const row = OPERATORS[op];
    const tokens = lexText(` ${row.text} `);
    assert(tokens.length == 2, "one token: " + row.text);
    assert(<i32>tokens[0].op == op, "right row: " + row.text);
    const isWord = (row.flags & OperatorFlags.Keyword) != 0;
    assert((tokens[0].kind == TokenKind.Keyword) == isWord, "keyword or not: " + row.text);
    assert(tokens[0].text == row.text, "text: " + row.text);
  }
}

export function test_takes_the_longest_operator(): void {
  const tokens = lexText("a>>>b>>=c<<<d<=e=~f!~g->h--i");
  const ops: Operator[] = [
    Operator.ShiftRightLogical,
    Operator.ShiftRightAssign,
    Operator.Aggregate,
    Operator.LessEqual,
    Operator.Match,
    Operator.NotMatch,
    Operator.Arrow,
    Operator.Decrement,
  ];
  for (let i = 0; i < ops.length; ++i) assert(tokens[2 * i + 1].op == ops[i], `operator ${i}`);
}

export function test_keywords_end_where_names_end(): void {
  const tokens = lexText("iff if if_ $if limit");
  assert(tokens[0].kind == TokenKind.Identifier, "iff");
  assert(tokens[1].op == Operator.If, "if");
  assert(tokens[2].kind == TokenKind.Identifier, "if_");
  assert(tokens[3].kind == TokenKind.Identifier, "$if");
  assert(tokens[4].op == Operator.Limit, "limit");
}

export function test_skips_all_three_kinds_of_comments(): void {
  const tokens = lexText("a # b\n c // d\n /* e \n * / */ f /**/ g /*/ h */");
  assert(tokens.length == 5, `a c f g and the end, got ${tokens.length}`);
  assert(tokens[3].range.line == 4 && tokens[3].text == "g", "positions go on");
}

export function test_reports_what_is_never_closed(): void {
  assert(errorsOf("a /* b") == 1, "comment");
  assert(errorsOf('a "b') == 1, "string");
  assert(errorsOf('a "b\n c "d') == 2, "string at the end of a line");
  assert(errorsOf("%{ a") == 1, "embedded code");
  assert(errorsOf('"\\') == 1, "backslash at the end");
  assert(errorsOf("@") == 1 && errorsOf("`") == 1, "odd characters");
}

export function test_inserts_script_arguments(): void {
  const args: string[] = ["x + 1", 'q"'];
  const tokens = lexText("$1 @2 $# @#", args);
  assert(tokens.length == 7, "three tokens, a string, a number, a string, the end");
  assert(tokens[0].text == "x" && tokens[1].op == Operator.Add, "text is lexed");
  const expansion = tokens[0].range.expansion;
  assert(expansion !== null && expansion.text == "$1", "and knows where it was inserted");
  assert(tokens[3].kind == TokenKind.String && tokens[3].text == 'q"', "as it is");
  assert(tokens[4].kind == TokenKind.Number && tokens[4].text == "2", "count");
  assert(tokens[5].kind == TokenKind.String && tokens[5].text == "2", "count as a string");
}

export function test_refuses_script_arguments_that_were_not_given(): void {
  assert(errorsOf("$1") == 1 && errorsOf("@1") == 1 && errorsOf("$0") == 1, "none given");
  assert(errorsOf("$2 $99999999999999999999", ["a"]) == 2, "one given");
  assert(errorsOf("# $1\n// @1\n", []) == 0, "not in comments");
}

export function test_stops_arguments_that_insert_themselves(): void {
  assert(errorsOf("$1", ["$1"]) == 1, "itself");
  assert(errorsOf("$1", ["$1 $1"]) == 1, "itself twice");
  assert(errorsOf("$1", ["$2 $2", "$1 $1"]) == 1, "each other");
  assert(errorsOf("$1 ".repeat(20), [" ".repeat(1 << 20)]) == 1, "too much text");
}

export function test_refuses_scripts_beyond_the_limits(): void {
  assert(errorsOf(" ".repeat(4 << 20)) == 0, "just fits");
  assert(errorsOf(" ".repeat((4 << 20) + 1)) == 1, "too large");
  assert(errorsOf(";".repeat((2 << 20) + 2)) == 1, "too many tokens");
}

export function test_decodes_numbers_of_three_bases(): void {
  assert(decodeNumber("0").value == 0 && decodeNumber("42").value == 42, "decimal");
  assert(decodeNumber("0x1F").value == 31 && decodeNumber("0Xff").value == 255, "hexadecimal");
  assert(decodeNumber("0777").value == 511, "octal");
  assert(decodeNumber("18446744073709551615").value == u64.MAX_VALUE, "64 bits");
  const bad: string[] = ["18446744073709551616", "0x10000000000000000", "08", "0x", "12a", "1e5", "0b1", "0x1g"];
  for (let i = 0; i < bad.length; ++i) assert(!decodeNumber(bad[i]).ok, bad[i]);
}

export function test_decodes_escapes_as_c_does(): void {
  assert(decodeString('"plain"') == "plain", "plain");
  assert(decodeString('"\\a\\b\\t\\n\\v\\f\\r\\\\\\""') == '\x07\b\t\n\v\f\r\\"', "letters");
  assert(decodeString('"\\101\\18\\0"') == "A\x018\0", "octal");
  assert(decodeString('"\\x41\\xe4\\xg"') == "A\xe4xg", "hexadecimal");
  assert(decodeString('"a\\\nb"') == "ab", "continued line");
  assert(decodeString('"\\q"') == "q", "any other is itself");
}

export function test_keeps_all_bytes_of_a_literal(): void {
  const bytes = new Uint8Array(258);
  bytes[0] = 0x22;
  for (let i = 0; i < 256; ++i) bytes[i + 1] = <u8>(i == 0x22 || i == 0x5c || i == 0x0a ? 0x61 : i);
  bytes[257] = 0x22;
  const reporter = new Reporter();
  const tokens = lex(new Source("a", bytes), [], reporter);
  assert(!reporter.hasErrors && tokens.length == 2, "one string");
  assert(decodeString(tokens[0].text) == byteString(bytes, 1, 257), "same bytes");
}

export function test_a_word_beside_foreign_characters_is_one_complaint(): void {
  assert(errorsOf("\xc3\xbc\xc3\xa4 a \xff") == 2, "one for each run of bytes");
}
