// Items as JSON Lines (docs/json.md): one object for each print, warning and error.

import { PositionRow, ProbeRow, TableKind } from "../../format/manifest";
import { SiteKind } from "../../format/record";
import { OutBuffer } from "./buffer";
import { Histogram } from "./histogram";
import { ManifestView } from "./manifest";
import { Plan } from "./plan";
import { Tap } from "./tap";

const QUOTE: i32 = 34;
const BACKSLASH: i32 = 92;
const NO_TIME: i64 = -1;
const VALUES_BYTES: i32 = 1 << 20;

/** Writes JSON Lines. */
export class JsonTap extends Tap {
  private values: OutBuffer = new OutBuffer(512, VALUES_BYTES);
  /** Which of the values are stacks. */
  private stacks: OutBuffer = new OutBuffer(64, VALUES_BYTES);
  private count: i32 = 0;
  private made: i64 = NO_TIME;
  private on: i64 = NO_TIME;

  constructor(
    /** Members that each object begins with, as JSON with a comma behind each. */
    private start: usize,
    private length: i32,
  ) {
    super();
    this.takesMessages = true;
  }

  override begin(): void {
    this.values.clear();
    this.stacks.clear();
    this.count = 0;
    this.made = NO_TIME;
    this.on = NO_TIME;
  }

  override long(value: i64, isSigned: bool): void {
    this.separate();
    if (isSigned) this.values.putSigned(value);
    else this.values.putUnsigned(<u64>value);
  }

  override bytes(start: usize, length: i32): void {
    this.separate();
    putQuoted(this.values, start, length);
  }

  override stack(): void {
    if (this.stacks.length > 0) this.stacks.put(44);
    this.stacks.putSigned(this.count);
  }

  override histogram(start: usize, bytes: i32): void {
    this.separate();
    putHistogramOf(this.values, start, bytes);
  }

  override time(value: i64): void {
    this.made = value;
  }

  override cpu(value: i64): void {
    this.on = value;
  }

  override end(manifest: ManifestView, plan: Plan, text: OutBuffer, out: OutBuffer): void {
    out.put(123);
    out.putBytes(this.start, this.length);
    out.putText(typeOf(plan.kind));
    if (this.made != NO_TIME) putMember(out, "time", this.made);
    if (this.on != NO_TIME) putMember(out, "cpu", this.on);
    this.putProbe(manifest, plan, out);
    out.putText(',"text":');
    putQuoted(out, text.start, text.length);
    if (plan.kind == SiteKind.Error) putPosition(manifest, plan, out);
    out.putText(',"values":[');
    out.putBytes(this.values.start, this.values.length);
    out.put(93);
    if (this.stacks.length > 0) {
      out.putText(',"stacks":[');
      out.putBytes(this.stacks.start, this.stacks.length);
      out.put(93);
    }
    out.putText("}\n");
  }

  private separate(): void {
    if (this.count++ > 0) this.values.put(44);
  }

  private putProbe(manifest: ManifestView, plan: Plan, out: OutBuffer): void {
    const point = manifest.rowField(TableKind.Probe, plan.probe, ProbeRow.Point);
    if (manifest.stringLength(point) == 0) return;
    out.putText(',"probe":');
    putQuoted(out, manifest.stringStart(point), manifest.stringLength(point));
  }
}

function typeOf(kind: i32): string {
  if (kind == SiteKind.Error) return '"type":"error"';
  return kind == SiteKind.Warning ? '"type":"warning"' : '"type":"print"';
}

function putMember(out: OutBuffer, name: string, value: i64): void {
  out.put(44);
  out.put(QUOTE);
  out.putText(name);
  out.put(QUOTE);
  out.put(58);
  out.putSigned(value);
}

/** Where an error came about. */
function putPosition(manifest: ManifestView, plan: Plan, out: OutBuffer): void {
  if (manifest.stringLength(plan.near) > 0) {
    out.putText(',"near":');
    putQuoted(out, manifest.stringStart(plan.near), manifest.stringLength(plan.near));
  }
  if (<u32>plan.position >= <u32>manifest.positionCount) return;
  const file = manifest.positionField(plan.position, PositionRow.File);
  out.putText(',"file":');
  putQuoted(out, manifest.stringStart(file), manifest.stringLength(file));
  putMember(out, "line", <i64>manifest.positionField(plan.position, PositionRow.Line));
  putMember(out, "column", <i64>manifest.positionField(plan.position, PositionRow.Column));
}

/** A histogram's buckets that are not empty: from a value up to, but not including, another; null: without end. */
function putHistogramOf(out: OutBuffer, start: usize, bytes: i32): void {
  const view = new Histogram();
  view.read(start, bytes);
  out.putText(view.isLinear ? '{"type":"hist_linear","buckets":[' : '{"type":"hist_log","buckets":[');
  let isFirst = true;
  for (let i = 0, n = view.count; i < n; ++i) {
    if (view.bucket(i) == 0) continue;
    if (!isFirst) out.put(44);
    isFirst = false;
    out.putText('{"from":');
    if (view.hasFrom(i)) out.putSigned(view.from(i));
    else out.putText("null");
    out.putText(',"to":');
    if (view.hasTo(i)) out.putSigned(view.to(i));
    else out.putText("null");
    out.putText(',"count":');
    out.putUnsigned(view.bucket(i));
    out.put(125);
  }
  out.putText("]}");
}

/**
 * Bytes as a JSON string. Control characters are escaped, those of C1 as well. What is not UTF-8 becomes U+FFFD, one
 * for each byte.
 */
function putQuoted(out: OutBuffer, start: usize, length: i32): void {
  out.put(QUOTE);
  let from = 0;
  for (let i = 0; i < length; ) {
    const byte = <i32>load<u8>(start + <usize>i);
    const whole = byte < 0x80 ? 1 : sequenceAt(start + <usize>i, length - i);
    const code = whole == 2 ? ((byte & 31) << 6) | (<i32>load<u8>(start + <usize>i, 1) & 63) : byte;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0 && whole < 3);
    if (whole > 0 && !isControl && byte != QUOTE && byte != BACKSLASH) {
      i += whole;
      continue;
    }
    out.putBytes(start + <usize>from, i - from);
    if (whole == 0) out.putText("\\ufffd");
    else putEscaped(out, code);
    i += max(whole, 1);
    from = i;
  }
  out.putBytes(start + <usize>from, length - from);
  out.put(QUOTE);
}

function putEscaped(out: OutBuffer, byte: i32): void {
  out.put(BACKSLASH);
  if (byte == QUOTE || byte == BACKSLASH) out.put(byte);
  else if (byte == 10) out.put(110);
  else if (byte == 9) out.put(116);
  else if (byte == 13) out.put(114);
  else {
    out.putText("u00");
    out.put(48 + (byte >> 4));
    out.put(hexDigit(byte & 15));
  }
}

function hexDigit(value: i32): i32 {
  return value < 10 ? 48 + value : 87 + value;
}

/** Bytes of the UTF-8 sequence that begins here; 0: there is none. RFC 3629. */
function sequenceAt(at: usize, room: i32): i32 {
  const first = <i32>load<u8>(at);
  const bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes > room) return 0;
  for (let i = 1; i < bytes; ++i) {
    if ((load<u8>(at + <usize>i) & 0xc0) != 0x80) return 0;
  }
  const second = <i32>load<u8>(at, 1);
  // No longer form than needed, no halves of UTF-16 pairs, nothing above U+10FFFF.
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return bytes;
}
