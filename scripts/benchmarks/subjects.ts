// What is compiled and counted: the same work written for us, for bpftrace and, where it can, for stap.

import type { Task } from "./kernel-model.ts";

/** A handler in three languages. */
export interface Subject {
  what: string;
  ours: string;
  bpftrace: string;
  /** For `stap --runtime=bpf`, which finds functions without debug information only by kprobe.function. */
  stap?: string;
  /** Ours must not take more instructions than bpftrace's. */
  bar?: boolean;
  note?: string;
  /** What makes the events of a $round in a guest, as a shell command; otherwise many reads of /dev/zero. */
  load?: string;
  /** Whom an event finds, where the handler asks. */
  task?: Partial<Task>;
  /** Bytes of the keys of bpftrace's maps, in the order of their names' first use, where they are not 8. */
  bpftraceKeys?: number[];
}

const stapKprobe = (body: string) => `probe kprobe.function("vfs_read") { ${body} }`;

/** Handlers whose instructions are counted. */
export const SUBJECTS: Subject[] = [
  {
    what: "kprobe: printf of pid() and execname()",
    ours: 'probe kernel.function("vfs_read") { printf("%d %s\\n", pid(), execname()) }',
    bpftrace: 'kprobe:vfs_read { printf("%d %s\\n", pid, comm); }',
    stap: stapKprobe('printf("%d %s\\n", pid(), execname())'),
    bar: true,
  },
  {
    what: "kprobe: printf of a constant",
    ours: 'probe kernel.function("vfs_read") { printf("hit\\n") }',
    bpftrace: 'kprobe:vfs_read { printf("hit\\n"); }',
    stap: stapKprobe('printf("hit\\n")'),
    note: "ours looks whether the session has ended and counts what is lost; bpftrace does neither in the kernel",
  },
  {
    what: "kprobe: count",
    ours: 'global n probe kernel.function("vfs_read") { n++ } probe end { println(n) }',
    bpftrace: "kprobe:vfs_read { @n = count(); }",
    stap: `global n ${stapKprobe("n++")} probe end { printf("%d\\n", n) }`,
    bar: true,
    note: "bpftrace's count() is per CPU; ours is one atomic addition; stap's n++ may lose some",
  },
  {
    what: "kprobe: average by execname()",
    ours:
      'global s probe kernel.function("vfs_read") { s[execname()] <<< 5 } ' +
      "probe end { foreach (k in s) println(@avg(s[k])) }",
    bpftrace: "kprobe:vfs_read { @s[comm] = avg(5); }",
    note: "ours counts the routines of its hash table, bpftrace's are in the kernel",
    bpftraceKeys: [24],
  },
  {
    what: "kprobe: histogram of tid()",
    ours: 'global h probe kernel.function("vfs_read") { h <<< tid() } probe end { print(@hist_log(h)) }',
    bpftrace: "kprobe:vfs_read { @h = hist(tid); }",
  },
  {
    what: "kprobe: printf of one process' pid() only",
    ours: 'probe kernel.function("vfs_read") { if (pid() == 1234) printf("%d\\n", tid()) }',
    bpftrace: 'kprobe:vfs_read /pid == 1234/ { printf("%d\\n", tid); }',
    stap: stapKprobe('if (pid() == 1234) printf("%d\\n", tid())'),
    bar: true,
  },
  {
    what: "kprobe: printf for one execname()",
    ours: 'probe kernel.function("vfs_read") { if (execname() == "sshd") printf("%d\\n", pid()) }',
    bpftrace: 'kprobe:vfs_read { if (comm == "sshd") { printf("%d\\n", pid); } }',
    note: "no stap: with --runtime=bpf its strings never compare equal",
    task: { comm: "sshd" },
  },
  {
    what: "kprobe: three printfs that make one line",
    ours: 'probe kernel.function("vfs_read") { printf("%d ", pid()) printf("%d ", tid()) printf("%s\\n", execname()) }',
    bpftrace: 'kprobe:vfs_read { printf("%d ", pid); printf("%d ", tid); printf("%s\\n", comm); }',
    stap: stapKprobe('printf("%d ", pid()) printf("%d ", tid()) printf("%s\\n", execname())'),
    bar: true,
    note: "ours keeps the line together whatever other CPUs print; the peers' three pieces may mix with theirs",
  },
  {
    what: "kretprobe: printf of tid()",
    ours: 'probe kernel.function("vfs_read").return { printf("%d\\n", tid()) }',
    bpftrace: 'kretprobe:vfs_read { printf("%d\\n", tid); }',
    stap: 'probe kprobe.function("vfs_read").return { printf("%d\\n", tid()) }',
    note: "ours looks whether the session has ended and counts what is lost",
  },
  {
    what: "tracepoint: printf of cpu()",
    ours: 'probe kernel.trace("sched_switch") { printf("%d\\n", cpu()) }',
    bpftrace: 'tracepoint:sched:sched_switch { printf("%d\\n", cpu); }',
    note: "stap --runtime=bpf 4.8 compiles every tracepoint header of the kernel first, which takes minutes: left out",
  },
  {
    what: "profile: printf of cpu() and execname()",
    ours: 'probe timer.profile { printf("%d %s\\n", cpu(), execname()) }',
    bpftrace: 'profile:hz:99 { printf("%d %s\\n", cpu, comm); }',
    bar: true,
  },
];

const onEvent = (body: string) => `probe kernel.function("read_zero") { ${body} }`;
const stapOnEvent = (body: string) => `probe kprobe.function("read_zero") { ${body} }`;

/** Handlers of everyday scripts, which are measured while they run. */
export const HANDLERS: Subject[] = [
  {
    what: "count by thread",
    ours: `global n ${onEvent("n[tid()]++")} probe end { delete n }`,
    bpftrace: "kprobe:read_zero { @n[tid] = count(); } END { clear(@n); }",
    stap: `global n ${stapOnEvent("n[tid()]++")} probe end { printf("%d\\n", n[1]) }`,
  },
  {
    what: "count by execname",
    ours: `global n ${onEvent("n[execname()]++")} probe end { delete n }`,
    bpftrace: "kprobe:read_zero { @n[comm] = count(); } END { clear(@n); }",
    stap: `global n ${stapOnEvent("n[execname()]++")} probe end { printf("%d\\n", n["a"]) }`,
    bpftraceKeys: [16],
  },
  {
    what: "count by execname and process",
    ours: `global n ${onEvent("n[execname(), pid()]++")} probe end { delete n }`,
    bpftrace: "kprobe:read_zero { @n[comm, pid] = count(); } END { clear(@n); }",
    bpftraceKeys: [24],
  },
  {
    what: "latency: time of entry by thread, sum at return",
    ours:
      `global at, sum ${onEvent("at[tid()] = ktime_get_ns()")} probe kernel.function("read_zero").return ` +
      "{ t = tid(); if (at[t]) { sum += ktime_get_ns() - at[t]; delete at[t] } } probe end { println(sum) }",
    bpftrace:
      "kprobe:read_zero { @at[tid] = nsecs; } kretprobe:read_zero /@at[tid]/ " +
      "{ @sum = sum(nsecs - @at[tid]); delete(@at[tid]); } END { clear(@at); }",
  },
  {
    what: "latency as a histogram",
    ours:
      `global at, lat ${onEvent("at[tid()] = ktime_get_ns()")} probe kernel.function("read_zero").return ` +
      "{ t = tid(); if (at[t]) { lat <<< ktime_get_ns() - at[t]; delete at[t] } } probe end { print(@hist_log(lat)) }",
    bpftrace:
      "kprobe:read_zero { @at[tid] = nsecs; } kretprobe:read_zero /@at[tid]/ " +
      "{ @lat = hist(nsecs - @at[tid]); delete(@at[tid]); } END { clear(@at); }",
  },
  {
    what: "statistics of a value",
    ours: `global s ${onEvent("s <<< tid()")} probe end { println(@count(s), @avg(s), @min(s), @max(s)) }`,
    bpftrace: "kprobe:read_zero { @s = stats(tid); @a = min(tid); @b = max(tid); }",
    note: "ours keeps count, sum, least and greatest together; bpftrace's stats() has no least and greatest",
  },
  {
    what: "printf of four values",
    ours: onEvent('printf("%d %d %d %s\\n", pid(), tid(), cpu(), execname())'),
    bpftrace: 'kprobe:read_zero { printf("%d %d %d %s\\n", pid, tid, cpu, comm); }',
    stap: stapOnEvent('printf("%d %d %d %s\\n", pid(), tid(), cpu(), execname())'),
  },
  {
    what: "count of one process only",
    ours: `global n ${onEvent("if (pid() == 1) n++")} probe end { println(n) }`,
    bpftrace: "kprobe:read_zero /pid == 1/ { @n = count(); }",
    stap: `global n ${stapOnEvent("if (pid() == 1) n++")} probe end { printf("%d\\n", n) }`,
    task: { pid: 1 },
  },
  {
    what: "count of one execname only",
    ours: `global n ${onEvent('if (execname() == "dd") n++')} probe end { println(n) }`,
    bpftrace: 'kprobe:read_zero /comm == "dd"/ { @n = count(); }',
  },
  {
    what: "count by process, the top ten every second",
    ours:
      `global n ${onEvent("n[pid()]++")} ` +
      'probe timer.s(1) { foreach (p in n- limit 10) printf("%d %d\\n", p, n[p]); delete n }',
    bpftrace: "kprobe:read_zero { @n[pid] = count(); } interval:s:1 { print(@n, 10); clear(@n); }",
  },
];

/** Handlers that read the kernel's own structures. Only a guest has those, so they are timed and not counted. */
export const TYPED: Subject[] = [
  {
    what: "a field of an argument, summed",
    ours: `global s ${onEvent("s += $file->f_flags")} probe end { println(s) }`,
    bpftrace: "kprobe:read_zero { @s = sum(((struct file *)arg0)->f_flags); }",
  },
  {
    what: "a string two levels down, printed",
    ours: onEvent('printf("%s\\n", kernel_string($file->f_path->dentry->d_name->name))'),
    bpftrace: 'kprobe:read_zero { printf("%s\\n", str(((struct file *)arg0)->f_path.dentry->d_name.name)); }',
  },
  {
    what: "latency of a return with @entry",
    ours: `global s probe kernel.function("read_zero").return { s <<< ktime_get_ns() - @entry(ktime_get_ns()) }
      probe end { println(@sum(s)) }`,
    bpftrace:
      "kprobe:read_zero { @at[tid] = nsecs; } kretprobe:read_zero /@at[tid]/ " +
      "{ @s = stats(nsecs - @at[tid]); delete(@at[tid]); } END { clear(@at); }",
  },
  {
    what: "sched_switch with two names",
    ours:
      'probe kernel.trace("sched_switch") ' +
      '{ printf("%s %s\\n", kernel_string($prev->comm), kernel_string($next->comm)) }',
    bpftrace: 'tracepoint:sched:sched_switch { printf("%s %s\\n", args->prev_comm, args->next_comm); }',
    load: "dd if=/dev/zero bs=1 count=20000 2>/dev/null | dd of=/dev/null bs=1 2>/dev/null",
  },
  {
    what: "address and port of a socket",
    ours: `probe kernel.function("tcp_sendmsg") {
      printf("%s %d\\n", ip_ntop(htonl(ntohl($sk->__sk_common->skc_daddr))), ntohs($sk->__sk_common->skc_dport)) }`,
    bpftrace:
      "kprobe:tcp_sendmsg { $sk = (struct sock *)arg0; $p = $sk->__sk_common.skc_dport; " +
      'printf("%s %d\\n", ntop(2, $sk->__sk_common.skc_daddr), bswap($p)); }',
    load:
      "sleep 1 | nc -l -p 999$round > /dev/null & sleep 0.2; " +
      "for i in $(seq 10000); do echo x; done | nc 127.0.0.1 999$round; wait",
  },
];

/** A script of `count` small probes on as many functions of the kernel, and the functions' names. */
export function manyProbes(count: number): { text: string; functions: string[] } {
  const functions = Array.from({ length: count }, (_, i) => `function_${i}`);
  const probes = functions.map(
    (name) => `probe kernel.function("${name}") { reads++; printf("%s %d %d\\n", execname(), pid(), reads) }\n`,
  );
  return { text: `global reads\n${probes.join("")}`, functions };
}

/** Forty functions, forty globals and forty probes: larger than most scripts in use. */
export function largeScript(): string {
  const lines: string[] = [];
  for (let i = 0; i < 40; i++) {
    lines.push(`global seen${i}`);
    lines.push(`function weigh${i}(a, b) { if (a > b) return a * ${i + 1} + b; return b % ${i + 7} - a }`);
    lines.push(`probe kernel.function("vfs_read").call, kernel.function("vfs_write").return {`);
    lines.push(`  seen${i} = weigh${i}(seen${i}, pid() + ${i})`);
    lines.push(`  if (execname() == "job${i}") printf("%d %s %d\\n", tid(), execname(), seen${i})`);
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}
