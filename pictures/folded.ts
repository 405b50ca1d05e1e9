// Folded stacks, as flamegraph.pl, inferno and speedscope read them: a line for each stack, with its count.

import { stackOf } from "./meaning.ts";
import type { Item } from "./record.ts";
import { NOTHING, TextPart, type Writer } from "./writer.ts";

/** Stacks that are the same, added up. */
export class StackCounts {
  readonly counts = new Map<string, bigint>();

  /** Adds the stack of a print; false if it has none. `withHost`: the host is its outermost frame. */
  add(item: Item, withHost = false): boolean {
    const sample = item.type === "print" ? stackOf(item) : undefined;
    if (!sample) return false;
    const { keys, frames, weight } = sample;
    const key = [...(withHost ? [item.host] : []), ...keys, ...frames].map(cleanFrame).join(";");
    this.counts.set(key, (this.counts.get(key) ?? 0n) + BigInt(weight));
    return true;
  }
}

/** A name may hold neither of the characters that the form is made of. */
function cleanFrame(name: string): string {
  return name.replace(/[;\n\r]/g, "_");
}

/** Writes the lines when the run ends. */
export function foldedWriter(): Writer {
  const stacks = new StackCounts();
  return {
    add: (item) => stacks.add(item),
    take: () => NOTHING,
    end: () => {
      const text = new TextPart();
      for (const [stack, count] of stacks.counts) text.add(`${stack} ${count}\n`);
      return text.take();
    },
  };
}
