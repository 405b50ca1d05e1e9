// Compiles scripts and returns the objects' SHA-256. Node, Deno and Chromium all run it, so it imports nothing specific
// to one of them.

import { type Compiler, createCompiler, type NamedBytes } from "../../compiler/host/compile.ts";
import { memorySource, readBlobs } from "../../compiler/host/source.ts";

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
  results.push(await dumpInRounds(compiler));
  return results;
}

/** Bytes of a blob that the compiler asked for and got in a second round. */
async function dumpInRounds(compiler: Compiler): Promise<string> {
  const source = memorySource(new Map([["kernel-btf", Uint8Array.from({ length: 9000 }, (_, i) => i)]]));
  const script = { name: "x.stp", bytes: new TextEncoder().encode("probe begin { exit() }") };
  const options: [string, string][] = [["dump", "blob:kernel-btf,8990,64"]];
  const session = compiler.begin({ scripts: [script], options, args: [] });
  const asked = JSON.stringify(session.result.needs);
  session.add(await readBlobs(session.result.needs, source));
  return `${asked}\n${session.result.text ?? session.result.messages}`;
}
