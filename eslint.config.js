import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { diskNamesRule } from './scripts/disk-names.mjs';
import { roomsRule } from './scripts/rooms.mjs';

const AJV_IS_FOR_THE_BUILD = {
  regex: '^ajv(/|$)',
  message: 'Only src/settings/schema-compiler.ts imports ajv: the build compiles schemas, so that no program loads it.',
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

const DIRECTORIES_ARE_MADE_IN_PLATFORM = {
  selector: 'CallExpression[callee.name="mkdir"] Property[key.name="recursive"]',
  message: 'makeDirectories() of src/platform/files.ts says what a read-only disk is, and ends in /proc.',
};

const WAITING_IS_UNTIL = {
  selector:
    ':matches(WhileStatement, DoWhileStatement, ForStatement) AwaitExpression > NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
  message: 'Wait with until() of test/support/until.ts: it gives up, and says why.',
};

const TITLE_IS_A_SENTENCE = {
  selector:
    'CallExpression[callee.name=/^(it|test)$/] > Literal.arguments:first-child[value=/^(should|tests?|checks?) |^\\S*$|[^.][.!]$/]',
  message: 'A title says what is so, in a sentence of several words and without a full stop: "refuses a second push".',
};

const WHY_IT_IS_SKIPPED = {
  selector:
    'CallExpression[callee.callee.property.name=/^(runIf|skipIf)$/]:has(:matches(Identifier[name="isRoot"], MemberExpression[property.name="getuid"])) > Literal.arguments:first-child:not([value=/needs root|root may/])',
  message: 'A title says what a test needs that is skipped without it: "… (needs root, to mount a small disk)".',
};

const CHANCE_IS_SEEDED = [
  { object: 'Math', property: 'random', message: 'Chance comes from the seed of the run (test/support/seed.ts).' },
];

const PROPERTIES_ARE_SEEDED = {
  name: 'fast-check',
  message: 'Import it from test/support/properties.ts, which gives it the seed of the run.',
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
  {
    files: ['src/**/*.ts', 'remote-scripts/**/*.ts'],
    plugins: { house: { rules: { rooms: roomsRule, 'disk-names': diskNamesRule } } },
    rules: { 'house/rooms': 'error', 'house/disk-names': 'error' },
  },
  {
    files: ['src/**/*.ts', 'remote-scripts/**/*.ts'],
    ignores: ['src/settings/schema-compiler.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [AJV_IS_FOR_THE_BUILD] }] },
  },
  {
    files: ['src/**/*.ts', 'remote-scripts/**/*.ts'],
    ignores: ['src/platform/**'],
    rules: {
      'no-restricted-properties': ['error', ...CLOCK_IS_IN_PLATFORM],
      'no-restricted-syntax': ['error', PRESENT_TIME, END_OF_PROCESS, DIRECTORIES_ARE_MADE_IN_PLATFORM],
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
    files: ['test/**/*.ts'],
    ignores: ['test/support/**'],
    rules: {
      'no-restricted-properties': ['error', ...CHANCE_IS_SEEDED],
      'no-restricted-syntax': ['error', WAITING_IS_UNTIL, TITLE_IS_A_SENTENCE, WHY_IT_IS_SKIPPED],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [PROPERTIES_ARE_SEEDED] }],
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
