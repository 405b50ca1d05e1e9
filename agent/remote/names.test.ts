// Names, patterns and lists: what the agent reads out of /proc and /sys, without them.

import { encodeText } from "../../common/as/bytes";
import { parseCpus } from "./cpu-list";
import { isGlob, matchGlob, NameFilter } from "./glob";

function matches(pattern: string, name: string): bool {
  let bytes = encodeText(name);
  return matchGlob(encodeText(pattern), changetype<usize>(bytes), bytes.length);
}

export function test_matches_patterns(): void {
  assert(matches("vfs_*", "vfs_read") && matches("vfs_*", "vfs_"), "a star takes any number");
  assert(!matches("vfs_*", "xvfs_read"), "from the beginning");
  assert(matches("*_read", "vfs_read") && !matches("*_read", "vfs_readv"), "to the end");
  assert(matches("a*b*c", "aXbYbZc") && !matches("a*b*c", "aXbYbZ"), "stars take more when they must");
  assert(matches("v?s", "vfs") && !matches("v?s", "vs"), "a question mark takes exactly one");
  assert(matches("*", "") && matches("**", "x"), "stars alone");
  assert(!matches("", "x") && matches("", ""), "nothing matches nothing");
  assert(isGlob("a?") && isGlob("*") && !isGlob("vfs_read"), "what is a pattern");
}

export function test_tells_exact_names_from_many(): void {
  let texts: string[] = [];
  for (let i = 0; i < 500; ++i) texts.push(`function_${i}`);
  texts.push("do_*");
  let filter = new NameFilter(texts);
  for (let i = 0; i < 500; ++i) {
    let name = encodeText(`function_${i}`);
    assert(filter.hasName(changetype<usize>(name), name.length), texts[i]);
    assert(!filter.hasName(changetype<usize>(name), name.length - 1) || i >= 10, "a part of a name is another name");
  }
  let other = encodeText("do_exit");
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
