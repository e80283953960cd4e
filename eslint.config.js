import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The floors of the house (docs/architecture.md), top first. A room may import from its own floor's rooms
 * only where the row says so, and from every floor below; never from one above.
 */
const FLOORS = [
  ['cli'],
  ['commands'],
  ['demo'],
  ['run', 'verify'],
  ['rsync', 'ssh', 'notify', 'insight', 'systemd'],
  ['config', 'state'],
  ['platform'],
  ['shared'],
];

/** Rooms of one floor that may use each other: `run` is the one straight line that calls `verify`. */
const SAME_FLOOR_ALLOWED = { run: ['verify'], config: [], state: [] };

function floorRules() {
  return FLOORS.flatMap((rooms, floor) =>
    rooms.map((room) => {
      const above = FLOORS.slice(0, floor).flat();
      const beside = rooms.filter((other) => other !== room && !(SAME_FLOOR_ALLOWED[room] ?? []).includes(other));
      const closed = [...above, ...beside];
      return restrictedImports(room === 'cli' ? 'src/cli.ts' : `src/${room}/**/*.ts`, [
        ...(closed.length === 0
          ? []
          : [
              {
                regex: `^\\.\\.?/(.*/)?(${closed.join('|')})(/|\\.ts$)`,
                message: `src/${room} stands on a lower floor (or beside): imports go down only (docs/architecture.md).`,
              },
            ]),
        { regex: 'remote-scripts/', message: 'The controller does not import the programs of the secondary.' },
      ]);
    }),
  );
}

function restrictedImports(files, patterns) {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const AJV_IS_FOR_THE_BUILD = {
  regex: '^ajv(/|$)',
  message: 'Only src/shared/schema-compiler.ts imports ajv: the build compiles schemas, so that no program loads it.',
};

const CLOCK_IS_IN_PLATFORM = [
  { object: 'Date', property: 'now', message: 'The clock lives in src/platform/clock.ts: take it as a parameter.' },
  { object: 'Math', property: 'random', message: 'Randomness is a parameter (src/platform/clock.ts).' },
];

const PRESENT_TIME = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'The clock lives in src/platform/clock.ts: take it as a parameter.',
};

const END_OF_PROCESS = {
  selector: 'MemberExpression[object.name="process"][property.name="exit"]',
  message: 'Only cli.ts ends the process.',
};

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  ...floorRules(),
  restrictedImports('remote-scripts/**/*.ts', [
    {
      regex: 'src/(cli|commands|demo|run|verify|rsync|ssh|config|state)(/|\\.ts$)',
      message: 'The secondary uses notify, platform and shared only.',
    },
  ]),
  {
    files: ['src/**/*.ts', 'remote-scripts/**/*.ts'],
    ignores: ['src/shared/schema-compiler.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [AJV_IS_FOR_THE_BUILD] }] },
  },
  {
    files: ['src/**/*.ts', 'remote-scripts/**/*.ts'],
    ignores: ['src/platform/**'],
    rules: {
      'no-restricted-properties': ['error', ...CLOCK_IS_IN_PLATFORM],
      'no-restricted-syntax': ['error', PRESENT_TIME, END_OF_PROCESS],
    },
  },
  { files: ['src/cli.ts'], rules: { 'no-restricted-syntax': ['error', PRESENT_TIME] } },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-console': 'off' },
  },
);
