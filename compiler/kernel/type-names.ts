// Names of C types: what a script writes in @cast becomes a type, and a type becomes what `stap -L` shows:
// "char const*", "struct file*", "int (*) (int, char const*)".

import { TextBuilder } from "../../common/as/text-builder";
import { BtfArray, BtfKind } from "../../common/format/btf";
import { Kinds, only } from "./btf-index";
import { Types } from "./types";

/** Stands for a type that does not exist: 0 is void. */
export const NO_TYPE: i32 = -1;

/** Longest text that `spell` makes, about. */
const LONGEST: i32 = 4000;
const MAX_DEPTH: i32 = 16;
const MAX_LINKS: i32 = 64;

const INTEGER_WORDS: string[] = ["long", "short", "char", "int", "signed", "unsigned"];
const QUALIFIERS: string[] = ["const", "volatile", "restrict", "__restrict"];
const ENUMS: Kinds = (1 << BtfKind.Enum) | (1 << BtfKind.Enum64);

// ------------------------------------------------------------------------------------------------------ text to type

/**
 * The type that a text names, or NO_TYPE: "struct x", "union x", "enum x", "unsigned long", or a bare name, which is a
 * typedef's or base type's before a struct's, union's or enum's. `*`, `[]` and `[N]` may follow. Qualifiers do not
 * count.
 */
export function findType(types: Types, text: string): i32 {
  const words: string[] = [];
  let at = 0;
  const n = text.length;
  while (at < n) {
    const start = at;
    while (at < n && isWordUnit(text.charCodeAt(at))) ++at;
    if (at > start) {
      const word = text.substring(start, at);
      if (!QUALIFIERS.includes(word)) words.push(word);
    } else if (text.charCodeAt(at) == 0x20) {
      ++at;
    } else {
      break;
    }
  }
  const base = findWords(types, words);
  return base == NO_TYPE ? NO_TYPE : withSuffix(types, base, text.substring(at));
}

function isWordUnit(unit: i32): bool {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit == 0x5f;
}

function findWords(types: Types, words: string[]): i32 {
  if (words.length == 0) return NO_TYPE;
  const first = words[0];
  if (words.length == 2) {
    if (first == "struct") return findKind(types, words[1], only(BtfKind.Struct));
    if (first == "union") return findKind(types, words[1], only(BtfKind.Union));
    if (first == "enum") return findKind(types, words[1], ENUMS);
  }
  if (words.length == 1) {
    if (first == "void") return 0;
    const known = findKind(types, first, only(BtfKind.Typedef) | only(BtfKind.Int) | only(BtfKind.Float));
    if (known != NO_TYPE) return known;
    const composite = findKind(types, first, only(BtfKind.Struct));
    if (composite != NO_TYPE) return composite;
    const other = findKind(types, first, only(BtfKind.Union) | ENUMS);
    if (other != NO_TYPE) return other;
  }
  return findInteger(types, words);
}

/** The type of that name and kind. One that is only declared has nothing that anybody could ask for. */
function findKind(types: Types, name: string, kinds: Kinds): i32 {
  const id = types.index.find(name, kinds);
  return id != 0 ? id : NO_TYPE;
}

/** "unsigned long" and its like: gcc calls it "long unsigned int", clang as most people do. */
function findInteger(types: Types, words: string[]): i32 {
  let longs = 0;
  for (let i = 0, n = words.length; i < n; ++i) {
    if (!INTEGER_WORDS.includes(words[i])) return NO_TYPE;
    if (words[i] == "long") ++longs;
  }
  const sign = words.includes("unsigned") ? "unsigned " : "";
  let gcc = `${sign}int`;
  let clang = gcc;
  if (words.includes("char")) {
    gcc = words.includes("signed") ? "signed char" : `${sign}char`;
    clang = gcc;
  } else if (longs > 0 || words.includes("short")) {
    const size = longs > 1 ? "long long" : longs == 1 ? "long" : "short";
    gcc = `${size} ${sign}int`;
    clang = sign + size;
  }
  const found = findKind(types, gcc, only(BtfKind.Int));
  return found != NO_TYPE ? found : findKind(types, clang, only(BtfKind.Int));
}

/** Pointers to, and arrays of, a type, as "*", "**", "[]", "[8]" behind its name say. */
function withSuffix(types: Types, base: i32, suffix: string): i32 {
  let id = base;
  for (let at = 0, n = suffix.length; at < n; ++at) {
    const unit = suffix.charCodeAt(at);
    if (unit == 0x20) continue;
    if (unit == 0x2a) {
      id = types.pointerTo(id);
      continue;
    }
    const close = suffix.indexOf("]", at);
    if (unit != 0x5b || close < 0) {
      if (!isQualifierAt(suffix, at)) return NO_TYPE;
      while (at + 1 < n && isWordUnit(suffix.charCodeAt(at + 1))) ++at;
      continue;
    }
    const count = lengthOf(suffix.substring(at + 1, close).trim());
    if (count < 0) return NO_TYPE;
    id = types.arrayOf(id, count);
    at = close;
  }
  return id;
}

function isQualifierAt(suffix: string, at: i32): bool {
  let end = at;
  while (end < suffix.length && isWordUnit(suffix.charCodeAt(end))) ++end;
  return QUALIFIERS.includes(suffix.substring(at, end));
}

/** The number between brackets: 0 if there is none; -1 if it is no number of elements. */
function lengthOf(digits: string): i32 {
  let length: i64 = 0;
  for (let i = 0; i < digits.length; ++i) {
    const digit = digits.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
    if (length > i32.MAX_VALUE) return -1;
  }
  return <i32>length;
}

// ------------------------------------------------------------------------------------------------------ type to text

/** A type as `stap -L` shows it. Arrays have no lengths there, and qualifiers follow what they qualify. */
export function spell(types: Types, id: i32): string {
  // The same few types are those of most parameters.
  if (types.spellings.has(id)) return types.spellings.get(id);
  const out = new TextBuilder();
  spellInto(out, types, id, 0);
  const text = out.toString();
  types.spellings.set(id, text);
  return text;
}

function spellInto(out: TextBuilder, types: Types, id: i32, depth: i32): void {
  if (depth > MAX_DEPTH || out.length > LONGEST) {
    out.put("...");
    return;
  }
  let suffix = "";
  for (let i = 0; i < MAX_LINKS; ++i) {
    const kind = types.kind(id);
    if (kind == BtfKind.Ptr) suffix = "*" + suffix;
    else if (kind == BtfKind.Const) suffix = " const" + suffix;
    else if (kind == BtfKind.Volatile) suffix = " volatile" + suffix;
    else if (kind == BtfKind.Restrict) suffix = " restrict" + suffix;
    else if (kind == BtfKind.Array) {
      // An array of arrays is one array there.
      while (types.kind(types.word(id, BtfArray.ElementType)) == BtfKind.Array && ++i < MAX_LINKS) {
        id = types.word(id, BtfArray.ElementType);
      }
      suffix = "[]" + suffix;
      id = types.word(id, BtfArray.ElementType);
      continue;
    } else if (kind != BtfKind.TypeTag) break;
    id = types.target(id);
  }
  const proto = types.kind(id) == BtfKind.FuncProto ? types.prototypeOf(id) : null;
  if (proto === null) {
    out.put(baseName(types, id));
    out.put(suffix);
    return;
  }
  spellInto(out, types, proto.returnType, depth + 1);
  out.put(suffix.length > 0 ? ` (${suffix}) (` : " (");
  const count = proto.parameterCount;
  if (count == 0 && !proto.isVariadic) out.put("void");
  for (let i = 0; i < count && out.length <= LONGEST; ++i) {
    if (i > 0) out.put(", ");
    spellInto(out, types, proto.parameterType(i), depth + 1);
  }
  if (proto.isVariadic) out.put(count > 0 ? ", ..." : "...");
  out.put(")");
}

/** The name of what is neither a pointer nor an array nor qualified. */
function baseName(types: Types, id: i32): string {
  let name = types.name(id);
  if (name.length == 0) name = "{...}";
  switch (types.kind(id)) {
    case BtfKind.Void:
      return "void";
    case BtfKind.Struct:
      return `struct ${name}`;
    case BtfKind.Union:
      return `union ${name}`;
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return `enum ${name}`;
    case BtfKind.Fwd:
      return `${types.isUnionForward(id) ? "union" : "struct"} ${name}`;
    default:
      return name;
  }
}
