import { DRILL } from '../../remote-scripts/commands/drill.ts';
import { PRUNE } from '../../remote-scripts/commands/prune.ts';
import { SCRUB } from '../../remote-scripts/commands/scrub.ts';
import { SECONDARY } from '../../remote-scripts/config/options.ts';
import { SECONDARY_CONFIG } from '../../remote-scripts/config/location.ts';
import { secondarySchema } from '../../remote-scripts/config/schema.ts';
import { describeProgram, type DeclaredProgram } from '../../remote-scripts/program/frame.ts';
import { SYSTEM_CONFIG_FILE } from '../../src/config/location.ts';
import { CONFIG } from '../../src/config/options.ts';
import { configSchema } from '../../src/config/schema.ts';
import { buildProgram } from '../../src/program/program.ts';
import { exampleOf } from '../../src/settings/option.ts';
import { OUTCOMES } from '../../src/shared/outcome.ts';
import { version } from '../../src/shared/version.ts';
import { gatePage } from './gate-page.ts';
import { programPage, type ExitRow } from './program-page.ts';
import { printPage, type Block } from './roff.ts';
import { scriptPage } from './script-page.ts';
import { settingsPage } from './settings-page.ts';

/** A page as a file. */
export interface ManualPage {
  /** Below the directory of the manual, as man(1) looks for it: `man1/offsite-rsync.1`. */
  readonly path: string;
  readonly text: string;
}

const MANUALS: Readonly<Record<number, string>> = { 1: 'User Commands', 5: 'File Formats', 8: 'System Administration' };

const SECONDARY_PAGES = [
  'offsite-rsync-secondary.yaml(5)',
  'offsite-secondary(8)',
  'offsite-gate(8)',
  'offsite-prune(8)',
  'offsite-scrub(8)',
  'offsite-drill(8)',
];

/**
 * All pages of the manual, from what declares commands and options.
 * @param helpOfSecondary what the script offsite-secondary prints with --help
 */
export function manualPages(helpOfSecondary: string): readonly ManualPage[] {
  return [
    page(
      'offsite-rsync',
      1,
      programPage({
        program: buildProgram(() => Promise.resolve()),
        exits: Object.entries(OUTCOMES).map(([name, { code, title, advice }]): ExitRow => ({
          code: name === 'interrupted' ? '128+n' : String(code),
          meaning: title,
          advice,
        })),
        files: [
          [SYSTEM_CONFIG_FILE, 'the configuration, offsite-rsync.yaml(5)'],
          [CONFIG.state_dir.example, 'history and state, unless `state_dir` says otherwise'],
        ],
        seeAlso: ['offsite-rsync.yaml(5)', 'offsite-gate(8)', 'rsync(1)', 'ssh(1)', 'systemd.service(5)'],
      }),
    ),
    page(
      'offsite-rsync.yaml',
      5,
      settingsPage({
        name: 'offsite-rsync.yaml',
        purpose: 'what offsite-rsync sends, where to, and whom it tells',
        file: SYSTEM_CONFIG_FILE,
        description:
          'YAML. `offsite-rsync config validate` lists everything that is wrong with it at once, and `offsite-rsync config schema` prints a JSON Schema for editors. No address and no key is in it, only references to them.',
        schema: configSchema,
        example: exampleOf(CONFIG),
        seeAlso: ['offsite-rsync(1)', 'systemd.exec(5)'],
      }),
    ),
    page(
      'offsite-rsync-secondary.yaml',
      5,
      settingsPage({
        name: 'offsite-rsync-secondary.yaml',
        purpose: 'what a secondary accepts, keeps and deletes',
        file: SECONDARY_CONFIG,
        description:
          'YAML, the same file for all programs of the secondary. `offsite-gate --check HOST` says whether it can be used.',
        schema: secondarySchema,
        example: exampleOf(SECONDARY),
        seeAlso: SECONDARY_PAGES.slice(1),
      }),
    ),
    page(
      'offsite-secondary',
      8,
      scriptPage({
        name: 'offsite-secondary',
        purpose: 'lets a primary in on a secondary, or takes it out again',
        help: helpOfSecondary,
        seeAlso: othersThan('offsite-secondary'),
      }),
    ),
    page('offsite-gate', 8, gatePage(othersThan('offsite-gate'))),
    ...[PRUNE, SCRUB, DRILL].map(secondaryPage),
  ];
}

function secondaryPage(declared: DeclaredProgram): ManualPage {
  const rows = Object.values(declared.exits).sort((a, b) => a.code - b.code);
  return page(
    declared.name,
    8,
    programPage({
      program: describeProgram(declared),
      exits: [
        ...rows.map(({ code, meaning }) => ({ code: String(code), meaning })),
        { code: '128+n', meaning: 'ended by signal n' },
      ],
      files: [[SECONDARY_CONFIG, 'hosts, jobs, retention and alerts, offsite-rsync-secondary.yaml(5)']],
      seeAlso: othersThan(declared.name),
    }),
  );
}

function othersThan(name: string): readonly string[] {
  return SECONDARY_PAGES.filter((page) => !page.startsWith(`${name}(`));
}

function page(name: string, section: number, blocks: readonly Block[]): ManualPage {
  const heading = { name, section, source: `offsite-rsync ${version}`, manual: MANUALS[section] ?? '' };
  return { path: `man${String(section)}/${name}.${String(section)}`, text: printPage(heading, blocks) };
}
