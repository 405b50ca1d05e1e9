// The agent: a small static program on the traced machine that does what an object and its manifest say and relays
// bytes. It does not know the language. start.c calls `main`, whose result is the exit status.
//
//   stap-agent serve    for a host, frames on standard input and output (serve.ts)
//   stap-agent run      by itself, formatted text (run.ts)
//   stap-agent keep     the same, without whoever started it (keep.ts); runs, attach, stop
//   stap-agent grant    capabilities for an agent's file (grant.ts)

import { readArguments } from "./args";
import { GRANTED, grant } from "./grant";
import { attachRun, keep, listRuns } from "./keep";
import { Login } from "./login";
import { openStandard, writeText } from "./output";
import { run } from "./run";
import { serve } from "./serve";
import { setName } from "./syscall";
import { VERSION } from "./version";

const HELP: string = `Usage: stap-agent COMMAND

The part of stap-remote that runs on the traced machine.

Commands:
  run OBJECT.bo [-x PID] [-c CMD] [-T SECONDS] [-o FILE] [--raw]
             load and run an object by itself; prints its output, on a terminal
             with the machine's control characters escaped (but with --raw)
  serve [login=UID:GID:NAME] [limits=SOFT:HARD,...]
             serve a host: frames on standard input and output; -c runs as
             that user, with these limits
  keep NAME [-s MB] [-x PID] [-T SECONDS]
             load and run the object on standard input without whoever started
             it; keeps the last MB megabytes of its output in /run/stap-remote
  runs       list the runs that are kept
  attach NAME, stop NAME
             print what a kept run prints until it ends, or ends it
  grant FILE [MASK]
             give an agent's file the capabilities that tracing needs
  version    print the version
  --help     print this text
`;

/** Exit statuses besides 0, as the client's. */
const EXIT_USAGE: i32 = 2;

export function main(): i32 {
  openStandard();
  // The file's name holds a hash.
  setName("stap-agent");
  const args = readArguments();
  const command = args.length == 0 ? "" : args[0];
  if (command == "run") return run(args.slice(1));
  if (command == "keep") return keep(args.slice(1));
  if (command == "runs") return listRuns();
  if (command == "attach" || command == "stop") return attachRun(args.slice(1), command == "stop");
  if (command == "grant") return grantTo(args.slice(1));
  if (command == "serve") return serveFor(args.slice(1));
  if (command == "version" || command == "--version" || command == "-V") return print(1, `stap-agent ${VERSION}\n`);
  if (command == "--help" || command == "-h" || command == "help") return print(1, HELP);
  return refuse(command.length == 0 ? "no command given" : `unknown command '${command}'`);
}

function serveFor(words: string[]): i32 {
  const login = new Login();
  for (let i = 0, n = words.length; i < n; ++i) {
    if (!login.take(words[i])) return refuse(`serve does not take '${words[i]}'`);
  }
  return serve(login);
}

/** MASK, in hexadecimal, is for trying out which capabilities suffice. */
function grantTo(words: string[]): i32 {
  if (words.length != 1 && words.length != 2) return refuse("grant takes a file");
  const problem = grant(words[0], words.length == 2 ? <u64>U64.parseInt(words[1], 16) : GRANTED);
  if (problem.length == 0) return 0;
  print(2, `${problem}\n`);
  return 1;
}

function refuse(problem: string): i32 {
  print(2, `stap-agent: ${problem}\nTry 'stap-agent --help'.\n`);
  return EXIT_USAGE;
}

function print(fd: i32, text: string): i32 {
  return writeText(fd, text) ? 0 : 1;
}
