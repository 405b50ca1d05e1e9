import {
  Arch,
  archName,
  Facts,
  Feature,
  findArch,
  NameFacts,
  selfCheckArchs,
  selfCheckFeatures,
  syscallPrefix,
} from "./facts";

export function test_tables_agree_with_their_enums(): void {
  selfCheckArchs();
  selfCheckFeatures();
}

export function test_architectures_have_the_kernel_s_and_the_tools_names(): void {
  assert(findArch("x86_64") == Arch.X86_64 && findArch("amd64") == Arch.X86_64, "x86_64");
  assert(findArch("arm64") == Arch.Arm64 && findArch("aarch64") == Arch.Arm64, "arm64");
  assert(findArch("vax") == -1, "others are unknown");
  assert(archName(Arch.Arm64) == "arm64" && syscallPrefix(Arch.X86_64) == "__x64_", "rows");
}

export function test_tells_asked_from_unknown(): void {
  const names = new NameFacts();
  names.addPresent("vfs_read");
  names.addAbsent("nope");
  assert(names.knows("vfs_read") && names.has("vfs_read"), "there");
  assert(names.knows("nope") && !names.has("nope"), "not there");
  assert(!names.knows("other"), "not asked");
}

export function test_a_pattern_is_answered_when_it_is_listed(): void {
  const names = new NameFacts();
  names.addPresent("vfs_read");
  assert(!names.knows("*"), "one name is not all names");
  names.addPresent("vfs_*");
  assert(names.knows("vfs_*") && names.matching("vfs_*").length == 1, "patterns are no names");
  names.addPresent("*");
  assert(names.knows("anything"), "all names are here");
}

export function test_reads_features_and_the_length_of_a_jiffy(): void {
  const facts = new Facts(Arch.X86_64);
  assert(!facts.known && facts.jiffyNs == 4000000, "Debian's 250 Hz unless told");
  facts.addFeatures("ringbuf\nhz=1000\nhz=0\nkernel=6.1.0-49-amd64 #1 SMP Debian\n");
  assert(facts.kernel == "kernel=6.1.0-49-amd64 #1 SMP Debian", facts.kernel);
  assert(facts.known && facts.features.has("ringbuf") && facts.jiffyNs == 1000000, "told");
}

export function test_code_uses_features_as_the_table_decides(): void {
  const arm = new Facts(Arch.Arm64);
  const intel = new Facts(Arch.X86_64);
  assert(arm.has(Feature.AtomicFetch), "arm64 always");
  assert(!intel.has(Feature.AtomicFetch), "one object for all kernels");
  intel.addFeatures("atomics_fetch\nsigned_div\n");
  assert(intel.has(Feature.AtomicFetch) && !intel.has(Feature.SignedDivision), "where it is probed");
}

export function test_absent_blobs_are_facts(): void {
  const facts = new Facts();
  facts.addNames("blob", "kernel-btf\nfile:/usr/bin/my prog\n", false);
  assert(facts.blobs.sizeOf("file:/usr/bin/my prog") == -1 && facts.blobs.sizeOf("kernel-btf") == -1, "both");
}

export function test_a_name_that_comes_twice_is_several_functions(): void {
  const facts = new Facts();
  facts.addNames("functions", "one\ntwice\ntwice\nnone*", true);
  assert(facts.functions.isRepeated("twice") && facts.functions.has("twice"), "several");
  assert(!facts.functions.isRepeated("one") && !facts.functions.isRepeated("none*"), "one, and a pattern");
  assert(facts.functions.symbolsOf("twice").length == 1, "they share a site");
}
