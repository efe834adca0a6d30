import { createHash } from 'node:crypto';
import { readLog } from '../audit/index.ts';
import { type CompletionRecord, err, ok, type Result } from '../base/index.ts';
import type { OriginalEntry, OriginalSummary } from '../control/client.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunning, soughtBy } from './running.ts';
import { alignRows, jsonText, palette, plain } from './terminal.ts';

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The clock of a request's id may lie so far before the beginning of its segment. */
const ID_SLACK_MS = 60_000;

/** What `keptText` of the kind `upstream-errors` writes. */
interface KeptReply {
  readonly status: number;
  readonly trace: string | null;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly whole: boolean;
  readonly coded: boolean;
}

/** Whether what is shown is what the ledger has the hash of. */
type Proof = 'proved' | 'differs' | 'not recorded';

/** `portcullis errors`: replies of upstreams that were replaced. */
export const errorsCommand: Command = {
  verb: 'errors',
  summary: '`errors list` and `errors show ID` print errors of upstreams that clients did not see',
  operands: ['ACTION'],
  moreOperands: 'ID',
  options: { config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'ACTION is `list`, or `show` with the id of a request, as the header x-request-id and the problem bear it.',
    'The running gateway is asked. Of an upstream that fails all the time a sample is kept, for seven days, without secrets.',
    'What is shown is held against the hash in the ledger, and the last line says whether it is the same.',
    'Exit code 1 if nothing is kept, nothing runs or the hash differs, 2 if the arguments are none.',
  ],
  async run(given, context) {
    const asked = askedOf(given);
    if (!asked.ok) {
      context.complain(`portcullis: ${asked.error}.\n`);
      return EXIT.unusable;
    }
    const running = await findRunning(given, context);
    if (!running.ok) return running.error;
    const { client } = running.value;
    const id = asked.value;
    const found = id === null ? await client.upstreamErrors() : await client.upstreamError(id);
    if (!found.ok) {
      complainOfSilence(found.error, context);
      return EXIT.findings;
    }
    if (found.value === null) {
      context.complain(`portcullis: of the request ${id} nothing is kept.\n`);
      return EXIT.findings;
    }
    return 'text' in found.value
      ? await show(found.value, given, context)
      : list(found.value, given.flags.has('json'), context);
  },
};

/** The id that is asked for; null for all. */
function askedOf({ operands }: Given): Result<string | null, string> {
  const [action = '', id, ...more] = operands;
  if (action === 'list' && id === undefined) return ok(null);
  if (action === 'list') return err('`errors list` takes no id; `errors show ID` shows one');
  if (action !== 'show')
    return err(`\`errors\` knows no action ${JSON.stringify(plain(action))}; there are list and show`);
  const lower = id?.toLowerCase() ?? '';
  if (more.length > 0 || !REQUEST_ID.test(lower))
    return err('`errors show` takes one id like 019a1b2c-3d4e-7f00-8000-0123456789ab');
  return ok(lower);
}

function list(entries: readonly OriginalSummary[], json: boolean, context: CommandContext): number {
  if (json) {
    context.write(jsonText({ errors: entries }));
    return EXIT.fine;
  }
  const paint = palette(context.color);
  const head = ['TIME', 'STATUS', 'OPERATION', 'ID'].map((text) => ({ text, paint: paint.faint }));
  const rows = entries.map(({ id, at, status, operation }) => [
    { text: new Date(at).toISOString(), paint: paint.faint },
    { text: String(status) },
    { text: plain(operation) },
    { text: plain(id) },
  ]);
  const lines = rows.length === 0 ? ['no error of an upstream is kept'] : alignRows([head, ...rows]);
  context.write(`${lines.join('\n')}\n`);
  return EXIT.fine;
}

async function show(entry: OriginalEntry, given: Given, context: CommandContext): Promise<number> {
  const kept = readKept(entry.text);
  const proof = await proofOf(entry, given, context);
  const code = proof === 'differs' ? EXIT.findings : EXIT.fine;
  const { text: _text, ...facts } = entry;
  if (given.flags.has('json')) {
    context.write(jsonText({ ...facts, original: kept, ledger: proof }));
    return code;
  }
  const { id, at, operation, status } = entry;
  const lines = [
    `${new Date(at).toISOString()}  ${plain(operation)}  request ${plain(id)}`,
    `status ${status}${(kept?.trace ?? null) === null ? '' : `, it shows its inside (${plain(kept?.trace ?? '')})`}`,
    '',
    ...(kept?.fields ?? []).map(([name, value]) => `${plain(name)}: ${plain(value)}`),
    '',
    ...bodyLines(kept),
    '',
    PROOF_WORDS[proof],
  ];
  context.write(`${lines.join('\n')}\n`);
  return code;
}

function bodyLines(kept: KeptReply | null): readonly string[] {
  if (kept === null) return ['(it is kept in a form that this version can not read)'];
  if (kept.coded) return ['(its body came in a coding that could not be undone, and is not kept)'];
  const lines = kept.body.split(/\r?\n/).map((line) => plain(line));
  return kept.whole ? lines : [...lines, '(more came, and is not kept)'];
}

const PROOF_WORDS: Readonly<Record<Proof, string>> = {
  proved: 'The ledger has the hash of this text.',
  differs: 'The ledger has another hash: this is not what was kept when the request was answered.',
  'not recorded': 'The ledger has no hash of it.',
};

/** The text comes from a store that others may have written into. */
function readKept(text: string): KeptReply | null {
  try {
    const value = JSON.parse(text) as Partial<KeptReply>;
    return typeof value.body === 'string' && Array.isArray(value.fields) ? (value as KeptReply) : null;
  } catch {
    return null;
  }
}

async function proofOf(entry: OriginalEntry, given: Given, context: CommandContext): Promise<Proof> {
  const sought = await soughtBy(given, context);
  const folder = sought.ok ? sought.value.folder : null;
  if (folder === null) return 'not recorded';
  const madeMs = Number.parseInt(entry.id.slice(0, 13).replace('-', ''), 16) - ID_SLACK_MS;
  let recorded: CompletionRecord | null = null;
  const read = await readLog(context.services.ledger(folder), { sinceMs: madeMs, newest: null }, ({ record }) => {
    if (record?.kind === 'completion' && record.id === entry.id) recorded = record;
  });
  const hash = (recorded as CompletionRecord | null)?.originalHash ?? null;
  if (!read.ok || hash === null) return 'not recorded';
  return hash === createHash('sha256').update(entry.text).digest('hex') ? 'proved' : 'differs';
}
