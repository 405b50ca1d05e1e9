import { Range, Source } from "../source/source";
import { NumberLiteral, ProbeComponent, StringLiteral } from "../syntax/ast";
import { ProbePattern, quote } from "./family";
import { laterFamily, probePatterns } from "./table";

function component(name: string): ProbeComponent {
  return new ProbeComponent(new Range(Source.fromText("a", name), 0, name.length), name, null);
}

function withNumber(name: string): ProbeComponent {
  const made = component(name);
  made.argument = new NumberLiteral(made.range, 1);
  return made;
}

function withString(name: string): ProbeComponent {
  const made = component(name);
  made.argument = new StringLiteral(made.range, "x");
  return made;
}

export function test_patterns_match_names_and_kinds_of_arguments(): void {
  const pattern = new ProbePattern("timer.s(number).randomize(number)", () => {});
  assert(pattern.matches([component("timer"), withNumber("s"), withNumber("randomize")]), "whole");
  assert(!pattern.matches([component("timer"), withNumber("s")]), "too short");
  assert(!pattern.matches([component("timer"), withString("s"), withNumber("randomize")]), "a string is no number");
  assert(pattern.matchLength([component("timer"), component("s")]) == 1, "how far it got");
}

export function test_wildcards_stand_for_names(): void {
  const pattern = new ProbePattern("kernel.function(string).return", () => {});
  const found = pattern.match([component("k*"), withString("*"), component("re?urn")]);
  assert(found !== null && found.length == 3 && found[2].name == "return", "each component by itself");
  assert(pattern.match([component("k*urn")]) === null, "* spans no names");
  assert(pattern.match([component("**"), component("return")]) === null, "an argument is not left out");
  const plain = new ProbePattern("timer.profile.tick", () => {});
  assert(
    plain.match([component("ti**ck")]) !== null && plain.match([component("**"), component("tick")]) !== null,
    "**",
  );
}

export function test_every_pattern_is_unique(): void {
  const seen = new Set<string>();
  const patterns = probePatterns();
  for (let i = 0; i < patterns.length; ++i) {
    assert(!seen.has(patterns[i].text), patterns[i].text);
    seen.add(patterns[i].text);
  }
  assert(seen.size > 20, "all families are listed");
}

export function test_families_to_come_are_known_by_name(): void {
  assert(laterFamily("process.begin").length > 0, "process");
  assert(laterFamily("processes") == "" && laterFamily("timer.x") == "", "whole components only");
}

export function test_quotes_strings_for_scripts(): void {
  assert(quote('a"b\\c\n') == '"a\\"b\\\\c\\n"', "escapes");
}
