import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readLog } from '../audit/index.ts';
import { err, isRequestId, ok, type OriginalEntry, type Result } from '../base/index.ts';
import type { OriginalSummary } from '../control/client.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { alignRows, jsonText, palette, plain } from './terminal.ts';

const TAB = '    ';
/** A record is written soon behind what it is about; the clock may have been set in between. */
const CLOCK_SLACK_MS = 60_000;

/** What `keptText` of the kind `upstream-errors` writes. */
const KEPT_REPLY = z.object({
  status: z.number(),
  trace: z.string().nullable(),
  fields: z.array(z.tuple([z.string(), z.string()])),
  body: z.string(),
  whole: z.boolean(),
  coded: z.boolean(),
});

type KeptReply = z.infer<typeof KEPT_REPLY>;

/** Whether what is shown is what the ledger has the hash of. */
type Proof = 'proved' | 'differs' | 'not recorded' | 'unreadable';

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
    "Exit code 1 if nothing is kept, nothing runs, the hash differs or the ledger can't be read, 2 if the arguments are none.",
  ],
  async run(given, context) {
    const running = await findRunningFor('errors', askedOf(given), given, context);
    if (!running.ok) return running.error;
    const { client, folder } = running.value;
    const id = running.value.wish;
    const found = id === null ? await client.upstreamErrors() : await client.upstreamError(id);
    if (!found.ok) {
      complainOfSilence(found.error, context);
      return EXIT.findings;
    }
    if (found.value === null) {
      context.complain(`portcullis: of the request ${id} nothing is kept.\n`);
      return EXIT.findings;
    }
    const json = given.flags.has('json');
    if (!('text' in found.value)) return list(found.value, json, context);
    return show(found.value, await proofOf(found.value, folder, context), json, context);
  },
};

/** The id that is asked for; null for all. */
function askedOf({ operands }: Given): Result<string | null, string> {
  const [action = '', id, ...more] = operands;
  if (action === 'list' && id === undefined) return ok(null);
  if (action === 'list') return err('`errors list` takes no id; `errors show ID` shows one');
  if (action !== 'show')
    return err(`\`errors\` knows no action ${JSON.stringify(plain(action))}; there are list and show`);
  if (id === undefined || more.length > 0 || !isRequestId(id))
    return err('`errors show` takes one id like 019a1b2c-3d4e-7f00-8000-0123456789ab');
  return ok(id);
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

function show(entry: OriginalEntry, proof: Proof, json: boolean, context: CommandContext): number {
  const kept = readKept(entry.text);
  const code = proof === 'proved' || proof === 'not recorded' ? EXIT.fine : EXIT.findings;
  const { text: _text, ...facts } = entry;
  if (json) {
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
  const lines = kept.body.split(/\r?\n/).map((line) => plain(line.replaceAll('\t', TAB)));
  return kept.whole ? lines : [...lines, '(more came, and is not kept)'];
}

const PROOF_WORDS: Readonly<Record<Proof, string>> = {
  proved: 'The ledger has the hash of this text.',
  differs: 'The ledger has another hash: this is not what was kept when the request was answered.',
  'not recorded': 'The ledger has no hash of it.',
  unreadable: "The ledger can't be read, so nothing says whether this is what was kept.",
};

/** The text comes from a store that others may have written into. */
function readKept(text: string): KeptReply | null {
  try {
    return KEPT_REPLY.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function proofOf(entry: OriginalEntry, folder: string, context: CommandContext): Promise<Proof> {
  // A peer that is trusted may give several requests one id.
  const recorded = new Set<string>();
  const wish = { sinceMs: entry.at - CLOCK_SLACK_MS, newest: null };
  const read = await readLog(context.services.ledger(folder), wish, ({ record }) => {
    if (record?.kind !== 'completion' || record.id !== entry.id) return;
    if (record.originalHash !== null) recorded.add(record.originalHash);
  });
  if (!read.ok) return 'unreadable';
  if (recorded.size === 0) return 'not recorded';
  return recorded.has(createHash('sha256').update(entry.text).digest('hex')) ? 'proved' : 'differs';
}
