// Files of time zones: with transitions only, with the rule of later years, damaged.

import { ByteWriter } from "../../common/as/byte-writer";
import { ZoneFile } from "./time-zone";

function big(w: ByteWriter, value: i32): void {
  w.u32(bswap(value));
}

function header(w: ByteWriter, times: i32, types: i32, characters: i32): void {
  w.text("TZif2");
  w.zeros(15);
  big(w, 0);
  big(w, 0);
  big(w, 0);
  big(w, times);
  big(w, types);
  big(w, characters);
}

/** Berlin with the two changes of 1996 and the rule, as zic writes it without repeating the rule. */
function berlin(rule: string): StaticArray<u8> {
  const w = new ByteWriter(256);
  header(w, 0, 1, 1);
  w.zeros(7);
  header(w, 2, 2, 9);
  big(w, 0);
  big(w, 828234000); // 1996-03-31 01:00 UTC
  big(w, 0);
  big(w, 846378000); // 1996-10-27 01:00 UTC
  w.u8(1);
  w.u8(0);
  big(w, 3600);
  w.u8(0);
  w.u8(0);
  big(w, 7200);
  w.u8(1);
  w.u8(4);
  w.text("CET");
  w.u8(0);
  w.text("CEST");
  w.u8(0);
  w.text(`\n${rule}\n`);
  const file = new StaticArray<u8>(w.length);
  memory.copy(changetype<usize>(file), w.toArray().dataStart, w.length);
  return file;
}

function zoneAt(file: StaticArray<u8>, now: i64): string {
  const zone = new ZoneFile(file).at(now);
  return zone ? `${zone.west} ${zone.name}` : "none";
}

export function test_takes_the_offset_that_began_last(): void {
  const file = berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  assert(zoneAt(file, 828233999) == "-3600 CET", "before the first change");
  assert(zoneAt(file, 828234000) == "-7200 CEST", "in summer");
}

export function test_follows_the_rule_in_later_years(): void {
  const file = berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  assert(zoneAt(file, 1774745999) == "-3600 CET", "2026-03-29 00:59:59 UTC");
  assert(zoneAt(file, 1774746000) == "-7200 CEST", "a second later");
  assert(zoneAt(file, 1792889999) == "-7200 CEST", "2026-10-25 00:59:59 UTC");
  assert(zoneAt(file, 1792890000) == "-3600 CET", "a second later");
  assert(zoneAt(berlin("<+0530>-5:30"), 1792890000) == "-19800 +0530", "a name in brackets, no summer");
  const sydney = berlin("AEST-10AEDT,M10.1.0,M4.1.0/3");
  assert(zoneAt(sydney, 1767225600) == "-39600 AEDT", "summer in January");
  assert(zoneAt(sydney, 1782864000) == "-36000 AEST", "winter in July");
}

export function test_survives_damaged_files(): void {
  const file = berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  for (let length = 0; length < file.length; ++length) {
    new ZoneFile(StaticArray.slice<u8>(file, 0, length)).at(1792890000);
    const damaged = StaticArray.slice<u8>(file, 0);
    damaged[length] = 255;
    new ZoneFile(damaged).at(1792890000);
  }
  assert(zoneAt(new StaticArray<u8>(0), 0) == "none", "empty");
}
