/** How closely a guard looks at new dumps: their ends, or all of them. */
export const dumpChecks = ['ends', 'full'] as const;

/** One of {@link dumpChecks}. */
export type DumpCheck = (typeof dumpChecks)[number];
