// zlib streams and digests by what Node, Deno and browsers all have: DecompressionStream and SubtleCrypto.

/** Longer than asked for, or damaged. */
export class StreamError extends Error {}

/** What a zlib stream holds, at most `most` bytes; throws a StreamError. */
export async function inflate(stream: Uint8Array, most: number): Promise<Uint8Array> {
  const unpacked = new Blob([stream as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = unpacked.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > most) throw new StreamError(`more than ${most} bytes`);
      parts.push(part.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error instanceof StreamError ? error : new StreamError("damaged");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256 in hexadecimal. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
