/**
 * Waits for something to come to pass.
 * @param limit milliseconds
 * @throws Error when it has not by then; its cause is what the last look threw
 */
export async function eventually(condition: () => Promise<boolean> | boolean, limit = 10_000): Promise<void> {
  const end = performance.now() + limit;
  let cause: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come to pass within ${limit / 1000} seconds`, { cause });
}
