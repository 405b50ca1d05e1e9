// Diagnostics as data: the messages about a script.
//
// All phases share one `Reporter`; nothing throws. The reporter drops a diagnostic that repeats an earlier one (same
// place, same text), because inference visits code several times. `messages.ts` has the texts of parse errors, the
// caller passes all others, and `render.ts` decides what they look like.
//
// A message says what is wrong in the script's terms, in lower case, without a period, with names in 'quotes'. The hint
// says what to type instead.

import { Range } from "../source/source";
import { Code, formatMessage } from "./messages";

/** How bad it is; also the word in front of the message. */
export const enum Severity {
  Warning,
  /** The text is not a script. */
  ParseError,
  /** The script means nothing that can be run. */
  SemanticError,
}

/** A second place that explains the first: "declared here". */
export class Note {
  constructor(
    public message: string,
    public range: Range | null,
  ) {}
}

/** One thing told to the user. */
export class Diagnostic {
  notes: Note[] = [];
  constructor(
    public code: Code,
    public severity: Severity,
    /** Null if it is about no place in particular. */
    public range: Range | null,
    /** The whole message, a byte string. */
    public message: string,
    /** What to do about it, or empty. */
    public hint: string = "",
    /** What a parser found instead (`operator '}'`), or empty. */
    public saw: string = "",
  ) {}

  /** Adds a related place; returns this diagnostic. */
  note(message: string, range: Range | null): Diagnostic {
    this.notes.push(new Note(message, range));
    return this;
  }

  /** Whether it keeps the script from running. */
  get isError(): bool {
    return this.severity != Severity.Warning;
  }

  /** What identifies it among all diagnostics: the place, however it was reached, and the words. */
  get identity(): string {
    const range = this.range;
    const place = range ? `${range.source.name}:${range.start}` : "";
    return `${this.severity}|${place}|${this.message}|${this.saw}`;
  }
}

/** Whether a `Reporter` keeps what it is told. */
export const enum ReportMode {
  Report,
  /** Speculative resolution, as in `@defined($x)`: count, but keep nothing. */
  Swallow,
}

/** How many diagnostics are kept; the rest are counted. */
export const MAX_DIAGNOSTICS: i32 = 100;

/** After so many errors nothing more is read: they are of one kind then, and each costs time and memory. */
const MAX_ERRORS: i32 = 1000;

/** Collects the diagnostics of a compilation. */
export class Reporter {
  diagnostics: Diagnostic[] = [];
  mode: ReportMode = ReportMode.Report;
  /** Errors so far, kept or too many to keep. */
  errorCount: i32 = 0;
  /** Errors swallowed so far; compare before and after a speculation. */
  swallowedErrors: i32 = 0;
  /** Diagnostics that were not kept because there were too many. */
  dropped: i32 = 0;
  /** -w: warnings are not wanted. */
  quiet: bool = false;
  private seen: Set<string> = new Set<string>();

  get hasErrors(): bool {
    return this.errorCount > 0;
  }

  /** Whether there are so many errors that passes give up. */
  get isFull(): bool {
    return this.errorCount >= MAX_ERRORS;
  }

  /** A semantic error. */
  error(range: Range | null, message: string, hint: string = ""): Diagnostic {
    return this.add(new Diagnostic(Code.Semantic, Severity.SemanticError, range, message, hint));
  }

  /** A warning. */
  warning(range: Range | null, message: string, hint: string = ""): Diagnostic {
    return this.add(new Diagnostic(Code.Warning, Severity.Warning, range, message, hint));
  }

  /** A parse error from the table; `saw` is what stood there instead, if it helps. */
  parseError(code: Code, range: Range, argument: string = "", saw: string = ""): Diagnostic {
    return this.add(new Diagnostic(code, Severity.ParseError, range, formatMessage(code, argument), "", saw));
  }

  /** Adds a diagnostic unless it repeats one; returns it either way. */
  add(diagnostic: Diagnostic): Diagnostic {
    if (this.mode == ReportMode.Swallow) {
      if (diagnostic.isError) ++this.swallowedErrors;
      return diagnostic;
    }
    if (this.quiet && diagnostic.severity == Severity.Warning) return diagnostic;
    const identity = diagnostic.identity;
    if (this.seen.has(identity)) return diagnostic;
    if (diagnostic.isError) ++this.errorCount;
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) {
      ++this.dropped;
      if (!diagnostic.isError || !this.dropWarning()) return diagnostic;
    }
    this.seen.add(identity);
    this.diagnostics.push(diagnostic);
    return diagnostic;
  }

  /** Makes room for an error, which matters more than a warning; false if only errors are kept. */
  private dropWarning(): bool {
    const all = this.diagnostics;
    for (let i = all.length - 1; i >= 0; --i) {
      if (all[i].isError) continue;
      all.splice(i, 1);
      return true;
    }
    return false;
  }

  /** What was kept, as it is shown: the errors, then the warnings. */
  shown(): Diagnostic[] {
    const all = this.diagnostics;
    const errors: Diagnostic[] = [];
    const warnings: Diagnostic[] = [];
    for (let i = 0, n = all.length; i < n; ++i) {
      if (all[i].isError) errors.push(all[i]);
      else warnings.push(all[i]);
    }
    return errors.concat(warnings);
  }

  /** Puts the diagnostics from index `first` on in the order of their places, as far as they are in one source. */
  sortFrom(first: i32): void {
    const all = this.diagnostics;
    for (let i = first + 1; i < all.length; ++i) {
      const moving = all[i];
      let k = i;
      for (; k > first && isLater(all[k - 1], moving); --k) all[k] = all[k - 1];
      all[k] = moving;
    }
  }
}

function isLater(a: Diagnostic, b: Diagnostic): bool {
  const first = a.range;
  const second = b.range;
  if (!first || !second) return false;
  return first.source === second.source && first.start > second.start;
}
