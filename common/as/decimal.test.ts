import { decimalOf } from "./decimal";

export function test_decimal_numbers_are_digits_and_nothing_else(): void {
  assert(decimalOf("0") == 0 && decimalOf("007") == 7 && decimalOf("999999999999999") == 999999999999999, "numbers");
  assert(decimalOf("") == -1 && decimalOf("-1") == -1 && decimalOf("1x") == -1 && decimalOf(" 1") == -1, "others");
  assert(decimalOf("1000000000000000") == -1, "too long");
}
