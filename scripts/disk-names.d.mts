import type { Rule } from 'eslint';

export function objectionToName(from: string, text: string, step?: boolean): string | undefined;
export const diskNamesRule: Rule.RuleModule;
