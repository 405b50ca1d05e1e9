// Our reader of the ssh configuration against `ssh -G`: small files that show one rule each, and files made at random
// from a seed. Where ssh refuses a file, so do we; where it does not, all that we use of the configuration is the same.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost } from "../../agent/host/address.ts";
import { readHostConfig } from "../../agent/host/ssh-config.ts";
import type { ConfigSource, HostConfig } from "../../agent/host/ssh-settings.ts";
import { TransportError } from "../../agent/host/transport.ts";

const test = suite("our reader and ssh -G");
const folder = mkdtempSync(join(tmpdir(), "ssh-differential-"));
test.after(() => rmSync(folder, { recursive: true }));

function write(name: string, lines: string[], mode = 0o600): string {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `${lines.join("\n")}\n`, { mode });
  chmodSync(file, mode);
  return file;
}

/** What is used of a configuration; the names of default keys differ between releases of ssh. */
function used({ settings, standard: _, identities, ...config }: HostConfig) {
  return {
    ...config,
    identities: settings.get("identityfile")?.some((file) => /dsa|xmss/.test(file)) ? [] : identities,
  };
}

async function read(host: string, source: ConfigSource) {
  try {
    const config = await readHostConfig(parseHost(host), source);
    const isDefault = !config.settings.has("identityfile");
    return used(isDefault ? { ...config, identities: [] } : config);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return error;
  }
}

/** Reads a file both ways and compares; returns what both say, or the two errors. */
async function both(host: string, configFile: string, more: ConfigSource = {}) {
  const asked = await read(host, { configFile, ...more });
  const ours = await read(host, { configFile, ...more, sshBinary: null });
  if (asked instanceof TransportError) {
    assert.instance(ours, TransportError, `ssh refuses ${configFile}: ${asked.message}`);
    return { error: ours as TransportError };
  }
  if (ours instanceof TransportError) throw new Error(`ssh takes what we refuse: ${ours.message}`);
  assert.equal(ours, asked);
  return { config: ours };
}

/** As it stands in a file. */
const HOME = "$" + "{HOME}";

const RULES: Record<string, [title: string, hosts: string[], lines: string[]][]> = {
  "agrees with ssh -G about which lines count": [
    ["Host is case-sensitive", ["box", "BOX"], ["Host BOX", "Port 3", "Host box", "Port 4"]],
    [
      "Host has patterns and exclusions",
      ["a.lab", "secret.lab"],
      ["Host *.lab !secret.lab", "User one", "Host *", "User two"],
    ],
    ["a comma is part of a name", ["a"], ["Host a,b", "Port 5"]],
    ["Host in quotes", ["a", "b"], ["Host \"a\" 'b'", "Port 5"]],
    ["Match host in any case", ["Box"], ["Match host BOX", "Port 6", "Match host box", "Port 7"]],
    ["Match host looks at HostName", ["a"], ["Host a", "HostName real", "Match host real", "Port 8"]],
    ["Match host and %h", ["a"], ["Host a", "HostName %h.lab", "Match host a.lab", "Port 8"]],
    ["Match originalhost", ["a"], ["Host a", "HostName real", "Match originalhost a", "Port 9"]],
    ["Match with negation", ["a", "b"], ["Match !host a", "Port 10", "Match !user nobody", "User x"]],
    [
      "Match with lists",
      ["a", "c"],
      ["Match host a,b,!c", "Port 11", "Match originalhost *,!a user root,me", "Port 12"],
    ],
    ["Match user after User", ["a"], ["User me", "Match user me", "Port 13"]],
    ["Match localuser", ["a"], ["Match localuser root", "Port 14", "Match localuser !root,*", "Port 15"]],
    ["Match all", ["a"], ["Match all", "Port 16"]],
    [
      "Match final",
      ["a"],
      ["Host a", "HostName real", "Match final host real", "Port 17", "Match final all", "User fin"],
    ],
    ["Match canonical", ["a"], ["Match canonical all", "Port 18"]],
    [
      "Host in the final pass",
      ["a"],
      ["Host a", "HostName real", "Match final all", "User fin", "Host real", "Port 3"],
    ],
    ["Match with =", ["a"], ["Match host=a", "Port 19"]],
    ["Include in a block", ["a", "b"], ["Host a", `Include ${folder}/inner.conf`, "Host *", "Port 21"]],
    ["Include with patterns", ["a"], [`Include ${folder}/parts/*.conf ${folder}/[i]nner.conf`, "Port 22"]],
    ["Include of nothing", ["a"], [`Include ${folder}/nothing/*.conf`, "Port 23"]],
    ["Include ends its own blocks", ["a"], ["Host a", `Include ${folder}/blocks.conf`, "Port 24"]],
    ["Include of what others may write", ["a"], [`Include ${folder}/open.conf`]],
    ["Include of what another user owns", ["a"], [`Include ${folder}/foreign.conf`]],
    ["IgnoreUnknown", ["a"], ["IgnoreUnknown New*,Other", "NewThing yes", "other 1", "Port 25"]],
    ["an unknown option", ["a"], ["NewThing yes"]],
    ["an unknown option where it does not count", ["a"], ["Host b", "NewThing yes"]],
    ["an option that is no more", ["a"], ["Protocol 2", "RSAAuthentication yes", "UsePrivilegedPort no", "Port 26"]],
    ["no value", ["a"], ["Port", "User x"]],
    ["too many values", ["a"], ["Port 22 23"]],
    ["a bad number", ["a"], ["Port many"]],
    ["a bad flag", ["a"], ["BatchMode perhaps"]],
    ["a bad flag where it does not count", ["a"], ["Host b", "BatchMode perhaps"]],
    ["quotes that do not end", ["a"], ['User "me']],
    ["a bad criterion", ["a"], ["Match colour red", "Port 3"]],
  ],
  "agrees with ssh -G about single settings": [
    ["spellings", ["a"], ["Port=27", "User = me # comment", "\tHostName\treal  ", "batchmode YES"]],
    ["quotes", ["a"], ['IdentityFile "/a b/c"', "IdentityFile '/d e'", 'User "me"']],
    ["the first value", ["a"], ["Port 28", "Port 29", "User one", "User two"]],
    ["keys accumulate once", ["a"], ["IdentityFile /k1", "IdentityFile /k2", "IdentityFile /k1"]],
    ["no keys", ["a"], ["IdentityFile none"]],
    [
      "flags",
      ["a"],
      ["PasswordAuthentication no", "KbdInteractiveAuthentication no", "IdentitiesOnly yes", "HashKnownHosts yes"],
    ],
    ["other names", ["a"], ["ChallengeResponseAuthentication no", "PubkeyAcceptedKeyTypes +ssh-rsa"]],
    ["true and false", ["a"], ["PasswordAuthentication false", "IdentitiesOnly true"]],
    ["times", ["a"], ["ConnectTimeout 1m30s", "ServerAliveInterval 2m", "ServerAliveCountMax 5"]],
    ["no time", ["a"], ["ConnectTimeout none"]],
    ["a bad time", ["a"], ["ConnectTimeout soon"]],
    ["policies", ["a"], ["StrictHostKeyChecking off"]],
    ["a bad policy", ["a"], ["StrictHostKeyChecking maybe"]],
    ["PubkeyAuthentication", ["a"], ["PubkeyAuthentication unbound"]],
    ["methods", ["a"], ["PreferredAuthentications password,publickey", "NumberOfPasswordPrompts 1"]],
    ["addresses", ["a"], ["AddressFamily inet6", "BindAddress 127.0.0.1"]],
    ["jumps", ["a"], ["ProxyJump me@gate:2222,other", "ProxyCommand none"]],
    ["no jump", ["a"], ["ProxyJump none"]],
    ["a command before a jump", ["a"], ["ProxyCommand nc %h %p # all of it", "ProxyJump gate"]],
    ["known_hosts files", ["a"], ["UserKnownHostsFile /k1 /k2", "GlobalKnownHostsFile /g"]],
    ["a known_hosts file with blanks", ["a"], ['UserKnownHostsFile "/a b/c d" /e "/f g"']],
    ["no known_hosts file", ["a"], ["UserKnownHostsFile none", "GlobalKnownHostsFile none"]],
    ["HostKeyAlias", ["a"], ["HostKeyAlias The-Box"]],
    ["the argument before all", ["me@a:77"], ["User other", "Port 1"]],
    ["RequiredRSASize", ["a"], ["RequiredRSASize 3072"]],
    ["agents", ["a"], ["IdentityAgent /run/agent"]],
    ["no agent", ["a"], ["IdentityAgent none"]],
  ],
  "agrees with ssh -G about tokens": [
    ["%h in HostName", ["Box"], ["HostName %h.Lab"]],
    ["%% in HostName", ["a"], ["HostName %%h"]],
    ["a bad token in HostName", ["a"], ["HostName %p"]],
    ["HOME in UserKnownHostsFile", ["a"], [`UserKnownHostsFile ${HOME}/%h_%p_%r ~/x_%n_%%`]],
    ["HOME in IdentityAgent", ["a"], [`IdentityAgent ${HOME}/agent`]],
    ["a name in upper case", ["BOX"], ["User me"]],
    ["~ in keys", ["a"], ["IdentityFile ~/k"]],
  ],
};

write("inner.conf", ["User inner"]);
write("parts/1.conf", ["Port 31"]);
write("parts/2.conf", ["Port 32", "Host b", "User never"]);
write("blocks.conf", ["Host b", "User b"]);
write("open.conf", ["Port 33"], 0o666);
chownSync(write("foreign.conf", ["Port 34"]), 12_345, 0);

for (const [group, rules] of Object.entries(RULES)) {
  for (const [title, hosts, lines] of rules) {
    test(`${group}: ${title}`, async () => {
      const file = write(`rule-${title.replace(/\W+/g, "-")}`, lines);
      for (const host of hosts) await both(host, file);
    });
  }
}

test("options of the command line count before the file", async () => {
  const file = write("command-line", ["Port 1", "User file", "ProxyJump gate", "IdentityFile /file"]);
  for (const settings of [
    ["Port=2", "User cli"],
    ["ProxyJump=none"],
    ["ProxyCommand=nc %h %p"],
    ["Nonsense=1"],
    ["Port=x"],
  ]) {
    await both("a", file, { settings });
  }
  await both("a", file, { identity: [file] });
  await both("a", file, { jump: "x,me@y:3" });
  await both("a", file, { jump: "none" });
});

test("a file that was named and is not there is refused", async () => {
  const { error } = await both("a", join(folder, "nowhere"));
  assert.match(error!.message, /nowhere/);
  await both("a", "none");
});

test("without an ssh program, what only ssh can decide is refused by name", async () => {
  for (const criterion of ["exec true", "tagged x", "localnetwork 10.0.0.0/8"]) {
    const file = write("undecided", [`Match ${criterion}`, "User x"]);
    const ours = await read("a", { configFile: file, sshBinary: null });
    assert.match((ours as TransportError).message, new RegExp(`Match ${criterion.split(" ")[0]}`));
    // What another criterion excludes need not be decided.
    for (const head of [`Match host b ${criterion}`, `Match ${criterion} host b`]) {
      const other = await read("a", { configFile: write("excluded", [head, "User x"]), sshBinary: null });
      assert.not.instance(other, TransportError);
    }
  }
  const including = write("undecided", ["Include %d/x"]);
  const refused = await read("a", { configFile: including, sshBinary: null });
  assert.match((refused as TransportError).message, "only an ssh program can decide 'Include %d/x'");
});

/** A small generator of numbers: the same files for the same seed. */
function random(seed: number) {
  let state = seed >>> 0;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return <T>(list: readonly T[]): T => list[next(list.length)]!;
}

const NAMES = ["a", "b", "A", "a.lab", "x.lab", "real", "*", "*.lab", "?", "!a", "!*.lab"];
const VALUES = [
  ...[
    "Port 1",
    "Port 2",
    "Port=3",
    "User u1",
    "User u2",
    "User root",
    "HostName real",
    "HostName %h.lab",
    "HostName X.lab",
  ],
  ...["IdentityFile /k1", "IdentityFile ~/k2", "IdentitiesOnly yes", "BatchMode yes", "PasswordAuthentication no"],
  ...["StrictHostKeyChecking no", "StrictHostKeyChecking yes", "StrictHostKeyChecking accept-new", "ProxyJump gate"],
  ...[
    "ProxyJump none",
    "ProxyCommand nc %h %p",
    "UserKnownHostsFile /u1 /u2",
    "GlobalKnownHostsFile /g",
    "HostKeyAlias al",
  ],
  ...[
    "ConnectTimeout 5",
    "ServerAliveInterval 1m",
    "NumberOfPasswordPrompts 2",
    "PubkeyAuthentication no",
    "# comment",
    "",
  ],
];

function randomFile(pick: ReturnType<typeof random>): string[] {
  const criterion = () => {
    const name = pick(["host", "originalhost", "user", "localuser", "!host", "!user"]);
    return `${name} ${pick(NAMES).replace(/^!/, "")}${pick(["", ",root", ",b", ",!a"])}`;
  };
  const heads = [
    () => `Host ${pick(NAMES)} ${pick(NAMES)}`,
    () => `Host ${pick(NAMES)}`,
    () => `Match ${criterion()}`,
    () => `Match ${criterion()} ${criterion()}`,
    () => pick(["Match all", "Match final all", `Match final ${criterion()}`, "Match canonical all"]),
    () => `Include ${folder}/${pick(["inner.conf", "parts/*.conf", "blocks.conf"])}`,
  ];
  return Array.from({ length: 14 }, () => (pick([0, 1, 2]) === 0 ? pick(heads)() : pick(VALUES)));
}

test("random files, from seeds", async () => {
  const count = Number(process.env.SSH_CONFIGS ?? 120);
  for (let seed = 1; seed <= count; seed++) {
    const pick = random(seed);
    const file = write("random", randomFile(pick));
    const host = pick(["a", "b", "A", "a.lab", "me@x.lab", "real:9"]);
    await both(host, file).catch((error: Error) => {
      throw new Error(`seed ${seed}, host ${host}: ${error.message}`);
    });
  }
});

test.run();
