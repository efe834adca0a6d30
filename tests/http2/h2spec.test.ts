import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';
import { runBeside } from './beside-h2spec.ts';
import { buildH2spec, H2SPEC_CASES, type H2specCase, readReport, runH2spec } from './h2spec.ts';
import { startSubject } from './subject.ts';

test('h2spec finds no fault with what is spoken, and skips nothing', async (t) => {
  const go = findProgram('go');
  if (go === null) return skipOrFail(t, 'Go is not installed (Debian package golang-go)');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-h2spec-'));
  try {
    const program = await buildH2spec(go, folder).catch((error: unknown) => String(error));
    if (!program.startsWith(folder)) return skipOrFail(t, program);
    const subject = await startSubject();
    try {
      const cases = await runH2spec(program, subject.gateway.https);
      assert.equal(complaintsOf(cases), '');
      assert.equal(cases.length, H2SPEC_CASES);
    } finally {
      await subject.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a literal with an invalid index and a text with EOS in it are errors of compression', async () => {
  const subject = await startSubject();
  try {
    assert.equal(complaintsOf(await runBeside(subject.address)), '');
  } finally {
    await subject.stop();
  }
});

test('a report is read with what failed, what was skipped, and why', () => {
  const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="3.5. SETTINGS" package="generic/3.5" id="3.5" tests="1" skipped="0" failures="0" errors="0">
    <testcase package="generic/3.5" classname="Sends a &#34;SETTINGS&#34; frame" time="0.0058"></testcase>
    <testcase package="http2/5.1.2" classname="Sends too many" time="0.0006">
      <skipped></skipped>
    </testcase>
    <testcase package="http2/6.7" classname="Sends a PING frame" time="1.0">
      <error>PING Frame (length:8 &amp; flags:0x01)
Timeout</error>
    </testcase>
    <testcase package="http2/6.8" classname="Sends a GOAWAY frame" time="1.0">
      <failure>Connection closed</failure>
    </testcase>
  </testsuite>
</testsuites>`;
  assert.deepEqual(readReport(report), [
    { name: 'generic/3.5 Sends a "SETTINGS" frame', outcome: 'passed', said: '' },
    { name: 'http2/5.1.2 Sends too many', outcome: 'skipped', said: '' },
    { name: 'http2/6.7 Sends a PING frame', outcome: 'failed', said: 'PING Frame (length:8 & flags:0x01), Timeout' },
    { name: 'http2/6.8 Sends a GOAWAY frame', outcome: 'failed', said: 'Connection closed' },
  ]);
});

function complaintsOf(cases: readonly H2specCase[]): string {
  const others = cases.filter(({ outcome }) => outcome !== 'passed');
  return others.map(({ name, outcome, said }) => `${outcome}: ${name} — ${said}`).join('\n');
}
