// The algorithms that ssh2 can do, by the names that ssh_config has for them, and the lists that a connection offers.
// ssh2 offers no more than what the configuration allows: a list of the user is taken as it is, and ssh's own list is
// cut down to what ssh2 can do.

import { matchesPattern } from "./ssh-patterns.ts";
import type { HostConfig } from "./ssh-settings.ts";

/** ssh2's names for the kinds of algorithms. */
export interface Algorithms {
  kex: string[];
  cipher: string[];
  hmac: string[];
  serverHostKey: string[];
}

/** What ssh2 can do and ssh does unless told otherwise, fastest first: no MD5, SHA-1 signatures, CBC or DSA. */
const SUPPORTED: Algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
  ],
  hmac: [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
  ],
  serverHostKey: [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
  ],
};

/** The option of ssh_config for each kind. */
const OPTION: Record<keyof Algorithms, string> = {
  kex: "kexalgorithms",
  cipher: "ciphers",
  hmac: "macs",
  serverHostKey: "hostkeyalgorithms",
};

/** The names of a configured list that ssh2 cannot do. "+", "-" and "^" before a list change the standard one. */
export function unsupported(kind: keyof Algorithms, value: string): string[] {
  return expandList(kind, value).filter((name) => !SUPPORTED[kind].includes(name));
}

function expandList(kind: keyof Algorithms, value: string): string[] {
  const all = SUPPORTED[kind];
  const names = value.replace(/^[-+^]/, "").split(",");
  switch (value[0]) {
    case "-":
      return all.filter((name) => !names.some((pattern) => matchesPattern(pattern, name)));
    case "+":
      return [...all, ...names.filter((name) => !all.includes(name))];
    case "^":
      return [...names, ...all.filter((name) => !names.includes(name))];
    default:
      return names;
  }
}

/** What to offer of one kind, and whether the user chose the order. */
export function offered(kind: keyof Algorithms, config: HostConfig): { list: string[]; chosen: boolean } {
  const value = config.settings.get(OPTION[kind])?.[0];
  const standard = config.standard?.get(OPTION[kind])?.[0];
  if (value === undefined) return { list: SUPPORTED[kind], chosen: false };
  const names = expandList(kind, value);
  if (value === standard) return { list: SUPPORTED[kind].filter((name) => names.includes(name)), chosen: false };
  return { list: names.filter((name) => SUPPORTED[kind].includes(name)), chosen: true };
}
