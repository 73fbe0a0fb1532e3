/** Activation is filled in by the rooms. */
export function activate(): void {
  // Built by the composition root.
}
