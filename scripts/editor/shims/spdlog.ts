/**
 * Takes the place of `@vscode/spdlog`: appends to files. Without any such module the editor starts
 * all right, but its log files, and with them all output channels, stay empty.
 */
import fs from 'node:fs';
import path from 'node:path';

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'] as const;
const INFO = LEVELS.indexOf('info');

/** A log file. */
export class Logger {
  private level = INFO;
  private isRaw = false;

  constructor(
    _type: string,
    _name: string,
    private readonly file: string,
  ) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.closeSync(fs.openSync(file, 'a'));
  }

  trace(message: string): void {
    this.write(0, message);
  }
  debug(message: string): void {
    this.write(1, message);
  }
  info(message: string): void {
    this.write(2, message);
  }
  warn(message: string): void {
    this.write(3, message);
  }
  error(message: string): void {
    this.write(4, message);
  }
  critical(message: string): void {
    this.write(5, message);
  }

  getLevel(): number {
    return this.level;
  }
  setLevel(level: number): void {
    this.level = level;
  }
  setPattern(): void {
    // One pattern is enough here.
  }
  clearFormatters(): void {
    this.isRaw = true;
  }
  flush(): void {
    // Every line is written at once.
  }
  drop(): void {
    // No handle is kept open.
  }

  private write(level: number, message: string): void {
    if (level < this.level) return;
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    const line = this.isRaw ? message : `${time} [${LEVELS[level] ?? 'info'}] ${message}\n`;
    try {
      fs.appendFileSync(this.file, line);
    } catch {
      // The folder may have been removed under a server that is being stopped.
    }
  }
}

/** Version of the native library; the editor only prints it. */
export const version = 0;

/** Loggers have their own levels. */
export function setLevel(): void {
  // See Logger.setLevel.
}

/** Every line is flushed. */
export function setFlushOn(): void {
  // See Logger.flush.
}

/** Rotation would only matter after days. */
export function createRotatingLogger(name: string, file: string): Promise<Logger> {
  return Promise.resolve(new Logger('rotating', name, file));
}

/** The same; nothing here is worth a thread. */
export function createAsyncRotatingLogger(name: string, file: string): Promise<Logger> {
  return createRotatingLogger(name, file);
}
