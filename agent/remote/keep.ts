// `stap-agent keep NAME`: a run that goes on without a client; `runs`, `attach NAME` and `stop NAME` look after it. The
// object comes on standard input. The command returns when all probes are attached, or says why they are not.
//
//   keep     fork ──► wait for the child's word ──► exit
//   child    load, attach ──► say so, give up the client's streams ──► trace ──► write the status ──► exit
//
// There is no daemon and no socket: whoever is root reads the files and sends the signal.

import { parseNumber } from "./args";
import { Errno, errnoText } from "./errors";
import { isRunName, KeptRun, OutputRing, runNames } from "./kept-run";
import { Login } from "./login";
import { hasLostReader, writeAll, writeText } from "./output";
import { Destination, KeptOutput, MAX_OBJECT_BYTES, RunArguments, runBytes } from "./run";
import {
  CLOCK_REALTIME,
  clock_gettime,
  close,
  fork,
  geteuid,
  getpid,
  kill,
  O_CLOEXEC,
  O_RDONLY,
  open,
  PipeEnds,
  pipe2,
  read,
  readAll,
  readLink,
  SIGINT,
  setsid,
  sleepMs,
  wait4,
} from "./syscall";

const EXIT_FAILED: i32 = 1;
const EXIT_USAGE: i32 = 2;
const EXIT_REFUSED: i32 = 4;
const SECOND_NS: i64 = 1000000000;
/** A day. */
const LIMIT_MS: i64 = 86400000;
const MEGABYTE: i64 = 1 << 20;
const RING_MB: i32 = 4;
const MOST_MB: i32 = 1024;
const PAUSE_MS: i32 = 100;
const COPY_BYTES: i32 = 65536;

/** Starts a run under a name. */
export function keep(words: string[]): i32 {
  const name = words.length == 0 ? "" : words[0];
  if (!isRunName(name)) return refuse(`'${name}' cannot be the name of a run`, EXIT_USAGE);
  const login = new Login();
  const args: string[] = [];
  let megabytes = RING_MB;
  for (let i = 1, n = words.length; i < n; ++i) {
    if (words[i].startsWith("-s")) megabytes = parseNumber(words[i].substring(2));
    else if (!login.take(words[i])) args.push(words[i]);
  }
  args.push("-");
  const options = new RunArguments(args);
  if (options.command.length != 0 || options.output.length != 0)
    options.problem = "a run that is kept takes no -c and no -o";
  if (megabytes < 1 || megabytes > MOST_MB) options.problem = `-s takes 1 to ${MOST_MB} megabytes`;
  if (options.problem.length != 0) return refuse(options.problem, EXIT_USAGE);
  if (geteuid() != 0) return refuse("only root can keep a run: /run/stap-remote is root's", EXIT_REFUSED);
  if (options.timeoutMs == 0) options.timeoutMs = LIMIT_MS;
  const run = new KeptRun(name);
  const made = run.make();
  if (made == -Errno.EEXIST) return refuse(occupied(run), EXIT_REFUSED);
  if (made < 0) return refuse(`cannot make '${run.path("")}': ${errnoText(made)}`, EXIT_REFUSED);
  run.claim();
  return start(run, new OutputRing(run, <i64>megabytes * MEGABYTE), options, login);
}

function occupied(run: KeptRun): string {
  const state = run.isAlive ? "goes on" : "has ended, and its output is still there";
  return `a run '${run.name}' ${state}: stop it first`;
}

function start(run: KeptRun, ring: OutputRing, options: RunArguments, login: Login): i32 {
  const object = readAll(0, MAX_OBJECT_BYTES);
  const bytes = object.bytes;
  const ends = memory.data(PipeEnds.Size);
  const out = ring.open();
  if (!bytes || out < 0 || pipe2(ends, O_CLOEXEC) < 0) {
    run.remove();
    return refuse("cannot keep the run: its object did not come, or its files cannot be made", EXIT_FAILED);
  }
  const word = load<i32>(ends + PipeEnds.Read);
  const child = fork();
  if (child == 0) {
    close(word);
    setsid();
    run.introduce(getpid(), clock_gettime(CLOCK_REALTIME) / SECOND_NS, options.timeoutMs / 1000);
    const kept = new KeptOutput(ring, out, load<i32>(ends + PipeEnds.Write));
    const status = runBytes(bytes, options, new Destination(login, out, kept));
    run.end(status);
    return status;
  }
  close(load<i32>(ends + PipeEnds.Write));
  let got: i32;
  do got = read(word, ends, 1);
  while (got == -Errno.EINTR);
  if (child > 0 && got == 1) return 0;
  // It has ended without beginning, or there is no child.
  wait4(child, 0, 0);
  const status = child > 0 ? run.status : EXIT_FAILED;
  run.remove();
  return status;
}

/** Tells of all runs, a line for each: name, running or ended, when it began, how long it may last, bytes of output. */
export function listRuns(): i32 {
  const names = runNames();
  for (let i = 0, n = names.length; i < n; ++i) {
    const run = new KeptRun(names[i]);
    if (!run.look()) continue;
    writeText(1, `${run.name} ${run.isAlive ? "running" : "ended"} ${run.began} ${run.limit} ${run.size}\n`);
  }
  return 0;
}

/** Prints what a run has printed and prints, until it ends; then removes what is left of it. The run's exit status. */
export function attachRun(words: string[], stops: bool): i32 {
  const run = new KeptRun(words.length == 1 ? words[0] : "");
  if (isRunName(run.name) && !run.look() && !run.isAlive) run.remove(); // it was killed before it began
  if (!isRunName(run.name) || !run.look()) return refuse(`there is no run '${run.name}' here`, EXIT_FAILED);
  if (stops && run.isAlive) kill(run.pid, SIGINT);
  const reader = new RingReader(run);
  while (true) {
    const isAlive = run.isAlive;
    reader.copy();
    if (hasLostReader(1)) return EXIT_FAILED;
    if (!isAlive) break;
    sleepMs(PAUSE_MS);
  }
  const status = run.status;
  run.remove();
  return status;
}

/** Follows the files of a run's output. */
class RingReader {
  private fd: i32;
  private buffer: StaticArray<u8> = new StaticArray<u8>(COPY_BYTES);

  constructor(private run: KeptRun) {
    this.fd = open(run.path("out"), O_RDONLY | O_CLOEXEC);
    const old = open(run.path("out.old"), O_RDONLY | O_CLOEXEC);
    // Between the two calls the file may have become the old one.
    if (old >= 0 && !this.hasTurned) this.drain(old);
    if (old >= 0) close(old);
  }

  /** Prints what is new. */
  copy(): void {
    const turned = this.hasTurned;
    this.drain(this.fd);
    if (!turned) return;
    close(this.fd);
    this.fd = open(this.run.path("out"), O_RDONLY | O_CLOEXEC);
    this.drain(this.fd);
  }

  /** Whether the file is no longer the one that is written to. */
  private get hasTurned(): bool {
    return readLink(`/proc/self/fd/${this.fd}`) != this.run.path("out");
  }

  private drain(fd: i32): void {
    const base = changetype<usize>(this.buffer);
    for (let got = read(fd, base, COPY_BYTES); got > 0; got = read(fd, base, COPY_BYTES)) {
      if (!writeAll(1, base, got)) return;
    }
  }
}

function refuse(problem: string, status: i32): i32 {
  writeText(2, `ERROR: ${problem}\n`);
  return status;
}
