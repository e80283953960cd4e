import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePrimary, type Primary } from './support/primary.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let hook: Server;
const requests: string[] = [];

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
  // A service that repeats in its answer whom it was asked for.
  hook = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(500).end(`http://${request.headers.host ?? ''}${request.url ?? ''} has no such hook`);
  }).listen(0, secondary.line.host);
  await once(hook, 'listening');
  const address = hook.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  primary.environment.HOOK_URL = primary.environment.HOOK_URL?.replace(':4711/', `:${port}/`) ?? '';
});

afterAll(async () => {
  hook.close();
  await primary.stop();
  await secondary.stop();
});

// That no byte of an address, account, key or URL shows is checked after every call of every test in this folder
// (support/primary.ts). Here stands that the check looks at the right things, and what shows instead.
describe('what the program knows of the secondary', () => {
  it('shows nowhere in success, while every process is watched', async () => {
    const { argv, stderr } = await primary.call('run', 'postgres');
    expect(argv.some((line) => /^rsync .*vault:postgres\//.test(line))).toBe(true);
    expect(argv.some((line) => /^ssh -F \S+ .*ControlMaster=yes -N vault$/.test(line))).toBe(true);
    expect(stderr).toContain('vault');
    expect(await readdir(join(primary.directory, 'run'))).toEqual([]); // ssh's private configuration is gone
  });

  it('is named by its reference where ssh quotes it', async () => {
    const { VAULT_HOST = '' } = primary.environment;
    primary.environment.VAULT_HOST = 'canary-0815.invalid';
    const { stderr, code } = await primary.call('run', 'postgres');
    primary.environment.VAULT_HOST = VAULT_HOST;
    expect(code).toBe(10);
    expect(stderr).toMatch(/Could not resolve hostname \[vault\.host\]/);
  });

  it('does not show where an alert service repeats its own URL', async () => {
    await secondary.line.hangUp();
    const { stderr } = await primary.call('run', 'postgres', '--json');
    await secondary.line.listen();
    expect(requests.length).toBeGreaterThan(0);
    expect(stderr).toMatch(/Alert channel hook \(webhook\) failed/);
  });

  it('does not show where the secondary itself says it', async () => {
    const { VAULT_HOST = '', VAULT_USER = '' } = primary.environment;
    await secondary.force(`echo offsite-gate: refused: go away ${VAULT_USER}@${VAULT_HOST} >&2; exit 2`);
    const { stderr, code } = await primary.call('run', 'postgres');
    await secondary.force();
    expect(code).toBe(14);
    expect(stderr).toContain('go away [vault.user]@[vault.host]');
  });

  it('does not show in what verify and config validate say', async () => {
    await primary.secure();
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 0 });
    expect(await primary.call('verify', 'postgres', '--json')).toMatchObject({ code: 0 });
    expect(await primary.call('config', 'validate', '--secrets')).toMatchObject({ code: 0 });
  });
});

describe('a configuration', () => {
  it('with five different mistakes is refused with all five, each with its line', async () => {
    const path = primary.config;
    await writeFile(
      path,
      `version: 1
targets:
  vault:
    host: vault.example.org
    user: { env: VAULT_USER }
    identity: { file: ${primary.directory}/key }
    known_hosts: { file: ${primary.directory}/known_hosts }
    conect_timeout: 20s
jobs:
  postgres:
    source: relative/path
    deadline: soon
    retry: { attempts: 0 }
`,
    );
    const { code, stderr } = await primary.call('config', 'validate');
    await primary.configure();
    expect(code).toBe(2);
    expect(stderr).toContain('5 problems');
    expect(stderr).toMatch(/line 4, targets\.vault\.host: is given by reference only.*\{ env: NAME \}/);
    expect(stderr).toMatch(/line 8, targets\.vault\.conect_timeout: unknown key; did you mean "connect_timeout"\?/);
    expect(stderr).toMatch(/line 11, jobs\.postgres\.source: .*absolute path/);
    expect(stderr).toMatch(/line 12, jobs\.postgres\.deadline: "soon" does not fit: write a duration/);
    expect(stderr).toMatch(/line 13, jobs\.postgres\.retry\.attempts: 0 must be >= 1/);
    expect(stderr).not.toContain('vault.example.org');
  });

  it('with a typo in its jobs still alerts through its sound channels: nothing is being sent', async () => {
    await primary.configure({ job: { sauce: '/x' } });
    const { code, stderr, alerts } = await primary.call('run', 'postgres');
    await primary.configure();
    expect(code).toBe(2);
    expect(stderr).toMatch(/jobs\.postgres\.sauce: unknown key; did you mean "source"\?/);
    expect(alerts).toMatchObject([{ event: 'failure' }]);
    expect(alerts[0]?.body).toMatch(/sauce: unknown key/);
  });

  it('that is called with an unknown job or target says which are known', async () => {
    expect(await primary.call('run', 'postgers')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/There is no job "postgers"\W+did you mean "postgres"/i) as string,
    });
    expect(await primary.call('run', 'postgres', '--target', 'attic')).toMatchObject({ code: 2 });
    expect(await primary.call('run')).toMatchObject({ code: 2 });
    expect(await primary.call('rum', 'postgres')).toMatchObject({ code: 2 });
  });
});
