// One compilation: the request, what each pass made of it, and the diagnostics.

import { Code } from "./bpf/code";
import { Reporter } from "./diagnostics/diagnostic";
import { Unit } from "./ir/unit";
import { BlobReader } from "./kernel/blobs";
import { CompileOptions } from "./options";
import { Need } from "./probes/needs";
import { Request } from "./request";
import { Script } from "./semantic/script";
import { Range } from "./source/source";
import { ScriptFile } from "./syntax/ast";

/** Owns everything; passes take what they need. */
export class Compilation {
  reporter: Reporter = new Reporter();
  /** Pass 1. */
  files: ScriptFile[] = [];
  /** Pass 2. */
  script: Script | null = null;
  needs: Need[] = [];
  /** The blobs among the inputs; what a pass reads and is not there becomes a need, too. */
  blobs: BlobReader;
  /** Pass 3. */
  unit: Unit | null = null;
  codes: Code[] = [];
  dumped: string = "";
  /** Pass 4. */
  object: Uint8Array | null = null;
  /** What -p or --dump asked for. */
  text: string = "";

  constructor(
    public request: Request,
    public options: CompileOptions,
  ) {
    this.blobs = new BlobReader(options.semantic.facts.blobs);
  }

  /** Whether something must be known before the passes can go on. */
  get isLacking(): bool {
    return this.needs.length > 0 || this.blobs.needs.length > 0;
  }

  /** The probe point of program `index`; null if the compiler made the program itself. */
  rangeOf(index: i32): Range | null {
    const handler = this.handlerOf(index);
    return handler >= 0 ? this.script!.handlers[handler].range : null;
  }

  /** The index of the handler of program `index`; -1 if the compiler made the program itself. */
  handlerOf(index: i32): i32 {
    // Handlers' programs follow those that lowering adds for itself.
    return max(-1, index - (this.unit!.programs.length - this.script!.handlers.length));
  }

  /** The first script's name. */
  get scriptName(): string {
    return this.files.length > 0 ? this.files[0].source.name : "";
  }
}
