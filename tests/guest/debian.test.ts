// Which mirror the guests' packages come from, according to apt's own configuration.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMirror, findMirrorIn } from "../../scripts/guest/debian.ts";

test("a mirror is found in one-line format, whatever its options", () => {
  const text = `# deb http://commented.example/debian bookworm main
deb https://vendor.example/apt stable-vendor main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian/ bookworm main contrib
`;
  assert.is(findMirrorIn("sources.list", text), "http://mirror.example/debian");
});

test("a mirror is found in deb822 format, with comments and folded fields", () => {
  const text = `Types: deb
URIs: http://security.example/debian-security
Suites: trixie-security
Components: main

Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian
Suites:
 trixie
 trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;
  assert.is(findMirrorIn("debian.sources", text), "http://mirror.example/debian");
});

test("a disabled stanza, other distributions and sources alone are no mirror", () => {
  const disabled = "Enabled: no\nTypes: deb\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n";
  const sources = "Types: deb-src\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n";
  assert.is(findMirrorIn("a.sources", disabled), null);
  assert.is(findMirrorIn("a.sources", sources), null);
  assert.is(findMirrorIn("a.sources", disabled.replace("Enabled: no\n", "")), "http://a.example/debian");
  assert.is(findMirrorIn("sources.list", "deb http://a.example/ubuntu noble main\n"), null);
});

test("the environment names the mirror before any file does", () => {
  const before = process.env.STAP_REMOTE_DEBIAN_MIRROR;
  process.env.STAP_REMOTE_DEBIAN_MIRROR = "http://other.example/debian/";
  try {
    assert.is(findMirror(), "http://other.example/debian");
  } finally {
    if (before === undefined) delete process.env.STAP_REMOTE_DEBIAN_MIRROR;
    else process.env.STAP_REMOTE_DEBIAN_MIRROR = before;
  }
});

test.run();
