import { UsageError } from '../selection.ts';

/** One thing that `init` has to know. */
export interface Question {
  /** The flag that answers it, as help shows it: `--source DIR`. */
  readonly flag: string;
  readonly message: string;
  /** What is taken when somebody only presses Enter, and with `--yes`. Empty: it may be left out. */
  readonly byDefault?: string | undefined;
  /** An answer that need not be written down. */
  readonly implied?: string;
  /** The only answers there are. */
  readonly choices?: readonly string[];
  /** Says what is wrong with an answer, if anything. */
  readonly check?: (text: string) => string | undefined | Promise<string | undefined>;
}

/** Somebody, or something, that answers questions. */
export interface Ask {
  /** Whether somebody is there. */
  readonly somebody: boolean;
  answer(question: Question): Promise<string>;
  /** @param flag what can be given instead */
  agree(message: string, flag: string): Promise<boolean>;
}

/** Somebody wants no more questions (Ctrl-C, a signal, the end of the input). */
export class StoppedAsking extends Error {
  override readonly name = 'StoppedAsking';
}

/** Asks on the terminal. The questions go to standard error, so that standard output holds only results. */
export async function askOnTerminal(signal: AbortSignal): Promise<Ask> {
  const [{ default: input }, { default: select }, { default: confirm }] = await Promise.all([
    import('@inquirer/input'),
    import('@inquirer/select'),
    import('@inquirer/confirm'),
  ]);
  const context = { output: process.stderr, signal };
  const asking = async <T>(prompt: Promise<T>): Promise<T> => {
    try {
      return await prompt;
    } catch (error) {
      if (error instanceof Error && /^(Exit|Abort)Prompt/.test(error.name)) throw new StoppedAsking();
      throw error;
    }
  };
  return {
    somebody: true,
    answer: async ({ message, byDefault, choices, check }) => {
      if (choices) {
        const all = choices.map((value) => ({ value }));
        return asking(
          select({ message, choices: all, ...(byDefault === undefined ? {} : { default: byDefault }) }, context),
        );
      }
      const validate = async (text: string) =>
        text.trim() === '' && byDefault === '' ? true : ((await wrong(text, check)) ?? true);
      const text = await asking(input({ message, validate, ...(byDefault ? { default: byDefault } : {}) }, context));
      return text.trim();
    },
    agree: (message) => asking(confirm({ message, default: false }, context)),
  };
}

async function wrong(text: string, check: Question['check']): Promise<string | undefined> {
  return text.trim() === '' ? 'This cannot be left out.' : check?.(text.trim());
}

/**
 * Asks nobody.
 * @param yes what is usual is taken; otherwise every answer must be given by its flag
 */
export function askNobody(yes: boolean): Ask {
  return {
    somebody: false,
    answer: ({ flag, byDefault }) => {
      if (yes && byDefault !== undefined) return Promise.resolve(byDefault);
      const usual = byDefault ? `, or --yes for what is usual (${byDefault})` : '';
      const why = yes ? '--yes asks nothing, and there is nothing usual' : 'There is no terminal to ask on';
      return Promise.reject(new UsageError(`${why}: give ${flag}${usual}.`));
    },
    agree: (_, flag) => Promise.reject(new UsageError(`There is nobody to ask: give ${flag}.`)),
  };
}

/**
 * The answer to a question: what a flag gives, or what is answered.
 * @throws UsageError when the flag gives something that cannot be
 */
export async function answerTo(question: Question, given: string | undefined, ask: Ask): Promise<string> {
  if (given === undefined) return ask.answer(question);
  const text = given.trim();
  const problem = text === '' && question.byDefault === '' ? undefined : await wrong(text, question.check);
  if (problem !== undefined) throw new UsageError(`${question.flag.split(' ')[0] ?? ''}: ${problem}`);
  return text;
}
