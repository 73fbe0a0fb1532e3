import { grown } from '../base/textPack';
import type { BatchItem } from './batchRecord';
import type { UploadTarget } from '../contract/ports';
import { RequestList } from '../contract/requestList';

const FIRST_ROOM = 64;
/** An id is the hexadecimal form of so many bytes. */
const ID_BYTES = 16;
const ID_WORDS = ID_BYTES / 4;
const ID = /^[0-9a-f]{32}$/;
const NONE = -1;

const GONE = 1;
const DISCARDING = 2;

/**
 * The files of one batch by their ids, as a `Map` of them would be: a later one of the same id takes
 * the place of an earlier one. One takes about 60 bytes in place of a thousand. Numbers of files are
 * never given away again.
 */
export class ItemTable implements Iterable<BatchItem> {
  private readonly requests = new RequestList();
  private words = new Uint32Array(FIRST_ROOM * ID_WORDS);
  /** The bytes of these words: the ids, one after the other. */
  private ids = Buffer.from(this.words.buffer);
  private readonly wantedWords = new Uint32Array(ID_WORDS);
  /** The id that is looked for. */
  private readonly wanted = Buffer.from(this.wantedWords.buffer);
  private flags = new Uint8Array(FIRST_ROOM);
  /** Numbers plus one, at the place of their id or behind it; a power of two of them. */
  private slots = new Uint32Array(FIRST_ROOM * 2);
  /** Ids of another form, as a renamed file may have. */
  private readonly others = new Map<string, number>();
  private readonly otherIds = new Map<number, string>();
  private gone = 0;
  private knownFolders: readonly Pick<UploadTarget, 'bucket' | 'key'>[] | undefined;

  /** Files that are there. */
  get size(): number {
    return this.length - this.gone;
  }

  /** One more than the highest number of a file. */
  get length(): number {
    return this.requests.length;
  }

  /** Puts a file in, and tells its number. */
  set(item: BatchItem): number {
    const { id, filePath, target, options, sizeBytes, isDiscarding } = item;
    const request = { filePath, target, options, sizeBytes };
    const slot = this.slotFor(id);
    let index = this.numberIn(slot, id);
    if (this.hasAt(index)) {
      this.requests.replace(index, request);
    } else {
      index = this.length;
      this.requests.push(request);
      this.flags = grown(this.flags, index + 1);
      this.enter(id, slot, index);
    }
    this.flags[index] = isDiscarding ? DISCARDING : 0;
    this.knownFolders = undefined;
    return index;
  }

  /** The number of the file with that id; -1 when it is not there. */
  indexOf(id: string): number {
    const index = this.lastIndexOf(id);
    return this.hasAt(index) ? index : NONE;
  }

  /** The same, also when it was deleted since. */
  lastIndexOf(id: string): number {
    return this.numberIn(this.slotFor(id), id);
  }

  /** Whether the file with that number is still there. */
  hasAt(index: number): boolean {
    return ((this.flags[index] ?? GONE) & GONE) === 0 && index < this.length;
  }

  /** The file with that number, also when it was deleted. */
  at(index: number): BatchItem {
    const { filePath, target, options, sizeBytes = 0 } = this.requests.at(index);
    const isDiscarding = ((this.flags[index] ?? 0) & DISCARDING) !== 0;
    return { id: this.idAt(index), filePath, target, options, sizeBytes, isDiscarding };
  }

  idAt(index: number): string {
    const start = index * ID_BYTES;
    return this.otherIds.get(index) ?? this.ids.toString('hex', start, start + ID_BYTES);
  }

  sizeAt(index: number): number {
    return this.requests.sizeOf(index) ?? 0;
  }

  /** Bytes of a part, as the options of that file say. */
  partSizeAt(index: number): number {
    return this.requests.at(index).options.partSizeBytes;
  }

  setSizeAt(index: number, sizeBytes: number): void {
    this.requests.setSize(index, sizeBytes);
  }

  /** The folders in OSS that objects of these lie in, of all by default; some may be there twice. */
  folders(indices?: Iterable<number>): readonly Pick<UploadTarget, 'bucket' | 'key'>[] {
    if (indices !== undefined) return this.requests.foldersOf(indices);
    this.knownFolders ??= this.requests.foldersOf(this.indices());
    return this.knownFolders;
  }

  /** Notes that a file is discarded, if it is there. */
  discardAt(index: number): void {
    if (this.hasAt(index)) this.flags[index] = DISCARDING;
  }

  deleteAt(index: number): void {
    if (!this.hasAt(index)) return;
    this.flags[index] = (this.flags[index] ?? 0) | GONE;
    this.gone++;
    this.knownFolders = undefined;
  }

  delete(id: string): void {
    const index = this.indexOf(id);
    if (index !== NONE) this.deleteAt(index);
  }

  has(id: string): boolean {
    return this.indexOf(id) !== NONE;
  }

  /** The numbers of all files that are there, in order. */
  *indices(): Generator<number, void, undefined> {
    for (let index = 0; index < this.length; index++) if (this.hasAt(index)) yield index;
  }

  *values(): Generator<BatchItem, void, undefined> {
    for (const index of this.indices()) yield this.at(index);
  }

  [Symbol.iterator](): Iterator<BatchItem> {
    return this.values();
  }

  /** The slot of that id, which is what is looked for now; {@link NONE} of one of another form. */
  private slotFor(id: string): number {
    if (!ID.test(id)) return NONE;
    this.wanted.write(id, 'hex');
    return this.slotOf(this.wantedWords, 0);
  }

  /** The number that a slot has for its id, {@link NONE} when it is free. */
  private numberIn(slot: number, id: string): number {
    return slot === NONE ? (this.others.get(id) ?? NONE) : (this.slots[slot] ?? 0) - 1;
  }

  /** Puts the id in that was looked for, with the slot it was found to have. */
  private enter(id: string, slot: number, index: number): void {
    if (slot === NONE) {
      this.others.set(id, index);
      this.otherIds.set(index, id);
      return;
    }
    const words = grown(this.words, (index + 1) * ID_WORDS);
    if (words !== this.words) {
      this.words = words;
      this.ids = Buffer.from(words.buffer);
    }
    words.set(this.wantedWords, index * ID_WORDS);
    if ((index + 1) * 2 <= this.slots.length) {
      this.slots[slot] = index + 1;
      return;
    }
    this.slots = new Uint32Array(this.slots.length * 2);
    for (let known = 0; known <= index; known++) {
      // A later one takes the place of one of the same id, which is gone.
      if (!this.otherIds.has(known)) this.slots[this.slotOf(words, known * ID_WORDS)] = known + 1;
    }
  }

  /** The slot of the id in these words, or the free one where it belongs. */
  private slotOf(words: Uint32Array, at: number): number {
    const mask = this.slots.length - 1;
    for (let slot = (words[at] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const start = ((this.slots[slot] ?? 0) - 1) * ID_WORDS;
      if (start < 0 || isSame(words, at, this.words, start)) return slot;
    }
  }
}

function isSame(one: Uint32Array, at: number, other: Uint32Array, otherAt: number): boolean {
  for (let word = 0; word < ID_WORDS; word++) {
    if (one[at + word] !== other[otherAt + word]) return false;
  }
  return true;
}
