import { type Config, lookAtLists } from '../../config/index.ts';
import type { Clock, Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const DAY_MS = 86_400_000;
const FILE_LIMIT_BYTES = 1024 * 1024;
const FIX = 'put a newer one in its place; the gateway takes it without a restart';

/** Until when the lists of revoked certificates hold: behind its end a list lets no client in that is judged by it. */
export async function checkRevocations(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  config: Config,
): Promise<readonly Diagnosis[]> {
  const read = async (file: string): Promise<Uint8Array | null> => {
    const bytes = await files.read(file, FILE_LIMIT_BYTES);
    return bytes.ok ? bytes.value : null;
  };
  const nowMs = clock.now();
  const lists = await lookAtLists(config, read, nowMs);
  return lists.map(({ file, found }) => {
    if ('fault' in found) return fail('revocations', `${file}: ${found.fault}`, FIX);
    const until = new Date(found.endsAtMs).toISOString();
    if (found.endsAtMs <= nowMs) return fail('revocations', `${file} ended at ${until}: its clients are refused`, FIX);
    if (found.endsAtMs - nowMs <= DAY_MS) return warn('revocations', `${file} holds only until ${until}`, FIX);
    return fine('revocations', `${file} holds until ${until}`);
  });
}
