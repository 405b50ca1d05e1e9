// The scripts whose objects sweeps mutate: together they have every kind of probe, map, site and relocation. They end
// by themselves, and print what the agent's own handlers can print.

export const OBJECT_SCRIPTS: string[] = [
  'probe begin { printf("%d %s\\n", 42, "text") exit() }',
  `global a, s, n = 3
   probe begin { a["x", 1] = 5; s <<< 3; foreach ([k, i] in a) println(k, i); print(@hist_log(s)); exit() }
   probe end { println(n) }`,
  "global n probe timer.ms(1) { if (++n > 3) exit() } probe error { warn(sprint(n)) } probe end { println(n) }",
  `function f(n) { if (n < 2) return 1 return n * f(n - 1) }
   probe begin { println(f(10)); if ("abc" =~ "a(b)c") println(matched(1)); error("gone") }`,
  'probe begin { try { x = 1 / 0; println(x) } catch (m) { log(m) } println(sprintf("%5s|%x", "ab", 255)); exit() }',
];
