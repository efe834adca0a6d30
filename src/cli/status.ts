import type { AdminStatus } from '../control/client.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { findAnswering } from './running.ts';
import { alignRows, count, jsonText, type Palette, palette, plain, shortPath } from './terminal.ts';

const HASH_LENGTH = 12;
/** Issuers that are shown one by one; the ones with a fault come first. */
const ISSUER_LIMIT = 10;
const CERTIFICATE_LIMIT = 10;
const TARGET_LIMIT = 10;
const NAMES_SHOWN = 3;
const DAY_MS = 86_400_000;

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
    const running = await findAnswering(given, context);
    if (!running.ok) return running.error;
    const { status } = running.value;
    if (given.flags.has('json')) context.write(jsonText(status));
    else context.write(report(status, context));
    return isServing(status.readiness) ? EXIT.fine : EXIT.findings;
  },
};

/** A gateway that was started before an update runs on, and does not tell what only the new version knows of. */
function orNone<T>(told: readonly T[] | undefined): readonly T[] {
  return told ?? [];
}

function isServing(readiness: AdminStatus['readiness']): boolean {
  return readiness === 'ready' || readiness === 'verifying' || readiness === 'last-good';
}

function report(status: AdminStatus, context: CommandContext): string {
  const paint = palette(context.color);
  const readiness = isServing(status.readiness) ? paint.good : paint.bad;
  const title = `Portcullis ${plain(status.version)} on Node ${plain(status.node)}: ${readiness(plain(status.readiness))}`;
  const nowMs = context.ports.clock.now();
  const rows = [
    ...processRows(status, context),
    ['ledger', ledgerText(status.ledger, paint)] as const,
    ...issuerRows(status.issuers, nowMs, paint),
    ...discoveryRows(orNone(status.discovery), nowMs, paint),
    ...targetRows(orNone(status.targets), nowMs, paint),
    ...certificateRows(orNone(status.certificates), nowMs, paint),
    ...revocationRows(orNone(status.revocationLists), nowMs, paint),
    ...listRows(orNone(status.lists), nowMs, paint),
    ['alerts', alertText(status.alerts, nowMs, paint)] as const,
    ...reloadRows(status.refusedReload, nowMs, paint),
  ];
  const table = rows.map(([name, text]) => [{ text: `  ${name}`, paint: paint.faint }, { text }]);
  return `${[title, ...alignRows(table)].join('\n')}\n`;
}

type Row = readonly [name: string, text: string];

function processRows(status: AdminStatus, { workingFolder, ports }: CommandContext): readonly Row[] {
  const { https, http, admin } = status.ports;
  const sum = (of: (thread: AdminStatus['threads'][number]) => number): number =>
    status.threads.reduce((total, thread) => total + of(thread), 0);
  const revision = status.revision === null ? 'none in force' : `${status.revision}`;
  const hash = status.hash === null ? '' : ` (${plain(status.hash).slice(0, HASH_LENGTH)})`;
  const behind = status.threads.filter((thread) => thread.revision !== status.revision).length;
  return [
    ['since', `${new Date(status.startedAt).toISOString()} (${durationText(ports.clock.now() - status.startedAt)})`],
    ['configuration', `${shortPath(status.configuration, workingFolder)}, revision ${revision}${hash}`],
    ...installedRows(status, ports.clock.now()),
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
}

function installedRows({ installed, lacking }: AdminStatus, nowMs: number): readonly Row[] {
  const who: readonly Row[] =
    installed === null
      ? []
      : [['in force', `since ${durationText(nowMs - installed.at)}, by ${plain(installed.author)}`]];
  if (lacking.length === 0) return who;
  const named = lacking.slice(0, ISSUER_LIMIT).map(plain).join(', ');
  const more = lacking.length > ISSUER_LIMIT ? `, and ${lacking.length - ISSUER_LIMIT} more` : '';
  return [...who, ['last good', `kept from an earlier run, for they can't be had now: ${named}${more}`]];
}

function ledgerText({ state, reason }: AdminStatus['ledger'], paint: Palette): string {
  const why = reason === null ? '' : `: ${plain(reason)}`;
  switch (state) {
    case 'recording':
      return 'recording';
    case 'short':
      return `${paint.bad('gets no more space')}; requests are refused when what is reserved is used up${why}`;
    case 'halted':
      return `${paint.bad('halted')}, requests are refused${why}`;
    case 'off':
      return 'off, requests are not recorded';
  }
}

function issuerRows(issuers: AdminStatus['issuers'], nowMs: number, paint: Palette): readonly Row[] {
  const sorted = issuers.toSorted((one, other) => Number(other.fault !== null) - Number(one.fault !== null));
  const rows = sorted.slice(0, ISSUER_LIMIT).map(({ name, keys, fetchedAt, fault }): Row => {
    const age = fetchedAt === null ? 'never fetched' : `fetched ${durationText(nowMs - fetchedAt)} ago`;
    const why = fault === null ? '' : `; ${paint.bad("can't be fetched now")}: ${plain(fault)}`;
    return ['issuer', `${plain(name)}: ${count(keys, 'key')}, ${age}${why}`];
  });
  return withRest(rows, issuers.length);
}

/** How many targets of each upstream get requests, and each that does not, or not from every thread. */
function targetRows(all: AdminStatus['targets'], nowMs: number, paint: Palette): readonly Row[] {
  const upstreams = Map.groupBy(all, ({ upstream }) => upstream);
  const sums = Array.from(upstreams, ([upstream, targets]): Row => {
    const asked = targets.filter(({ asking }) => asking > 0).length;
    return ['targets', `${plain(upstream)}: ${asked} of ${targets.length} get requests`];
  });
  const bad = all.filter(({ state }) => state !== 'up');
  const rows = bad.slice(0, TARGET_LIMIT).map(({ upstream, target, state, since, reason, threads, asking }): Row => {
    const said = state === 'starting' ? 'starts slowly' : paint.bad(state);
    const why = reason === '' ? '' : `: ${plain(reason)}`;
    const part = asking === 0 || asking === threads ? '' : `, in ${threads - asking} of ${count(threads, 'thread')}`;
    return ['target', `${plain(upstream)} ${plain(target)}: ${said} for ${durationText(nowMs - since)}${part}${why}`];
  });
  return [...withRest(sums.slice(0, TARGET_LIMIT), sums.length), ...withRest(rows, bad.length)];
}

/** Sources of targets; those that have a fault come first. */
function discoveryRows(sources: AdminStatus['discovery'], nowMs: number, paint: Palette): readonly Row[] {
  const sorted = sources.toSorted((one, other) => Number(other.fault !== null) - Number(one.fault !== null));
  const rows = sorted.slice(0, ISSUER_LIMIT).map(({ name, targets, foundAt, fault }): Row => {
    const age = foundAt === null ? 'never found' : `found ${durationText(nowMs - foundAt)} ago`;
    const none = targets === 0 ? paint.bad('no targets') : count(targets, 'target');
    const why = fault === null ? '' : `; ${paint.bad("can't be found now")}: ${plain(fault)}`;
    return ['discovery', `${plain(name)}: ${none}, ${age}${why}`];
  });
  return withRest(rows, sources.length);
}

/** The one that ends first stands first. */
function certificateRows(all: AdminStatus['certificates'], nowMs: number, paint: Palette): readonly Row[] {
  const sorted = all.toSorted((one, other) => one.notAfter - other.notAfter);
  const rows = sorted.slice(0, CERTIFICATE_LIMIT).map(({ names, origin, notAfter }): Row => {
    const named = names.length === 0 ? 'all other hosts' : listed(names);
    const left =
      notAfter > nowMs
        ? `ends in ${durationText(notAfter - nowMs)}`
        : paint.bad(`ended ${durationText(nowMs - notAfter)} ago`);
    return ['certificate', `${named}: ${ORIGINS[origin]}, ${left}`];
  });
  return withRest(rows, all.length);
}

const ORIGINS = { local: 'of the local CA', file: 'from files', acme: 'by ACME' } as const;

/** Lists that let nobody in, or will soon. */
function revocationRows(lists: AdminStatus['revocationLists'], nowMs: number, paint: Palette): readonly Row[] {
  const late = lists
    .filter(({ endsAt }) => endsAt - nowMs <= DAY_MS)
    .toSorted((one, other) => one.endsAt - other.endsAt);
  const rows = late.slice(0, CERTIFICATE_LIMIT).map(({ file, endsAt, hosts }): Row => {
    const named = listed(hosts.map((host) => (host === '*' ? 'all other hosts' : host)));
    const says =
      endsAt > nowMs
        ? `ends in ${durationText(endsAt - nowMs)}`
        : `${paint.bad('ended')} ${durationText(nowMs - endsAt)} ago, so its clients are refused`;
    return ['revocations', `${named}: ${plain(file)} ${says}`];
  });
  return withRest(rows, late.length);
}

/** How many entries each list holds, never which; those that could not be taken stand first. */
function listRows(lists: AdminStatus['lists'], nowMs: number, paint: Palette): readonly Row[] {
  const sorted = lists.toSorted((one, other) => Number(one.fault === null) - Number(other.fault === null));
  const rows = sorted.slice(0, CERTIFICATE_LIMIT).map(({ file, kind, entries, readAt, fault }): Row => {
    const holds = entries === null ? `a database for ${kind}` : `${entries} ${entries === 1 ? 'entry' : 'entries'}`;
    const why = fault === null ? '' : `; ${paint.bad('what stands there now is refused')}: ${plain(fault)}`;
    return ['list', `${plain(file)}: ${holds}, of ${durationText(nowMs - readAt)} ago${why}`];
  });
  return withRest(rows, lists.length);
}

/** Rows of which not all are shown, with how many are left. */
function withRest(rows: readonly Row[], all: number): readonly Row[] {
  const label = rows[0]?.[0];
  return label === undefined || all <= rows.length ? rows : [...rows, [label, `${all - rows.length} more, see --json`]];
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).map(plain).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function alertText({ count: number, newest }: AdminStatus['alerts'], nowMs: number, paint: Palette): string {
  if (number === 0) return 'none in 24 h';
  const kinds = newest.map(({ kind, severity, at }) => {
    const urgent = severity === 'critical' || severity === 'high';
    return `${urgent ? paint.bad(plain(kind)) : plain(kind)} (${plain(severity)}, ${durationText(nowMs - at)} ago)`;
  });
  return `${number} in 24 h: ${kinds.join(', ')}`;
}

function reloadRows(refused: AdminStatus['refusedReload'], nowMs: number, paint: Palette): readonly Row[] {
  if (refused === null) return [];
  const when = `${paint.bad('refused')} ${durationText(nowMs - refused.at)} ago`;
  return [['last reload', `${when}, ${count(refused.issues, 'issue')}: ${plain(refused.first)}`]];
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
