// What a probe attaches to, as data: the compiler fills it in when it resolves a probe point, the object has it as a
// row of the manifest's Target table (probes with equal targets share one), the agent reads it back and attaches there.

import { TargetKind } from "../format/attach";

/** One place to attach to. Which fields mean something depends on `kind`; the others are empty or zero. */
export class AttachTarget {
  /** The function or the tracepoint; of a counter, what messages call it. */
  name: string = "";
  /**
   * Of a tracepoint: the system that it belongs to ("sched"), if the script or the kernel says. Of a counter: the
   * number of its type.
   */
  system: string = "";
  /** Of a function: the kernel module that has it; empty for the kernel itself. */
  module: string = "";
  /** The file that has the code, of places in user space. */
  path: string = "";
  /**
   * Bytes from the function's beginning, or from the file's. Of a counter: its config. Of memory, and of a function
   * whose name is an address: that address.
   */
  offset: u64 = 0;
  /** The build id that the file must have, in hexadecimal; empty: any. */
  buildId: string = "";
  /** The bytes that the file must have at the place, in hexadecimal. */
  bytes: string = "";
  /** Where in the file the place's semaphore is; 0: it has none. */
  semaphore: u64 = 0;
  /** The process to which the probe is confined; 0: all. */
  pid: i32 = 0;

  constructor(public kind: TargetKind = TargetKind.Nothing) {}

  /** The target of a function of the kernel. */
  static ofFunction(name: string): AttachTarget {
    const target = new AttachTarget(TargetKind.Function);
    target.name = name;
    return target;
  }

  /** The target of an instruction of the kernel. */
  static ofCode(address: u64): AttachTarget {
    const target = new AttachTarget(TargetKind.Function);
    target.name = `0x${address.toString(16)}`;
    target.offset = address;
    return target;
  }

  /** Whether it is the instruction at `offset`, not a function by its name. */
  get isCode(): bool {
    return this.kind == TargetKind.Function && this.name.startsWith("0x");
  }

  /** The target of a tracepoint; `system` may be empty. */
  static ofTracepoint(system: string, name: string): AttachTarget {
    const target = new AttachTarget(TargetKind.Tracepoint);
    target.system = system;
    target.name = name;
    return target;
  }

  /** The target of a hook of security modules. */
  static ofHook(name: string): AttachTarget {
    const target = new AttachTarget(TargetKind.Hook);
    target.name = name;
    return target;
  }

  /** The target of a performance counter. */
  static ofCounter(type: string, config: u64): AttachTarget {
    const target = new AttachTarget(TargetKind.Counter);
    target.name = `type ${type}, config ${config}`;
    target.system = type;
    target.offset = config;
    return target;
  }

  /** The target of a watchpoint on a symbol of the kernel. */
  static ofSymbol(name: string): AttachTarget {
    const target = new AttachTarget(TargetKind.Memory);
    target.name = name;
    return target;
  }

  /** The target of a watchpoint on an address. */
  static ofAddress(address: u64): AttachTarget {
    const target = new AttachTarget(TargetKind.Memory);
    target.name = `0x${address.toString(16)}`;
    target.offset = address;
    return target;
  }

  /** The target of a place in a file, at which `name` is. */
  static ofFile(name: string, path: string, offset: u64): AttachTarget {
    const target = new AttachTarget(TargetKind.Code);
    target.name = name;
    target.path = path;
    target.offset = offset;
    return target;
  }

  /** The name with the module that has it, as the kernel's interfaces write them: "ext4:ext4_sync_file". */
  get symbol(): string {
    return this.module.length == 0 ? this.name : `${this.module}:${this.name}`;
  }

  /** Equal for equal targets, different for others. */
  get key(): string {
    const place = `${this.name}\n${this.system}\n${this.module}\n${this.path}\n${this.buildId}`;
    return `${this.kind} ${this.offset} ${this.semaphore} ${this.pid} ${place}\n${this.bytes}`;
  }
}
