// Lists of integers by key, in one array of links: cheap to make for thousands of keys of which most have few values.

/** For each key 0 .. keys-1 a list, last added first. */
export class Lists {
  head: StaticArray<i32>;
  values: Array<i32> = [];
  next: Array<i32> = [];

  constructor(keys: i32) {
    let head = new StaticArray<i32>(keys);
    head.fill(-1);
    this.head = head;
  }

  /** Adds `value`, unless it was the last one added to `key`. */
  add(key: i32, value: i32): void {
    let first = this.head[key];
    if (first >= 0 && this.values[first] == value) return;
    this.values.push(value);
    this.next.push(first);
    this.head[key] = this.values.length - 1;
  }

  /** The value that was added last to `key`, or -1. */
  last(key: i32): i32 {
    let first = this.head[key];
    return first >= 0 ? this.values[first] : -1;
  }
}
