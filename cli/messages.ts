// Standard error, written in the background like standard output (output.ts): `process.stderr` throws away what its
// pipe has not taken when the program exits.
//
// Invariant: whoever says much settles in between, so that a slow reader slows the work down instead of filling memory.

import { Output } from "./output.ts";

/** Where messages to the user go. */
export class Messages {
  private readonly output: Output;

  constructor(output: Output = new Output(2, "standard error", false)) {
    this.output = output;
  }

  /** Whether somebody looks at them. */
  get isTerminal(): boolean {
    return this.output.isTerminal;
  }

  /** Says something; bytes pass as they are. */
  readonly say = (text: string | Uint8Array): void => {
    this.output.queue(typeof text === "string" ? new TextEncoder().encode(text) : text);
  };

  /** Waits until everything said was taken. If that fails there is nowhere to say so. */
  readonly settle = (): Promise<void> => this.output.flush().catch(() => {});
}
