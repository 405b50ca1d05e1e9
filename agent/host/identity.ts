// Decides how to authenticate to an SSH server: with which keys, with the ssh-agent, and, if a user is there to ask,
// with passphrases and passwords. The steps are one list, in the order in which they are tried:
//
//   keys of --identity · ssh-agent · keys of the configuration · no proof at all · keyboard-interactive · password
//
// PreferredAuthentications changes the order of the methods, and leaves out those that it does not name.
// A step is prepared only when its turn comes, so the user types no passphrase for a key that is not needed. A secret
// is kept only as long as its step runs.

import { readFile, stat } from "node:fs/promises";
import type { AuthenticationType, ParsedKey } from "ssh2";
import { rsaBits } from "./host-key.ts";
import { printable } from "./printable.ts";
import type { HostConfig } from "./ssh-settings.ts";
import { type AskPassword, TransportError } from "./transport.ts";

type Ssh2 = typeof import("ssh2");

/** What ssh2's authHandler takes as the next thing to try. */
export type AuthMethod = { type: string; username: string } & Record<string, unknown>;

type Prompt = { prompt: string; echo?: boolean };
type Prepare = () => Promise<AuthMethod | null>;

interface Step {
  type: AuthenticationType;
  /** As the failure message names it. */
  name: string;
  prepare: Prepare;
}

/** A server that wants more proofs than this never lets anybody in. */
const MOST_PROOFS = 8;

/** The ways to authenticate to one host, handed out one after the other. */
export class Credentials {
  /** What was really offered to the server, for messages. */
  readonly tried: string[] = [];
  /** What the server said it would take. */
  accepted: string[] = [];
  private steps: Step[];
  /** Keys that were offered; a server that wants several proofs may take them after another one. */
  private offered: Step[] = [];
  private rounds = 0;

  constructor(steps: Step[]) {
    this.steps = steps;
  }

  /** The next method that the server would take; null when all were tried. `partial`: the last one was a success. */
  async next(left: string[] | null, partial = false): Promise<AuthMethod | null> {
    if (partial && this.rounds++ < MOST_PROOFS) {
      this.steps = [...this.offered, ...this.steps];
      this.offered = [];
    }
    if (left) this.accepted = left.map((name) => printable(name, 40)).slice(0, 10);
    for (let step = this.take(left); step !== undefined; step = this.take(left)) {
      const method = await step.prepare();
      if (!method) continue;
      if (step.type !== "none" && !this.tried.includes(step.name)) this.tried.push(step.name);
      return method;
    }
    return null;
  }

  /** Takes the first step whose method the server accepts now; it may accept others' methods later. */
  private take(left: string[] | null): Step | undefined {
    const fits = (step: Step) => left === null || step.type === "none" || left.includes(wireName(step.type));
    const index = this.steps.findIndex(fits);
    const step = index < 0 ? undefined : this.steps.splice(index, 1)[0];
    if (step && wireName(step.type) === "publickey") this.offered.push(step);
    return step;
  }
}

/** The protocol's name of a method. */
function wireName(type: AuthenticationType): string {
  return type === "agent" ? "publickey" : type;
}

/** What the log-in needs beside the configuration. */
export interface LoginContext {
  /** Keys that the user named on the command line. */
  identity: string[];
  ask: AskPassword;
  notify: (line: string) => void;
}

/** Lists the ways to log in; fails at once where a key that the user named cannot be read. */
export async function prepareCredentials(ssh2: Ssh2, config: HostConfig, context: LoginContext): Promise<Credentials> {
  const steps = [
    ...(config.login.publicKey ? await keySteps(ssh2, config, context) : []),
    ...askingSteps(config, context.ask),
  ];
  const place = (step: Step) => config.login.preferred.indexOf(wireName(step.type));
  const wanted = steps.filter((step) => place(step) >= 0).sort((a, b) => place(a) - place(b));
  // A server may let the user in without any proof; a user who is asked for one first would give it for nothing.
  const none: Step = { type: "none", name: "no proof", prepare: async () => ({ type: "none", username: config.user }) };
  const keys = wanted.findIndex((step) => wireName(step.type) !== "publickey");
  wanted.splice(keys < 0 ? wanted.length : keys, 0, none);
  return new Credentials(wanted);
}

/** Keys and the agent: named keys first, and keys that need a passphrase after those that do not. */
async function keySteps(ssh2: Ssh2, config: HostConfig, context: LoginContext): Promise<Step[]> {
  const ask: AskPassword = config.login.batch ? async () => null : context.ask;
  const settings = { user: config.user, ask, tries: config.login.prompts, leastBits: config.requiredRsaBits };
  const read = async (file: string, must: boolean) => readable(ssh2, file, { must, notify: context.notify });
  const named = (await Promise.all(context.identity.map((file) => read(file, true)))).filter((key) => key !== null);
  const others = config.identities.filter((file) => !context.identity.includes(file));
  const implied = (await Promise.all(others.map((file) => read(file, false)))).filter((key) => key !== null);
  const keyStep = (key: KeyFile, must: boolean): Step => ({
    type: "publickey",
    name: `key ${key.file}`,
    prepare: () => prepareKey(ssh2, key, { ...settings, must }),
  });
  const plain = (key: KeyFile) => !key.encrypted;
  const steps = named.filter(plain).map((key) => keyStep(key, true));
  if (config.agent) steps.push(agentStep(ssh2, config, [...named, ...implied]));
  steps.push(...named.filter((key) => key.encrypted).map((key) => keyStep(key, true)));
  steps.push(...implied.filter(plain).map((key) => keyStep(key, false)));
  steps.push(...implied.filter((key) => key.encrypted).map((key) => keyStep(key, false)));
  return steps;
}

/** A key's file, or null for one that is passed over: strange and not named, or readable by others, as by ssh. */
async function readable(
  ssh2: Ssh2,
  file: string,
  { must, notify }: { must: boolean; notify: (line: string) => void },
): Promise<KeyFile | null> {
  const key = must ? await readKeyFile(ssh2, file) : await readKeyFile(ssh2, file).catch(() => null);
  if (key === null || process.platform === "win32") return key;
  const { mode, uid } = await stat(file);
  if (uid !== process.getuid?.() || (mode & 0o077) === 0) return key;
  notify(openKey(file, (mode & 0o777).toString(8).padStart(4, "0")));
  return null;
}

/** The warning about a private key that others may read. */
export function openKey(file: string, mode: string): string {
  return `the key ${file} is ignored: its mode ${mode} lets other users read it; chmod 600 '${file}'`;
}

interface KeyFile {
  file: string;
  text: Buffer;
  /** Null while encrypted. */
  parsed: ParsedKey | null;
  encrypted: boolean;
}

async function readKeyFile(ssh2: Ssh2, file: string): Promise<KeyFile> {
  const text = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === "ENOENT" ? "there is no such file" : error.code === "EACCES" ? "permission denied" : error.message;
    throw new TransportError("identity", `cannot read the key ${file}: ${why}`, "check the file given to --identity");
  });
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) return { file, text, parsed: first(parsed), encrypted: false };
  if (/encrypted/i.test(parsed.message)) return { file, text, parsed: null, encrypted: true };
  throw new TransportError("identity", `${file} is not a private key that can be used: ${parsed.message}`, KEY_HINT);
}

const KEY_HINT = "name a private key in OpenSSH's or PEM format, or try --ssh openssh";

function first(parsed: ParsedKey | ParsedKey[]): ParsedKey {
  return Array.isArray(parsed) ? parsed[0]! : parsed;
}

async function prepareKey(
  ssh2: Ssh2,
  key: KeyFile,
  options: { user: string; must: boolean; ask: AskPassword; tries: number; leastBits: number },
): Promise<AuthMethod | null> {
  const method = (parsed: ParsedKey): AuthMethod | null => {
    const bits = rsaBits(parsed.getPublicSSH());
    if (bits !== null && bits < options.leastBits) return null;
    return { type: "publickey", username: options.user, key: withoutSha1(parsed) };
  };
  if (key.parsed) return key.parsed.isPrivateKey() ? method(key.parsed) : null;
  for (let tries = 0; tries < options.tries; tries++) {
    const passphrase = await options.ask(`Enter passphrase for key '${key.file}': `);
    if (passphrase === null) break;
    const parsed = ssh2.utils.parseKey(key.text, passphrase);
    if (!(parsed instanceof Error)) return method(first(parsed));
  }
  if (!options.must) return null;
  const hint = "add the key to ssh-agent with ssh-add, or run on a terminal to be asked for the passphrase";
  throw new TransportError("identity", `the key ${key.file} is protected by a passphrase that was not given`, hint);
}

/** ssh2 would sign with SHA-1 for a server that names no other algorithm for RSA; ssh does not. */
function withoutSha1(key: ParsedKey): ParsedKey {
  const sign = key.sign.bind(key) as (data: Buffer, hash?: string) => Buffer;
  const safe = (data: Buffer, hash?: string) => (isSha1(key, hash) ? new Error(ONLY_SHA1) : sign(data, hash));
  key.sign = safe as never;
  return key;
}

/** The reason for which a signature is not made; the next way to log in is then tried. */
export const ONLY_SHA1 = "the server takes RSA keys only with SHA-1";

function isSha1(key: ParsedKey, hash: string | undefined): boolean {
  return key.type === "ssh-rsa" && (hash === undefined || hash === "sha1");
}

/** The agent's keys; with IdentitiesOnly just those that the configuration or --identity names. */
function agentStep(ssh2: Ssh2, config: HostConfig, keys: KeyFile[]): Step {
  const prepare: Prepare = async () => {
    const wanted = config.identitiesOnly ? await publicKeys(ssh2, keys) : null;
    if (wanted?.length === 0) return null;
    const agent = limitedAgent(ssh2, config.agent!, (key) => {
      const bits = rsaBits(key);
      if (bits !== null && bits < config.requiredRsaBits) return false;
      return wanted === null || wanted.some((want) => want.equals(key));
    });
    return { type: "agent", username: config.user, agent };
  };
  return { type: "agent", name: "ssh-agent", prepare };
}

async function publicKeys(ssh2: Ssh2, keys: KeyFile[]): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const key of keys) {
    const beside = key.parsed ? null : await readKeyFile(ssh2, `${key.file}.pub`).catch(() => null);
    const parsed = key.parsed ?? beside?.parsed;
    if (parsed) found.push(parsed.getPublicSSH());
  }
  return found;
}

/** An agent that shows only some of its keys, and makes no signature with SHA-1. */
function limitedAgent(ssh2: Ssh2, socket: string, shows: (key: Buffer) => boolean) {
  const agent = ssh2.createAgent(socket);
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = ((callback: (error?: Error | null, keys?: ParsedKey[]) => void) => {
    all((error: Error | null | undefined, keys?: unknown) => {
      const shown = (keys as (ParsedKey | Buffer)[] | undefined)?.filter((key) => {
        const parsed = Buffer.isBuffer(key) ? ssh2.utils.parseKey(key) : key;
        return !(parsed instanceof Error) && shows(first(parsed).getPublicSSH());
      });
      callback(error, shown as ParsedKey[] | undefined);
    });
  }) as typeof agent.getIdentities;
  const sign = agent.sign.bind(agent) as (...all: unknown[]) => void;
  type Done = (error: Error) => void;
  agent.sign = ((key: ParsedKey, data: Buffer, options: { hash?: string }, done: Done) => {
    if (isSha1(key, options.hash)) done(new Error(ONLY_SHA1));
    else sign(key, data, options, done);
  }) as typeof agent.sign;
  return agent;
}

/** Passwords, asked for by the server's own prompts or by ours; an answer of null ends the asking. */
function askingSteps(config: HostConfig, ask: AskPassword): Step[] {
  const username = config.user;
  const { batch, prompts: tries, interactive: mayInteract, password: mayPassword } = config.login;
  if (batch) return [];
  const state = { declined: false };
  const interactive: Prepare = async () => {
    if (state.declined) return null;
    // ssh2 passes the title, the instructions, their language, the prompts, and a function that takes the answers.
    type Arguments = [name: string, text: string, lang: string, prompts: Prompt[], finish: (a: string[]) => void];
    const prompt = async (...[name, text, , prompts, finish]: Arguments) => {
      const answers: string[] = [];
      // The server's lines come before the first question, and every line says whose words they are.
      let lead = serverLines(config, [name, text]);
      for (const one of prompts) {
        const question = `${lead}(${username}@${config.alias}) ${printable(one.prompt)}`;
        const answer = state.declined ? null : await ask(question, one.echo === true);
        if (answer === null) state.declined = true;
        answers.push(answer ?? "");
        lead = "";
      }
      finish(answers);
    };
    return { type: "keyboard-interactive", username, prompt };
  };
  const password: Prepare = async () => {
    if (state.declined) return null;
    const answer = await ask(`${username}@${config.alias}'s password: `);
    if (answer === null) state.declined = true;
    return answer === null ? null : { type: "password", username, password: answer };
  };
  const repeat = (step: Step): Step[] => Array.from({ length: tries }, () => step);
  return [
    ...(mayInteract
      ? repeat({ type: "keyboard-interactive", name: "keyboard-interactive", prepare: interactive })
      : []),
    ...(mayPassword ? repeat({ type: "password", name: "password", prepare: password }) : []),
  ];
}

/** Title and instructions of a server, each of their lines marked as its own. */
function serverLines(config: HostConfig, texts: string[]): string {
  const lines = texts.flatMap((text) => text.slice(0, 4000).split(/\r?\n/)).filter((line) => line.trim() !== "");
  return lines.map((line) => `(${config.user}@${config.alias}) ${printable(line)}\n`).join("");
}
