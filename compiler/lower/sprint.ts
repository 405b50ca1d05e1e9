// sprintf and similar functions: the text that printf would print, as a string. Formats are constants, so each
// directive gets its own code. Literals are stored; plain numbers and strings are appended. Values with flags, a width
// or a precision go through a routine (runtime/digits.ts).

import { Helper } from "../../common/format/helpers";
import { PrintStyle } from "../builtins/print";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { lesser, maskFor, orZero } from "../runtime/bits";
import { ESCAPE_BYTES } from "../runtime/characters";
import { copyCut, materialize, passString } from "../runtime/copy";
import { bytesArea, escapeRow, escapeTable, HEX, mostHexBytes, Spec, SpecField } from "../runtime/digits";
import { drawHistogram } from "../runtime/drawing";
import { capacityFor, isInFrame, Place } from "../runtime/place";
import { Text } from "../runtime/text";
import { Conversion, Directive, Measure } from "../semantic/formats";
import { PrintSymbol } from "../semantic/symbols";
import { Expression, HistogramExpression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { SoftError } from "./exits";
import { lowerHistogram } from "./histogram";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";
import { storeOf } from "./statistic";

/** Widths and precisions are limited to this, as in printf (common/as/print/directive.ts). */
const MOST_WIDTH: i64 = 8192;
/** Limit of the bytes that one %m or %M prints, as in printf. */
const MOST_MEMORY: i64 = 1024;

/** The value of a call of the sprintf family; in `to` if that place is in the frame and large enough. */
export function lowerSprint(lowering: Lowering, print: PrintSymbol, to: Place | null): Place {
  lowering.at(print.call.range);
  const capacity = capacityFor(lengthOf(lowering.runtime, print.call));
  const fits = to !== null && isInFrame(to) && to.capacity >= capacity;
  const place = fits ? to! : lowering.frame.newFrameTemporary(capacity);
  const text = new Text(lowering.frame, place);
  if (print.values.length == 1 && print.values[0].kind == NodeKind.Histogram) {
    putHistogram(lowering, text, print);
    return place;
  }
  const mayHoldNul = putPrint(lowering, text, print);
  text.finish();
  if (!mayHoldNul || !place.isSmall) return place;
  // The bytes after a NUL are not part of the string. In a small place they must be zero.
  const cut = lowering.frame.newFrameTemporary(capacity);
  copyCut(lowering.frame, place, cut);
  return cut;
}

/** Appends the output of a call of the family. Returns whether it may contain a NUL byte. */
function putPrint(lowering: Lowering, text: Text, print: PrintSymbol): bool {
  if (print.style == PrintStyle.Printf) return new Sprinter(lowering, text, print).put();
  for (let i = 0, n = print.values.length; i < n; ++i) {
    if (i > 0) text.putLiteral(print.format);
    putPlain(lowering, text, print.values[i]);
  }
  if (print.style == PrintStyle.DelimitedLine) text.putLiteral("\n");
  return false;
}

/** Appends the drawing of a histogram, which is always the only argument. */
function putHistogram(lowering: Lowering, text: Text, print: PrintSymbol): void {
  const near = `identifier '${print.name}'`;
  const e = <HistogramExpression>print.values[0];
  const from = lowerHistogram(lowering, e, e.range, near);
  text.goOn(drawHistogram(lowering.frame, storeOf(lowering, e.operand), from, text.place));
  if (print.style == PrintStyle.DelimitedLine) text.putLiteral("\n");
  text.finish();
}

/** Appends a value as %d or %s would print it. */
export function putPlain(lowering: Lowering, text: Text, value: Expression): void {
  if (value.type == Type.String) text.putString(lowering.string(value), lowering.runtime.maxLength);
  else text.putLong(lowering.long(value), Spec.Signed | (10 << SpecField.Base));
}

/** Lowers the directives of one format. */
class Sprinter {
  private next: i32 = 0;
  private mayHoldNul: bool = false;

  constructor(
    private lowering: Lowering,
    private text: Text,
    private print: PrintSymbol,
  ) {}

  put(): bool {
    const directives = this.print.directives;
    for (let i = 0, n = directives.length; i < n; ++i) {
      const directive = directives[i];
      if (directive.conversion == Conversion.Literal) this.text.putLiteral(directive.text);
      else this.putDirective(directive);
    }
    return this.mayHoldNul;
  }

  private value(): Expression {
    return this.print.values[this.next++];
  }

  private putDirective(directive: Directive): void {
    const lowering = this.lowering;
    let spec = lowering.constant(staticSpec(directive));
    if (directive.widthKind == Measure.Dynamic) spec = this.addWidth(spec, lowering.long(this.value()));
    if (directive.precisionKind == Measure.Dynamic) spec = this.addPrecision(spec, lowering.long(this.value()));
    switch (directive.conversion) {
      case Conversion.String:
        this.putString(directive, spec);
        break;
      case Conversion.Char:
        this.putCharacter(directive, spec);
        break;
      case Conversion.Binary:
        this.putBinary(directive, spec);
        break;
      case Conversion.Memory:
        this.putMemory(directive, spec);
        break;
      default: {
        const value = lowering.long(this.value());
        if (isPlain(directive)) this.text.putLong(value, staticSpec(directive));
        else this.text.putFormattedLong(value, spec);
      }
    }
  }

  /** `*`: a negative width means `-`. */
  private addWidth(spec: Ref, value: Ref): Ref {
    const b = this.lowering.b;
    const width = b.unary(Op.Exts32, value);
    const sign = b.binary(Op.Sar, width, b.constant(63));
    const size = lesser(b, b.binary(Op.Sub, b.binary(Op.Xor, width, sign), sign), b.constant(MOST_WIDTH));
    const left = b.binary(Op.And, sign, b.constant(Spec.Left));
    return b.binary(Op.Or, b.binary(Op.Or, spec, left), b.binary(Op.Shl, size, b.constant(SpecField.Width)));
  }

  /** `.*`: a negative precision counts as 0. */
  private addPrecision(spec: Ref, value: Ref): Ref {
    const b = this.lowering.b;
    const size = lesser(b, orZero(b, b.unary(Op.Exts32, value)), b.constant(MOST_WIDTH));
    const field = b.binary(Op.Shl, b.binary(Op.Add, size, b.constant(1)), b.constant(SpecField.Precision));
    return b.binary(Op.Or, spec, field);
  }

  private putString(directive: Directive, spec: Ref): void {
    const lowering = this.lowering;
    const place = lowering.string(this.value());
    const cut = directive.precisionKind == Measure.Static ? directive.precision : lowering.runtime.maxLength;
    if (directive.flags.includes("#")) {
      this.text.putFormattedText(this.escape(this.cutPlace(place, directive, spec)), withoutPrecision(lowering, spec));
      this.putNulFor(directive);
      return;
    }
    if (directive.precisionKind != Measure.Dynamic && directive.widthKind == Measure.None) {
      this.text.putString(place, cut);
    } else {
      const from = place.isLiteral ? materialize(lowering.frame, place) : place;
      const size = lowering.constant(lowering.runtime.maxLength + 1);
      const copied = lowering.b.callHelper(Helper.ProbeReadKernelStr, [
        lowering.frame.pointer(lowering.runtime.textArea),
        size,
        lowering.frame.pointer(from),
      ]);
      this.text.putFormattedText(lowering.b.binary(Op.Sub, copied, lowering.constant(1)), spec);
    }
    this.putNulFor(directive);
  }

  /** A copy of a string, cut to the directive's precision. */
  private cutPlace(place: Place, directive: Directive, spec: Ref): Place {
    const lowering = this.lowering;
    const b = lowering.b;
    const mask = maskFor(lowering.runtime.maxLength);
    const to = lowering.frame.newFrameTemporary(<i32>mask + 1);
    const from = place.isLiteral ? materialize(lowering.frame, place) : place;
    let most = lowering.constant(lowering.runtime.maxLength);
    if (directive.precisionKind == Measure.Static)
      most = lowering.constant(min(directive.precision, lowering.runtime.maxLength));
    if (directive.precisionKind == Measure.Dynamic) {
      const precision = b.binary(
        Op.Sub,
        b.binary(Op.Shr, spec, lowering.constant(SpecField.Precision)),
        lowering.constant(1),
      );
      most = b.binary(Op.And, lesser(b, precision, most), lowering.constant(mask));
    }
    const size = b.binary(Op.Add, most, lowering.constant(1));
    b.callHelper(Helper.ProbeReadKernelStr, [lowering.frame.pointer(to), size, lowering.frame.pointer(from)]);
    return to;
  }

  /** Escapes a string into the text area, as far as it fits. Returns the length. */
  private escape(place: Place): Ref {
    const lowering = this.lowering;
    const b = lowering.b;
    const limit = lowering.constant(lowering.runtime.maxLength);
    const offset = passString(lowering.frame, place);
    return b.callFunction(ESCAPE_BYTES.of(lowering.runtime), [lowering.frame.offset(), offset, limit]);
  }

  /** The flag `0` on text and memory appends a NUL byte. */
  private putNulFor(directive: Directive): void {
    if (!directive.flags.includes("0")) return;
    this.mayHoldNul = true;
    this.text.putBytes(this.lowering.constant(0), 1);
  }

  private putCharacter(directive: Directive, spec: Ref): void {
    const lowering = this.lowering;
    const b = lowering.b;
    const value = lowering.long(this.value());
    const escapes = directive.flags.includes("#");
    this.mayHoldNul = this.mayHoldNul || !escapes;
    if (!escapes && directive.widthKind == Measure.None) {
      this.text.putBytes(value, 1);
      return;
    }
    const area = lowering.frame.pointer(lowering.runtime.textArea);
    let length = lowering.constant(1);
    if (escapes) {
      const row = escapeRow(b, escapeTable(lowering.runtime, false), value);
      b.store(Op.Store32, area, 0, row);
      length = b.binary(Op.Shr, row, lowering.constant(32));
    } else {
      b.store(Op.Store8, area, 0, value);
    }
    this.text.putFormattedText(length, withoutPrecision(lowering, spec));
  }

  /** %b: the width is the size, unless the precision is a valid size. */
  private putBinary(directive: Directive, spec: Ref): void {
    const lowering = this.lowering;
    const value = lowering.long(this.value());
    this.mayHoldNul = true;
    const precision = directive.precisionKind == Measure.Static ? directive.precision : 0;
    const width = directive.widthKind == Measure.Static ? directive.width : 8;
    const bytes = isBinarySize(precision) ? precision : width;
    if (directive.precisionKind != Measure.Dynamic && (directive.widthKind == Measure.None || bytes >= width)) {
      this.text.putBytes(value, bytes);
      return;
    }
    let length = lowering.constant(bytes);
    if (directive.precisionKind == Measure.Dynamic) length = this.binarySize(spec, width);
    lowering.b.store(Op.Store64, lowering.frame.pointer(lowering.runtime.textArea), 0, value);
    this.text.putFormattedText(length, withoutPrecision(lowering, spec));
  }

  /** The precision if it is 1, 2, 4 or 8, else the width. */
  private binarySize(spec: Ref, width: i32): Ref {
    const b = this.lowering.b;
    const bytes = b.variable("bytes");
    b.setVar(bytes, b.constant(width));
    const field = b.binary(Op.Sub, b.binary(Op.Shr, spec, b.constant(SpecField.Precision)), b.constant(1));
    const done = b.newBlock("sized");
    for (let size = 1; size <= 8; size <<= 1) {
      const same = b.newBlock("same");
      const other = size == 8 ? done : b.newBlock("other");
      b.branchIf(Op.Eq, field, b.constant(size), same, other);
      b.setBlock(same);
      b.setVar(bytes, b.constant(size));
      b.jump(done);
      b.setBlock(other);
    }
    return b.getVar(bytes);
  }

  /** %m and %M: the precision is the number of bytes, one by default. */
  private putMemory(directive: Directive, spec: Ref): void {
    const lowering = this.lowering;
    const b = lowering.b;
    const value = this.value();
    const address = lowering.long(value);
    const isHex = directive.letter == 0x4d;
    this.mayHoldNul = this.mayHoldNul || !isHex;
    let bytes = lowering.constant(max(1, min(directive.precision, <i32>MOST_MEMORY)));
    if (directive.precisionKind == Measure.Dynamic) {
      const field = b.binary(
        Op.Sub,
        b.binary(Op.Shr, spec, lowering.constant(SpecField.Precision)),
        lowering.constant(1),
      );
      const some = lesser(b, field, lowering.constant(MOST_MEMORY));
      bytes = b.binary(Op.Add, some, b.binary(Op.Eq, some, lowering.constant(0)));
    }
    const most = isHex ? mostHexBytes(lowering.runtime) : lowering.runtime.maxLength;
    const size = b.binary(Op.And, lesser(b, bytes, lowering.constant(most)), lowering.constant(maskFor(most)));
    let to = lowering.frame.pointer(lowering.runtime.textArea);
    if (isHex) to = b.binary(Op.Add, lowering.frame.address(), lowering.constant(bytesArea(lowering.runtime)));
    const result = b.callHelper(Helper.ProbeReadKernel, [to, size, address]);
    lowering.exits.failIf(
      Op.Slt,
      result,
      lowering.constant(0),
      new SoftError("kernel read fault", value.range, "address of '%m'"),
    );
    if (isHex) b.callFunction(HEX.of(lowering.runtime), [lowering.frame.offset(), size]);
    const length = isHex ? b.binary(Op.Shl, bytes, lowering.constant(1)) : bytes;
    this.text.putFormattedText(length, withoutPrecision(lowering, spec));
    this.putNulFor(directive);
  }
}

function isBinarySize(bytes: i32): bool {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/** Whether a directive has no flags, width or precision that affect the output. */
function isPlain(directive: Directive): bool {
  if (directive.widthKind != Measure.None || directive.precisionKind != Measure.None) return false;
  return directive.letter != 0x70 && (directive.flags.length == 0 || directive.flags == "-" || directive.flags == "0");
}

/** The part of a directive's spec that is known at compile time. */
function staticSpec(directive: Directive): i64 {
  let spec: i64 = 0;
  const flags = directive.flags;
  if (flags.includes("-")) spec |= Spec.Left;
  if (flags.includes("+")) spec |= Spec.Plus;
  if (flags.includes(" ")) spec |= Spec.Space;
  if (flags.includes("0")) spec |= Spec.Zero;
  if (flags.includes("#") || directive.letter == 0x70) spec |= Spec.Alternate;
  if (directive.conversion == Conversion.Signed) spec |= Spec.Signed;
  if (directive.letter == 0x58) spec |= Spec.Upper;
  const base: i64 = directive.conversion == Conversion.Hex ? 16 : directive.conversion == Conversion.Octal ? 8 : 10;
  spec |= base << SpecField.Base;
  if (directive.widthKind == Measure.Static) spec |= (<i64>directive.width) << SpecField.Width;
  if (directive.precisionKind == Measure.Static) spec |= (<i64>(directive.precision + 1)) << SpecField.Precision;
  return spec;
}

/** A spec without the precision, for text that must not be cut. */
function withoutPrecision(lowering: Lowering, spec: Ref): Ref {
  return lowering.b.binary(Op.And, spec, lowering.constant(0xffffffff));
}
