// known_hosts as OpenSSH reads it: our verdicts beside ssh-keygen's own files and answers.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  fingerprint,
  hashName,
  judgeKey,
  knownHostName,
  knownTypes,
  loadKnownHosts,
  onlyAuthority,
  readKnownHosts,
  recordKey,
} from "../../agent/host/known-hosts.ts";
import { matchesPattern } from "../../agent/host/ssh-patterns.ts";
import { makeKey } from "./sshd.ts";

const test = suite("known_hosts");
const folder = mkdtempSync(join(tmpdir(), "known-hosts-"));

/** A key pair made by ssh-keygen: its line and its bytes. */
function key(name: string, type = "ed25519") {
  const file = join(folder, name);
  if (!existsSync(file)) makeKey(file, type);
  const [kind, encoded] = readFileSync(`${file}.pub`, "utf8").split(" ");
  return { line: `${kind} ${encoded}`, bytes: Buffer.from(encoded!, "base64"), file: `${file}.pub` };
}

const ours = key("ours");
const theirs = key("theirs");
const ecdsa = key("ecdsa", "ecdsa");

/** The verdict on our key, of a file with these lines. */
function judge(lines: string[], host = "box", port = 22, bytes = ours.bytes) {
  return judgeKey(readKnownHosts(lines.join("\n"), "file"), host, port, bytes);
}

/** Whether ssh-keygen finds a name in a file. */
function keygenFinds(file: string, name: string): boolean {
  try {
    execFileSync("ssh-keygen", ["-F", name, "-f", file], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

test("knows a key that is recorded under the host's name", () => {
  assert.equal(judge([`box ${ours.line} a comment`]), { kind: "known" });
});

test("does not know a host of another name", () => {
  assert.equal(judge([`other ${ours.line}`]), { kind: "unknown" });
});

test("names the line that records another key of the same type", () => {
  assert.equal(judge(["# comment", "", `box ${theirs.line}`]), { kind: "changed", file: "file", line: 3 });
});

test("takes any of several recorded keys", () => {
  assert.equal(judge([`box ${theirs.line}`, `box ${ours.line}`]), { kind: "known" });
});

test("does not call a host new that is recorded with a key of another type", () => {
  const verdict = judge([`box ${ecdsa.line}`]);
  assert.equal(verdict, { kind: "other-type", file: "file", line: 1, types: ["ecdsa-sha2-nistp256"] });
});

test("a revoked key stays revoked where another line knows it", () => {
  assert.equal(judge([`box ${ours.line}`, `@revoked * ${ours.line}`]), { kind: "revoked", file: "file", line: 2 });
});

test("a revoked key of somebody else changes nothing", () => {
  assert.equal(judge([`box ${ours.line}`, `@revoked * ${theirs.line}`]), { kind: "known" });
});

test("an authority's key vouches for no plain key, not even its own", () => {
  assert.equal(judge([`@cert-authority *.lab,box ${ours.line}`]), { kind: "authority", file: "file", line: 1 });
  assert.is(onlyAuthority(readKnownHosts(`@cert-authority box ${ours.line}`, "file"), "box", 22), true);
  assert.is(
    onlyAuthority(readKnownHosts(`@cert-authority box ${ours.line}\nbox ${ours.line}`, "file"), "box", 22),
    false,
  );
});

test("an unknown marker makes the line worthless", () => {
  assert.equal(judge([`@trusted box ${ours.line}`]), { kind: "unknown" });
});

test("another port than 22 is part of the name", () => {
  assert.is(knownHostName("Box", 22), "box");
  assert.is(knownHostName("Box", 2222), "[box]:2222");
  assert.equal(judge([`[box]:2222 ${ours.line}`], "box", 2222), { kind: "known" });
  assert.equal(judge([`[box]:2222 ${ours.line}`], "box", 22), { kind: "unknown" });
  assert.equal(judge([`[box]:2222 ${theirs.line}`], "box", 2222).kind, "changed");
});

test("a name without a port vouches for a key on another port but never against one", () => {
  assert.equal(judge([`box ${ours.line}`], "box", 2222), { kind: "known" });
  assert.equal(judge([`box ${theirs.line}`], "box", 2222), { kind: "unknown" });
});

test("names are compared without case", () => {
  assert.equal(judge([`BOX ${ours.line}`], "boX"), { kind: "known" });
});

test("wildcards match and a negation excludes the line", () => {
  assert.equal(judge([`*.lab ${ours.line}`], "a.lab"), { kind: "known" });
  assert.equal(judge([`b?x ${ours.line}`]), { kind: "known" });
  assert.equal(judge([`*.lab,!secret.lab ${ours.line}`], "secret.lab"), { kind: "unknown" });
  assert.equal(judge([`!secret.lab,*.lab ${ours.line}`], "secret.lab"), { kind: "unknown" });
  assert.equal(judge([`!box ${ours.line}`], "other"), { kind: "unknown" });
});

test("patterns backtrack in linear time", () => {
  assert.is(matchesPattern("*a*b*c", "xxaxxbxxc"), true);
  assert.is(matchesPattern("*a*b*c", "xxaxxbxx"), false);
  assert.is(matchesPattern(`${"*a".repeat(40)}b`, "a".repeat(4000)), false);
});

test("a damaged key or a key of another type than the line says is left out", () => {
  assert.is(
    readKnownHosts(`box ssh-ed25519 AAAA\nbox ssh-rsa ${ours.line.split(" ")[1]}\nbox\nbox ssh-rsa`, "f").length,
    0,
  );
});

test("reads the names that ssh-keygen hashed", async () => {
  const file = join(folder, "hashed");
  writeFileSync(file, `box,10.0.0.1 ${ours.line}\n[box]:2222 ${ecdsa.line}\n`);
  execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "pipe" });
  assert.not.match(readFileSync(file, "utf8"), /box/);
  const hosts = await loadKnownHosts([file]);
  assert.equal(judgeKey(hosts, "box", 22, ours.bytes), { kind: "known" });
  assert.equal(judgeKey(hosts, "10.0.0.1", 22, ours.bytes), { kind: "known" });
  assert.equal(judgeKey(hosts, "box", 2222, ecdsa.bytes), { kind: "known" });
  assert.equal(judgeKey(hosts, "bax", 22, ours.bytes), { kind: "unknown" });
});

test("agrees with ssh-keygen -F about plain, hashed, wildcard and negated names", async () => {
  const file = join(folder, "mixed");
  const lines = ["plain", "*.lab,!no.lab", "[port]:2200", hashName("salted", Buffer.alloc(20, 7)), "q??"];
  writeFileSync(file, lines.map((names) => `${names} ${ours.line}\n`).join(""));
  const hosts = await loadKnownHosts([file]);
  const names: [string, number][] = [
    ["plain", 22],
    ["a.lab", 22],
    ["no.lab", 22],
    ["port", 2200],
    ["salted", 22],
    ["qed", 22],
    ["qu", 22],
    ["nobody", 22],
  ];
  for (const [host, port] of names) {
    const known = judgeKey(hosts, host, port, ours.bytes).kind === "known";
    assert.is(known, keygenFinds(file, knownHostName(host, port)), `${host}:${port}`);
  }
});

test("prints a fingerprint as ssh-keygen -l does", () => {
  const printed = execFileSync("ssh-keygen", ["-l", "-f", ours.file], { encoding: "utf8" });
  assert.is(fingerprint(ours.bytes), printed.split(" ")[1]);
});

test("records a key that ssh-keygen finds, after a last line without a newline, with mode 600", async () => {
  const file = join(folder, "new", "known_hosts");
  await recordKey(file, "first", theirs.bytes, { hashed: false });
  writeFileSync(file, readFileSync(file, "utf8").trimEnd());
  await recordKey(file, "[box]:2222", ours.bytes, { hashed: false });
  await recordKey(file, "quiet", ours.bytes, { hashed: true });
  for (const name of ["first", "[box]:2222", "quiet"]) assert.is(keygenFinds(file, name), true, name);
  assert.not.match(readFileSync(file, "utf8"), /quiet/);
  assert.is(statSync(file).mode & 0o777, 0o600);
});

test("a file that is not there counts as empty", async () => {
  assert.equal(await loadKnownHosts([join(folder, "nowhere"), join(folder, "ours", "below-a-file")]), []);
});

test("lists the types of the keys recorded for a host", () => {
  const hosts = readKnownHosts(`box ${ecdsa.line}\n@revoked box ${ours.line}\nother ${ours.line}`, "file");
  assert.equal(knownTypes(hosts, "box", 22), ["ecdsa-sha2-nistp256"]);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
