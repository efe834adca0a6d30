import type { AdminClient } from '../control/client.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunning } from './running.ts';
import { alignRows, count, jsonText, palette, plain, shortPath } from './terminal.ts';

type StatusReply = Awaited<ReturnType<AdminClient['status']>>;
type AdminStatus = Extract<StatusReply, { readonly ok: true }>['value'];

const HASH_LENGTH = 12;

/** `portcullis status`: how the running gateway is doing. */
export const statusCommand: Command = {
  verb: 'status',
  summary: 'says how the running gateway is doing',
  operands: [],
  options: { config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'The gateway is found by its data folder, which holds the key of its admin port: the one that --data names, as',
    '`demo` and `protect` need it (./.portcullis/demo and ./.portcullis), else that of the configuration. Of a',
    'configuration that can not be used the line `data` is enough.',
    'Exit code 1 if nothing runs, or if it runs and is not ready.',
  ],
  async run(given, context) {
    const running = await findRunning(given, context);
    if (!running.ok) return running.error;
    const status = await running.value.client.status();
    if (!status.ok) {
      complainOfSilence(status.error, context);
      return EXIT.findings;
    }
    if (given.flags.has('json')) context.write(jsonText(status.value));
    else context.write(report(status.value, context));
    return isServing(status.value.readiness) ? EXIT.fine : EXIT.findings;
  },
};

function isServing(readiness: AdminStatus['readiness']): boolean {
  return readiness === 'ready' || readiness === 'verifying';
}

function report(status: AdminStatus, { color, workingFolder, ports }: CommandContext): string {
  const paint = palette(color);
  const { https, http, admin } = status.ports;
  const sum = (of: (thread: AdminStatus['threads'][number]) => number): number =>
    status.threads.reduce((total, thread) => total + of(thread), 0);
  const revision = status.revision === null ? 'none in force' : `${status.revision}`;
  const hash = status.hash === null ? '' : ` (${plain(status.hash).slice(0, HASH_LENGTH)})`;
  const behind = status.threads.filter((thread) => thread.revision !== status.revision).length;
  const readiness = isServing(status.readiness) ? paint.good : paint.bad;
  const rows: [string, string][] = [
    ['since', `${new Date(status.startedAt).toISOString()} (${durationText(ports.clock.now() - status.startedAt)})`],
    ['configuration', `${shortPath(status.configuration, workingFolder)}, revision ${revision}${hash}`],
    ['ports', `https ${https}, http ${http ?? 'off'}, admin ${admin}`],
    ['threads', `${status.threads.length}${behind === 0 ? '' : `, ${behind} at another revision`}`],
    [
      'now',
      `${count(
        sum((thread) => thread.connections),
        'connection',
      )}, ${count(
        sum((thread) => thread.inFlight),
        'request',
      )} in flight`,
    ],
  ];
  const title = `Portcullis ${plain(status.version)} on Node ${plain(status.node)}: ${readiness(plain(status.readiness))}`;
  const table = rows.map(([name, text]) => [{ text: `  ${name}`, paint: paint.faint }, { text }]);
  return `${[title, ...alignRows(table)].join('\n')}\n`;
}

/** The two largest units, which is as exact as anybody asks. */
function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = units.findIndex(([number]) => number > 0);
  const shown = first < 0 ? units.slice(-1) : units.slice(first, first + 2);
  return shown.map(([number, unit]) => `${number} ${unit}`).join(' ');
}
