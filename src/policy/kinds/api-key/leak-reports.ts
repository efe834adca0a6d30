import { createHash } from 'node:crypto';
import { err, ok, type Problem, type Result } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import { apiKeyWithin, isJsonObject } from '../../../credential/index.ts';
import type { Desk, Told } from '../../desk.ts';
import type { OwnPage, PageRequest, PageVerdict } from '../../own-page.ts';
import { deny } from '../../verdict.ts';
import type { KnownKeys } from './known-keys.ts';
import type { LeakProof } from './leak-proof.ts';

/** The path at which leaked keys are reported. */
export const LEAKS_PATH = '/.portcullis/leaks/api-keys';
/** The subject under which the control side is asked to revoke keys: lists of objects with id, hash, url and source. */
export const LEAKED_API_KEYS = 'api-keys.leaked';

const BODY_LIMIT_BYTES = 1024 * 1024;
/** Of a report. Whoever has more sends them in parts. */
const ENTRIES_LIMIT = 1_000;
/** Of a token; a longer text is none of our keys, whatever else stands in it. */
const TOKEN_LIMIT_CHARACTERS = 1_024;
const TYPE_LIMIT_CHARACTERS = 256;
/** Of where a key was found, what an alert has room for. */
const PLACE_LIMIT_CHARACTERS = 500;
/** Less than a page may take, so that whoever reports hears that it must come again. */
const REVOKED_WITHIN_MS = 8_000;

const NO_REPORT: Problem = { code: 'malformed-body', internal: 'no report of leaked keys' };
const NOT_REVOKED = deny({
  code: 'gateway-fault',
  headers: [['retry-after', '60']],
  internal: 'keys that were reported could not be revoked',
});

/** One of a report: what was found, what it was taken for, and where. */
interface Entry {
  readonly token: string;
  readonly type: string;
  readonly url: string;
  readonly source: string;
}

/** What the page works with. */
export interface LeakReportsOptions {
  readonly proof: LeakProof;
  readonly keys: Pick<KnownKeys, 'recognize'>;
  readonly desk: Pick<Desk, 'ask'>;
}

/**
 * The page at which scanners report keys that they found where everybody can read them, as GitHub's secret scanning does:
 * `[{ token, type, url, source }]`. Keys of ours are revoked before the answer, which says of each entry whether it was
 * one. Who has not proved who it is learns nothing.
 */
export function leakReportsPage(options: LeakReportsOptions): OwnPage {
  const { holds, challenge } = options.proof;
  const notLetIn: PageVerdict = {
    kind: 'deny',
    problem: { code: 'unauthenticated', headers: [['www-authenticate', challenge]] },
  };
  return {
    name: 'leak-report',
    host: null,
    path: LEAKS_PATH,
    calledBy: 'servers',
    methods: ['POST'],
    body: { types: ['application/json'], limitBytes: BODY_LIMIT_BYTES },
    answer: (report) => (holds(report) ? judge(report, options) : notLetIn),
  };
}

function judge({ body }: PageRequest, { keys, desk }: LeakReportsOptions): PageVerdict | Promise<PageVerdict> {
  const entries = readEntries(body);
  if (!entries.ok) return { kind: 'deny', problem: entries.error };
  const found = new Map<string, Told>();
  const answers = entries.value.map(({ token, type, url, source }) => {
    // A reporter may put something before a key, such as the name of a field.
    const key = token.length > TOKEN_LIMIT_CHARACTERS ? null : apiKeyWithin(token);
    const ours = key === null ? null : keys.recognize(key);
    if (ours !== null) found.set(ours.id, { ...ours, url, source });
    return answerTo({ token, type }, ours !== null);
  });
  const said: PageVerdict = {
    kind: 'reply',
    response: { status: 200, headers: [['content-type', 'application/json']], body: JSON.stringify(answers) },
  };
  if (found.size === 0) return said;
  return desk
    .ask(LEAKED_API_KEYS, [...found.values()], REVOKED_WITHIN_MS)
    .then((revoked) => (revoked === true ? said : (NOT_REVOKED as PageVerdict)));
}

/** The token is said by its hash: nobody needs to be sent it back. */
function answerTo({ token, type }: Pick<Entry, 'token' | 'type'>, ours: boolean) {
  return {
    token_hash: createHash('sha256').update(token).digest('hex'),
    token_type: type,
    label: ours ? 'true_positive' : 'false_positive',
  };
}

/** What a later version of the protocol says besides is not read. */
function readEntries(body: Uint8Array): Result<readonly Entry[], Problem> {
  const parsed = parseJson(body);
  if (!parsed.ok || !Array.isArray(parsed.value)) return err(NO_REPORT);
  const listed = parsed.value as readonly unknown[];
  if (listed.length > ENTRIES_LIMIT) return err(NO_REPORT);
  const entries: Entry[] = [];
  for (const one of listed) {
    if (!isJsonObject(one) || typeof one['token'] !== 'string') return err(NO_REPORT);
    entries.push({
      token: one['token'],
      type: shortText(one['type'], TYPE_LIMIT_CHARACTERS),
      url: shortText(one['url'], PLACE_LIMIT_CHARACTERS),
      source: shortText(one['source'], PLACE_LIMIT_CHARACTERS),
    });
  }
  return ok(entries);
}

/** A text that can be shown, cut; empty where there is none. It must not bring a key into a log, wherever it stands. */
function shortText(value: unknown, limit: number): string {
  if (typeof value !== 'string') return '';
  const plain = value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return plain.replaceAll(/pcl_[a-z0-9_]{0,40}_[0-9A-Za-z]{8,49}/g, 'pcl_…').slice(0, limit);
}
