// Joins the data segments of a Wasm module that lie close together. asc writes a segment for each string and table, and
// wasm2c makes a copy call with two checks from each. With some hundred segments, that is a sixth of the agent.

const DATA = 11;
const DATA_COUNT = 12;
const I32_CONST = 0x41;
const END = 0x0b;
/** A gap of so many zero bytes costs less than another segment. */
const GAP_BYTES = 32;

/** An unsigned LEB128 at `at`: [value, position behind it]. */
function readUnsigned(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

function writeUnsigned(value) {
  const out = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
  return out;
}

/** A non-negative i32 as signed LEB128, as i32.const has it. */
function writeSigned(value) {
  const out = [];
  for (; value > 63; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
  return out;
}

/** The active segments of a data section; null when there is one that cannot be moved. */
function readSegments(bytes, at) {
  let count;
  [count, at] = readUnsigned(bytes, at);
  const segments = [];
  for (let i = 0; i < count; ++i) {
    if (bytes[at] !== 0 || bytes[at + 1] !== I32_CONST) return null;
    let offset;
    let length;
    [offset, at] = readUnsigned(bytes, at + 2); // addresses here are small: not negative
    if (bytes[at] !== END) return null;
    [length, at] = readUnsigned(bytes, at + 1);
    segments.push({ offset, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return segments.sort((a, b) => a.offset - b.offset);
}

function joinSegments(segments) {
  const joined = [];
  for (const { offset, data } of segments) {
    const last = joined.at(-1);
    if (last && offset - (last.offset + last.data.length) <= GAP_BYTES) {
      const gap = offset - last.offset - last.data.length;
      last.data = Buffer.concat([last.data, Buffer.alloc(gap), data]);
    } else joined.push({ offset, data });
  }
  return joined;
}

function writeSegments(segments) {
  const parts = [Buffer.from(writeUnsigned(segments.length))];
  for (const { offset, data } of segments) {
    const head = [0, I32_CONST, ...writeSigned(offset), END, ...writeUnsigned(data.length)];
    parts.push(Buffer.from(head), data);
  }
  return Buffer.concat(parts);
}

/** The module with few data segments; the same memory when instantiated. */
export function mergeData(module) {
  const out = [module.subarray(0, 8)];
  let joined = null;
  const sections = [];
  for (let at = 8; at < module.length; ) {
    const id = module[at];
    const [length, start] = readUnsigned(module, at + 1);
    sections.push({ id, body: module.subarray(start, start + length) });
    at = start + length;
  }
  for (const section of sections) {
    if (section.id !== DATA) continue;
    const segments = readSegments(section.body, 0);
    if (!segments) return module;
    joined = joinSegments(segments);
    section.body = writeSegments(joined);
  }
  for (const { id, body } of sections) {
    const bytes = id === DATA_COUNT && joined ? Buffer.from(writeUnsigned(joined.length)) : body;
    out.push(Buffer.from([id, ...writeUnsigned(bytes.length)]), bytes);
  }
  return Buffer.concat(out);
}
