/** Texts of one block: what they are cut out of is one text for the collector of garbage. */
const BLOCK_SHIFT = 8;
const BLOCK_LENGTH = 1 << BLOCK_SHIFT;

/** A typed array that is twice as long when there is no room for so many entries. */
export function grown<A extends Uint8Array | Uint32Array | Float64Array>(
  array: A,
  length: number,
): A {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(
    Math.max(length, array.length * 2),
  );
  larger.set(array);
  return larger;
}

/** Many short texts, kept as few long ones. Any text comes out as it went in. */
export class TextPack {
  private readonly blocks: string[] = [];
  /** Of the block that is not full yet. */
  private pending: string[] = [];
  /** Where each ends in its block. */
  private ends = new Uint32Array(BLOCK_LENGTH);
  private count = 0;
  private pendingLength = 0;

  get length(): number {
    return this.count;
  }

  push(text: string): void {
    this.ends = grown(this.ends, this.count + 1);
    this.pendingLength += text.length;
    this.ends[this.count++] = this.pendingLength;
    this.pending.push(text);
    if (this.pending.length < BLOCK_LENGTH) return;
    this.blocks.push(this.pending.join(''));
    this.pending = [];
    this.pendingLength = 0;
  }

  /** The text that was pushed as that one, counted from 0. */
  at(index: number): string {
    const block = this.blocks[index >> BLOCK_SHIFT];
    const inBlock = index & (BLOCK_LENGTH - 1);
    if (block === undefined) return this.pending[inBlock] ?? '';
    return block.slice(inBlock === 0 ? 0 : this.ends[index - 1], this.ends[index]);
  }
}
