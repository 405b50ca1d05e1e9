// The name of a token in diagnostics: `operator '}'`, `identifier 'x'`, `end of file`; and the message about a bad
// token.

import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { isTypographicQuote } from "./hints";
import { Token, TokenKind } from "./token";

/** What a message says it saw. */
export function sawToken(token: Token): string {
  switch (token.kind) {
    case TokenKind.End:
      return "end of file";
    case TokenKind.Identifier:
      return `identifier '${token.text}'`;
    case TokenKind.Number:
      return `number '${token.text}'`;
    case TokenKind.String:
      return token.given !== null ? "string argument" : `string ${shorten(token.text)}`;
    case TokenKind.Keyword:
      return `keyword '${token.text}'`;
    case TokenKind.EmbeddedCode:
      return "embedded code";
    case TokenKind.Junk:
      return "junk";
    default:
      return `operator '${token.text}'`;
  }
}

/** Reports what the lexer found wrong with a token, if it is junk. */
export function reportJunk(token: Token, reporter: Reporter): void {
  if (token.kind != TokenKind.Junk || token.problem == Code.Semantic || reporter.isFull) return;
  const argument = token.given;
  const diagnostic = reporter.parseError(token.problem, token.range, argument !== null ? argument : "");
  if (isTypographicQuote(token.range.text)) diagnostic.hint = 'a string stands between quotes of this form: "';
}

function shorten(text: string): string {
  return text.length > 40 ? text.substring(0, 36) + '..."' : text;
}
