import { Arch } from "../kernel/facts";
import { Source } from "../source/source";
import { CallGroup, CallMeans } from "./call-code";
import { CallData } from "./call-data";
import { CallTable } from "./call-table";

const CALLS =
  "# comment\n" +
  "openat dfd:a filename:s flags:f.open mode:m\n" +
  "stat=newstat filename:s buf_uaddr/statbuf:p\n" +
  "pread=pread64 fd:d count:q offset/pos:l\n" +
  "pread@32 fd:d count:q offset/pos:L -\n" +
  "clone flags:f.open >x\n";
const NUMBERS = "x86_64 0 openat stat\n  7 pread64 clone\nx86_64@32 1 pread64 stat64 openat\narm64 5 openat\n";
const CONSTANTS = "f.open O_RDONLY=0/3 O_WRONLY=1/3 O_CREAT=40\nf.open@arm64 O_RDONLY=0/3\ne.x A=1 B=ffffffff\n";

function source(text: string): Source {
  return Source.fromText("x", text);
}

function tableOf(arch: Arch): CallTable {
  return new CallTable(arch, source(CALLS), source(NUMBERS), source(CONSTANTS));
}

export function test_rows_have_variables_fields_kinds_and_tables(): void {
  const table = tableOf(Arch.X86_64);
  assert(table.rows.length == 5, "a row a line");
  const openat = table.rows[0];
  assert(openat.name == "openat" && openat.args.length == 4 && openat.args[2].table == "f.open", "openat");
  assert(table.rows[1].kernelName == "newstat" && table.rows[1].args[1].field == "statbuf", "the kernel's names");
  assert(table.rows[4].resultForm == 2 && table.rows[4].forks && !openat.forks, "results");
}

export function test_numbers_lead_to_the_row_of_their_abi(): void {
  const table = tableOf(Arch.X86_64);
  assert(table.numbersOf(table.rows[2]).length == 1 && table.numbersOf(table.rows[2])[0].number == 7, "64 bits");
  const narrow = table.numbersOf(table.rows[3]);
  assert(narrow.length == 1 && narrow[0].number == 1 && narrow[0].is32 && narrow[0].isNarrow, "32 bits");
  // stat64 is a variant of stat.
  assert(table.numbersOf(table.rows[1]).length == 2, "variants");
  assert(tableOf(Arch.Arm64).numbers.length == 1, "other CPUs have other numbers");
}

export function test_constants_of_the_cpu_replace_the_common_ones(): void {
  const common = tableOf(Arch.X86_64).constants;
  assert(common[0].names.length == 3 && common[0].masks[0] == 3 && common[0].masks[2] == 0x40, "flags");
  assert(common[1].masks[0] == u32.MAX_VALUE && common[1].values[1] == u32.MAX_VALUE, "values");
  assert(tableOf(Arch.Arm64).constants[0].names.length == 1, "arm64");
}

export function test_words_say_row_and_name_of_each_number(): void {
  const data = new CallData(tableOf(Arch.X86_64));
  const word = data.words[8];
  assert((word & 0xffff) == 5 && ((word >> 17) & 1) == 1, "clone returns twice");
  const at = <i32>((word >> 32) & 0xffffff);
  assert(data.joinedTexts().substring(at, at + 5) == "clone", "its name");
  assert((data.words[512 + 1] & 0x1ffff) == (4 | 0x10000), "the 32-bit pread");
  assert(data.words[2047] == 4, "numbers of 64-bit programs by name");
}

export function test_rows_share_code_if_the_names_in_it_mean_the_same(): void {
  const data = new CallData(tableOf(Arch.X86_64));
  const group = new CallGroup(data, false, CallMeans.Tracepoints);
  const rows = data.table.rows;
  assert(
    group.shapeOf(rows[0], ["argstr", "name"]) == group.shapeOf(rows[1], ["argstr", "name"]),
    "any call has these",
  );
  assert(group.shapeOf(rows[0], ["filename"]) != group.shapeOf(rows[1], ["filename"]), "another argument");
  assert(group.shapeOf(rows[2], ["fd"]) == group.shapeOf(rows[3], ["fd"]), "the same argument");
  assert(group.shapeOf(rows[2], ["$pos"]) != group.shapeOf(rows[3], ["$pos"]), "a field of two registers");
}
