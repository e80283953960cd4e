/** Milliseconds between two looks. */
const EVERY = 20;

/**
 * Waits for something to come to pass.
 * @param condition what it throws counts as "not yet"
 * @param limit milliseconds
 * @throws Error when it has not by then; its cause is what the last look threw
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
