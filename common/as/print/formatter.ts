// The formatter: records of a ring and the manifest's sites → text. The agent links it, and the host runs it as a small
// Wasm module (index.ts), so a script prints the same bytes in both.
//
//   record --units--> items --plan--> directives --directive--> bytes
//
// Prints and logs go to `text`. Errors and warnings go to `messages`, a line each, in stap's format.
//
// Invariants: nothing is allocated per record (buffers grow to the size that they need and keep it). No record traps:
// if it does not match the manifest, it becomes a message, once for each kind of damage.

import { ArgumentRow, Manifest, ManifestFlags, Origin, PositionRow, Show } from "../../format/manifest";
import { ArgumentType, MAX_RECORD_BYTES, MAX_SITES, RecordFlags, RecordItem, SiteKind } from "../../format/record";
import { AddressPrinter } from "./addresses";
import { OutBuffer } from "./buffer";
import { Controls } from "./controls";
import {
  Directive,
  Flag,
  FROM_ARGUMENT,
  MAX_WIDTH,
  putBinary,
  putCharacter,
  putInteger,
  putMemory,
  putString,
} from "./directive";
import { putHistogram } from "./histogram";
import { ManifestFault, ManifestView } from "./manifest";
import { Plan, planSite } from "./plan";
import { Tap } from "./tap";
import { MAX_UNIT_BYTES, Units } from "./units";

/** What can be wrong with a record; one message each. */
export const enum Damage {
  Size = 0,
  Site = 1,
  Argument = 2,
  Units = 3,
  Long = 4,
}

/** Turns records into text. Make one per run, `open` it, then feed it. */
export class Formatter {
  private manifest: ManifestView = new ManifestView();
  private plans: Plan[] = [];
  private units: Units = new Units();
  private scratch: Directive = new Directive();
  private controls: Controls = new Controls();
  /** Text whose control characters are still to be escaped. */
  private shown: OutBuffer = new OutBuffer(512, MAX_UNIT_BYTES);
  /** Where items go instead of into the text. */
  tap: Tap | null = null;
  private item: OutBuffer = new OutBuffer(512, MAX_UNIT_BYTES);
  /** Makes texts of addresses; its source is the caller's to set. */
  readonly addresses: AddressPrinter = new AddressPrinter();
  private made: OutBuffer = new OutBuffer(512, MAX_UNIT_BYTES);
  /** Whether somebody looks at the text, and at the messages: then controls.ts decides about control characters. */
  textOnTerminal: bool = false;
  messagesOnTerminal: bool = false;
  /** The same of the item that is being printed. */
  private escapes: bool = false;
  private suppressErrors: bool = false;
  /** Bits of Damage that were reported already. */
  private reported: i32 = 0;
  /** Damaged records or units so far. */
  damaged: u32 = 0;
  // Where the item that is being printed has its next argument.
  private at: usize = 0;
  private argument: i32 = 0;
  private argumentEnd: i32 = 0;

  /** Takes the manifest, which must stay at `start` while the formatter is used. */
  open(start: usize, length: i32): ManifestFault {
    let manifest = this.manifest;
    let fault = manifest.open(start, length);
    if (fault != ManifestFault.None) return fault;
    if (<u32>manifest.siteCount > <u32>MAX_SITES) return ManifestFault.Table;
    this.suppressErrors = (manifest.headerField(Manifest.Flags) & ManifestFlags.SuppressErrors) != 0;
    this.controls.open(
      manifest.stringStart(manifest.headerField(Manifest.Controls)),
      manifest.stringLength(manifest.headerField(Manifest.Controls)),
      manifest.stringStart(manifest.headerField(Manifest.AfterEscape)),
      manifest.stringLength(manifest.headerField(Manifest.AfterEscape)),
    );
    this.plans = [];
    let directives = 0;
    for (let i = 0, n = manifest.siteCount; i < n; ++i) {
      let plan = planSite(manifest, i);
      if (plan == null) return ManifestFault.Argument;
      directives += plan.directives.length;
      if (directives > 1 << 20) return ManifestFault.Argument;
      this.plans.push(plan);
    }
    return ManifestFault.None;
  }

  /** Units whose last piece has not come. */
  get openUnits(): i32 {
    return this.units.count;
  }

  /** Formats one record of `length` bytes. */
  format(record: usize, length: i32, text: OutBuffer, messages: OutBuffer): void {
    if (length < RecordItem.Size || length > MAX_RECORD_BYTES || (length & 7) != 0) {
      this.damage(Damage.Size, messages);
      return;
    }
    let flags = <i32>load<u8>(record, RecordItem.Flags);
    let unit = load<u32>(record, RecordItem.Unit);
    if (unit == 0 && flags == 0) this.formatItems(record, length, text, messages);
    else this.formatPiece(record, length, text, messages);
  }

  /** A piece of a unit: kept until the last one comes. */
  private formatPiece(record: usize, length: i32, text: OutBuffer, messages: OutBuffer): void {
    let flags = <i32>load<u8>(record, RecordItem.Flags);
    let unit = load<u32>(record, RecordItem.Unit);
    if (flags & (RecordFlags.Torn | RecordFlags.First)) this.units.close(unit);
    if (flags & RecordFlags.Torn) return;
    if (flags & RecordFlags.First && !this.units.begin(unit)) {
      this.damage(Damage.Units, messages);
      return;
    }
    let kept = this.units.find(unit);
    if (kept == null) return; // its beginning was lost, which the lost-output counter knows
    let before = kept.length;
    this.formatItems(record, length, kept, messages);
    this.units.grown(kept.length - before);
    if (flags & RecordFlags.More) return;
    if (kept.overflowed) this.damage(Damage.Long, messages);
    text.putBytes(kept.start, kept.length);
    this.units.close(unit);
  }

  private formatItems(record: usize, length: i32, text: OutBuffer, messages: OutBuffer): void {
    let end = record + <usize>length;
    let start = text.length;
    while (record < end) {
      let bytes = this.formatItem(record, <i32>(end - record), text, messages);
      if (text.length - start > MAX_UNIT_BYTES) {
        this.damage(Damage.Long, messages);
        return;
      }
      if (bytes == 0) return;
      record += <usize>bytes;
    }
  }

  /** Formats the item at `item`; returns its size, 0 if it is damaged, which was reported. */
  private formatItem(item: usize, room: i32, text: OutBuffer, messages: OutBuffer): i32 {
    if (room < RecordItem.Size) {
      this.damage(Damage.Size, messages);
      return 0;
    }
    let site = <i32>load<u16>(item, RecordItem.Site);
    if (site >= this.plans.length) {
      this.damage(Damage.Site, messages);
      return 0;
    }
    let plan = unchecked(this.plans[site]);
    let bytes = plan.itemBytes != 0 ? plan.itemBytes : this.measure(plan, item, room);
    if (bytes == 0 || bytes > room) {
      this.damage(Damage.Argument, messages);
      return 0;
    }
    this.at = item + RecordItem.Size;
    this.argument = plan.firstArgument;
    this.argumentEnd = plan.firstArgument + plan.argumentCount;
    this.printItem(plan, text, messages);
    return bytes;
  }

  /** Bytes of the item at `item`, whose arguments vary in size; 0 if it does not fit `room`. */
  private measure(plan: Plan, item: usize, room: i32): i32 {
    let bytes: i32 = RecordItem.Size;
    for (let i = plan.firstArgument, end = i + plan.argumentCount; i < end; ++i) {
      if (bytes + 8 > room) return 0;
      let type = this.manifest.argumentField(i, ArgumentRow.Type);
      if (type == ArgumentType.Long) {
        bytes += 8;
      } else if (type == ArgumentType.FixedString || type == ArgumentType.Histogram) {
        bytes += this.manifest.argumentField(i, ArgumentRow.Bytes);
      } else {
        let length = load<u32>(item + <usize>bytes);
        if (length > <u32>room) return 0;
        bytes += (4 + <i32>length + 7) & ~7;
      }
      if (bytes > room) return 0;
    }
    return bytes;
  }

  private printItem(plan: Plan, text: OutBuffer, messages: OutBuffer): void {
    const isMessage = plan.kind == SiteKind.Warning || plan.kind == SiteKind.Error;
    const tap = this.tap;
    if (tap === null || plan.kind == SiteKind.Exit || (isMessage && !tap.takesMessages)) {
      this.printPlain(plan, text, messages);
      return;
    }
    const start = this.at;
    this.printTapped(tap, plan, text);
    if (!isMessage) return;
    // Its arguments are read once more, for the message.
    this.at = start;
    this.argument = plan.firstArgument;
    this.tap = null;
    this.printPlain(plan, text, messages);
    this.tap = tap;
  }

  /** Gives one item to the tap. */
  private printTapped(tap: Tap, plan: Plan, text: OutBuffer): void {
    if (plan.kind == SiteKind.Error && this.suppressErrors) return;
    const item = this.item;
    item.clear();
    this.escapes = this.textOnTerminal && !tap.takesMessages;
    tap.begin();
    this.print(plan, item);
    if (plan.kind == SiteKind.Log) item.put(10);
    for (; this.argument < this.argumentEnd; ) {
      const show = <Show>this.manifest.argumentField(this.argument, ArgumentRow.Show);
      if (show < Show.Time || this.manifest.argumentField(this.argument, ArgumentRow.Type) != ArgumentType.Long) break;
      const value = this.takeLong();
      if (show == Show.Time) tap.time(value);
      else tap.cpu(value);
    }
    tap.end(this.manifest, plan, item, text);
  }

  private printPlain(plan: Plan, text: OutBuffer, messages: OutBuffer): void {
    let isMessage = plan.kind == SiteKind.Warning || plan.kind == SiteKind.Error;
    this.escapes = isMessage ? this.messagesOnTerminal : this.textOnTerminal;
    switch (plan.kind) {
      case SiteKind.Print:
        this.print(plan, text);
        return;
      case SiteKind.Log:
        this.print(plan, text);
        text.put(10);
        return;
      case SiteKind.Warning: {
        messages.putText("WARNING: ");
        let from = messages.length;
        this.print(plan, messages);
        messages.endLine(from);
        return;
      }
      case SiteKind.Error:
        if (!this.suppressErrors) this.printError(plan, messages);
        return;
      default:
        return;
    }
  }

  /** "ERROR: division by 0 near operator '/' at x.stp:3:7" */
  private printError(plan: Plan, messages: OutBuffer): void {
    messages.putText("ERROR: ");
    let from = messages.length;
    this.print(plan, messages);
    let manifest = this.manifest;
    let near = manifest.stringLength(plan.near);
    if (near > 0) {
      messages.putText(" near ");
      messages.putBytes(manifest.stringStart(plan.near), near);
      if (<u32>plan.position < <u32>manifest.positionCount) {
        messages.putText(" at ");
        let file = manifest.positionField(plan.position, PositionRow.File);
        messages.putBytes(manifest.stringStart(file), manifest.stringLength(file));
        messages.put(58);
        messages.putUnsigned(<u64>(<u32>manifest.positionField(plan.position, PositionRow.Line)));
        messages.put(58);
        messages.putUnsigned(<u64>(<u32>manifest.positionField(plan.position, PositionRow.Column)));
      }
    }
    messages.endLine(from);
  }

  private print(plan: Plan, out: OutBuffer): void {
    let directives = plan.directives;
    for (let i = 0, n = directives.length; i < n; ++i) {
      let directive = unchecked(directives[i]);
      if (directive.conversion == 0) out.putBytes(directive.text, directive.length);
      else this.printArgument(directive, out);
    }
  }

  private printArgument(directive: Directive, out: OutBuffer): void {
    if (directive.width == FROM_ARGUMENT || directive.precision == FROM_ARGUMENT) directive = this.settle(directive);
    if (this.argument >= this.argumentEnd) {
      out.putText("<no argument>");
      return;
    }
    let argument = this.argument;
    let type = this.manifest.argumentField(argument, ArgumentRow.Type);
    if (!this.escapes || !showsBytes(directive, type)) {
      this.printValue(directive, type, out);
      return;
    }
    let shown = this.shown;
    shown.clear();
    this.printValue(directive, type, shown);
    let isOfMachine = this.manifest.argumentField(argument, ArgumentRow.Origin) != Origin.Script;
    this.controls.put(out, shown.start, shown.length, isOfMachine);
  }

  private printValue(directive: Directive, type: i32, out: OutBuffer): void {
    const show = <Show>this.manifest.argumentField(this.argument, ArgumentRow.Show);
    if (show != Show.Value) this.printAddresses(directive, type, show, out);
    else if (type == ArgumentType.Long) {
      const value = this.takeLong();
      const tap = this.tap;
      if (tap !== null) tap.long(value, directive.conversion == 100 || directive.conversion == 99);
      this.printLong(directive, value, out);
    } else if (type == ArgumentType.Histogram) this.printHistogram(out);
    else this.printBytes(directive, type, out);
  }

  /** A text made of addresses: made aside, then printed as a string. */
  private printAddresses(directive: Directive, type: i32, show: Show, out: OutBuffer): void {
    let made = this.made;
    made.clear();
    if (type == ArgumentType.Long) {
      this.addresses.putAddress(made, show, <u64>this.takeLong());
    } else {
      this.takeBytes(type, false);
      this.addresses.putStack(made, show, this.start, this.length);
    }
    const tap = this.tap;
    if (tap !== null) {
      if (type != ArgumentType.Long) tap.stack();
      tap.bytes(made.start, made.length);
    }
    if (directive.plain || directive.conversion != 115) out.putBytes(made.start, made.length);
    else putString(out, made.start, made.length, directive);
  }

  // The bytes that takeBytes has found.
  private start: usize = 0;
  private length: i32 = 0;

  /** Takes the next argument, which is a string; `isWhole`: its field to the end. */
  private takeBytes(type: i32, isWhole: bool): void {
    this.start = this.at;
    if (type == ArgumentType.String) {
      this.length = load<i32>(this.start);
      this.start += 4;
      this.at += <usize>((4 + this.length + 7) & ~7);
    } else {
      let room = this.manifest.argumentField(this.argument, ArgumentRow.Bytes);
      this.at += <usize>room;
      this.length = isWhole ? room : lengthOf(this.start, room);
    }
    this.argument++;
  }

  private printBytes(directive: Directive, type: i32, out: OutBuffer): void {
    this.takeBytes(type, directive.conversion == 77 || directive.conversion == 109);
    let start = this.start;
    let length = this.length;
    const tap = this.tap;
    if (tap !== null) tap.bytes(start, length);
    if (directive.conversion == 77 || directive.conversion == 109) putMemory(out, start, length, directive);
    else if (directive.plain) out.putBytes(start, length);
    else putString(out, start, length, directive);
  }

  private printHistogram(out: OutBuffer): void {
    let bytes = this.manifest.argumentField(this.argument, ArgumentRow.Bytes);
    const tap = this.tap;
    if (tap !== null) tap.histogram(this.at, bytes);
    putHistogram(out, this.at, bytes);
    this.at += <usize>bytes;
    this.argument++;
  }

  private printLong(directive: Directive, value: i64, out: OutBuffer): void {
    switch (directive.conversion) {
      case 99:
        putCharacter(out, value, directive);
        break;
      case 98:
        putBinary(out, value, directive);
        break;
      case 120:
      case 88:
      case 111:
        putInteger(out, value, directive);
        break;
      case 117:
        if (directive.plain) out.putUnsigned(<u64>value);
        else putInteger(out, value, directive);
        break;
      case 100:
        if (directive.plain) out.putSigned(value);
        else putInteger(out, value, directive);
        break;
      default:
        // %s, %m or %M of a number cannot come from the compiler; the number is the best there is to say.
        out.putSigned(value);
    }
  }

  /** Takes the next argument, which is a Long. */
  private takeLong(): i64 {
    let value = load<i64>(this.at);
    this.at += 8;
    this.argument++;
    return value;
  }

  /** A directive whose `*`s are replaced by arguments. */
  private settle(directive: Directive): Directive {
    let settled = this.scratch;
    settled.conversion = directive.conversion;
    settled.flags = directive.flags;
    settled.width = directive.width;
    settled.precision = directive.precision;
    settled.plain = false;
    if (directive.width == FROM_ARGUMENT) {
      let width = this.takeCount();
      if (width < 0) settled.flags |= Flag.Left;
      settled.width = <i32>min<i64>(width < 0 ? -(<i64>width) : <i64>width, MAX_WIDTH);
    }
    if (directive.precision == FROM_ARGUMENT) settled.precision = min(max(this.takeCount(), 0), MAX_WIDTH);
    return settled;
  }

  private takeCount(): i32 {
    if (this.argument >= this.argumentEnd) return 0;
    if (this.manifest.argumentField(this.argument, ArgumentRow.Type) != ArgumentType.Long) return 0;
    return <i32>this.takeLong();
  }

  private damage(kind: Damage, messages: OutBuffer): void {
    this.damaged++;
    if (this.reported & (1 << kind)) return;
    this.reported |= 1 << kind;
    messages.putText("ERROR: ");
    messages.putText(damageText(kind));
    messages.put(10);
  }
}

function damageText(kind: Damage): string {
  switch (kind) {
    case Damage.Size:
      return "damaged output: a record of impossible size";
    case Damage.Site:
      return "damaged output: a record of no print of this script";
    case Damage.Argument:
      return "damaged output: a record shorter than its arguments";
    case Damage.Units:
      return "damaged output: too many unfinished units";
    default:
      return "a probe handler printed more than 1 MiB at once; the rest is cut off";
  }
}

/** Bytes before the first NUL, at most `room`. */
function lengthOf(start: usize, room: i32): i32 {
  let length = 0;
  while (length < room && load<u8>(start + <usize>length) != 0) length++;
  return length;
}

/** Whether a directive shows the bytes of its argument, rather than digits or a drawing. */
function showsBytes(directive: Directive, type: i32): bool {
  if (type == ArgumentType.Histogram || directive.conversion == 77) return false;
  return type != ArgumentType.Long || directive.conversion == 99 || directive.conversion == 98;
}
