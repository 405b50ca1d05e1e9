import { NearMatches } from "./near";

function near(wanted: string, names: string): string {
  const matches = new NearMatches(wanted);
  matches.addAll(names.split(" "));
  return matches.found.join(" ");
}

export function test_finds_names_a_slip_away(): void {
  assert(near("vfs_raed", "vfs_read vfs_write vfs_readv do_exit") == "vfs_read vfs_readv", "swapped letters");
  assert(near("exti", "exit log pid") == "exit", "short names");
  assert(near("printl", "println print printdln") == "println print printdln", "nearest first");
}

export function test_shows_five_names_at_most_and_none_twice(): void {
  assert(near("abcdef", "abcde1 abcde2 abcde3 abcde4 abcde5 abcde6 abcdef1 abcde1").split(" ").length == 5, "five");
  assert(near("abcd", "abce abce") == "abce", "once");
}

export function test_does_not_guess_from_two_letters(): void {
  assert(near("x", "y z xy") == "", "everything is near");
  assert(new NearMatches("x").text == "", "and says nothing then");
}

export function test_bears_names_of_any_length(): void {
  assert(near("a".repeat(5000), `${"a".repeat(4999)} b`) == "", "too long to be a slip");
  assert(near("", "a b") == "", "empty");
}
