// Protobuf for pprof and Perfetto, by pbf; what is added are varints of 64 bits, which times need.

import { PbfWriter } from "pbf";

export type Message = PbfWriter;

/** Writes a u64 or i64 field. */
export function writeLong(message: Message, field: number, value: bigint): void {
  message.writeTag(field, 0);
  let high = Number((value >> 32n) & 0xffffffffn);
  let low = Number(value & 0xffffffffn);
  message.realloc(10);
  const { buf } = message;
  while (high > 0 || low > 0x7f) {
    buf[message.pos++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  buf[message.pos++] = low;
}

/** A message of its own. */
export function newMessage(): Message {
  return new PbfWriter();
}
