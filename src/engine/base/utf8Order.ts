const SURROGATE = /\p{Surrogate}|[\u{10000}-\u{10ffff}]/u;

/** The order of two texts by their bytes in UTF-8, which is that of the listings of OSS. */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  // Without surrogates it is the order of the code units, which costs no copy.
  if (!SURROGATE.test(left) && !SURROGATE.test(right)) return left < right ? -1 : 1;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
