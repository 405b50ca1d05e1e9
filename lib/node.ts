// The library in Node: the compiler with the built parts from disk, and runs on a machine.

import { readAsset, readTapset, readTapsetIndex } from "../cli/assets.ts";
import { makeCompiler } from "./compiler.ts";
import type { StapCompiler } from "./types.ts";

export { readObject } from "./compiler.ts";
export { RunError, run } from "./run.ts";
export type * from "./types.ts";

/** Loads the compiler. */
export async function loadCompiler(): Promise<StapCompiler> {
  return makeCompiler({
    compiler: readAsset("compiler.wasm"),
    formatter: readAsset("formatter.wasm"),
    tapset: readTapset(),
    index: readTapsetIndex(),
  });
}
