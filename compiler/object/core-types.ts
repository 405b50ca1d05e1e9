// Writes the types that an object's relocations name, and spells what they name: "0:1:3" are members of members. Only
// the members that the code uses are there, anonymous structs around them are not: members are found by their names.

import { LocalMember, LocalType, Relocation } from "../../common/as/relocation";
import { BtfInt, BtfKind } from "../../common/format/btf";
import { BtfMemberEntry, BtfWriter } from "./btf";

/** The types of one object. */
export class CoreTypes {
  constructor(private btf: BtfWriter) {}

  /** The number of a relocation's type in the object's BTF. */
  typeOf(relocation: Relocation): i32 {
    return this.write(relocation.type);
  }

  /** What the relocation names in its type. */
  accessOf(relocation: Relocation): string {
    if (relocation.type.kind == BtfKind.Enum || relocation.type.kind == BtfKind.Enum64) {
      return relocation.enumerator.toString();
    }
    let text = "0";
    let composite = relocation.type;
    for (let i = 0, n = relocation.path.length; i < n; ++i) {
      if (composite.kind == BtfKind.Typedef) composite = composite.element!;
      const member = relocation.path[i];
      const rest = apart(composite);
      const at = rest.indexOf(member);
      if (at >= 0) text += `:${composite.members.length - rest.length}:${at}`;
      else text += `:${direct(composite).indexOf(member)}`;
      composite = member.type;
    }
    return text;
  }

  private write(type: LocalType): i32 {
    if (type.id == 0) type.id = this.make(type);
    return type.id;
  }

  private make(type: LocalType): i32 {
    const btf = this.btf;
    switch (type.kind) {
      case BtfKind.Void:
        return 0;
      case BtfKind.Int:
        return btf.integer(type.name, type.bytes, type.isSigned ? BtfInt.Signed : BtfInt.None);
      case BtfKind.Ptr:
        return btf.pointer(type.name.length > 0 ? btf.forward(type.name, type.isSigned) : 0);
      case BtfKind.Array:
        return btf.array(type.element !== null ? this.write(type.element!) : btf.int, type.count);
      case BtfKind.Typedef:
        return btf.typedef(type.name, this.write(type.element!));
      case BtfKind.Enum:
      case BtfKind.Enum64:
        return btf.enumeration(type);
      case BtfKind.Struct:
      case BtfKind.Union:
        return this.composite(type);
      default:
        // No value of it is read: something that is as large will do.
        return btf.composite("", BtfKind.Struct, [], type.bytes);
    }
  }

  private composite(type: LocalType): i32 {
    const members = direct(type);
    const rest = apart(type);
    const entries: BtfMemberEntry[] = [];
    for (let i = 0, n = members.length; i < n; ++i) entries.push(this.entry(members[i]));
    if (rest.length > 0) {
      const inner: BtfMemberEntry[] = [];
      for (let i = 0, n = rest.length; i < n; ++i) inner.push(this.entry(rest[i]));
      const id = this.btf.composite("", BtfKind.Struct, inner, type.bytes);
      entries.push(new BtfMemberEntry("", id, 0, 0));
    }
    return this.btf.composite(type.name, type.kind, entries, type.bytes);
  }

  private entry(member: LocalMember): BtfMemberEntry {
    return new BtfMemberEntry(member.name, this.write(member.type), member.bitOffset, member.bitSize);
  }
}

function byOffset(members: LocalMember[]): LocalMember[] {
  return members.slice(0).sort((a: LocalMember, b: LocalMember): i32 => a.bitOffset - b.bitOffset);
}

/** Members that stand in a struct or union itself, in the order of their offsets. */
function direct(type: LocalType): LocalMember[] {
  if (type.kind != BtfKind.Union) return byOffset(type.members);
  return byOffset(type.members.filter((member: LocalMember): bool => member.bitOffset == 0));
}

/** Members of structs in a union that do not begin where it begins: they are in a struct without a name there. */
function apart(type: LocalType): LocalMember[] {
  if (type.kind != BtfKind.Union) return [];
  return byOffset(type.members.filter((member: LocalMember): bool => member.bitOffset != 0));
}
