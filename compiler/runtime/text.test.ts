// Texts that are put together piece by piece: random sequences of pieces, each with random values, in places of all
// sizes. What exceeds the limit is cut.

import { NoRef } from "../ir/function";
import { Spec, SpecField } from "./digits";
import { Base, capacityFor, Place, SMALL_BYTES } from "./place";
import { Random } from "./testing/random";
import { Rig, readText } from "./testing/rig";
import { Text } from "./text";

const DECIMAL: i64 = Spec.Signed | (10 << SpecField.Base);
/** Places with strings, by their capacities; the last is as long as strings may get. */
const CAPACITIES: StaticArray<i32> = [8, 24, 0];
/** Characters of a padded number. */
const WIDTH: i32 = 8;
const MOST_PIECES: i32 = 6;

const enum PieceKind {
  Literal,
  /** A string of a place, or its beginning. */
  String,
  Long,
  Padded,
  Bytes,
  Count,
}

class Piece {
  kind: PieceKind;
  text: string = "";
  /** Of a string: which of them. */
  source: i32;
  /** Bytes, or most bytes of a string. */
  most: i32;

  constructor(random: Random, longest: i32) {
    this.kind = random.below(PieceKind.Count);
    this.text = random.text(random.below(4) == 0 ? longest + 20 : 12);
    this.source = random.below(CAPACITIES.length);
    this.most = random.below(2) == 0 ? 100000 : random.below(longest);
    if (this.kind == PieceKind.Bytes) this.most = 1 << random.below(4);
  }

  expected(strings: string[], value: i64): string {
    switch (this.kind) {
      case PieceKind.Literal:
        return this.text;
      case PieceKind.String:
        return strings[this.source].substring(0, this.most);
      case PieceKind.Long:
        return value.toString();
      case PieceKind.Padded: {
        const digits = value.toString();
        return " ".repeat(max(0, WIDTH - digits.length)) + digits;
      }
      default: {
        let bytes = "";
        for (let k = 0; k < this.most; ++k) bytes += String.fromCharCode(<i32>(value >> (8 * k)) & 255);
        return bytes;
      }
    }
  }
}

/** A value of which no byte is zero: a text with NUL in it cannot be read back. */
function valueOf(random: Random): i64 {
  const value = random.long();
  for (let k = 0; k < 8; ++k)
    if (((value >> (8 * k)) & 255) == 0) return (<i64>random.below(2) - 1) | 0x0101010101010101;
  return value;
}

/** Some texts in one rig. */
class Texts {
  private rig: Rig;
  private sources: Place[] = [];
  private targets: Place[] = [];
  private pieces: Piece[][] = [];
  private functions: i32[] = [];

  constructor(
    maxStringLength: i32,
    private random: Random,
  ) {
    const rig = new Rig(maxStringLength);
    this.rig = rig;
    const longest = rig.runtime.maxLength;
    for (let i = 0; i < CAPACITIES.length; ++i) {
      const capacity = CAPACITIES[i] > 0 ? CAPACITIES[i] : capacityFor(longest);
      this.sources.push(new Place(Base.Frame, NoRef, rig.reserve(capacity), capacity));
    }
    for (let i = 0; i < 20; ++i) {
      const capacity = i % 4 == 0 ? 16 : i % 4 == 1 ? SMALL_BYTES : capacityFor(longest);
      this.targets.push(new Place(Base.Frame, NoRef, rig.reserve(capacity), capacity));
      const pieces: Piece[] = [];
      for (let k = random.below(MOST_PIECES + 1); k > 0; --k) pieces.push(new Piece(random, longest));
      this.pieces.push(pieces);
      this.functions.push(this.make(`text${i}`, this.targets[i], pieces));
    }
    rig.build();
  }

  /** (frame, value) -> 0: puts a text together. */
  private make(name: string, place: Place, pieces: Piece[]): i32 {
    const frame = this.rig.begin(name, 2);
    const b = frame.b;
    const value = b.parameter(1);
    const text = new Text(frame, place);
    for (let k = 0; k < pieces.length; ++k) {
      const piece = pieces[k];
      if (piece.kind == PieceKind.Literal) text.putLiteral(piece.text);
      else if (piece.kind == PieceKind.String) text.putString(this.sources[piece.source], piece.most);
      else if (piece.kind == PieceKind.Long) text.putLong(value, DECIMAL);
      else if (piece.kind == PieceKind.Bytes) text.putBytes(value, piece.most);
      else text.putFormattedLong(value, b.constant(DECIMAL | (WIDTH << SpecField.Width)));
    }
    text.finish();
    b.ret(b.constant(0));
    return b.fn.index;
  }

  run(): void {
    const rig = this.rig;
    for (let round = 0; round < 300; ++round) {
      const i = round % this.functions.length;
      const place = this.targets[i];
      const value = valueOf(this.random);
      const strings: string[] = [];
      for (let k = 0; k < this.sources.length; ++k) {
        const source = this.sources[k];
        strings.push(this.random.text(min(source.capacity - 1, rig.runtime.maxLength)));
        rig.putInto(source.offset, strings[k], source.capacity);
      }
      const to = rig.inFrame(place.offset);
      memory.fill(to, 0x78, place.capacity);
      rig.call(this.functions[i], [rig.at(0), value]);
      let expected = "";
      for (let k = 0; k < this.pieces[i].length; ++k) expected += this.pieces[i][k].expected(strings, value);
      expected = expected.substring(0, min(place.capacity - 1, rig.runtime.maxLength));
      const actual = readText(to, place.capacity);
      assert(actual == expected, `text ${i} is '${actual}', not '${expected}'`);
      if (!place.isSmall) continue;
      for (let at = actual.length; at < place.capacity; ++at) assert(load<u8>(to + <usize>at) == 0, "zeros follow");
    }
  }
}

export function test_texts_of_16(): void {
  for (let seed = 0; seed < 3; ++seed) new Texts(16, new Random(seed)).run();
}

export function test_texts_of_64(): void {
  for (let seed = 0; seed < 3; ++seed) new Texts(64, new Random(10 + seed)).run();
}

export function test_texts_of_512(): void {
  for (let seed = 0; seed < 3; ++seed) new Texts(512, new Random(20 + seed)).run();
}
