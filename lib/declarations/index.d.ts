// The library's interface in Node; the package has this file beside index.js.

import type { ObjectSummary, RunEvent, RunRequest, StapCompiler } from "./types.js";

export type * from "./types.js";

/** Loads the compiler. */
export declare function loadCompiler(): Promise<StapCompiler>;
/** What an object holds; throws an error that says what is wrong with it. */
export declare function readObject(object: Uint8Array): ObjectSummary;
/**
 * Runs a script on a machine. Leaving the loop, or aborting the signal, ends the run in order; nothing stays there. A
 * run that fails throws a RunError behind its last event.
 */
export declare function run(request: RunRequest): AsyncGenerator<RunEvent>;
/** A run that failed: `status` is the exit status that the command line would have. */
export declare class RunError extends Error {
  readonly status: number;
  constructor(status: number, message: string);
}
