// Follows the path of `$x->f[i]`, and makes the tree that reads what stands at its end.

import { BtfKind } from "../../common/format/btf";
import { NearMatches } from "../kernel/near";
import { spell } from "../kernel/type-names";
import { Range } from "../source/source";
import { Expression, PathKind, PathPart } from "../syntax/ast";
import {
  CValue,
  ElementPlace,
  elementAddress,
  Form,
  loadPointer,
  makeRead,
  makeTruncated,
  memberPlace,
} from "./c-value";
import { PointeeType } from "./pointee";

/** Members that a message names. */
const MOST_NAMED: i32 = 40;

/** Follows one path. What goes wrong is in `problem`. */
export class TargetPath {
  problem: string = "";
  hint: string = "";

  constructor(
    /** The whole expression. */
    private range: Range,
    /** What it is called in messages: `$file`. */
    private name: string,
  ) {}

  /** Goes all steps but those that print. */
  follow(start: CValue, path: PathPart[]): CValue | null {
    let value: CValue | null = start;
    for (let i = 0, n = path.length; i < n && value !== null; ++i) {
      const part = path[i];
      if (part.pathKind == PathKind.Pretty) break;
      value = part.pathKind == PathKind.Member ? this.member(value, part) : this.element(value, part);
    }
    return value;
  }

  private fail(problem: string, hint: string = ""): CValue | null {
    this.problem = problem;
    this.hint = hint;
    return null;
  }

  private member(from: CValue, part: PathPart): CValue | null {
    const value = loadPointer(this.range, from);
    const types = value.types;
    const composite = types.strip(value.type);
    if (value.form == Form.Value || !types.isComposite(composite)) {
      return this.fail(`invalid access '->${part.name}' of '${spell(types, value.type)}': it has no members`);
    }
    const member = types.findMember(composite, part.name);
    if (member === null) return this.noMember(value, composite, part.name);
    return memberPlace(this.range, value, value.tree, member);
  }

  private noMember(value: CValue, composite: i32, name: string): CValue | null {
    const names = value.types.memberNames(composite);
    const what = spell(value.types, composite);
    if (names.length == 0) return this.fail(`the members of '${what}' are not known`);
    const near = new NearMatches(name);
    near.addAll(names);
    const listed = names.length <= MOST_NAMED ? `members: ${names.join(" ")}` : "";
    return this.fail(`unable to find member '${name}' of '${what}'${near.text}`, listed);
  }

  private element(from: CValue, part: PathPart): CValue | null {
    const types = from.types;
    const type = types.strip(from.type);
    if (from.form == Form.Place && types.kind(type) == BtfKind.Array) {
      return this.indexed(from, types.element(type), part);
    }
    const value = loadPointer(this.range, from);
    if (value.form != Form.Pointer) {
      return this.fail(`invalid access '[…]' of '${spell(types, from.type)}': it is neither an array nor a pointer`);
    }
    // A pointer to an array is indexed as the array: &array and its first element have one address.
    return this.indexed(value, value.type, part);
  }

  private indexed(base: CValue, element: i32, part: PathPart): CValue | null {
    const types = base.types;
    const size = types.sizeOf(element);
    if (size <= 0) return this.fail(`the elements of '${this.name}' have no size, so they cannot be indexed`);
    const isLiteral = part.pathKind == PathKind.LiteralIndex;
    const place = new ElementPlace(element, part.number, isLiteral ? null : part.index);
    const tree = elementAddress(this.range, types, base.tree, place);
    return new CValue(Form.Place, types, element, tree, base.isUser, base.near);
  }

  /** `&…`: the address of what stands at the end. */
  address(value: CValue): Expression | null {
    if (value.form == Form.Value || value.bitSize > 0) {
      const what = value.bitSize > 0 ? "a bit-field" : `'${this.name}', which is in a register`;
      this.fail(`${what} has no address`);
      return null;
    }
    return this.pointing(value.tree, value, value.type);
  }

  /** The number at the end. */
  number(value: CValue): Expression | null {
    const types = value.types;
    const type = types.strip(value.type);
    if (value.form == Form.Pointer) return this.pointing(value.tree, value, value.type);
    const kind = types.kind(type);
    if (kind == BtfKind.Ptr) {
      return this.pointing(loadPointer(this.range, value).tree, value, types.pointee(type));
    }
    if (kind == BtfKind.Array && value.form == Form.Place) {
      return this.pointing(value.tree, value, types.element(type));
    }
    if (types.isComposite(type)) {
      const hint = "name one of its members, take its address with '&', or print it with '$' or '$$' behind it";
      this.fail(`'${spell(types, type)}' is accessed instead of a member of it`, hint);
      return null;
    }
    if (type == 0 || kind == BtfKind.Fwd) {
      const hint = `its address has a type if you name one: @cast(&${this.name}, "type")`;
      this.fail(`the type of '${this.name}' is not known`, hint);
      return null;
    }
    if (kind == BtfKind.Float) {
      this.fail(`'${spell(types, type)}' is a floating-point number, which scripts cannot have`);
      return null;
    }
    if (value.form == Form.Place) {
      if (types.sizeOf(type) > 8) {
        this.fail(`'${spell(types, type)}' has more than 64 bits`);
        return null;
      }
      return makeRead(this.range, value);
    }
    return makeTruncated(this.range, value.tree, types.sizeOf(type), types.isSigned(type));
  }

  private pointing(tree: Expression, value: CValue, to: i32): Expression {
    // A number literal or a name is shared by nothing else, so that it may carry what it points to.
    tree.pointee = new PointeeType(value.types, to, value.isUser);
    return tree;
  }
}

/** Whether a part of a path prints: 0, or how deep. */
export function prettyDepth(path: PathPart[]): i32 {
  const n = path.length;
  return n > 0 && path[n - 1].pathKind == PathKind.Pretty ? path[n - 1].depth : 0;
}
