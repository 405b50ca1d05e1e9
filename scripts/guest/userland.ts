// The files of a guest, unpacked from Debian packages: an SSH server, a shell, sudo and bpftool, and nothing else.
//
// What comes from packages is cached for each CPU architecture. Our own few files (root/ beside this file, accounts,
// keys) are added at each boot. Nothing is installed: package scripts do not run, so this file creates accounts and
// links.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachePath, exec, makeOnce } from "./cache.ts";
import { CpioWriter } from "./cpio.ts";
import { DebianSuite } from "./debian.ts";
import { DEBIAN_ARCH, type GuestArch, USERLAND_SUITE } from "./matrix.ts";

/** To be raised when the packages or what is kept of them change. */
const LAYOUT = 2;
const PROGRAMS = ["openssh-server", "openssh-sftp-server", "busybox-static", "dash", "sudo", "bpftool"];
const LIBRARIES =
  "libc6 libcrypt1 libselinux1 libpcre2-8-0 libaudit1 libcap-ng0 libpam0g libpam-modules libpam-modules-bin libcap2 " +
  "libcom-err2 libgssapi-krb5-2 libkrb5-3 libkrb5support0 libk5crypto3 libkeyutils1 libssl3t64 libzstd1 zlib1g " +
  "libwrap0 libwtmpdb0 libsqlite3-0 libelf1t64 libapparmor1";
/** Files that the programs above never open. */
const UNWANTED =
  /^\/(usr\/share|usr\/include|usr\/lib\/[^/]*\/gconv|usr\/lib\/systemd|etc\/(ssh\/moduli|pam\.d|init\.d)|var)(\/|$)/;
/** Debian's directories that are links into /usr. */
const MERGED = ["bin", "sbin", "lib", "lib64"];

/** Accounts beside root: all are reached with the harness's key. */
const ACCOUNTS: readonly { name: string; id: number; sudo: string | null; password: string }[] = [
  { name: "tester", id: 1000, sudo: "NOPASSWD: ALL", password: "*" },
  { name: "nosudo", id: 1001, sudo: null, password: "*" },
  // Its password is "guest": for logging in with a password, and for a sudo that asks.
  {
    name: "asker",
    id: 1002,
    sudo: "ALL",
    password: "$6$guest$36E4mv4yZDwK77ufzr2Igis2CNxzDhXowrmEEqjpU405ZKNz.gBaTHMLhd20FWlFPCXpHKCHYjnuksT7W4Eqr0",
  },
];

/** SSH keys of all guests and of the harness: paths of private keys, beside them the public ones in `.pub`. */
export interface Keys {
  host: string;
  client: string;
}

/** Returns the keys, made the first time; guests are reachable from this machine only. */
export async function fetchKeys(): Promise<Keys> {
  const folder = cachePath("keys");
  await makeOnce(folder, async (temporary) => {
    chmodSync(temporary, 0o700);
    for (const name of ["host", "client"]) {
      const comment = `stap-remote-guest-${name}`;
      await exec("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", join(temporary, name)]);
    }
  });
  return { host: join(folder, "host"), client: join(folder, "client") };
}

/** Path of the initramfs part with the packages' files, made the first time. */
export async function fetchUserland(arch: GuestArch): Promise<string> {
  const folder = cachePath("userland", `${arch}-v${LAYOUT}`);
  await makeOnce(folder, async (temporary) => {
    const suite = new DebianSuite(USERLAND_SUITE, DEBIAN_ARCH[arch]);
    const unpacked = mkdtempSync(join(temporary, "unpacked-"));
    const files = await suite.fetch(async () => [...PROGRAMS, ...LIBRARIES.split(" ")]);
    for (const file of files) await exec("dpkg-deb", ["-x", file, unpacked]);
    chmodSync(join(unpacked, "usr/bin/sudo"), 0o4755);
    const archive = new CpioWriter();
    for (const name of MERGED) archive.symlink(`/${name}`, `usr/${name}`);
    archive.tree(unpacked, (path) => !UNWANTED.test(path));
    writeFileSync(join(temporary, "userland.cpio"), archive.bytes());
    rmSync(unpacked, { recursive: true });
  });
  return join(folder, "userland.cpio");
}

/** The initramfs part that is our own: start-up scripts, configuration, accounts, keys. */
export function writeOwnFiles(name: string, keys: Keys): Buffer {
  const archive = new CpioWriter();
  archive.characterDevice("/dev/console", 5, 1);
  archive.symlink("/init", "/usr/bin/busybox");
  for (const path of ["/proc", "/sys", "/run", "/mnt", "/var/lib/sudo", "/var/log"]) archive.directory(path);
  archive.directory("/tmp", 0o1777);
  archive.directory("/root", 0o700);
  archive.tree(join(dirname(fileURLToPath(import.meta.url)), "root"));

  const hostname = `guest-${name.replace(".", "-")}`;
  archive.file("/etc/hostname", `${hostname}\n`);
  archive.file("/etc/hosts", `127.0.0.1 localhost ${hostname}\n`);
  archive.file("/etc/ssh/host_key", readFileSync(keys.host), 0o600);
  archive.file("/etc/ssh/host_key.pub", readFileSync(`${keys.host}.pub`));
  const authorized = readFileSync(`${keys.client}.pub`);
  archive.file("/root/.ssh/authorized_keys", authorized, 0o600);
  for (const account of ACCOUNTS) {
    const home = `/home/${account.name}`;
    archive.directory(home, 0o755, account.id);
    archive.directory(`${home}/.ssh`, 0o700, account.id);
    archive.file(`${home}/.ssh/authorized_keys`, authorized, 0o600, account.id);
  }
  addAccountFiles(archive);
  return archive.bytes();
}

function addAccountFiles(archive: CpioWriter): void {
  const passwd = ["root:x:0:0:root:/root:/bin/sh", "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin"];
  const group = ["root:x:0:", "nogroup:x:65534:"];
  const shadow = ["root:*:19000::::::", "sshd:*:19000::::::"];
  const sudoers = ["root ALL=(ALL:ALL) ALL"];
  for (const { name, id, sudo, password } of ACCOUNTS) {
    passwd.push(`${name}:x:${id}:${id}::/home/${name}:/bin/sh`);
    group.push(`${name}:x:${id}:`);
    shadow.push(`${name}:${password}:19000::::::`);
    if (sudo) sudoers.push(`${name} ALL=(ALL:ALL) ${sudo}`);
  }
  archive.file("/etc/passwd", `${passwd.join("\n")}\n`);
  archive.file("/etc/group", `${group.join("\n")}\n`);
  archive.file("/etc/shadow", `${shadow.join("\n")}\n`, 0o600);
  archive.file("/etc/sudoers", `Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"\n${sudoers.join("\n")}\n`, 0o440);
}
