import { GLOB_CASES } from "../../common/format/testing/glob-cases";
import { compareVersions, hasWildcard, matchWildcard } from "./wildcard";

export function test_matches_shell_patterns(): void {
  const cases = GLOB_CASES.split("\n");
  for (let i = 0; i < cases.length; ++i) {
    const fields = cases[i].split("\t");
    assert(matchWildcard(fields[0], fields[1]) == (fields[2] == "yes"), cases[i]);
  }
  assert(cases.length > 60, "all cases");
}

export function test_matches_hostile_patterns_soon(): void {
  assert(matchWildcard("*a*a*a*a*b", "a".repeat(200) + "b"), "many stars end");
  assert(!matchWildcard("*a".repeat(500) + "b", "a".repeat(20000)), "and fail soon");
}

export function test_knows_a_wildcard(): void {
  assert(hasWildcard("a*") && hasWildcard("?") && hasWildcard("[a]") && !hasWildcard("6.1.0-13"), "three characters");
}

function ascending(names: string[]): void {
  for (let i = 0; i < names.length; ++i) {
    for (let k = 0; k < names.length; ++k) {
      const sign = compareVersions(names[i], names[k]);
      const wanted = i < k ? -1 : i > k ? 1 : 0;
      assert((sign < 0 ? -1 : sign > 0 ? 1 : 0) == wanted, `${names[i]} against ${names[k]}: ${sign}`);
    }
  }
}

export function test_compares_versions_by_their_numbers(): void {
  ascending([
    "2.6",
    "2.6.9",
    "2.6.10",
    "2.6.10-1",
    "3.0",
    "4.19.0-rc1",
    "5.9",
    "5.10",
    "5.10.1",
    "5.100",
    "6.1",
    "10.0",
  ]);
}

export function test_compares_leading_zeros_as_fractions(): void {
  ascending(["000", "00", "01", "010", "09", "0", "1", "9", "10"]);
}
