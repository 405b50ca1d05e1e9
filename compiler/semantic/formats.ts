// printf formats: "%-10s|%*d\n" → directives. Syntax of one directive:
//
//   % flags* (width | *)? (. (precision | *)?)? l* conversion        flags: # + - space 0
//
// The record formatter (common/as/print) reads the same text at run time; what this file accepts it must print.

/** What a directive prints. */
export const enum Conversion {
  /** Text between directives, `%%` included. */
  Literal,
  /** d, i */
  Signed,
  /** u */
  Unsigned,
  /** x, X, p */
  Hex,
  /** o */
  Octal,
  /** c */
  Char,
  /** b: the value's lowest bytes as they are */
  Binary,
  /** s */
  String,
  /** m, M: bytes of memory at an address */
  Memory,
}

/** Where a width or precision comes from. */
export const enum Measure {
  None,
  Static,
  /** `*`: from an argument. */
  Dynamic,
}

/** One part of a format. */
export class Directive {
  /** Of a Literal: the text, with `%%` reduced to `%`. */
  text: string = "";
  /** The letter: 'd', 'X' … */
  letter: i32 = 0;
  /** The flags as written. */
  flags: string = "";
  widthKind: Measure = Measure.None;
  width: i32 = 0;
  precisionKind: Measure = Measure.None;
  precision: i32 = 0;
  constructor(public conversion: Conversion) {}
}

/** A format taken apart; `error` is empty if it is one. */
export class Format {
  directives: Directive[] = [];
  error: string = "";
  /** The same format in its shortest spelling (no length modifiers). */
  text: string = "";
}

/** Widths and precisions above this are refused: no line needs them, and they would exhaust memory. */
export const MAX_FORMAT_WIDTH: i32 = 4095;
