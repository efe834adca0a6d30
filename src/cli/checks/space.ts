import { judgeSpace } from '../../base/index.ts';
import type { Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const FIX = 'make room, or move old files of `ledger/` elsewhere; nothing removes them by itself';

/**
 * Whether the ledger has room to grow. Null where there is no data folder yet, for it may come to lie elsewhere than
 * what is above it.
 */
export async function checkSpace(files: Files, dataFolder: string): Promise<Diagnosis | null> {
  const space = await files.space(dataFolder);
  if (!space.ok) {
    if (space.error.reason === 'missing') return null;
    return warn('space', `the space of the data folder can't be read: ${space.error.detail}`, 'look at its volume');
  }
  const { state, words } = judgeSpace(space.value);
  const says = `on the volume of the data folder ${words}`;
  switch (state) {
    case 'enough':
      return fine('space', says);
    case 'low':
      return warn('space', `${says}; without space requests are refused`, FIX);
    case 'critical':
      return fail('space', `${says}; without space requests are refused`, FIX);
  }
}
