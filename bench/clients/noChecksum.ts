/**
 * Stands in for src/engine/base/crc64 in one build of the bench, and only there: what is left is the cost
 * of everything but the checksum. The sink then says 0 for every checksum.
 */

export class Crc64 {
  update(): void {
    // Nothing is computed.
  }

  digest(): bigint {
    return 0n;
  }
}

export function crc64Of(): bigint {
  return 0n;
}

export function combineCrc64(): bigint {
  return 0n;
}

export function formatCrc64(value: bigint): string {
  return value.toString();
}

export function parseCrc64(text: string): bigint {
  return BigInt(text);
}
