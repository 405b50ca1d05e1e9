// How long it takes to find a kernel's types and their names in its BTF, in Wasm: of the newest test kernel, which has
// the most.

import { buildModule, makeImports, RELEASE } from "../../tests/build-as.ts";
import { kernelBtf } from "../guest/btf.ts";
import { getGuestSpec } from "../guest/matrix.ts";
import { best, type Group } from "./table.ts";

const GUEST = "sid";
const RUNS = 20;
const BAR_MS = 10;

/** The exports of tests/as/types.ts. */
interface Reader {
  memory: WebAssembly.Memory;
  reserve(length: number): number;
  read(): number;
  hash(): number;
}

/** The rows about kernel types. */
export async function measureTypes(): Promise<Group> {
  const btf = await kernelBtf(getGuestSpec(GUEST));
  const module = await buildModule("tests-types", ["tests/as/types.ts"], RELEASE);
  let count = 0;
  const times = Array.from({ length: RUNS }, () => {
    const reader = instantiate(module);
    const address = reader.reserve(btf.length);
    Buffer.from(reader.memory.buffer).set(btf, address);
    const began = performance.now();
    count = reader.read();
    const found = performance.now();
    if (count === 0 || reader.hash() === 0) throw new Error(`the BTF of ${GUEST} cannot be read`);
    return [found - began, performance.now() - began] as const;
  });
  const size = `${(btf.length / 1e6).toFixed(1)} MB`;
  return {
    title: `Kernel types: ${count} types in ${size} of BTF`,
    rows: [
      { what: "finding the types", unit: "ms", ours: best(times.map(([found]) => found)) },
      {
        what: "finding the types, and the first look-up of a name",
        unit: "ms",
        ours: best(times.map(([, named]) => named)),
        bar: { limit: BAR_MS, says: `at most ${BAR_MS} ms` },
      },
    ],
  };
}

function instantiate(module: WebAssembly.Module): Reader {
  const imports = makeImports(module, () => reader.memory);
  const reader = new WebAssembly.Instance(module, imports).exports as unknown as Reader;
  return reader;
}
