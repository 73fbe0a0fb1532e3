// @ts-check
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** @param {...{ group?: string[], regex?: string, message: string, allowTypeImports?: boolean }} patterns */
const forbid = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': /** @type {['error', object]} */ ([
    'error',
    { patterns },
  ]),
});

const noEditor = { group: ['vscode'], message: 'Only ui and extension.ts know the editor.' };
const noAliOss = { group: ['ali-oss', 'ali-oss/*'], message: 'Only src/oss knows ali-oss.' };
const noUi = { group: ['**/ui/**', '**/ui'], message: 'ui is the outermost room.' };
const noOss = { group: ['**/oss/**', '**/oss'], message: 'Only extension.ts builds the adapter.' };

export default defineConfig(
  { ignores: ['dist/', 'out/', '.vscode-test/', 'test-results/', 'node_modules/'] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
      curly: ['error', 'multi-line'],
    },
  },
  // The house: extension -> ui -> engine/index; extension -> oss -> engine/ports|errors.
  {
    files: ['src/engine/**'],
    rules: forbid(noEditor, noAliOss, noUi, noOss),
  },
  {
    files: ['src/oss/**'],
    rules: forbid(noEditor, noUi, {
      // By regex: a group that names the folder itself cannot let a file in it through again.
      regex: String.raw`(^|/)engine(?!/(ports|errors)$)(/|$)`,
      message: 'oss sees engine/ports and engine/errors only.',
    }),
  },
  {
    files: ['src/ui/**'],
    rules: forbid(noAliOss, noOss, {
      group: ['**/engine/*', '!**/engine/index'],
      message: 'ui enters the engine by its one door, engine/index.',
    }),
  },
  {
    files: ['test/**', 'bench/**', 'scripts/**', 'esbuild.js'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // node:test style helpers and mocha's describe return values nobody awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it'], package: 'mocha' }],
        },
      ],
    },
  },
  {
    files: ['esbuild.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);
