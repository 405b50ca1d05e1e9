// Programs and libraries that probes are put into. A probe at a wrong place corrupts a program, and the kernel checks
// little: so a file is opened once, must be the build that the object was compiled for, and must have the expected
// bytes at each place. The descriptor stays open, and the probes are attached by it: what is attached to is what was
// checked, whoever replaces the file meanwhile.

import { AttachTarget } from "../../common/as/attach-target";
import { ELF_CLASS_64, ELF_DATA_LSB, ELF_MAGIC, ElfHeader, ProgramHeader, SegmentType } from "../../common/format/elf";
import { FailureCode } from "../../common/format/frame";
import { Errno, Failure } from "./errors";
import { findBuildId, hexOf } from "./kernel";
import { archId } from "./native";
import { openRegular, read, seek } from "./syscall";

/** Headers and notes of a program are small. */
const MOST_HEADERS: i32 = 256;
const MOST_NOTE_BYTES: i32 = 65536;

/** An open program or library. */
class CodeFile {
  buildId: string = "";
  /** Why it cannot be used; null if it can. */
  failure: Failure | null = null;
  fd: i32;

  constructor(public path: string) {
    this.fd = openRegular(path);
    if (this.fd < 0) this.failure = new Failure(FailureCode.Attach, this.fd, `cannot open '${path}'`);
    else if (!this.identify()) this.fail("it is not a program or library for this CPU");
  }

  /** Its path for the kernel: the file that was checked, whatever has its name by now. */
  get place(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** Bytes of the file; null: it has not so many there. */
  bytes(offset: u64, count: i32): StaticArray<u8> | null {
    const bytes = new StaticArray<u8>(count);
    if (offset > <u64>i64.MAX_VALUE || seek(this.fd, <i64>offset) < 0) return null;
    let done = 0;
    while (done < count) {
      const got = read(this.fd, changetype<usize>(bytes) + done, count - done);
      if (got == -Errno.EINTR) continue;
      if (got <= 0) return null;
      done += got;
    }
    return bytes;
  }

  private fail(what: string): void {
    this.failure = new Failure(FailureCode.Attach, 0, `cannot probe '${this.path}': ${what}`);
  }

  /** Reads the header, and the build id; false if it is no file for this CPU. */
  private identify(): bool {
    const header = this.bytes(0, ElfHeader.Size);
    if (!header) return false;
    const at = changetype<usize>(header);
    const isElf = load<i32>(at, ElfHeader.Magic) == ELF_MAGIC && load<u8>(at, ElfHeader.Class) == ELF_CLASS_64;
    if (!isElf || load<u8>(at, ElfHeader.Data) != ELF_DATA_LSB) return false;
    if (<i32>load<u16>(at, ElfHeader.Machine) != archId()) return false;
    const count = min(<i32>load<u16>(at, ElfHeader.ProgramHeaderCount), MOST_HEADERS);
    const table = load<u64>(at, ElfHeader.ProgramHeaders);
    for (let i = 0; i < count && this.buildId.length == 0; ++i) {
      const segment = this.bytes(table + <u64>i * ProgramHeader.Size, ProgramHeader.Size);
      if (!segment) break;
      const from = changetype<usize>(segment);
      const size = load<u64>(from, ProgramHeader.FileBytes);
      if (load<i32>(from, ProgramHeader.Type) != SegmentType.Note || size > <u64>MOST_NOTE_BYTES) continue;
      const notes = this.bytes(load<u64>(from, ProgramHeader.Offset), <i32>size);
      if (notes) this.buildId = findBuildId(notes);
    }
    return true;
  }
}

const files: Map<string, CodeFile> = new Map<string, CodeFile>();

function fileOf(path: string): CodeFile {
  if (!files.has(path)) files.set(path, new CodeFile(path));
  return files.get(path);
}

/** The file of a place as the kernel is told it. It must have been checked. */
export function placeOf(target: AttachTarget): string {
  return fileOf(target.path).place;
}

/** Whether the file of a place is the right one, and has the right bytes there; null if all is well. */
export function checkPlace(target: AttachTarget): Failure | null {
  const file = fileOf(target.path);
  if (file.failure) return file.failure;
  if (target.buildId.length > 0 && target.buildId != file.buildId) {
    const here = file.buildId.length > 0 ? file.buildId : "none";
    const text = `'${target.path}' is another build than the script was compiled for`;
    const hint = `Its build id is ${here}, and ${target.buildId} was expected: compile the script again.`;
    return new Failure(FailureCode.Attach, 0, text, hint);
  }
  const wanted = target.bytes;
  if (wanted.length == 0) return new Failure(FailureCode.Object, 0, `the place of '${target.name}' has no bytes`);
  const found = file.bytes(target.offset, wanted.length >> 1);
  if (found && hexOf(changetype<usize>(found), found.length) == wanted) return null;
  const text = `'${target.path}' has other code at '${target.name}' than the script was compiled for`;
  return new Failure(FailureCode.Attach, 0, text, "The file was changed: compile the script again.");
}
