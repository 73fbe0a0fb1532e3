/**
 * The calls of the file system that are made for each of thousands of files. By descriptor, and with
 * callbacks where the disk may have to be waited for: what `node:fs/promises` makes for each call and
 * each open file stays in memory until a whole collection.
 */
import { closeSync, fstatSync, lstat, open, read, stat } from 'node:fs';
import type { BigIntStats } from 'node:fs';

type Settle<T> = (error: Error | null, value: T) => void;

function promised<T>(call: (settle: Settle<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

/** Opens a file; resolves with its descriptor. */
export function openFile(filePath: string, flags: number): Promise<number> {
  return promised((settle) => {
    open(filePath, flags, settle);
  });
}

/**
 * What an open file is. At once, as {@link closeFile}: the system knows it of a file that is open,
 * and a thread that asks for it costs thirty times as much as the answer.
 */
export function statOf(descriptor: number): BigIntStats {
  return fstatSync(descriptor, { bigint: true });
}

/** What a path leads to. */
export function statOfPath(filePath: string): Promise<BigIntStats> {
  return promised((settle) => {
    stat(filePath, { bigint: true }, settle);
  });
}

/** What a path is itself, also a link. */
export function lookAt(filePath: string): Promise<BigIntStats> {
  return promised((settle) => {
    lstat(filePath, { bigint: true }, settle);
  });
}

/** Reads into a buffer, from its start; resolves with the number of bytes, 0 at the end of the file. */
export function readInto(
  descriptor: number,
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  return promised((settle) => {
    read(descriptor, buffer, 0, buffer.length, position, settle);
  });
}

/** Closes a file; not to be called twice, because descriptors are used again. */
export function closeFile(descriptor: number): void {
  closeSync(descriptor);
}
