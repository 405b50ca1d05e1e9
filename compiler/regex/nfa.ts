// A tree as a nondeterministic automaton: instructions that try one path before another. If two paths match the same
// text, the one that is tried first decides the contents of the groups.

import { ByteSet } from "./set";
import { Term, TermKind, UNBOUNDED } from "./tree";

/** Most instructions; `((a{100}){100}){100}` has more. */
const MAX_INSTRUCTIONS: i32 = 8000;

/** What an instruction does. */
export enum Step {
  /** Takes a byte of `sets[x]`, goes on to the next instruction. */
  Set,
  /** Tries `x`, then `y`. */
  Split,
  Jump,
  /** Remembers the position under number `x`. */
  Tag,
  Start,
  End,
  Match,
}

/** The automaton: parallel arrays of instructions. It begins at 0. */
export class Nfa {
  steps: Step[] = [];
  x: i32[] = [];
  y: i32[] = [];
  sets: ByteSet[] = [];
  /** It would have too many instructions. */
  tooLarge: bool = false;

  get length(): i32 {
    return this.steps.length;
  }

  add(step: Step, x: i32 = 0, y: i32 = 0): i32 {
    this.steps.push(step);
    this.x.push(x);
    this.y.push(y);
    return this.steps.length - 1;
  }

  /** The number of a set; equal ones have one. */
  numberOf(set: ByteSet): i32 {
    for (let i = 0, n = this.sets.length; i < n; ++i) {
      if (this.sets[i].equals(set)) return i;
    }
    this.sets.push(set);
    return this.sets.length - 1;
  }
}

/** Builds the automaton of a tree; with tags 2n and 2n+1 around group n if they are wanted. */
export function buildNfa(root: Term, tags: bool): Nfa {
  const nfa = new Nfa();
  addTerm(nfa, root, tags);
  nfa.add(Step.Match);
  return nfa;
}

function addTerm(nfa: Nfa, term: Term, tags: bool): void {
  if (nfa.length > MAX_INSTRUCTIONS) {
    nfa.tooLarge = true;
    return;
  }
  switch (term.kind) {
    case TermKind.Set:
      nfa.add(Step.Set, nfa.numberOf(term.set!));
      break;
    case TermKind.Sequence:
      for (let i = 0, n = term.parts.length; i < n; ++i) addTerm(nfa, term.parts[i], tags);
      break;
    case TermKind.Choice:
      addChoice(nfa, term, tags);
      break;
    case TermKind.Repeat:
      addRepeat(nfa, term, tags);
      break;
    case TermKind.Group:
      if (tags) nfa.add(Step.Tag, term.number * 2);
      addTerm(nfa, term.parts[0], tags);
      if (tags) nfa.add(Step.Tag, term.number * 2 + 1);
      break;
    case TermKind.Start:
      nfa.add(Step.Start);
      break;
    default:
      nfa.add(Step.End);
  }
}

function addChoice(nfa: Nfa, term: Term, tags: bool): void {
  const ends: i32[] = [];
  const last = term.parts.length - 1;
  for (let i = 0; i < last; ++i) {
    const split = nfa.add(Step.Split);
    nfa.x[split] = nfa.length;
    addTerm(nfa, term.parts[i], tags);
    ends.push(nfa.add(Step.Jump));
    nfa.y[split] = nfa.length;
  }
  addTerm(nfa, term.parts[last], tags);
  for (let i = 0; i < last; ++i) nfa.x[ends[i]] = nfa.length;
}

function addRepeat(nfa: Nfa, term: Term, tags: bool): void {
  const part = term.parts[0];
  for (let i = 1; i < term.min && !nfa.tooLarge; ++i) addTerm(nfa, part, tags);
  if (term.max == UNBOUNDED) {
    addLoop(nfa, part, term.min == 0, tags);
    return;
  }
  if (term.min > 0) addTerm(nfa, part, tags);
  const ends: i32[] = [];
  for (let i = term.min; i < term.max && !nfa.tooLarge; ++i) {
    const split = nfa.add(Step.Split);
    nfa.x[split] = nfa.length;
    addTerm(nfa, part, tags);
    ends.push(split);
  }
  for (let i = 0, n = ends.length; i < n; ++i) nfa.y[ends[i]] = nfa.length;
}

/** `part+`, or `part*` as `(part+)?`: so a group that matched nothing once counts as matched. */
function addLoop(nfa: Nfa, part: Term, optional: bool, tags: bool): void {
  const skip = optional ? nfa.add(Step.Split) : -1;
  const again = nfa.length;
  if (skip >= 0) nfa.x[skip] = again;
  addTerm(nfa, part, tags);
  const split = nfa.add(Step.Split, again);
  nfa.y[split] = nfa.length;
  if (skip >= 0) nfa.y[skip] = nfa.length;
}
