// Objects as other tools see them, without any kernel: readelf and llvm-objdump read them, the same script gives the
// same bytes, and -p4 puts them where the options say.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const CLIENT = fileURLToPath(new URL("../../dist/stap-remote.js", import.meta.url));
const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const test = suite<{ folder: string }>("object");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-object-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true }));

const SCRIPT = `global reads
probe kernel.function("vfs_read") { reads++; printf("%s %d\\n", execname(), pid()) }
probe kernel.function("vfs_read").return { reads++ }
probe kernel.trace("sched_switch") { reads++ }
probe timer.profile { reads++ }
probe timer.ms(10) { println(reads) }
probe end { println(reads / 2) }
`;

interface Ended {
  status: number | null;
  out: string;
  err: string;
}

function client(argv: string[], folder: string, input = ""): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLIENT, ...argv], {
    cwd: folder,
    input,
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

function compile(folder: string, script: string, arch: string): string {
  writeFileSync(join(folder, "x.stp"), script);
  const { status, err } = client(["-a", arch, "-p4", "-o", "x.bo", "x.stp"], folder);
  assert.equal([status, err], [0, ""]);
  return join(folder, "x.bo");
}

/** The newest of a tool's versions that is installed. */
function findTool(name: string): string {
  const names = [name, ...Array.from({ length: 12 }, (_, i) => `${name}-${24 - i}`)];
  const found = names.find((one) => spawnSync(one, ["--version"]).status === 0);
  if (!found) throw new Error(`${name} is missing: run scripts/setup.sh test`);
  return found;
}

for (const arch of ["x86_64", "arm64"]) {
  test(`readelf reads an object for ${arch} without complaint`, ({ folder }) => {
    const { status, stdout, stderr } = spawnSync("readelf", ["-a", "-W", compile(folder, SCRIPT, arch)], {
      encoding: "utf8",
    });
    assert.equal([status, stderr], [0, ""]);
    assert.match(stdout, /Linux BPF/);
    const sections = ["kprobe/vfs_read", "kretprobe/vfs_read", "raw_tp/sched_switch", "perf_event", ".maps", "license"];
    for (const name of [...sections, ".BTF", ".BTF.ext", ".stap.manifest"]) {
      assert.ok(stdout.includes(` ${name} `), `${name} is missing`);
    }
  });
}

test("llvm-objdump disassembles every program of an object, and knows its instructions", ({ folder }) => {
  const tool = findTool("llvm-objdump");
  const { status, stdout, stderr } = spawnSync(tool, ["-d", "-r", compile(folder, SCRIPT, "x86_64")], {
    encoding: "utf8",
  });
  assert.equal([status, stderr], [0, ""]);
  assert.match(stdout, /Disassembly of section kprobe\/vfs_read:/);
  assert.match(stdout, /\bexit\b/);
  // Stores of constants (62, 6a, 72, 7a) have a name from LLVM 17 on.
  const unknown = stdout.split("\n").filter((line) => /<unknown>/.test(line) && !/:\t(62|6a|72|7a) /.test(line));
  assert.equal(unknown, []);
});

test("the same script gives the same bytes, whatever the folder, the file's time and the environment", ({ folder }) => {
  const first = readFileSync(compile(folder, SCRIPT, "x86_64"));
  const other = mkdtempSync(join(tmpdir(), "stap-another-folder-"));
  try {
    process.env.TZ = "Asia/Tokyo";
    assert.ok(first.equals(readFileSync(compile(other, SCRIPT, "x86_64"))));
  } finally {
    delete process.env.TZ;
    rmSync(other, { recursive: true });
  }
});

test("-m names the object, -o the file", ({ folder }) => {
  writeFileSync(join(folder, "script.stp"), SCRIPT);
  assert.equal(client(["-p4", "-m", "named", "script.stp"], folder), { status: 0, out: "named.bo\n", err: "" });
  assert.equal(client(["-p4", "-o", "file.bo", "script.stp"], folder), { status: 0, out: "file.bo\n", err: "" });
  assert.equal(client(["-p4", "-"], folder, SCRIPT), { status: 0, out: "stap.bo\n", err: "" });
  assert.equal(readdirSync(folder).sort(), ["file.bo", "named.bo", "script.stp", "stap.bo"]);
});

test("-p4 of a script with mistakes writes no object", ({ folder }) => {
  const { status, out, err } = client(["-p4", "-m", "bad", "-e", "probe begin { println(nothing()) }"], folder);
  assert.equal([status, out], [1, ""]);
  assert.match(err, /^Pass 2: analysis failed\.$/m);
  assert.not.ok(existsSync(join(folder, "bad.bo")));
});

test("-p1 to -p3 print and write nothing else", ({ folder }) => {
  writeFileSync(join(folder, "script.stp"), SCRIPT);
  const [first, second, third] = ["-p1", "-p2", "-p3"].map((pass) => client([pass, "script.stp"], folder)) as Ended[];
  assert.match(first!.out, /^probe kernel\.function\("vfs_read"\)/m);
  for (const section of ["# globals", "# functions", "# probes"]) assert.ok(second!.out.includes(section), section);
  assert.match(third!.out, /call bpf_ringbuf_/);
  assert.match(third!.out, /^; script\.stp:2:\d+: probe kernel/m);
  assert.equal(
    [first, second, third].map((ended) => [ended!.status, ended!.err]),
    Array(3).fill([0, ""]),
  );
  assert.equal(readdirSync(folder), ["script.stp"]);
});

test("every example compiles for both CPUs, or says that it needs a remote", ({ folder }) => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith(".stp"));
  assert.ok(names.length > 0);
  for (const name of names) {
    for (const arch of ["x86_64", "arm64"]) {
      const text = readFileSync(join(EXAMPLES, name), "utf8");
      const args = /^# run: .*\.stp '(.*)'$/m.exec(text)?.slice(1) ?? [];
      const { status, err } = client(["-a", arch, "-p4", "-o", "example.bo", join(EXAMPLES, name), ...args], folder);
      // Probes on names that every kernel has, and no more, need no remote.
      const isPlain = !/\$[a-z]|probe (process|vfs|vm|signal|scheduler|ioblock|syscall)\b|function\(@1\)/.test(text);
      if (isPlain) assert.is(status, 0, `${name}: ${err}`);
      else if (status !== 0) assert.match(err, /depends on the (kernel|remote)/, name);
    }
  }
});

const LARGE = `global a[100000], s, t
probe kernel.function("vfs_read") { a[pid()]++; s[execname(), sprint(pid())] = execname() . "!"; t[sprint(a[1]), ""]++ }
probe end { foreach (k in a- limit 3) println(k, s["", ""], t["", ""]) }
`;

test("large arrays are array maps by libbpf's convention, and what is small stays in .bss", ({ folder }) => {
  const { stdout } = spawnSync("readelf", ["-s", "-S", "-W", compile(folder, LARGE, "x86_64")], { encoding: "utf8" });
  for (const name of ["stp_output", "a0_a", "sort0"]) assert.match(stdout, new RegExp(`OBJECT +GLOBAL .* ${name}\n`));
  const bss = Number.parseInt(/\.bss +NOBITS +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)/.exec(stdout)?.[1] ?? "", 16);
  assert.ok(bss < 2 << 20, `${bss} bytes of .bss`);
});

test("an array that is too large even for a map is refused where it is declared", ({ folder }) => {
  const refusals = [
    ["a[10000000]", "array 'a' of 10000000 elements of 40 bytes is too large", "8388608", "global a[N]"],
    ["a", "array 'a' of 5000000 elements of 544 bytes is too large", "1973790", "global a[N], or -D MAXMAPENTRIES"],
  ];
  for (const [declared, what, most, how] of refusals) {
    const value = declared === "a" ? "s" : "1";
    const script = `global s, ${declared}\nprobe begin { s .= "x"; a[1] = ${value}; println(a[1]) }`;
    const { status, err } = client(["-D", "MAXMAPENTRIES=5000000", "-a", "x86_64", "-p4", "-e", script], folder);
    assert.equal(status, 1);
    assert.ok(err.includes(`${what}: identifier 'a' at <input>:1:11`), err);
    assert.ok(err.includes(`at most ${most} elements of this size fit; declare fewer: ${how}`), err);
  }
});

test.run();
