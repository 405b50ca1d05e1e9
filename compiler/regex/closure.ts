// The instructions that an automaton reaches without reading a byte, in the order in which they are tried.

import { Nfa, Step } from "./nfa";

/** Positions that an automaton stands at; each instruction is entered once, by the way that is tried first. */
export class Closure {
  /** Instructions that take a byte, or wait for the end, in order. */
  waiting: i32[] = [];
  /** The tags met on the way to each, as bits. */
  tags: u64[] = [];
  /** A way to the end of the expression was found. */
  matches: bool = false;
  /** The tags met on it. */
  matchTags: u64 = 0;
  private seen: StaticArray<i32>;
  private round: i32 = 0;
  private openSteps: i32[] = [];
  private openTags: u64[] = [];

  constructor(private nfa: Nfa) {
    this.seen = new StaticArray<i32>(nfa.length);
  }

  /** Forgets all that was entered and found. */
  begin(): void {
    ++this.round;
    this.clear();
  }

  /** Forgets the results, but not the instructions that were entered: those that follow are tried later. */
  clear(): void {
    this.waiting.length = 0;
    this.tags.length = 0;
    this.matches = false;
  }

  /** Enters an instruction: at the string's start, at its end, or between. */
  enter(from: i32, atStart: bool, atEnd: bool, tags: u64): void {
    const nfa = this.nfa;
    this.openSteps.push(from);
    this.openTags.push(tags);
    while (this.openSteps.length > 0) {
      const i = this.openSteps.pop();
      const met = this.openTags.pop();
      if (this.seen[i] == this.round) continue;
      this.seen[i] = this.round;
      switch (nfa.steps[i]) {
        case Step.Split:
          this.open(nfa.y[i], met);
          this.open(nfa.x[i], met);
          break;
        case Step.Jump:
          this.open(nfa.x[i], met);
          break;
        case Step.Tag:
          this.open(i + 1, met | ((<u64>1) << (<u64>nfa.x[i])));
          break;
        case Step.Start:
          if (atStart) this.open(i + 1, met);
          break;
        case Step.End:
          if (atEnd) this.open(i + 1, met);
          else this.wait(i, met);
          break;
        case Step.Match:
          this.matches = true;
          this.matchTags = met;
          break;
        default:
          this.wait(i, met);
      }
    }
  }

  private open(i: i32, tags: u64): void {
    this.openSteps.push(i);
    this.openTags.push(tags);
  }

  private wait(i: i32, tags: u64): void {
    // Behind a match a way that waits for the end would find the same text, tried later.
    if (this.matches && this.nfa.steps[i] == Step.End) return;
    this.waiting.push(i);
    this.tags.push(tags);
  }
}
