// Markers: where their arguments are, in the words of both assemblers; damaged notes have answers.

import { SectionHeader, SectionType } from "../../common/format/elf";
import { FILE_BLOB } from "../../common/format/request";
import { Random } from "../syntax/random";
import { BlobReader, Blobs } from "./blobs";
import { Arch } from "./facts";
import { ProgramFile } from "./program-file";
import { Marker, readMarkers } from "./sdt";
import { markerArguments } from "./sdt-argument";
import { CODE_ADDRESS, PROGRAM_BYTES, sampleProgram } from "./testing/program";

const PATH = "/bin/sample";
/** A note for a marker: head, owner, address, base, semaphore, texts. */
const NOTE_BYTES: i32 = 12 + 8 + 24 + 36;

function open(bytes: Uint8Array): ProgramFile {
  const blobs = new Blobs();
  blobs.add(FILE_BLOB + PATH, 0, bytes.length, bytes);
  return new ProgramFile(PATH, new BlobReader(blobs));
}

/** The expressions of a marker's arguments; of one that cannot be read its problem with a `!`. */
function read(args: string, arch: Arch): string {
  const marker = new Marker("p", "m", args, CODE_ADDRESS + 4, 0);
  const found = markerArguments(marker, open(sampleProgram()), arch);
  const texts: string[] = [];
  for (let i = 0; i < found.length; ++i) texts.push(found[i].text.length > 0 ? found[i].text : `!${found[i].problem}`);
  return texts.join(" | ");
}

function check(args: string, arch: Arch, wanted: string): void {
  const found = read(args, arch);
  assert(found == wanted, `${args}: ${found}`);
}

export function test_arguments_of_x86_64(): void {
  check("8@%rdi 8@%r10 8@%rsp", Arch.X86_64, "__context(112) | __context(56) | __context(152)");
  check("-4@%edi 4@%r8d", Arch.X86_64, "((__context(112) << 32) >> 32) | (__context(72) & 4294967295)");
  check(
    "1@%al 1@%dil 1@%ah",
    Arch.X86_64,
    "(__context(80) & 255) | (__context(112) & 255) | ((__context(80) >> 8) & 255)",
  );
  check("8@$-5 4@$0x10", Arch.X86_64, "(-5) | (16 & 4294967295)");
  check("8@(%rax) 8@-16(%rbp)", Arch.X86_64, "@uderef(8, __context(80)) | @uderef(8, __context(32) + (-16))");
  check("-2@8(%rdx,%rcx,4)", Arch.X86_64, "((@uderef(2, __context(96) + __context(88) * 4 + 8) << 48) >> 48)");
  check("8@(%rsp,%rax)", Arch.X86_64, "@uderef(8, __context(152) + __context(80))");
  check("8@first(%rip)", Arch.X86_64, "@uderef(8, __context(128) + (-4))");
  check(
    "8@8+first(%rip) 8@first-2(%rip)",
    Arch.X86_64,
    "@uderef(8, __context(128) + 4) | @uderef(8, __context(128) + (-6))",
  );
}

export function test_arguments_of_arm64(): void {
  check("8@x1 4@w2", Arch.Arm64, "__context(8) | ((__context(16) & 0xffffffff) & 4294967295)");
  check("-4@[sp, 28] 8@[x0]", Arch.Arm64, "((@uderef(4, __context(248) + 28) << 32) >> 32) | @uderef(8, __context(0))");
  check("8@5 8@-1 8@[x3,x4]", Arch.Arm64, "5 | (-1) | @uderef(8, __context(24) + __context(32))");
  check("8@xzr", Arch.Arm64, "0");
}

export function test_what_is_not_known_says_so(): void {
  check("8f@%xmm0", Arch.X86_64, "!it is no integer");
  check("8@%xmm0 3@%rax", Arch.X86_64, "!it is in a form that is not known | !it is no integer");
  check("8@nothing(%rip)", Arch.X86_64, "!the file has no symbol 'nothing'");
  check("8@(((( 8@", Arch.X86_64, "!it is in a form that is not known");
  check("8@[x1, 2, 3] 8@[", Arch.Arm64, "!it is in a form that is not known | !it is in a form that is not known");
  check("", Arch.X86_64, "");
}

/** A sample with a section of notes behind its end: a marker "provider", "name" at the beginning of its code. */
function marked(): Uint8Array {
  const bytes = new Uint8Array(PROGRAM_BYTES + NOTE_BYTES);
  bytes.set(sampleProgram());
  const base = bytes.dataStart;
  const sections = <usize>load<u64>(base, 40);
  // The table of names becomes the notes; its name is found in itself no more, so the notes' name is put there.
  const section = base + sections + 2 * SectionHeader.Size;
  const names = base + <usize>load<u64>(base + sections + 3 * SectionHeader.Size, SectionHeader.Offset);
  const text = ".note.stapsdt";
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, names + 64);
  store<i32>(section, 64, SectionHeader.Name);
  store<i32>(section, SectionType.Note, SectionHeader.Type);
  store<u64>(section, PROGRAM_BYTES, SectionHeader.Offset);
  store<u64>(section, NOTE_BYTES, SectionHeader.Bytes);
  const note = base + PROGRAM_BYTES;
  store<i32>(note, 8);
  store<i32>(note, 24 + 36, 4);
  store<i32>(note, 3, 8);
  const owner = "stapsdt";
  String.UTF8.encodeUnsafe(changetype<usize>(owner), owner.length, note + 12);
  store<u64>(note + 20, CODE_ADDRESS);
  const texts = "provider\0name\x00-4@%edi 8@(%rsp)";
  String.UTF8.encodeUnsafe(changetype<usize>(texts), texts.length, note + 44);
  return bytes;
}

export function test_notes_are_read(): void {
  const markers = readMarkers(open(marked()));
  assert(markers.length == 1, `${markers.length}`);
  assert(markers[0].provider == "provider" && markers[0].name == "name", markers[0].name);
  assert(markers[0].args == "-4@%edi 8@(%rsp)" && markers[0].address == CODE_ADDRESS, markers[0].args);
}

export function test_damaged_notes_have_answers(): void {
  const good = marked();
  let whole = 0;
  for (let seed = 1; seed <= 3000; ++seed) {
    const random = new Random(seed);
    const bytes = good.slice();
    for (let i = 1 + random.below(4); i > 0; --i) {
      const at = bytes.dataStart + PROGRAM_BYTES + random.below(NOTE_BYTES);
      if (random.below(2) == 0) store<u8>(at, <u8>random.below(256));
      else store<u8>(at, <u8>(<i32>load<u8>(at) ^ (1 << random.below(8))));
    }
    const file = open(bytes);
    const markers = readMarkers(file);
    for (let i = 0; i < markers.length; ++i) markerArguments(markers[i], file, <Arch>random.below(2));
    if (markers.length == 1) ++whole;
  }
  assert(whole > 100 && whole < 3000, `some are read: ${whole}`);
}
