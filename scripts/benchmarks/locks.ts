// Simulates the protocols of locks (compiler/runtime/lock.ts) with many CPUs, of which each waits for the lock, holds
// it for some steps, and wants it again. The table shows how many times the lock was taken, of the times that it could
// have been taken without a pause, and the longest wait.
//
//   npx tsx scripts/benchmarks/locks.ts [CPUS…]

/** Steps of the simulation; a step is one access to memory. */
const STEPS = 200_000;
/** Steps that a holder takes, and steps until it wants the lock again. */
const HELD = 10;
const AWAY = 20;

/** Memory that the CPUs share: one word for each of 64 CPUs, and their sum for the counter. */
class Line {
  word = 0;
  bits = new Set<number>();
}

/** One CPU of a protocol: each call is one step. It returns true in the step in which it has taken the lock. */
type Cpu = () => boolean;

interface Protocol {
  name: string;
  cpu(line: Line, number: number): Cpu;
  release(line: Line, number: number): void;
}

/** Addition that is taken back: what the lock was before. */
const TAKEN_BACK: Protocol = {
  name: "additions that are taken back",
  cpu(line) {
    let state = 0;
    return () => {
      if (state === 0) {
        line.word++;
        state = 1;
      } else if (state === 1) {
        if (line.word === 1) {
          state = 0;
          return true;
        }
        state = 2;
      } else {
        line.word--;
        state = 0;
      }
      return false;
    };
  },
  release(line) {
    line.word--;
  },
};

/** Read until it is free, then compare and exchange. */
const EXCHANGE: Protocol = {
  name: "compare and exchange",
  cpu(line) {
    let seen = false;
    return () => {
      if (!seen) {
        seen = line.word === 0;
        return false;
      }
      seen = false;
      if (line.word !== 0) return false;
      line.word = 1;
      return true;
    };
  },
  release(line) {
    line.word = 0;
  },
};

/** Burns' and Lamport's algorithm: a bit for each CPU. */
const ONE_BIT: Protocol = {
  name: "one bit for each CPU",
  cpu(line, number) {
    let seen: number[] | undefined;
    return () => {
      if (seen === undefined) {
        seen = [...line.bits];
        return false;
      }
      const lower = seen.some((bit) => bit < number);
      const higher = seen.some((bit) => bit > number);
      const announced = line.bits.has(number);
      seen = undefined;
      if (announced && !lower && !higher) return true;
      if (announced && lower) line.bits.delete(number);
      else if (!announced && !lower) line.bits.add(number);
      return false;
    };
  },
  release(line, number) {
    line.bits.delete(number);
  },
};

/** A generator of numbers from 0 to below 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Result {
  /** Times that the lock was taken. */
  taken: number;
  /** Most steps of one CPU from wanting the lock to having it. */
  longest: number;
}

/** Lets about half of the CPUs do one step in each round, in an order that chance decides. */
function simulate(protocol: Protocol, cpus: number): Result {
  const chance = random(cpus);
  const line = new Line();
  const steps = Array.from({ length: cpus }, (_, i) => protocol.cpu(line, i));
  const wants = new Array<number>(cpus).fill(0);
  const busyUntil = new Array<number>(cpus).fill(-1);
  const order = Array.from({ length: cpus }, (_, i) => i);
  const result = { taken: 0, longest: 0 };
  let owner = -1;
  let ownedUntil = 0;
  for (let now = 0; now < STEPS; now++) {
    if (owner >= 0 && now >= ownedUntil) {
      protocol.release(line, owner);
      busyUntil[owner] = now + Math.floor(chance() * 2 * AWAY);
      wants[owner] = busyUntil[owner] ?? 0;
      owner = -1;
    }
    for (let i = cpus - 1; i > 0; i--) {
      const j = Math.floor(chance() * (i + 1));
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    for (const cpu of order) {
      // CPUs are not equally fast.
      if (cpu === owner || (busyUntil[cpu] ?? 0) > now || chance() < 0.5 || !steps[cpu]?.()) continue;
      if (owner >= 0) throw new Error(`${protocol.name}: two CPUs hold the lock`);
      owner = cpu;
      ownedUntil = now + HELD;
      result.taken++;
      result.longest = Math.max(result.longest, now - (wants[cpu] ?? 0));
    }
  }
  return result;
}

const asked = process.argv.slice(2).map(Number);
for (const cpus of asked.length > 0 ? asked : [2, 4, 8, 16, 64, 256]) {
  console.log(`${cpus} CPUs; at most ${Math.floor(STEPS / HELD)} times in ${STEPS} steps`);
  for (const protocol of [TAKEN_BACK, EXCHANGE, ONE_BIT]) {
    const { taken, longest } = simulate(protocol, cpus);
    console.log(
      `  ${protocol.name.padEnd(32)} taken ${String(taken).padStart(6)} times, longest wait ${longest} steps`,
    );
  }
}
