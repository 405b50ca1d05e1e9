// `s =~ "re"`, `matched(n)` and `ngroups()`: the code at the place of use. runtime/regex.ts has the tables,
// runtime/match.ts the routines that walk them.

import { Helper } from "../../common/format/helpers";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { PlainText } from "../regex/plain";
import { maskFor } from "../runtime/bits";
import { copyString, passString, zero } from "../runtime/copy";
import { Spec, SpecField } from "../runtime/digits";
import { FIND_GROUP, MATCH_SHORT, MATCH_STRING, MATCH_WORDS, REMEMBER_MATCH } from "../runtime/match";
import { Base, capacityFor, literalWord, Place } from "../runtime/place";
import { MatchArea, Regex, TOO_LARGE } from "../runtime/regex";
import { Targets } from "../runtime/targets";
import { Text } from "../runtime/text";
import { BinaryExpression, CallExpression, NodeKind, NumberLiteral, StringLiteral } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Contents } from "./contents";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";
import { Shared } from "./shared";

/** Bytes for a message that names a group. */
const MESSAGE_BYTES: i32 = 96;

/** Makes the tables of all expressions of a script. Reports what is too large. */
export function placeRegexes(shared: Shared, contents: Contents): void {
  if (contents.matches.length == 0 && !contents.usesGroups) return;
  const regexes = shared.runtime.regexes;
  regexes.remembers = contents.usesGroups;
  for (let i = 0, n = contents.matches.length; i < n; ++i) {
    const pattern = contents.matches[i].right;
    const problem = regexes.add((<StringLiteral>pattern).value);
    if (problem == "") continue;
    const hint = problem == TOO_LARGE ? "fewer or smaller numbers in braces, or '^' at the start" : "";
    shared.reporter.error(pattern.range, problem, hint);
  }
  regexes.place(shared.unit, shared.runtime.plan);
}

/** Whether matching a string of at most `length` bytes needs no frame. */
export function matchesInRegisters(lowering: Lowering, length: i32): bool {
  return !lowering.runtime.regexes.remembers && capacityFor(length) <= 8 * MATCH_WORDS;
}

/** Branches on `s =~ "re"` or `s !~ "re"`. */
export function branchOnMatch(lowering: Lowering, e: BinaryExpression, whenTrue: i32, whenFalse: i32): void {
  const regex = lowering.runtime.regexes.byText.get((<StringLiteral>e.right).value);
  const yes = e.op == Operator.Match ? whenTrue : whenFalse;
  const no = e.op == Operator.Match ? whenFalse : whenTrue;
  const text = lowering.string(e.left);
  lowering.at(e.range);
  const plain = regex.plain;
  if (plain !== null) branchOnPlain(lowering, text, plain, new Targets(yes, no));
  else if (lowering.runtime.regexes.remembers) lowering.b.branch(rememberMatch(lowering, regex, text), yes, no);
  else lowering.b.branch(callMatch(lowering, regex, text), yes, no);
}

/** Compares the words that contain the text. The bytes after it are masked out. */
function branchOnPlain(lowering: Lowering, place: Place, plain: PlainText, targets: Targets): void {
  const b = lowering.b;
  // A match of the whole string includes the NUL.
  const length = plain.text.length + (plain.isWhole ? 1 : 0);
  if (length > place.capacity) {
    b.jump(targets.no);
    return;
  }
  for (let i = 0, words = (length + 7) >> 3; i < words; ++i) {
    const rest = length - i * 8;
    let word = lowering.frame.word(place, i);
    const bits = <i64>(rest * 8);
    if (rest < 8) word = b.binary(Op.And, word, lowering.constant(((<i64>1) << bits) - 1));
    const next = b.newBlock("equal");
    b.branchIf(Op.Eq, word, lowering.constant(literalWord(plain.text, i)), next, targets.no);
    b.setBlock(next);
  }
  b.jump(targets.yes);
}

function callMatch(lowering: Lowering, regex: Regex, text: Place): Ref {
  const classes = lowering.constant(regex.classes);
  const initial = lowering.constant(regex.initial);
  if (text.capacity > 8 * MATCH_WORDS) {
    return lowering.b.callFunction(MATCH_STRING.of(lowering.runtime), [
      passString(lowering.frame, text),
      classes,
      initial,
    ]);
  }
  const args: Ref[] = [classes, initial];
  for (let i = 0; i < MATCH_WORDS; ++i) args.push(lowering.frame.word(text, i));
  return lowering.b.callFunction(MATCH_SHORT.of(lowering.runtime), args);
}

function rememberMatch(lowering: Lowering, regex: Regex, text: Place): Ref {
  const regexes = lowering.runtime.regexes;
  copyString(lowering.frame, text, new Place(Base.Frame, NoRef, regexes.area + MatchArea.Text, regexes.textBytes));
  lowering.frame.address();
  return lowering.b.callFunction(REMEMBER_MATCH.of(lowering.runtime), [
    lowering.frame.offset(),
    lowering.constant(regex.classes),
    lowering.constant(regex.initial),
    lowering.constant(regex.initialList),
    lowering.constant(regex.groups),
  ]);
}

/** Marks at a handler's start that there has been no match. */
export function forgetMatch(lowering: Lowering): void {
  const regexes = lowering.runtime.regexes;
  if (!regexes.remembers) return;
  lowering.b.store(Op.Store32, lowering.frame.address(), regexes.area + MatchArea.Groups, lowering.constant(0));
}

// ------------------------------------------------------------------------------------------------------------- groups

/** The groups of the last match; 0 if it failed. */
function groupsOfMatch(lowering: Lowering): Ref {
  return lowering.b.load(Op.Load32u, lowering.frame.address(), lowering.runtime.regexes.area + MatchArea.Groups);
}

/** ngroups() */
export function lowerGroupCount(lowering: Lowering, e: CallExpression): Ref {
  const groups = groupsOfMatch(lowering);
  const message = "Attempted to get subexpression count from failed match";
  lowering.exits.failIf(Op.Eq, groups, lowering.constant(0), new SoftError(message, e.range, nearOf(e)));
  return groups;
}

function nearOf(e: CallExpression): string {
  return `identifier '${e.name}'`;
}

/** The argument of matched(). */
class GroupNumber {
  value: Ref;

  constructor(
    private lowering: Lowering,
    private call: CallExpression,
  ) {
    this.value = lowering.long(call.args[0]);
  }

  /**
   * Fails if the comparison is true, with the number in place of `%` in the message. Otherwise continues in a new
   * block.
   */
  failIf(op: Op, x: Ref, y: Ref, message: string): void {
    const lowering = this.lowering;
    const argument = this.call.args[0];
    if (argument.kind == NodeKind.NumberLiteral) {
      const text = message.replace("%", (<NumberLiteral>argument).value.toString());
      lowering.exits.failIf(op, x, y, new SoftError(text, this.call.range, nearOf(this.call)));
      return;
    }
    const failure = lowering.exits.beginFailure(op, x, y);
    lowering.exits.failWith(this.put(message), this.call.range, nearOf(this.call));
    lowering.exits.endFailure(failure);
  }

  /** Builds the message with a number that is known only at run time. */
  private put(message: string): Place {
    const place = this.lowering.frame.newFrameTemporary(MESSAGE_BYTES);
    const text = new Text(this.lowering.frame, place);
    const at = message.indexOf("%");
    text.putLiteral(message.substring(0, at));
    text.putLong(this.value, Spec.Signed | (10 << SpecField.Base));
    text.putLiteral(message.substring(at + 1));
    text.finish();
    return place;
  }
}

/** matched(n): the text of a group of the last match; empty if the group was not part of the match. */
export function lowerMatched(lowering: Lowering, e: CallExpression): Place {
  const b = lowering.b;
  const regexes = lowering.runtime.regexes;
  const group = new GroupNumber(lowering, e);
  lowering.at(e.range);
  const groups = groupsOfMatch(lowering);
  group.failIf(Op.Eq, groups, lowering.constant(0), "Attempted to get subexpression % from failed match");
  group.failIf(Op.Uge, group.value, groups, "Attempted to get nonexistent subexpression %");
  const found = b.callFunction(FIND_GROUP.of(lowering.runtime), [lowering.frame.offset(), group.value]);
  const to = lowering.frame.newFrameTemporary(regexes.textBytes);
  const mask = lowering.constant(maskFor(to.capacity));
  const start = b.binary(Op.And, found, mask);
  const size = b.binary(Op.And, b.binary(Op.Shr, found, lowering.constant(16)), mask);
  const text = b.binary(Op.Add, lowering.frame.address(), lowering.constant(regexes.area + MatchArea.Text));
  if (to.isSmall) zero(lowering.frame, to);
  b.callHelper(Helper.ProbeReadKernelStr, [lowering.frame.pointer(to), size, b.binary(Op.Add, text, start)]);
  return to;
}
