// Writes compile requests and reads responses: the host's half of common/format/request.ts.

import {
  REQUEST_MAGIC,
  REQUEST_VERSION,
  RESPONSE_MAGIC,
  RequestEntry,
  RequestHeader,
  type RequestKind,
  type RequestTag,
  type ResponseStatus,
  type ResponseTag,
} from "../../common/format/request.ts";

/** One section of a request or a response. */
export interface Section<Tag> {
  tag: Tag;
  name: string;
  data: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A section of text. */
export function textSection<Tag>(tag: Tag, name: string, text: string): Section<Tag> {
  return { tag, name, data: encoder.encode(text) };
}

/** The request's bytes. */
export function writeRequest(sections: Section<RequestTag>[], kind: RequestKind): Uint8Array {
  const names = sections.map((section) => encoder.encode(section.name));
  let offset = RequestHeader.Directory + sections.length * RequestEntry.Size;
  const total = sections.reduce((sum, section, i) => sum + names[i].length + section.data.length, offset);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(RequestHeader.Magic, REQUEST_MAGIC, true);
  view.setUint32(RequestHeader.Version, REQUEST_VERSION, true);
  view.setUint32(RequestHeader.Status, kind, true);
  view.setUint32(RequestHeader.Count, sections.length, true);
  sections.forEach((section, i) => {
    const entry = RequestHeader.Directory + i * RequestEntry.Size;
    view.setUint32(entry + RequestEntry.Tag, section.tag, true);
    view.setUint32(entry + RequestEntry.NameOffset, offset, true);
    view.setUint32(entry + RequestEntry.NameLength, names[i].length, true);
    bytes.set(names[i], offset);
    offset += names[i].length;
    view.setUint32(entry + RequestEntry.DataOffset, offset, true);
    view.setUint32(entry + RequestEntry.DataLength, section.data.length, true);
    bytes.set(section.data, offset);
    offset += section.data.length;
  });
  return bytes;
}

/** A response's status and sections. */
export function readResponse(bytes: Uint8Array): { status: ResponseStatus; sections: Section<ResponseTag>[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(RequestHeader.Magic, true) !== RESPONSE_MAGIC) throw new Error("not a response of the compiler");
  const sections: Section<ResponseTag>[] = [];
  for (let i = 0, n = view.getUint32(RequestHeader.Count, true); i < n; ++i) {
    const entry = RequestHeader.Directory + i * RequestEntry.Size;
    const word = (field: RequestEntry) => view.getUint32(entry + field, true);
    const part = (offset: number, length: number) => bytes.slice(offset, offset + length);
    sections.push({
      tag: word(RequestEntry.Tag),
      name: decoder.decode(part(word(RequestEntry.NameOffset), word(RequestEntry.NameLength))),
      data: part(word(RequestEntry.DataOffset), word(RequestEntry.DataLength)),
    });
  }
  return { status: view.getUint32(RequestHeader.Status, true), sections };
}
