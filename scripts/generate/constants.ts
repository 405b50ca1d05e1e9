// Writes tapset/constants.tab: the constants of the kernel's headers for programs, for @const. A line is "NAME value",
// or "NAME value value" where x86_64 and arm64 differ. Names are sorted.
//
//   npx tsx scripts/generate/constants.ts
//
// The headers are those of Debian's package linux-libc-dev; a C compiler says which macros are whole numbers. What it
// makes depends on the version of the package, so there is no --check: run it to take in newer headers.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OUT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "tapset", "constants.tab");

/** Headers, in groups that can be included together. */
const HEADERS = [
  "asm/errno asm/fcntl linux/fcntl linux/openat2 linux/falloc linux/memfd linux/stat linux/fs linux/mount linux/magic",
  "asm/mman linux/mman linux/mempolicy linux/userfaultfd linux/sched linux/sched/types linux/resource linux/futex",
  "asm/signal asm/siginfo linux/wait linux/ptrace linux/prctl linux/seccomp linux/capability linux/securebits",
  "asm/socket linux/socket linux/net linux/in linux/in6 linux/tcp linux/udp linux/un linux/icmp linux/if_ether",
  "linux/if_packet linux/if_arp linux/netlink linux/rtnetlink linux/sockios linux/netfilter linux/vm_sockets",
  "linux/eventpoll asm/poll linux/time linux/timerfd linux/timex linux/inotify linux/fanotify linux/eventfd",
  "linux/ipc linux/sem linux/shm linux/msg linux/mqueue linux/keyctl linux/random linux/reboot linux/utsname",
  "linux/bpf linux/perf_event linux/io_uring linux/aio_abi linux/membarrier linux/rseq linux/kcmp linux/personality",
  "linux/input linux/input-event-codes linux/fb linux/loop linux/hdreg linux/major linux/nbd linux/kvm linux/vfio",
  "asm/ioctls linux/tty linux/termios linux/serial linux/vt linux/kd linux/random linux/watchdog linux/blkpg",
  "linux/elf linux/auxvec linux/limits linux/quota linux/dqblk_xfs linux/xattr linux/nfs linux/nfsd/export",
];

/** What the CPUs disagree on, and what arm64 has (arch/arm64/include/uapi/asm/fcntl.h). */
const ON_ARM64: Record<string, number> = {
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_DIRECT: 0o200000,
  O_LARGEFILE: 0o400000,
  O_TMPFILE: 0o20000000 | 0o40000,
};

/** In no header for programs, but stable. */
const ADDED: Record<string, number> = {
  AF_UNSPEC: 0,
  AF_UNIX: 1,
  AF_LOCAL: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  AF_BLUETOOTH: 31,
  AF_VSOCK: 40,
  AF_XDP: 44,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_SEQPACKET: 5,
  SOCK_CLOEXEC: 0o2000000,
  SOCK_NONBLOCK: 0o4000,
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
  PAGE_SIZE: 4096,
};

/** Ends of lists, which grow; guards of headers; what only the headers use. */
const LEFT_OUT = /_MAX$|_LAST$|_CNT$|^_|^(UAPI|LINUX)_|_H_*$|^__/;

function compiler(args: string[], text: string, folder: string) {
  const file = join(folder, "constants.c");
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync("clang", ["-w", ...args, file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

/** The macros of some headers that are whole numbers, with their values. */
function constantsOf(headers: string[], folder: string): [name: string, value: bigint][] {
  // Some headers count on size_t.
  const includes = ["stddef", ...headers].map((name) => `#include <${name}.h>`).join("\n");
  const dump = compiler(["-E", "-dM"], `${includes}\n`, folder);
  if (dump.status !== 0) throw new Error(dump.stderr);
  const builtin = new Set(compiler(["-E", "-dM"], "\n", folder).stdout.split("\n"));
  const lines = dump.stdout.split("\n").filter((line) => !builtin.has(line));
  let names = lines.flatMap((line) => /^#define ([A-Z][A-Z0-9_]*) \S/.exec(line)?.[1] ?? []);
  names = names.filter((name) => !LEFT_OUT.test(name)).sort();
  // What is no constant is in the compiler's errors; each round leaves those out.
  for (;;) {
    const rows = names.map((name) => `_Static_assert((unsigned long long)(${name}) | 1, "");`);
    const said = compiler(
      ["-fsyntax-only", "-ferror-limit=0"],
      `${includes}\n#line 1 "rows"\n${rows.join("\n")}\n`,
      folder,
    );
    if (said.status === 0) break;
    const bad = new Set([...said.stderr.matchAll(/^rows:(\d+):/gm)].map((m) => Number(m[1]) - 1));
    if (bad.size === 0) throw new Error(said.stderr);
    names = names.filter((_, i) => !bad.has(i));
  }
  const prints = names.map((name) => `  printf("%lld\\n", (long long)(${name}));`).join("\n");
  const program = join(folder, "constants");
  const text = `${includes}\nint printf(const char *, ...);\nint main(void) {\n${prints}\n}\n`;
  const built = compiler(["-o", program], text, folder);
  if (built.status !== 0) throw new Error(built.stderr);
  const values = spawnSync(program, { encoding: "utf8", maxBuffer: 1 << 26 })
    .stdout.trim()
    .split("\n");
  return names.map((name, i) => [name, BigInt(values[i] as string)]);
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), "constants-"));
  const known = new Map<string, bigint | null>(Object.entries(ADDED).map(([name, value]) => [name, BigInt(value)]));
  try {
    for (const group of HEADERS) {
      const headers = group.split(" ").filter((name) => {
        const found = ["/usr/include", "/usr/include/x86_64-linux-gnu"].some((at) => existsSync(join(at, `${name}.h`)));
        if (!found) console.log(`no <${name}.h>`);
        return found;
      });
      for (const header of headers) {
        for (const [name, value] of constantsOf([header], folder)) {
          // What two headers define differently is nobody's.
          if (known.has(name) && known.get(name) !== value) known.set(name, null);
          else known.set(name, value);
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const lines = [...known]
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}${name in ON_ARM64 ? ` ${ON_ARM64[name]}` : ""}`);
  writeFileSync(OUT, `# GENERATED by scripts/generate/constants.ts: do not edit\n${lines.sort().join("\n")}\n`);
  console.log(`${lines.length} constants`);
}

main();
