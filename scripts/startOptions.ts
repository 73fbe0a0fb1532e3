/** What `npm start` is told, and what it tells: both as texts. */
import { parseArgs } from 'node:util';

const DEFAULT_SPEED = 30;

/** What was asked for. */
export interface StartOptions {
  readonly isDesktop: boolean;
  readonly port: number | undefined;
  readonly megabytesPerSecond: number;
  readonly shouldReset: boolean;
  /** Of an account opened since 2025, which reaches its data by a domain of its own only. */
  readonly isNewAccount: boolean;
}

/** Reads what follows the name of the program. Throws with a sentence for the user. */
export function readStartOptions(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      desktop: { type: 'boolean', default: false },
      port: { type: 'string' },
      speed: { type: 'string', default: String(DEFAULT_SPEED) },
      reset: { type: 'boolean', default: false },
      account: { type: 'string', default: 'old' },
    },
  });
  const megabytesPerSecond = Number(values.speed);
  if (!(megabytesPerSecond > 0)) throw new Error('--speed is a number of megabytes per second.');
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error('--port is a number from 1 to 65535.');
  }
  if (!['old', 'new'].includes(values.account)) throw new Error('--account is old or new.');
  return {
    isDesktop: values.desktop,
    port,
    megabytesPerSecond,
    shouldReset: values.reset,
    isNewAccount: values.account === 'new',
  };
}

/** The command that does the same again, and from the beginning only with `shouldReset`. */
export function startCommand(options: StartOptions): string {
  const { isDesktop, port, megabytesPerSecond, shouldReset, isNewAccount } = options;
  const words = [
    ...(isDesktop ? ['--desktop'] : []),
    ...(port === undefined ? [] : ['--port', port]),
    ...(megabytesPerSecond === DEFAULT_SPEED ? [] : ['--speed', megabytesPerSecond]),
    ...(isNewAccount ? ['--account', 'new'] : []),
    ...(shouldReset ? ['--reset'] : []),
  ];
  return words.length === 0 ? 'npm start' : `npm start -- ${words.join(' ')}`;
}

/** What is printed when everything runs. */
export function instructions(firstStep: string, options: StartOptions): string {
  return `
  1. ${firstStep}
  2. Right-click big-file.bin, choose "Upload to OSS (resumable)", and press Enter to use the
     credentials of the environment.
  3. In the middle of it press Ctrl-C here, then run this again and reload the window:
     ${startCommand({ ...options, shouldReset: false })}
  4. Click "1 upload to resume" in the status bar: it goes on where it was.

  OSS is a server on this computer; nothing leaves it. Start afresh:
     ${startCommand({ ...options, shouldReset: true })}
`;
}
