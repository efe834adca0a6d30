import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, type Result } from '../base/index.ts';
import type { CspSum } from '../control/client.ts';
import { besideGateway, NOW_MS, runIn, type Said } from './fake-context.test.ts';

const SUM: CspSum = {
  host: 'a.example',
  directive: 'img-src',
  blocked: 'inline',
  document: 'https://a.example/\u001b[2J',
  count: 7,
  since: NOW_MS - 1_000,
  at: NOW_MS,
};

function reports(answer: Result<readonly CspSum[], string>, ...argv: readonly string[]): Promise<Said> {
  return runIn(besideGateway({ cspReports: () => Promise.resolve(answer) }), 'reports', ...argv);
}

test('reports lists the sums, whatever stands in them', async () => {
  const { code, out } = await reports(ok([SUM]));
  assert.equal(code, 0);
  const [head, line] = out.split('\n');
  assert.match(head ?? '', /^LAST +FIRST +COUNT +HOST +DIRECTIVE +BLOCKED +PAGE$/);
  assert.match(
    line ?? '',
    /^2026-11-21T12:00:00.000Z +2026-11-21T11:59:59.000Z +7 +a\.example +img-src +inline +https:/,
  );
  assert.ok(!out.includes('\u001b'));
  assert.deepEqual(JSON.parse((await reports(ok([SUM]), '--json')).out), { reports: [SUM] });
  assert.equal((await reports(ok([]))).out, 'no browser reported anything\n');
});

test('where nothing answers that is said', async () => {
  const { code, complaints } = await reports(err('nothing listens'));
  assert.equal(code, 1);
  assert.match(complaints, /nothing listens/);
});
