import type { Command } from './command.ts';
import { alignRows } from './terminal.ts';

/** What `portcullis` alone says. */
export function overview(commands: readonly Command[], version: string): string {
  const verbs = commands.map(({ verb, operands, moreOperands, summary }) => [
    { text: `  ${[verb, ...operandWords(operands, moreOperands)].join(' ')}` },
    { text: summary },
  ]);
  return [
    `Portcullis ${version}, an API security gateway.`,
    '',
    'portcullis VERB [OPTIONS]',
    '',
    ...alignRows(verbs),
    '',
    '`portcullis VERB --help` tells more; `portcullis --version` prints the version.',
    'Exit codes: 0 fine, 1 findings or refused, 2 unusable configuration or arguments.',
    '',
  ].join('\n');
}

/** What `portcullis VERB --help` says. */
export function commandHelp({ verb, operands, moreOperands, options, summary, details }: Command): string {
  const entries = Object.entries(options);
  const usage = entries.map(([name, { value }]) => `[--${name}${value === null ? '' : ` ${value}`}]`);
  const rows = entries.map(([name, { value, says }]) => [
    { text: `  --${name}${value === null ? '' : ` ${value}`}` },
    { text: says },
  ]);
  return [
    `portcullis ${[verb, ...operandWords(operands, moreOperands), ...usage].join(' ')}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...(rows.length > 0 ? ['', ...alignRows(rows)] : []),
    ...(details.length > 0 ? ['', ...details] : []),
    '',
  ].join('\n');
}

function operandWords(operands: readonly string[], more: string | undefined): readonly string[] {
  return more === undefined ? operands : [...operands, `[${more} …]`];
}
