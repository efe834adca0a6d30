import type { CspSum } from '../control/client.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunning } from './running.ts';
import { alignRows, jsonText, palette, plain } from './terminal.ts';

/** `portcullis reports`: what browsers say that policies forbade. */
export const reportsCommand: Command = {
  verb: 'reports',
  summary: 'prints what browsers reported of content security policies, summed',
  operands: [],
  options: { config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'The running gateway is asked. An API with `contentSecurityPolicy: { policy: …, report: true }` has browsers report.',
    'Reports of the same host, directive, blocked origin and page are one line: 1,000 at most, of 30 days.',
    'Anybody can send reports, so a line is a hint and no proof.',
    'Exit code 1 if nothing runs.',
  ],
  async run(given, context) {
    const running = await findRunning(given, context);
    if (!running.ok) return running.error;
    const found = await running.value.client.cspReports();
    if (!found.ok) {
      complainOfSilence(found.error, context);
      return EXIT.findings;
    }
    if (given.flags.has('json')) context.write(jsonText({ reports: found.value }));
    else context.write(`${linesOf(found.value, context).join('\n')}\n`);
    return EXIT.fine;
  },
};

function linesOf(sums: readonly CspSum[], context: CommandContext): readonly string[] {
  if (sums.length === 0) return ['no browser reported anything'];
  const paint = palette(context.color);
  const head = ['LAST', 'FIRST', 'COUNT', 'HOST', 'DIRECTIVE', 'BLOCKED', 'PAGE'];
  const rows = sums.map(({ at, since, count, host, directive, blocked, document }) => [
    { text: new Date(at).toISOString(), paint: paint.faint },
    { text: new Date(since).toISOString(), paint: paint.faint },
    { text: String(count) },
    ...[host, directive, blocked, document].map((text) => ({ text: plain(text) })),
  ]);
  return alignRows([head.map((text) => ({ text, paint: paint.faint })), ...rows]);
}
