// Leaves out warnings of the script that were shown before, as stap does; -v shows all of them, and -w none.
//
// Invariant: what is remembered is bounded, whatever a remote says.

const MOST_TEXTS = 1000;
const LONGEST = 1000;
const WARNING = "WARNING: ";

/** Remembers warnings. */
export class Repeats {
  private readonly seen = new Set<string>();

  /** `shows`: all, those that are new, or none. */
  constructor(private readonly shows: "all" | "new" | "none") {}

  /** Errors and warnings, each with its line or lines, without what is not to be shown. */
  filter(messages: string): string {
    if (this.shows === "all" || !messages.includes(WARNING)) return messages;
    return messages
      .split(/^(?=WARNING: |ERROR: )/m)
      .filter((one) => !one.startsWith(WARNING) || (this.shows === "new" && this.isNew(one)))
      .join("");
  }

  private isNew(text: string): boolean {
    if (this.seen.has(text)) return false;
    if (this.seen.size < MOST_TEXTS && text.length <= LONGEST) this.seen.add(text);
    return true;
  }
}
