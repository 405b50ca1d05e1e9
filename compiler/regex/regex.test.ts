// The automata against a matcher that simply tries everything, on thousands of random expressions and strings.

import { Random } from "../syntax/random";
import { ACCEPT, buildDfa, Dfa, REJECT } from "./dfa";
import { buildNfa, Step } from "./nfa";
import { ParsedRegex, parseRegex } from "./parse";
import { anchoredText } from "./plain";
import { BEGINNING, buildTagged, TaggedDfa, UNMATCHED } from "./tagged";
import { Term, TermKind, UNBOUNDED } from "./tree";

// ----------------------------------------------------------------------------------------------- running the automata

function runDfa(dfa: Dfa, text: string): bool {
  let state = dfa.initial;
  for (let i = 0; state >= 0; ++i) {
    const k = i < text.length ? <i32>dfa.classes.of[text.charCodeAt(i)] : 0;
    state = dfa.next[state * dfa.width + k];
  }
  return state == ACCEPT;
}

/** The positions of all groups as text, `0,3 1,2 -`, or "no". */
function runTagged(dfa: TaggedDfa, text: string, groups: i32): string {
  const trail: i32[] = [dfa.initialList];
  let state = dfa.initial;
  for (let i = 0; state >= 0; ++i) {
    const k = i < text.length ? <i32>dfa.classes.of[text.charCodeAt(i)] : 0;
    trail.push(dfa.list[state * dfa.width + k]);
    state = dfa.next[state * dfa.width + k];
  }
  if (state == UNMATCHED) return "no";
  let result = "";
  for (let group = 0; group <= groups; ++group) result += (group > 0 ? " " : "") + walkBack(dfa, trail, text, group);
  return result;
}

function walkBack(dfa: TaggedDfa, trail: i32[], text: string, group: i32): string {
  let start = -1;
  let end = -1;
  let way = 0;
  for (let j = trail.length - 1; way != BEGINNING; --j) {
    const at = dfa.lists[trail[j]] + way;
    const tags = dfa.tags[at] >> <u64>(2 * group);
    if (start < 0 && (tags & 1) != 0) start = min(j, text.length);
    if (end < 0 && (tags & 2) != 0) end = min(j, text.length);
    way = dfa.from[at];
  }
  return start < 0 || end < 0 ? "-" : `${start},${end}`;
}

// ------------------------------------------------------------------------------------------------------ the reference

/** Steps that a way may take; more, and the case is skipped. */
const FUEL: i32 = 20000;

/** What is still to be matched after a term: a list. */
class Rest {
  constructor(
    public term: Term | null,
    /** Of a repetition: how often its part was there, and where it began last. */
    public count: i32,
    public from: i32,
    /** Of the end of a group: its number; else 0. */
    public closes: i32,
    public next: Rest | null,
  ) {}
}

/** Tries all ways in order; keeps the first of the longest. */
class Reference {
  starts: i32[] = [];
  ends: i32[] = [];
  bestEnd: i32 = -1;
  bestStarts: i32[] = [];
  bestEnds: i32[] = [];
  fuel: i32 = FUEL;

  constructor(
    private text: string,
    private groups: i32,
  ) {}

  /** The groups' positions in the leftmost longest match, or "no", or "" if it takes too long. */
  run(root: Term): string {
    for (let at = 0; at <= this.text.length; ++at) {
      this.starts = [];
      this.ends = [];
      for (let i = 0; i <= this.groups; ++i) {
        this.starts.push(-1);
        this.ends.push(-1);
      }
      this.try(at, new Rest(root, 0, 0, 0, null));
      if (this.fuel <= 0) return "";
      if (this.bestEnd < 0) continue;
      let result = `${at},${this.bestEnd}`;
      for (let i = 1; i <= this.groups; ++i) {
        result += this.bestEnds[i] < 0 ? " -" : ` ${this.bestStarts[i]},${this.bestEnds[i]}`;
      }
      return result;
    }
    return "no";
  }

  private try(at: i32, rest: Rest | null): void {
    if (--this.fuel <= 0) return;
    if (rest === null) {
      if (at <= this.bestEnd) return;
      this.bestEnd = at;
      this.bestStarts = this.starts.slice(0);
      this.bestEnds = this.ends.slice(0);
      return;
    }
    if (rest.closes > 0) {
      const before = this.ends[rest.closes];
      const beforeStart = this.starts[rest.closes];
      this.ends[rest.closes] = at;
      this.starts[rest.closes] = rest.from;
      this.try(at, rest.next);
      this.ends[rest.closes] = before;
      this.starts[rest.closes] = beforeStart;
      return;
    }
    this.tryTerm(at, rest.term!, rest);
  }

  private tryTerm(at: i32, term: Term, rest: Rest): void {
    const next = rest.next;
    switch (term.kind) {
      case TermKind.Set:
        if (at < this.text.length && term.set!.has(this.text.charCodeAt(at))) this.try(at + 1, next);
        return;
      case TermKind.Start:
        if (at == 0) this.try(at, next);
        return;
      case TermKind.End:
        if (at == this.text.length) this.try(at, next);
        return;
      case TermKind.Sequence: {
        let all = next;
        for (let i = term.parts.length - 1; i >= 0; --i) all = new Rest(term.parts[i], 0, -1, 0, all);
        this.try(at, all);
        return;
      }
      case TermKind.Choice:
        for (let i = 0; i < term.parts.length; ++i) this.try(at, new Rest(term.parts[i], 0, -1, 0, next));
        return;
      case TermKind.Group:
        this.try(at, new Rest(term.parts[0], 0, -1, 0, new Rest(null, 0, at, term.number, next)));
        return;
      default:
        this.tryRepeat(at, term, rest);
    }
  }

  private tryRepeat(at: i32, term: Term, rest: Rest): void {
    const count = rest.count;
    const idle = count > term.min && count > 1 && rest.from == at;
    if (idle) return;
    if (term.max == UNBOUNDED || count < term.max) {
      // An iteration that took nothing is not followed by another.
      if (count < term.min || rest.from != at) {
        this.try(at, new Rest(term.parts[0], 0, -1, 0, new Rest(term, count + 1, at, 0, rest.next)));
      }
    }
    if (count >= term.min) this.try(at, rest.next);
  }
}

// ------------------------------------------------------------------------------------------------- random expressions

class RandomRegex {
  groups: i32 = 0;
  constructor(private random: Random) {}

  choice(depth: i32): string {
    let text = this.sequence(depth);
    while (this.random.oneIn(4)) text += "|" + this.sequence(depth);
    return text;
  }

  private sequence(depth: i32): string {
    let text = "";
    const n = this.random.below(4);
    for (let i = 0; i <= n; ++i) {
      text += this.atom(depth);
      if (this.random.oneIn(3)) text += this.repeat();
    }
    return text;
  }

  private atom(depth: i32): string {
    if (depth > 0 && this.random.oneIn(4)) {
      ++this.groups;
      return "(" + this.choice(depth - 1) + ")";
    }
    switch (this.random.below(9)) {
      case 0:
        return ".";
      case 1:
        return "[ab]";
      case 2:
        return "[^a]";
      case 3:
        return "c";
      case 4:
      case 5:
        return "b";
      default:
        return "a";
    }
  }

  private repeat(): string {
    switch (this.random.below(6)) {
      case 0:
        return "+";
      case 1:
        return "?";
      case 2:
        return "{2}";
      case 3:
        return "{1,3}";
      default:
        return "*";
    }
  }
}

function anchored(random: Random, text: string): string {
  if (random.oneIn(6)) text = "^" + text;
  if (random.oneIn(6)) text += "$";
  return text;
}

function randomString(random: Random): string {
  let text = "";
  for (let n = random.below(9); n > 0; --n) text += "abcd".charAt(random.below(4));
  return text;
}

/** Whether something that can be empty is repeated: there, tools differ in what groups hold. */
function repeatsNothing(term: Term): bool {
  if (term.kind == TermKind.Repeat && term.parts[0].isNullable) return true;
  for (let i = 0; i < term.parts.length; ++i) {
    if (repeatsNothing(term.parts[i])) return true;
  }
  return false;
}

function span(groups: string): string {
  const end = groups.indexOf(" ");
  return end < 0 ? groups : groups.substring(0, end);
}

function checkOne(pattern: string, parsed: ParsedRegex, random: Random, strings: i32): i32 {
  const dfa = buildDfa(buildNfa(parsed.root, false));
  const tagged = buildTagged(buildNfa(parsed.root, true));
  if (dfa.tooLarge || tagged.tooLarge) return 0;
  const exact = !repeatsNothing(parsed.root);
  let compared = 0;
  for (let k = 0; k < strings; ++k) {
    const text = randomString(random);
    const wanted = new Reference(text, parsed.groups).run(parsed.root);
    if (wanted == "") continue;
    ++compared;
    assert(runDfa(dfa, text) == (wanted != "no"), `/${pattern}/ on '${text}': ${wanted}`);
    const found = runTagged(tagged, text, parsed.groups);
    if (exact) assert(found == wanted, `/${pattern}/ on '${text}': ${found}, not ${wanted}`);
    else assert(span(found) == span(wanted), `/${pattern}/ on '${text}': ${found}, not ${wanted}`);
  }
  return compared;
}

function compareMany(seed: i32): void {
  const random = new Random(seed);
  let compared = 0;
  for (let i = 0; i < 500; ++i) {
    const source = new RandomRegex(random);
    let pattern = anchored(random, source.choice(3));
    if (source.groups > 20) continue;
    // An anchor in the middle of it, too.
    if (random.oneIn(8)) pattern = `(^|${pattern})(${randomString(random)}|$)`;
    const parsed = parseRegex(pattern);
    assert(parsed.error == "", `/${pattern}/: ${parsed.error}`);
    compared += checkOne(pattern, parsed, random, 8);
  }
  assert(compared > 3000, `only ${compared} cases`);
}

// Nothing is freed in a test: these are several, so that each has a memory of its own.

export function test_agrees_with_a_matcher_that_tries_everything(): void {
  compareMany(1);
}

export function test_agrees_with_it_on_more_expressions(): void {
  compareMany(2);
}

export function test_agrees_with_it_on_others(): void {
  compareMany(3);
}

export function test_agrees_with_it_on_still_others(): void {
  compareMany(4);
}

// ------------------------------------------------------------------------------------------------------------ by hand

function groupsOf(pattern: string, text: string): string {
  const parsed = parseRegex(pattern);
  assert(parsed.error == "", `/${pattern}/: ${parsed.error}`);
  const dfa = buildDfa(buildNfa(parsed.root, false));
  const result = runTagged(buildTagged(buildNfa(parsed.root, true)), text, parsed.groups);
  assert(runDfa(dfa, text) == (result != "no"), "both automata agree");
  return result;
}

function expectGroups(pattern: string, text: string, wanted: string): void {
  const found = groupsOf(pattern, text);
  assert(found == wanted, `/${pattern}/ on '${text}': ${found}, not ${wanted}`);
}

export function test_the_leftmost_match_wins_then_the_longest(): void {
  expectGroups("a|ab", "xab", "1,3");
  expectGroups("x*", "aaxx", "0,0");
  expectGroups("b|abc|c", "xabd", "2,3");
  expectGroups("a.*b|c", "xaxxbxxb", "1,8");
  expectGroups("str(ing)", "an example string", "11,17 14,17");
}

export function test_of_equally_long_ways_the_first_fills_the_groups(): void {
  expectGroups("(a|ab)(c|bcd)(d*)", "abcd", "0,4 0,1 1,4 4,4");
  expectGroups("(.*)=(.*)", "a=b=c", "0,5 0,3 4,5");
  expectGroups("([^=]*)=(.*)", "a=b=c", "0,5 0,1 2,5");
  expectGroups("(a|b)*", "abab", "0,4 3,4");
  expectGroups("x(a|b)?y", "xy", "0,2 -");
  expectGroups("(a)|b", "b", "0,1 -");
  expectGroups("(a|b*)*c", "abbc", "0,4 1,3");
  expectGroups("(a*)*", "b", "0,0 0,0");
  expectGroups("(a*)+b", "b", "0,1 0,0");
  expectGroups("(foo|foobar)(bar)?", "foobar", "0,6 0,3 3,6");
  expectGroups("(a)|(a)$", "a", "0,1 0,1 -");
}

export function test_anchors_hold_at_both_ends(): void {
  expectGroups("^foo$", "foo", "0,3");
  expectGroups("^foo$", "foo\n", "no");
  expectGroups("^$", "", "0,0");
  expectGroups("^$", "a", "no");
  expectGroups("$^", "", "0,0");
  expectGroups("$", "ab", "2,2");
  expectGroups("a$b", "a$b", "no");
  expectGroups("(^|x)a", "xa", "0,2 0,1");
  expectGroups("a($|x)", "ax", "0,2 1,2");
  expectGroups("(a$)", "a", "0,1 0,1");
  expectGroups("a$()", "a", "0,1 1,1");
}

export function test_sets_and_escapes_are_those_of_stap(): void {
  expectGroups("[[:digit:]]+", "ab123c", "2,5");
  expectGroups("[]a]", "]", "0,1");
  expectGroups("[^]a]", "]ab", "2,3");
  expectGroups("[a\\]b]+", "x]ab", "1,4");
  expectGroups("[a\\-c]", "b-", "1,2");
  expectGroups("[--/]", ".", "0,1");
  expectGroups("a\\{2\\}", "aaa{2}", "2,6");
  expectGroups("\\.", "a.", "1,2");
  expectGroups("\\w+", "-a_1-", "1,4");
  expectGroups("\\S+", " ab ", "1,3");
  expectGroups(".", "\xff", "0,1");
  expectGroups("[^a]", "", "no");
  expectGroups("a{,2}", "aaa", "0,2");
  expectGroups("a{2,}", "aaaa", "0,4");
  expectGroups("(a){0}b", "ab", "1,2 -");
  expectGroups("a||b", "b", "0,1");
  expectGroups("()", "a", "0,0 0,0");
}

function expectError(pattern: string, at: i32, message: string): void {
  const parsed = parseRegex(pattern);
  assert(parsed.error == message && parsed.errorAt == at, `/${pattern}/: ${parsed.errorAt} ${parsed.error}`);
}

export function test_says_what_is_wrong_and_where(): void {
  expectError("a(b", 1, "')' is missing");
  expectError("ab)c", 2, "')' without '('");
  expectError("x[a", 1, "']' is missing");
  expectError("[]", 0, "']' is missing");
  expectError("a|*b", 2, "there is nothing for '*' to repeat");
  expectError("^*", 1, "'*' after '^'");
  expectError("a{2", 1, "'}' is missing");
  expectError("a{x}", 2, "a number is missing after '{'");
  expectError("a{3,2}", 1, "'{3,2}' has its numbers in the wrong order");
  expectError("a{1,99999}", 1, "more than 1000 repetitions");
  expectError("[b-a]", 1, "the range 'b-a' is in the wrong order");
  expectError("[[:foo:]]", 1, "unknown class 'foo'");
  expectError("[[.a.]]", 1, "'[.' is not supported in a set");
  expectError("(a)\\1", 3, "back references ('\\1') are not supported");
  expectError("a\\", 1, "the backslash at the end has no character after it");
  expectError("\\d", 0, "unknown escape '\\d'");
  expectError("(".repeat(101), 100, "more than 100 nested parentheses");
}

export function test_merges_states_that_nothing_tells_apart(): void {
  const dfa = buildDfa(buildNfa(parseRegex("(a|b)c|(b|a)c|[ab]c").root, false));
  assert(dfa.stateCount == 2, `${dfa.stateCount} states`);
  assert(dfa.width == 4, "the end, a and b, c, the others");
  const dead = buildDfa(buildNfa(parseRegex("^(ab|ac)").root, false));
  assert(
    dead.next[dead.initial * dead.width + <i32>dead.classes.of[0x62]] == REJECT,
    "what cannot match any more ends",
  );
}

export function test_finds_expressions_that_are_a_text_at_the_start(): void {
  const start = anchoredText(parseRegex("^sshd").root);
  assert(start !== null && start.text == "sshd" && !start.isWhole, "^text");
  const whole = anchoredText(parseRegex("^a\\.b$").root);
  assert(whole !== null && whole.text == "a.b" && whole.isWhole, "^text$");
  assert(anchoredText(parseRegex("^a*").root) === null && anchoredText(parseRegex("a").root) === null, "others");
}

export function test_gives_up_on_automata_that_explode(): void {
  assert(buildDfa(buildNfa(parseRegex("(a|b)*a(a|b){16}c").root, false)).tooLarge, "states");
  assert(buildTagged(buildNfa(parseRegex("a.{16}(b)").root, true)).tooLarge, "ways");
  assert(buildNfa(parseRegex("((a{100}){100}){100}").root, true).tooLarge, "instructions");
}

export function test_no_bytes_trap_the_parser(): void {
  const random = new Random(7);
  const pieces = "()[]{}*+?|^$.\\,-:0a1b[:alpha:]{2}";
  for (let i = 0; i < 20000; ++i) {
    let text = "";
    for (let n = random.below(16); n > 0; --n) {
      text += random.oneIn(20)
        ? String.fromCharCode(1 + random.below(255))
        : pieces.charAt(random.below(pieces.length));
    }
    const parsed = parseRegex(text);
    assert(parsed.errorAt >= 0 && parsed.errorAt <= text.length, text);
    if (parsed.error != "" || parsed.groups > 20) continue;
    const nfa = buildNfa(parsed.root, true);
    assert(nfa.tooLarge || nfa.steps[nfa.length - 1] == Step.Match, text);
    if (i % 8 == 0 && !nfa.tooLarge) buildTagged(nfa);
  }
}
