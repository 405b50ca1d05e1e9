import { compareVersions, hasWildcard, matchWildcard } from "./wildcard";

export function test_matches_shell_patterns(): void {
  assert(matchWildcard("abc", "abc") && !matchWildcard("abc", "abd") && !matchWildcard("abc", "ab"), "plain");
  assert(matchWildcard("a*", "a") && matchWildcard("*", "") && matchWildcard("a*c*e", "abcde"), "stars");
  assert(!matchWildcard("a*c", "abcd") && matchWildcard("**a", "xa"), "a star is not the end");
  assert(matchWildcard("a?c", "abc") && !matchWildcard("a?c", "ac"), "question mark");
  assert(matchWildcard("[a-c]x", "bx") && !matchWildcard("[a-c]x", "dx"), "class");
  assert(matchWildcard("[!a-c]", "d") && !matchWildcard("[^a]", "a"), "negated class");
  assert(matchWildcard("[]]", "]") && matchWildcard("[", "["), "odd brackets");
  assert(matchWildcard("\\*", "*") && !matchWildcard("\\*", "a"), "quoted");
  assert(matchWildcard("*a*a*a*a*b", "a".repeat(200) + "b"), "many stars end");
  assert(!matchWildcard("*a*a*a*a*b", "a".repeat(2000)), "and fail soon");
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
