// The code at the beginning of a handler of system calls, as script text: it leaves if the call is none of the
// handler's, and gives the variables their values. What nobody uses is dropped like the unused variables of any alias.
//
//   probe syscall.read, syscall.write { println(fd) }
//
//   __r = __context(0)                                 the registers
//   __n = __context(8)                                 the number: sys_enter's second argument
//   __i = __sys_32()                                   a 32-bit program has other numbers
//   __w = __sys_row(__n, __i)
//   if (!__sys_in(SET, __w & 0xffff)) next
//   fd = __sys_int(__sys_arg(__r, 0, __i))

import { Arch } from "../kernel/facts";
import { CallData } from "./call-data";
import { CallArgument, CallRow, NO_MEANING } from "./call-table";

/** Numbers that are compared one by one before anything else is done. */
const MOST_COMPARED: i32 = 4;

/** Letters of calls.tab. */
const enum Kind {
  Signed = 0x64,
  Long = 0x6c,
  Double = 0x4c,
  Short = 0x68,
  Text = 0x73,
  Name = 0x7a,
  Texts = 0x77,
  Buffer = 0x62,
  Socket = 0x6b,
  Signal = 0x67,
  ModeOfNew = 0x6d,
  Octal = 0x6f,
  Unsigned = 0x75,
  Hex = 0x78,
  Pointer = 0x70,
  Size = 0x71,
  Flags = 0x66,
  Enum = 0x65,
  Directory = 0x61,
  Nothing = 0x6a,
}

/** What a local is called that stands for `$name`. */
export function fieldLocal(name: string): string {
  return `__field_${name}`;
}

/** How the handlers of system calls are attached. */
export enum CallMeans {
  /** To the tracepoints sys_enter and sys_exit. */
  Tracepoints,
  /** To the functions that the kernel has for each call: where handlers of tracepoints can be preempted. */
  Functions,
}

/** Calls that share a handler, because the names in it mean the same for all of them. */
export class CallGroup {
  rows: CallRow[] = [];

  constructor(
    public data: CallData,
    public isReturn: bool,
    public means: CallMeans,
  ) {}

  private get arch(): Arch {
    return this.data.table.arch;
  }

  /** A probe whose body is the code; `names` are used in the handler, with `$` if they are fields. */
  code(names: string[]): string {
    const only = this.rows.length == 1 ? this.rows[0] : null;
    let text = `probe never {\n${this.early()}`;
    text += `__r = ${this.registers()}\n__n = ${this.number()}\n__i = __sys_32()\n`;
    text += "__w = __sys_row(__n, __i)\n__row = __w & 0xffff\n";
    text += `if (${this.excluded()}) next\n`;
    if (this.isReturn) text += this.ending();
    text += "__narrow = __w >> 16 & 1\nsyscall_nr = __n\n";
    text += only !== null ? `name = "${only.name}"\n` : "name = __sys_name(__row)\n";
    if (!this.isReturn) text += `argstr = ${only !== null ? this.argstr(only) : GENERAL_ARGSTR}\n`;
    for (let i = 0, n = names.length; i < n; ++i) {
      const value = this.define(this.rows[0], names[i]);
      const local = names[i].startsWith("$") ? fieldLocal(names[i].substring(1)) : names[i];
      if (value.length > 0) text += `${local} = ${value}\n`;
    }
    return `${text}}\n`;
  }

  /** Equal for rows for which the names mean the same. */
  shapeOf(row: CallRow, names: string[]): string {
    let shape = "";
    for (let i = 0, n = names.length; i < n; ++i) shape += `${this.define(row, names[i])};`;
    return shape;
  }

  /** The arguments of its first row as `$fd $buf`. */
  get fields(): string {
    return this.rows[0].args
      .filter((argument: CallArgument) => argument.field.length > 0)
      .map<string>((argument: CallArgument) => `$${argument.field}`)
      .join(" ");
  }

  /** The variables of its first row, as -L shows them. */
  variables(): string {
    const isReturn = this.isReturn;
    let text = isReturn ? " name:string retstr:string retval:long syscall_nr:long" : " name:string argstr:string";
    const args = this.rows[0].args;
    for (let i = 0, n = args.length; i < n; ++i) text += listed(args[i]);
    for (let i = 0, n = args.length; i < n; ++i) if (args[i].field.length > 0) text += ` $${args[i].field}:long`;
    return isReturn ? `${text} $return:long` : `${text} syscall_nr:long`;
  }

  /** Where the registers of the process are. */
  private registers(): string {
    if (this.means == CallMeans.Tracepoints) return "__context(0)";
    if (this.isReturn) return "__call_registers()";
    return this.arch == Arch.X86_64 ? "__context(112)" : "__context(0)";
  }

  private number(): string {
    if (!this.isReturn && this.means == CallMeans.Tracepoints) return "__context(8)";
    return this.arch == Arch.X86_64 ? '__kernel_number(__r + 120, 8, "")' : '__kernel_number(__r + 280, -4, "")';
  }

  /** What the call returns. */
  private result(): string {
    if (this.means == CallMeans.Tracepoints) return "__context(8)";
    return this.arch == Arch.X86_64 ? "__context(80)" : "__context(0)";
  }

  /** What keeps most calls away before a frame is claimed, if there are few numbers. */
  private early(): string {
    const numbers: i32[] = [];
    for (let i = 0, n = this.rows.length; i < n && n <= MOST_COMPARED; ++i) {
      const all = this.data.table.numbersOf(this.rows[i]);
      for (let j = 0, m = all.length; j < m; ++j) if (!numbers.includes(all[j].number)) numbers.push(all[j].number);
    }
    if (this.isReturn || this.means != CallMeans.Tracepoints || numbers.length == 0 || numbers.length > MOST_COMPARED)
      return "";
    return `if (${numbers.map<string>((number: i32) => `__context(8) != ${number}`).join(" && ")}) next\n`;
  }

  /** True if the call is none of the group's. */
  private excluded(): string {
    if (this.rows.length == 1) return `__row != ${this.rows[0].index}`;
    if (this.rows.length == this.data.table.rows.length) return "!__row";
    return `!__sys_in(${this.data.addSet(this.rows)}, __row)`;
  }

  /** What is known when the call has returned. fork returns in the child as well, which has entered no call. */
  private ending(): string {
    let text = `retval = ${this.result()}\n`;
    for (let i = 0, n = this.rows.length; i < n; ++i) {
      if (!this.rows[i].forks) continue;
      text += "if (!retval && (__w >> 17 & 1)) next\n";
      break;
    }
    const form = this.rows.length == 1 ? `${this.rows[0].resultForm}` : "__sys_form(__row)";
    return `${text}retstr = return_str(${form}, retval)\n`;
  }

  /** What a name means for a row; empty if it is nothing of the call's. */
  private define(row: CallRow, name: string): string {
    for (let i = 0, n = row.args.length; i < n; ++i) {
      const argument = row.args[i];
      if (name.startsWith("$")) {
        if (argument.field == name.substring(1)) return this.value(row, i);
      } else if (argument.variable.length > 0 && name.startsWith(baseOf(argument))) {
        const value = this.variable(row, i, name);
        if (value.length > 0) return value;
      }
    }
    return "";
  }

  private variable(row: CallRow, at: i32, name: string): string {
    const argument = row.args[at];
    const base = baseOf(argument);
    const isText = argument.kind == Kind.Text || argument.kind == Kind.Texts;
    if (name == argument.variable) return isText ? this.text(row, at) : this.value(row, at);
    if (name == `${base}_uaddr`) return this.raw(at);
    if (name == `${argument.variable}_unquoted` && argument.kind == Kind.Text)
      return `user_string(${this.raw(at)}, "")`;
    if (name == `${base}_str`) return this.text(row, at);
    if (argument.kind == Kind.Buffer && name == base) return this.text(row, at);
    if (argument.kind == Kind.Signal && name == `${base}_name`) return this.text(row, at);
    return argument.kind == Kind.Socket ? this.socket(at, name.substring(base.length)) : "";
  }

  /** Parts of a socket's address. */
  private socket(at: i32, part: string): string {
    const address = this.raw(at);
    if (part == "_af") return `__sys_named(__call_table("e.af"), user_uint16(${address}))`;
    if (part == "_ip") return `__sys_address(${address})`;
    return part == "_ip_port" ? `__sys_port(${address})` : "";
  }

  /** An argument as its register has it. */
  private raw(at: i32): string {
    return `__sys_arg(__r, ${at}, __i)`;
  }

  /** An argument as a number. */
  private value(row: CallRow, at: i32): string {
    const raw = this.raw(at);
    switch (row.args[at].kind) {
      case Kind.Signed:
      case Kind.Directory:
      case Kind.Signal:
        return `__sys_int(${raw})`;
      case Kind.Long:
        return `(__narrow ? __sys_int(${raw}) : ${raw})`;
      case Kind.Double:
        return `(${this.raw(at + 1)} << 32 | ${raw} & 0xffffffff)`;
      case Kind.Short:
        return `(${raw} << 48 >> 48)`;
      case Kind.Flags:
      case Kind.Enum:
      case Kind.Unsigned:
      case Kind.Hex:
      case Kind.Octal:
      case Kind.ModeOfNew:
        return `(${raw} & 0xffffffff)`;
      default:
        return raw;
    }
  }

  /** An argument as text. */
  private text(row: CallRow, at: i32): string {
    const argument = row.args[at];
    const raw = this.raw(at);
    const next = at < 5 ? this.raw(at + 1) : "0";
    const before = at > 0 ? this.raw(at - 1) : "0";
    switch (argument.kind) {
      case Kind.Text:
      case Kind.Name:
        return `__sys_string(${raw})`;
      case Kind.Directory:
        return `__sys_dirfd(${raw})`;
      case Kind.Flags:
        return `__sys_flags(${this.table(argument)}, ${raw}, 0)`;
      case Kind.Enum:
        return `__sys_enum(${this.table(argument)}, ${raw})`;
      case Kind.Buffer:
        return `__sys_buffer(${raw}, ${next})`;
      case Kind.Texts:
        return `__sys_texts(${raw}, __narrow)`;
      case Kind.Signal:
        return `__sys_signal(${raw})`;
      default:
        return `__sys_text(${argument.kind}, ${this.table(argument)}, ${raw}, ${next}, ${before}, __narrow)`;
    }
  }

  private table(argument: CallArgument): i32 {
    return max(0, this.data.table.tableIndex(argument.table));
  }

  /** All arguments of a row in one format. */
  private argstr(row: CallRow): string {
    let format = "";
    let args = "";
    for (let i = 0, n = row.args.length; i < n; ++i) {
      const argument = row.args[i];
      if (argument.kind == NO_MEANING || argument.kind == Kind.Nothing) continue;
      const between = format.length > 0 ? ", " : "";
      const directive = directiveOf(argument.kind);
      if (argument.kind == Kind.ModeOfNew) {
        format += "%s";
        args += `, (${this.raw(i - 1)} & 0x400040) ? sprintf(", %#o", ${this.raw(i)} & 0xffffffff) : ""`;
        continue;
      }
      format += between + (directive.length > 0 ? directive : "%s");
      args += `, ${directive.length > 0 ? this.value(row, i) : this.text(row, i)}`;
    }
    return args.length > 0 ? `sprintf("${format}"${args})` : '""';
  }
}

const GENERAL_ARGSTR: string = "__sys_argstr(__row, __r, __i, __narrow)";

/** The variables of an argument, as -L shows them. */
function listed(argument: CallArgument): string {
  const base = baseOf(argument);
  switch (argument.kind) {
    case NO_MEANING:
    case Kind.Nothing:
      return "";
    case Kind.Text:
      return ` ${argument.variable}:string ${argument.variable}_unquoted:string ${base}_uaddr:long`;
    case Kind.Texts:
      return ` ${argument.variable}:string`;
    default:
      return ` ${argument.variable}:long${directiveOf(argument.kind).length > 0 ? "" : ` ${base}_str:string`}`;
  }
}

/** A variable without the ending of an address. */
function baseOf(argument: CallArgument): string {
  const name = argument.variable;
  if (name.endsWith("_uaddr")) return name.substring(0, name.length - 6);
  return argument.kind == Kind.Text && name.endsWith("_str") ? name.substring(0, name.length - 4) : name;
}

/** How a plain number is printed; empty: it is not one. */
function directiveOf(kind: i32): string {
  switch (kind) {
    case Kind.Signed:
    case Kind.Long:
    case Kind.Double:
    case Kind.Short:
      return "%d";
    case Kind.Unsigned:
    case Kind.Size:
      return "%u";
    case Kind.Octal:
      return "%#o";
    case Kind.Pointer:
    case Kind.Hex:
      return "0x%x";
    default:
      return "";
  }
}
