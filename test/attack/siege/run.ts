import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Case } from './cases.ts';
import { startSiege, type Siege } from './siege.ts';

/** Cases by what the attacker tries them with. */
export type Cases = Readonly<Record<string, readonly Case[]>>;

/**
 * Tries cases on one secondary, one after the other. After each of them every sealed snapshot is as it was, nothing outside of the
 * root was touched, and no process is left.
 */
export function besiege(cases: Cases, metadata: 'fake_super' | 'plain' = 'fake_super'): void {
  let siege: Siege | undefined;
  beforeAll(async () => {
    siege = await startSiege(metadata);
  });
  beforeEach(() => siege?.begin());
  afterAll(() => siege?.stop());

  for (const [bullet, each] of Object.entries(cases)) {
    if (each.length === 0) continue;
    describe(bullet, () => {
      for (const { name, attack } of each) {
        test(name, async () => {
          await attack(siege!);
          expect(await siege!.harm()).toEqual([]);
        });
      }
    });
  }
}

/** The short set of cases. */
export function oftenOf(cases: Cases): Cases {
  return Object.fromEntries(Object.entries(cases).map(([bullet, each]) => [bullet, each.filter(({ often }) => often)]));
}
