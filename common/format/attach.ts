// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// How objects spell what a program hangs on: names of sections and symbols, by libbpf's conventions where it has some.
// compiler/object writes them, agent/remote/object.ts reads them. What each AttachKind means is in manifest.ts.

/** Sections. A program's section is its prefix and its target: "kprobe/vfs_read", "raw_tp/sched_switch", "perf_event". */
export const SECTION_KPROBE: string = "kprobe/";
export const SECTION_KRETPROBE: string = "kretprobe/";
export const SECTION_RAW_TP: string = "raw_tp/";
export const SECTION_PERF_EVENT: string = "perf_event";
/** Subprograms, all programs'. Appended behind each program that calls them. */
export const SECTION_TEXT: string = ".text";
/** Code for the agent's interpreter (not executable for ELF, so that libbpf leaves it alone), subprograms too. */
export const SECTION_AGENT: string = ".stap.agent";
export const SECTION_MANIFEST: string = ".stap.manifest";
export const SECTION_MAPS: string = ".maps";
export const SECTION_RODATA: string = ".rodata";
export const SECTION_BSS: string = ".bss";
export const SECTION_LICENSE: string = "license";
export const SECTION_BTF: string = ".BTF";
export const SECTION_BTF_EXT: string = ".BTF.ext";

/** Ring buffers in `.maps`: what handlers print, and what they tell the agent and the host. */
export const MAP_OUTPUT: string = "stp_output";
export const MAP_CONTROL: string = "stp_control";
