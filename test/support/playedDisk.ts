import { mkdir, open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { RecordFiles } from '../../src/engine/record/recordFolder.ts';

/** One call on the disk, such as `sync x.jsonl.1-2.tmp`; files are named without their folder. */
export interface DiskCall {
  readonly call: 'mkdir' | 'open' | 'rename' | (typeof PLAYED)[number];
  readonly name: string;
  /** Bytes of a write. */
  readonly sizeBytes: number;
  /** Lines of a write. */
  readonly lines: number;
}

const PLAYED = ['writeFile', 'write', 'sync', 'datasync'] as const;

/** A disk that keeps a list of what is asked of it, and fails when it is told to. */
export class PlayedDisk {
  readonly calls: DiskCall[] = [];

  /** `codeFor` gives the system's error code for a call that shall fail. */
  constructor(private readonly codeFor: (call: DiskCall) => string | undefined = () => undefined) {}

  readonly files: RecordFiles = {
    mkdir: ((...args: Parameters<typeof mkdir>) => {
      this.note('mkdir', String(args[0]));
      return mkdir(...args);
    }) as typeof mkdir,
    open: async (file, ...rest) => {
      this.note('open', String(file));
      return this.played(String(file), await open(file, ...rest));
    },
    rename: async (from, to) => {
      this.note('rename', String(to));
      await rename(from, to);
    },
  };

  /** What was asked of files whose name ends so, as `call name`. */
  of(suffix: string): string[] {
    return this.calls
      .filter(({ name }) => name.endsWith(suffix))
      .map(({ call, name }) => `${call} ${name}`);
  }

  private note(call: DiskCall['call'], file: string, data?: unknown): void {
    const text = textOf(data);
    const lines = text.split('\n').length - 1;
    const sizeBytes = Buffer.byteLength(text);
    const noted = { call, name: path.basename(file), sizeBytes, lines };
    this.calls.push(noted);
    const code = this.codeFor(noted);
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${call} ${file}`), { code });
  }

  private played(file: string, handle: FileHandle): FileHandle {
    const note = this.note.bind(this);
    return new Proxy(handle, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        const call = PLAYED.find((name) => name === property);
        if (call === undefined) return value.bind(target) as unknown;
        return async (...args: unknown[]): Promise<unknown> => {
          note(call, file, args[0]);
          return (await Reflect.apply(value, target, args)) as unknown;
        };
      },
    });
  }
}

function textOf(data: unknown): string {
  if (typeof data === 'string') return data;
  return data instanceof Uint8Array ? Buffer.from(data).toString() : '';
}
