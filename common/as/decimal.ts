// Decimal numbers as the wires and options have them.

/** Digits that always fit 2^53, which JavaScript's numbers hold. */
const MOST_DIGITS: i32 = 15;

/** The number, or -1 if the text is anything but 1 to 15 digits. */
export function decimalOf(text: string): i64 {
  const n = text.length;
  if (n == 0 || n > MOST_DIGITS) return -1;
  let value: i64 = 0;
  for (let i = 0; i < n; ++i) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
