// Lists of CPUs as /sys writes them: "0-3,5,8-11".

/** More CPUs than any kernel is built for. */
const MAX_CPUS: i32 = 8192;

/** The numbers of a CPU list, in its order. */
export function parseCpus(bytes: StaticArray<u8>): i32[] {
  const cpus: i32[] = [];
  let first = -1;
  let number = -1;
  for (let i = 0, n = bytes.length; i <= n; ++i) {
    const c = i < n ? <i32>bytes[i] : 10;
    if (c >= 48 && c <= 57) {
      number = min((number < 0 ? 0 : number * 10) + c - 48, MAX_CPUS);
    } else if (c == 45) {
      first = number;
      number = -1;
    } else {
      if (number >= 0) for (let cpu = first < 0 ? number : first; cpu <= number; ++cpu) cpus.push(cpu);
      first = -1;
      number = -1;
    }
  }
  return cpus;
}
