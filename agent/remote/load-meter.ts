// What load-watch.ts measures, of a loaded object: the kernel's statistics of its programs, and its counters of skipped
// handlers. Handlers that the agent runs or orders itself are left out: they delay nobody but the agent.

import { Engine, Manifest, ManifestFlags, NONE } from "../../common/format/manifest";
import { BssHeader } from "../../common/format/runtime";
import { enableStatistics, RunStatistics } from "./bpf";
import { possibleCpus } from "./cpus";
import { KernelTime } from "./kernel-time";
import { LoadLimits, LoadWatch, Meter } from "./load-watch";
import { LoadedObject } from "./object";
import { close } from "./syscall";

class ObjectMeter extends Meter {
  private statistics: i32 = -1;
  private result: RunStatistics = new RunStatistics();
  private cpus: KernelTime = new KernelTime(possibleCpus());

  constructor(private o: LoadedObject) {
    super();
  }

  start(): bool {
    if (this.statistics < 0) this.statistics = enableStatistics();
    return this.statistics >= 0;
  }

  stop(): void {
    if (this.statistics >= 0) close(this.statistics);
    this.statistics = -1;
  }

  read(): RunStatistics {
    const result = this.result;
    result.runs = 0;
    result.nanoseconds = 0;
    const programs = this.o.programs;
    for (let i = 0, n = programs.length; i < n; ++i) {
      if (programs[i].engine == Engine.Kernel && programs[i].fd >= 0) result.add(programs[i].fd);
    }
    const probes = this.o.probes;
    for (let i = 0, n = probes.length; i < n; ++i) {
      // A link of many functions, or one place.
      if (probes[i].ownProgram >= 0) result.add(probes[i].ownProgram);
    }
    return result;
  }

  skips(): u64 {
    return load<u64>(this.o.bssAddress + BssHeader.SkippedLock);
  }

  markCpus(): void {
    this.cpus.mark();
  }

  busiestShare(): f64 {
    return this.cpus.busiestShare();
  }
}

/** The watch over an object's handlers, by the limits of its manifest. */
export function watchObject(o: LoadedObject): LoadWatch {
  const manifest = o.manifest;
  const limitsSkips = manifest.header(Manifest.MaxSkipped) == NONE && !suppressesErrors(o);
  const threshold = <u32>manifest.header(Manifest.OverloadThreshold);
  const interval = <u32>manifest.header(Manifest.OverloadInterval);
  return new LoadWatch(new ObjectMeter(o), new LoadLimits(threshold, interval, limitsSkips));
}

/** Whether errors and skipped handlers are counted and do not end the session (--suppress-handler-errors). */
export function suppressesErrors(o: LoadedObject): bool {
  return (o.manifest.header(Manifest.Flags) & ManifestFlags.SuppressErrors) != 0;
}
