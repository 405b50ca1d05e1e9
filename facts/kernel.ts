// Facts of one kernel, and a kernel made of them that answers what the compiler asks a remote.

import type { Hello } from "../agent/host/events.ts";
import { MAX_BLOB_BYTES, QueryKind } from "../common/format/frame.ts";
import type { Source } from "../compiler/host/source.ts";
import { functionsFor, tracepointsFor } from "./names.ts";
import { inflate } from "./zlib.ts";

/** A blob as the agent sends it: a zlib stream. */
export interface PackedBlob {
  name: string;
  stream: Uint8Array;
}

/** All that is known of a kernel. */
export interface KernelFacts {
  /** What the agent says first; `uid` and `pid` are 0. */
  hello: Hello;
  features: string[];
  /** Names that several functions have stand there twice. */
  functions: string[];
  modules: string[];
  /** MODULE:FUNCTION */
  moduleFunctions: string[];
  /** MODULE=BUILDID */
  moduleBuilds: string[];
  /** SYSTEM:EVENT, and the bare names of those without an event */
  tracepoints: string[];
  /** NAME=value; "?": the kernel has none to read */
  config: string[];
  blobs: PackedBlob[];
}

/** A kernel that is not there. */
export class OfflineKernel implements Source {
  private readonly unpacked = new Map<string, Uint8Array>();

  constructor(private readonly facts: KernelFacts) {}

  get hello(): Hello {
    return this.facts.hello;
  }

  /** Which of the names (or glob patterns) exist, as an agent answers it. */
  async query(kind: QueryKind, names: string[]): Promise<string[]> {
    const { facts } = this;
    switch (kind) {
      case QueryKind.Functions:
        return functionsFor(names, facts.functions);
      case QueryKind.ModuleFunctions:
        return functionsFor(names, facts.moduleFunctions);
      case QueryKind.Modules:
        return functionsFor(names, facts.modules);
      case QueryKind.Tracepoints:
        return tracepointsFor(names, facts.tracepoints);
      case QueryKind.Features:
        return names.filter((name) => facts.features.includes(name));
      case QueryKind.Config:
        return facts.config.filter((line) => line === "?" || names.includes(nameOf(line)));
      case QueryKind.ModuleBuilds:
        return facts.moduleBuilds.filter((line) => names.includes(nameOf(line)));
      case QueryKind.Programs:
      case QueryKind.Trampolines: // only a kernel that is there can be tried
        return [];
    }
  }

  async size(blob: string): Promise<number | undefined> {
    return (await this.get(blob))?.length;
  }

  async read(blob: string, offset: number, length: number): Promise<Uint8Array> {
    return ((await this.get(blob)) ?? new Uint8Array(0)).subarray(offset, offset + length);
  }

  private async get(blob: string): Promise<Uint8Array | undefined> {
    const known = this.unpacked.get(blob);
    const packed = known ?? this.facts.blobs.find(({ name }) => name === blob)?.stream;
    if (known || !packed) return known;
    const bytes = await inflate(packed, MAX_BLOB_BYTES);
    this.unpacked.set(blob, bytes);
    return bytes;
  }
}

/** The name of a line NAME=value. */
function nameOf(line: string): string {
  return line.slice(0, line.indexOf("="));
}
