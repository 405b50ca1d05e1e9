// Reports over many arrays, sorted in the kernel: within the verifier's limits of steps and functions, because the
// loops of a handler share their queue.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("many arrays");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

const ARRAYS = Array.from({ length: 40 }, (_, i) => i);

test("a timer sorts, prints and deletes 40 arrays that probes fill", async () => {
  const each = (text: (i: number) => string) => ARRAYS.map(text).join("\n");
  const names = ARRAYS.map((i) => `a${i}`).join(", ");
  const script = `
    global ${names}
    probe kernel.function("vfs_read") { if (execname() == "dd") { ${each((i) => `a${i}[cpu(), ${i}]++`)} } }
    probe begin { ${each((i) => `for (k = 0; k < 9; k++) a${i}[100 + k * 7 % 9, k] = k * ${i + 1}`)} }
    probe timer.s(2) {
      ${each((i) => `foreach ([k, n] in a${i}- limit 12) if (k >= 100) s${i} = s${i} * 10 + a${i}[k, n] / ${i + 1}`)}
      ${each((i) => `printf("%d ", s${i}); delete a${i}; if ([cpu(), ${i}] in a${i}) printf("left ")`)}
      println("")
      exit()
    }`;
  const dd = "dd if=/dev/zero of=/dev/null bs=1 count=500 2>/dev/null";
  const { status, out, err } = await remote.run(
    ["-w", "-D", "STP_NO_OVERLOAD", "-D", "MAXACTION=20000", "-e", script],
    {
      attached: async () => void (await remote.shell(`${dd}; sleep 4`)),
    },
  );
  assert.is(status, 0, err);
  assert.match(out, /^(8765432100? ){40}\n/);
});

test("strings of 40 arrays are sorted by all of their bytes", async () => {
  const names = ["/usr/lib/b", "/usr/lib/a", "/usr", "/usr/lib", "/usr/lib/aa"];
  const fill = (i: number) => names.map((name, k) => `a${i}["${name}"] = ${k}`).join("; ");
  const script = `
    global done, ${ARRAYS.map((i) => `a${i}`).join(", ")}
    probe begin { ${ARRAYS.map(fill).join("; ")} }
    probe kernel.function("vfs_read") {
      if (execname() == "dd" && !done++) {
        ${ARRAYS.map((i) => `foreach (k${i % 2 ? "-" : "+"} in a${i}) printf("%d", a${i}[k])`).join("; ")}
        println("")
        exit()
      }
    }`;
  const { status, out, err } = await remote.run(
    ["-w", "-D", "STP_NO_OVERLOAD", "-D", "MAXACTION=10000", "-e", script],
    {
      attached: async () =>
        void (await remote.shell("dd if=/dev/zero of=/dev/null bs=1 count=50 2>/dev/null; sleep 1")),
    },
  );
  assert.is(status, 0, err);
  assert.is(out, `${"2314004132".repeat(20)}\n`);
});

test.run();
