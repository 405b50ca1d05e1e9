// Code as one flat array of words and back, so that it outlives the memory of the passes that made it (../memory.ts).
//
//   stack bytes, bytes of code, relocations, lines, characters of the error,
//   the code, relocations x (insn, kind, addend), lines x (insn, position), the error's characters

import { Func } from "../ir/function";
import { Code, CodeLine, Relocation, RelocationKind } from "./code";

const enum Head {
  StackBytes = 0,
  CodeBytes = 1,
  Relocations = 2,
  Lines = 3,
  ErrorLength = 4,
  Size = 5,
}

/** Everything in `code` that is not known of its function. */
export function packCode(code: Code): StaticArray<i32> {
  const insns = code.insns;
  const relocations = code.relocations;
  const lines = code.lines;
  const error = code.error;
  const codeWords = insns.length >> 2;
  const size = Head.Size + codeWords + 3 * relocations.length + 2 * lines.length + error.length;
  const words = new StaticArray<i32>(size);
  words[Head.StackBytes] = code.stackBytes;
  words[Head.CodeBytes] = insns.length;
  words[Head.Relocations] = relocations.length;
  words[Head.Lines] = lines.length;
  words[Head.ErrorLength] = error.length;
  let at: i32 = Head.Size;
  memory.copy(changetype<usize>(words) + ((<usize>at) << 2), insns.dataStart, insns.length);
  at += codeWords;
  for (let i = 0, n = relocations.length; i < n; ++i) {
    const relocation = relocations[i];
    words[at++] = relocation.insn;
    words[at++] = relocation.kind;
    words[at++] = relocation.addend;
  }
  for (let i = 0, n = lines.length; i < n; ++i) {
    words[at++] = lines[i].insn;
    words[at++] = lines[i].position;
  }
  for (let i = 0, n = error.length; i < n; ++i) words[at++] = error.charCodeAt(i);
  assert(at == size, "all of the code is packed");
  return words;
}

/** The code of `fn` that `packCode` made words of. */
export function unpackCode(fn: Func, words: StaticArray<i32>): Code {
  const code = new Code(fn);
  const bytes = words[Head.CodeBytes];
  let at: i32 = Head.Size;
  code.stackBytes = words[Head.StackBytes];
  code.insns = new Array<u8>(bytes);
  memory.copy(code.insns.dataStart, changetype<usize>(words) + ((<usize>at) << 2), bytes);
  at += bytes >> 2;
  const relocations = new Array<Relocation>(words[Head.Relocations]);
  for (let i = 0, n = relocations.length; i < n; ++i, at += 3) {
    relocations[i] = new Relocation(words[at], <RelocationKind>words[at + 1], words[at + 2]);
  }
  code.relocations = relocations;
  const lines = new Array<CodeLine>(words[Head.Lines]);
  for (let i = 0, n = lines.length; i < n; ++i, at += 2) lines[i] = new CodeLine(words[at], words[at + 1]);
  code.lines = lines;
  const characters = new Array<i32>(words[Head.ErrorLength]);
  for (let i = 0, n = characters.length; i < n; ++i) characters[i] = words[at++];
  code.error = String.fromCharCodes(characters);
  return code;
}
