// Compiles scripts and returns the objects' SHA-256. Node, Deno and Chromium all run it, so it imports nothing specific
// to one of them.

import { createCompiler, type NamedBytes } from "../../compiler/host/compile.ts";

/** What is compiled, as JSON may carry it. */
export interface Work {
  tapset: { name: string; text: string }[];
  tapsetIndex: string;
  scripts: { name: string; text: string }[];
}

/** The hash of each script's object, or its diagnostics. */
export async function compileAndHash(wasm: Uint8Array, work: Work): Promise<string[]> {
  const encoder = new TextEncoder();
  const named = (file: { name: string; text: string }): NamedBytes => ({
    name: file.name,
    bytes: encoder.encode(file.text),
  });
  const compiler = createCompiler(wasm, work.tapset.map(named), work.tapsetIndex);
  const results: string[] = [];
  for (const script of work.scripts) {
    const result = compiler.compile({ scripts: [named(script)], options: [["arch", "x86_64"]], args: [] });
    if (!result.object) {
      results.push(result.messages);
      continue;
    }
    const digest = await crypto.subtle.digest("SHA-256", result.object as BufferSource);
    results.push(Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return results;
}
