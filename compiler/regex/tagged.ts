// The automaton that finds where the match and its groups are. It reads the string forward and leaves a trail; a walk
// goes back along the trail.
//
// Forward, it reads each byte once and keeps all partial matches, which we call paths, in order of preference: paths
// that began earlier come first, and among these the path that is tried first. When two paths reach the same
// instruction, the later one is dropped, because both continue in the same way. Once a path has matched, paths that
// begin further right are dropped too. Each step yields the number of a *list*. The list says where each path came
// from: the number of the previous path, and the tags that it passed in this step.
//
// Backward, the walk starts with path 0. In each list, path 0 is the match that ends there, if there is one; the last
// such list in the string belongs to the longest of the leftmost matches. The walk follows the paths to the beginning
// of the match. The first value that it finds for a tag is the last value that the match gave to it.
//
//   string        x     a     b     NUL      /(a)b/      path 0 of the last list but one: a match
//   lists      L0    L1    L2    L3    L4                came from path 2 of L2, which came from path 1 of L1, the
//   position    0     1     2     3    (end)             beginning: tags 0 and 2 at 1, tag 3 at 2, tag 1 at 3

import { ByteClasses } from "./classes";
import { Closure } from "./closure";
import { keyOf, MAX_WORK } from "./dfa";
import { Nfa, Step } from "./nfa";

/** After the last byte, in place of a state: there was a match, or none. */
export const MATCHED: i32 = -1;
export const UNMATCHED: i32 = -2;

/** A way that begins with this step. */
export const BEGINNING: i32 = 0xffff;

/** Most groups whose tags a word has room for, the whole match included. */
export const MAX_GROUPS: i32 = 24;

const MAX_STATES: i32 = 2000;
const MAX_ENTRIES: i32 = 60000;

/** The tables of the automaton. Class 0 is the string's end, after which there is no state. */
export class TaggedDfa {
  /** The state after each state and class. */
  next: i32[] = [];
  /** The list that the same step leaves. */
  list: i32[] = [];
  /** Where each list begins in `from` and `tags`. */
  lists: i32[] = [];
  /** The number of each way before the step; `BEGINNING`. */
  from: i32[] = [];
  /** The tags it met, as bits; tags 0 and 1 are the whole match. */
  tags: u64[] = [];
  stateCount: i32 = 0;
  initial: i32 = 0;
  /** The list of what is tried at the string's start. */
  initialList: i32 = 0;
  tooLarge: bool = false;
  constructor(public classes: ByteClasses) {}

  get width(): i32 {
    return this.classes.count;
  }
}

/** Builds the automaton of an expression whose tree was built with tags. */
export function buildTagged(nfa: Nfa): TaggedDfa {
  return new Ways(nfa).run();
}

/** Stands between ways of matches that begin at different places. */
const BORDER: i32 = 0xffff;

class Ways {
  private dfa: TaggedDfa;
  private closure: Closure;
  /** Of each state: its ways in order, with borders. */
  private states: i32[][] = [];
  /** Of each state: something matched on the way to it. */
  private matched: bool[] = [];
  private byKey: Map<string, i32> = new Map<string, i32>();
  private listByKey: Map<string, i32> = new Map<string, i32>();
  // The step that is being made.
  private members: i32[] = [];
  private stepFrom: i32[] = [];
  private stepTags: u64[] = [];
  private hasMatch: bool = false;
  private words: i32[] = [];
  private work: i32 = 0;

  constructor(private nfa: Nfa) {
    this.dfa = new TaggedDfa(ByteClasses.from(nfa));
    this.closure = new Closure(nfa);
  }

  run(): TaggedDfa {
    const dfa = this.dfa;
    const width = dfa.width;
    this.beginStep();
    this.closure.enter(0, true, false, 1);
    this.take(BEGINNING);
    dfa.initialList = this.listOf();
    dfa.initial = this.stateOf(false, true);
    for (let state = 0; state < this.states.length; ++state) {
      const large = state >= MAX_STATES || state * width >= MAX_ENTRIES || dfa.from.length >= MAX_ENTRIES;
      if (large || this.work > MAX_WORK) {
        dfa.tooLarge = true;
        return dfa;
      }
      dfa.next.push(this.stepToEnd(state));
      dfa.list.push(this.listOf());
      for (let k = 1; k < width; ++k) {
        dfa.next.push(this.step(state, dfa.classes.example[k]));
        dfa.list.push(this.listOf());
      }
    }
    dfa.stateCount = this.states.length;
    return dfa;
  }

  private beginStep(): void {
    this.closure.begin();
    this.members = [];
    this.stepFrom = [-1];
    this.stepTags = [0];
    this.hasMatch = false;
  }

  /** Takes over what the closure found on from a way. */
  private take(from: i32): void {
    const closure = this.closure;
    for (let i = 0, n = closure.waiting.length; i < n; ++i) {
      this.members.push(closure.waiting[i]);
      this.stepFrom.push(from);
      this.stepTags.push(closure.tags[i]);
    }
    if (closure.matches && !this.hasMatch) {
      this.hasMatch = true;
      this.stepFrom[0] = from;
      this.stepTags[0] = closure.matchTags | 2;
    }
    // What comes later in the same step must still see that this one matched.
    closure.waiting.length = 0;
    closure.tags.length = 0;
  }

  private step(state: i32, byte: i32): i32 {
    const nfa = this.nfa;
    const ways = this.states[state];
    this.beginStep();
    let way = 0;
    for (let i = 0, n = ways.length; i < n; ++i) {
      if (ways[i] == BORDER) {
        if (this.hasMatch) break;
        this.border();
        continue;
      }
      ++way;
      if (nfa.steps[ways[i]] != Step.Set || !nfa.sets[nfa.x[ways[i]]].has(byte)) continue;
      this.closure.enter(ways[i] + 1, false, false, 0);
      this.take(way);
    }
    const matched = this.matched[state] || this.hasMatch;
    if (!matched) {
      this.border();
      this.closure.enter(0, false, false, 1);
      this.take(BEGINNING);
    }
    return this.stateOf(matched, false);
  }

  private border(): void {
    const n = this.members.length;
    if (n > 0 && this.members[n - 1] != BORDER) this.members.push(BORDER);
  }

  /** At the string's end only a match is of interest. */
  private stepToEnd(state: i32): i32 {
    const ways = this.states[state];
    const empty = state == this.dfa.initial;
    this.beginStep();
    let way = 0;
    for (let i = 0, n = ways.length; i < n && !this.hasMatch; ++i) {
      if (ways[i] == BORDER) continue;
      ++way;
      if (this.nfa.steps[ways[i]] != Step.End) continue;
      this.closure.enter(ways[i] + 1, empty, true, 0);
      this.take(way);
    }
    return this.hasMatch || this.matched[state] ? MATCHED : UNMATCHED;
  }

  /** The state of the step's ways. */
  private stateOf(matchedBefore: bool, initial: bool): i32 {
    const matched = matchedBefore || this.hasMatch;
    const members = this.members;
    if (members.length > 0 && members[members.length - 1] == BORDER) members.pop();
    if (members.length == 0) return matched ? MATCHED : UNMATCHED;
    const key = keyOf(members, (matched ? 1 : 0) | (initial ? 2 : 0));
    if (this.byKey.has(key)) return this.byKey.get(key);
    const state = this.states.length;
    this.states.push(members);
    this.matched.push(matched);
    this.byKey.set(key, state);
    return state;
  }

  /** The number of the step's list; equal ones are stored once. */
  private listOf(): i32 {
    const dfa = this.dfa;
    const words = this.words;
    words.length = 0;
    this.work += this.stepFrom.length;
    for (let i = 0, n = this.stepFrom.length; i < n; ++i) {
      words.push(this.stepFrom[i]);
      for (let shift = 0; shift < 48; shift += 16) words.push(<i32>((this.stepTags[i] >> <u64>shift) & 0xffff));
    }
    const key = keyOf(words, 0);
    if (this.listByKey.has(key)) return this.listByKey.get(key);
    const list = dfa.lists.length;
    dfa.lists.push(dfa.from.length);
    for (let i = 0, n = this.stepFrom.length; i < n; ++i) {
      // No match here: way 0 stays with itself.
      dfa.from.push(this.stepFrom[i] < 0 ? 0 : this.stepFrom[i]);
      dfa.tags.push(this.stepTags[i]);
    }
    this.listByKey.set(key, list);
    return list;
  }
}
