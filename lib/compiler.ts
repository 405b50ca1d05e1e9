// The compiler as a library: requests in plain values → the compiler's own input, and back. Node, Deno and browsers.

import { describeObject } from "../agent/host/describe-object.ts";
import { createFormatter } from "../agent/host/formatter.ts";
import { manifestOf } from "../agent/host/manifest.ts";
import { type CompileInput, createCompiler, type NamedBytes } from "../compiler/host/compile.ts";
import { indexScripts } from "../compiler/host/library-index.ts";
import { ARCH_OF_MACHINE, compileWith, featuresOf } from "../facts/answer.ts";
import { decodeFacts } from "../facts/file.ts";
import { OfflineKernel } from "../facts/kernel.ts";
import type {
  CompileOutcome,
  CompileRequest,
  ObjectSummary,
  RecordFormatter,
  ScriptFile,
  StapCompiler,
} from "./types.ts";

/** The built parts that the library needs. */
export interface Assets {
  /** compiler.wasm */
  compiler: Uint8Array;
  /** formatter.wasm */
  formatter: Uint8Array;
  /** The files of the tapset, and its index. */
  tapset: NamedBytes[];
  index: string;
}

/** A compiler around the built parts. */
export function makeCompiler(assets: Assets): StapCompiler {
  const compiler = createCompiler(assets.compiler, assets.tapset, assets.index);
  const run = async (request: CompileRequest, more: [string, string][]) => {
    const kernel = request.facts ? new OfflineKernel(await decodeFacts(request.facts)) : undefined;
    const asked = kernel && { session: kernel, blobs: kernel, features: await featuresOf(kernel) };
    const arch = kernel ? (ARCH_OF_MACHINE[kernel.hello.machine] ?? "") : request.arch;
    const release = kernel?.hello.release ?? request.release;
    const result = await compileWith(compiler, inputOf(request, [...kernelOptions(arch, release), ...more]), asked);
    const { object, text, diagnostics, messages, needs } = result;
    const outcome: CompileOutcome = { diagnostics, messages, needs: needs.map(({ kind, names }) => ({ kind, names })) };
    if (object) outcome.object = object;
    if (text !== undefined) outcome.text = text;
    return outcome;
  };
  return {
    compile: (request) => run(request, request.dump === undefined ? [] : [["dump", request.dump]]),
    listProbes: async (pattern, { facts, variables } = {}) => {
      const request: CompileRequest = { script: `probe ${pattern} {}\n`, ...(facts ? { facts } : {}) };
      const outcome = await run(request, [
        ["list", variables ? "variables" : "points"],
        ["pass", "2"],
      ]);
      return (outcome.text ?? "").split("\n").filter((line) => line !== "");
    },
    formatter: (object, options) => makeFormatter(assets.formatter, object, options?.json === true),
  };
}

/** What an object holds; throws an error that says what is wrong with it. */
export function readObject(object: Uint8Array): ObjectSummary {
  return describeObject(object);
}

function makeFormatter(wasm: Uint8Array, object: Uint8Array, json: boolean): RecordFormatter {
  const manifest = manifestOf(object);
  if (!manifest) throw new Error("not an object of stap-remote: it has no manifest");
  const formatter = createFormatter(wasm, manifest);
  if (json) formatter.jsonLines("");
  const decoder = new TextDecoder();
  return {
    format: (records) => {
      let [text, messages] = ["", ""];
      for (const part of formatter.format(records)) {
        text += decoder.decode(part.text);
        messages += decoder.decode(part.messages);
      }
      return { text, messages };
    },
  };
}

function kernelOptions(arch: string | undefined, release: string | undefined): [string, string][] {
  const options: [string, string][] = [];
  if (arch) options.push(["arch", arch]);
  if (release) options.push(["release", release]);
  return options;
}

function inputOf(request: CompileRequest, options: [string, string][]): CompileInput {
  const encoder = new TextEncoder();
  const bytesOf = ({ name, text }: ScriptFile): NamedBytes => ({ name, bytes: encoder.encode(text) });
  const pairs = (values: Record<string, string | number> | undefined, name: string): [string, string][] =>
    Object.entries(values ?? {}).map(([key, value]) => [name, `${key}=${value}`]);
  const flags: [string, string][] = [];
  if (request.guru) flags.push(["guru", "1"]);
  if (request.stamps) flags.push(["stamps", "1"]);
  const library = (request.library ?? []).map(bytesOf);
  return {
    scripts: [
      bytesOf({ name: request.name ?? "<input>", text: request.script }),
      ...(request.extra ?? []).map(bytesOf),
    ],
    options: [...options, ...pairs(request.define, "define"), ...pairs(request.globals, "global"), ...flags],
    args: request.args ?? [],
    library: { files: library, index: indexScripts(library) },
  };
}
