// ELF files of programs: what is read out of a good one, and that damaged ones have answers.

import { FILE_BLOB } from "../../common/format/request";
import { Random } from "../syntax/random";
import { BlobReader, Blobs } from "./blobs";
import { ProgramFile } from "./program-file";
import { CODE_ADDRESS, PROGRAM_BYTES, sampleProgram } from "./testing/program";

const PATH = "/bin/sample";

function open(bytes: Uint8Array): ProgramFile {
  const blobs = new Blobs();
  assert(blobs.add(FILE_BLOB + PATH, 0, bytes.length, bytes), "all of it");
  return new ProgramFile(PATH, new BlobReader(blobs));
}

export function test_reads_functions_by_address_with_their_best_name_first(): void {
  const file = open(sampleProgram());
  assert(file.problem == "" && !file.isPending, file.problem);
  assert(file.buildId == "0102030405060708090a0b0c0d0e0f1011121314", file.buildId);
  const names: string[] = [];
  const functions = file.functions();
  for (let i = 0; i < functions.length; ++i) names.push(functions[i].name);
  assert(names.join(" ") == "first __first second chooser", names.join(" "));
  assert(functions[3].isChooser && !functions[0].isChooser, "IFUNC");
  assert(file.offsetOf(CODE_ADDRESS + 3) == 515 && file.offsetOf(CODE_ADDRESS - 1) == -1, "segment");
  assert(file.offsetOf(u64.MAX_VALUE) == -1, "far");
  assert(file.bytesAt(515) == "90".repeat(16), "code");
  assert(file.bytesAt(<u64>PROGRAM_BYTES - 2).length == 4, "fewer bytes at the end");
}

export function test_asks_for_what_is_not_here(): void {
  const blobs = new Blobs();
  const reader = new BlobReader(blobs);
  const file = new ProgramFile(PATH, reader);
  assert(file.isPending && reader.needs.length == 1, "asks");
  blobs.addAbsent(FILE_BLOB + PATH);
  assert(new ProgramFile(PATH, new BlobReader(blobs)).problem == "it cannot be read", "absent");
}

export function test_other_files_are_refused(): void {
  assert(open(new Uint8Array(10)).problem == "it is not an ELF file", "short");
  assert(open(new Uint8Array(4096)).problem == "it is not an ELF file", "zeros");
  const narrow = sampleProgram();
  narrow[4] = 1;
  assert(open(narrow).problem == "it is not a program of 64 bits", "32 bits");
}

/** Words of the headers and tables become others: offsets, sizes, indexes, or anything. */
function damage(bytes: Uint8Array, random: Random): void {
  const at = bytes.dataStart + random.below(PROGRAM_BYTES >> 2) * 4;
  switch (random.below(5)) {
    case 0:
      store<i32>(at, random.below(PROGRAM_BYTES * 2));
      break;
    case 1:
      store<i32>(at, -1 - random.below(4));
      break;
    case 2:
      store<i32>(at, load<i32>(at) ^ (1 << random.below(32)));
      break;
    case 3:
      store<i32>(at, i32.MAX_VALUE - random.below(PROGRAM_BYTES));
      break;
    default:
      store<u8>(bytes.dataStart + random.below(PROGRAM_BYTES), <u8>random.below(256));
  }
}

export function test_damaged_files_have_answers(): void {
  const good = sampleProgram();
  let whole = 0;
  for (let seed = 1; seed <= 4000; ++seed) {
    const random = new Random(seed);
    const bytes = good.slice();
    for (let i = 1 + random.below(8); i > 0; --i) damage(bytes, random);
    const file = open(bytes);
    const functions = file.functions();
    assert(!file.isPending, "all of it is here");
    for (let i = 0; i < functions.length; ++i) {
      const offset = file.offsetOf(functions[i].address);
      assert(offset >= 0 || functions[i].address == 0, "functions lie in code");
      if (offset >= 0) file.bytesAt(<u64>offset);
    }
    if (functions.length == 4) ++whole;
  }
  assert(whole > 100 && whole < 3900, `some are as they were: ${whole}`);
}
