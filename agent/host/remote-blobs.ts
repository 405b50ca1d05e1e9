// The large inputs that the compiler asks for, of one remote: from the cache if they are there, else through the agent,
// once. Only what the compiler asks for comes at all.

import { QueryKind } from "../../common/format/frame.ts";
import { FILE_BLOB, KERNEL_BTF, MODULE_BTF } from "../../common/format/request.ts";
import type { Source } from "../../compiler/host/source.ts";
import { type BlobCache, kernelKey, moduleKey, unpackRange, unpackTypes } from "./blob-cache.ts";
import type { BlobPart } from "./events.ts";
import type { Session } from "./session.ts";

/** Is told where blobs come from. */
export interface BlobListener {
  /** A part of a blob has come. */
  onPart?: (blob: string, part: BlobPart) => void;
  /** The last part has come, or none will. */
  onEnd?: () => void;
  /** A blob of so many bytes is here; so many were transferred, undefined: it came from the cache. */
  onBlob?: (blob: string, bytes: number, transferred?: number) => void;
}

/** See the head of this file. */
export class RemoteBlobs implements Source {
  private readonly sizes = new Map<string, number | undefined>();
  private readonly known = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(
    private readonly session: Pick<Session, "hello" | "query" | "fetch" | "liar">,
    private readonly cache: BlobCache,
    private readonly listener: BlobListener = {},
  ) {}

  async size(blob: string): Promise<number | undefined> {
    if (blob.startsWith(FILE_BLOB)) return this.fileSize(blob);
    return (await this.get(blob))?.length;
  }

  async read(blob: string, offset: number, length: number): Promise<Uint8Array> {
    if (blob.startsWith(FILE_BLOB)) return (await this.readFile(blob, offset, length)) ?? new Uint8Array(0);
    const bytes = await this.get(blob);
    return bytes ? bytes.subarray(offset, offset + length) : new Uint8Array(0);
  }

  private async fileSize(blob: string): Promise<number | undefined> {
    if (!this.sizes.has(blob)) await this.readFile(blob, 0, 0);
    return this.sizes.get(blob);
  }

  /** A range of a program or library, in pieces that the agent sends. */
  private async readFile(blob: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    const path = blob.slice(FILE_BLOB.length);
    let size: number | undefined;
    const stream = await this.session
      .fetch(`${FILE_BLOB}${offset} ${length} ${path}`, (part) => {
        size = part.size;
        this.listener.onPart?.(blob, part);
      })
      .finally(() => this.listener.onEnd?.());
    this.sizes.set(blob, stream ? size : undefined);
    if (!stream) return undefined;
    const bytes = unpackRange(stream, length);
    if (!bytes) throw this.session.liar(`sent damaged bytes of '${path}'`);
    return bytes;
  }

  private get(blob: string): Promise<Uint8Array | undefined> {
    const known = this.known.get(blob) ?? this.find(blob);
    this.known.set(blob, known);
    return known;
  }

  private async find(blob: string): Promise<Uint8Array | undefined> {
    const key = await this.keyOf(blob);
    const cached = key === undefined ? undefined : this.cache.read(key);
    if (cached) {
      this.listener.onBlob?.(blob, cached.length);
      return cached;
    }
    const stream = await this.session
      .fetch(blob, (part) => this.listener.onPart?.(blob, part))
      .finally(() => this.listener.onEnd?.());
    if (!stream) return undefined;
    const types = unpackTypes(stream);
    if (!types) throw this.session.liar(`sent damaged types for '${blob}'`);
    if (key !== undefined) this.cache.write(key, stream);
    this.listener.onBlob?.(blob, types.length, stream.length);
    return types;
  }

  /** What names the blob in the cache; undefined if nothing tells one build from another: then it is not kept. */
  private async keyOf(blob: string): Promise<string | undefined> {
    if (blob === KERNEL_BTF) return kernelKey(this.session.hello);
    if (!blob.startsWith(MODULE_BTF)) return undefined;
    const module = blob.slice(MODULE_BTF.length);
    const [build] = await this.session.query(QueryKind.ModuleBuilds, [module]);
    const id = build?.startsWith(`${module}=`) ? build.slice(module.length + 1) : "";
    return moduleKey(this.session.hello, module, id);
  }
}
