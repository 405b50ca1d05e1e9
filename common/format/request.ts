// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// The boundary of the compiler's Wasm module: one call, bytes in and bytes out. Request and response have one form:
//
//   u32 magic, u32 version, u32 kind of request or status of response, u32 count,
//   count x { u32 tag, u32 name offset, u32 name length, u32 data offset, u32 data length }, bytes
//
// Offsets count from the start; sections keep their order (option and argument order matters).
//
// Rounds. The compiler has no I/O. What it lacks it returns as needs, with status Needs; the host finds out and calls
// again:
//
//   - with all inputs in one request (RequestKind.Whole), in a new instance or the same one, or
//   - with only what is new (RequestKind.More), in the same instance. Its sections follow those of the calls before.
//
// The result depends on the sections alone, not on how they were spread over calls: what a host sent to an instance
// that it kept can be sent in one request to another, and gives the same bytes. For this the order of sections with the
// same tag and name must stay; others may be moved.
//
// Every need must be answered, or the host gives up: by what there is (Names, Bytes), or by saying that there is none
// (Absent). A need that was answered is not asked for again, so the rounds end.
//
// Blobs. Large inputs (the kernel's BTF, later files and their sections) have a name and are asked for in ranges. The
// host answers a range with a section Bytes, which also says how large the whole blob is. It may send more than was
// asked for, or split a range; it sends nothing behind the blob's end. Of a blob that does not exist it says so in
// Absent, kind "blob". KERNEL_BTF and MODULE_BTF are the names.

export const REQUEST_MAGIC: i32 = 0x51525453; // "STRQ"
export const RESPONSE_MAGIC: i32 = 0x53525453; // "STRS"
export const REQUEST_VERSION: i32 = 2;

/** The blob with the types of the running kernel (/sys/kernel/btf/vmlinux). */
export const KERNEL_BTF: string = "kernel-btf";
/**
 * The blob with a module's own types, which build on the kernel's: this and the module's name as the kernel has it
 * ("module-btf nf_conntrack").
 */
export const MODULE_BTF: string = "module-btf ";

/** The blob with the bytes of a program or library of the remote: this and its path ("file /usr/bin/bash"). */
export const FILE_BLOB: string = "file ";

/** Byte offsets in the header and in a directory entry. */
export const enum RequestHeader {
  Magic = 0,
  Version = 4,
  /** A RequestKind or a ResponseStatus. */
  Status = 8,
  Count = 12,
  Directory = 16,
}
export const enum RequestEntry {
  Tag = 0,
  NameOffset = 4,
  NameLength = 8,
  DataOffset = 12,
  DataLength = 16,
  Size = 20,
}

/** How a request relates to those before it in the same instance. */
export const enum RequestKind {
  /** It has all inputs. */
  Whole = 0,
  /** Its inputs follow those of the calls before. */
  More = 1,
}

/** Sections of a request. */
export const enum RequestTag {
  /** name = file name as shown to the user, data = script bytes (UTF-8). Several: all are compiled together. */
  Script = 1,
  /** name = file name in the tapset ("logging.stp"), data = its bytes. */
  Tapset = 2,
  /** name = option, data = its value as text. Options: arch (x86_64|arm64), pass (1..4), dump (phase name),
   *  module (-m name), define (NAME=value, repeatable), global (-G NAME=value), release (kernel release),
   *  suppress-errors, exclude-agent, attach (best|kprobe|fentry), folded, process (the program of -c, /proc/PID/exe
   *  of -x), cgroup (a directory or a container's id), guru, check, unoptimized,
   *  buffer (-s megabytes), warn (w|W), compatible (version of the language), list (points|variables: the text is what
   *  -l or -L print of the script's probe points). */
  Option = 3,
  /** one script argument: $1 @1 … in order */
  Argument = 4,
  /** facts: name = kind ("functions" of the kernel itself, "modules" that are loaded, "module-functions" as
   *  MODULE:FUNCTION, "tracepoints", "trampolines": functions that fentry can be used on, "config"), data = names the
   *  remote has, one a line, of those asked for ("config": NAME=value); a pattern that was answered by names stands
   *  there itself, too */
  Names = 5,
  /**
   * names asked for before which the remote does not have: same form, and kind "blob". Asked and absent = does not
   * exist.
   */
  Absent = 6,
  /** bytes of a blob: name = "BLOB OFFSET SIZE" (SIZE: of the whole blob; decimal; BLOB may have spaces in it) */
  Bytes = 7,
  /** features that were probed on the remote, one name a line. Section present = facts known. */
  Features = 8,
  /** index of the tapset: lines "kind name file", kind one of function, alias, global, macro */
  TapsetIndex = 9,
}

/** Sections of a response. */
export const enum ResponseTag {
  /** the .bo */
  Object = 1,
  /** JSON array of diagnostics */
  Diagnostics = 2,
  /** diagnostics rendered as text, in stap's form */
  Messages = 3,
  /** text asked for by pass or dump */
  Text = 4,
  /** names that the compile lacks: name = kind (functions, modules, tapset …), data = names or glob
   *  patterns, one a line */
  Need = 5,
  /** what -p2/-v say of counts: "functions N\nglobals N\nprobes N\n…" */
  Counts = 6,
  /** parts of a blob that the compile lacks: name = the blob, data = lines "OFFSET,LENGTH", ordered and apart. Ranges
   *  may reach behind the end while the size is not known; length 0 asks for the size alone. */
  NeedBytes = 7,
}

export const enum ResponseStatus {
  /** Object or Text is there. */
  Done = 0,
  /** Diagnostics hold at least one error. */
  Refused = 1,
  /** Needs: supply them and call again. */
  Needs = 2,
}
