import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathsOnTheWay } from '../../../src/platform/paths-on-the-way.ts';

describe('the paths on the way to a path', () => {
  let top = '';
  beforeEach(async () => {
    top = await realpath(await mkdtemp(join(tmpdir(), 'offsite-ways-')));
    await mkdir(join(top, 'real/sub'), { recursive: true });
  });
  afterEach(() => rm(top, { recursive: true }));
  const at = (name: string) => join(top, name);

  it('are that path alone where there is no link, or nothing', () => {
    expect(pathsOnTheWay(at('real/sub'))).toEqual([at('real/sub')]);
    expect(pathsOnTheWay('/there/is/nothing')).toEqual(['/there/is/nothing']);
    expect(pathsOnTheWay('/')).toEqual(['/']);
  });

  it('hold each stage of a chain of links, with what stands behind the link', async () => {
    await symlink('real', at('two'));
    await mkdir(at('other'));
    await symlink('../two', at('other/one'));
    expect(pathsOnTheWay(at('other/one/sub'))).toEqual([at('other/one/sub'), at('two/sub'), at('real/sub')]);
    await symlink(at('other/one'), at('absolute'));
    expect(pathsOnTheWay(at('absolute')).at(-1)).toBe(at('real'));
  });

  it('end where links lead in a circle', async () => {
    await symlink('round', at('round'));
    expect(pathsOnTheWay(at('round')).length).toBeGreaterThan(1);
  });
});
