// @ts-check
import path from 'node:path';

/**
 * The rooms of `src` and the arrows between them, for the linter: a file imports from its own room
 * and from what is named here, and nothing else. A test compares the list with the folders.
 *
 * Each line: the room, then what it may import.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ARROWS = {
  'engine/base': [],
  'engine/contract': ['engine/base'],
  'engine/limits': ['engine/base'],
  'engine/file': ['engine/limits', 'engine/contract', 'engine/base'],
  'engine/record': ['engine/file', 'engine/contract', 'engine/base'],
  'engine/upload': [
    'engine/record',
    'engine/file',
    'engine/limits',
    'engine/contract',
    'engine/base',
  ],
  'engine/transfers': [
    'engine/upload',
    'engine/record',
    'engine/file',
    'engine/limits',
    'engine/contract',
    'engine/base',
  ],
  /** The one door of the engine. */
  engine: [
    'engine/transfers',
    'engine/upload',
    'engine/record',
    'engine/file',
    'engine/contract',
    'engine/base',
  ],
  /** A file that is a room: between ui, which asks, and oss, which answers. */
  account: ['engine/contract'],
  /** Whose key a request is signed with; knows no OSS, only those who issue keys. */
  'oss/credentials': ['account', 'engine/contract', 'engine/base'],
  oss: ['oss/credentials', 'account', 'engine/contract', 'engine/base'],
  'ui/text': ['engine/index'],
  'ui/editor': ['ui/text', 'engine/index'],
  'ui/settings': ['ui/editor', 'ui/text', 'engine/index', 'account'],
  'ui/actions': ['ui/settings', 'ui/editor', 'ui/text', 'engine/index', 'account'],
  'ui/show': ['ui/actions', 'ui/settings', 'ui/editor', 'ui/text', 'engine/index'],
  'ui/ask/setup': ['ui/settings', 'ui/editor', 'ui/text', 'engine/index', 'account'],
  'ui/ask/upload': [
    'ui/ask/setup',
    'ui/actions',
    'ui/settings',
    'ui/editor',
    'ui/text',
    'engine/index',
    'account',
  ],
  'ui/ask/bucket': [
    'ui/ask/upload',
    'ui/ask/setup',
    'ui/actions',
    'ui/settings',
    'ui/editor',
    'ui/text',
    'engine/index',
  ],
  'ui/ask/history': [
    'ui/show',
    'ui/ask/upload',
    'ui/actions',
    'ui/settings',
    'ui/editor',
    'ui/text',
    'engine/index',
    'account',
  ],
  /** The door of what is loaded on demand. */
  'ui/ask': ['ui/ask/setup', 'ui/ask/upload', 'ui/ask/bucket', 'ui/ask/history'],
  /** The composition root. Its way to `ui/ask` and `oss` is `import()`, which no rule here sees. */
  '': ['account', 'ui/show', 'ui/actions', 'ui/settings', 'ui/editor', 'ui/text', 'engine/index'],
};

/** Packages that one part of the house knows, and no other. */
const KNOWN_TO = {
  vscode: /^(ui\/(?!text$)|$)/,
  'ali-oss': /^oss$/,
  'node:http': /^oss$/,
  'node:https': /^oss$/,
};

/** What the linter takes: one entry for each room. */
export const house = Object.entries(ARROWS).map(([room, others]) => ({
  files: [room === 'account' ? 'src/account.ts' : path.posix.join('src', room, '*.ts')],
  ignores: room === '' ? ['src/account.ts'] : [],
  rules: {
    '@typescript-eslint/no-restricted-imports': /** @type {['error', object]} */ ([
      'error',
      { patterns: [...foreignRooms(room, others), ...foreignPackages(room)] },
    ]),
  },
}));

/**
 * The local OSS server, for the linter: as a package of its own, it imports nothing from outside of
 * its folder, and only its tests know ali-oss, which is to agree with it and not to be it.
 */
export const ossServer = [
  apart('test/oss-server/*.{ts,mts}', String.raw`^\.\.`, ['ali-oss']),
  apart('test/oss-server/test/*.ts', String.raw`^\.\./\.\.`, []),
];

/**
 * @param {string} files
 * @param {string} outside what the path of a file outside begins with
 * @param {string[]} packages
 */
function apart(files, outside, packages) {
  const message = 'test/oss-server is as a package of its own (scripts/house.mjs).';
  const patterns = [
    { regex: outside, message },
    ...packages.map((name) => ({ group: [name, `${name}/*`], message })),
  ];
  return {
    files: [files],
    rules: {
      '@typescript-eslint/no-restricted-imports': /** @type {['error', object]} */ ([
        'error',
        { patterns },
      ]),
    },
  };
}

/**
 * @param {string} room
 * @param {readonly string[]} others
 */
function foreignRooms(room, others) {
  const allowed = others.map((other) => `${relative(room, other)}(/|$)`);
  // A file beside this one: ./name, without another slash.
  const beside = room === 'account' ? '$' : String.raw`\./[^/]+$`;
  const isForeign = String.raw`^(?=\.)(?!${beside}${allowed.map((each) => `|${each}`).join('')})`;
  const names = others.length === 0 ? 'nothing' : others.join(', ');
  const name = room === '' ? 'The composition root' : `src/${room}`;
  return [
    {
      regex: isForeign,
      message: `${name} imports from its own room and from ${names} (scripts/house.mjs).`,
      allowTypeImports: room === '',
    },
  ];
}

/** @param {string} room */
function foreignPackages(room) {
  return Object.entries(KNOWN_TO)
    .filter(([, rooms]) => !rooms.test(room))
    .map(([name]) => ({
      group: [name, `${name}/*`],
      message: `src/${room} does not know ${name} (scripts/house.mjs).`,
    }));
}

/**
 * @param {string} from
 * @param {string} to
 */
function relative(from, to) {
  const way = path.posix.relative(from === 'account' ? '' : from, to);
  return (way.startsWith('.') ? way : `./${way}`).replaceAll('.', String.raw`\.`);
}
