// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// What a kernel can or cannot do, one row for each. Features are probed, never inferred from version numbers, because
// distributions backport. How each is probed is in agent/remote/features.ts.

/** One thing that a kernel can or cannot do. */
export class FeatureName {
  constructor(
    /** as manifests, needs and files of facts spell it */
    public readonly name: string,
    /** first mainline release that has it; empty: it is a choice of the kernel's configuration */
    public readonly since: string,
    /** what it is, for messages */
    public readonly text: string,
  ) {}
}

/** Handlers on tracepoints may be preempted, and the compiler chooses another way to attach them. */
export const PREEMPTIBLE: string = "preemptible";

/** All features. */
export const FEATURES: FeatureName[] = [
  new FeatureName("bpf", "3.18", "the bpf() system call"),
  new FeatureName("raw_tp", "4.17", "raw tracepoint programs"),
  new FeatureName("kprobe_pmu", "4.17", "kprobes through perf events"),
  new FeatureName("btf", "5.2", "types of the kernel itself (BTF)"),
  new FeatureName("ringbuf", "5.8", "BPF ring buffers"),
  new FeatureName("raw_tp_test_run", "5.10", "running raw tracepoint programs on order"),
  new FeatureName("atomics_fetch", "5.12", "atomic operations that return a value"),
  new FeatureName("recursion_guard", "5.12", "guard that keeps programs at fentry from running inside themselves"),
  new FeatureName("snprintf", "5.13", "names of its symbols for programs (bpf_snprintf)"),
  new FeatureName("attach_cookie", "5.15", "attach cookies"),
  new FeatureName("bpf_loop", "5.17", "the bpf_loop() helper"),
  new FeatureName("signed_div", "6.6", "signed division"),
  new FeatureName("may_goto", "6.9", "may_goto"),
  new FeatureName(PREEMPTIBLE, "", "preemptible kernel code"),
];

/** The row of that name; null if there is none. */
export function featureOf(name: string): FeatureName | null {
  for (let i = 0; i < FEATURES.length; ++i) {
    if (FEATURES[i].name == name) return FEATURES[i];
  }
  return null;
}
