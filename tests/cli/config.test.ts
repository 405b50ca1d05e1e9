// Defaults of the configuration files, and what they may not say.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, readConfig } from "../../cli/config.ts";
import { UsageError } from "../../cli/exit.ts";
import { hostsOf } from "../../cli/hosts/list.ts";
import { parseOptions } from "../../cli/options.ts";

const test = suite<{ folder: string }>("configuration");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-config-"));
  mkdirSync(join(context.folder, "stap-remote"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** The configuration of these texts. */
function read(folder: string, user: string, project = "", host?: string): Config {
  writeFileSync(join(folder, "stap-remote", "config"), user);
  writeFileSync(join(folder, ".stap-remote"), project);
  return readConfig({ env: { XDG_CONFIG_HOME: folder, STAP_REMOTE_HOST: host }, directory: folder });
}

test("what is said later counts: user, project, command line", ({ folder }) => {
  const config = read(folder, "timeout = 1\nuser=me # who\naccept-new\ninclude = a", "timeout = 2\ninclude = b");
  const plain = parseOptions(["x.stp", "--host", "box"], config);
  assert.equal([plain.timeoutMs, plain.user, plain.acceptNew, plain.include], [2000, "me", true, ["a", "b"]]);
  const given = parseOptions(["x.stp", "--host", "box", "-T", "3", "--user", "you"], config);
  assert.equal([given.timeoutMs, given.user], [3000, "you"]);
});

test("the host is for command lines that need one and name none", ({ folder }) => {
  const config = read(folder, "host = root@box");
  const hostsFor = (...argv: string[]) => parseOptions(argv, config).hosts;
  assert.equal(hostsFor("x.stp"), ["root@box"]);
  assert.equal(hostsFor("run", "x.bo"), ["root@box"]);
  assert.equal(hostsFor("-L", 'kernel.function("vfs_*")'), ["root@box"]);
  assert.equal(hostsFor("x.stp", "--host", "other"), ["other"]);
  for (const argv of [
    ["-p4", "x.stp"],
    ["x.stp", "--local"],
    ["-p4", "x.stp", "--facts", "f"],
    ["facts", "show", "f"],
  ]) {
    assert.equal(hostsFor(...argv), []);
  }
  const several = read(folder, "host = root@box", "host = a", " b  c ");
  assert.equal(parseOptions(["x.stp"], several).hosts, ["b", "c"]);
  assert.is(read(folder, "", "host = a").hosts[0], "a");
});

test("options of other jobs are left out", ({ folder }) => {
  const config = read(folder, "define = MAXERRORS=1\noutput = json\naccept-new");
  const run = parseOptions(["run", "x.bo", "--host", "box"], config);
  assert.equal([run.define, run.json, run.acceptNew], [[], true, true]);
  assert.is(parseOptions(["clean", "--host", "box"], config).acceptNew, true);
});

test("groups name hosts, and other groups", async ({ folder }) => {
  const { groups } = read(folder, "[groups]\nweb = web[1-2] root@web9\nall = @web db\nround = @round");
  const names = async (host: string) =>
    (await hostsOf({ hosts: [host], hostsFrom: [], groups })).map((one) => one.host);
  assert.equal(await names("@all"), ["web1", "web2", "root@web9", "db"]);
  for (const [host, problem] of [
    ["@no", /there is no group '@no' of hosts/],
    ["@round", /contains itself/],
  ] as const) {
    const failure = await names(host).catch((error) => error);
    assert.match(failure.message, problem);
  }
});

test("what makes no sense is refused with file and line", ({ folder }) => {
  const cases: [string, string, RegExp][] = [
    ["[hosts]", "", /config:1': there is no section 'hosts'/],
    ["\nwhat is this?", "", /config:2': a line is/],
    ["command = rm", "", /'command' is for the command line only/],
    ["[groups]\nweb", "", /a group is/],
    ["", "via = sh -c evil", /\.stap-remote:1': a project's file may not set 'via'/],
    ["", "sudo", /may not set 'sudo'/],
    ["", "ssh-option = ProxyCommand=x", /may not set 'ssh-option'/],
  ];
  for (const [user, project, problem] of cases) {
    assert.throws(
      () => read(folder, user, project),
      (error: Error) => error instanceof UsageError && problem.test(error.message),
    );
  }
  const config = read(folder, "nosuch = 1");
  assert.throws(() => parseOptions(["x.stp", "--local"], config), /the configuration: unknown option '--nosuch'/);
});

test.run();
