/** How large what we ship may become. A test fails beyond; raising a number is a decision. */
export const BUDGETS = {
  /** Read at every start of the editor. */
  'dist/extension.js': 220 * 1024,
  /** Read at the first upload. */
  'dist/oss.js': 260 * 1024,
  /** What a user downloads. */
  vsix: 240 * 1024,
} as const;
