// The host's interface to the formatter's Wasm module (common/as/print): whole frames of records → text.

import { compileModule, instantiate } from "../../compiler/host/load.ts";
import { ObjectError } from "./elf.ts";

/** The text of some records; use it before the next call. */
export interface Formatted {
  /** for standard output */
  text: Uint8Array;
  /** errors and warnings, a line each, for standard error */
  messages: Uint8Array;
}

/** Which outputs somebody looks at: there, control characters of the traced machine are shown escaped. */
export interface OnTerminal {
  text: boolean;
  messages: boolean;
}

/** Turns frames of records into text. */
export interface Formatter {
  /** Says which outputs somebody looks at; none, unless it is called. */
  onTerminal(which: OnTerminal): void;
  /** Makes JSON Lines, each of which begins with these members: JSON with a comma behind each. */
  jsonLines(members: string): void;
  /** Puts the time before each line: local time as a date, or the seconds since the first line. */
  stampLines(how: "date" | "seconds"): void;
  /** Takes the payload of a Symbols frame; false if it is damaged. */
  addSymbols(payload: Uint8Array): boolean;
  /** Formats the payload of an Output or Control frame; yields at most a megabyte or so at a time. */
  format(records: Uint8Array): Generator<Formatted>;
  /** Units of output that stayed incomplete. */
  openUnits(): number;
  /** Bytes of memory the module has taken. */
  memoryBytes(): number;
}

interface Exports {
  memory: WebAssembly.Memory;
  input(bytes: number): number;
  openManifest(bytes: number): number;
  onTerminal(text: boolean, messages: boolean): void;
  addSymbols(bytes: number): number;
  jsonLines(bytes: number): void;
  stampLines(origin: bigint, isDate: boolean): void;
  format(from: number, end: number): number;
  textStart(): number;
  textLength(): number;
  messagesStart(): number;
  messagesLength(): number;
  openUnits(): number;
}

/** Manifest faults (common/as/print/manifest.ts), in words. */
const FAULTS = [
  "",
  "it is too short",
  "it is not a manifest",
  "its version differs",
  "a table is damaged",
  "a site is damaged",
];

const NS_PER_MINUTE = 60_000_000_000n;

/** A formatter for one run; `wasm` is build/formatter.wasm, `manifest` the object's section. Throws an ObjectError. */
export function createFormatter(wasm: Uint8Array, manifest: Uint8Array): Formatter {
  const exports = instantiate(compileModule(wasm)).exports as unknown as Exports;
  const put = (bytes: Uint8Array) => {
    const at = exports.input(bytes.length) >>> 0;
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  };
  // A copy: the caller may still be writing it when the next batch is made.
  const take = (start: number, length: number) => new Uint8Array(exports.memory.buffer, start >>> 0, length).slice();
  put(manifest);
  const fault = exports.openManifest(manifest.length);
  if (fault !== 0) throw new ObjectError(`damaged manifest: ${FAULTS[fault] ?? `fault ${fault}`}`);
  return {
    onTerminal: ({ text, messages }) => exports.onTerminal(text, messages),
    jsonLines: (members) => {
      const bytes = new TextEncoder().encode(members);
      put(bytes);
      exports.jsonLines(bytes.length);
    },
    stampLines: (how) => {
      const isDate = how === "date";
      exports.stampLines(isDate ? BigInt(new Date().getTimezoneOffset()) * NS_PER_MINUTE : -1n, isDate);
    },
    addSymbols: (payload) => {
      put(payload);
      return exports.addSymbols(payload.length) !== 0;
    },
    *format(records: Uint8Array): Generator<Formatted> {
      put(records);
      let from = 0;
      while (from < records.length) {
        from = exports.format(from, records.length);
        yield {
          text: take(exports.textStart(), exports.textLength()),
          messages: take(exports.messagesStart(), exports.messagesLength()),
        };
      }
    },
    openUnits: () => exports.openUnits(),
    memoryBytes: () => exports.memory.buffer.byteLength,
  };
}
