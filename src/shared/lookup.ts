/**
 * The row of a table for a key that comes from outside. Plain access would find `constructor` and `__proto__` in every object.
 * @returns undefined when the table has no such row
 */
export function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
