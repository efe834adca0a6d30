import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../framing/free-port.ts';
import { startServer } from '../child.ts';
import { useOfTree } from '../process-tree.ts';
import { VALIDATE_DESCRIPTION } from '../validate-loads.ts';
import type { Contestant, Row, Surroundings } from './contestant.ts';

/** What an app with express and undici costs that forwards: with express-openapi-validator, or with nothing before it. */
export async function startExpress(
  row: Row,
  { folder, upstreamPort, replyFields }: Surroundings,
  judged: 'requests' | 'responses' | 'nothing',
): Promise<Contestant> {
  const port = await freePort();
  const script = join(import.meta.dirname, 'express-proxy.ts');
  const description = join(folder, 'express.openapi.yaml');
  await writeFile(description, VALIDATE_DESCRIPTION);
  const validator = judged === 'nothing' ? [] : [description, judged];
  const command = [process.execPath, script, String(port), String(upstreamPort), JSON.stringify(replyFields)];
  const child = await startServer([...command, ...validator], port, { core: 'contestant' });
  return {
    name: judged === 'nothing' ? 'express' : 'express-openapi-validator',
    row,
    target: { scheme: 'http', port },
    configuration: `express-proxy.ts, judging ${judged}\n`,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}
