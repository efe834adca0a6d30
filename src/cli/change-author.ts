import type { Given, OptionSpec } from './command.ts';
import type { CommandContext } from './context.ts';

/** The option that says who changes something. */
export const AUTHOR_OPTION: OptionSpec = {
  value: 'NAME',
  says: 'who does it, for the history; the user of the operating system if left out',
};

/** In whose name a change is made: one line of at most 100 characters, as the admin API takes it. */
export function authorOf(given: Given, { user }: Pick<CommandContext, 'user'>): string {
  const name = given.values.get('author') ?? user;
  return Array.from(name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'))
    .slice(0, 100)
    .join('');
}
