// The items that one call of the printf family adds to a record: formats and their arguments.
//
// print, println and printd get formats with %d and %s. Literal arguments become part of the format. One call is one
// item, unless its arguments may need more space than a record has. Then the call is split between arguments into
// several items, each with its part of the format. The output is the same, because the text of the parts is
// concatenated.

import { Helper } from "../../common/format/helpers";
import { Origin, Show } from "../../common/format/manifest";
import { ArgumentType, MAX_RECORD_BYTES, RecordItem } from "../../common/format/record";
import { PrintStyle } from "../builtins/print";
import { NoRef, Ref } from "../ir/function";
import { capacityFor, Place, SMALL_BYTES } from "../runtime/place";
import { Runtime } from "../runtime/runtime";
import { Conversion, Directive, escapeFormat, Measure } from "../semantic/formats";
import { showOf } from "../semantic/packing";
import { BuiltinSymbol, PrintSymbol, SymbolKind } from "../semantic/symbols";
import { CallExpression, Expression, HistogramExpression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { isAddressText } from "./address-text";
import { realtime } from "./clock";
import { histogramBytes } from "./histogram";
import { Lowering } from "./lowering";
import { lengthOf, originOf, symbolOfCall } from "./names";
import { isLiteral, literalText } from "./simple";

/** One argument of an item. */
export class Piece {
  /** The value, unless its evaluation is deferred until the record exists. */
  value: Ref = NoRef;
  place: Place | null = null;
  /** %m and %M: the value is an address. This piece, or `bytes` if it is null, gives the number of bytes to print. */
  isMemory: bool = false;
  count: Piece | null = null;
  /** A histogram: the value is the address of its buckets. */
  histogram: HistogramExpression | null = null;
  /** Where its bytes come from. */
  origin: Origin = Origin.Machine;
  /** What its text is made of. */
  show: Show = Show.Value;
  constructor(
    public expression: Expression | null,
    public type: ArgumentType,
    public bytes: i32,
  ) {}

  /** Upper bound of its bytes in a record. */
  get most(): i32 {
    return this.type == ArgumentType.String ? (4 + this.bytes + 1 + 7) & ~7 : this.bytes;
  }
}

/** A format and its arguments. */
export class Item {
  format: string = "";
  pieces: Piece[] = [];
  site: i32 = 0;
  /** The function that prints it, for error reports. */
  near: string = "";

  get isFixed(): bool {
    for (let i = 0, n = this.pieces.length; i < n; ++i) {
      if (this.pieces[i].type == ArgumentType.String) return false;
    }
    return true;
  }

  get hasHistogram(): bool {
    for (let i = 0, n = this.pieces.length; i < n; ++i) {
      if (this.pieces[i].histogram !== null) return true;
    }
    return false;
  }

  /** Upper bound of the item's bytes, header included. */
  get most(): i32 {
    let bytes: i32 = RecordItem.Size;
    for (let i = 0, n = this.pieces.length; i < n; ++i) bytes += this.pieces[i].most;
    return bytes;
  }
}

/** Upper bound of the bytes that one %m or %M prints. */
export const MAX_MEMORY: i32 = 1024;

/** The items that one call prints, in order. There are none if it prints nothing. */
export function makeItems(lowering: Lowering, print: PrintSymbol): Item[] {
  const draft = new Draft(lowering.runtime);
  if (print.style == PrintStyle.Printf) {
    addDirectives(draft, print);
  } else {
    const delimiter = escapeFormat(print.format);
    for (let i = 0, n = print.values.length; i < n; ++i) {
      if (i > 0) draft.addText(delimiter);
      const value = print.values[i];
      if (value.kind == NodeKind.Histogram) addHistogram(draft, <HistogramExpression>value);
      else addValue(draft, value, value.type == Type.String ? "%s" : "%d", []);
    }
    if (print.style == PrintStyle.DelimitedLine) draft.addText("\n");
  }
  if (lowering.shared.options.stamps) stamp(lowering, draft.items);
  return draft.items;
}

/** Adds to each item when and where it was made, for outputs that tell. */
function stamp(lowering: Lowering, items: Item[]): void {
  if (items.length == 0) return;
  const time = realtime(lowering);
  const cpu = lowering.constantHelper(Helper.GetSmpProcessorId);
  for (let i = 0, n = items.length; i < n; ++i) {
    items[i].pieces.push(stampPiece(time, Show.Time));
    items[i].pieces.push(stampPiece(cpu, Show.Cpu));
  }
}

function stampPiece(value: Ref, show: Show): Piece {
  const piece = new Piece(null, ArgumentType.Long, 8);
  piece.value = value;
  piece.show = show;
  return piece;
}

/** What a stamp takes; room for it is left in every item. */
const STAMP_BYTES: i32 = 16;

/** Items under construction. A new item begins if the next directive would make the last one too long. */
class Draft {
  items: Item[] = [];
  /** Limit of bytes for the last item. */
  private most: i32 = 0;

  constructor(public runtime: Runtime) {}

  addText(text: string): void {
    if (text.length > 0) this.last(0).format += text;
  }

  /** Adds a directive and its arguments. */
  addDirective(directive: string, pieces: Piece[]): void {
    let bytes = 0;
    for (let i = 0, n = pieces.length; i < n; ++i) bytes += pieces[i].most;
    const item = this.last(bytes);
    item.format += directive;
    for (let i = 0, n = pieces.length; i < n; ++i) item.pieces.push(pieces[i]);
    this.most += bytes;
  }

  /** The last item if it has room for `bytes` more, else a new one. */
  private last(bytes: i32): Item {
    const count = this.items.length;
    if (count > 0 && this.most + bytes <= MAX_RECORD_BYTES) return this.items[count - 1];
    const item = new Item();
    this.items.push(item);
    this.most = RecordItem.Size + STAMP_BYTES;
    return item;
  }
}

/**
 * Adds a value with a directive, after the pieces for its width and precision. A literal under a plain %s becomes text.
 */
function addValue(draft: Draft, value: Expression, directive: string, pieces: Piece[]): void {
  const show = showOf(value);
  if (show != Show.Value) {
    // The addresses travel, and the text is made where it is printed.
    pieces.push(pieceOf(draft, isAddressCall(value) ? (<CallExpression>value).args[0] : value));
    pieces[pieces.length - 1].show = show;
    draft.addDirective(directive, pieces);
    return;
  }
  if (directive == "%s" && isLiteral(value)) {
    draft.addText(escapeFormat(literalText(value)));
    return;
  }
  pieces.push(pieceOf(draft, value));
  draft.addDirective(directive, pieces);
}

/** Whether a call makes a text of addresses. */
function isAddressCall(e: Expression): bool {
  if (e.kind != NodeKind.Call) return false;
  const symbol = symbolOfCall(<CallExpression>e);
  return symbol.kind == SymbolKind.Builtin && isAddressText((<BuiltinSymbol>symbol).id);
}

function pieceOf(draft: Draft, value: Expression): Piece {
  let type = ArgumentType.Long;
  let bytes: i32 = 8;
  if (value.type == Type.String) {
    const capacity = capacityFor(lengthOf(draft.runtime, value));
    const small = capacity <= SMALL_BYTES;
    type = small ? ArgumentType.FixedString : ArgumentType.String;
    bytes = small ? capacity : capacity - 1;
  }
  const piece = new Piece(value, type, bytes);
  piece.origin = originOf(value);
  return piece;
}

function addHistogram(draft: Draft, e: HistogramExpression): void {
  const piece = new Piece(e, ArgumentType.Histogram, histogramBytes(e));
  piece.histogram = e;
  // This directive cannot be written in a script.
  draft.addDirective("%H", [piece]);
}

function addDirectives(draft: Draft, print: PrintSymbol): void {
  let next = 0;
  for (let i = 0, n = print.directives.length; i < n; ++i) {
    const directive = print.directives[i];
    if (directive.conversion == Conversion.Literal) {
      draft.addText(escapeFormat(directive.text));
      continue;
    }
    const pieces: Piece[] = [];
    if (directive.widthKind == Measure.Dynamic) {
      pieces.push(new Piece(print.values[next++], ArgumentType.Long, 8));
    }
    let count: Piece | null = null;
    if (directive.precisionKind == Measure.Dynamic) {
      count = new Piece(print.values[next++], ArgumentType.Long, 8);
      pieces.push(count);
    }
    const value = print.values[next++];
    if (directive.conversion == Conversion.Memory) {
      pieces.push(memoryPiece(directive, count, value));
      draft.addDirective(directiveText(directive), pieces);
    } else {
      addValue(draft, value, directiveText(directive), pieces);
    }
  }
}

/** %m and %M: the bytes travel as a string. The precision is their number; the default is one. */
function memoryPiece(directive: Directive, count: Piece | null, address: Expression): Piece {
  let bytes = MAX_MEMORY;
  if (directive.precisionKind == Measure.Static) bytes = max(1, min(directive.precision, MAX_MEMORY));
  else if (count === null) bytes = 1;
  const piece = new Piece(address, ArgumentType.String, bytes);
  piece.isMemory = true;
  piece.count = count;
  return piece;
}

/** The directive in the syntax of the formatter. */
function directiveText(directive: Directive): string {
  let text = "%" + directive.flags;
  if (directive.widthKind == Measure.Dynamic) text += "*";
  else if (directive.widthKind == Measure.Static) text += directive.width.toString();
  if (directive.precisionKind == Measure.Dynamic) text += ".*";
  else if (directive.precisionKind == Measure.Static) text += "." + directive.precision.toString();
  return text + String.fromCharCode(directive.letter);
}
