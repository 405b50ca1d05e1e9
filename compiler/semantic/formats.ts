// printf formats: "%-10s|%*d\n" → directives. The syntax of one directive:
//
//   % flags* (width | *)? (. (precision | *)?)? l* conversion        flags: # + - space 0
//
// The record formatter (common/as/print) reads the same text at run time. It must print every format that this file
// accepts.

import { TextBuilder } from "../../common/as/text-builder";

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

  /** The directive as a format spells it. */
  get spelling(): string {
    if (this.conversion == Conversion.Literal) return escapeFormat(this.text);
    let text = `%${this.flags}`;
    if (this.widthKind == Measure.Dynamic) text += "*";
    else if (this.widthKind == Measure.Static) text += this.width.toString();
    if (this.precisionKind == Measure.Dynamic) text += ".*";
    else if (this.precisionKind == Measure.Static) text += `.${this.precision}`;
    return text + String.fromCharCode(this.letter);
  }
}

/** A parsed format; `error` is empty if the format is valid. */
export class Format {
  directives: Directive[] = [];
  error: string = "";

  /** The same format in its plainest spelling, without length modifiers. */
  get text(): string {
    let text = "";
    for (let i = 0, n = this.directives.length; i < n; ++i) text += this.directives[i].spelling;
    return text;
  }
}

/** Widths and precisions above this are refused: no line needs them, and they would exhaust memory. */
const MAX_FORMAT_WIDTH: i32 = 4095;

const PERCENT: i32 = 0x25;

/** Parses a format. */
export function parseFormat(text: string): Format {
  return new FormatParser(text).parse();
}

class FormatParser {
  private at: i32 = 0;
  private literal: string = "";
  private format: Format = new Format();

  constructor(private text: string) {}

  parse(): Format {
    const text = this.text;
    while (this.at < text.length && this.format.error.length == 0) {
      const percent = text.indexOf("%", this.at);
      if (percent < 0) {
        this.literal += text.substring(this.at);
        break;
      }
      this.literal += text.substring(this.at, percent);
      this.at = percent + 1;
      if (this.peek() == PERCENT) {
        this.literal += "%";
        ++this.at;
      } else {
        this.parseDirective(percent);
      }
    }
    this.flush();
    return this.format;
  }

  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : 0;
  }

  private flush(): void {
    if (this.literal.length == 0) return;
    const directive = new Directive(Conversion.Literal);
    directive.text = this.literal;
    this.format.directives.push(directive);
    this.literal = "";
  }

  private parseDirective(start: i32): void {
    const directive = new Directive(Conversion.Literal);
    const flagsAt = this.at;
    while (this.at < this.text.length && "#+- 0".includes(this.text.charAt(this.at))) ++this.at;
    directive.flags = this.text.substring(flagsAt, this.at);
    this.parseWidth(directive);
    if (this.peek() == 0x2e) this.parsePrecision(directive);
    while (this.peek() == 0x6c) ++this.at;
    directive.letter = this.peek();
    directive.conversion = conversionOf(directive.letter);
    const spelling = this.text.substring(start, this.at + 1);
    if (directive.conversion == Conversion.Literal) {
      this.format.error = `invalid or missing conversion specifier in '${spelling}'`;
      return;
    }
    ++this.at;
    this.checkMeasures(directive, spelling);
    this.flush();
    this.format.directives.push(directive);
  }

  private parseWidth(directive: Directive): void {
    if (this.peek() == 0x2a) {
      ++this.at;
      directive.widthKind = Measure.Dynamic;
    } else if (isDigit(this.peek())) {
      directive.widthKind = Measure.Static;
      directive.width = this.parseNumber();
    }
  }

  private parsePrecision(directive: Directive): void {
    ++this.at;
    directive.precisionKind = Measure.Static;
    if (this.peek() == 0x2a) {
      ++this.at;
      directive.precisionKind = Measure.Dynamic;
    } else {
      directive.precision = this.parseNumber();
    }
  }

  private parseNumber(): i32 {
    let value = 0;
    for (; isDigit(this.peek()); ++this.at) value = min(value * 10 + this.peek() - 0x30, MAX_FORMAT_WIDTH + 1);
    return value;
  }

  private checkMeasures(directive: Directive, spelling: string): void {
    if (directive.width > MAX_FORMAT_WIDTH || directive.precision > MAX_FORMAT_WIDTH) {
      this.format.error = `width or precision above ${MAX_FORMAT_WIDTH} in '${spelling}'`;
    }
    const width = directive.width;
    const valid = directive.widthKind == Measure.None || width == 1 || width == 2 || width == 4 || width == 8;
    if (directive.conversion == Conversion.Binary && !valid) {
      this.format.error = `'${spelling}' can write 1, 2, 4, or 8 bytes`;
    }
  }
}

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

/** The conversion of a letter; `Literal` if the letter is not a conversion. */
function conversionOf(letter: i32): Conversion {
  switch (letter) {
    case 0x64: // d
    case 0x69: // i
      return Conversion.Signed;
    case 0x75: // u
      return Conversion.Unsigned;
    case 0x78: // x
    case 0x58: // X
    case 0x70: // p
      return Conversion.Hex;
    case 0x6f: // o
      return Conversion.Octal;
    case 0x63: // c
      return Conversion.Char;
    case 0x62: // b
      return Conversion.Binary;
    case 0x73: // s
      return Conversion.String;
    case 0x6d: // m
    case 0x4d: // M
      return Conversion.Memory;
    default:
      return Conversion.Literal;
  }
}

/** Text as a printf format that prints it. */
export function escapeFormat(text: string): string {
  if (text.indexOf("%") < 0) return text;
  const builder = new TextBuilder();
  for (let i = 0, n = text.length; i < n; ++i) {
    const unit = text.charCodeAt(i);
    if (unit == 0x25) builder.putUnit(unit);
    builder.putUnit(unit);
  }
  return builder.toString();
}
