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

/** Such that attach in a kernel, too. */
export const KERNEL_SCRIPTS: string[] = [
  ...OBJECT_SCRIPTS,
  'global n probe kernel.function("vfs_read") { n++ } probe timer.ms(10) { println(n); exit() }',
  `global c
   probe kernel.function("vfs_read").return, kernel.function("vfs_write") { c[execname(), pid()] <<< 1 }
   probe timer.ms(5) { foreach ([e, p] in c- limit 3) printf("%s %d %d\\n", e, p, @count(c[e, p])); exit() }`,
  `global t
   probe kernel.trace("sched_switch") { t[cpu()]++ printf("%d %s\\n", cpu(), execname()) }
   probe timer.profile { t[0]++ }
   probe timer.ms(5) { exit() }`,
];
