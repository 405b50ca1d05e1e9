// The C types of the remote's kernel and of its modules, from their BTF. Read when the first target variable of a
// script asks for them, and not before.

import { KERNEL_BTF, MODULE_BTF } from "../../common/format/request";
import { BLOB_ABSENT, BlobReader } from "./blobs";
import { indexBtf } from "./btf-index";
import { Relocations } from "./relocations";
import { Types } from "./types";

/** The types of one remote kernel. */
export class KernelTypes {
  private read: Map<string, Types | null> = new Map<string, Types | null>();

  constructor(
    private blobs: BlobReader,
    /** Of a saved object; else null. */
    public relocations: Relocations | null = null,
  ) {}

  /** Something is used that is right for this kernel only. */
  pin(reason: string): void {
    const relocations = this.relocations;
    if (relocations !== null) relocations.pin(reason);
  }

  /** Something was asked for and is not here yet: what is unknown now may be known in the next round. */
  get isPending(): bool {
    return this.blobs.needs.length > 0;
  }

  /** Types were found: what is compiled with them is right for this kernel only. */
  get areUsed(): bool {
    const all = this.read.values();
    for (let i = 0, n = all.length; i < n; ++i) if (all[i] !== null) return true;
    return false;
  }

  /** The types of the kernel, or of a module with the kernel's. Null: they are not here, or there are none. */
  of(module: string): Types | null {
    if (this.read.has(module)) return this.read.get(module);
    const base = module.length > 0 ? this.of("") : null;
    if (module.length > 0 && base === null) return null;
    const blob = module.length > 0 ? MODULE_BTF + module : KERNEL_BTF;
    const size = this.blobs.sizeOf(blob);
    const bytes = size > 0 ? this.blobs.bytes(blob, 0, <i32>size) : null;
    if (bytes === null && size != BLOB_ABSENT && size != 0) return null;
    let types: Types | null = null;
    if (bytes !== null) {
      const index = indexBtf(bytes, base === null ? null : base.index);
      if (index.problem.length == 0) types = new Types(index, this.relocations);
      if (types !== null && module.length > 0) this.pin(`the types of the module '${module}'`);
    }
    this.read.set(module, types);
    return types;
  }
}
