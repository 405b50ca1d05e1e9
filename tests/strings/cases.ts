// Strings of the greatest length, for any MAXSTRINGLEN: scripts that store, cut, compare and print strings of
// MAXSTRINGLEN - 1 bytes, with the expected output. `interpreter.test.ts` runs them in the agent,
// `run/long-strings.test.ts` in kernels.

/** One script, with `probe begin` as the conformance cases have it. */
export interface LongCase {
  name: string;
  script: string;
  output: string[];
}

/** Sizes at which everything is tried: hardly any room, the default, the most. */
export const SIZES = [16, 512, 4096];

/** A text of that many bytes, different for each `seed`, without anything that a format or an expression minds. */
function text(bytes: number, seed: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: bytes }, (_, i) => letters[(i * 7 + seed + Math.floor(i / 36)) % 36]).join("");
}

/** The cases for a MAXSTRINGLEN. */
export function longCases(size: number): LongCase[] {
  const most = size - 1;
  const cut = (long: string) => long.slice(0, most);
  const [a, b] = [text(most, 0), text(most, 5)];
  const half = text(most >> 1, 9);
  // The widest that a directive may be.
  const wide = Math.min(most + 9, 4095);
  const made: LongCase[] = [];
  const add = (name: string, script: string, output: string[]) => {
    const body = /^\s*probe /m.test(script) ? script : `probe begin {\n${script}\n}`;
    made.push({ name, script: `${body}\n`, output });
  };

  add("literals are cut", `s = "${a}yz"\nprintf("%d %s\\n", strlen(s), s)`, [`${most} ${a}`]);
  add("concatenations are cut", `s = "${half}"; t = s . "-" . s . s\nprintf("%d %s\\n", strlen(t), t)`, [
    `${cut(`${half}-${half}${half}`).length} ${cut(`${half}-${half}${half}`)}`,
  ]);
  add("what is appended is cut", `s = "${half}"; s .= "+" . s; s .= s; println(s); s .= "x"; println(strlen(s))`, [
    cut(`${half}+${half}${half}`),
    `${most}`,
  ]);
  add(
    "one printf of many of the longest",
    `a = "${a}"; b = "${b}"
    printf("%s|%s|%d\\n", a, b, 7)
    printf("<%s|%s|%s|%s|%d|%s|%s>\\n", a . "x", b, substr(b, 1, ${most}), sprintf("%s!", a), 9, a, "z" . b)
    println(a, b, a, b, a)
    printdln(":", a, 1, b, 2, a)
    printf("%-${wide}s|%*s|%.3s\\n", a, ${wide}, b, a)`,
    [
      `${a}|${b}|7`,
      `<${a}|${b}|${b.slice(1)}|${a}|9|${a}|${cut(`z${b}`)}>`,
      `${a}${b}${a}${b}${a}`,
      `${a}:1:${b}:2:${a}`,
      `${a.padEnd(wide)}|${b.padStart(wide)}|${a.slice(0, 3)}`,
    ],
  );
  add(
    "output of many calls in a loop",
    `a = "${a}"; for (i = 0; i < 6; i++) printf("%d %s %s\\n", i, a, i % 2 ? a : "")`,
    [0, 1, 2, 3, 4, 5].map((i) => `${i} ${a} ${i % 2 ? a : ""}`),
  );
  add(
    "sprintf is cut",
    `a = "${a}"; b = "${b}"
    s = sprintf("%s-%s", a, b); println(s)
    println(sprintf("%d:%s", 12, a))
    println(sprintf("%*s", ${most + 20}, "x") == sprintf("%${most}s", ""))
    println(sprint("${half}", 7, "${half}", 8), sprintd(",", "${half}", a))`,
    [a, cut(`12:${a}`), "1", cut(`${half}7${half}8`) + cut(`${half},${a}`)],
  );
  add(
    "the last byte decides a comparison",
    `x = "${a.slice(1)}"; s = x . "a"; t = x . "b"; u = x
    printf("%d%d%d%d%d%d %d%d%d\\n", s == t, s != t, s < t, s > t, s <= t, s >= t, s == x . "a", u < s, s > u)`,
    ["011010 111"],
  );
  add(
    "substr, stringat and strlen reach the end",
    `a = "${a}"
    printf("[%s] [%s] %d %d\\n", substr(a, ${most - 3}, 10), substr(a, ${most}, 1), stringat(a, ${most - 1}), strlen(a))
    println(substr(a, 0, ${most}) == a, substr(a, 1, ${most}))`,
    [`[${a.slice(-3)}] [] ${a.charCodeAt(most - 1)} ${most}`, `1${a.slice(1)}`],
  );
  const commas = "a,".repeat(size / 2);
  add(
    "str_replace grows and shrinks",
    `s = "${cut(commas)}"
    println(str_replace(s, ",", "--")); println(str_replace(s, "a,", "")); println(str_replace(s, s, "all"))
    println(str_replace("x", "x", s)); println(str_replace(s, "zz", "y") == s)`,
    [cut(cut(commas).replaceAll(",", "--")), cut(commas).replaceAll("a,", ""), "all", cut(commas), "1"],
  );
  const words = cut(`${text(most >> 1, 3)};${text(most, 4)}`);
  add(
    "tokenize takes long words",
    `println(tokenize("${words}", ";")); println(tokenize(";")); println(tokenize(";"))
    println(tokenize("${a}", "!")); println("[", tokenize("!"), "]")`,
    [...words.split(";"), "", a, "[]"],
  );
  add(
    "text_str escapes and cuts",
    `println(text_str("\\n" . "${a}")); println(text_strn("${a}", 12, 1)); println(strlen(text_str("${a}")))`,
    [cut(`\\n${a}`), `"${a.slice(0, 7)}"...`, `${most}`],
  );
  add("letters change to the end", `println(toupper("${a}")); println(tolower(toupper("${b}")))`, [a.toUpperCase(), b]);
  const blank = " ".repeat(most - 2);
  add("trims long blanks", `println("[", ltrim("${blank}ab"), "] [", rtrim("ab${blank}"), "]")`, ["[ab] [ab]"]);
  add(
    "finds at the end",
    `s = "${"-".repeat(most - 2)}ab"; printf("%d %d %d\\n", isinstr(s, "ab"), strpos(s, "ab"), isinstr(s, "ba"))
    println(strtol("${"0".repeat(Math.min(most - 2, 250))}42", 10))`,
    [`1 ${most - 2} 0`, "42"],
  );
  add(
    "regular expressions see the whole string",
    `s = "${"x".repeat(most - 3)}=42"
    if (s =~ "^x+=([0-9]+)$") printf("%s %s %d\\n", matched(1), matched(0), ngroups())
    if (s !~ "3") println("none")
    if (s =~ "(x*)=") println(strlen(matched(1)))`,
    [`42 ${"x".repeat(most - 3)}=42 2`, "none", `${most - 3}`],
  );
  addFunctions(add, a, b, most);
  addArrays(add, a, b, most);
  return made;
}

type Add = (name: string, script: string, output: string[]) => void;

function addFunctions(add: Add, a: string, b: string, most: number): void {
  const cut = (long: string) => long.slice(0, most);
  add(
    "parameters, locals and results",
    `function swap:string(x:string, y:string) { z = y . "/"; if (strlen(x) > 3) z = y; return z . x }
    function twice:string(x:string) { for (i = 0; i < 2; i++) x = "<" . x; return x }
    probe begin {
      a = "${a}"; b = "${b}"
      println(swap(a, b)); println(swap("x", b)); println(twice(swap(a, twice(b)))); println(a == "${a}")
    }`,
    [b, cut(`${b}/x`), cut(`<<${cut(`<<${b}`)}`), "1"],
  );
  add(
    "recursion",
    `function grow:string(x:string, n:long) { if (n == 0) return x; y = "(" . x; return grow(y, n - 1) . ")" }
    probe begin {
      println(grow("${a}", 4)); println(grow("z", 4)); println(strlen(grow("${a.slice(0, most - 4)}", 3)))
    }`,
    [cut(`((((${a}`), "((((z))))", `${most}`],
  );
  add(
    "globals, ternaries and assignments",
    `global kept, other
    probe begin {
      kept = "${a}"; other = kept; kept = kept == other ? "${b}" : ""
      println(kept, "|", other); kept .= "x"; println(kept == "${b}"); s = t = kept . ""; println(s == t, strlen(t))
    }`,
    [`${b}|${a}`, "1", `1${most}`],
  );
  add(
    "messages that are caught",
    `a = "${a}"
    try { error(a . "!") } catch (m) { println(m); try { error("<" . m) } catch (m2) { println(m2) } }
    try { s = a; println(1 / (strlen(s) - ${most})) } catch (m) { println(m, strlen(s)) }`,
    [a, cut(`<${a}`), `division by 0${most}`.replace("division by 0", cut("division by 0"))],
  );
}

function addArrays(add: Add, a: string, b: string, most: number): void {
  const start = a.slice(1);
  add(
    "keys that differ in the last byte",
    `global at[4]
    probe begin {
      x = "${start}"; at[x . "b"] = 2; at[x . "a"] = 1; at[x . "c"] = 3; at[x . "a"] += 10
      printf("%d %d %d %d\\n", at[x . "a"], at[x . "b"], (x . "d") in at, (x . "c") in at)
      delete at[x . "b"]
      foreach (k in at+) println(k, " ", at[k])
      foreach (k in at- limit 1) println(k)
    }`,
    ["11 2 0 1", `${start}c 3`, `${start}a 11`, `${start}a`],
  );
  add(
    "sorted by keys",
    `global at[4]
    probe begin {
      x = "${start}"; at[x . "b", 1] = x . "2"; at[x . "a", 2] = "1" . x; at[x, 3] = "${b}"; at["", 4] = ""
      foreach ([k+, n] in at) println(n, " ", k)
      foreach ([k, n-] in at) println(n, " ", at[k, n])
      foreach (v- = [k, n] in at limit 2) println(v)
      println(at[x, 3] == "${b}", at[x . "a", 2] < "${b}")
    }`,
    sortedByKeys(start, b, most),
  );
  add(
    "values that are assigned, appended and copied",
    `global at[3]
    probe begin {
      at[1] = "${a}"; at[2] = at[1]; at[2] .= "x"; at[3] = "${a.slice(0, most - 1)}"; at[3] .= "yz"
      println(at[2] == at[1], at[3]); at[1] = at[3]; foreach (n+ in at) println(n, at[n])
    }`,
    [`1${a.slice(0, most - 1)}y`, `1${a.slice(0, most - 1)}y`, `2${a}`, `3${a.slice(0, most - 1)}y`],
  );
  add(
    "statistics by long keys",
    `global st[3]
    probe begin {
      x = "${start}"; st[x . "b"] <<< 5; st[x . "a"] <<< 1; st[x . "a"] <<< 2
      foreach (k in st @count-) println(k, " ", @count(st[k]), " ", @sum(st[k]))
    }`,
    [`${start}a 2 3`, `${start}b 1 5`],
  );
}

/** What the case of that name prints. */
function sortedByKeys(start: string, b: string, most: number): string[] {
  const rows: [string, number, string][] = [
    [`${start}b`, 1, `${start}2`],
    [`${start}a`, 2, `1${start}`],
    [start, 3, b],
    ["", 4, ""],
  ];
  const order = (x: string, y: string) => (x < y ? -1 : x > y ? 1 : 0);
  const byKey = [...rows].sort((x, y) => order(x[0], y[0]));
  const byNumber = [...rows].sort((x, y) => y[1] - x[1]);
  const byValue = [...rows].sort((x, y) => order(y[2], x[2]));
  return [
    ...byKey.map(([key, number]) => `${number} ${key.slice(0, most)}`),
    ...byNumber.map(([, number, value]) => `${number} ${value}`),
    ...byValue.slice(0, 2).map(([, , value]) => value),
    `1${`1${start}` < b ? 1 : 0}`,
  ];
}
