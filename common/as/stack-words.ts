// A stack as a string without NUL bytes: eight bytes for each address. Strings may be keys and values of arrays, so a
// stack is one, too. An address of the kernel is the sign extension of its lower 56 bits; they are spread over eight
// bytes, seven bits each, the lowest first, and the highest bit of each byte is set.

/** The bytes of an address as a little-endian number. */
export function packAddress(address: u64): u64 {
  let bits = address & 0x00ffffffffffffff;
  bits = (bits & 0x000000000fffffff) | ((bits & 0x00fffffff0000000) << 4);
  bits = (bits & 0x00003fff00003fff) | ((bits & 0x0fffc0000fffc000) << 2);
  bits = (bits & 0x007f007f007f007f) | ((bits & 0x3f803f803f803f80) << 1);
  return bits | 0x8080808080808080;
}

/** The address of eight bytes. */
export function unpackAddress(word: u64): u64 {
  let bits = word & 0x7f7f7f7f7f7f7f7f;
  bits = (bits & 0x007f007f007f007f) | ((bits & 0x7f007f007f007f00) >> 1);
  bits = (bits & 0x00003fff00003fff) | ((bits & 0x3fff00003fff0000) >> 2);
  bits = (bits & 0x000000000fffffff) | ((bits & 0x0fffffff00000000) >> 4);
  return <u64>(<i64>(bits << 8) >> 8);
}
