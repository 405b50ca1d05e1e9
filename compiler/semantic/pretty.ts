// `$x$`, `$x$$`, `$$parms`, `$$vars$`: texts that show values of C types, as calls of sprintf.
//
//   $file$    {.f_path={...}, .f_inode=0xffff888003b2f1a8, .f_flags=32768, ...}
//   $$parms   file=0xffff888003a6b600 count=0x20

import { BtfKind } from "../../common/format/btf";
import { PrintStyle } from "../builtins/print";
import { Range } from "../source/source";
import { CallExpression, Expression, StringLiteral } from "../syntax/ast";
import { Analysis } from "./analysis";
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
import { cloneExpression } from "./clone";
import { makeFunctionCall } from "./make";
import { PrintSymbol } from "./symbols";

/** Elements of an array that are shown. */
const MOST_ELEMENTS: i32 = 5;
/** Values in one text. */
const MOST_VALUES: i32 = 128;

/** The text of one value: `depth` 1 shows its members, 2 those of its members, too. */
export function prettyPrint(a: Analysis, range: Range, value: CValue, depth: i32): Expression {
  const text = new PrettyText(a, range);
  text.top(value, depth);
  return text.call();
}

/** `name=value` for each; `depth` 0 shows numbers in hexadecimal. */
export function prettyVariables(a: Analysis, range: Range, variables: NamedValue[], depth: i32): Expression {
  const text = new PrettyText(a, range);
  for (let i = 0, n = variables.length; i < n; ++i) {
    text.format += i > 0 ? ` ${variables[i].name}=` : `${variables[i].name}=`;
    if (depth > 0) text.top(variables[i].value, depth);
    else text.hexadecimal(variables[i].value);
  }
  return text.call();
}

/** `name=0xvalue` for each. */
export function prettyNumbers(a: Analysis, range: Range, names: string[], values: Expression[]): Expression {
  const text = new PrettyText(a, range);
  for (let i = 0, n = names.length; i < n; ++i) {
    text.format += i > 0 ? ` ${names[i]}=` : `${names[i]}=`;
    text.plain(values[i]);
  }
  return text.call();
}

/** A variable that a text shows. */
export class NamedValue {
  constructor(
    public name: string,
    public value: CValue,
  ) {}
}

class PrettyText {
  format: string = "";
  private values: Expression[] = [];

  constructor(
    private a: Analysis,
    private range: Range,
  ) {}

  call(): Expression {
    if (this.values.length == 0) return new StringLiteral(this.range, this.format.replaceAll("%%", "%"));
    const literal: Expression = new StringLiteral(this.range, this.format);
    const call = new CallExpression(this.range, "sprintf", this.range, [literal].concat(this.values));
    const print = new PrintSymbol("sprintf", call, PrintStyle.Printf, true);
    print.isMade = true;
    call.symbol = print;
    this.a.prints.push(print);
    return call;
  }

  /** Whether no more fits into a string. */
  private get isFull(): bool {
    return this.format.length > this.a.options.maxStringLength || this.values.length >= MOST_VALUES;
  }

  plain(value: Expression): void {
    this.add("%#x", value);
  }

  /** A value as a hexadecimal number. */
  hexadecimal(value: CValue): void {
    if (value.types.isComposite(value.types.strip(value.type))) this.format += "?";
    else this.add("%#x", this.number(value));
  }

  /** A variable itself: what a pointer points to is shown. */
  top(value: CValue, depth: i32): void {
    const types = value.types;
    const target = loadPointer(this.range, value);
    if (target.form != Form.Pointer) {
      this.show(value, depth);
      return;
    }
    const type = types.strip(target.type);
    if (types.isComposite(type))
      this.show(new CValue(Form.Place, types, type, target.tree, target.isUser, target.near), depth);
    else this.show(value, depth);
  }

  private show(value: CValue, depth: i32): void {
    const types = value.types;
    const type = types.strip(value.type);
    if (this.isFull) {
      this.format += "...";
      return;
    }
    if (types.isComposite(type)) {
      if (depth > 0 && value.form != Form.Value) this.members(value, type, depth - 1);
      else this.format += "{...}";
    } else if (types.kind(type) == BtfKind.Array) {
      this.array(value, type, depth);
    } else if (value.form == Form.Pointer || types.kind(type) == BtfKind.Ptr) {
      this.pointer(value);
    } else if (types.kind(type) == BtfKind.Float || types.sizeOf(type) > 8) {
      this.format += "?";
    } else if (types.isChar(type) && value.bitSize == 0) {
      this.add("'%c'", this.number(value));
    } else {
      this.add(types.isSigned(type) ? "%i" : "%u", this.number(value));
    }
  }

  private members(value: CValue, composite: i32, depth: i32): void {
    const types = value.types;
    this.format += "{";
    for (let i = 0, n = types.memberCount(composite); i < n; ++i) {
      if (i > 0) this.format += ", ";
      if (this.isFull) {
        this.format += "...";
        break;
      }
      const member = types.member(composite, i);
      const inner = memberPlace(this.range, value, cloneExpression(value.tree), member);
      if (member.name.length > 0) this.format += `.${member.name}=`;
      this.show(inner, member.name.length > 0 ? depth : depth + 1);
    }
    this.format += "}";
  }

  private array(value: CValue, type: i32, depth: i32): void {
    const types = value.types;
    const element = types.element(type);
    const size = types.sizeOf(element);
    const length = types.arrayLength(type);
    if (types.isChar(element) && length > 0) {
      this.add("%s", this.text(value));
      return;
    }
    if (depth <= 0 || size <= 0) {
      this.format += "[...]";
      return;
    }
    this.format += "[";
    for (let i = 0; i < length; ++i) {
      if (i > 0) this.format += ", ";
      if (i == MOST_ELEMENTS || this.isFull) {
        this.format += "...";
        break;
      }
      const tree = elementAddress(this.range, types, cloneExpression(value.tree), new ElementPlace(element, i));
      this.show(new CValue(Form.Place, types, element, tree, value.isUser, value.near), depth - 1);
    }
    this.format += "]";
  }

  private pointer(value: CValue): void {
    const types = value.types;
    const target = loadPointer(this.range, value);
    const to = types.strip(target.type);
    if (types.isChar(to)) this.add("%s", this.text(target));
    else this.add("%p", target.tree);
  }

  /** The characters at an address, in quotes. */
  private text(value: CValue): Expression {
    const name = value.isUser ? "user_string_quoted" : "kernel_string_quoted";
    return makeFunctionCall(this.a, this.range, name, [value.tree]);
  }

  private number(value: CValue): Expression {
    const types = value.types;
    if (value.form == Form.Place) return makeRead(this.range, value);
    if (value.form == Form.Pointer) return value.tree;
    return makeTruncated(this.range, value.tree, types.sizeOf(value.type), types.isSigned(value.type));
  }

  private add(directive: string, value: Expression): void {
    this.format += directive;
    this.values.push(value);
  }
}
