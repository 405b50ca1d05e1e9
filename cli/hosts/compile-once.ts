// Compiles once for all hosts that the script would meet the same on: the same options, kernel build and features, and
// nothing asked that two machines with one kernel may answer differently.

import type { CompileInput, CompileResult, Compiler } from "../../compiler/host/compile.ts";
import type { Asked } from "../../facts/answer.ts";
import { compileFor } from "../compile.ts";

/**
 * What machines with the same kernel may differ in: what is loaded and installed, and whether the configuration can be
 * read.
 */
const MAY_DIFFER = new Set(["modules", "module-functions", "config", "programs"]);

/** A compile, and whether another host may have its result. */
interface Made {
  result: CompileResult;
  isShared: boolean;
}

/** Keeps what was compiled. */
export class CompileOnce {
  private readonly made = new Map<string, Promise<Made>>();
  /** How many compiles there were. */
  count = 0;

  /** Compiles, or waits for the host that does. */
  async compile(compiler: Compiler, input: CompileInput, asked: Asked): Promise<CompileResult> {
    const key = JSON.stringify([input.options, asked.features]);
    for (let earlier = this.made.get(key); earlier !== undefined; earlier = this.made.get(key)) {
      try {
        const { result, isShared } = await earlier;
        if (!isShared) break;
        return result;
      } catch {
        // That host failed while it was asked. The first one that waited tries itself.
        if (this.made.get(key) === earlier) this.made.delete(key);
      }
    }
    const mine = this.make(compiler, input, asked);
    if (!this.made.has(key)) this.made.set(key, mine);
    return (await mine).result;
  }

  private async make(compiler: Compiler, input: CompileInput, asked: Asked): Promise<Made> {
    this.count++;
    let isShared = true;
    const onNeed = (kind: string) => {
      if (MAY_DIFFER.has(kind)) isShared = false;
    };
    return { result: await compileFor(compiler, input, { ...asked, onNeed }), isShared };
  }
}
