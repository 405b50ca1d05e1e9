// Formats that are parsed once, when the manifest is opened, so that a record needs no parsing: one Plan for each site.
// The compiler has checked formats against arguments. But a manifest may come from anywhere, so text that is not a
// valid directive is printed as it is.

import { ArgumentRow, Show, SiteRow, SiteStyle } from "../../format/manifest";
import { ArgumentType, HistogramArgument, RecordItem } from "../../format/record";
import { Directive, Flag, FROM_ARGUMENT, MAX_WIDTH, UNSET } from "./directive";
import { ManifestView } from "./manifest";

/** No item of a record is longer than this; records are shorter still. */
const MAX_ITEM_BYTES: u64 = 65536;

/** How to print one site. */
export class Plan {
  directives: Directive[] = [];
  kind: i32 = 0;
  position: i32 = 0;
  probe: i32 = 0;
  near: i32 = 0;
  firstArgument: i32 = 0;
  argumentCount: i32 = 0;
  /** Bytes of an item if they are always the same, else 0. */
  itemBytes: i32 = 0;
}

/** Makes the plan of one site; null if its arguments make no sense. */
export function planSite(manifest: ManifestView, site: i32): Plan | null {
  let plan = new Plan();
  plan.kind = manifest.siteField(site, SiteRow.Kind);
  plan.position = manifest.siteField(site, SiteRow.Position);
  plan.probe = manifest.siteField(site, SiteRow.Probe);
  plan.near = manifest.siteField(site, SiteRow.Near);
  plan.firstArgument = manifest.siteField(site, SiteRow.FirstArgument);
  plan.argumentCount = manifest.siteField(site, SiteRow.ArgumentCount);
  if (!checkArguments(manifest, plan)) return null;
  let style = manifest.siteField(site, SiteRow.Style);
  let format = manifest.siteField(site, SiteRow.Format);
  if (style == SiteStyle.Printf) planFormat(plan, manifest.stringStart(format), manifest.stringLength(format));
  else planList(manifest, plan, style, format);
  return plan;
}

/** Checks that the arguments lie in their table and can lie in a record; computes the size if it is constant. */
function checkArguments(manifest: ManifestView, plan: Plan): bool {
  if (plan.argumentCount == 0) {
    plan.itemBytes = RecordItem.Size;
    return true;
  }
  let end = <u64>(<u32>plan.firstArgument) + <u64>(<u32>plan.argumentCount);
  if (end > <u64>(<u32>manifest.argumentCount)) return false;
  let bytes: u64 = RecordItem.Size;
  let constant = true;
  for (let i = 0; i < plan.argumentCount; ++i) {
    let type = manifest.argumentField(plan.firstArgument + i, ArgumentRow.Type);
    let size = manifest.argumentField(plan.firstArgument + i, ArgumentRow.Bytes);
    if (!isShow(manifest.argumentField(plan.firstArgument + i, ArgumentRow.Show), type)) return false;
    if (type == ArgumentType.Long) bytes += 8;
    else if (type == ArgumentType.FixedString && size > 0 && (size & 7) == 0) bytes += <u64>size;
    else if (type == ArgumentType.String && size >= 0) {
      constant = false;
      bytes += 8;
    } else if (type == ArgumentType.Histogram && size > HistogramArgument.Buckets && (size & 7) == 0) {
      bytes += <u64>size;
    } else return false;
    if (bytes > MAX_ITEM_BYTES) return false;
  }
  plan.itemBytes = constant ? <i32>bytes : 0;
  return true;
}

/** Whether an argument of a type can be shown so: a histogram is no address. */
function isShow(show: i32, type: i32): bool {
  if (show == Show.Value) return true;
  return show > 0 && show < Show.Size && type != ArgumentType.Histogram;
}

function addLiteral(plan: Plan, text: usize, length: i32): void {
  if (length <= 0) return;
  let directive = new Directive();
  directive.text = text;
  directive.length = length;
  plan.directives.push(directive);
}

/** print, println, printd, printdln: the arguments one after the other, the delimiter between them. */
function planList(manifest: ManifestView, plan: Plan, style: i32, delimiter: i32): void {
  for (let i = 0; i < plan.argumentCount; ++i) {
    if (i > 0 && style != SiteStyle.Plain) {
      addLiteral(plan, manifest.stringStart(delimiter), manifest.stringLength(delimiter));
    }
    let type = manifest.argumentField(plan.firstArgument + i, ArgumentRow.Type);
    let directive = new Directive();
    directive.conversion = type == ArgumentType.Long ? 100 : 115;
    directive.plain = true;
    plan.directives.push(directive);
  }
  if (style == SiteStyle.DelimitedLine) addLiteral(plan, memory.data<u8>([10]), 1);
}

/** printf: literal text and directives, in order. */
function planFormat(plan: Plan, text: usize, length: i32): void {
  let literal = 0;
  let at = 0;
  while (at < length) {
    if (load<u8>(text + <usize>at) != 37) {
      at++;
      continue;
    }
    let directive = new Directive();
    let end = readDirective(directive, text, at + 1, length);
    if (end == 0) {
      at++;
      continue;
    }
    addLiteral(plan, text + <usize>literal, at - literal);
    if (directive.conversion == 37) addLiteral(plan, text + <usize>at, 1);
    else plan.directives.push(directive);
    at = end;
    literal = at;
  }
  addLiteral(plan, text + <usize>literal, length - literal);
}

/** Reads what follows a `%` at `at`; returns the index after it, or 0 if it is not a directive. */
function readDirective(directive: Directive, text: usize, at: i32, length: i32): i32 {
  let begin = at;
  while (at < length) {
    let flag = flagOf(<i32>load<u8>(text + <usize>at));
    if (flag == 0) break;
    directive.flags |= flag;
    at++;
  }
  at = readCount(text, at, length);
  directive.width = count;
  if (at < length && load<u8>(text + <usize>at) == 46) {
    at = readCount(text, at + 1, length);
    directive.precision = count == UNSET ? 0 : count;
  }
  if (at >= length) return 0;
  directive.plain = at == begin;
  let conversion = <i32>load<u8>(text + <usize>at);
  if (conversion == 105) conversion = 100; // %i
  if (conversion == 112) {
    conversion = 120; // %p
    directive.flags |= Flag.Alternate;
    directive.plain = false;
  }
  directive.conversion = conversion;
  return isConversion(conversion) ? at + 1 : 0;
}

function flagOf(byte: i32): i32 {
  switch (byte) {
    case 45:
      return Flag.Left;
    case 43:
      return Flag.Plus;
    case 32:
      return Flag.Space;
    case 48:
      return Flag.Zero;
    case 35:
      return Flag.Alternate;
    default:
      return 0;
  }
}

function isConversion(byte: i32): bool {
  switch (byte) {
    case 37: // %
    case 72: // H, of histograms: only the compiler writes it
    case 77: // M
    case 88: // X
    case 98: // b
    case 99: // c
    case 100: // d
    case 109: // m
    case 111: // o
    case 115: // s
    case 117: // u
    case 120: // x
      return true;
    default:
      return false;
  }
}

/** The number that readCount found: UNSET, FROM_ARGUMENT, or at most MAX_WIDTH. */
let count: i32 = UNSET;

/** Reads a width or precision at `at` into `count`; returns the index after it. */
function readCount(text: usize, at: i32, length: i32): i32 {
  count = UNSET;
  if (at < length && load<u8>(text + <usize>at) == 42) {
    count = FROM_ARGUMENT;
    return at + 1;
  }
  while (at < length) {
    let digit = <i32>load<u8>(text + <usize>at) - 48;
    if (digit < 0 || digit > 9) break;
    count = (count == UNSET ? 0 : count) * 10 + digit;
    if (count > MAX_WIDTH) count = MAX_WIDTH;
    at++;
  }
  return at;
}
