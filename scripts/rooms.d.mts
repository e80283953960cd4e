import type { Rule } from 'eslint';

export const ROOMS: Readonly<Record<string, { readonly may: readonly string[]; readonly pure?: boolean }>>;
export function roomOf(path: string): string | undefined;
export function objectionTo(from: string, specifier: string, typeOnly: boolean): string | undefined;
export const roomsRule: Rule.RuleModule;
