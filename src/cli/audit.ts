import { type LogReport, type LogWish, readLog } from '../audit/index.ts';
import {
  type ChangeRecord,
  type CompletionRecord,
  err,
  type IntentRecord,
  ok,
  parseDuration,
  type Result,
} from '../base/index.ts';
import { reasonsOf, type RowReasons } from './audit-reasons.ts';
import { decisionOf, type RecordedDecision } from './audit-decision.ts';
import { type AuditRow, AuditRows, type RowFilter } from './audit-rows.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import { configurationPath } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { complainOfIssues } from './issues.ts';
import { soughtBy } from './running.ts';
import { alignRows, type Cell, jsonText, palette, type Palette, plain, shortPath } from './terminal.ts';

const STANDARD_ROWS = 20;
/** What a configuration is called where nothing says it. */
const STANDARD_NAME = 'portcullis.yaml';
/** More would make all rows as wide; `--json` has them all. */
const NETWORKS_SHOWN = 3;
/** More is a matter for a program that reads the files. */
const ROW_LIMIT = 100_000;
/** The clock of a request's id may lie so far before the beginning of its segment. */
const ID_SLACK_MS = 60_000;

/** `portcullis audit show`: what the ledger holds, and whether its chain does. */
export const auditCommand: Command = {
  verb: 'audit',
  summary: '`audit show` prints what was recorded: requests, refusals, changes',
  operands: ['ACTION'],
  options: {
    config: CONFIG_OPTION,
    data: DATA_OPTION,
    last: { value: 'N', says: `the newest N rows; ${STANDARD_ROWS} if left out` },
    request: { value: 'ID', says: 'only the request with this id, as the header x-request-id bears it' },
    denied: { value: null, says: 'only requests that were refused, or would have been' },
    since: { value: 'DURATION', says: 'only what is younger than 30s, 10m, 24h, 90d' },
    json: JSON_OPTION,
  },
  details: [
    'ACTION is `show`. The gateway may run meanwhile, and need not. Times are UTC.',
    'Below a request that was refused stands why, with the rule and its line in the configuration of that time; below it,',
    'after `would=deny`, each rule that only observes and would have refused it.',
    'The hash chain of all that is read is checked, and the last line says where it holds.',
    'Exit code 1 if the chain is broken, 2 if there is no ledger or it can not be read.',
  ],
  async run(given, context) {
    const wanted = filterOf(given, context);
    const folder = wanted.ok ? await dataFolder(given, context) : wanted;
    if (!wanted.ok || !folder.ok) {
      const words = wanted.ok ? (folder.ok ? null : folder.error) : wanted.error;
      if (words !== null) context.complain(`portcullis: ${words}.\n`);
      return EXIT.unusable;
    }
    const rows = new AuditRows(wanted.value);
    const read = await readLog(context.services.ledger(folder.value), wishOf(wanted.value), (logged) =>
      rows.take(logged),
    );
    const name = shortPath(folder.value, context.workingFolder);
    if (!read.ok || read.value.segments === 0) {
      const words = read.ok
        ? `there is no ledger in the data folder ${name}`
        : `the ledger can't be read: ${plain(read.error)}`;
      context.complain(`portcullis: ${words}.\n`);
      return EXIT.unusable;
    }
    const file = await fileName(given, folder.value, context);
    const reasons = await reasonsOf(rows.rows, { folder: folder.value, file }, context);
    if (given.flags.has('json'))
      context.write(jsonText({ rows: rows.rows.map((row) => jsonRow(row, reasons.get(row))), chain: read.value }));
    else context.write(report({ rows: rows.rows, reasons, chain: read.value }, context));
    return read.value.breaks.length > 0 ? EXIT.findings : EXIT.fine;
  },
};

function filterOf({ operands, values, flags }: Given, { ports }: CommandContext): Result<RowFilter, string> {
  const [action = ''] = operands;
  if (action !== 'show') return err(`\`audit\` knows no action ${JSON.stringify(plain(action))}; there is show`);
  const last = values.get('last') ?? String(STANDARD_ROWS);
  if (!/^[1-9][0-9]{0,5}$/.test(last) || Number(last) > ROW_LIMIT) {
    return err(`--last takes a number from 1 to ${ROW_LIMIT}`);
  }
  const since = values.get('since');
  const age = since === undefined ? null : parseDuration(since);
  if (age !== null && !age.ok) return err(`--since: ${age.error}`);
  const sinceMs = age === null ? null : ports.clock.now() - age.value;
  const request = values.get('request')?.toLowerCase() ?? null;
  if (request !== null && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(request)) {
    return err('--request takes an id like 019a1b2c-3d4e-7f00-8000-0123456789ab');
  }
  return ok({ request, denied: flags.has('denied'), sinceMs, last: Number(last) });
}

/** What of the ledger need not be read. An id of ours begins with the time at which it was made (RFC 9562 §5.7). */
function wishOf({ request, denied, sinceMs, last }: RowFilter): LogWish {
  const madeMs = request === null ? null : Number.parseInt(request.slice(0, 13).replace('-', ''), 16) - ID_SLACK_MS;
  const youngest = Math.max(sinceMs ?? 0, madeMs ?? 0);
  // Each request has two records.
  const newest = request === null && !denied ? last * 2 : null;
  return { sinceMs: youngest === 0 ? null : youngest, newest };
}

/** The error is null where all has been said. */
async function dataFolder(given: Given, context: CommandContext): Promise<Result<string, string | null>> {
  const sought = await soughtBy(given, context);
  if (!sought.ok) return sought;
  const { folder, broken } = sought.value;
  if (folder !== null) return ok(folder);
  complainOfIssues(broken, given.flags.has('json'), context);
  return err(null);
}

/** What the lines of reasons are said to be of: the file that is named, or that a gateway runs with. */
async function fileName(given: Given, folder: string, context: CommandContext): Promise<string> {
  const named = given.values.has('data') ? null : configurationPath(given, context);
  if (named?.ok === true) return named.value;
  const client = await context.services.admin(folder);
  const status = client.ok ? await client.value.status() : null;
  return status?.ok === true ? status.value.configuration : STANDARD_NAME;
}

function jsonRow(row: AuditRow, reasons?: RowReasons): unknown {
  switch (row.kind) {
    case 'request': {
      const { version: _version, kind: _kind, ...intent } = row.intent;
      const why = { reason: reasons?.reason ?? null, wouldRefuse: reasons?.observed ?? [] };
      if (row.completion === null)
        return { sequence: row.sequence, kind: row.kind, ...intent, ...why, completion: null };
      const { version: _v, kind: _k, id: _id, ...completion } = row.completion;
      return { sequence: row.sequence, kind: row.kind, ...intent, ...why, completion };
    }
    case 'change': {
      const { version: _version, kind, ...change } = row.change;
      return { sequence: row.sequence, kind, ...change };
    }
    case 'refusals': {
      const { id, at, target } = row.change;
      const { networks, ...sum } = row.sum;
      const from = networks.map(([network, count]) => ({ network, count }));
      return { sequence: row.sequence, kind: row.kind, id, at, problem: target, ...sum, networks: from };
    }
    case 'unreadable':
      return { sequence: row.sequence, kind: row.kind };
  }
}

interface Report {
  readonly rows: readonly AuditRow[];
  readonly reasons: ReadonlyMap<AuditRow, RowReasons>;
  readonly chain: LogReport;
}

function report({ rows, reasons, chain }: Report, { color }: CommandContext): string {
  const paint = palette(color);
  const titles = ['TIME', 'VERDICT', 'STATUS', 'WHAT', 'WHY', 'WHO', 'FROM', 'MS', 'ID'];
  const head = titles.map((text) => ({ text, paint: paint.faint }));
  const lines = alignRows([head, ...rows.map((row) => cellsOf(row, paint))]);
  const table =
    rows.length === 0
      ? ['nothing of that kind was recorded']
      : lines.flatMap((line, n) => [line, ...reasonLines(reasons.get(rows[n - 1] as AuditRow), paint)]);
  return `${[...table, '', ...chainLines(chain, paint)].join('\n')}\n`;
}

/** Why, below the row that it is of. */
function reasonLines(reasons: RowReasons | undefined, paint: Palette): readonly string[] {
  if (reasons === undefined) return [];
  const { reason, observed, more } = reasons;
  return [
    ...(reason === null ? [] : [`  ${plain(reason.sentence)}`]),
    ...observed.map(
      ({ rule, policy, sentence }) =>
        `  ${paint.warning('would=deny')} ${plain(`${rule ?? policy ?? ''} ${sentence}`)}`,
    ),
    ...(more === 0 ? [] : [`  ${paint.warning('would=deny')} by ${more.toLocaleString('en')} more that are not named`]),
  ];
}

/** What another program was told: who asked stands in the place of where it came from. */
function decisionCells(
  { at, target, author }: ChangeRecord,
  { verdict, why, who, id }: RecordedDecision,
  paint: Palette,
): readonly Cell[] {
  return [
    { text: timeText(at), paint: paint.faint },
    { text: verdict, paint: verdict === 'permit' ? paint.good : paint.bad },
    { text: 'asked' },
    { text: plain(target) },
    { text: plain(why) },
    { text: plain(who) },
    { text: plain(author) },
    { text: '' },
    { text: plain(id), paint: paint.faint },
  ];
}

function cellsOf(row: AuditRow, paint: Palette): readonly Cell[] {
  switch (row.kind) {
    case 'request': {
      const { intent, completion } = row;
      const { policy, rule } = hasDecision(intent, completion) ? completion : intent;
      const why = [completion?.problem ?? intent.problem, policy, rule].filter((part) => part !== null);
      const milliseconds = completion === null ? '' : (completion.durationUs / 1_000).toFixed(1);
      return [
        { text: timeText(intent.at), paint: paint.faint },
        {
          text: plain(intent.verdict),
          paint: intent.verdict === 'pass' || intent.verdict === 'reply' ? paint.good : paint.bad,
        },
        { text: completion === null ? 'open' : statusOf(completion) },
        { text: plain(whatOf(intent.method, intent.operation)) },
        { text: plain(why.join(' ')) },
        { text: plain(intent.subject ?? '-') },
        { text: plain(intent.address) },
        { text: milliseconds },
        { text: plain(intent.id), paint: paint.faint },
      ];
    }
    case 'change': {
      const { at, action, target, author, before, after, id } = row.change;
      const decision = decisionOf(row.change);
      if (decision !== null) return decisionCells(row.change, decision, paint);
      const hashes = [before, after].map((hash) => (hash === null ? 'none' : plain(hash).slice(0, 12))).join(' → ');
      return [
        { text: timeText(at), paint: paint.faint },
        { text: 'change', paint: paint.strong },
        { text: '' },
        { text: plain(`${action} ${target}`) },
        { text: hashes },
        { text: plain(author) },
        { text: '' },
        { text: '' },
        { text: plain(id), paint: paint.faint },
      ];
    }
    case 'refusals': {
      const { change, sum } = row;
      const { count, networks, others } = sum;
      const shown = networks.slice(0, NETWORKS_SHOWN).map(([network, from]) => `${network} ${from}`);
      const rest = networks.slice(NETWORKS_SHOWN).reduce((left, [, from]) => left + from, others);
      return [
        { text: timeText(change.at), paint: paint.faint },
        { text: 'refusals', paint: paint.bad },
        { text: '' },
        { text: `${count.toLocaleString('en')} requests` },
        { text: plain(change.target) },
        { text: '-' },
        { text: plain([...shown, ...(rest > 0 ? [`others ${rest}`] : [])].join(', ')) },
        { text: '' },
        { text: plain(change.id), paint: paint.faint },
      ];
    }
    case 'unreadable':
      return [
        { text: '' },
        { text: 'unreadable', paint: paint.warning },
        { text: '' },
        { text: `record ${row.sequence}` },
      ];
  }
}

/** Whether something was decided of a request once its intent was recorded, or it ended for another problem: that is shown then. */
function hasDecision(intent: IntentRecord, completion: CompletionRecord | null): completion is CompletionRecord {
  if (completion === null) return false;
  const { problem, policy, rule } = completion;
  return policy !== null || rule !== null || (problem !== null && problem !== intent.problem);
}

/** A call of gRPC has a status of its own behind that of HTTP. */
function statusOf({ status, grpcStatus }: CompletionRecord): string {
  const sent = status === 0 ? 'none' : String(status);
  return grpcStatus === null ? sent : `${sent} ${plain(grpcStatus)}`;
}

/** An operation of hand-written routes is named by its method already. */
function whatOf(method: string, operation: string | null): string {
  if (operation === null) return method === '' ? '-' : method;
  return operation.includes(`/${method} `) ? operation : `${method} ${operation}`;
}

function timeText(atMs: number): string {
  // Beyond this there is no date (ECMA-262 §21.4.1.1).
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : `${atMs}`;
}

function chainLines({ first, last, breaks, torn }: LogReport, paint: Palette): readonly string[] {
  const number = (sequence: number): string => sequence.toLocaleString('en');
  const lines = breaks.map(({ segment, behind, detail }) =>
    paint.bad(`the chain is broken in ${plain(segment)} behind record ${number(behind)}: ${plain(detail)}`),
  );
  if (breaks.length === 0) {
    lines.push(
      first === null || last === null
        ? 'no record was read'
        : paint.good(`chain holds from ${number(first)} to ${number(last)}`),
    );
  }
  if (torn) lines.push('the last line is not whole: it is just being written, or the gateway was ended while writing');
  return lines;
}
