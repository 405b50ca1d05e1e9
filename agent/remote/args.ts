// The agent's arguments and environment, read from the stack that the kernel left:
//
//   argc | argv[0] ... argv[argc-1] | 0 | envp[0] ... | 0 | auxiliary vector        (8 bytes each)

import { copyIn, initialStack, stringLengthAt } from "./native";
import { hostString } from "./syscall";

const WORD: usize = memory.data(8, 8);

function wordAt(address: u64): u64 {
  copyIn(WORD, address, 8);
  return load<u64>(WORD);
}

function textAt(address: u64): string {
  return hostString(address, stringLengthAt(address));
}

/** The arguments after the program's name. */
export function readArguments(): string[] {
  const stack = initialStack();
  const count = <i32>wordAt(stack);
  const args: string[] = [];
  for (let i = 1; i < count; ++i) args.push(textAt(wordAt(stack + 8 + 8 * <u64>i)));
  return args;
}

/** Host address of the environment (char **), as execve wants it. */
export function environmentAddress(): u64 {
  const stack = initialStack();
  return stack + 8 * (wordAt(stack) + 2);
}

/** The value of an environment variable, or null. */
export function getEnvironment(name: string): string | null {
  const prefix = name + "=";
  const entries = environmentEntries();
  for (let i = 0, n = entries.length; i < n; ++i) {
    if (entries[i].startsWith(prefix)) return entries[i].substring(prefix.length);
  }
  return null;
}

/** All of the environment: NAME=value. */
export function environmentEntries(): string[] {
  const entries: string[] = [];
  for (let at = environmentAddress(), entry = wordAt(at); entry != 0; entry = wordAt(at)) {
    entries.push(textAt(entry));
    at += 8;
  }
  return entries;
}

/** A value of the auxiliary vector (6: page size), or 0. */
export function getAuxiliary(type: u64): u64 {
  let at = environmentAddress();
  while (wordAt(at) != 0) at += 8;
  for (at += 8; wordAt(at) != 0; at += 16) {
    if (wordAt(at) == type) return wordAt(at + 8);
  }
  return 0;
}

/** A decimal number of 0 to 2^31-1, or -1. */
export function parseNumber(text: string): i32 {
  if (text.length == 0 || text.length > 10) return -1;
  let value: i64 = 0;
  for (let i = 0, n = text.length; i < n; ++i) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > i32.MAX_VALUE ? -1 : <i32>value;
}
