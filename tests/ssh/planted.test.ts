// Files, links and folders that somebody has planted where the agent is kept or made. Root must not run them, write
// through them, or change what they point to; the agent is started from somewhere else, or replaces them.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bootstrapScript, COMMAND } from "../../agent/host/bootstrap.ts";
import { connect } from "../../agent/host/connect.ts";
import { Account, AGENT, agents, leftovers, NAME } from "./account.ts";

const test = suite("planted files");
const NOBODY = 65534;
const RUN = 'exec sh -c "$SSH_ORIGINAL_COMMAND"';
/** What must not run: it would say so. */
const FORGED = Buffer.from(
  `#!/bin/sh\n[ "$1" = version ] || echo forged\nexit 0\n# ${"x".repeat(AGENT.length)}`,
).subarray(0, AGENT.length);
let account: Account;
/** The account's folder, its cache, the agent's name there, and something that must not change. */
let place: { home: string; cache: string; file: string; victim: string };

test.before(async () => {
  account = await Account.open();
});
test.after(() => account.sshd.stop());
test.before.each(() => {
  account.reset();
  const { home } = account;
  const cache = join(home, ".cache", "stap-remote");
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  chmodSync(join(home, ".cache"), 0o700);
  place = { home, cache, file: join(cache, NAME), victim: join(home, "victim") };
  writeFileSync(place.victim, FORGED, { mode: 0o755 });
});

/** Somebody else's folder instead of one of ours. */
function theirs(folder: string, link = false) {
  const other = link ? join(place.home, "theirs") : folder;
  rmSync(folder, { recursive: true });
  mkdirSync(join(other, link ? "stap-remote" : "."), { recursive: true });
  if (link) symlinkSync(other, folder);
  chownSync(other, NOBODY, NOBODY);
}

/** The agent is in the cache, as after an earlier run. */
function kept(mode = 0o700) {
  writeFileSync(place.file, AGENT, { mode });
  chmodSync(place.file, mode);
}

/** What was planted; where the agent may be started from afterwards: the cache ("replaced"), or elsewhere. */
const PLANTED: [string, "replaced" | "elsewhere", () => void][] = [
  [
    "a file of other contents",
    "replaced",
    () => writeFileSync(place.file, "#!/bin/sh\necho forged\n", { mode: 0o755 }),
  ],
  ["a file of other contents and the same size", "replaced", () => writeFileSync(place.file, FORGED, { mode: 0o755 })],
  ["the agent in a file that its group may write", "replaced", () => kept(0o720)],
  ["the agent in a file that everybody may write", "replaced", () => kept(0o702)],
  [
    "the agent in somebody else's file",
    "replaced",
    () => {
      kept();
      chownSync(place.file, NOBODY, NOBODY);
    },
  ],
  ["a link to a file", "replaced", () => symlinkSync(place.victim, place.file)],
  ["a link to nothing", "replaced", () => symlinkSync(join(place.home, "nothing"), place.file)],
  ["a hard link to a file", "replaced", () => linkSync(place.victim, place.file)],
  ["a named pipe", "replaced", () => execFileSync("mkfifo", [place.file])],
  ["a link to itself", "replaced", () => symlinkSync(NAME, place.file)],
  ["a folder", "elsewhere", () => mkdirSync(place.file)],
  [
    "a link to a folder",
    "elsewhere",
    () => {
      mkdirSync(join(place.home, "folder"));
      symlinkSync(join(place.home, "folder"), place.file);
    },
  ],
  ...["stap-remote", ""].flatMap((level): [string, "elsewhere", () => void][] => {
    const folder = () => (level === "" ? dirname(place.cache) : place.cache);
    const name = level === "" ? "the cache folder" : "our folder in it";
    const spoilt = (what: string, spoil: () => void): [string, "elsewhere", () => void] => [
      `the agent, where ${name} ${what}`,
      "elsewhere",
      () => {
        kept();
        spoil();
      },
    ];
    return [
      spoilt("may be written by its group", () => chmodSync(folder(), 0o770)),
      spoilt("may be written by everybody", () => chmodSync(folder(), 0o707)),
      spoilt("is somebody else's", () => theirs(folder())),
      spoilt("is a link into somebody else's", () => theirs(folder(), true)),
      spoilt("is a link to nothing", () => {
        rmSync(folder(), { recursive: true });
        symlinkSync(join(place.home, "nothing"), folder());
      }),
      spoilt("is a file", () => {
        rmSync(folder(), { recursive: true });
        writeFileSync(folder(), "");
      }),
    ];
  }),
  [
    "a folder for everybody, as /tmp is",
    "elsewhere",
    () => {
      mkdirSync(place.file);
      chmodSync(place.cache, 0o1777);
    },
  ],
  ["a home that others may write", "elsewhere", () => chmodSync(place.home, 0o777)],
  [
    "a cache that is named relatively",
    "elsewhere",
    () => account.runs(`cd '${place.home}'; export XDG_CACHE_HOME=.cache`, RUN),
  ],
  [
    "a runtime folder of somebody else's",
    "elsewhere",
    () => {
      mkdirSync(join(place.home, "run"));
      chownSync(join(place.home, "run"), NOBODY, NOBODY);
      account.runs(`export XDG_CACHE_HOME=/none/x XDG_RUNTIME_DIR='${place.home}/run'`, RUN);
    },
  ],
  [
    "a runtime folder that is a link into somebody else's",
    "elsewhere",
    () => {
      mkdirSync(join(place.home, "other"));
      chownSync(join(place.home, "other"), NOBODY, NOBODY);
      symlinkSync(join(place.home, "other"), join(place.home, "run"));
      account.runs(`export XDG_CACHE_HOME=/none/x XDG_RUNTIME_DIR='${place.home}/run'`, RUN);
    },
  ],
];

for (const [what, then, plant] of PLANTED) {
  test(`planted: ${what}`, async () => {
    plant();
    const { path, said } = await account.start();
    assert.match(said, /^\d+\n\nhello\n$/, "the agent runs, and nothing else");
    if (then === "replaced") {
      assert.is(path, place.file);
      assert.ok(lstatSync(place.file).isFile());
      assert.is(lstatSync(place.file).uid, 0);
      assert.is(lstatSync(place.file).mode & 0o7777, 0o700);
      assert.ok(readFileSync(place.file).equals(AGENT));
    } else {
      assert.not.match(path, place.home);
    }
    assert.ok(readFileSync(place.victim).equals(FORGED), "what was pointed to is as it was");
    assert.is(existsSync(join(place.home, "nothing")), false);
    for (const folder of ["folder", "run", "other", "theirs", "theirs/stap-remote"]) {
      const there = existsSync(join(place.home, folder)) ? readdirSync(join(place.home, folder)) : [];
      assert.equal(
        there.filter((name) => name !== "stap-remote"),
        [],
      );
    }
    assert.equal(leftovers(), []);
  });
}

const MARKER = "00112233445566778899aabb";

/** What the script says when its random marker is known, and so the names of its temporary files. */
async function predicted(): Promise<string> {
  const transport = await connect(account.sshd.options());
  const process = await transport.exec(COMMAND);
  const files = [...agents()].map(([arch, bytes]) => ({ arch, sha256: "a".repeat(64), size: bytes.length }));
  process.stdin.write(`${bootstrapScript({ marker: MARKER, agents: files, args: ["serve"] })}\n`);
  process.stdin.end();
  let said = "";
  process.stderr.resume();
  for await (const chunk of process.stdout) said += chunk;
  await transport.close();
  return said;
}

const PREDICTED: [string, (name: string) => void][] = [
  ["a link to a file", (name) => symlinkSync(place.victim, name)],
  ["a link to nothing", (name) => symlinkSync(join(place.home, "nothing"), name)],
  ["a file", (name) => writeFileSync(name, "planted")],
  ["a folder", (name) => mkdirSync(name)],
  ["a named pipe", (name) => execFileSync("mkfifo", [name])],
];
for (const [what, plant] of PREDICTED) {
  test(`planted at the name of a file in the making: ${what}`, async () => {
    const names = [join(place.cache, `.agent-${MARKER}`), `/tmp/stap-remote-${MARKER}`];
    for (const name of names) plant(name);
    try {
      const said = await predicted();
      assert.match(said, `skip ${place.cache} cannot be written`);
      assert.match(said, "skip /tmp cannot be written");
      assert.ok(readFileSync(place.victim).equals(FORGED));
      assert.is(existsSync(join(place.home, "nothing")), false);
      for (const name of names) assert.ok(lstatSync(name), "it is still there");
      if (what === "a file") for (const name of names) assert.is(readFileSync(name, "utf8"), "planted");
    } finally {
      for (const name of names) rmSync(name, { recursive: true, force: true });
    }
  });
}

if (process.getuid?.() === 0) test.run();
else console.log("SKIP planted files: the agent is only started as root, and so are these tests");
