// Walks over the tables of regular expressions. Some expressions and strings have known answers; on random strings the
// routines are compared with walks over the automata themselves, which compiler/regex compares with trying everything.

import { ACCEPT, buildDfa } from "../regex/dfa";
import { buildNfa } from "../regex/nfa";
import { parseRegex } from "../regex/parse";
import { FIND_GROUP, MATCH_SHORT, MATCH_STRING, MATCH_WORDS, REMEMBER_MATCH } from "./match";
import { literalWord } from "./place";
import { MatchArea, Regex } from "./regex";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

/** Expressions that need tables. */
const EXPRESSIONS: StaticArray<string> = ["b+a", "^(a|b)*c$", "[^ab]x?", "a.{3}b", "(ab|ba)+$", "^$|aaaa"];

/** Where a group begins that took no part: one before 0, in 16 bits. */
const NO_PART: i32 = 0xffff;

/** Whether the automaton of an expression accepts a string. */
function accepts(expression: string, text: string): bool {
  const dfa = buildDfa(buildNfa(parseRegex(expression).root, false));
  let state = dfa.initial;
  for (let i = 0; state >= 0; ++i) {
    const kind = i < text.length ? <i32>dfa.classes.of[text.charCodeAt(i)] : 0;
    state = dfa.next[state * dfa.width + kind];
  }
  return state == ACCEPT;
}

/** The expressions of one script, with routines that match them. */
class Matcher {
  rig: Rig;
  regexes: Regex[] = [];
  private text: i32;
  private match: i32 = -1;
  private matchShort: i32 = -1;
  private remember: i32 = -1;
  private find: i32 = -1;

  constructor(
    public expressions: StaticArray<string>,
    maxStringLength: i32,
    remembers: bool,
  ) {
    const rig = new Rig(maxStringLength);
    const runtime = rig.runtime;
    this.rig = rig;
    this.text = rig.place();
    runtime.regexes.remembers = remembers;
    for (let i = 0; i < expressions.length; ++i) {
      assert(runtime.regexes.add(expressions[i]) == "", "there is room for its table");
      this.regexes.push(runtime.regexes.byText.get(expressions[i]));
    }
    runtime.regexes.place(runtime.unit, runtime.plan);
    if (remembers) {
      this.remember = REMEMBER_MATCH.of(runtime);
      this.find = FIND_GROUP.of(runtime);
    } else {
      this.match = MATCH_STRING.of(runtime);
      this.matchShort = MATCH_SHORT.of(runtime);
    }
    rig.build();
  }

  /** Whether a string matches: in memory, and where it is short enough in registers. */
  isMatch(i: i32, text: string): bool {
    const rig = this.rig;
    const regex = this.regexes[i];
    rig.put(this.text, text);
    const answer = rig.call(this.match, [rig.at(this.text), regex.classes, regex.initial]);
    if (text.length < 8 * MATCH_WORDS) {
      const words: i64[] = [regex.classes, regex.initial];
      for (let k = 0; k < MATCH_WORDS; ++k) words.push(literalWord(text, k));
      assert(rig.call(this.matchShort, words) == answer, "the same in registers");
    }
    return answer == 1;
  }

  /** The groups of a match as text, `0,3 1,2 -`, or "no". With `$`, one may end behind the NUL. */
  groups(i: i32, text: string): string {
    const rig = this.rig;
    const tables = rig.runtime.regexes;
    const regex = this.regexes[i];
    rig.putInto(tables.area + MatchArea.Text, text, tables.textBytes);
    const args: i64[] = [rig.at(0), regex.classes, regex.initial, regex.initialList, regex.groups];
    const answer = rig.call(this.remember, args);
    const groups = load<u32>(rig.inFrame(tables.area + MatchArea.Groups));
    assert(groups == (answer == 1 ? regex.groups : 0), "how many groups there are");
    if (answer == 0) return "no";
    let result = "";
    for (let group = 0; group < regex.groups; ++group) {
      const found = rig.call(this.find, [rig.at(0), group]);
      const start = <i32>(found & 0xffff);
      const length = <i32>(found >> 16) - 1;
      assert(start != NO_PART || length == 0, "what takes no part is empty");
      result += (group > 0 ? " " : "") + (start == NO_PART ? "-" : `${start},${min(start + length, text.length)}`);
    }
    return result;
  }
}

export function test_yes_or_no_chosen(): void {
  const matcher = new Matcher(EXPRESSIONS, 64, false);
  const known: string[] = ["abba", "100010", "", "000001", "c", "011000", "ab\xff", "001000", "axxxbaaaa", "101101"];
  for (let k = 0; k < known.length; k += 2) {
    for (let i = 0; i < EXPRESSIONS.length; ++i) {
      const expected = known[k + 1].charAt(i) == "1";
      assert(matcher.isMatch(i, known[k]) == expected, `'${known[k]}' =~ '${EXPRESSIONS[i]}' is ${expected}`);
    }
  }
}

export function test_yes_or_no_random(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let l = 0; l < lengths.length; ++l) {
    const matcher = new Matcher(EXPRESSIONS, lengths[l], false);
    const random = new Random(l);
    for (let k = 0; k < 60; ++k) {
      const text = random.text(k % 3 == 0 ? lengths[l] - 1 : 12, k % 5 == 0 ? "" : "aab");
      const i = random.below(EXPRESSIONS.length);
      const expected = accepts(EXPRESSIONS[i], text);
      assert(matcher.isMatch(i, text) == expected, `'${text}' =~ '${EXPRESSIONS[i]}' is ${expected}`);
    }
  }
}

export function test_expressions_that_are_answers_already(): void {
  const matcher = new Matcher(["x*", "a|b"], 16, false);
  assert(
    matcher.isMatch(0, "") && matcher.isMatch(0, "y") && !matcher.isMatch(1, "y"),
    "the empty match is everywhere",
  );
}

export function test_groups_chosen(): void {
  const matcher = new Matcher(["(a+)(b)?", "^(x|(y))*z$", "([0-9]+)-([0-9]+)", "q"], 64, true);
  assert(matcher.groups(0, "caab") == "1,4 1,3 3,4", "two groups");
  assert(matcher.groups(0, "caac") == "1,3 1,3 -", "one that takes no part");
  assert(matcher.groups(0, "ccc") == "no", "no match");
  assert(matcher.groups(1, "z") == "0,1 - -", "a repetition that is not there");
  assert(matcher.groups(1, "xyyxz") == "0,5 3,4 2,3", "the last repetition");
  assert(matcher.groups(2, "from 10-200 on") == "5,11 5,7 8,11", "what is in the middle");
  assert(matcher.groups(3, "") == "no" && matcher.groups(3, "q") == "0,1", "the match alone");
}

export function test_groups_at_any_place(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let l = 0; l < lengths.length; ++l) {
    const most = lengths[l] - 1;
    const matcher = new Matcher(["<(a*)(b*)>"], lengths[l], true);
    const random = new Random(l);
    for (let k = 0; k < 200; ++k) {
      // Whatever comes before and behind, the parts are found where they are.
      const a = random.below(6);
      const b = random.below(6);
      const match = "<" + "a".repeat(a) + "b".repeat(b) + ">";
      const start = random.below(most - match.length + 1);
      const text = random.text(start, "ab>\xff").padEnd(start, "b") + match;
      const tail = random.text(most - text.length, "ab>\x01");
      const middle = start + 1 + a;
      const expected = `${start},${start + match.length} ${start + 1},${middle} ${middle},${middle + b}`;
      const actual = matcher.groups(0, text + tail);
      assert(actual == expected, `in '${text + tail}': ${actual}, not ${expected}`);
    }
  }
}
