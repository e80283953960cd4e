/** Milliseconds between two looks. */
const EVERY = 20;

/**
 * Waits until a condition holds.
 * @param condition an exception counts as "not yet"
 * @param limit milliseconds
 * @throws Error when it does not hold by then; its cause is the last exception
 */
export async function until(condition: () => Promise<boolean> | boolean, limit = 20_000): Promise<void> {
  const end = performance.now() + limit;
  let cause: unknown;
  do {
    try {
      if (await condition()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  } while (performance.now() < end);
  throw new Error(`it did not come to pass within ${limit / 1000} seconds`, { cause });
}
