// Numbers in an object's code that depend on the kernel that runs it, and the C types that they are numbers of: the
// compiler notes them (compiler/kernel/relocations.ts), compiler/object writes them.

import { CoreKind } from "../format/btf";

/** A C type as an object has it: a struct or union has only the members that the code names. */
export class LocalType {
  members: LocalMember[] = [];
  enumerators: LocalEnumerator[] = [];
  /** What an array is made of, a typedef stands for. */
  element: LocalType | null = null;
  count: i32 = 0;
  isSigned: bool = false;
  /** Its number in the object's BTF; 0: not written yet. */
  id: i32 = 0;

  constructor(
    /** BtfKind. A pointer has the name of the struct that it points to, or none. */
    public kind: i32,
    public name: string,
    public bytes: i32,
  ) {}

  /** The member of that name, which is added if it is not there. */
  add(member: LocalMember): LocalMember {
    for (let i = 0, n = this.members.length; i < n; ++i) {
      if (this.members[i].name == member.name) return this.members[i];
    }
    this.members.push(member);
    return member;
  }
}

/** A member, from the beginning of the struct or union that has a name. */
export class LocalMember {
  constructor(
    public name: string,
    public bitOffset: i32,
    public bitSize: i32,
    public type: LocalType,
  ) {}
}

/** A name of an enum. */
export class LocalEnumerator {
  constructor(
    public name: string,
    public value: i64,
  ) {}
}

/** A number in the code that depends on the kernel. */
export class Relocation {
  /** Members on the way from the type; of an enumerator, its number among those of the type. */
  path: LocalMember[] = [];
  enumerator: i32 = 0;

  constructor(
    public kind: CoreKind,
    public type: LocalType,
    /** In the kernel that the object was compiled for. */
    public value: i64,
  ) {}
}
