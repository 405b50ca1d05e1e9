// Completion for the shells, run in bash; and the hosts that the ssh configuration offers.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { offeredHosts } from "../../agent/host/ssh-hosts.ts";
import { completionScript } from "../../cli/completion.ts";
import { OPTIONS } from "../../cli/option-rows.ts";
import { JOBS } from "../../cli/options.ts";

const test = suite<{ folder: string }>("completion");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-completion-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("hosts are those of the configuration, of the files that it includes, and of known_hosts", ({ folder }) => {
  mkdirSync(join(folder, "conf.d"));
  writeFileSync(
    join(folder, "config"),
    "Include conf.d/*.conf\nHost web1 web2 *.example.org !bad\n  User me\nHost=db\nMatch all\n",
  );
  writeFileSync(join(folder, "conf.d", "a.conf"), "host inner\n");
  writeFileSync(
    join(folder, "known_hosts"),
    "# keys\ngit.example.org,10.0.0.1 ssh-ed25519 AAAA\n|1|hash|hash ssh-ed25519 AAAA\n[box]:2222 ssh-rsa AAAA\n" +
      "@cert-authority *.example.org ssh-rsa AAAA\nweb1 ssh-rsa AAAA\n",
  );
  const offered = offeredHosts(folder).map(({ name, from }) => `${name} ${from}`);
  const configured = ["web1", "web2", "db", "inner"].map((name) => `${name} configuration`);
  assert.equal(offered, [
    ...configured,
    ...["git.example.org", "10.0.0.1", "box:2222"].map((name) => `${name} known hosts`),
  ]);
  assert.equal(offeredHosts(join(folder, "nowhere")), []);
});

/** What bash offers for the last of these words. */
function complete(folder: string, ...words: string[]): string[] {
  const script = completionScript("bash", OPTIONS, [...JOBS]);
  const quoted = ["stap-remote", ...words].map((word) => `'${word}'`).join(" ");
  const program = `${script}
stap-remote() { [ "$*" = "hosts --names" ] && printf 'web1\\nweb2\\ndb\\n'; }
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; COMPREPLY=(); _stap_remote; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", program], { cwd: folder, encoding: "utf8" });
  assert.equal([status, stderr], [0, ""]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

test("bash completes options, their values, hosts and files", ({ folder }) => {
  for (const name of ["my.stp", "box.facts"]) writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "lib"));
  assert.equal(complete(folder, "--time"), ["--timeout", "--timestamps"]);
  assert.equal(complete(folder, "--host", "w"), ["web1", "web2"]);
  assert.equal(complete(folder, "--host", "=", "d"), ["db"]);
  assert.equal(complete(folder, "-a", ""), ["arm64", "x86_64"]);
  assert.equal(complete(folder, "--facts", "b"), ["box.facts"]);
  assert.equal(complete(folder, "-I", ""), ["lib"]);
  assert.equal(complete(folder, "-v", "m"), ["my.stp"]);
  assert.ok(complete(folder, "do").includes("doctor"));
  assert.equal(complete(folder, "-T", ""), []);
});

test("zsh runs bash's script, and fish has a line for each option", () => {
  assert.match(completionScript("zsh", OPTIONS, []), /bashcompinit\n# Completion/);
  const fish = completionScript("fish", OPTIONS, [...JOBS]);
  for (const { name, hidden } of OPTIONS) assert.is(fish.includes(` -l ${name} `), !hidden, name);
  assert.match(fish, /-l arch -s a -d '.*' -x -a 'x86_64 arm64'/);
});

test.run();
