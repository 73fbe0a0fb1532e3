/**
 * How large what we ship may become. The build fails beyond; raising a number is a decision.
 *
 *     tsx scripts/budgets.ts     prints what was built beside its budget
 */
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths';
import { messageOf } from './processes';

/** Of the bundles, in bytes. */
export const BUNDLE_BUDGETS = {
  /** Read at every start of the editor. */
  'dist/extension.js': 112 * 1024,
  /** Read at the first question or upload. */
  'dist/upload.js': 248 * 1024,
  /** Read when OSS is first asked something. */
  'dist/oss.js': 272 * 1024,
} as const;

/** What a user downloads, in bytes. */
export const PACKAGE_BUDGET_BYTES = 320 * 1024;

/** A line with the size and what is left of the budget. Throws where a file is larger than that. */
export function checkBudget(name: string, sizeBytes: number, budgetBytes: number): string {
  const line = `${name.padEnd(18)} ${kilobytes(sizeBytes)} of ${kilobytes(budgetBytes)}`;
  if (sizeBytes > budgetBytes) throw new Error(`Over its budget: ${line}`);
  return line;
}

/** {@link checkBudget} for each of the bundles in `dist/`. */
export function checkBundles(): readonly string[] {
  return Object.entries(BUNDLE_BUDGETS).map(([name, budgetBytes]) =>
    checkBudget(name, fs.statSync(path.join(ROOT, name)).size, budgetBytes),
  );
}

function kilobytes(sizeBytes: number): string {
  return `${(sizeBytes / 1024).toFixed(1).padStart(6)} KB`;
}

if (require.main === module) {
  try {
    console.log(checkBundles().join('\n'));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
