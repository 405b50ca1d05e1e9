// scripts/setup.sh on machines that lack programs, simulated by stand-ins in PATH: what it installs, prints and
// refuses.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const SCRIPT = fileURLToPath(new URL("../../scripts/setup.sh", import.meta.url));
/** What the script itself runs, taken from this machine. */
const TOOLS = ["sh", "cat", "dirname", "env", "mktemp", "rm", "sort", "tail", "touch", "tr", "chmod"];
const BUILD_PROGRAMS = ["clang", "ld.lld", "llvm-strip"];

interface Box {
  folder: string;
  bin: string;
}

const test = suite<Box>("setup.sh");

function addProgram(box: Box, name: string, body = "exit 0"): void {
  writeFileSync(join(box.bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** apt-get that "installs" a program for each package it is told, and writes down how it was called. */
function addApt(box: Box): void {
  const body = `echo "$@" >>${box.folder}/apt.log
case " $* " in *" install "*) ;; *) exit 0 ;; esac
for word; do printf '#!/bin/sh\\n' >${box.bin}/$word; chmod +x ${box.bin}/$word; done
[ ! -e ${box.bin}/lld ] || { printf '#!/bin/sh\\n' >${box.bin}/ld.lld; chmod +x ${box.bin}/ld.lld; }`;
  addProgram(box, "apt-get", body);
}

function setup(box: Box, goal: string): { status: number | null; stdout: string; stderr: string } {
  // The script appends /usr/sbin and /sbin to PATH; none of the programs it looks for in these tests are there.
  const env = { PATH: box.bin, TMPDIR: box.folder };
  return spawnSync("/bin/sh", [join(box.folder, "scripts/setup.sh"), goal], { env, encoding: "utf8" });
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

test.before.each((box) => {
  box.folder = mkdtempSync(join(tmpdir(), "setup-test-"));
  box.bin = join(box.folder, "bin");
  for (const name of ["bin", "scripts", "node_modules"]) mkdirSync(join(box.folder, name));
  copyFileSync(SCRIPT, join(box.folder, "scripts/setup.sh"));
  writeFileSync(join(box.folder, "package-lock.json"), "{}");
  writeFileSync(join(box.folder, "node_modules/.package-lock.json"), "{}");
  for (const tool of TOOLS) {
    const found = ["/usr/bin", "/bin"].map((folder) => join(folder, tool)).find(existsSync);
    assert.ok(found, tool);
    symlinkSync(found!, join(box.bin, tool));
  }
  addProgram(box, "id", "echo 0");
  addProgram(box, "node", "echo ok");
  addProgram(box, "npm", `echo "$@" >>${box.folder}/npm.log`);
});

test.after.each((box) => {
  rmSync(box.folder, { recursive: true, force: true });
});

test("says and does nothing where nothing is missing", (box) => {
  for (const name of BUILD_PROGRAMS) addProgram(box, name);
  addApt(box);
  const { status, stdout, stderr } = setup(box, "build");
  assert.equal([status, stdout, stderr], [0, "", ""]);
  assert.is(readIfThere(join(box.folder, "apt.log")), "");
  assert.is(readIfThere(join(box.folder, "npm.log")), "");
});

test("installs only the packages that are missing", (box) => {
  addProgram(box, "clang");
  addProgram(box, "llvm-strip");
  addApt(box);
  const { status, stdout, stderr } = setup(box, "build");
  assert.equal([status, stdout, stderr], [0, "scripts/setup.sh: installing lld \n", ""]);
  assert.is(readIfThere(join(box.folder, "apt.log")), "-q update\n-q install -y --no-install-recommends lld\n");
});

test("asks sudo where it does not run as root", (box) => {
  addProgram(box, "clang");
  addProgram(box, "llvm-strip");
  addApt(box);
  addProgram(box, "id", "echo 1000");
  addProgram(box, "sudo", `echo sudo >>${box.folder}/apt.log; exec "$@"`);
  assert.is(setup(box, "build").status, 0);
  assert.match(readIfThere(join(box.folder, "apt.log")), "sudo\n-q update\nsudo\n-q install");
});

test("names what to install where there is no apt", (box) => {
  const { status, stderr } = setup(box, "build");
  assert.is(status, 1);
  assert.match(stderr, "no Debian system with apt");
  assert.match(stderr, "then try again: clang lld llvm");
});

test("shows what apt said when it fails", (box) => {
  addProgram(box, "apt-get", "echo 'E: no such mirror'; exit 100");
  const { status, stderr } = setup(box, "build");
  assert.is(status, 1);
  assert.match(stderr, "E: no such mirror\nscripts/setup.sh: apt-get could not install clang lld llvm ");
});

test("installs the npm packages when the lock file is newer than they are", (box) => {
  for (const name of BUILD_PROGRAMS) addProgram(box, name);
  rmSync(join(box.folder, "node_modules/.package-lock.json"));
  const { status, stdout } = setup(box, "build");
  assert.equal([status, stdout], [0, "scripts/setup.sh: installing the packages of package-lock.json\n"]);
  assert.match(readIfThere(join(box.folder, "npm.log")), /^ci /);
});

test("refuses a Node that is too old", (box) => {
  for (const name of BUILD_PROGRAMS) addProgram(box, name);
  addProgram(box, "node", "echo 18");
  const { status, stderr } = setup(box, "build");
  assert.equal(
    [status, stderr],
    [1, "scripts/setup.sh: this is Node 18; install Node 20.19, 22.12, or 23 and newer\n"],
  );
});

test.run();
