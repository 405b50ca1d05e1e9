// The printf family. These functions are part of the language, so scripts call them by name. semantic/prints.ts checks
// their calls.

import { Builtin } from "./builtin";

/** How a call of the printf family puts its arguments together; the first four equal record.ts' `SiteStyle`. */
export const enum PrintStyle {
  /** By the directives of `format`. */
  Printf = 0,
  /** One after the other. */
  Plain = 1,
  /** With `format` between them, then a newline. */
  DelimitedLine = 2,
  /** With `format` between them. */
  Delimited = 3,
}

/** One member of the family. */
export class PrintRow {
  constructor(
    public id: Builtin,
    public name: string,
    public style: PrintStyle,
    /** The text is the value of the call, and nothing is printed. */
    public isValue: bool,
    /** A newline follows the text. */
    public newline: bool,
  ) {}
}

const PRINTS: StaticArray<PrintRow> = [
  new PrintRow(Builtin.Printf, "printf", PrintStyle.Printf, false, false),
  new PrintRow(Builtin.Print, "print", PrintStyle.Plain, false, false),
  new PrintRow(Builtin.Println, "println", PrintStyle.DelimitedLine, false, true),
  new PrintRow(Builtin.Printd, "printd", PrintStyle.Delimited, false, false),
  new PrintRow(Builtin.Printdln, "printdln", PrintStyle.DelimitedLine, false, true),
  new PrintRow(Builtin.Sprintf, "sprintf", PrintStyle.Printf, true, false),
  new PrintRow(Builtin.Sprint, "sprint", PrintStyle.Plain, true, false),
  new PrintRow(Builtin.Sprintln, "sprintln", PrintStyle.DelimitedLine, true, true),
  new PrintRow(Builtin.Sprintd, "sprintd", PrintStyle.Delimited, true, false),
  new PrintRow(Builtin.Sprintdln, "sprintdln", PrintStyle.DelimitedLine, true, true),
];

/** The member of a name, or null. */
export function findPrint(name: string): PrintRow | null {
  for (let i = 0; i < PRINTS.length; ++i) {
    if (PRINTS[i].name == name) return PRINTS[i];
  }
  return null;
}

/** All names of the family. */
export function printNames(): string[] {
  const names: string[] = [];
  for (let i = 0; i < PRINTS.length; ++i) names.push(PRINTS[i].name);
  return names;
}
