// The automaton that decides whether a string has a match: the smallest deterministic one, made by the subset
// construction and by merging equivalent states. A state stands for all partial matches at a position, including those
// that begin later, so the automaton reads each byte once. It stops as soon as the answer is known.

import { ByteClasses } from "./classes";
import { Closure } from "./closure";
import { Nfa, Step } from "./nfa";

/** The answers, in place of a state. */
export const ACCEPT: i32 = -1;
export const REJECT: i32 = -2;

/** Most states before merging. */
const MAX_STATES: i32 = 4000;
/** Most entries of the table before merging. */
const MAX_ENTRIES: i32 = 200000;
/** Most members of all states that are met, before merging: what bounds time and memory. */
export const MAX_WORK: i32 = 2000000;
/** Larger tables stay as they are: merging takes a walk of the table for each step of the longest way through it. */
const MAX_MERGED: i32 = 20000;

/** A table of states by classes of bytes. The end of the string is class 0, and always gives an answer. */
export class Dfa {
  /** The state, or answer, after each state and class. */
  next: i32[] = [];
  stateCount: i32 = 0;
  initial: i32 = REJECT;
  /** It would have too many states; `next` is of no use. */
  tooLarge: bool = false;
  constructor(public classes: ByteClasses) {}

  get width(): i32 {
    return this.classes.count;
  }
}

/** Builds the automaton that answers whether a string has a match. */
export function buildDfa(nfa: Nfa): Dfa {
  const build = new Subsets(nfa);
  const dfa = build.run();
  return dfa.tooLarge || dfa.next.length > MAX_MERGED ? dfa : mergeColumns(minimise(dfa));
}

/** The instructions of a state as a key of a map. */
export function keyOf(members: i32[], mark: i32): string {
  const length = members.length + 1;
  const key = changetype<string>(__new((<usize>length) << 1, idof<string>()));
  store<u16>(changetype<usize>(key), <u16>mark);
  for (let i = 0, n = members.length; i < n; ++i) {
    store<u16>(changetype<usize>(key) + ((<usize>(i + 1)) << 1), <u16>members[i]);
  }
  return key;
}

class Subsets {
  private dfa: Dfa;
  private closure: Closure;
  private states: i32[][] = [];
  private byKey: Map<string, i32> = new Map<string, i32>();
  private work: i32 = 0;

  constructor(private nfa: Nfa) {
    this.dfa = new Dfa(ByteClasses.from(nfa));
    this.closure = new Closure(nfa);
  }

  run(): Dfa {
    const dfa = this.dfa;
    const width = dfa.width;
    this.closure.begin();
    this.closure.enter(0, true, false, 0);
    dfa.initial = this.stateOf(true);
    for (let state = 0; state < this.states.length; ++state) {
      if (state >= MAX_STATES || state * width >= MAX_ENTRIES || this.work > MAX_WORK) {
        dfa.tooLarge = true;
        return dfa;
      }
      dfa.next.push(this.atEnd(state));
      for (let k = 1; k < width; ++k) dfa.next.push(this.after(state, dfa.classes.example[k]));
    }
    dfa.stateCount = this.states.length;
    return dfa;
  }

  /** The state of what the closure holds. */
  private stateOf(initial: bool): i32 {
    if (this.closure.matches) return ACCEPT;
    const members = this.closure.waiting.slice(0);
    if (members.length == 0) return REJECT;
    this.work += members.length;
    members.sort((a, b) => a - b);
    const key = keyOf(members, initial ? 1 : 0);
    if (this.byKey.has(key)) return this.byKey.get(key);
    const state = this.states.length;
    this.states.push(members);
    this.byKey.set(key, state);
    return state;
  }

  private after(state: i32, byte: i32): i32 {
    const nfa = this.nfa;
    const members = this.states[state];
    this.closure.begin();
    for (let i = 0, n = members.length; i < n; ++i) {
      const at = members[i];
      if (nfa.steps[at] == Step.Set && nfa.sets[nfa.x[at]].has(byte)) this.closure.enter(at + 1, false, false, 0);
    }
    // A match may begin here as well.
    this.closure.enter(0, false, false, 0);
    return this.stateOf(false);
  }

  private atEnd(state: i32): i32 {
    const members = this.states[state];
    const empty = state == 0;
    this.closure.begin();
    for (let i = 0, n = members.length; i < n; ++i) {
      if (this.nfa.steps[members[i]] == Step.End) this.closure.enter(members[i] + 1, empty, true, 0);
    }
    return this.closure.matches ? ACCEPT : REJECT;
  }
}

/** Merges states that lead to the same answers whatever follows; those that only lead to a rejection become one. */
function minimise(dfa: Dfa): Dfa {
  const n = dfa.stateCount;
  const width = dfa.width;
  // Block 0 is what has been rejected, block 1 what has been accepted.
  let blocks: i32[] = [];
  for (let state = 0; state < n; ++state) blocks.push(0);
  let count = 1;
  for (;;) {
    const found = new Map<string, i32>();
    const signature: i32[] = [];
    for (let k = 0; k < width; ++k) signature.push(0);
    // The rejected: everything leads back to it.
    found.set(keyOf(signature, 0), 0);
    const split: i32[] = [];
    for (let state = 0; state < n; ++state) {
      for (let k = 0; k < width; ++k) signature[k] = blockOf(blocks, dfa.next[state * width + k]);
      const key = keyOf(signature, blocks[state]);
      if (!found.has(key)) found.set(key, found.size + 1);
      split.push(found.get(key));
    }
    blocks = split;
    if (found.size == count) break;
    count = found.size;
  }
  return merge(dfa, blocks);
}

function blockOf(blocks: i32[], next: i32): i32 {
  return next == ACCEPT ? 1 : next == REJECT ? 0 : blocks[next];
}

/** The automaton of blocks, numbered as they are met from the initial one on. */
function merge(dfa: Dfa, blocks: i32[]): Dfa {
  const merged = new Dfa(dfa.classes);
  const width = dfa.width;
  const numbers = new Map<i32, i32>();
  const examples: i32[] = [];
  merged.initial = numberOf(dfa.initial, blocks, numbers, examples);
  for (let state = 0; state < examples.length; ++state) {
    for (let k = 0; k < width; ++k) {
      merged.next.push(numberOf(dfa.next[examples[state] * width + k], blocks, numbers, examples));
    }
  }
  merged.stateCount = examples.length;
  return merged;
}

function numberOf(state: i32, blocks: i32[], numbers: Map<i32, i32>, examples: i32[]): i32 {
  const block = blockOf(blocks, state);
  if (block == 0) return REJECT;
  if (block == 1) return ACCEPT;
  if (!numbers.has(block)) {
    numbers.set(block, examples.length);
    examples.push(state);
  }
  return numbers.get(block);
}

/** Makes one class of those that lead to the same states everywhere. */
function mergeColumns(dfa: Dfa): Dfa {
  const width = dfa.width;
  const height = dfa.stateCount;
  const found = new Map<string, i32>();
  const numbers = new StaticArray<i32>(width);
  const kept: i32[] = [];
  for (let k = 0; k < width; ++k) {
    const column: i32[] = [];
    for (let state = 0; state < height; ++state) column.push(dfa.next[state * width + k]);
    const key = keyOf(column, k == 0 ? 1 : 0);
    if (!found.has(key)) {
      found.set(key, kept.length);
      kept.push(k);
    }
    numbers[k] = found.get(key);
  }
  const merged = new Dfa(dfa.classes.merged(numbers, kept));
  merged.initial = dfa.initial;
  merged.stateCount = height;
  for (let state = 0; state < height; ++state) {
    for (let i = 0, n = kept.length; i < n; ++i) merged.next.push(dfa.next[state * width + kept[i]]);
  }
  return merged;
}
