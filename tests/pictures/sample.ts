// Lines of a run for tests, as `--output json` writes them.

/** The first time of the sample; JavaScript's numbers would round it. */
export const T0 = 1796066916193710079n;

type Members = Record<string, unknown>;

function line(type: string, members: Members, time?: bigint): string {
  const rest = JSON.stringify({ cpu: 1, ...members }).slice(1);
  const host = JSON.stringify(members.host ?? "box");
  return `{"host":${host},"type":"${type}",${time === undefined ? "" : `"time":${time},`}${rest}\n`;
}

/** A print, so many nanoseconds after the first. */
function print(after: number, text: string, values: unknown[] = [], more: Members = {}): string {
  return line("print", { text, values, ...more }, T0 + BigInt(after));
}

/** A stack as --folded prints it. */
function folded(name: string, stack: string, count: number, host = "box"): string {
  return print(9_000_000, `${name};${stack} ${count}\n`, [name, stack, count], { stacks: [1], host });
}

/** Spans, a counter, a global, a statistic, a histogram, a stack, plain text. */
export const SAMPLE = [
  `{"host":"box","type":"run","schema":1,` +
    `"script":"x.stp","kernel":"6.12.0","arch":"x86_64","cpus":2,"start":"2026-11-30T19:28:38.833Z"}\n`,
  `{"host":"box","type":"started","probes":2}\n`,
  print(0, "B|431|read\n", [431]),
  print(1_000, "B|431|inner\n", [431]),
  print(2_000, "E|431\n", [431]),
  print(3_000, "E|431\n", [431]),
  print(9_000, "X|432|write|4000\n", [432, 4000]),
  print(5_000, "C|0|depth|-3\n", [-3]),
  print(6_000, 'a "quoted", line\n', ["quoted", 42], { probe: 'kernel.function("vfs_read")' }),
  print(7_000, "total=12\n", [12]),
  print(8_000, 'hits["dd",1]=5\n', ["dd", 1, 5]),
  print(8_000, 'hits["sh",2]=9\n', ["sh", 2, 9]),
  print(8_500, "lat @count=2 @min=1 @max=3 @sum=4 @avg=2\n", [2, 1, 3, 4, 2]),
  folded("dd", "ksys_write;vfs_write", 5),
  folded("sh", "ksys_read;vfs_read", 2, "other"),
  folded("dd", "ksys_write;vfs_write", 1),
  print(
    9_500,
    " 0xffffffff8c2c6585 : vfs_write+0x5/0x440 [kernel]\n 0xffffffff8c2c69bb : ksys_write+0xb9/0xf0 [kernel]\n",
    [" 0xffffffff8c2c6585 : vfs_write+0x5/0x440 [kernel]\n 0xffffffff8c2c69bb : ksys_write+0xb9/0xf0 [kernel]\n"],
    { stacks: [0] },
  ),
  `{"host":"box","type":"end","reason":"exit","status":0,"errors":0,` +
    `"skipped":{"lock":0,"reentrancy":0,"kernel":0},"lost":{"output":3,"messages":0},"handlers":20}\n`,
];
