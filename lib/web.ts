// The library in browsers and Deno: the built parts are fetched from beside this module, or from where the caller says.

import { type Assets, makeCompiler } from "./compiler.ts";
import type { StapCompiler } from "./types.ts";

export { readObject } from "./compiler.ts";
export type * from "./types.ts";

/** tapset.json, as the build writes it. */
interface PackedTapset {
  index: string;
  files: { name: string; text: string }[];
}

/** Loads the compiler; `base` is the address of the folder with compiler.wasm, formatter.wasm and tapset.json. */
export async function loadCompiler({
  base = new URL("./", import.meta.url),
}: {
  base?: URL | string;
} = {}): Promise<StapCompiler> {
  const fetched = async (name: string) => {
    const response = await fetch(new URL(name, base));
    if (!response.ok) throw new Error(`cannot fetch '${response.url}': ${response.status} ${response.statusText}`);
    return response;
  };
  const bytes = async (name: string) => new Uint8Array(await (await fetched(name)).arrayBuffer());
  const [compiler, formatter, tapset] = await Promise.all([
    bytes("compiler.wasm"),
    bytes("formatter.wasm"),
    fetched("tapset.json").then((response) => response.json() as Promise<PackedTapset>),
  ]);
  const encoder = new TextEncoder();
  const files = tapset.files.map(({ name, text }) => ({ name, bytes: encoder.encode(text) }));
  return makeCompiler({ compiler, formatter, tapset: files, index: tapset.index } satisfies Assets);
}
