// The condition of `%( condition %? …`, evaluated while it is parsed.
//
//   condition  = all { "||" all }        all = test { "&&" test }        no parentheses, as in SystemTap
//   test       = kernel_v|kernel_vr|systemtap_v  ==|!=|<|<=|>|>=  "version"
//              | arch|runtime|CONFIG_…           ==|!=  "wildcard"
//              | CONFIG_…                        ==|!=|<|<=|>|>=  CONFIG_…|number
//              | systemtap_privilege             ==|!=  "name"
//              | guru_mode                       ==|!=  0|1
//              | string op string | number op number

import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { decodeNumber, decodeString } from "./lexer";
import { PreprocessOptions } from "./options";
import { reportJunk, sawToken } from "./saw";
import { Operator, Token, TokenKind } from "./token";
import { compareVersions, hasWildcard, matchWildcard } from "./wildcard";

/** A condition that is being parsed; `position` is then after it. */
export class Condition {
  failed: bool = false;
  constructor(
    public tokens: Token[],
    public position: i32,
    public options: PreprocessOptions,
    public reporter: Reporter,
  ) {}

  get token(): Token {
    return this.tokens[this.position];
  }

  /** Takes the next token; the last one (`End`) is never passed. */
  take(): Token {
    const token = this.token;
    if (token.kind != TokenKind.End) ++this.position;
    return token;
  }

  fail(code: Code, token: Token, argument: string = ""): void {
    if (this.failed) return;
    this.failed = true;
    if (token.kind == TokenKind.Junk) reportJunk(token, this.reporter);
    else this.reporter.parseError(code, token.range, argument, sawToken(token));
  }
}

/** Reads the whole condition; meaningless if it `failed`. */
export function evaluateCondition(c: Condition): bool {
  let holds = evaluateAll(c);
  while (!c.failed && c.token.is(Operator.LogicalOr)) {
    c.take();
    const other = evaluateAll(c);
    holds = holds || other;
  }
  return holds;
}

function evaluateAll(c: Condition): bool {
  let holds = evaluateTest(c);
  while (!c.failed && c.token.is(Operator.LogicalAnd)) {
    c.take();
    const other = evaluateTest(c);
    holds = holds && other;
  }
  return holds;
}

function evaluateTest(c: Condition): bool {
  const subject = c.take();
  if (subject.kind == TokenKind.Number || subject.kind == TokenKind.String) return evaluateLiterals(c, subject);
  const name = subject.kind == TokenKind.Identifier ? subject.text : "";
  if (name == "kernel_v" || name == "kernel_vr") return evaluateKernel(c, subject, name);
  if (name == "systemtap_v") return evaluateVersion(c, c.options.systemtapVersion);
  if (name == "arch") return evaluateName(c, c.options.arch);
  if (name == "runtime") return evaluateName(c, c.options.runtime);
  if (name == "systemtap_privilege") return evaluateName(c, c.options.privilege);
  if (name == "guru_mode") return evaluateGuru(c);
  if (name.startsWith("CONFIG_")) return evaluateConfig(c, subject);
  c.fail(Code.BadCondition, subject);
  return false;
}

function isComparison(op: Operator): bool {
  return op >= Operator.Less && op <= Operator.NotEqual;
}

function takeComparison(c: Condition): Operator {
  const token = c.take();
  if (!isComparison(token.op)) c.fail(Code.ConditionOperator, token, "comparison operator");
  return token.op;
}

function takeEquality(c: Condition): Operator {
  const token = c.take();
  if (!token.is(Operator.Equal) && !token.is(Operator.NotEqual)) c.fail(Code.ConditionOperator, token, "'==' or '!='");
  return token.op;
}

function takeString(c: Condition): string {
  if (c.failed) return "";
  const token = c.take();
  if (token.kind == TokenKind.String) return stringValue(token);
  c.fail(Code.ConditionString, token);
  return "";
}

/** The decoded value of a string token. */
export function stringValue(token: Token): string {
  const given = token.given;
  return given !== null ? given : decodeString(token.range.text);
}

function takeNumber(c: Condition): i64 {
  if (c.failed) return 0;
  const token = c.take();
  if (token.kind == TokenKind.Number) return numberValue(c, token);
  c.fail(Code.ConditionNumber, token);
  return 0;
}

function numberValue(c: Condition, token: Token): i64 {
  const number = decodeNumber(token.text);
  if (!number.ok) c.fail(Code.BadNumber, token);
  return <i64>number.value;
}

function evaluateKernel(c: Condition, subject: Token, name: string): bool {
  const release = c.options.kernelRelease;
  if (release.length == 0) c.fail(Code.UnknownKernel, subject, name);
  const dash = release.indexOf("-");
  return evaluateVersion(c, name == "kernel_v" && dash >= 0 ? release.substring(0, dash) : release);
}

function evaluateVersion(c: Condition, actual: string): bool {
  const op = takeComparison(c);
  const wanted = takeString(c);
  if ((op == Operator.Equal || op == Operator.NotEqual) && hasWildcard(wanted)) {
    return matchWildcard(wanted, actual) == (op == Operator.Equal);
  }
  return holds(op, compareVersions(actual, wanted));
}

function evaluateName(c: Condition, actual: string): bool {
  const op = takeEquality(c);
  const pattern = takeString(c);
  return matchWildcard(pattern, actual) == (op == Operator.Equal);
}

/** `CONFIG_A == "y"`, or by number: `CONFIG_A >= CONFIG_B`, `CONFIG_A >= 2`. */
function evaluateConfig(c: Condition, subject: Token): bool {
  const value = configValue(c, subject.text);
  const following = c.position + 1 < c.tokens.length ? c.tokens[c.position + 1] : c.token;
  if (following.kind == TokenKind.Number) return evaluateConfigNumber(c, subject, value);
  if (following.kind != TokenKind.Identifier) return evaluateName(c, value);
  const op = takeComparison(c);
  const other = c.take().text;
  if (!other.startsWith("CONFIG_")) c.fail(Code.ConditionString, following);
  const a = <i64>decodeNumber(value).value;
  const b = <i64>decodeNumber(configValue(c, other)).value;
  return holds(op, a < b ? -1 : a > b ? 1 : 0);
}

/** An option that is not set counts as 0. */
function evaluateConfigNumber(c: Condition, subject: Token, value: string): bool {
  const op = takeComparison(c);
  const b = takeNumber(c);
  const number = decodeNumber(value);
  if (value.length > 0 && !number.ok) c.fail(Code.ConfigNumber, subject, value);
  const a = value.length > 0 ? <i64>number.value : 0;
  return holds(op, a < b ? -1 : a > b ? 1 : 0);
}

function configValue(c: Condition, name: string): string {
  const options = c.options;
  if (options.configs.has(name)) return options.configs.get(name);
  const asked = options.configsAsked;
  if (asked && !asked.has(name)) options.configNeeds.add(name);
  return "";
}

function evaluateGuru(c: Condition): bool {
  const op = takeEquality(c);
  const number = c.token;
  const wanted = takeNumber(c);
  if (wanted != 0 && wanted != 1) c.fail(Code.ConditionGuru, number);
  return (wanted == <i64>c.options.guru) == (op == Operator.Equal);
}

function evaluateLiterals(c: Condition, left: Token): bool {
  const op = takeComparison(c);
  if (left.kind == TokenKind.Number) {
    const a = numberValue(c, left);
    const b = takeNumber(c);
    return holds(op, a < b ? -1 : a > b ? 1 : 0);
  }
  const a = stringValue(left);
  const b = takeString(c);
  return holds(op, a < b ? -1 : a > b ? 1 : 0);
}

/** Whether `a op b`, given the sign of a - b. */
function holds(op: Operator, sign: i32): bool {
  switch (op) {
    case Operator.Less:
      return sign < 0;
    case Operator.LessEqual:
      return sign <= 0;
    case Operator.Greater:
      return sign > 0;
    case Operator.GreaterEqual:
      return sign >= 0;
    case Operator.Equal:
      return sign == 0;
    default:
      return sign != 0;
  }
}
