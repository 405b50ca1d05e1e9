// The compiler's boundary: reads a request, writes a response (layout: common/format/request.ts).
//
// A request comes from our own host code, but a damaged one must not trap: what does not fit is reported as malformed.

import { ByteWriter } from "../common/as/byte-writer";
import {
  REQUEST_MAGIC,
  REQUEST_VERSION,
  RESPONSE_MAGIC,
  RequestEntry,
  RequestHeader,
  RequestKind,
  RequestTag,
  ResponseStatus,
  ResponseTag,
} from "../common/format/request";
import { byteString, bytesOf } from "./source/source";

/** One section of a request. */
export class RequestSection {
  constructor(
    public tag: RequestTag,
    /** A byte string. */
    public name: string,
    public data: Uint8Array,
  ) {}

  /** The data as a byte string. */
  get text(): string {
    return byteString(this.data);
  }
}

/** The sections of a request, in their order. */
export class Request {
  sections: RequestSection[] = [];
  kind: RequestKind = RequestKind.Whole;

  /** Parses a request; null if it is malformed. */
  static read(bytes: Uint8Array): Request | null {
    const length = <u32>bytes.length;
    const start = bytes.dataStart;
    if (length < <u32>RequestHeader.Directory) return null;
    if (load<i32>(start, RequestHeader.Magic) != REQUEST_MAGIC) return null;
    if (load<i32>(start, RequestHeader.Version) != REQUEST_VERSION) return null;
    const count = load<u32>(start, RequestHeader.Count);
    if (count > (length - RequestHeader.Directory) / RequestEntry.Size) return null;
    const request = new Request();
    request.kind = <RequestKind>load<i32>(start, RequestHeader.Status);
    for (let i: u32 = 0; i < count; ++i) {
      const entry = start + RequestHeader.Directory + <usize>(i * RequestEntry.Size);
      const name = range(bytes, load<u32>(entry, RequestEntry.NameOffset), load<u32>(entry, RequestEntry.NameLength));
      const data = range(bytes, load<u32>(entry, RequestEntry.DataOffset), load<u32>(entry, RequestEntry.DataLength));
      if (name === null || data === null) return null;
      const tag = <RequestTag>load<i32>(entry, RequestEntry.Tag);
      request.sections.push(new RequestSection(tag, byteString(name), data));
    }
    return request;
  }

  /** The first section of a tag, or null. */
  find(tag: RequestTag): RequestSection | null {
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      if (this.sections[i].tag == tag) return this.sections[i];
    }
    return null;
  }

  /** All sections of a tag, in order. */
  all(tag: RequestTag): RequestSection[] {
    const found: RequestSection[] = [];
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      if (this.sections[i].tag == tag) found.push(this.sections[i]);
    }
    return found;
  }

  /** The value of an option, or `otherwise`. */
  option(name: string, otherwise: string = ""): string {
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      if (section.tag == RequestTag.Option && section.name == name) return section.text;
    }
    return otherwise;
  }

  /** All values of a repeatable option. */
  options(name: string): string[] {
    const found: string[] = [];
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      if (section.tag == RequestTag.Option && section.name == name) found.push(section.text);
    }
    return found;
  }

  /** Whether a flag option is given with anything but "0". */
  flag(name: string): bool {
    const value = this.option(name, "0");
    return value != "0";
  }
}

function range(bytes: Uint8Array, offset: u32, length: u32): Uint8Array | null {
  const all = <u32>bytes.length;
  if (offset > all || length > all - offset) return null;
  return Uint8Array.wrap(bytes.buffer, bytes.byteOffset + <i32>offset, <i32>length);
}

class ResponseSection {
  constructor(
    public tag: ResponseTag,
    public name: Uint8Array,
    public data: Uint8Array,
  ) {}
}

/** A response under construction. */
export class Response {
  status: ResponseStatus = ResponseStatus.Done;
  private sections: ResponseSection[] = [];

  add(tag: ResponseTag, name: string, data: Uint8Array): void {
    this.sections.push(new ResponseSection(tag, bytesOf(name), data));
  }

  /** Adds a byte string. */
  addText(tag: ResponseTag, name: string, text: string): void {
    this.add(tag, name, bytesOf(text));
  }

  /** Adds display text (JavaScript characters) as UTF-8. */
  addDisplay(tag: ResponseTag, name: string, text: string): void {
    this.add(tag, name, Uint8Array.wrap(String.UTF8.encode(text)));
  }

  private bytes(): i32 {
    let bytes: i32 = RequestHeader.Directory;
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      bytes += RequestEntry.Size + this.sections[i].name.length + this.sections[i].data.length;
    }
    return bytes;
  }

  /** The response's bytes. */
  write(): Uint8Array {
    const count = this.sections.length;
    const out = new ByteWriter(this.bytes());
    out.u32(RESPONSE_MAGIC);
    out.u32(REQUEST_VERSION);
    out.u32(this.status);
    out.u32(count);
    let offset = RequestHeader.Directory + count * RequestEntry.Size;
    for (let i = 0; i < count; ++i) {
      const section = this.sections[i];
      out.u32(section.tag);
      out.u32(offset);
      out.u32(section.name.length);
      out.u32(offset + section.name.length);
      out.u32(section.data.length);
      offset += section.name.length + section.data.length;
    }
    for (let i = 0; i < count; ++i) {
      out.appendArray(this.sections[i].name);
      out.appendArray(this.sections[i].data);
    }
    return out.toArray();
  }
}
