// Control characters on a terminal. Bytes of the traced machine may be anything, and could move the cursor or make the
// terminal do things, so they are shown as \x1b and the like. What the script itself writes passes, so that a script
// may draw:
//
//   literal text of a format                         passes; it never comes here
//   an argument that the compiler calls the script's  passes as far as the script's literals hold such characters: the
//                                                    remote that sends the argument may lie
//   an argument of the machine                       is escaped, all of it
//
// Newlines and tabs pass always: scripts collect lines in strings. Unicode's characters for the direction of text
// (Bidi_Control) count as controls of the machine, because they make text look like another.

import { OutBuffer } from "./buffer";
import { hexDigit } from "./directive";

const ESC: i32 = 0x1b;
const NEWLINE: i32 = 10;
const TAB: i32 = 9;
const DEL: i32 = 0x7f;

/** Decides about the control characters of arguments. */
export class Controls {
  /** The control characters in the script's literals: C0, DEL, and U+0080 to U+009F by their last byte. */
  private permitted: StaticArray<bool> = new StaticArray<bool>(256);
  /** What may follow an ESC. */
  private following: StaticArray<bool> = new StaticArray<bool>(256);

  /** Takes the manifest's two sets. */
  open(controls: usize, controlBytes: i32, following: usize, followingBytes: i32): void {
    this.permitted.fill(false);
    this.following.fill(false);
    for (let i = 0; i < controlBytes; ++i) this.permitted[<i32>load<u8>(controls + <usize>i)] = true;
    for (let i = 0; i < followingBytes; ++i) this.following[<i32>load<u8>(following + <usize>i)] = true;
    this.permitted[0] = true; // `%0s` appends one, and terminals ignore it
  }

  /** Appends text: from the machine, or the script's own. */
  put(out: OutBuffer, text: usize, length: i32, isOfMachine: bool): void {
    let kept = 0;
    let at = 0;
    while (at < length) {
      let byte = <i32>load<u8>(text + <usize>at);
      let bytes = byte < 0x80 ? 1 : characterBytes(text + <usize>at, length - at);
      if (this.passes(text + <usize>at, length - at, bytes, isOfMachine)) {
        at += max(1, bytes);
        continue;
      }
      out.putBytes(text + <usize>kept, at - kept);
      bytes = max(1, bytes);
      for (let i = 0; i < bytes; ++i) putHex(out, <i32>load<u8>(text + <usize>(at + i)));
      at += bytes;
      kept = at;
    }
    out.putBytes(text + <usize>kept, length - kept);
  }

  /** Whether the character at `at` passes: `bytes` of the `left` bytes there, 0 if it is not UTF-8. */
  private passes(at: usize, left: i32, bytes: i32, isOfMachine: bool): bool {
    let byte = <i32>load<u8>(at);
    if (bytes == 1) {
      if ((byte >= 0x20 && byte != DEL) || byte == NEWLINE || byte == TAB) return true;
      if (isOfMachine || !this.permitted[byte]) return false;
      if (byte != ESC || this.following[ESC]) return true;
      return left > 1 && this.following[<i32>load<u8>(at + 1)];
    }
    // 0x80 to 0x9f alone are controls to a terminal that does not expect UTF-8.
    if (bytes == 0) return !isOfMachine && byte >= 0xa0;
    let last = <i32>load<u8>(at + <usize>(bytes - 1));
    if (bytes == 2 && byte == 0xc2 && last < 0xa0) return !isOfMachine && this.permitted[last];
    return !isOfMachine || !changesDirection(at, bytes);
  }
}

/** Bytes of the UTF-8 character at `at`, whose first byte is not ASCII; 0 if the `left` bytes there begin with none. */
function characterBytes(at: usize, left: i32): i32 {
  let first = <i32>load<u8>(at);
  let bytes =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (bytes == 0 || bytes > left) return 0;
  let second = <i32>load<u8>(at + 1);
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second >= 0xa0) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second >= 0x90) return 0;
  for (let i = 1; i < bytes; ++i) {
    if ((load<u8>(at + <usize>i) & 0xc0) != 0x80) return 0;
  }
  return bytes;
}

/** U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; and U+2028, U+2029, which end a line. */
function changesDirection(text: usize, bytes: i32): bool {
  let first = <i32>load<u8>(text);
  let second = <i32>load<u8>(text + 1);
  if (bytes == 2) return first == 0xd8 && second == 0x9c;
  if (bytes != 3 || first != 0xe2) return false;
  let third = <i32>load<u8>(text + 2);
  if (second == 0x80) return third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae);
  return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

function putHex(out: OutBuffer, byte: i32): void {
  out.put(92);
  out.put(120);
  out.put(hexDigit(byte >> 4));
  out.put(hexDigit(byte & 15));
}
