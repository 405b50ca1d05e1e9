// The -c command. It is forked early, so that target() is known before the begin probes run. It waits at a gate (a pipe
// that it reads from) until all probes are attached, so that they miss nothing that it does. It runs as the login user,
// also under sudo, with that user's limits, in a process group of its own, with /dev/null as its standard input.

import { FailureCode } from "../../common/format/frame";
import { environmentAddress, environmentEntries, parseNumber } from "./args";
import { Errno, Failure, Result } from "./errors";
import { Login } from "./login";
import {
  addressOf,
  close,
  geteuid,
  kill,
  O_CLOEXEC,
  O_RDWR,
  open,
  PipeEnds,
  pipe2,
  read,
  readFile,
  SIGCONT,
  SIGKILL,
  SIGTERM,
  Spawn,
  setNonblocking,
  sleepMs,
  spawnProcess,
  WNOHANG,
  wait4,
  write,
} from "./syscall";

/** What to run and as whom. */
export class CommandRequest {
  /** shell text; empty: no command */
  text: string = "";
  /** user's name, for the groups; may be empty */
  user: string = "";
  /** -1: the user who logged in */
  uid: i32 = -1;
  gid: i32 = -1;
  /** Whether the agent reads what the command prints; otherwise it goes where the agent's own output goes. */
  captured: bool = true;

  constructor(public login: Login) {}
}

/** A command: it waits at the gate, runs, or has ended. */
export class Command {
  /** descriptors of what it prints; -1 when closed or not captured */
  stdout: i32 = -1;
  stderr: i32 = -1;
  /** wait status once it has ended by itself */
  status: i32 = -1;
  ended: bool = false;
  private gate: i32 = -1;
  private report: i32 = -1;

  constructor(public pid: i32) {}

  /** Lets it start. */
  release(text: string): Failure | null {
    const word = memory.data(8);
    write(this.gate, word, 1);
    this.closeGate();
    let got: i32;
    do got = read(this.report, word, 4);
    while (got == -Errno.EINTR);
    close(this.report);
    this.report = -1;
    return got == 4 ? new Failure(FailureCode.Command, load<i32>(word), `cannot run the command '${text}'`) : null;
  }

  /** Whether it has ended; to be asked after SIGCHLD. */
  reap(): bool {
    const status = memory.data(8);
    if (!this.ended && wait4(this.pid, status, WNOHANG) == this.pid) {
      this.status = load<i32>(status);
      this.ended = true;
    }
    return this.ended;
  }

  /** Ends the command and its process group if it still runs. */
  stop(): void {
    if (this.ended) return;
    if (this.gate >= 0) {
      // It never started: when the gate is closed the child ends, and it has no status.
      this.closeGate();
      wait4(this.pid, 0, 0);
      this.ended = true;
      return;
    }
    kill(-this.pid, SIGTERM);
    kill(-this.pid, SIGCONT);
    // The session no longer watches its descriptors: poll for a second, then kill.
    for (let i = 0; i < 50 && !this.reap(); ++i) sleepMs(20);
    this.status = -1; // we ended it: its status says nothing about the command
    if (this.ended) return;
    kill(-this.pid, SIGKILL);
    wait4(this.pid, 0, 0);
    this.ended = true;
  }

  /** Takes its pipes: the child waits at `gate`, and says on `report` why exec failed. */
  hold(gate: i32, report: i32): void {
    this.gate = gate;
    this.report = report;
  }

  private closeGate(): void {
    if (this.gate >= 0) close(this.gate);
    this.gate = -1;
  }
}

/** Forks the command and leaves it at the gate. */
export function startCommand(request: CommandRequest): Result<Command> {
  const spawner = new Spawner();
  const failure = spawner.open(request.captured);
  if (failure) return new Result<Command>(null, failure);
  spawner.setUser(request);
  const pid = spawner.fork(canExec(request.text) ? "exec " + request.text : request.text);
  if (pid < 0) {
    const what = `cannot start a process for the command '${request.text}'`;
    return new Result<Command>(null, new Failure(FailureCode.Command, pid, what));
  }
  const command = new Command(pid);
  command.hold(spawner.gateWrite, spawner.reportRead);
  command.stdout = spawner.stdoutRead;
  command.stderr = spawner.stderrRead;
  return new Result<Command>(command, null);
}

/** Makes the pipes and the request of spawns. */
export class Spawner {
  gateWrite: i32 = -1;
  reportRead: i32 = -1;
  stdoutRead: i32 = -1;
  stderrRead: i32 = -1;
  private request: StaticArray<u8> = new StaticArray<u8>(Spawn.Size);
  private childEnds: i32[] = [];
  private groups: StaticArray<u32> = new StaticArray<u32>(0);
  private limits: StaticArray<u8> = new StaticArray<u8>(0);
  /** The child reads its environment through these addresses. */
  private environment: Environment = new Environment();
  private shell: ArrayBuffer = String.UTF8.encode("/bin/sh", true);
  private option: ArrayBuffer = String.UTF8.encode("-c", true);
  /** The arguments of the shell: its name, the option, the script, 0. */
  private words: StaticArray<u32> = [<u32>changetype<usize>(this.shell), <u32>changetype<usize>(this.option), 0, 0];

  /** For one command that waits at a gate. */
  open(captured: bool): Failure | null {
    const at = changetype<usize>(this.request);
    this.gateWrite = this.pipe(Spawn.Gate, true);
    store<i32>(at, this.gateWrite, Spawn.GateWrite);
    this.reportRead = this.pipe(Spawn.Report, false);
    const failure = this.openStreams(captured);
    if (failure) return failure;
    const errno = min(this.gateWrite, this.reportRead);
    return errno >= 0 ? null : noPipe(errno);
  }

  /** For commands that start at once, and share what takes their output. */
  openShared(captured: bool): Failure | null {
    const at = changetype<usize>(this.request);
    store<i32>(at, -1, Spawn.Gate);
    store<i32>(at, -1, Spawn.GateWrite);
    store<i32>(at, -1, Spawn.Report);
    return this.openStreams(captured);
  }

  private openStreams(captured: bool): Failure | null {
    const at = changetype<usize>(this.request);
    const nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    this.childEnds.push(nothing);
    store<i32>(at, nothing, Spawn.Stdin);
    store<i32>(at, -1, Spawn.Stdout);
    store<i32>(at, -1, Spawn.Stderr);
    if (captured) {
      this.stdoutRead = this.pipe(Spawn.Stdout, false);
      this.stderrRead = this.pipe(Spawn.Stderr, false);
      setNonblocking(this.stdoutRead, true);
      setNonblocking(this.stderrRead, true);
    }
    const errno = captured ? min(min(this.stdoutRead, this.stderrRead), nothing) : nothing;
    return errno >= 0 ? null : noPipe(errno);
  }

  /** A pipe whose one end is the child's, stored in the request; returns the other, or -errno. */
  private pipe(field: Spawn, childReads: bool): i32 {
    const ends = memory.data(PipeEnds.Size);
    const result = pipe2(ends, O_CLOEXEC);
    if (result < 0) return result;
    const child = load<i32>(ends + (childReads ? PipeEnds.Read : PipeEnds.Write));
    store<i32>(changetype<usize>(this.request) + field, child);
    this.childEnds.push(child);
    return load<i32>(ends + (childReads ? PipeEnds.Write : PipeEnds.Read));
  }

  setUser(request: CommandRequest): void {
    const at = changetype<usize>(this.request);
    let uid = request.uid;
    let gid = request.gid;
    let user = request.user;
    if (uid < 0) {
      uid = request.login.uid;
      gid = request.login.gid;
      user = request.login.user;
    }
    this.limits = request.login.limits;
    store<u32>(at, <u32>changetype<usize>(this.limits), Spawn.Limits);
    if (uid < 0 || geteuid() != 0) {
      uid = -1;
      gid = -1;
    }
    store<i32>(at, uid, Spawn.Uid);
    store<i32>(at, gid, Spawn.Gid);
    this.groups = uid >= 0 ? groupsOf(user, gid) : new StaticArray<u32>(0);
    store<u32>(at, this.groups.length, Spawn.GroupCount);
    store<u32>(at, <u32>changetype<usize>(this.groups), Spawn.Groups);
    store<u64>(at, uid < 0 ? environmentAddress() : this.environment.fill(user, uid), Spawn.Environment);
  }

  /** Starts a shell with a script of its own. */
  fork(script: string): i32 {
    const pid = this.forkAgain(changetype<usize>(String.UTF8.encode(script, true)));
    for (let i = 0, n = this.childEnds.length; i < n; ++i) close(this.childEnds[i]);
    return pid;
  }

  /** The same with the bytes of a script, which end with a NUL; any number of times. Allocates nothing. */
  forkAgain(script: usize): i32 {
    const at = changetype<usize>(this.request);
    this.words[2] = <u32>script;
    store<u32>(at, this.words[0], Spawn.Path);
    store<u32>(at, <u32>changetype<usize>(this.words), Spawn.Arguments);
    return spawnProcess(at);
  }
}

function noPipe(errno: i32): Failure {
  return new Failure(FailureCode.Resource, errno, "cannot make a pipe for the command");
}

/** Words that the shell itself executes. */
const SHELL_WORDS: string =
  " : . alias bg break case cd command continue eval exec exit export fg for getopts hash if jobs local read " +
  "readonly return set shift times trap type ulimit umask unalias unset until wait while ";

/**
 * Whether the shell can `exec` the command, so that target() is the command's own process. It cannot if it has to do
 * something afterwards.
 */
function canExec(text: string): bool {
  for (let i = 0, n = text.length; i < n; ++i) {
    if ("|&;()`{}!\n".includes(text.charAt(i))) return false;
  }
  const first = text.trim().split(" ")[0];
  return first.length != 0 && !first.includes("=") && !SHELL_WORDS.includes(` ${first} `);
}

/** The groups of a user by /etc/group, and `gid`. */
function groupsOf(user: string, gid: i32): StaticArray<u32> {
  const ids: u32[] = [];
  if (gid >= 0) ids.push(gid);
  const bytes = readFile("/etc/group", 1 << 22);
  if (bytes && user.length != 0) {
    const lines = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).split("\n");
    for (let i = 0, n = lines.length; i < n && ids.length < 1000; ++i) {
      const fields = lines[i].split(":");
      if (fields.length < 4 || !fields[3].split(",").includes(user)) continue;
      const id = parseNumber(fields[2]);
      if (id >= 0 && !ids.includes(id)) ids.push(id);
    }
  }
  return StaticArray.fromArray(ids);
}

/** The environment of the command: pointers, and the texts that they point to. */
class Environment {
  private entries: ArrayBuffer[] = [];
  private pointers: StaticArray<u64> = new StaticArray<u64>(0);

  /** Takes the agent's environment with HOME, USER, LOGNAME of the login user; its host address. */
  fill(user: string, uid: i32): u64 {
    const texts: string[] = [];
    const ours = environmentEntries();
    for (let i = 0, n = ours.length; i < n; ++i) {
      const name = ours[i].split("=")[0];
      if (name != "HOME" && name != "USER" && name != "LOGNAME") texts.push(ours[i]);
    }
    if (user.length != 0) {
      texts.push(`USER=${user}`);
      texts.push(`LOGNAME=${user}`);
    }
    const home = homeOf(uid);
    if (home.length != 0) texts.push(`HOME=${home}`);
    this.pointers = new StaticArray<u64>(texts.length + 1);
    for (let i = 0, n = texts.length; i < n; ++i) {
      this.entries.push(String.UTF8.encode(texts[i], true));
      this.pointers[i] = addressOf(changetype<usize>(this.entries[i]));
    }
    return addressOf(changetype<usize>(this.pointers));
  }
}

function homeOf(uid: i32): string {
  const bytes = readFile("/etc/passwd", 1 << 22);
  if (!bytes) return "";
  const lines = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).split("\n");
  for (let i = 0, n = lines.length; i < n; ++i) {
    const fields = lines[i].split(":");
    if (fields.length >= 6 && parseNumber(fields[2]) == uid) return fields[5];
  }
  return "";
}
