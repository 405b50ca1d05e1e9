// Build ids among ELF notes, as /sys/kernel/notes and /sys/module/NAME/notes have them.

import { ByteWriter } from "../../common/as/byte-writer";
import { findBuildId } from "./kernel";

/** A note: its name has four bytes with the zero. */
function addNote(notes: ByteWriter, name: string, type: i32, data: string): void {
  notes.u32(4);
  notes.u32(data.length);
  notes.u32(type);
  notes.text(name);
  notes.u8(0);
  notes.text(data);
  notes.align(4);
}

function buildIdOf(notes: ByteWriter, length: i32 = notes.length): string {
  const bytes = new StaticArray<u8>(length);
  memory.copy(changetype<usize>(bytes), notes.toArray().dataStart, length);
  return findBuildId(bytes);
}

export function test_finds_the_build_id_behind_other_notes(): void {
  const notes = new ByteWriter();
  addNote(notes, "Xen", 6, "linux");
  addNote(notes, "Xen", 3, "\0\0\0\x01");
  addNote(notes, "GNU", 4, "other");
  addNote(notes, "GNU", 3, "\x01\x02\x0a\x1f\x7f");
  assert(buildIdOf(notes) == "01020a1f7f", buildIdOf(notes));
  for (let length = 0; length < notes.length - 3; ++length) {
    assert(buildIdOf(notes, length) == "", `cut after ${length} bytes`);
  }
}

export function test_has_none_where_only_others_have_that_type(): void {
  const notes = new ByteWriter();
  addNote(notes, "Xen", 3, "\0\0\0\x01");
  assert(buildIdOf(notes) == "", "Xen's");
}
