// Names, patterns and lists: what the agent reads out of /proc and /sys, without them.

import { encodeText } from "../../common/as/bytes";
import { isGlob } from "../../common/format/glob";
import { GLOB_CASES } from "../../common/format/testing/glob-cases";
import { parseCpus } from "./cpu-list";
import { NameFilter } from "./name-filter";

function matches(pattern: string, name: string): bool {
  const texts: string[] = [pattern];
  const bytes = encodeText(name);
  return new NameFilter(texts).hasMatch(changetype<usize>(bytes), bytes.length);
}

export function test_matches_patterns(): void {
  const cases = GLOB_CASES.split("\n");
  for (let i = 0; i < cases.length; ++i) {
    const fields = cases[i].split("\t");
    // A text without * ? [ is a name, not a pattern.
    if (isGlob(fields[0])) assert(matches(fields[0], fields[1]) == (fields[2] == "yes"), cases[i]);
  }
  assert(!matches("*", "x".repeat(1025)), "no name is that long");
}

export function test_tells_exact_names_from_many(): void {
  const texts: string[] = [];
  for (let i = 0; i < 500; ++i) texts.push(`function_${i}`);
  texts.push("do_*");
  const filter = new NameFilter(texts);
  for (let i = 0; i < 500; ++i) {
    const name = encodeText(`function_${i}`);
    assert(filter.hasName(changetype<usize>(name), name.length), texts[i]);
    assert(!filter.hasName(changetype<usize>(name), name.length - 1) || i >= 10, "a part of a name is another name");
  }
  const other = encodeText("do_exit");
  assert(!filter.hasName(changetype<usize>(other), other.length), "a pattern is no name");
  assert(filter.hasMatch(changetype<usize>(other), other.length), "but matches");
}

function cpus(text: string): string {
  return parseCpus(encodeText(text)).join(",");
}

export function test_reads_lists_of_cpus(): void {
  assert(cpus("0-3\n") == "0,1,2,3", cpus("0-3\n"));
  assert(cpus("0") == "0", "one CPU, no newline");
  assert(cpus("0,2-3,8\n") == "0,2,3,8", cpus("0,2-3,8\n"));
  assert(cpus("\n") == "", "none");
  assert(parseCpus(encodeText("0-4294967295")).length < 10000, "nonsense stays small");
}
