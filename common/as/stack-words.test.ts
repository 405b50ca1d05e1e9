// Packed addresses.

import { packAddress, unpackAddress } from "./stack-words";

export function test_addresses_of_kernels_survive_and_hold_no_nul(): void {
  let address: u64 = 0xffffffff81000000;
  for (let i = 0; i < 2000; ++i) {
    const word = packAddress(address);
    assert(unpackAddress(word) == address, address.toString(16));
    for (let k: u64 = 0; k < 64; k += 8) assert((word >> k) & 0x80, "the highest bit of each byte is set");
    address = 0xff80000000000000 | (address * 6364136223846793005 + 1442695040888963407);
  }
  assert(unpackAddress(packAddress(0xffff800080000000)) == 0xffff800080000000, "arm64");
  assert(unpackAddress(packAddress(0)) == 0, "none");
}
