// The one place where the host meets WebAssembly: instantiates our modules through @assemblyscript/loader.
//
// A module exports functions that take and return Uint8Array; the loader copies the bytes in and out. The same file
// serves Node, Deno and browsers: it gets the module's bytes and knows nothing of files.

import * as loader from "@assemblyscript/loader";

/** The most memory that the compiler may have (asconfig.json, decision 0017). */
const MOST_MEBIBYTES = 2048;
const TOO_LARGE = `the script is too large: its compilation needs more memory than it may have (${MOST_MEBIBYTES} MiB)`;
const TOO_DEEP = "the script is nested too deeply for the stack of this engine";

/** A module aborted: a defect of ours, never the user's mistake. */
export class ModuleAbort extends Error {
  constructor(
    readonly reason: string,
    readonly where: string,
  ) {
    super(`internal error: ${reason || "unexpected state"} at ${where}`);
    this.name = "ModuleAbort";
  }
}

/** A module ran out of what the engine has: a script that is too large, never a defect. */
export class ModuleLimit extends Error {
  override name = "ModuleLimit";
}

/** What the compiler imports from its host besides `abort` (compiler/clock.ts). */
export type HostFunctions = Record<string, (...args: number[]) => number | undefined>;

/** A running module: calls with bytes in, bytes out. */
export interface Instance {
  /** Calls an export that takes and returns one Uint8Array. */
  call(name: string, input: Uint8Array): Uint8Array;
  /** The present size of its memory. */
  memoryBytes(): number;
  /** The module's exports, for those that are plain numbers in and out. */
  readonly exports: Record<string, unknown>;
}

const modules = new WeakMap<Uint8Array, WebAssembly.Module>();

/** Compiles a module's bytes, once for the same array; `instantiate` is then cheap. */
export function compileModule(wasm: Uint8Array): WebAssembly.Module {
  const module = modules.get(wasm) ?? new WebAssembly.Module(wasm as BufferSource);
  modules.set(wasm, module);
  return module;
}

/** A fresh instance of a compiled module. */
export function instantiate(module: WebAssembly.Module, host: HostFunctions = {}): Instance {
  const at = (message: number, file: number, line: number, column: number): never => {
    const get = (pointer: number): string => (pointer ? exports.__getString(pointer) : "");
    throw new ModuleAbort(get(message), `${get(file)}:${line}:${column}`);
  };
  const { exports } = loader.instantiateSync<Record<string, unknown>>(module, {
    env: { abort: at },
    clock: host,
  } as Parameters<typeof loader.instantiateSync>[1]);
  const idOfBytes = exports.UINT8ARRAY_ID as WebAssembly.Global;
  return {
    exports,
    memoryBytes: () => (exports.memory as WebAssembly.Memory).buffer.byteLength,
    call(name: string, input: Uint8Array): Uint8Array {
      const run = exports[name] as (pointer: number) => number;
      const pointer = exports.__pin(exports.__newArray(idOfBytes.value, input as unknown as number[]));
      const result = exports.__pin(guarded(() => run(pointer)));
      const bytes = exports.__getUint8Array(result).slice();
      exports.__unpin(result);
      exports.__unpin(pointer);
      return bytes;
    },
  };
}

/**
 * Calls into a module; what the engine throws when memory or stack run out becomes an error that says so. asc's
 * allocator executes `unreachable` when the memory cannot grow, and nothing else does: failed assertions come through
 * `abort`.
 */
function guarded(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (error instanceof RangeError) throw new ModuleLimit(TOO_DEEP);
    const isFull = error instanceof WebAssembly.RuntimeError && /unreachable/i.test(error.message);
    throw isFull ? new ModuleLimit(TOO_LARGE) : error;
  }
}
