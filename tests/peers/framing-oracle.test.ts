import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { runChosen } from '../framing/corpus-run.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { closeLanes, configurationFor, openLanes } from '../framing/lane.ts';
import { skipOrFail } from '../system/skip.ts';
import { MIDDLE_KINDS, type MiddleKind } from './middle-servers.ts';

const LANES = 8;

describe('what other servers understand of what the gateway sends', { concurrency: false }, () => {
  for (const kind of MIDDLE_KINDS) {
    test(`${kind.name} frames every forwarded request as the gateway did`, async (t) => {
      if (kind.program !== null && findProgram(kind.program) === null) {
        skipOrFail(t, `${kind.name} is not installed (Debian package ${kind.program})`);
        return;
      }
      const complaints = await complaintsBehind(kind);
      assert.equal(complaints.length, 0, complaints.slice(0, 40).join('\n'));
    });
  }
});

/** Runs the cases that are forwarded, with the other server between gateway and origin. */
async function complaintsBehind(kind: MiddleKind): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-peers-'));
  const opened = await openLanes(LANES);
  try {
    const middle = await kind.start(
      folder,
      opened.map(({ origin }) => origin.port),
    );
    const lanes = opened.map((lane, index) => ({ ...lane, peerPort: middle.ports[index] as number }));
    const gateway = await startGateway(configurationFor(lanes));
    try {
      const records = await runChosen(gateway, lanes, ({ outcomes }) =>
        outcomes.some((outcome) => outcome.kind === 'forwarded'),
      );
      assert.ok(records.length > 300, `${records.length} cases`);
      return records.flatMap(({ name, complaints }) => complaints.map((text) => `${name} — ${text}`));
    } finally {
      await gateway.stop();
      await middle.stop();
    }
  } finally {
    await closeLanes(opened);
    await rm(folder, { recursive: true, force: true });
  }
}
