// The library's interface in browsers and Deno; the package has this file beside web.js.

import type { ObjectSummary, StapCompiler } from "./types.js";

export type * from "./types.js";

/** Loads the compiler; `base` is the address of the folder with compiler.wasm, formatter.wasm and tapset.json. */
export declare function loadCompiler(options?: { base?: URL | string }): Promise<StapCompiler>;
/** What an object holds; throws an error that says what is wrong with it. */
export declare function readObject(object: Uint8Array): ObjectSummary;
