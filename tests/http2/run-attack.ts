import { ATTACKED, type Attack, HELD } from './attacks.ts';
import { FrameClient, nameOf } from './frame-client.ts';
import { comesToHold, countFaults, type Http2Subject, servesOthers } from './subject.ts';

/** Runs an attack, and says what of its end is not as it must be. */
export async function runAttack(subject: Http2Subject, attack: Attack): Promise<readonly string[]> {
  const { run, reason, code, mostUpstream, greets = true } = attack;
  const { address, origin } = subject;
  const askedFor = (): number => origin.count(ATTACKED) + origin.count(HELD);
  const askedBefore = askedFor();
  const countedBefore = await countFaults(subject, reason);
  const client = greets ? await FrameClient.open(address) : await FrameClient.connect(address);
  await run(client);
  const complaints: string[] = [];
  if (!(await client.ended())) complaints.push('the connection has not ended');
  if (client.goaway() !== code) complaints.push(`GOAWAY of ${nameOf(client.goaway())}, not of ${nameOf(code)}`);
  if (!(await comesToHold(async () => (await countFaults(subject, reason)) > countedBefore)))
    complaints.push(`no ${reason} was counted`);
  if (!(await origin.signal.holds(() => origin.holding === 0)))
    complaints.push(`${origin.holding} requests are left upstream`);
  const upstream = askedFor() - askedBefore;
  if (upstream > mostUpstream) complaints.push(`${upstream} requests went upstream`);
  if (!(await servesOthers(subject))) complaints.push('others are not served');
  client.destroy();
  return complaints;
}
