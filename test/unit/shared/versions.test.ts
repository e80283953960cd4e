import { describe, expect, it } from 'vitest';
import { isOlder } from '../../../src/shared/versions.ts';

describe('isOlder', () => {
  it.each([
    ['v20.20.2', '22.12'],
    ['22.11.9', '22.12'],
    ['3.4.9', '3.5.0'],
    ['3', '3.5.0'],
    ['9.0.0', '22.12'],
  ])('takes %s for older than %s', (version, oldest) => {
    expect(isOlder(version, oldest)).toBe(true);
  });

  it.each([
    ['v22.12.0', '22.12'],
    ['22.12.0-rc1', '22.12'],
    ['v26.0.0', '22.12'],
    ['3.5.0', '3.5.0'],
    ['3.10.0', '3.5.0'],
    ['4', '3.5.0'],
  ])('does not take %s for older than %s', (version, oldest) => {
    expect(isOlder(version, oldest)).toBe(false);
  });
});
