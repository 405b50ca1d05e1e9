// Asks everything of all types of a BTF, as tests with damaged BTF do: nothing may trap or take long, and some things
// hold for whatever there is.

import { BtfKind } from "../../../common/format/btf";
import { BtfIndex } from "../btf-index";
import { findType, NO_TYPE, spell } from "../type-names";
import { printTypes } from "../type-print";
import { Prototype, Types } from "../types";

/** Members, values and parameters that are looked at one by one. */
const MOST_PARTS: i32 = 40;
/** Longest text that there may be of a type: it ends somewhere above what the printer allows itself. */
const LONGEST_SPELLING: i32 = 40_000;

/** Explores the types of an index; fails by an assertion. Returns how many members, values and parameters it saw. */
export function explore(index: BtfIndex): i32 {
  const types = new Types(index);
  let seen = 0;
  for (let id = -1; id <= index.end + 1; ++id) {
    const stripped = types.strip(id);
    const kind = types.kind(stripped);
    assert(kind != BtfKind.Typedef && kind != BtfKind.Const && kind != BtfKind.TypeTag, "nothing is left to strip");
    assert(types.sizeOf(id) >= -1 && types.arrayLength(id) >= -1, "a size");
    types.isSigned(id);
    types.isChar(id);
    types.isBool(id);
    assert(types.isPointer(id) || types.pointee(id) == 0, "only pointers point");
    assert(types.isArray(id) || types.element(id) == 0, "only arrays have elements");
    checkText(spell(types, id));
    checkText(spell(types, types.pointerTo(id)));
    seen += exploreMembers(types, id) + exploreEnum(types, id) + explorePrototype(types, types.prototypeOf(id));
    exploreName(types, id);
  }
  checkDump(printTypes(types, 1));
  return seen;
}

function exploreMembers(types: Types, id: i32): i32 {
  const count = types.memberCount(id);
  let isPlain = true;
  for (let i = 0; i < count; ++i) if (types.member(id, i).name.length == 0) isPlain = false;
  for (let i = -1; i <= min(count, MOST_PARTS); ++i) {
    const member = types.member(id, i);
    assert(member.bitOffset >= 0 && member.bitSize >= 0 && member.bitSize < 256, "a place");
    if (member.name.length == 0) continue;
    const found = types.findMember(id, member.name);
    // A search through anonymous members gives up somewhere.
    assert(found !== null || !isPlain, "a member is found by its name");
    if (found !== null) assert(found.bitOffset >= 0 && found.path.length > 0, "a place");
  }
  types.memberNames(id);
  types.findMember(id, "nothing");
  return count;
}

function exploreEnum(types: Types, id: i32): i32 {
  const count = types.enumeratorCount(id);
  for (let i = -1; i <= min(count, MOST_PARTS); ++i) {
    const enumerator = types.enumerator(id, i);
    if (enumerator.name.length > 0) assert(types.findEnumerator(enumerator.name) !== null, "a value is found");
  }
  types.enumeratorName(id, 99);
  return count;
}

function explorePrototype(types: Types, prototype: Prototype | null): i32 {
  if (prototype === null) return 0;
  const count = prototype.parameterCount;
  for (let i = -1; i <= min(count, MOST_PARTS); ++i) {
    const name = prototype.parameterName(i);
    if (name.length > 0) assert(prototype.findParameter(name) >= 0, "a parameter is found");
    checkText(spell(types, prototype.parameterType(i)));
  }
  checkText(spell(types, prototype.returnType));
  return count;
}

function exploreName(types: Types, id: i32): void {
  const name = types.name(id);
  checkText(name);
  const found = findType(types, name + " *[3]");
  assert(found == NO_TYPE || types.sizeOf(found) == 24, "three pointers");
  types.findFunctions(name);
  types.tracepointPrototype(name);
  types.findVariable(name);
}

/** Whatever the kernel says, no control character comes to the user. */
function checkText(text: string): void {
  assert(text.length <= LONGEST_SPELLING, "a text ends");
  for (let i = 0; i < text.length; ++i) assert(text.charCodeAt(i) >= 0x20 && text.charCodeAt(i) < 0x7f, "ASCII");
}

function checkDump(text: string): void {
  for (let i = 0; i < text.length; ++i) {
    const unit = text.charCodeAt(i);
    assert(unit == 9 || unit == 10 || (unit >= 0x20 && unit < 0x7f), "ASCII and layout");
  }
}
