/**
 * Takes the place of `@vscode/native-watchdog`, which ends an extension host whose parent died. The
 * extension host also looks after its parent in JavaScript, once a second; that is enough here.
 */
export function start(): void {
  // See above.
}

/** Ends the process. */
export function exit(code?: number): void {
  process.exit(code ?? 0);
}
