import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from './command.ts';
import { createFileIssuer } from './file-issuer.ts';
import { PROGRAM } from './plain-configuration.ts';

const CONFIG = `version: 1
data: ./data
issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, jwks: ./keys.json }
roles:
  customer: { can: [orders:read] }
  support: { includes: [customer], can: [orders:refund] }
apis:
  orders:
    routes: ['GET /orders/{id}', 'POST /refunds', 'GET /hours', 'GET /safe', 'POST /bills']
    upstream: http://127.0.0.1:9
    auth: [acme]
    operations:
      'GET /orders/{id}':
        needs: orders:read
        object: response.ownerId == principal.subject
      'POST /refunds':
        needs: orders:refund
      'GET /hours':
        rules: [now.getHours() >= 8]
      'GET /safe':
        assurance: { amr: [mfa] }
      'POST /bills':
        deny: [{ id: office-hours, when: now.getHours() < 8 }]
        when: request.body.amount <= 500
`;

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-sentences-'));
  await writeFile(join(folder, 'portcullis.yaml'), CONFIG);
  await writeFile(join(folder, 'keys.json'), (await createFileIssuer()).keys);
});

after(async () => {
  await rm(folder, { recursive: true });
});

interface Reason {
  readonly sentence: string;
  readonly rule: string | null;
  readonly policy: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

async function reasonOf(...args: readonly string[]): Promise<Reason> {
  const config = join(folder, 'portcullis.yaml');
  const { stdout, stderr } = await run('node', [PROGRAM, 'explain', ...args, '--json', '--config', config]);
  assert.equal(stderr, '');
  return (JSON.parse(stdout) as { readonly reason: Reason }).reason;
}

test('a refusal for permissions says who lacks which, and the line that asks for it', async () => {
  const { sentence, ...by } = await reasonOf('POST', '/refunds', '--as', 'subject=ada,roles=customer');
  assert.equal(
    sentence,
    'Refused (403 forbidden): ada (roles customer) may not call orders/POST /refunds: it needs orders:refund (portcullis.yaml:18), and nothing of what they are gives them that.',
  );
  const file = join(folder, 'portcullis.yaml');
  assert.deepEqual(by, { rule: 'needs orders:refund', policy: 'orders/permission', file, line: 18 });
});

test('what passes says which permission comes from which role, whose object it is, and what is taken out', async () => {
  const { sentence } = await reasonOf(
    ...['GET', '/orders/7', '--as', 'subject=ada,roles=support', '--response', '{"ownerId":"ada"}'],
  );
  assert.match(
    sentence,
    /^Passes: ada \(roles support\) may call orders\/GET \/orders\/\{id\}: orders:read by role customer \(portcullis\.yaml:6\); the object is theirs by the rule .* \(portcullis\.yaml:16\)\.$/,
  );
});

test('rules on objects, on the time and on how callers signed in are told with their lines', async () => {
  const refusals = [
    [
      ['GET', '/orders/7', '--as', 'subject=ada,roles=customer', '--response', '{"ownerId":"bob"}'],
      /^Refused \(404 not-found\): ada \(roles customer\) may not call .*: the object is not theirs by the rule .* \(portcullis\.yaml:16\): response\.ownerId == principal\.subject/,
      16,
    ],
    [
      ['GET', '/hours', '--as', 'subject=ada', '--at', '2026-11-24T07:00:00Z'],
      /^Refused \(400 rule-not-met\): ada \(no roles\) may not call .*: the condition rules\[0\] \(portcullis\.yaml:20\) does not hold: now\.getHours\(\) >= 8/,
      20,
    ],
    [
      ['GET', '/safe', '--as', 'subject=ada'],
      /^Refused \(401 insufficient-authentication\): .*: it asks for another sign-in \(portcullis\.yaml:22\): they signed in by other methods \(amr\)/,
      22,
    ],
    [
      ['POST', '/bills', '--as', 'subject=ada', '--body', '{"amount":5}', '--at', '2026-11-24T07:00:00Z'],
      /: the rule office-hours \(portcullis\.yaml:24\) denies it: now\.getHours\(\) < 8\.$/,
      24,
    ],
    [
      ['POST', '/bills', '--as', 'subject=ada', '--body', '{"amount":900}', '--at', '2026-11-24T09:00:00Z'],
      /: the rule \S+ \S+ \(portcullis\.yaml:25\) does not hold: request\.body\.amount <= 500\.$/,
      25,
    ],
    [['GET', '/nowhere'], /^Refused \(404 not-found\): this request leads nowhere: /, null],
  ] as const;
  for (const [args, words, line] of refusals) {
    const reason = await reasonOf(...args);
    assert.match(reason.sentence, words);
    assert.equal(reason.line, line);
  }
});
