// Several hosts: which ones a command line names, and one command line on all of them, against agents in TypeScript.

import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FactsCache } from "../../agent/host/facts-cache.ts";
import { main } from "../../cli/command.ts";
import { loadCompiler } from "../../cli/compile.ts";
import { EXIT, ExitError } from "../../cli/exit.ts";
import { CompileOnce } from "../../cli/hosts/compile-once.ts";
import { readInventory } from "../../cli/hosts/inventory.ts";
import { Prefixer } from "../../cli/hosts/lines.ts";
import { expand, hostsOf } from "../../cli/hosts/list.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { Output } from "../../cli/output.ts";
import type { Surroundings } from "../../cli/surroundings.ts";
import { AgentFrame, HostFrame, StopReason } from "../../common/format/frame.ts";
import { captureMessages } from "../captured.ts";
import { item, ManifestBuilder, objectWith, records } from "../format/manifest-builder.ts";
import { type Behaviour, FakeAgent } from "./fake-agent.ts";

const test = suite<{ folder: string; object: string }>("hosts");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-hosts-"));
  context.object = join(context.folder, "x.bo");
  const builder = new ManifestBuilder();
  builder.site({ format: "hi %d\n", arguments: ["long"] });
  builder.site({ format: "%d", arguments: ["long"] });
  writeFileSync(context.object, objectWith(builder.done()));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Runs a command line; each host's agent is made by `behaviours`, and a host without one is not reached. */
async function run(folder: string, argv: string[], behaviours: Record<string, Behaviour>) {
  const agents = new Map<string, FakeAgent>();
  const outFile = join(folder, "stdout");
  writeFileSync(outFile, "");
  const messages = captureMessages();
  const opened: string[] = [];
  const interrupts = new Interrupts();
  const around: Surroundings = {
    openRemote: async ({ host = "" }) => {
      opened.push(host);
      const behaviour = behaviours[host];
      if (!behaviour) throw new ExitError(EXIT.connection, `${host}: connection refused`);
      const agent = new FakeAgent(behaviour);
      agents.set(host, agent);
      return { process: agent.process, where: host, kind: "fake", uploaded: false, close: async () => {} };
    },
    interrupts,
    ...messages.to,
    factsFolder: join(folder, "facts"),
    openOutput: (file) => (file === undefined ? new Output(openSync(outFile, "a"), "stdout", true) : Output.open(file)),
  };
  const status = await main(argv, around);
  return { status, out: readFileSync(outFile, "utf8"), err: messages.said(), agents, opened, interrupts };
}

const says = (numbers: number[]): Behaviour => ({
  onRun: (agent) => {
    agent.send(AgentFrame.Started, new Uint8Array(8));
    for (const number of numbers) agent.send(AgentFrame.Output, records([item(0, [number])]));
    agent.finish();
  },
});

test("a range of numbers names several hosts, and keeps leading zeros", () => {
  assert.equal(
    expand("web[08-11].example.org"),
    ["08", "09", "10", "11"].map((n) => `web${n}.example.org`),
  );
  assert.equal(expand("r[1,3]n[1-2]"), ["r1n1", "r1n2", "r3n1", "r3n2"]);
  for (const plain of ["box", "root@[::1]:22", "[fe80::1]", "box[a-c]"]) assert.equal(expand(plain), [plain]);
});

test("hosts come from options, files and inventories, each once", async ({ folder }) => {
  const file = join(folder, "hosts");
  writeFileSync(file, "# all of them\nweb[1-2]  root@db:2222 # the database\n\nweb1\n");
  const hosts = await hostsOf({ hosts: ["root@web1", "web1"], hostsFrom: [file] });
  assert.equal(
    hosts.map(({ host, name }) => `${name}=${host}`),
    ["root@web1=root@web1", "web1=web1", "web2=web2", "db:2222=root@db:2222"],
  );
  for (const [text, problem] of [
    ["", /names no host/],
    ["ok\n-oProxyCommand=x\n", /'-oProxyCommand=x' is no host/],
    ["web[5-1]\n", /'5-1' is no range/],
  ] as const) {
    writeFileSync(file, text);
    const failure = await hostsOf({ hosts: [], hostsFrom: [file] }).catch((error) => error);
    assert.instance(failure, ExitError);
    assert.match(failure.message, problem);
  }
});

const INI = `
lonely ansible_host=10.0.0.9
[web]
web[1:3] ansible_user=admin   ; the front
[db]
db1 ansible_host=fe80::1 ansible_port=2222 ansible_ssh_private_key_file="/keys/my key"
[all:vars]
ansible_user=root
[site:children]
web
db
`;
const YAML = `
all:
  vars: { ansible_user: root }
  hosts: { lonely: { ansible_host: 10.0.0.9 } }
  children:
    web: { hosts: { "web[1:3]": { ansible_user: admin } } }
    db:
      hosts:
        db1: { ansible_host: "fe80::1", ansible_port: 2222, ansible_ssh_private_key_file: /keys/my key }
`;

test("an inventory is read as INI and as YAML", async ({ folder }) => {
  const path = process.env.PATH;
  process.env.PATH = folder; // here is no ansible-inventory
  try {
    for (const [name, text] of [
      ["hosts", INI],
      ["hosts.yml", YAML],
    ] as const) {
      const file = join(folder, name);
      writeFileSync(file, text);
      const all = (await readInventory(file)).map(({ name, host }) => `${name}=${host}`).sort();
      const webs = [1, 2, 3].map((n) => `web${n}=admin@web${n}`);
      assert.equal(all, ["db1=root@[fe80::1]:2222", "lonely=root@10.0.0.9", ...webs]);
      const names = async (limit: string) => (await readInventory(file, limit)).map((one) => one.name).sort();
      assert.equal(await names("web,!web2"), ["web1", "web3"]);
      assert.equal(await names("web*:&web3"), ["web3"]);
      assert.equal(await names("all:!web"), ["db1", "lonely"]);
      assert.is((await readInventory(file, "db"))[0]?.identity, "/keys/my key");
      const none = await readInventory(file, "nosuch").catch((error) => error);
      assert.match(none.message, /has no hosts that match 'nosuch'/);
    }
  } finally {
    process.env.PATH = path;
  }
});

test("each line of several hosts begins with the host's name", async ({ folder, object }) => {
  const hosts = { "root@a": says([1, 2]), b: says([3]) };
  const { status, out, err } = await run(folder, ["run", object, "--host", "root@a", "--host", "b"], hosts);
  assert.equal([status, err], [EXIT.done, ""]);
  assert.equal(out.split("\n").sort(), ["", "a: hi 1", "a: hi 2", "b: hi 3"]);
  const plain = await run(folder, ["run", object, "--host", "root@a", "--host", "b", "--no-prefix"], hosts);
  assert.equal(plain.out.split("\n").sort(), ["", "hi 1", "hi 2", "hi 3"]);
  const alone = await run(folder, ["run", object, "--host", "b"], hosts);
  assert.is(alone.out, "hi 3\n");
});

test("a line in pieces is one line, and the last one ends with the run", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => {
    for (const number of [1, 2]) agent.send(AgentFrame.Output, records([item(1, [number])]));
    agent.finish();
  };
  const { out } = await run(folder, ["run", object, "--host", "a", "--host", "b"], {
    a: { onRun },
    b: says([3]),
  });
  assert.equal(out.split("\n").sort(), ["", "a: 12", "b: hi 3"]);
  const long = new Prefixer("a: ");
  assert.is(new TextDecoder().decode(long.add(new Uint8Array(100_000).fill(120))).length, 100_004);
});

test("a host that is not reached fails alone, and the end says which", async ({ folder, object }) => {
  const argv = ["run", object, "--host", "a", "--host", "gone", "--host", "b"];
  const { status, out, err } = await run(folder, argv, { a: says([1]), b: says([2]) });
  assert.is(status, EXIT.connection);
  assert.equal(out.split("\n").sort(), ["", "a: hi 1", "b: hi 2"]);
  assert.is(err, "gone: stap-remote: gone: connection refused\nstap-remote: 1 of 3 hosts failed: gone\n");
});

test("with JSON Lines each line has its host, and a host that is not reached has one", async ({ folder, object }) => {
  const argv = ["run", object, "--host", "a", "--host", "gone", "--output", "json"];
  const { status, out } = await run(folder, argv, { a: says([1]) });
  assert.is(status, EXIT.connection);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { host: string; type: string; text?: string });
  const types = (host: string) => lines.filter((line) => line.host === host).map(({ type }) => type);
  assert.equal(types("a"), ["run", "started", "print", "end"]);
  assert.equal(types("gone"), ["failure"]);
  assert.match(lines.find(({ type }) => type === "failure")!.text!, /connection refused/);
});

test("different failures are status 1", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => agent.finish({ reason: StopReason.Errors, errors: 1 });
  const { status, err } = await run(folder, ["run", object, "--host", "a", "--host", "gone"], { a: { onRun } });
  assert.is(status, EXIT.failed);
  assert.match(err, /2 of 2 hosts failed: a, gone\n$/);
});

test("Ctrl-C stops all hosts in order, those that begin later too", async ({ folder, object }) => {
  const behaviour = (before?: () => void): Behaviour => ({
    onRun: (agent) => {
      agent.send(AgentFrame.Started, new Uint8Array(8));
      before?.();
    },
    onStop: (agent) => {
      agent.send(AgentFrame.Output, records([item(0, [9])]));
      agent.finish({ reason: StopReason.Stopped });
    },
  });
  const own = new Interrupts();
  const outFile = join(folder, "out");
  writeFileSync(outFile, "");
  const messages = captureMessages();
  const agents: FakeAgent[] = [];
  const status = await main(["run", object, "--host", "[a]", "--host", "n[1-3]", "--parallel", "1"], {
    openRemote: async ({ host = "" }) => {
      const agent = new FakeAgent(
        behaviour(host === "n1" ? () => setTimeout(() => own.arrived("SIGINT"), 20) : undefined),
      );
      agents.push(agent);
      return { process: agent.process, where: host, kind: "fake", uploaded: false, close: async () => {} };
    },
    interrupts: own,
    ...messages.to,
    openOutput: () => new Output(openSync(outFile, "a"), "stdout", true),
  });
  assert.equal([status, messages.said()], [EXIT.interrupted, ""]);
  assert.equal(
    agents.map((agent) => agent.received.includes(HostFrame.Stop)),
    [true, true, true, true],
  );
  assert.is(readFileSync(outFile, "utf8").match(/: hi 9\n/g)?.length, 4);
});

test("one compile serves all hosts with a kernel, unless they may differ", async () => {
  const compiler = loadCompiler();
  const input = (script: string) => ({
    scripts: [{ name: "x.stp", bytes: new TextEncoder().encode(script) }],
    options: [] as [string, string][],
    args: [],
  });
  const asked = (features: string[]) => ({ session: { query: async () => [] }, cache: new FactsCache(""), features });
  const plain = input("probe begin { exit() }");
  const once = new CompileOnce();
  const [a, b, c] = await Promise.all([
    once.compile(compiler, plain, asked(["kernel=1"])),
    once.compile(compiler, plain, asked(["kernel=1"])),
    once.compile(compiler, plain, asked(["kernel=2"])),
  ]);
  assert.is(a, b);
  assert.is.not(a, c);
  assert.is(once.count, 2);
  const loaded = input('probe module("x*").function("f") ? {} probe begin { exit() }');
  for (let i = 0; i < 2; i++) await once.compile(compiler, { ...loaded, args: [] }, asked(["kernel=3"]));
  assert.is(once.count, 4);
});

test("hosts with one kernel print what they compiled", async ({ folder }) => {
  const hosts = { a: says([]), b: says([]), c: says([]) };
  const argv = ["-v", "--host", "a", "--host", "b", "--host", "c", "-e", "probe begin { exit() }"];
  const { status, err } = await run(folder, argv, hosts);
  assert.is(status, EXIT.done);
  const times = [...err.matchAll(/^(\w): Pass 4: compiled BPF into .* in (.*)\.$/gm)].map((match) => match[1]);
  assert.equal(times.sort(), ["a", "b", "c"]);
});

test("-o takes the lines of all hosts", async ({ folder, object }) => {
  const file = join(folder, "all");
  const argv = ["run", object, "--host", "a", "--host", "b", "-o", file];
  await run(folder, argv, { a: says([1]), b: says([2]) });
  assert.equal(readFileSync(file, "utf8").split("\n").sort(), ["", "a: hi 1", "b: hi 2"]);
});

test("what is for one host is refused with several", async ({ folder }) => {
  for (const options of [["-p4"], ["-k"], ["-m", "x"]]) {
    const argv = [...options, "--host", "a", "--host", "b", "-e", "probe begin { exit() }"];
    const { status, err, opened } = await run(folder, argv, {});
    assert.equal([status, opened], [EXIT.usage, []]);
    assert.match(err, /is for one host, and 2 are named/);
  }
});

test.run();
